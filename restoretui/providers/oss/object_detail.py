"""Reads what HEAD tells of an object of OSS, and names its version (FACTS 4.2)."""

from typing import TYPE_CHECKING

from restoretui.core.model import ObjectDetail, ObjectRef
from restoretui.providers.wire.checked_values import believed_size
from restoretui.providers.wire.restore_header import parse_instant, parse_lapse, parse_restore

if TYPE_CHECKING:
    from restoretui.providers.oss.sdk import OssResponse


def read_detail(ref: ObjectRef, reply: "OssResponse") -> ObjectDetail:
    """The answer to HeadObject."""
    headers = reply.headers
    return ObjectDetail(
        ref=ref,
        size=believed_size(headers.get("content-length")),
        modified=parse_instant(headers.get("last-modified")),
        storage_class=headers.get("x-oss-storage-class") or "Standard",
        restore=parse_restore(headers.get("x-oss-restore")),
        etag=headers.get("etag", "").removeprefix('"').removesuffix('"'),
        version_id=headers.get("x-oss-version-id"),
        lifecycle_expiry=headers.get("x-oss-expiration", ""),
        lapses=parse_lapse(headers.get("x-oss-expiration")),
        headers=tuple((name.lower(), value) for name, value in headers.items()),
    )


def version_query(ref: ObjectRef) -> dict[str, str]:
    """How a request names the version that is meant; nothing for the latest."""
    return {} if ref.version_id is None else {"versionId": ref.version_id}
