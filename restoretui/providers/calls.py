"""One S3 request: to the right region, with the right options, sent as often as its kind allows."""

import asyncio
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from restoretui.core.clock import Clock
from restoretui.core.errors import (
    AccessDenied,
    CloudError,
    ConnectionLost,
    MalformedAnswer,
    ServerFault,
    Throttled,
    Unreachable,
)
from restoretui.providers.connection import Connection
from restoretui.providers.errors import EXPIRED, Refusal, error_for, is_credentials, is_wrong_region
from restoretui.providers.wire import ErrorInside, Unreadable

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.sdk import Sdk
    from restoretui.providers.transport import Reply

T = TypeVar("T")

_PAID = frozenset({"ListObjectsV2", "ListObjectVersions", "HeadObject", "RestoreObject"})
_OWNED = _PAID | {"HeadBucket"}
_PASSING = (Throttled, ServerFault, ConnectionLost, MalformedAnswer, Unreachable)
_BODILESS = frozenset({"HeadObject", "HeadBucket"})
_EXPLAINED_S = 10.0
"""How long one explanation of bodiless refusals serves a bucket; machine time."""


class Calls:
    """Sends requests. Reads may be repeated after what passes by itself; ``once`` never repeats anything."""

    def __init__(
        self,
        sdk: "Sdk",
        connection: Connection,
        clock: Clock,
        on_throttle: Callable[[Throttled], None],
        attempts: int,
    ) -> None:
        self._sdk = sdk
        self._clock = clock
        self._on_throttle = on_throttle
        self._attempts = attempts
        self._options = {
            "RequestPayer": ("requester" if connection.requester_pays else None, _PAID),
            "ExpectedBucketOwner": (connection.expected_bucket_owner, _OWNED),
        }
        self._regions: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._explained: dict[str, tuple[float, Refusal | None]] = {}

    async def read(
        self,
        operation: str,
        params: dict[str, Any],
        understand: Callable[["Reply"], T],
        *,
        bucket: str = "",
        service: str = "s3",
    ) -> T:
        """Ask, and ask again after what passes by itself; ``understand`` reads the answer."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._read_once(operation, params, understand, bucket, service)
            except _Elsewhere as elsewhere:
                if attempt > self._attempts:
                    raise elsewhere.error from None
            except _PASSING as error:
                if isinstance(error, Throttled):
                    self._on_throttle(error)
                if attempt >= self._attempts:
                    raise
                await self._clock.pause(0.2 * 2**attempt * random.uniform(0.5, 1.0))

    async def once(self, operation: str, params: dict[str, Any], *, bucket: str) -> "tuple[Reply, Refusal | None]":
        """Exactly one request. A refusal comes back as it is, except the wrong region and unfit credentials."""
        region = await self.region(bucket)
        reply = await self._exchange(region, operation, self._with_options(operation, params, bucket))
        if reply.status < 300 and b"<Error" not in reply.body[:200]:
            return reply, None
        refusal = self._sdk.refusal("s3", operation, reply, bucket)
        if is_wrong_region(refusal):
            self._move(bucket, region, refusal)
            raise Unreachable(
                f"bucket {bucket!r} answers from another region; nothing was done",
                "it is found there from now on",
                code=refusal.code,
                status=refusal.status,
                request_id=refusal.request_id,
                operation=operation,
            )
        if is_credentials(refusal):
            raise error_for(refusal, self._sdk.caller)
        return reply, refusal

    async def region(self, bucket: str) -> str:
        """Where the bucket lives; asked once."""
        if not bucket:
            return self._sdk.region
        if region := self._regions.get(bucket):
            return region
        async with self._locks.setdefault(bucket, asyncio.Lock()):
            if bucket not in self._regions:
                self._regions[bucket] = await self._find_region(bucket)
        return self._regions[bucket]

    async def check_bucket(self, bucket: str) -> str:
        """Where the bucket lives, having made sure that we may look into it."""

        def head(reply: "Reply") -> str:
            return reply.headers.get("x-amz-bucket-region", "")

        await self.region(bucket)
        try:
            return await self.read("HeadBucket", {}, head, bucket=bucket) or await self.region(bucket)
        except AccessDenied:
            self._explained.pop(bucket, None)
            raise

    async def _find_region(self, bucket: str) -> str:
        def place(reply: "Reply") -> str:
            named = reply.headers.get("x-amz-bucket-region", "")
            if named or reply.status < 300 or reply.status in (400, 403, 405, 501):
                return named or self._sdk.region  # what else is wrong shows, with its reason, when it matters
            raise error_for(self._sdk.refusal("s3", "HeadBucket", reply, bucket), self._sdk.caller)

        return await self.read("HeadBucket", {}, place, bucket=bucket)

    async def _read_once(
        self, operation: str, params: dict[str, Any], understand: Callable[["Reply"], T], bucket: str, service: str
    ) -> T:
        locating = operation == "HeadBucket" and bucket not in self._regions
        region = self._sdk.region if locating else await self.region(bucket)
        reply = await self._exchange(region, operation, self._with_options(operation, params, bucket), service)
        if reply.status < 300 or locating:
            try:
                return understand(reply)
            except Unreadable as error:
                raise MalformedAnswer(
                    f"the answer to {operation} cannot be read: {error}", "is it an S3 endpoint?", operation=operation
                ) from None
            except ErrorInside:
                pass
        refusal = self._sdk.refusal(service, operation, reply, bucket)
        if is_wrong_region(refusal):
            self._move(bucket, region, refusal)
            raise _Elsewhere(error_for(refusal, self._sdk.caller))
        if operation in _BODILESS and refusal.status in (400, 403):
            refusal = await self._explain(refusal) or refusal
        raise error_for(refusal, self._sdk.caller)

    async def _exchange(self, region: str, operation: str, params: dict[str, Any], service: str = "s3") -> "Reply":
        keys = await self._sdk.vault.keys()
        ready = await self._sdk.prepare(service, region, operation, params)
        reply = await ready.transport.exchange(ready.method, ready.url, ready.headers, ready.body, operation)
        if reply.status >= 400 and any(code.encode() in reply.body for code in EXPIRED):
            self._sdk.vault.reject(keys)
        return reply

    def _with_options(self, operation: str, params: dict[str, Any], bucket: str) -> dict[str, Any]:
        full = {name: value for name, value in params.items() if value not in (None, "")}
        full |= {name: value for name, (value, where) in self._options.items() if value and operation in where}
        return full | {"Bucket": bucket} if bucket else full

    def _move(self, bucket: str, asked: str, refusal: Refusal) -> None:
        if refusal.region and refusal.region != asked:
            self._regions[bucket] = refusal.region
        else:
            self._regions.pop(bucket, None)

    async def _explain(self, refusal: Refusal) -> Refusal | None:
        """Why a HEAD was refused: its answer has no body, a GET's has. None when the refusal is about the object."""
        bucket = refusal.bucket
        async with self._locks.setdefault(bucket, asyncio.Lock()):
            asked_at, why = self._explained.get(bucket, (float("-inf"), None))
            if self._clock.monotonic() - asked_at >= _EXPLAINED_S:
                why = await self._ask_why(bucket)
                self._explained[bucket] = self._clock.monotonic(), why
        return why

    async def _ask_why(self, bucket: str) -> Refusal | None:
        region = self._regions.get(bucket, self._sdk.region)
        try:
            params = self._with_options("ListObjectsV2", {"MaxKeys": 1}, bucket)
            reply = await self._exchange(region, "ListObjectsV2", params)
        except CloudError:
            return None
        if reply.status < 300:
            return None
        refusal = self._sdk.refusal("s3", "ListObjectsV2", reply, bucket)
        return refusal if is_credentials(refusal) else None


class _Elsewhere(Exception):
    """The bucket lives in another region, which is known now."""

    def __init__(self, error: CloudError) -> None:
        super().__init__(str(error))
        self.error = error
