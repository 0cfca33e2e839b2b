"""Reading and copying what OSS's objects contain (FACTS 4; docs of CopyObject and of multipart uploads).

OSS knows no condition on what a write replaces, but for there being nothing. A copy onto itself is as good as one:
its source, which is the same object, has to have the ETag that was seen.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from restoretui.core.errors import CloudError, InvalidRequest, ObjectNotFound
from restoretui.core.model import ObjectDetail, ObjectRef
from restoretui.core.then.contents import CopyTarget, PendingUpload, UploadPart, Written
from restoretui.providers.oss.client import OssClient
from restoretui.providers.oss.object_detail import read_detail, version_query
from restoretui.providers.oss.pages import read_document
from restoretui.providers.wire.byte_ranges import range_of
from restoretui.providers.wire.continuation import Tokens
from restoretui.providers.wire.restore_header import parse_instant
from restoretui.providers.wire.xml_trees import Unreadable

if TYPE_CHECKING:
    from restoretui.core.then.contents import Contents
    from restoretui.providers.oss.sdk import OssResponse

T = TypeVar("T")

_META = "x-oss-meta-"
_KEPT = (
    "cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires",
)  # fmt: skip
"""What a multipart upload has to be told, and CopyObject takes over by itself."""
_ENCRYPTION = ("x-oss-server-side-encryption", "x-oss-server-side-encryption-key-id")


class OssContents:
    """See ``core.then.contents.Contents``. Nothing is repeated here, but for a bucket that lives elsewhere."""

    def __init__(self, calls: OssClient) -> None:
        self._calls = calls

    async def look(self, ref: ObjectRef, part: int = 0) -> ObjectDetail:
        """HeadObject; ``InvalidRequest`` for a part: OSS has no ``partNumber`` for HEAD."""
        if part:
            raise InvalidRequest("OSS does not tell of an object's parts", operation="HeadObject")
        ask = self._calls.request("HeadObject", ref.bucket, ref.key, version_query(ref), method="HEAD")
        return await self._calls.ask(ask, lambda reply: read_detail(ref, reply))

    async def read(self, ref: ObjectRef, etag: str, start: int, end: int) -> bytes:
        headers = {"If-Match": f'"{etag}"', "Range": f"bytes={start}-{end - 1}"}
        ask = self._calls.request("GetObject", ref.bucket, ref.key, version_query(ref), headers=headers)

        def understand(reply: "OssResponse") -> bytes:
            return range_of(reply.status, reply.headers, reply.body, start, end)

        return await self._calls.ask(ask, understand)

    async def copy(self, source: ObjectDetail, target: CopyTarget) -> Written:
        """CopyObject, with ``x-oss-forbid-overwrite`` where nothing may be replaced."""
        headers = {
            **_source(source), "x-oss-storage-class": target.storage_class, "x-oss-metadata-directive": "COPY",
            "x-oss-tagging-directive": "Copy", **_encryption(source, target), **_only_new(target),
        }  # fmt: skip
        return await self._written("CopyObject", target, {}, headers, method="PUT")

    async def tags(self, ref: ObjectRef) -> Mapping[str, str]:
        query = {"tagging": ""} | version_query(ref)
        root = await self._asked("GetObjectTagging", ref.bucket, ref.key, query, _document("Tagging"))
        return {tag.findtext("Key") or "": tag.findtext("Value") or "" for tag in root.iterfind("TagSet/Tag")}

    async def begin_upload(self, source: ObjectDetail, target: CopyTarget, tags: Mapping[str, str]) -> str:
        """InitiateMultipartUpload, told what CopyObject takes over by itself."""
        told = dict(source.headers)
        headers = {name: value for name, value in told.items() if name in _KEPT or name.startswith(_META)}
        headers |= {"x-oss-storage-class": target.storage_class, **_encryption(source, target), **_only_new(target)}
        headers |= {"x-oss-tagging": urlencode(tags)} if tags else {}
        root = await self._asked(
            "InitiateMultipartUpload", target.bucket, target.key, {"uploads": ""},
            _document("InitiateMultipartUploadResult", "UploadId"), method="POST", headers=headers,
        )  # fmt: skip
        return root.findtext("UploadId") or ""

    async def copy_part(
        self, source: ObjectDetail, target: CopyTarget, upload_id: str, number: int, extent: tuple[int, int]
    ) -> UploadPart:
        """UploadPartCopy, held to the source's ETag."""
        start, end = extent
        headers = {**_source(source), "x-oss-copy-source-range": f"bytes={start}-{end - 1}"}
        query = {"partNumber": str(number), "uploadId": upload_id}
        root = await self._asked(
            "UploadPartCopy", target.bucket, target.key, query, _document("CopyPartResult", "ETag"),
            method="PUT", headers=headers,
        )  # fmt: skip
        return UploadPart(number, _bare(root.findtext("ETag")), end - start)

    async def parts(self, target: CopyTarget, upload_id: str) -> Sequence[UploadPart]:
        """ListParts to its last page, in the order of their numbers."""
        found: list[UploadPart] = []
        tokens, marker = Tokens("ListParts"), ""
        while True:
            query = {"uploadId": upload_id} | ({"part-number-marker": marker} if marker else {})
            try:
                root = await self._asked("ListParts", target.bucket, target.key, query, _document("ListPartsResult"))
            except CloudError as error:
                if error.code == "NoSuchUpload":
                    raise ObjectNotFound(
                        "there is no such upload, or none any more", code=error.code, status=error.status
                    ) from None
                raise
            found += [_part(part) for part in root.iterfind("Part")]
            is_more = root.findtext("IsTruncated") == "true"
            marker = tokens.next((root.findtext("NextPartNumberMarker") or "") if is_more else "")
            if not marker:
                return found

    async def end_upload(self, target: CopyTarget, upload_id: str, parts: Sequence[UploadPart], size: int) -> Written:
        """CompleteMultipartUpload; a HEAD before compares what it replaces, since OSS has no ``If-Match`` there."""
        if target.only_over:
            # Nothing conditions what this replaces: the last look before it has to do.
            there = await self.look(ObjectRef(target.bucket, target.key))
            if there.etag != target.only_over:
                raise InvalidRequest(
                    "the object was overwritten meanwhile", code="PreconditionFailed",
                    operation="CompleteMultipartUpload",
                )  # fmt: skip
        rows = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>&quot;{part.etag}&quot;</ETag></Part>"
            for part in parts
        )
        body = f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()
        return await self._written(
            "CompleteMultipartUpload", target, {"uploadId": upload_id}, _only_new(target), method="POST", body=body
        )

    async def abort_upload(self, target: CopyTarget, upload_id: str) -> None:
        """AbortMultipartUpload; NoSuchUpload is success: idempotent."""
        try:
            await self._asked(
                "AbortMultipartUpload", target.bucket, target.key, {"uploadId": upload_id}, lambda reply: None,
                method="DELETE",
            )  # fmt: skip
        except CloudError as error:
            if error.code != "NoSuchUpload":
                raise

    async def delete(self, ref: ObjectRef) -> None:
        query = version_query(ref)
        await self._asked("DeleteObject", ref.bucket, ref.key, query, lambda reply: None, method="DELETE")

    async def uploads(self, target: CopyTarget) -> Sequence[PendingUpload]:
        """The first page of ListMultipartUploads below the key, which is at most 1,000."""
        query = {"uploads": "", "prefix": target.key}
        root = await self._asked(
            "ListMultipartUploads", target.bucket, "", query, _document("ListMultipartUploadsResult")
        )
        return [
            PendingUpload(upload.findtext("UploadId") or "", parse_instant(upload.findtext("Initiated")))
            for upload in root.iterfind("Upload")
            if upload.findtext("Key") == target.key and upload.findtext("UploadId")
        ]

    async def is_versioned(self, bucket: str) -> bool:
        root = await self._asked(
            "GetBucketVersioning", bucket, "", {"versioning": ""}, _document("VersioningConfiguration")
        )
        return root.findtext("Status") == "Enabled"

    async def _asked(
        self,
        operation: str,
        bucket: str,
        key: str,
        query: dict[str, str],
        understand: "Callable[[OssResponse], T]",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        ask = self._calls.request(operation, bucket, key, query, method=method, headers=headers)
        return await self._calls.ask(ask, understand)

    async def _written(
        self,
        operation: str,
        target: CopyTarget,
        query: dict[str, str],
        headers: Mapping[str, str],
        *,
        method: str,
        body: bytes = b"",
    ) -> Written:
        """``Written``; the ETag is empty where a 200 told none, which is no success."""
        root = "CopyObjectResult" if operation == "CopyObject" else "CompleteMultipartUploadResult"

        def understand(reply: "OssResponse") -> Written:
            told = read_document(reply.body, root).findtext("ETag") if reply.body.strip() else ""
            return Written(_bare(told), reply.headers.get("x-oss-version-id"))

        ask = self._calls.request(
            operation, target.bucket, target.key, query, method=method, body=body, headers=headers
        )
        return await self._calls.ask(ask, understand)


def _document(root: str, needed: str = "") -> "Callable[[OssResponse], ET.Element]":
    def understand(reply: "OssResponse") -> ET.Element:
        found = read_document(reply.body, root)
        if needed and not found.findtext(needed):
            raise Unreadable(f"it lacks {needed}")
        return found

    return understand


def _source(source: ObjectDetail) -> dict[str, str]:
    ref = source.ref
    version = f"?versionId={quote(ref.version_id, safe='')}" if ref.version_id is not None else ""
    return {
        "x-oss-copy-source": f"/{ref.bucket}/{quote(ref.key)}{version}",
        "x-oss-copy-source-if-match": f'"{source.etag}"',
    }


def _only_new(target: CopyTarget) -> dict[str, str]:
    return {"x-oss-forbid-overwrite": "true"} if target.only_new else {}


def _encryption(source: ObjectDetail, target: CopyTarget) -> dict[str, str]:
    """As the source has it: a copy is else encrypted as its bucket says. A key of another Region cannot be meant."""
    told = dict(source.headers)
    if told.get(_ENCRYPTION[0], "").upper() != "KMS" or not target.same_region:
        return {}
    return {name: told[name] for name in _ENCRYPTION if told.get(name)}


def _part(part: ET.Element) -> UploadPart:
    number, size = part.findtext("PartNumber") or "", part.findtext("Size") or "0"
    if not number.isdecimal() or not size.isdecimal():
        raise Unreadable("a part has no number, or no size")
    return UploadPart(int(number), _bare(part.findtext("ETag")), int(size))


def _bare(etag: str | None) -> str:
    return (etag or "").removeprefix('"').removesuffix('"')


if TYPE_CHECKING:
    _: type[Contents] = OssContents
