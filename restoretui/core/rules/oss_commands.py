"""ossutil's commands that say what is done here, and OSS's names of an object.

Commands: https://www.alibabacloud.com/help/en/oss/developer-reference/restore-object (``ossutil api``, version 2).
Names in policies: https://www.alibabacloud.com/help/en/oss/user-guide/ram-policy-overview.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from restoretui.core.model import ObjectRef, RestoreRequest
from restoretui.core.rules.cloud_commands import Reached, Uploaded, paying, reaching
from restoretui.core.rules.commands import KEY, ShellCommand, file_of, joined, options
from restoretui.core.rules.rules import CloudRules

_reach = partial(reaching, endpoint_option="--endpoint")


class OssCommands:
    """See ``CloudCommands``."""

    def __init__(self, rules: CloudRules) -> None:
        self._rules = rules

    def restore(self, at: Reached, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> ShellCommand:
        """``ossutil api restore-object``."""
        named = options(("--bucket", ref.bucket), ("--key", ref.key), ("--version-id", ref.version_id))
        return ShellCommand(self._asked(at, named, request, storage_class))

    def restore_each(
        self, at: Reached, bucket: str, request: RestoreRequest, storage_class: str, file: str
    ) -> ShellCommand:
        """The same in a loop."""
        named = ["--bucket", bucket, f"--key={KEY}"]
        return ShellCommand(self._asked(at, named, request, storage_class), each_of=file)

    def _asked(
        self, at: Reached, named: Sequence[str], request: RestoreRequest, storage_class: str
    ) -> tuple[str, ...]:
        rule = self._rules.archive_named(storage_class)
        body: dict[str, Any] = {"Days": request.days}
        if rule is not None and rule.takes_tier:
            body["JobParameters"] = {"Tier": request.tier.wire}
        words = ("ossutil", "api", "restore-object", *named, "--restore-request", json.dumps(body))
        return joined(words, paying(at), _reach(at))

    def ends_copy(self, at: Reached, ref: ObjectRef) -> ShellCommand | None:
        """``CleanRestoredObject``."""
        named = options(("--bucket", ref.bucket), ("--key", ref.key), ("--version-id", ref.version_id))
        return ShellCommand(joined(("ossutil", "api", "clean-restored-object", *named), _reach(at)))

    def creates_job(
        self, at: Reached, account: str, order: Mapping[str, Any], upload: Uploaded | None
    ) -> list[ShellCommand]:
        """OSS has no such jobs."""
        return []

    def changes_job(self, at: Reached, account: str, job_id: str, operation: str, value: str) -> ShellCommand | None:
        """OSS has no such jobs."""
        return None

    def arn(self, at: Reached, bucket: str, key: str) -> str:
        """Of whichever Region and owner: a bucket's name is one in all of OSS."""
        return f"acs:oss:*:*:{bucket}/{key}" if key else f"acs:oss:*:*:{bucket}"

    def url(self, at: Reached, bucket: str, key: str, version_id: str | None) -> str:
        """With the bucket in the host name, unless the endpoint is a domain of its own, or an address."""
        connection = at.connection
        inside = "-internal" if connection.internal else ""
        endpoint = connection.endpoint_url or f"oss-{at.region}{inside}.aliyuncs.com"
        scheme, found, host = endpoint.rstrip("/").partition("://")
        if not found:
            scheme, host = "https", endpoint.rstrip("/")
        if connection.cname:
            base = f"{scheme}://{host}/"
        elif connection.path_style or host.partition(":")[0].replace(".", "").isdigit():
            base = f"{scheme}://{host}/{bucket}/"
        else:
            base = f"{scheme}://{bucket}.{host}/"
        version = f"?versionId={quote(version_id, safe='-_.~')}" if version_id else ""
        return base + quote(key, safe="/-_.~") + version

    def downloads(
        self, at: Reached, ref: ObjectRef | None, bucket: str, prefix: str
    ) -> Sequence[tuple[str, ShellCommand]]:
        """Ossutil reads what can be read, and minds no class."""
        if ref is None:
            words = joined(("ossutil", "cp", f"oss://{bucket}/{prefix}", f"{file_of(prefix or bucket)}/", "-r"))
        else:
            named = options(("--version-id", ref.version_id))
            words = joined(("ossutil", "cp", f"oss://{ref.bucket}/{ref.key}", file_of(ref.key)), named)
        return [("ossutil", ShellCommand(joined(words, paying(at), _reach(at))))]

    def code(self, at: Reached, ref: ObjectRef | None, bucket: str, prefix: str) -> Sequence[tuple[str, str]]:
        """Its SDKs read what can be read by their plainest call, for which nobody needs lines of ours."""
        return []
