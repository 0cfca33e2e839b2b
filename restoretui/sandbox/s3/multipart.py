"""Multipart uploads, which copies of objects above 5 GiB need (FACTS 1.11)."""

from restoretui.sandbox.s3.headers import (
    check_digest,
    check_key,
    check_target,
    header_tags,
    kept_headers,
    part_of,
    version_header,
    wanted_kind,
)
from restoretui.sandbox.s3.objects import copy_source
from restoretui.sandbox.state.bucket import BucketState, Extra, Part, Upload, made_tag, real_etag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer
from restoretui.sandbox.wire import uploads
from restoretui.sandbox.wire.call_reply import Call, Reply, document, iso

MAX_PART = 5 * 2**30
RULES = uploads.PartRules(
    least=5 * 2**20,
    missing="One or more of the specified parts could not be found. The part may not have been uploaded, or the "
    "specified entity tag may not match the part's entity tag.",
    too_small="Your proposed upload is smaller than the minimum allowed size",
    bad_number="Part number must be an integer between 1 and 10000, inclusive",
)


def create_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?uploads``."""
    check_key(call.key)
    upload_id = f"{made_tag(cloud.seed, bucket.name, call.key, call.request_id):032x}"
    extra = Extra(headers=kept_headers(call.headers), tags=header_tags(call.headers))
    upload = Upload(call.key, wanted_kind(call.headers), extra, cloud.now())
    return Reply(body=document("InitiateMultipartUploadResult", uploads.begun(bucket, upload, upload_id)))


def upload_part(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT ?partNumber&uploadId`` with content."""
    upload = uploads.upload_of(bucket, call)
    check_digest(bucket, call.headers, call.body)
    etag = real_etag(call.body)
    upload.parts[uploads.part_number(call, RULES)] = Part((call.body,), len(call.body), etag, cloud.now())
    return Reply(headers={"ETag": f'"{etag}"'})


def upload_part_copy(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT ?partNumber&uploadId`` with ``x-amz-copy-source``."""
    now = cloud.now()
    upload = uploads.upload_of(bucket, call)
    source, row = copy_source(cloud, call, now)
    body, size = part_of(source.body(row), call.headers.get("x-amz-copy-source-range"), row.size)
    if size > MAX_PART:
        raise ErrorAnswer(
            400,
            "InvalidRequest",
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
        )
    etag = f"{made_tag(body):032x}"
    upload.parts[uploads.part_number(call, RULES)] = Part(body, size, etag, now)
    content = f"<LastModified>{iso(now)}</LastModified><ETag>&quot;{etag}&quot;</ETag>"
    return Reply(body=document("CopyPartResult", content))


def complete_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?uploadId``: the named parts, in order, become the object."""
    upload = uploads.upload_of(bucket, call)
    whole = uploads.whole_of(upload, call, RULES)
    check_target(bucket, upload.key, call.headers)
    if call.headers.get("x-amz-mp-object-size", str(whole.size)) != str(whole.size):
        raise ErrorAnswer(
            400, "InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match the parts"
        )
    written, content = uploads.complete(cloud, bucket, call, upload, whole)
    return Reply(body=document("CompleteMultipartUploadResult", content), headers=version_header(written))


def abort_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``DELETE ?uploadId``."""
    uploads.upload_of(bucket, call)
    del bucket.uploads[call.query["uploadId"]]
    return Reply(204)


def list_parts(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?uploadId``."""
    return Reply(body=document("ListPartsResult", uploads.parts_told(bucket, call)))


def list_uploads(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?uploads``."""
    told = uploads.uploads_told(bucket, call.query.get("prefix", ""))
    return Reply(body=document("ListMultipartUploadsResult", told))
