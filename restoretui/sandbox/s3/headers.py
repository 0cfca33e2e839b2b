"""What headers ask for, and what they tell, in S3's object operations (FACTS 1.3)."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5
from urllib.parse import parse_qsl

from restoretui.sandbox.state.body import Body, cut
from restoretui.sandbox.state.bucket import BucketState, WriteResult, describe
from restoretui.sandbox.state.kinds import MARKER, NULL_VERSION, kind_number
from restoretui.sandbox.state.refusals import ErrorAnswer, invalid_argument, no_such_key
from restoretui.sandbox.state.restore import Restore
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.wire.call_reply import escape_readable, http_date, iso

MAX_KEY_BYTES = 1024
_KEPT = (
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-website-redirect-location",
)
_NOT_COPIED = ("x-amz-server-side-encryption", "x-amz-website-redirect-location")
"""How headers begin that a copy has only where it is asked for with them (FACTS 1.11)."""
_CHECKSUMS = tuple(f"x-amz-checksum-{name}" for name in ("crc32", "crc32c", "crc64nvme", "sha1", "sha256"))
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def check_key(key: str) -> None:
    """Refuse keys that are too long."""
    if len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        raise ErrorAnswer(
            400,
            "KeyTooLongError",
            "Your key is too long",
            extra={"Size": str(len(key.encode())), "MaxSizeAllowed": str(MAX_KEY_BYTES)},
        )


def wanted_kind(headers: Mapping[str, str]) -> int:
    """The storage class a write asks for."""
    try:
        kind = kind_number(headers.get("x-amz-storage-class") or "STANDARD")
    except ValueError:
        kind = None
    if kind is None or describe(kind).scheme != "s3":
        raise ErrorAnswer(400, "InvalidStorageClass", "The storage class you specified is not valid")
    return kind


def _details(restore: Restore) -> dict[str, str]:
    """What AWS says besides, undocumented but for the date (FACTS 1.3)."""
    told = {"x-amz-restore-request-date": http_date(restore.asked), "x-amz-restore-tier": restore.tier.wire}
    return told if restore.days is None else told | {"x-amz-restore-expiry-days": str(restore.days)}


def object_headers(bucket: BucketState, row: Row, now: float, quirks: frozenset[str]) -> dict[str, str]:
    """What HEAD and GET say of an object (FACTS 1.3)."""
    headers = {
        "ETag": f'"{bucket.etag(row.tag)}"',
        "Last-Modified": http_date(row.modified),
        "Accept-Ranges": "bytes",
        "Content-Type": "binary/octet-stream",
    }
    kind = describe(bucket.kind_of(row, now))
    restore = bucket.restore_of(row.tag, now)
    is_elsewhere = "online-while-restored" in quirks and restore is not None and restore.available(now)
    if kind.storage_class != "STANDARD" and not is_elsewhere:
        headers["x-amz-storage-class"] = kind.storage_class
    if kind.archive_status:
        headers["x-amz-archive-status"] = kind.archive_status
    if restore is None and kind.rule is not None and "undated-archived" in quirks:
        headers["x-amz-restore"] = 'ongoing-request="false"'
    if restore is not None:
        if restore.in_progress(now):
            headers["x-amz-restore"] = 'ongoing-request="true"'
            if not quirks & {"no-restore-details", "no-tiers"}:
                headers |= _details(restore)
        elif restore.until != float("inf") and "no-expiry" in quirks:
            headers["x-amz-restore"] = 'ongoing-request="false"'
        elif restore.until != float("inf"):
            headers["x-amz-restore"] = f'ongoing-request="false", expiry-date="{http_date(restore.until)}"'
    version_id = bucket.version_id(row)
    if version_id is not None:
        headers["x-amz-version-id"] = version_id
    if bucket.expirations and (due := bucket.expiration_of(row)) is not None:
        headers["x-amz-expiration"] = f'expiry-date="{http_date(due[1])}", rule-id="{due[0].rule_id}"'
    if until := bucket.retained.get(row.tag):
        headers["x-amz-object-lock-mode"] = "GOVERNANCE"
        headers["x-amz-object-lock-retain-until-date"] = iso(until)
    extra = bucket.extras.get(row.tag)
    if extra is not None:
        headers |= extra.headers
        if extra.tags:
            headers["x-amz-tagging-count"] = str(len(extra.tags))
    return headers


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a write that come back with the object."""
    kept = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower.startswith("x-amz-meta-"):
            kept[lower] = value
        elif lower in _KEPT and not (lower == "content-encoding" and value == "aws-chunked"):
            kept[
                lower if lower.startswith("x-amz-") else "-".join(word.capitalize() for word in lower.split("-"))
            ] = value
    return kept


def copied_headers(old: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    """What a copy takes over, and what its own request adds to that."""
    kept = {name: value for name, value in old.items() if not name.startswith(_NOT_COPIED)}
    return kept | {name: value for name, value in kept_headers(asked).items() if name.startswith(_NOT_COPIED)}


def header_tags(headers: Mapping[str, str]) -> dict[str, str]:
    """Tags given with a write."""
    return dict(parse_qsl(headers.get("x-amz-tagging", ""), keep_blank_values=True))


def version_header(written: WriteResult) -> dict[str, str]:
    """``x-amz-version-id`` where versioning is or was on."""
    return {"x-amz-version-id": written.version_id} if written.version_id is not None else {}


def check_digest(bucket: BucketState, headers: Mapping[str, str], body: bytes) -> None:
    """Refuse content that is not what its checksum says, and any without one where Object Lock asks for it."""
    told = headers.get("content-md5")
    if told is not None and told != b64encode(md5(body, usedforsecurity=False).digest()).decode():
        raise ErrorAnswer(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
    if bucket.object_lock and told is None and not any(name in headers for name in _CHECKSUMS):
        raise ErrorAnswer(
            400,
            "InvalidRequest",
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock "
            "parameters",
        )


def check_target(bucket: BucketState, key: str, headers: Mapping[str, str]) -> None:
    """Refuse a write whose ``If-Match`` or ``If-None-Match`` does not hold for what is there."""
    newest = bucket.newest(key)
    there = newest is not None and newest.kind & ~NULL_VERSION != MARKER
    if headers.get("if-none-match") == "*" and there:
        raise precondition_failed("If-None-Match")
    wanted = headers.get("if-match")
    if wanted is not None and not there:
        raise no_such_key(key)
    if wanted is not None and newest is not None and wanted.strip('"') != bucket.etag(newest.tag):
        raise precondition_failed("If-Match")


def check_conditions(headers: Mapping[str, str], prefix: str, etag: str, fresh: bool) -> None:
    """Refuse when ``If-Match`` or ``If-None-Match`` (behind ``prefix``) does not hold for ``etag``."""
    wanted = headers.get(f"{prefix}if-match")
    if wanted is not None and wanted != "*" and etag not in (item.strip(' "') for item in wanted.split(",")):
        raise precondition_failed("If-Match")
    refused = headers.get(f"{prefix}if-none-match")
    if refused is not None and fresh and (refused == "*" or refused.strip('"') == etag):
        raise precondition_failed("If-None-Match") if prefix else ErrorAnswer(304, "NotModified", "Not Modified")


def precondition_failed(condition: str) -> ErrorAnswer:
    """A conditional request whose condition does not hold."""
    return ErrorAnswer(
        412,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        extra={"Condition": condition},
    )


def extent_of(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open range asked for; None for all of it."""
    found = _RANGE.fullmatch(header or "")
    if not found or not (found[1] or found[2]):
        return None
    if found[1]:
        start, end = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
    else:
        start, end = max(0, size - int(found[2])), size
    if start >= size or start >= end:
        raise ErrorAnswer(
            416,
            "InvalidRange",
            "The requested range is not satisfiable",
            headers={"Content-Range": f"bytes */{size}"},
            extra={"RangeRequested": escape_readable(header or ""), "ActualObjectSize": str(size)},
        )
    return start, end


def part_of(body: Body, extent: str | None, size: int) -> tuple[Body, int]:
    """The content an ``x-amz-copy-source-range`` names, and its length."""
    if extent is None:
        return body, size
    found = _RANGE.fullmatch(extent)
    if not found or not found[1] or not found[2] or not int(found[1]) <= int(found[2]) < size:
        raise invalid_argument(f"Range specified is not valid for source object of size: {size}")
    start, length = int(found[1]), int(found[2]) - int(found[1]) + 1
    return cut(body, start, length), length
