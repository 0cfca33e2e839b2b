"""Uploads a CSV manifest into a bucket: by PutObject, or by a multipart upload when it is large (FACTS 2.2)."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import md5
from typing import Any

from restoretui.core.batch.jobs import Manifest, Place
from restoretui.core.errors import AccessDenied, BucketNotFound, CloudError, InvalidRequest
from restoretui.providers.s3.batch.manifest_csv import ManifestParts
from restoretui.providers.s3.client.files import S3Files


class ManifestWriter:
    """Uploads manifests; aborts the multipart upload of one that could not be written whole."""

    def __init__(self, files: S3Files) -> None:
        self._files = files

    async def write(
        self, place: Place, name: str, bucket: str, rows: AsyncIterator[Sequence[tuple[str, str]]], *, versions: bool
    ) -> Manifest:
        """As ``BatchService.upload_manifest`` says."""
        key = f"{place.prefix}/{name}".lstrip("/")
        parts = ManifestParts(bucket, versions=versions)
        upload: _Upload | None = None
        try:
            async for some in rows:
                for part in parts.add(some):
                    upload = upload or await self._begin(place.bucket, key)
                    await upload.send(part)
            rest = parts.rest()
            if upload is None:
                etag = await self._put(place.bucket, key, rest)
            else:
                if rest:
                    await upload.send(rest)
                etag = await upload.finish()
        except BucketNotFound as error:
            raise BucketNotFound.of(
                error,
                f"the manifest's bucket {place.bucket!r} does not exist",
                "name one by --manifest-location",
            ) from None
        except AccessDenied as error:
            error.hint = (
                f"{error.hint}; the manifest is written to s3://{place.bucket}/{key} with SSE-S3, the only "
                "encryption a CSV manifest may have: a KMS-only bucket cannot hold it (--manifest-location)"
            )
            raise
        finally:
            if upload is not None:
                await upload.abort_unless_done()
        return Manifest(place.bucket, key, etag, versions)

    async def _put(self, bucket: str, key: str, body: bytes) -> str:
        asked = {"Key": key, "Body": body, "ContentType": "text/csv", "ServerSideEncryption": "AES256"}
        answer = await self._files.ask("PutObject", bucket, asked | _checksum(body))
        try:
            _refuse_kms(answer, bucket, "PutObject")
        except InvalidRequest:
            await self._unwrite(bucket, key)
            raise
        return _etag(answer)

    async def _unwrite(self, bucket: str, key: str) -> None:
        try:
            await self._files.delete(bucket, key)
        except CloudError:
            # What is wrong with the bucket is the news; the key is one of ours and in nobody's way.
            return

    async def _begin(self, bucket: str, key: str) -> "_Upload":
        asked = {"Key": key, "ContentType": "text/csv", "ServerSideEncryption": "AES256"}
        answer = await self._files.ask("CreateMultipartUpload", bucket, asked)
        upload = _Upload(self._files, bucket, key, str(answer.get("UploadId", "")))
        try:
            _refuse_kms(answer, bucket, "CreateMultipartUpload")
        except InvalidRequest:
            await upload.abort_unless_done()
            raise
        return upload


class _Upload:
    """A multipart upload under way."""

    def __init__(self, files: S3Files, bucket: str, key: str, to: str) -> None:
        self._files = files
        self._bucket = bucket
        self._asked = {"Key": key, "UploadId": to}
        self._parts: list[dict[str, Any]] = []
        self._done = False

    async def send(self, part: bytes) -> None:
        number = len(self._parts) + 1
        asked = self._asked | {"PartNumber": number, "Body": part} | _checksum(part)
        answer = await self._files.ask("UploadPart", self._bucket, asked)
        self._parts.append({"PartNumber": number, "ETag": str(answer.get("ETag", ""))})

    async def finish(self) -> str:
        asked = self._asked | {"MultipartUpload": {"Parts": self._parts}}
        answer = await self._files.ask("CompleteMultipartUpload", self._bucket, asked)
        self._done = True
        return _etag(answer)

    async def abort_unless_done(self) -> None:
        if not self._done:
            try:
                await self._files.ask("AbortMultipartUpload", self._bucket, self._asked)
            except CloudError:
                # What ended the upload is the news; parts left over go by the bucket's own rules.
                return


def _checksum(body: bytes) -> dict[str, str]:
    """What a bucket with Object Lock and a default retention asks of whoever writes there (FACTS 2.2)."""
    return {"ContentMD5": b64encode(md5(body, usedforsecurity=False).digest()).decode()}


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"')


def _refuse_kms(answer: Mapping[str, Any], bucket: str, operation: str) -> None:
    if str(answer.get("ServerSideEncryption", "AES256")).startswith("aws:kms"):
        raise InvalidRequest(
            f"bucket {bucket!r} encrypts by KMS whatever is asked, which a manifest must not be",
            "name another bucket by --manifest-location",
            operation=operation,
        )
