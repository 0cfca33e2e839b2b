"""The one choke point of ``--read-only``: a cloud seen through it can be looked at and nothing else.

Everything that talks to a cloud gets its provider from one place, which puts this around it. What may pass is listed
here; whatever is not listed is refused, so that a method added tomorrow cannot send by being forgotten.
"""

from collections.abc import Collection
from typing import Any, NoReturn, cast

from restoretui.core.errors import GuardStopped
from restoretui.core.provider import Provider

FACTS = frozenset({"scheme", "capabilities", "endpoint", "region", "profile"})
"""Plain values of a provider."""
LOOKS = frozenset(
    {
        "identity", "list_buckets", "bucket_region", "list_page", "head_object", "readable_archives",
        "check_listings", "expirations", "inventory_rules", "provisioned_capacity", "presigned_get", "read_piece",
        "history_page", "restores_page", "check_literal", "aclose",
    }
)  # fmt: skip
"""What a provider does that changes nothing in the cloud."""
JOB_LOOKS = frozenset(
    {
        "check_role",
        "describe_job",
        "list_jobs",
        "job_tags",
        "read_report",
        "has_manifest",
        "read_manifest",
        "asked",
        "manifest_rows",
    }
)
"""The same of S3 Batch Operations."""

EVENT_LOOKS = frozenset({"queue", "notification"})
"""The same of events. To receive a message hides it from others, so that is no look."""


def read_only(provider: Provider, hint: str = "") -> Provider:
    """``provider``, able to look only; anything else raises ``GuardStopped``. ``hint`` says where that comes from."""
    return cast("Provider", _ReadOnly(provider, FACTS | LOOKS, hint))


_PARTS = {"batch": JOB_LOOKS, "events": EVENT_LOOKS}
"""Parts of a provider that are handed out, and what of them may pass."""


class _ReadOnly:
    def __init__(self, behind: Any, allowed: Collection[str], hint: str) -> None:
        self._behind = behind
        self._allowed = allowed
        self._hint = hint

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)  # AttributeError where there is no such thing
        if name in self._allowed:
            return found
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _PARTS:
            return lambda: _ReadOnly(found(), _PARTS[name], self._hint)
        return self._refuse

    def _refuse(self, *_arguments: object, **_named: object) -> NoReturn:
        raise GuardStopped("this session is read-only, so nothing was sent", self._hint)
