"""HEAD, GET, PUT and DELETE of single objects in OSS's words (FACTS 4.2)."""

from restoretui.sandbox.oss.restores import find_version
from restoretui.sandbox.s3.headers import check_key, extent_of
from restoretui.sandbox.state.body import cut
from restoretui.sandbox.state.bucket import Bucket, Extra, Written, describe, real_etag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER, kind_number
from restoretui.sandbox.state.refusals import Refusal, still_archived
from restoretui.sandbox.state.restore import Restore
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.wire.call_reply import Call, Reply, http_date


def get_object(cloud: Cloud, bucket: Bucket, call: Call) -> Reply:
    """``GET`` and ``HEAD``; content only of what can be read now."""
    now = cloud.now()
    row = find_version(bucket, call)
    headers = _headers(bucket, row, now)
    if call.method == "HEAD":
        return Reply(headers=headers, length=row.size, content_type="application/octet-stream")
    if not bucket.readable(row, now):
        raise still_archived(describe(row.kind).storage_class, None)
    extent = extent_of(call.headers.get("range"), row.size)
    start, end = extent or (0, row.size)
    if extent is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{row.size}"
    reply = Reply(206 if extent else 200, headers=headers, content_type="application/octet-stream")
    reply.length = end - start
    reply.stream = cut(bucket.body(row), start, end - start)
    return reply


def put_object(cloud: Cloud, bucket: Bucket, call: Call) -> Reply:
    """``PUT`` with content."""
    check_key(call.key)
    wanted = call.headers.get("x-oss-storage-class") or "Standard"
    try:
        kind = kind_number(wanted)
    except ValueError:
        kind = None
    if kind is None or describe(kind).scheme != "oss":
        raise Refusal(400, "InvalidArgument", f"no such storage class exists: {wanted}")
    etag = real_etag(call.body).upper()
    written = bucket.write(call.key, len(call.body), kind, cloud.now(), Extra((call.body,), etag))
    return Reply(headers={"ETag": f'"{etag}"'} | _version(written))


def delete_object(cloud: Cloud, bucket: Bucket, call: Call) -> Reply:
    """``DELETE``: 204, whether anything was there or not."""
    gone = bucket.erase(call.key, call.query.get("versionId"), cloud.now())
    if gone is None:
        return Reply(204)
    marker = {"x-oss-delete-marker": "true"} if gone.row.kind & MARKER == MARKER else {}
    return Reply(204, headers=_version(gone) | marker)


def restore_text(restore: Restore | None, now: float) -> str:
    """The value of ``x-oss-restore`` and of ``RestoreInfo``; empty when there is nothing to say."""
    if restore is None or now >= restore.until:
        return ""
    if now < restore.ready:
        return 'ongoing-request="true"'
    return f'ongoing-request="false", expiry-date="{http_date(restore.until)}"'


def _headers(bucket: Bucket, row: Row, now: float) -> dict[str, str]:
    headers = {
        "ETag": f'"{bucket.etag(row.tag)}"',
        "Last-Modified": http_date(row.modified),
        "Accept-Ranges": "bytes",
        "x-oss-object-type": "Normal",
        "x-oss-storage-class": describe(row.kind).storage_class,
    }
    if told := restore_text(bucket.restore_of(row.tag, now), now):
        headers["x-oss-restore"] = told
    version_id = bucket.version_id(row)
    if version_id is not None:
        headers["x-oss-version-id"] = version_id
    return headers


def _version(written: Written) -> dict[str, str]:
    return {"x-oss-version-id": written.version_id} if written.version_id is not None else {}
