"""Multipart uploads, which copies of objects above 5 GiB need (FACTS 1.11)."""

from hashlib import md5

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
from restoretui.sandbox.state.body import Body
from restoretui.sandbox.state.bucket import BucketState, Extra, Part, Upload, made_tag, real_etag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, invalid_argument, malformed_xml, no_such_upload
from restoretui.sandbox.wire.call_reply import Call, Reply, document, elements, iso, parse_xml

MIN_PART = 5 * 2**20
MAX_PART = 5 * 2**30


def create_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?uploads``."""
    check_key(call.key)
    upload_id = f"{made_tag(cloud.seed, bucket.name, call.key, call.request_id):032x}"
    extra = Extra(headers=kept_headers(call.headers), tags=header_tags(call.headers))
    bucket.uploads[upload_id] = Upload(call.key, wanted_kind(call.headers), extra, cloud.now())
    content = elements({"Bucket": bucket.name, "Key": call.key, "UploadId": upload_id})
    return Reply(body=document("InitiateMultipartUploadResult", content))


def upload_part(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT ?partNumber&uploadId`` with content."""
    upload = _upload(bucket, call)
    check_digest(bucket, call.headers, call.body)
    etag = real_etag(call.body)
    upload.parts[_number(call)] = Part((call.body,), len(call.body), etag, cloud.now())
    return Reply(headers={"ETag": f'"{etag}"'})


def upload_part_copy(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``PUT ?partNumber&uploadId`` with ``x-amz-copy-source``."""
    now = cloud.now()
    upload = _upload(bucket, call)
    source, row = copy_source(cloud, call, now)
    body, size = part_of(source.body(row), call.headers.get("x-amz-copy-source-range"), row.size)
    if size > MAX_PART:
        raise ErrorAnswer(
            400,
            "InvalidRequest",
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
        )
    etag = f"{made_tag(body):032x}"
    upload.parts[_number(call)] = Part(body, size, etag, now)
    content = f"<LastModified>{iso(now)}</LastModified><ETag>&quot;{etag}&quot;</ETag>"
    return Reply(body=document("CopyPartResult", content))


def complete_upload(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?uploadId``: the named parts, in order, become the object."""
    upload = _upload(bucket, call)
    body: Body = ()
    digest = md5(usedforsecurity=False)
    size = 0
    wanted = parse_xml(call.body, "CompleteMultipartUpload").findall("Part")
    if not wanted:
        raise malformed_xml()
    texts = [item.findtext("PartNumber") or "" for item in wanted]
    if not all(text.isdecimal() for text in texts):
        raise malformed_xml()
    numbers = [int(text) for text in texts]
    if numbers != sorted(set(numbers)):
        raise ErrorAnswer(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    for position, (number, item) in enumerate(zip(numbers, wanted, strict=True)):
        part = upload.parts.get(number)
        if part is None or part.etag != (item.findtext("ETag") or "").strip('"'):
            raise ErrorAnswer(
                400,
                "InvalidPart",
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
                "specified entity tag may not match the part's entity tag.",
            )
        if part.size < MIN_PART and position < len(wanted) - 1:
            raise ErrorAnswer(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        size += part.size
        body += part.body
        digest.update(bytes.fromhex(part.etag))
    check_target(bucket, upload.key, call.headers)
    if call.headers.get("x-amz-mp-object-size", str(size)) != str(size):
        raise ErrorAnswer(
            400, "InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match the parts"
        )
    upload.extra.body = body
    upload.extra.part_sizes = tuple(upload.parts[number].size for number in numbers)
    upload.extra.etag = f"{digest.hexdigest()}-{len(wanted)}"
    written = bucket.write(upload.key, size, upload.kind, cloud.now(), upload.extra)
    bucket.copied[upload.key] += 1
    del bucket.uploads[call.query["uploadId"]]
    content = elements({"Bucket": bucket.name, "Key": upload.key, "ETag": f'"{upload.extra.etag}"'})
    return Reply(body=document("CompleteMultipartUploadResult", content), headers=version_header(written))


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
    return Reply(body=document("ListPartsResult", f"{head}<IsTruncated>false</IsTruncated>{parts}"))


def list_uploads(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?uploads``."""
    uploads = "".join(
        f"<Upload>{elements({'Key': upload.key, 'UploadId': name, 'Initiated': iso(upload.started)})}</Upload>"
        for name, upload in sorted(bucket.uploads.items(), key=lambda item: (item[1].key, item[1].started))
    )
    head = elements({"Bucket": bucket.name})
    return Reply(body=document("ListMultipartUploadsResult", f"{head}<IsTruncated>false</IsTruncated>{uploads}"))


def _upload(bucket: BucketState, call: Call) -> Upload:
    upload = bucket.uploads.get(call.query.get("uploadId", ""))
    if upload is None or upload.key != call.key:
        raise no_such_upload(call.query.get("uploadId", ""))
    return upload


def _number(call: Call) -> int:
    text = call.query.get("partNumber", "")
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise invalid_argument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", text)
    return int(text)
