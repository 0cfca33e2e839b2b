"""GET, PUT and DELETE of the objects that jobs need or leave behind (manifests, reports), by the SDK's requests."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from restoretui.core.errors import InvalidRequest, MalformedAnswer
from restoretui.providers.s3.client.request_builder import S3Request
from restoretui.providers.wire.checked_values import believed_size
from restoretui.providers.wire.continuation import Tokens
from restoretui.providers.wire.refusals import printable

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.s3.client.client import S3Client
    from restoretui.providers.s3.client.late_sdk import LateSdk
    from restoretui.providers.s3.client.transport import HttpResponse

LARGEST_WHOLE = 4 * 2**20
"""Bytes of an object that is taken whole: a report's manifest names some hundred files in 200 bytes each."""
MOST_PAGES = 100
"""Of a listing: a job writes a few dozen objects."""
READ_BYTES = 4 * 2**20
"""Of an object at a time."""


class S3Files:
    """Plain requests about objects, one at a time."""

    def __init__(self, sdk: "LateSdk", calls: "S3Client") -> None:
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
        tokens = Tokens("ListObjectsV2", MOST_PAGES)
        token = ""
        while True:
            asked = {"Prefix": prefix} | ({"ContinuationToken": token} if token else {})
            answer = await self.ask("ListObjectsV2", bucket, asked)
            keys += [str(entry["Key"]) for entry in answer.get("Contents", ())]
            token = tokens.next(answer.get("NextContinuationToken"))
            if not token:
                return keys

    async def whole(self, bucket: str, key: str) -> bytes:
        """A small object's content; ``MalformedAnswer`` beyond ``LARGEST_WHOLE`` bytes, of which no more is read."""
        content, size, etag = await self.read(bucket, key, "")
        while len(content) < size <= LARGEST_WHOLE:
            piece, size, etag = await self.read(bucket, key, etag, len(content))
            if not piece:
                raise _unlike(key, f"it ends after {len(content):,} of {size:,} bytes")
            content += piece
        if size > LARGEST_WHOLE:
            raise _unlike(key, f"it is longer than {LARGEST_WHOLE:,} bytes")
        return content

    async def read(
        self, bucket: str, key: str, etag: str, at: int = 0, *, length: int = 0, version_id: str = ""
    ) -> tuple[bytes, int, str]:
        """A piece from ``at`` (``length`` bytes, or ``READ_BYTES``), the size of the whole, and its ETag.

        That must stay as it was given; ``InvalidRequest`` of status 412 when it does not.
        """
        asked: dict[str, Any] = {"Key": key, "Range": f"bytes={at}-{at + (length or READ_BYTES) - 1}"}
        if version_id:
            asked["VersionId"] = version_id
        if etag:
            asked["IfMatch"] = etag
        try:
            reply = await self._calls.read(S3Request("GetObject", bucket, fixed=asked), _as_it_is)
        except InvalidRequest as error:
            if error.status != 416 or at:
                raise
            return b"", 0, ""  # An empty object has no range at all.
        if at and reply.status != _PARTIAL:
            raise _unlike(key, "a part of it was asked for, and not only that came")
        size = believed_size(reply.headers.get("content-range", "").rpartition("/")[2])
        return reply.body, at + len(reply.body) if size is None else size, reply.headers.get("etag", "")


_PARTIAL = 206


def _unlike(key: str, why: str) -> MalformedAnswer:
    return MalformedAnswer(
        f"{printable(key)!r} cannot be read: {why}", "is it an S3 endpoint?", operation="GetObject"
    )


def _as_it_is(reply: "HttpResponse") -> "HttpResponse":
    return reply
