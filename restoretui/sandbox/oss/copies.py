"""CopyObject and multipart copies in OSS's words: what is archived has to be restored first (FACTS 4.1)."""

from hashlib import md5
from urllib.parse import parse_qsl, unquote

from restoretui.sandbox.oss.objects import kept_headers, version_header, wanted_kind
from restoretui.sandbox.s3.headers import check_conditions, check_key, part_of
from restoretui.sandbox.state.body import Body
from restoretui.sandbox.state.bucket import BucketState, Extra, Part, Upload, describe, made_tag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER, NULL_VERSION
from restoretui.sandbox.state.refusals import (
    ErrorAnswer,
    invalid_argument,
    malformed_xml,
    no_such_key,
    no_such_upload,
    still_archived,
)
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.wire.call_reply import XML, Call, Reply, elements, iso, parse_xml

LARGEST = 5 * 2**30
LEAST_PART = 100 * 2**10


def copy_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT`` with ``x-oss-copy-source``; onto itself with another class is how a class is changed."""
    now = cloud.now()
    check_key(call.key)
    source, row = _source(cloud, call, now)
    _check_overwrite(bucket, call)
    if row.size > LARGEST:
        raise ErrorAnswer(400, "InvalidArgument", "The source object is larger than 5 GB; copy it in parts.")
    old = source.extras.get(row.tag) or Extra()
    replace = call.headers.get("x-oss-metadata-directive", "COPY").upper() == "REPLACE"
    headers = kept_headers(call.headers) if replace else dict(old.headers)
    extra = Extra(source.body(row), source.etag(row.tag), headers, dict(old.tags))
    written = bucket.write(call.key, row.size, wanted_kind(call.headers), now, extra)
    bucket.copied[call.key] += 1
    content = f"<ETag>&quot;{extra.etag}&quot;</ETag><LastModified>{iso(now)}</LastModified>"
    return _answer("CopyObjectResult", content, version_header(written))


def create_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?uploads``."""
    check_key(call.key)
    _check_overwrite(bucket, call)
    upload_id = f"{made_tag(cloud.seed, bucket.name, call.key, call.request_id):032X}"
    tags = dict(parse_qsl(call.headers.get("x-oss-tagging", ""), keep_blank_values=True))
    extra = Extra(headers=kept_headers(call.headers), tags=tags)
    bucket.uploads[upload_id] = Upload(call.key, wanted_kind(call.headers), extra, cloud.now())
    content = elements({"Bucket": bucket.name, "Key": call.key, "UploadId": upload_id})
    return _answer("InitiateMultipartUploadResult", content)


def copy_part(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT ?partNumber&uploadId`` with ``x-oss-copy-source``."""
    now = cloud.now()
    upload = _upload(bucket, call)
    number = call.query.get("partNumber", "")
    if not number.isdecimal() or not 1 <= int(number) <= 10_000:
        raise invalid_argument("PartNumber must be an integer between 1 and 10000.", "partNumber", number)
    source, row = _source(cloud, call, now)
    body, size = part_of(source.body(row), call.headers.get("x-oss-copy-source-range"), row.size)
    if size > LARGEST:
        raise ErrorAnswer(400, "InvalidArgument", "A part is larger than 5 GB.")
    etag = f"{made_tag(body):032X}"
    upload.parts[int(number)] = Part(body, size, etag, now)
    return _answer("CopyPartResult", f"<LastModified>{iso(now)}</LastModified><ETag>&quot;{etag}&quot;</ETag>")


def complete_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?uploadId``: the named parts, in order, become the object."""
    upload = _upload(bucket, call)
    _check_overwrite(bucket, call)
    body: Body = ()
    size, digest = 0, md5(usedforsecurity=False)
    wanted = parse_xml(call.body, "CompleteMultipartUpload").findall("Part")
    texts = [item.findtext("PartNumber") or "" for item in wanted]
    if not wanted or not all(text.isdecimal() for text in texts):
        raise malformed_xml()
    numbers = [int(text) for text in texts]
    if numbers != sorted(set(numbers)):
        raise ErrorAnswer(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    for position, (number, item) in enumerate(zip(numbers, wanted, strict=True)):
        part = upload.parts.get(number)
        if part is None or part.etag != (item.findtext("ETag") or "").strip('"'):
            raise ErrorAnswer(400, "InvalidPart", "One or more of the specified parts could not be found.")
        if part.size < LEAST_PART and position < len(wanted) - 1:
            raise ErrorAnswer(400, "EntityTooSmall", "A part is smaller than 100 KB.")
        body, size = body + part.body, size + part.size
        digest.update(bytes.fromhex(part.etag))
    upload.extra.body = body
    upload.extra.part_sizes = tuple(upload.parts[number].size for number in numbers)
    upload.extra.etag = f"{digest.hexdigest().upper()}-{len(wanted)}"
    written = bucket.write(upload.key, size, upload.kind, cloud.now(), upload.extra)
    bucket.copied[upload.key] += 1
    del bucket.uploads[call.query["uploadId"]]
    content = elements({"Bucket": bucket.name, "Key": upload.key, "ETag": f'"{upload.extra.etag}"'})
    return _answer("CompleteMultipartUploadResult", content, version_header(written))


def abort_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``DELETE ?uploadId``."""
    _upload(bucket, call)
    del bucket.uploads[call.query["uploadId"]]
    return Reply(204)


def list_parts(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?uploadId``."""
    upload = _upload(bucket, call)
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><LastModified>{iso(part.modified)}</LastModified>"
        f"<ETag>&quot;{part.etag}&quot;</ETag><Size>{part.size}</Size></Part>"
        for number, part in sorted(upload.parts.items())
    )
    head = elements({"Bucket": bucket.name, "Key": upload.key, "UploadId": call.query["uploadId"]})
    return _answer("ListPartsResult", f"{head}<IsTruncated>false</IsTruncated>{parts}")


def list_uploads(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?uploads``."""
    uploads = "".join(
        f"<Upload>{elements({'Key': upload.key, 'UploadId': name, 'Initiated': iso(upload.started)})}</Upload>"
        for name, upload in sorted(bucket.uploads.items())
        if upload.key.startswith(call.query.get("prefix", ""))
    )
    head = elements({"Bucket": bucket.name})
    return _answer("ListMultipartUploadsResult", f"{head}<IsTruncated>false</IsTruncated>{uploads}")


def tagging(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?tagging`` of an object."""
    _, row = bucket.find(call.key, call.query.get("versionId"))
    extra = bucket.extras.get(row.tag) or Extra()
    tags = "".join(f"<Tag>{elements({'Key': key, 'Value': value})}</Tag>" for key, value in extra.tags.items())
    return _answer("Tagging", f"<TagSet>{tags}</TagSet>")


def versioning(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?versioning`` of a bucket."""
    content = elements({"Status": bucket.versioning}) if bucket.versioning else ""
    return _answer("VersioningConfiguration", content)


def _source(cloud: Cloud, call: Call, now: float) -> tuple[BucketState, Row]:
    path, _, query = call.headers["x-oss-copy-source"].partition("?")
    name, _, key = unquote(path).removeprefix("/").partition("/")
    version_id = unquote(query.removeprefix("versionId=")) if query.startswith("versionId=") else None
    bucket = cloud.bucket(name, "oss")
    _, row = bucket.find(key, version_id)
    if row.kind & MARKER == MARKER:
        raise no_such_key(key)
    check_conditions(call.headers, "x-oss-copy-source-", bucket.etag(row.tag), fresh=True)
    if not bucket.readable(row, now):
        raise still_archived(describe(row.kind).storage_class, None)
    return bucket, row


def _check_overwrite(bucket: BucketState, call: Call) -> None:
    newest = bucket.newest(call.key)
    there = newest is not None and newest.kind & ~NULL_VERSION != MARKER
    if there and call.headers.get("x-oss-forbid-overwrite", "").lower() == "true":
        raise ErrorAnswer(
            409, "FileAlreadyExists", "The object you specified already exists and can not be overwritten."
        )


def _upload(bucket: BucketState, call: Call) -> Upload:
    upload = bucket.uploads.get(call.query.get("uploadId", ""))
    if upload is None or upload.key != call.key:
        raise no_such_upload(call.query.get("uploadId", ""))
    return upload


def _answer(root: str, content: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(body=f"{XML}<{root}>{content}</{root}>".encode(), headers=headers or {})
