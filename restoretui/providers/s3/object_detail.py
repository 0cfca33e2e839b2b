"""Reads what HEAD tells of an object."""

from typing import TYPE_CHECKING

from restoretui.core.model import ObjectDetail, ObjectRef
from restoretui.providers.wire.checked_values import believed_size
from restoretui.providers.wire.restore_header import parse_instant, parse_lapse, parse_told

if TYPE_CHECKING:
    from restoretui.providers.s3.client.transport import HttpResponse


def read_detail(ref: ObjectRef, reply: "HttpResponse") -> ObjectDetail:
    """The answer to HeadObject."""
    headers = reply.headers
    return ObjectDetail(
        ref=ref,
        size=believed_size(headers.get("content-length")),
        modified=parse_instant(headers.get("last-modified")),
        storage_class=headers.get("x-amz-storage-class") or "STANDARD",
        restore=parse_told(
            headers.get("x-amz-restore"),
            headers.get("x-amz-restore-tier"),
            headers.get("x-amz-restore-expiry-days"),
            headers.get("x-amz-restore-request-date"),
        ),
        archive_status=headers.get("x-amz-archive-status"),
        etag=headers.get("etag", "").removeprefix('"').removesuffix('"'),
        version_id=headers.get("x-amz-version-id"),
        lifecycle_expiry=headers.get("x-amz-expiration", ""),
        lapses=parse_lapse(headers.get("x-amz-expiration")),
        headers=tuple(headers.items()),
    )
