"""CopyObject and multipart copies in OSS's words: what is archived has to be restored first (FACTS 4.1)."""

from urllib.parse import parse_qsl, unquote

from restoretui.sandbox.oss.objects import kept_headers, version_header, wanted_kind
from restoretui.sandbox.s3.headers import check_conditions, check_key, part_of
from restoretui.sandbox.state.bucket import BucketState, Extra, Part, Upload, describe, made_tag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER, NULL_VERSION
from restoretui.sandbox.state.refusals import ErrorAnswer, no_such_key, still_archived
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.wire import uploads
from restoretui.sandbox.wire.call_reply import XML, Call, Reply, elements, iso

LARGEST = 5 * 2**30
RULES = uploads.PartRules(
    least=100 * 2**10,
    missing="One or more of the specified parts could not be found.",
    too_small="A part is smaller than 100 KB.",
    bad_number="PartNumber must be an integer between 1 and 10000.",
)


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
    upload = Upload(call.key, wanted_kind(call.headers), extra, cloud.now())
    return _answer("InitiateMultipartUploadResult", uploads.begun(bucket, upload, upload_id))


def copy_part(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT ?partNumber&uploadId`` with ``x-oss-copy-source``."""
    now = cloud.now()
    upload = uploads.upload_of(bucket, call)
    number = uploads.part_number(call, RULES)
    source, row = _source(cloud, call, now)
    body, size = part_of(source.body(row), call.headers.get("x-oss-copy-source-range"), row.size)
    if size > LARGEST:
        raise ErrorAnswer(400, "InvalidArgument", "A part is larger than 5 GB.")
    etag = f"{made_tag(body):032X}"
    upload.parts[number] = Part(body, size, etag, now)
    return _answer("CopyPartResult", f"<LastModified>{iso(now)}</LastModified><ETag>&quot;{etag}&quot;</ETag>")


def complete_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?uploadId``: the named parts, in order, become the object."""
    upload = uploads.upload_of(bucket, call)
    _check_overwrite(bucket, call)
    whole = uploads.whole_of(upload, call, RULES)
    written, content = uploads.complete(cloud, bucket, call, upload, whole._replace(etag=whole.etag.upper()))
    return _answer("CompleteMultipartUploadResult", content, version_header(written))


def abort_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``DELETE ?uploadId``."""
    uploads.upload_of(bucket, call)
    del bucket.uploads[call.query["uploadId"]]
    return Reply(204)


def list_parts(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?uploadId``."""
    return _answer("ListPartsResult", uploads.parts_told(bucket, call))


def list_uploads(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?uploads``."""
    return _answer("ListMultipartUploadsResult", uploads.uploads_told(bucket, call.query.get("prefix", "")))


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


def _answer(root: str, content: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(body=f"{XML}<{root}>{content}</{root}>".encode(), headers=headers or {})
