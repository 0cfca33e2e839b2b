"""HEAD, GET, PUT and DELETE of single objects in OSS's words (FACTS 4.2)."""

from collections.abc import Mapping
from functools import lru_cache

from restoretui.sandbox.oss.restores import find_version
from restoretui.sandbox.s3.headers import check_conditions, check_key, extent_of
from restoretui.sandbox.state.body import cut, length, pieces
from restoretui.sandbox.state.bucket import BucketState, Extra, WriteResult, describe, real_etag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER, kind_number
from restoretui.sandbox.state.refusals import ErrorAnswer, still_archived
from restoretui.sandbox.state.restore import Restore
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.wire.call_reply import Call, Reply, http_date

_KEPT = (
    "content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
    "x-oss-server-side-encryption", "x-oss-server-side-encryption-key-id",
)  # fmt: skip
_HASHED = 4096
"""Bytes of the largest object whose sum is told."""
_ECMA, _ALL = 0xC96C5795D7870F42, (1 << 64) - 1


def get_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET`` and ``HEAD``; content only of what can be read now."""
    now = cloud.now()
    row = find_version(bucket, call)
    headers = _headers(bucket, row, now)
    content_type = headers.pop("Content-Type")
    check_conditions(call.headers, "", headers["ETag"].strip('"'), now >= row.modified)
    if call.method == "HEAD":
        return Reply(headers=headers, length=row.size, content_type=content_type)
    if not bucket.readable(row, now):
        raise still_archived(describe(row.kind).storage_class, None)
    extent = extent_of(call.headers.get("range"), row.size)
    start, end = extent or (0, row.size)
    if extent is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{row.size}"
    reply = Reply(206 if extent else 200, headers=headers, content_type=content_type)
    reply.length = end - start
    reply.stream = cut(bucket.body(row), start, end - start)
    return reply


def put_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT`` with content."""
    check_key(call.key)
    etag = real_etag(call.body).upper()
    extra = Extra((call.body,), etag, kept_headers(call.headers))
    written = bucket.write(call.key, len(call.body), wanted_kind(call.headers), cloud.now(), extra)
    return Reply(headers={"ETag": f'"{etag}"'} | version_header(written))


def wanted_kind(headers: Mapping[str, str]) -> int:
    """The storage class a write asks for."""
    wanted = headers.get("x-oss-storage-class") or "Standard"
    try:
        kind = kind_number(wanted)
    except ValueError:
        kind = None
    if kind is None or describe(kind).scheme != "oss":
        raise ErrorAnswer(400, "InvalidArgument", f"no such storage class exists: {wanted}")
    return kind


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a write that come back with the object."""
    given = {name.lower(): value for name, value in headers.items()}
    return {
        "Content-Type" if name == "content-type" else name: value
        for name, value in given.items()
        if name in _KEPT or name.startswith("x-oss-meta-")
    }


def delete_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``DELETE``: 204, whether anything was there or not."""
    gone = bucket.erase(call.key, call.query.get("versionId"), cloud.now())
    if gone is None:
        return Reply(204)
    marker = {"x-oss-delete-marker": "true"} if gone.row.kind & MARKER == MARKER else {}
    return Reply(204, headers=version_header(gone) | marker)


def restore_text(restore: Restore | None, now: float) -> str:
    """The value of ``x-oss-restore`` and of ``RestoreInfo``; empty when there is nothing to say."""
    if restore is None or now >= restore.until:
        return ""
    if now < restore.ready:
        return 'ongoing-request="true"'
    return f'ongoing-request="false", expiry-date="{http_date(restore.until)}"'


def _headers(bucket: BucketState, row: Row, now: float) -> dict[str, str]:
    headers = {
        "ETag": f'"{bucket.etag(row.tag)}"',
        "Last-Modified": http_date(row.modified),
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "x-oss-object-type": "Multipart" if "-" in bucket.etag(row.tag) else "Normal",
        "x-oss-storage-class": describe(row.kind).storage_class,
    }
    if told := restore_text(bucket.restore_of(row.tag, now), now):
        headers["x-oss-restore"] = told
    version_id = bucket.version_id(row)
    if version_id is not None:
        headers["x-oss-version-id"] = version_id
    extra = bucket.extras.get(row.tag)
    if extra is not None:
        headers |= extra.headers
        if extra.tags:
            headers["x-oss-tagging-count"] = str(len(extra.tags))
        if extra.body is not None and length(extra.body) <= _HASHED:
            headers["x-oss-hash-crc64ecma"] = str(crc64(b"".join(pieces(extra.body))))
    return headers


@lru_cache(maxsize=256)
def crc64(content: bytes) -> int:
    """The ECMA-182 sum that OSS keeps of each object, bit by bit: of what is small."""
    value = _ALL
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (_ECMA if value & 1 else 0)
    return value ^ _ALL


def version_header(written: WriteResult) -> dict[str, str]:
    """``x-oss-version-id`` where versioning is or was on."""
    return {"x-oss-version-id": written.version_id} if written.version_id is not None else {}
