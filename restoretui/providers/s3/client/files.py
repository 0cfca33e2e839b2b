"""GET, PUT and DELETE of the objects that jobs need or leave behind (manifests, reports), by the SDK's requests."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from restoretui.core.errors import InvalidRequest
from restoretui.providers.s3.client.request_builder import S3Request

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.s3.client.client import S3Client
    from restoretui.providers.s3.client.sdk import Sdk
    from restoretui.providers.s3.client.transport import HttpResponse

READ_BYTES = 4 * 2**20
"""Of an object at a time."""


class S3Files:
    """Plain requests about objects, one at a time."""

    def __init__(self, sdk: "Sdk", calls: "S3Client") -> None:
        self._sdk = sdk
        self._calls = calls

    async def ask(self, operation: str, bucket: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """An S3 operation's answer, as the SDK reads it."""
        return await self._calls.read(S3Request(operation, bucket, fixed=asked), self._calls.parsed(operation))

    async def delete(self, bucket: str, key: str) -> None:
        """It need not be there."""
        await self.ask("DeleteObject", bucket, {"Key": key})

    async def keys(self, bucket: str, prefix: str) -> list[str]:
        """All keys below a prefix."""
        keys: list[str] = []
        token = ""
        while True:
            asked = {"Prefix": prefix} | ({"ContinuationToken": token} if token else {})
            answer = await self.ask("ListObjectsV2", bucket, asked)
            keys += [str(entry["Key"]) for entry in answer.get("Contents", ())]
            token = str(answer.get("NextContinuationToken", "") or "")
            if not token:
                return keys

    async def whole(self, bucket: str, key: str) -> bytes:
        """A small object's content."""
        content, size, etag = await self.read(bucket, key, "")
        while len(content) < size:
            piece, size, etag = await self.read(bucket, key, etag, len(content))
            content += piece
        return content

    async def read(self, bucket: str, key: str, etag: str, at: int = 0) -> tuple[bytes, int, str]:
        """A piece from ``at``, the size of the whole, and its ETag, which must stay the same."""
        asked: dict[str, Any] = {"Key": key, "Range": f"bytes={at}-{at + READ_BYTES - 1}"}
        if etag:
            asked["IfMatch"] = etag
        try:
            reply = await self._calls.read(S3Request("GetObject", bucket, fixed=asked), _as_it_is)
        except InvalidRequest as error:
            if error.status != 416 or at:
                raise
            return b"", 0, ""  # An empty object has no range at all.
        _, _, whole = reply.headers.get("content-range", "").rpartition("/")
        size = int(whole) if whole.isdecimal() else len(reply.body)
        return reply.body, size, reply.headers.get("etag", "")


def _as_it_is(reply: "HttpResponse") -> "HttpResponse":
    return reply
