"""HEAD, GET, PUT, COPY, DELETE and tags of single objects."""

from base64 import b64encode
from urllib.parse import unquote, unquote_plus
from zlib import crc32

from restoretui.sandbox.s3.access import account_of, check_owner, check_payer
from restoretui.sandbox.s3.headers import (
    check_conditions,
    check_digest,
    check_key,
    check_target,
    copied_headers,
    extent_of,
    header_tags,
    kept_headers,
    object_headers,
    version_header,
    wanted_kind,
)
from restoretui.sandbox.state.body import cut
from restoretui.sandbox.state.bucket import BucketState, Extra, copied_etag, describe, real_etag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER
from restoretui.sandbox.state.refusals import (
    ErrorAnswer,
    malformed_xml,
    marker_not_allowed,
    no_such_key,
    source_not_active,
    still_archived,
)
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.wire.call_reply import Call, Reply, document, elements, iso, parse_xml


def get_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET`` and ``HEAD``: the same headers; content only for objects that can be read now."""
    now = cloud.now()
    version_id = call.query.get("versionId")
    _, row = bucket.find(call.key, version_id)
    if row.kind & MARKER == MARKER:
        raise marker_not_allowed(call.method, version_id)
    headers = object_headers(bucket, row, now, call.quirks)
    check_conditions(call.headers, "", headers["ETag"].strip('"'), now >= row.modified)
    if call.method == "HEAD":
        extent = _part_extent(bucket, row, call) or extent_of(call.headers.get("range"), row.size)
        return _ranged(headers, row.size, extent)
    if not bucket.readable(row, now):
        kind = describe(bucket.kind_of(row, now))
        raise still_archived(kind.storage_class, kind.archive_status)
    extent = extent_of(call.headers.get("range"), row.size)
    reply = _ranged(headers, row.size, extent)
    start, end = extent or (0, row.size)
    reply.stream = cut(bucket.body(row), start, end - start)
    return reply


def put_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT`` with content."""
    check_key(call.key)
    check_target(bucket, call.key, call.headers)
    check_digest(bucket, call.headers, call.body)
    etag = real_etag(call.body)
    extra = Extra((call.body,), etag, kept_headers(call.headers), header_tags(call.headers))
    written = bucket.write(call.key, len(call.body), wanted_kind(call.headers), cloud.now(), extra)
    headers = {"ETag": f'"{etag}"'} | version_header(written)
    if encryption := extra.headers.get("x-amz-server-side-encryption"):
        headers["x-amz-server-side-encryption"] = encryption
    if "x-amz-checksum-crc32" in call.headers:
        headers["x-amz-checksum-crc32"] = b64encode(crc32(call.body).to_bytes(4, "big")).decode()
    return Reply(headers=headers)


def copy_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT`` with ``x-amz-copy-source``; onto itself, too, when something changes (FACTS 1.11)."""
    now = cloud.now()
    check_key(call.key)
    source_bucket, row = copy_source(cloud, call, now)
    check_target(bucket, call.key, call.headers)
    kind = wanted_kind(call.headers)
    replace = call.headers.get("x-amz-metadata-directive", "COPY") == "REPLACE"
    onto_itself = source_bucket is bucket and row.key == call.key and not bucket.versioning
    if onto_itself and not replace and "x-amz-storage-class" not in call.headers:
        raise ErrorAnswer(
            400,
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
    if row.size > 5 * 2**30:
        raise ErrorAnswer(
            400,
            "InvalidRequest",
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
        )
    old = source_bucket.extras.get(row.tag) or Extra()
    tags = dict(old.tags)
    if call.headers.get("x-amz-tagging-directive", "COPY") == "REPLACE":
        tags = header_tags(call.headers)
    headers = kept_headers(call.headers) if replace else copied_headers(old.headers, call.headers)
    extra = Extra(source_bucket.body(row), copied_etag(source_bucket.etag(row.tag)), headers, tags)
    source_version = source_bucket.version_id(row)
    written = bucket.write(call.key, row.size, kind, now, extra)
    bucket.copied[call.key] += 1
    answer = version_header(written)
    if source_version is not None:
        answer["x-amz-copy-source-version-id"] = source_version
    content = f"<LastModified>{iso(now)}</LastModified><ETag>&quot;{extra.etag}&quot;</ETag>"
    return Reply(body=document("CopyObjectResult", content), headers=answer)


def copy_source(cloud: Cloud, call: Call, now: float) -> tuple[BucketState, Row]:
    """The source of a copy; refused while it is archived or restoring."""
    path, _, query = call.headers["x-amz-copy-source"].partition("?")
    name, _, key = unquote(path).removeprefix("/").partition("/")
    version_id = unquote_plus(query.removeprefix("versionId=")) if query.startswith("versionId=") else None
    bucket = cloud.bucket(name, "s3")
    check_payer(bucket, call.headers, account_of(call.access_key))
    check_owner(bucket, call.headers.get("x-amz-source-expected-bucket-owner"))
    _, row = bucket.find(key, version_id)
    if row.kind & MARKER == MARKER:
        raise no_such_key(key)
    check_conditions(call.headers, "x-amz-copy-source-", bucket.etag(row.tag), fresh=True)
    if not bucket.readable(row, now):
        raise source_not_active()
    return bucket, row


def delete_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``DELETE``; of something that is not there, too, it answers 204."""
    _check_retention(cloud, bucket, call)
    gone = bucket.erase(call.key, call.query.get("versionId"), cloud.now())
    headers = {}
    if gone is not None:
        headers = version_header(gone)
        if gone.row.kind & MARKER == MARKER:
            headers["x-amz-delete-marker"] = "true"
    return Reply(204, headers=headers)


def _check_retention(cloud: Cloud, bucket: BucketState, call: Call) -> None:
    version_id = call.query.get("versionId")
    if not bucket.retained or version_id is None:
        return
    _, row = bucket.find(call.key, version_id)
    if bucket.retained.get(row.tag, 0.0) > cloud.now():
        raise ErrorAnswer(403, "AccessDenied", "Access Denied because object protected by object lock.")


def delete_objects(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?delete``: up to 1,000 keys."""
    tree = parse_xml(call.body, "Delete")
    wanted = tree.findall("Object")
    if not 0 < len(wanted) <= 1000:
        raise malformed_xml()
    quiet = (tree.findtext("Quiet") or "").lower() == "true"
    parts: list[str] = []
    for item in wanted:
        key, version_id = item.findtext("Key"), item.findtext("VersionId")
        if not key:
            raise malformed_xml()
        gone = bucket.erase(key, version_id or None, cloud.now())
        if quiet:
            continue
        content = {"Key": key}
        if version_id:
            content["VersionId"] = version_id
        if gone is not None and gone.row.kind & MARKER == MARKER:
            content["DeleteMarker"] = "true"
            content["DeleteMarkerVersionId"] = gone.version_id or "null"
        parts.append(f"<Deleted>{elements(content)}</Deleted>")
    return Reply(body=document("DeleteResult", "".join(parts)))


def tagging(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``?tagging`` of an object: GET, PUT and DELETE."""
    _, row = bucket.find(call.key, call.query.get("versionId"))
    if row.kind & MARKER == MARKER:
        raise marker_not_allowed(call.method, call.query.get("versionId"))
    extra = bucket.extras.get(row.tag) or Extra()
    if call.method == "GET":
        tags = "".join(f"<Tag>{elements({'Key': key, 'Value': value})}</Tag>" for key, value in extra.tags.items())
        return Reply(body=document("Tagging", f"<TagSet>{tags}</TagSet>"))
    extra.tags = {}
    if call.method == "PUT":
        for tag in parse_xml(call.body, "Tagging").iterfind("TagSet/Tag"):
            extra.tags[tag.findtext("Key") or ""] = tag.findtext("Value") or ""
    bucket.extras[row.tag] = extra
    return Reply(204 if call.method == "DELETE" else 200)


def _part_extent(bucket: BucketState, row: Row, call: Call) -> tuple[int, int] | None:
    """The part that ``partNumber`` names; of an object in one piece, all of it."""
    number = call.query.get("partNumber", "")
    sizes = (bucket.extras.get(row.tag) or Extra()).part_sizes
    if not number.isdecimal() or not 1 <= int(number) <= len(sizes):
        return None
    start = sum(sizes[: int(number) - 1])
    return start, start + sizes[int(number) - 1]


def _ranged(headers: dict[str, str], size: int, extent: tuple[int, int] | None) -> Reply:
    content_type = headers.pop("Content-Type")
    if extent is None:
        return Reply(headers=headers, length=size, content_type=content_type)
    headers["Content-Range"] = f"bytes {extent[0]}-{extent[1] - 1}/{size}"
    return Reply(206, headers=headers, length=extent[1] - extent[0], content_type=content_type)
