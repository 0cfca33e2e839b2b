"""The commands of the AWS CLI, rclone and s5cmd that say what is done here, and S3's names of an object.

Parameters are those of the service models (``aws s3api restore-object``, ``aws s3control create-job``); how tools are
made to read restored objects: FACTS 7.1.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from restoretui.core.model import ObjectRef, RestoreRequest
from restoretui.core.network.endpoints import partition_of
from restoretui.core.rules.cloud_commands import Reached, Uploaded, paying, reaching
from restoretui.core.rules.commands import ETAG, KEY, ShellCommand, file_of, is_plain, joined, options
from restoretui.core.rules.rules import CloudRules

_LOADED = ("file://", "fileb://", "http://", "https://")
"""Values that the AWS CLI takes for the name of what holds the value."""
_IN_HOST = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
"""Buckets that a certificate for ``*.s3.REGION.amazonaws.com`` covers: without dots."""
_ADDRESS = re.compile(r"[0-9.]+|.*:.*")
_CSV = "S3BatchOperations_CSV_20180820"

_EACH = """\
pages = s3.get_paginator("list_objects_v2").paginate(
    Bucket={bucket}, Prefix={prefix}, OptionalObjectAttributes=["RestoreStatus"]{payer}
)
for page in pages:
    for found in page.get("Contents", []):
        if "RestoreExpiryDate" in found.get("RestoreStatus", {{}}):  # a restored copy is there
            body = s3.get_object(Bucket={bucket}, Key=found["Key"]{payer})["Body"]
            print(found["Key"], len(body.read()))  # or whatever you want of it
"""
"""Reads each restored object below a prefix; safe names for files are the reader's affair."""

_reach = partial(reaching, endpoint_option="--endpoint-url")


class S3Commands:
    """See ``CloudCommands``."""

    def __init__(self, rules: CloudRules) -> None:
        self._rules = rules

    # --- restores

    def restore(self, at: Reached, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> ShellCommand:
        """``aws s3api restore-object``."""
        return self._asked(at, "restore-object", ref, {"RestoreRequest": self._body(request, storage_class)})

    def restore_each(
        self, at: Reached, bucket: str, request: RestoreRequest, storage_class: str, file: str
    ) -> ShellCommand:
        """The same in a loop."""
        body = json.dumps(self._body(request, storage_class))
        words = joined(
            ("aws", "s3api", "restore-object", "--bucket", bucket, f"--key={KEY}", "--restore-request", body),
            _agreed(at), _reach(at),
        )  # fmt: skip
        return ShellCommand(words, each_of=file)

    def ends_copy(self, at: Reached, ref: ObjectRef) -> ShellCommand | None:
        """S3 ends a copy only when its days are over."""
        return None

    def _body(self, request: RestoreRequest, storage_class: str) -> dict[str, Any]:
        if request.literal and (said := json.loads(request.literal)[0]):
            return json.loads(said)  # type: ignore[no-any-return]  # ``core.literal``, which knows these rules.
        rule = self._rules.archive_named(storage_class)
        body: dict[str, Any] = {}
        if storage_class != self._rules.tiered_class and (rule is None or rule.takes_days):
            body["Days"] = request.days
        if rule is None or rule.takes_tier:
            body["GlacierJobParameters"] = {"Tier": request.tier.wire}
        return body

    def _asked(
        self, at: Reached, operation: str, ref: ObjectRef, given: Mapping[str, Any], file: str = ""
    ) -> ShellCommand:
        if is_plain(ref.key) and not ref.key.startswith(_LOADED):
            named = options(("--bucket", ref.bucket), ("--key", ref.key), ("--version-id", ref.version_id))
            more = [word for name, value in given.items() for word in (_flag(name), json.dumps(value))]
            words = joined(("aws", "s3api", operation), named, more, _agreed(at), [file] if file else [], _reach(at))
            return ShellCommand(words)
        whole = {"Bucket": ref.bucket, "Key": ref.key, **({"VersionId": ref.version_id} if ref.version_id else {})}
        whole |= given
        whole |= {"RequestPayer": "requester"} if at.connection.requester_pays else {}
        whole |= (
            {"ExpectedBucketOwner": at.connection.expected_bucket_owner}
            if at.connection.expected_bucket_owner
            else {}
        )
        words = joined(
            ("aws", "s3api", operation, "--cli-input-json", json.dumps(whole)), [file] if file else [], _reach(at)
        )
        return ShellCommand(words)

    # --- jobs

    def creates_job(
        self, at: Reached, account: str, order: Mapping[str, Any], upload: Uploaded | None
    ) -> list[ShellCommand]:
        """``aws s3control create-job``, behind the upload of its manifest."""
        asked = dict(order)
        needs_yes = asked.pop("ConfirmationRequired", True)
        before: list[ShellCommand] = []
        words = ["aws", "s3control", "create-job", "--account-id", account]
        words.append("--confirmation-required" if needs_yes else "--no-confirmation-required")
        if upload is not None:
            put = ["--bucket", upload.bucket, *options(("--key", upload.key)), "--body", upload.file]
            told = ("aws", "s3api", "put-object", *put, "--query", "ETag", "--output", "text", *_reach(at))
            before = [ShellCommand(told, into="etag")]
            arn = partition_of(region=at.region, arn=str(asked.get("RoleArn", ""))).bucket_arn(
                f"{upload.bucket}/{upload.key}"
            )
            fields = ["Bucket", "Key", "VersionId"] if upload.versions else ["Bucket", "Key"]
            spec = json.dumps({"Format": _CSV, "Fields": fields})
            # The ETag is printed with its quotes, which make it a string of JSON.
            words += [
                "--manifest",
                f'{{"Spec": {spec}, "Location": {{"ObjectArn": {json.dumps(arn)}, "ETag": {ETAG}}}}}',
            ]
        for name, value in asked.items():
            text = value if isinstance(value, str) else json.dumps(value)
            words += options((_flag(name), text))
        return [*before, ShellCommand(joined(words, _reach(at)))]

    def changes_job(self, at: Reached, account: str, job_id: str, operation: str, value: str) -> ShellCommand | None:
        """``update-job-status`` and ``update-job-priority``."""
        flag = "--requested-job-status" if operation == "status" else "--priority"
        words = (
            "aws",
            "s3control",
            f"update-job-{operation}",
            "--account-id",
            account,
            "--job-id",
            job_id,
            flag,
            value,
        )
        return ShellCommand(joined(words, _reach(at)))

    # --- names

    def arn(self, at: Reached, bucket: str, key: str) -> str:
        """In the partition of its Region."""
        return partition_of(region=at.region).bucket_arn(f"{bucket}/{key}" if key else bucket)

    def url(self, at: Reached, bucket: str, key: str, version_id: str | None) -> str:
        """With the bucket in the host name where its certificate allows, else in the path."""
        connection = at.connection
        endpoint = connection.endpoint_url or f"https://s3.{at.region}.{partition_of(region=at.region).suffix}"
        scheme, _, host = endpoint.rstrip("/").partition("://")
        in_path = connection.path_style or (
            connection.path_style is None
            and (not _IN_HOST.fullmatch(bucket) or bool(_ADDRESS.fullmatch(urlsplit(endpoint).hostname or "")))
        )
        base = f"{scheme}://{host}/{bucket}/" if in_path else f"{scheme}://{bucket}.{host}/"
        version = f"?versionId={quote(version_id, safe='-_.~')}" if version_id else ""
        return base + quote(key, safe="/-_.~") + version

    # --- downloads

    def downloads(
        self, at: Reached, ref: ObjectRef | None, bucket: str, prefix: str
    ) -> Sequence[tuple[str, ShellCommand]]:
        """Aws and s5cmd are told not to mind the class; rclone does not look at it."""
        if ref is not None:
            return self._one(at, ref)
        source, below = f"s3://{bucket}/{prefix}", _folder(prefix or bucket)
        aws = ("aws", "s3", "cp", source, below, "--recursive", "--force-glacier-transfer")
        s5cmd = ("cp", "--force-glacier-transfer", f"{_unglobbed(source)}*", f"{below}/")
        found = [("aws", ShellCommand(joined(aws, paying(at), _reach(at))))]
        found.append(("rclone", ShellCommand(("rclone", "copy", f"{_remote(at)}{bucket}/{prefix}", below))))
        return [*found, ("s5cmd", ShellCommand(joined(_s5cmd(at), s5cmd)))]

    def code(self, at: Reached, ref: ObjectRef | None, bucket: str, prefix: str) -> Sequence[tuple[str, str]]:
        """boto3: a plain GET, which looks at no class."""
        connection = at.connection
        given = {"profile_name": connection.profile, "region_name": at.region or connection.region}
        session = ", ".join(f"{name}={value!a}" for name, value in given.items() if value)
        client = f", endpoint_url={connection.endpoint_url!a}" if connection.endpoint_url else ""
        extra = {"RequestPayer": "requester"} if connection.requester_pays else {}
        begin = f'import boto3\n\ns3 = boto3.Session({session}).client("s3"{client})\n'
        if ref is not None:
            extra |= {"VersionId": ref.version_id} if ref.version_id else {}
            more = f", ExtraArgs={extra!a}" if extra else ""
            call = f"s3.download_file({ref.bucket!a}, {ref.key!a}, {file_of(ref.key)!a}{more})\n"
            return [("boto3", begin + call)]
        payer = "".join(f", {name}={value!a}" for name, value in extra.items())
        return [("boto3", begin + _EACH.format(bucket=ascii(bucket), prefix=ascii(prefix), payer=payer))]

    def _one(self, at: Reached, ref: ObjectRef) -> list[tuple[str, ShellCommand]]:
        source, file = f"s3://{ref.bucket}/{ref.key}", file_of(ref.key)
        if ref.version_id or not is_plain(ref.key) or ref.key.endswith("/"):
            aws = self._asked(at, "get-object", ref, {}, file)
        else:
            words = ("aws", "s3", "cp", source, file, "--force-glacier-transfer")
            aws = ShellCommand(joined(words, paying(at), _reach(at)))
        found = [("aws", aws)]
        if not ref.version_id:
            copied = ("rclone", "copyto", f"{_remote(at)}{ref.bucket}/{ref.key}", file)
            found.append(("rclone", ShellCommand(copied)))
        named = options(("--version-id", ref.version_id))
        s5cmd = ("cp", "--force-glacier-transfer", "--raw", *named, source, file)
        return [*found, ("s5cmd", ShellCommand(joined(_s5cmd(at), s5cmd)))]


def _flag(parameter: str) -> str:
    """``RoleArn`` -> ``--role-arn``, as the AWS CLI spells parameters."""
    return "--" + re.sub(r"(?<!^)(?=[A-Z])", "-", parameter).lower()


def _agreed(at: Reached) -> list[str]:
    return [*paying(at), *options(("--expected-bucket-owner", at.connection.expected_bucket_owner))]


def _s5cmd(at: Reached) -> list[str]:
    given = options(("--profile", at.connection.profile), ("--endpoint-url", at.connection.endpoint_url))
    return ["s5cmd", *given, *paying(at)]


def _unglobbed(source: str) -> str:
    """s5cmd reads wildcards in a source, and escapes none: each stands for itself at least."""
    return re.sub(r"[*?\[\]]", "?", source)


def _remote(at: Reached) -> str:
    """A remote of rclone's that is in no file (rclone.org/docs, connection strings)."""
    connection = at.connection
    given = {
        "provider": "Other" if connection.endpoint_url else "AWS", "env_auth": "true",
        "profile": connection.profile, "region": at.region or connection.region, "endpoint": connection.endpoint_url,
        "requester_pays": "true" if connection.requester_pays else None, "no_check_bucket": "true",
    }  # fmt: skip
    return ":s3," + ",".join(f"{name}={_told(value)}" for name, value in given.items() if value) + ":"


def _told(value: str) -> str:
    return value if re.fullmatch(r"[A-Za-z0-9_.-]+", value) else '"' + value.replace('"', '""') + '"'


def _folder(place: str) -> str:
    return file_of(place)
