"""Multipart uploads as S3 and OSS both have them; what each asks of a part, and its words, are its own."""

from hashlib import md5
from typing import NamedTuple

from restoretui.sandbox.state.body import Body
from restoretui.sandbox.state.bucket import BucketState, Upload, WriteResult
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, invalid_argument, malformed_xml, no_such_upload
from restoretui.sandbox.wire.call_reply import Call, elements, iso, parse_xml

MOST_PARTS = 10_000


class PartRules(NamedTuple):
    """What a cloud asks of the parts, and how it says no."""

    least: int
    """Bytes of each part but the last."""
    missing: str
    too_small: str
    bad_number: str


class Whole(NamedTuple):
    """The parts that were named, put together."""

    body: Body
    size: int
    part_sizes: tuple[int, ...]
    etag: str
    """MD5 of the parts' digests and their number, in lower case."""


def upload_of(bucket: BucketState, call: Call) -> Upload:
    """The upload that the request names; NoSuchUpload where there is none for this key."""
    upload = bucket.uploads.get(call.query.get("uploadId", ""))
    if upload is None or upload.key != call.key:
        raise no_such_upload(call.query.get("uploadId", ""))
    return upload


def part_number(call: Call, rules: PartRules) -> int:
    """Which part the request is about."""
    text = call.query.get("partNumber", "")
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PARTS:
        raise invalid_argument(rules.bad_number, "partNumber", text)
    return int(text)


def whole_of(upload: Upload, call: Call, rules: PartRules) -> Whole:
    """What CompleteMultipartUpload names; an ``ErrorAnswer`` for parts out of order, missing or too small."""
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
            raise ErrorAnswer(400, "InvalidPart", rules.missing)
        if part.size < rules.least and position < len(wanted) - 1:
            raise ErrorAnswer(400, "EntityTooSmall", rules.too_small)
        body, size = body + part.body, size + part.size
        digest.update(bytes.fromhex(part.etag))
    sizes = tuple(upload.parts[number].size for number in numbers)
    return Whole(body, size, sizes, f"{digest.hexdigest()}-{len(wanted)}")


def complete(cloud: Cloud, bucket: BucketState, call: Call, upload: Upload, whole: Whole) -> tuple[WriteResult, str]:
    """Make the whole an object, and the upload go; with the content of the answer."""
    upload.extra.body, upload.extra.part_sizes, upload.extra.etag = whole.body, whole.part_sizes, whole.etag
    written = bucket.write(upload.key, whole.size, upload.kind, cloud.now(), upload.extra)
    bucket.copied[upload.key] += 1
    del bucket.uploads[call.query["uploadId"]]
    return written, elements({"Bucket": bucket.name, "Key": upload.key, "ETag": f'"{whole.etag}"'})


def begun(bucket: BucketState, upload: Upload, upload_id: str) -> str:
    """The content of the answer to a new upload."""
    bucket.uploads[upload_id] = upload
    return elements({"Bucket": bucket.name, "Key": upload.key, "UploadId": upload_id})


def parts_told(bucket: BucketState, call: Call) -> str:
    """The content of ListParts, all on one page."""
    upload = upload_of(bucket, call)
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><LastModified>{iso(part.modified)}</LastModified>"
        f"<ETag>&quot;{part.etag}&quot;</ETag><Size>{part.size}</Size></Part>"
        for number, part in sorted(upload.parts.items())
    )
    head = elements({"Bucket": bucket.name, "Key": upload.key, "UploadId": call.query["uploadId"]})
    return f"{head}<IsTruncated>false</IsTruncated>{parts}"


def uploads_told(bucket: BucketState, prefix: str) -> str:
    """The content of ListMultipartUploads, all on one page: by key, then as they were begun."""
    uploads = "".join(
        f"<Upload>{elements({'Key': upload.key, 'UploadId': name, 'Initiated': iso(upload.started)})}</Upload>"
        for name, upload in sorted(bucket.uploads.items(), key=lambda item: (item[1].key, item[1].started))
        if upload.key.startswith(prefix)
    )
    return f"{elements({'Bucket': bucket.name})}<IsTruncated>false</IsTruncated>{uploads}"
