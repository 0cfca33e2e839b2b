"""Reading and copying what objects contain, by S3's own operations (FACTS 1.11, 7.1)."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from restoretui.core.errors import CloudError, InvalidRequest, MalformedAnswer, ObjectNotFound, Unsupported
from restoretui.core.model import ObjectDetail, ObjectRef
from restoretui.core.then.contents import CopyTarget, PendingUpload, UploadPart, Written
from restoretui.providers.s3.client.client import S3Client
from restoretui.providers.s3.client.request_builder import S3Request
from restoretui.providers.s3.object_detail import read_detail
from restoretui.providers.wire.byte_ranges import range_of
from restoretui.providers.wire.continuation import Tokens

if TYPE_CHECKING:
    from restoretui.core.then.contents import Contents
    from restoretui.providers.s3.client.late_sdk import LateSdk
    from restoretui.providers.s3.client.transport import HttpResponse

_KEPT = {
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-type": "ContentType",
    "expires": "Expires",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
}
"""What a multipart upload has to be told, and CopyObject takes over by itself, but for the last."""
_META = "x-amz-meta-"
_UNSAID = frozenset({"NotImplemented", "501", "405"})
"""Codes of stores that do not know conditions on writes."""


class S3Contents:
    """See ``core.then.contents.Contents``. Nothing is repeated here, but for a bucket that lives elsewhere."""

    def __init__(self, sdk: "LateSdk", calls: S3Client) -> None:
        self._sdk = sdk
        self._calls = calls

    async def look(self, ref: ObjectRef, part: int = 0) -> ObjectDetail:
        """HeadObject with ``x-amz-checksum-mode: ENABLED``."""
        given = _named(ref)
        fixed: dict[str, Any] = {"ChecksumMode": "ENABLED"} | ({"PartNumber": part} if part else {})
        ask = S3Request("HeadObject", ref.bucket, given, fixed, kind=("contents", part))
        return await self._calls.read(ask, partial(read_detail, ref))

    async def read(self, ref: ObjectRef, etag: str, start: int, end: int) -> bytes:
        """GetObject of a range with ``If-Match``: 412 is ``InvalidRequest``, and so is an answer of another range."""
        fixed = {**_named(ref), "IfMatch": f'"{etag}"', "Range": f"bytes={start}-{end - 1}"}

        def understand(reply: "HttpResponse") -> bytes:
            return range_of(reply.status, reply.headers, reply.body, start, end)

        return await self._calls.read(S3Request("GetObject", ref.bucket, fixed=fixed), understand)

    async def copy(self, source: ObjectDetail, target: CopyTarget) -> Written:
        """CopyObject, held to the source's ETag and the target's conditions; no ACL, no lock (FACTS 1.11)."""
        headers = dict(source.headers)
        fixed = {
            "Key": target.key, "CopySource": _source(source.ref), "CopySourceIfMatch": f'"{source.etag}"',
            "StorageClass": target.storage_class, "MetadataDirective": "COPY", "TaggingDirective": "COPY",
            **_encryption(headers, target), **_owner(self._sdk.caller.expected_owner),
        }  # fmt: skip
        if redirect := headers.get("x-amz-website-redirect-location"):
            fixed["WebsiteRedirectLocation"] = redirect
        told, reply = await self._conditional("CopyObject", target, fixed)
        result = told.get("CopyObjectResult") or {}
        return _written(result.get("ETag"), reply)

    async def tags(self, ref: ObjectRef) -> Mapping[str, str]:
        operation = "GetObjectTagging"
        told = await self._calls.read(
            S3Request(operation, ref.bucket, fixed=_named(ref)), self._calls.parsed(operation)
        )
        return {str(tag["Key"]): str(tag["Value"]) for tag in told.get("TagSet", ())}

    async def begin_upload(self, source: ObjectDetail, target: CopyTarget, tags: Mapping[str, str]) -> str:
        """CreateMultipartUpload, told what CopyObject takes over by itself; ``MalformedAnswer`` without an id."""
        headers = dict(source.headers)
        fixed: dict[str, Any] = {
            "Key": target.key, "StorageClass": target.storage_class, **_encryption(headers, target),
            **{parameter: headers[name] for name, parameter in _KEPT.items() if headers.get(name)},
        }  # fmt: skip
        meta = {name.removeprefix(_META): value for name, value in headers.items() if name.startswith(_META)}
        fixed |= ({"Metadata": meta} if meta else {}) | ({"Tagging": urlencode(tags)} if tags else {})
        operation = "CreateMultipartUpload"
        told = await self._calls.read(S3Request(operation, target.bucket, fixed=fixed), self._calls.parsed(operation))
        upload_id = str(told.get("UploadId", ""))
        if not upload_id:
            raise _nameless(operation)
        return upload_id

    async def copy_part(
        self, source: ObjectDetail, target: CopyTarget, upload_id: str, number: int, extent: tuple[int, int]
    ) -> UploadPart:
        """UploadPartCopy, held to the source's ETag; a 200 without an ETag is ``MalformedAnswer``."""
        start, end = extent
        fixed = {
            "Key": target.key, "UploadId": upload_id, "PartNumber": number, "CopySource": _source(source.ref),
            "CopySourceIfMatch": f'"{source.etag}"', "CopySourceRange": f"bytes={start}-{end - 1}",
            **_owner(self._sdk.caller.expected_owner),
        }  # fmt: skip
        operation = "UploadPartCopy"
        told = await self._calls.read(S3Request(operation, target.bucket, fixed=fixed), self._calls.parsed(operation))
        etag = _bare((told.get("CopyPartResult") or {}).get("ETag"))
        if not etag:
            raise _nameless(operation)
        return UploadPart(number, etag, end - start)

    async def parts(self, target: CopyTarget, upload_id: str) -> Sequence[UploadPart]:
        """ListParts to its last page, in the order of their numbers."""
        found: list[UploadPart] = []
        tokens, marker = Tokens("ListParts"), ""
        while True:
            fixed: dict[str, Any] = {"Key": target.key, "UploadId": upload_id}
            fixed |= {"PartNumberMarker": int(marker)} if marker else {}
            try:
                told = await self._calls.read(
                    S3Request("ListParts", target.bucket, fixed=fixed), self._calls.parsed("ListParts")
                )
            except CloudError as error:
                if error.code == "NoSuchUpload":
                    raise ObjectNotFound(
                        "there is no such upload, or none any more", code=error.code, status=error.status
                    ) from None
                raise
            found += [
                UploadPart(int(part["PartNumber"]), _bare(part.get("ETag")), int(part.get("Size") or 0))
                for part in told.get("Parts", ())
            ]
            marker = tokens.next(str(told.get("NextPartNumberMarker") or "") if told.get("IsTruncated") else "") or ""
            if not marker:
                return found

    async def end_upload(self, target: CopyTarget, upload_id: str, parts: Sequence[UploadPart], size: int) -> Written:
        """CompleteMultipartUpload with ``x-amz-mp-object-size``; an error in a 200's body is raised (FACTS 1.11)."""
        chosen = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        fixed = {
            "Key": target.key, "UploadId": upload_id, "MultipartUpload": {"Parts": chosen}, "MpuObjectSize": size,
        }  # fmt: skip
        told, reply = await self._conditional("CompleteMultipartUpload", target, fixed)
        return _written(told.get("ETag"), reply)

    async def abort_upload(self, target: CopyTarget, upload_id: str) -> None:
        """AbortMultipartUpload; NoSuchUpload is success: idempotent."""
        operation = "AbortMultipartUpload"
        fixed = {"Key": target.key, "UploadId": upload_id}
        try:
            await self._calls.read(S3Request(operation, target.bucket, fixed=fixed), self._calls.parsed(operation))
        except CloudError as error:
            if error.code != "NoSuchUpload":
                raise

    async def delete(self, ref: ObjectRef) -> None:
        await self._calls.read(S3Request("DeleteObject", ref.bucket, fixed=_named(ref)), lambda reply: None)

    async def uploads(self, target: CopyTarget) -> Sequence[PendingUpload]:
        """The first page of ListMultipartUploads below the key, which is at most 1,000."""
        operation = "ListMultipartUploads"
        told = await self._calls.read(
            S3Request(operation, target.bucket, fixed={"Prefix": target.key}), self._calls.parsed(operation)
        )
        return [
            PendingUpload(str(upload["UploadId"]), upload.get("Initiated"))
            for upload in told.get("Uploads", ())
            if upload.get("Key") == target.key and upload.get("UploadId")
        ]

    async def is_versioned(self, bucket: str) -> bool:
        """GetBucketVersioning; suspended is no: a write then replaces the null version."""
        operation = "GetBucketVersioning"
        told = await self._calls.read(S3Request(operation, bucket), self._calls.parsed(operation))
        return told.get("Status") == "Enabled"

    async def _conditional(
        self, operation: str, target: CopyTarget, fixed: Mapping[str, Any]
    ) -> "tuple[dict[str, Any], HttpResponse]":
        """Asked with the target's conditions; without them at a store that does not know any."""
        conditions = {"IfNoneMatch": "*"} if target.only_new else {}
        conditions |= {"IfMatch": f'"{target.only_over}"'} if target.only_over else {}
        parse = self._calls.parsed(operation)

        def understand(reply: "HttpResponse") -> "tuple[dict[str, Any], HttpResponse]":
            return parse(reply), reply

        try:
            ask = S3Request(operation, target.bucket, fixed={**fixed, **conditions})
            return await self._calls.read(ask, understand)
        except (Unsupported, InvalidRequest) as refused:
            if not conditions or not self._sdk.caller.endpoint or refused.code not in _UNSAID:
                raise
        return await self._calls.read(S3Request(operation, target.bucket, fixed=fixed), understand)


def _named(ref: ObjectRef) -> dict[str, str]:
    return {"Key": ref.key} if ref.version_id is None else {"Key": ref.key, "VersionId": ref.version_id}


def _source(ref: ObjectRef) -> dict[str, str]:
    return {"Bucket": ref.bucket, **_named(ref)}


def _owner(expected: str) -> dict[str, str]:
    return {"ExpectedSourceBucketOwner": expected} if expected else {}


def _encryption(headers: Mapping[str, str], target: CopyTarget) -> dict[str, Any]:
    """As the source has it: a copy is else encrypted as its bucket says. A key of another Region cannot be meant."""
    kind = headers.get("x-amz-server-side-encryption", "")
    if not kind.startswith("aws:kms") or not target.same_region:
        return {}
    key = headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    bucket_key = headers.get("x-amz-server-side-encryption-bucket-key-enabled", "").lower() == "true"
    return {
        "ServerSideEncryption": kind,
        **({"SSEKMSKeyId": key} if key else {}),
        **({"BucketKeyEnabled": True} if bucket_key else {}),
    }


def _bare(etag: object) -> str:
    return str(etag or "").removeprefix('"').removesuffix('"')


def _written(etag: object, reply: "HttpResponse") -> Written:
    """``Written``; the ETag is empty where a 200 told none, which is no success (FACTS 1.11)."""
    return Written(_bare(etag), reply.headers.get("x-amz-version-id"))


def _nameless(operation: str) -> CloudError:
    return MalformedAnswer(
        f"the answer to {operation} cannot be read: it lacks what it is asked for", operation=operation
    )


if TYPE_CHECKING:
    _: type[Contents] = S3Contents
