"""The S3 client: one exchange a call, to the right region, errors classified. Retrying is the engine's business."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from restoretui.core import doing
from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError, CredentialsError, InvalidRequest, MalformedAnswer, WrongPlace
from restoretui.core.network.endpoints import secure_twin
from restoretui.core.provider import Presigned
from restoretui.providers.http.genuine import genuine_body
from restoretui.providers.reading_turns import ReadingTurns
from restoretui.providers.regions import BucketRegions, elsewhere
from restoretui.providers.s3.client.late_sdk import SdkWanted
from restoretui.providers.s3.client.presigning import LONGEST_S, presigned
from restoretui.providers.s3.client.request_builder import RequestBuilder, S3Request
from restoretui.providers.wire.foreign_answers import is_error, root_of, why_not_accepted
from restoretui.providers.wire.listings.listing_xml import ErrorInside, Unreadable
from restoretui.providers.wire.refusals import (
    EXPIRED,
    Refusal,
    error_for,
    is_account,
    is_credentials,
    is_unfit_region,
    is_wrong_region,
    printable,
)
from restoretui.providers.wire.regions import is_region
from restoretui.providers.wire.xml_trees import LONGEST_ERROR

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.s3.client.late_sdk import LateSdk
    from restoretui.providers.s3.client.transport import HttpResponse

T = TypeVar("T")

_MOST_FAULTS = 3
"""Server faults of HeadBucket on one bucket, after which it is no longer waited for."""
_SILENT = frozenset({"PutObject", "UploadPart", "DeleteObject", "AbortMultipartUpload"})
"""Operations whose answers have no body."""
_OF_RESULTS = ("Result", "Response", "LifecycleConfiguration", "VersioningConfiguration", "Tagging")
"""How the documents of all services asked here are called."""
_EXPLAINED_S = 10.0
"""How long one explanation of bodiless refusals serves a bucket; machine time."""


class S3Client:
    """A client without retries: each call sends its request once.

    Two things cost a request more: a bucket's region, asked for once, and why a HEAD was refused with 400 or 403,
    asked for at most every ten seconds a bucket, because such an answer has no body to say so.
    """

    def __init__(self, sdk: "LateSdk", requests: RequestBuilder, clock: Clock) -> None:
        self._sdk = sdk
        self._requests = requests
        self._clock = clock
        self.regions = BucketRegions(lambda: sdk.region, self._find_region)
        self._unopened: dict[str, Refusal] = {}
        self._explained: dict[str, tuple[float, Refusal | None]] = {}
        self._faults: Counter[str] = Counter()
        self._reading = ReadingTurns()

    async def read(self, ask: S3Request, understand: Callable[["HttpResponse"], T]) -> T:
        """Ask; ``understand`` reads the answer, raising ``Unreadable`` or ``ErrorInside`` where it cannot."""
        for last in (False, True):
            region = ask.region or await self.regions.of(ask.bucket)
            reply = await self._exchange(ask, region)
            if reply.status < 300:
                await self._reading.wait(len(reply.body))
                try:
                    return await self._understood(reply, understand)
                except Unreadable as error:
                    raise _unreadable(ask, reply, str(error)) from None
                except ErrorInside:
                    pass
            refusal = await self._refusal(ask, reply, region)
            if not last and is_wrong_region(refusal) and await self._moved(refusal, region, ask.service):
                continue
            if ask.operation == "HeadObject" and refusal.status in (301, 307, 400, 403):
                refusal = await self._explain(refusal) or refusal
                if not last and refusal.region and await self._moved(refusal, region):
                    continue
            raise self._error(refusal)
        raise AssertionError("a second answer is always returned or raised")

    async def _understood(self, reply: "HttpResponse", understand: Callable[["HttpResponse"], T]) -> T:
        try:
            return understand(reply)
        except SdkWanted:
            await self._sdk.load()
            return understand(reply)

    def parsed(self, operation: str, service: str = "s3") -> Callable[["HttpResponse"], dict[str, Any]]:
        """Reads an answer as the SDK does, for ``read``, where it is a document of the operation's at all."""

        def parse(reply: "HttpResponse") -> dict[str, Any]:
            root = root_of(reply.body)
            if not root and (reply.body.strip() or operation not in _SILENT):
                raise Unreadable("it is no XML" if reply.body.strip() else "it is empty")
            if root.lower() in ("error", "errorresponse"):
                raise ErrorInside
            if root and not root.endswith(_OF_RESULTS):
                # Whose fields the SDK would not find, and so read an account without buckets.
                raise Unreadable(f"it is a <{printable(root)}> document")
            try:
                return self._sdk.parse(service, operation, reply)
            except ValueError as error:
                raise Unreadable(str(error)) from error

        return parse

    async def presigned_get(self, bucket: str, given: Mapping[str, str], longest_s: float) -> Presigned:
        """A link that reads an object, signed here; its Region is asked for if it is not known."""
        region = await self.regions.of(bucket)
        ready = await self._sdk.prepare("s3", region, "GetObject", {"Bucket": bucket, **given}, {})
        keys = await self._sdk.vault.keys()
        seconds = int(min(longest_s, LONGEST_S, self._sdk.vault.seconds_left()))
        if seconds < 1:
            raise CredentialsError(
                "a link would end at once", "renew the credentials, or restore the copy for longer"
            )
        more = {"x-amz-request-payer": "requester"} if self._requests.pays else {}
        signed = presigned(ready.request.url, region, keys, self._clock.wall(), seconds, more)
        return Presigned(signed, seconds)

    async def once(self, ask: S3Request) -> "tuple[HttpResponse, Refusal | None]":
        """Ask exactly once. A refusal comes back as it is, but for a wrong region, unfit credentials and accounts."""
        region = self.regions.told(ask.bucket) or await self.regions.of(ask.bucket)
        reply = await self._exchange(ask, region)
        if reply.status < 300:
            if why := why_not_accepted(reply.status, reply.body):
                raise _unreadable(ask, reply, why)
            if not reply.body or not is_error(reply.body):
                return reply, None
        refusal = await self._refusal(ask, reply, region)
        if is_wrong_region(refusal) and await self._moved(refusal, region):
            raise elsewhere(refusal)
        if is_wrong_region(refusal) or is_credentials(refusal) or is_account(refusal):
            raise self._error(refusal)
        return reply, refusal

    async def open_bucket(self, bucket: str) -> str:
        """Where the bucket lives; ``CredentialsError`` where HeadBucket was refused for that."""
        region = await self.regions.of(bucket)
        if refusal := self._unopened.pop(bucket, None):
            self._explained.pop(bucket, None)
            if why := await self._explain(refusal):
                if why.region and await self._moved(why, region):
                    return await self.regions.of(bucket)
                self.regions.forget(bucket)  # credentials change: ask again
                raise self._error(why)
        return region

    async def _refusal(self, ask: S3Request, reply: "HttpResponse", region: str) -> Refusal:
        return replace(await self._sdk.refusal(ask.service, ask.operation, reply, ask.bucket), signed_for=region)

    async def _find_region(self, bucket: str) -> str:
        """By HeadBucket, which names the region even when it is refused.

        A refusal for want of rights is no verdict: HeadBucket needs ``s3:ListBucket`` without conditions, and whoever
        may list one prefix, or look at one key, is told so by the LIST or HEAD of just that (FACTS 1.10).
        """
        asked = self._sdk.region
        reply = await self._exchange(S3Request("HeadBucket", bucket), asked)
        named = reply.headers.get("x-amz-bucket-region", "")
        _check_region(named, Refusal("HeadBucket", reply.status, bucket=bucket))
        if reply.status < 300 or reply.status in (301, 307, 308):
            return named or asked
        refusal = await self._sdk.refusal("s3", "HeadBucket", reply, bucket)
        if refusal.status in (400, 401, 403):
            if refusal.status != 400 or named in ("", asked):
                self._unopened[bucket] = refusal
            return named or asked
        if refusal.status in (405, 501):
            return named or asked
        self._faults[bucket] += 1
        if refusal.status >= 500 and self._faults[bucket] >= _MOST_FAULTS:
            # Some gateways never learn HeadBucket: what is wanted of the bucket says how that goes.
            return named or asked
        raise self._error(refusal)

    def _error(self, refusal: Refusal) -> CloudError:
        error = error_for(refusal, self._sdk.caller)
        if isinstance(error, CredentialsError) and refusal.code in EXPIRED and self._sdk.vault.are_fixed:
            error.as_wrong()
        return error

    async def _exchange(self, ask: S3Request, region: str) -> "HttpResponse":
        doing.note(ask.operation, ask.bucket)
        out = await self._requests.build(ask, region)
        reply = await out.transport.exchange(out.request, ask.operation)
        if 300 <= reply.status < 400 and (secure := secure_twin(out.request.url, reply.headers.get("location", ""))):
            raise WrongPlace(
                f"the endpoint answers http with a redirect to {secure}",
                f"write it with https: --endpoint-url {secure}",
                status=reply.status,
                operation=ask.operation,
            )
        try:
            body = genuine_body(ask.operation, reply.status, reply.headers, reply.body)
        except Unreadable as error:
            raise _unreadable(ask, reply, str(error)) from None
        if body is not reply.body:
            reply = replace(reply, body=body)
        if reply.status in (400, 401, 403) and any(code.encode() in reply.body[:LONGEST_ERROR] for code in EXPIRED):
            self._sdk.vault.reject(out.keys)
        return reply

    async def _moved(self, refusal: Refusal, asked: str, service: str = "s3") -> bool:
        """Learn from a redirect, looking again where it does not say; whether the bucket is elsewhere indeed."""
        if not refusal.bucket:
            _check_region(refusal.region, refusal)
            if service != "s3" or refusal.region in ("", asked):
                return False
            self._sdk.region = refusal.region  # A store that has one region has it for all requests.
            return True
        self.regions.forget(refusal.bucket)  # also where what the answer names is none
        _check_region(refusal.region, refusal)
        return await self.regions.moved(refusal.bucket, refusal.region, asked)

    async def _explain(self, refusal: Refusal) -> Refusal | None:
        """Why a HEAD was refused, as a GET's body tells it. None when it is about the object or bucket itself."""
        bucket = refusal.bucket
        async with self.regions.lock(bucket):
            asked_at, why = self._explained.get(bucket, (float("-inf"), None))
            if self._clock.monotonic() - asked_at >= _EXPLAINED_S:
                why = await self._ask_why(bucket)
                self._explained[bucket] = self._clock.monotonic(), why
        return why

    async def _ask_why(self, bucket: str) -> Refusal | None:
        region = self.regions.known(bucket)
        try:
            reply = await self._exchange(S3Request("ListObjectsV2", bucket, fixed={"MaxKeys": 1}), region)
        except MalformedAnswer:
            raise  # Something between us and the store refuses, with a page of its own.
        except CloudError:
            return None
        if reply.status < 300:
            return None
        refusal = replace(await self._sdk.refusal("s3", "ListObjectsV2", reply, bucket), signed_for=region)
        told = is_credentials(refusal) or is_account(refusal) or is_unfit_region(refusal)
        return refusal if told or (is_wrong_region(refusal) and refusal.region) else None


def _check_region(named: str, refusal: Refusal) -> None:
    """Refuse at once to ask where no region can be."""
    if named and not is_region(named):
        raise InvalidRequest.of(
            refusal,
            f"the answer to {refusal.operation} says that bucket {refusal.bucket!r} lives in "
            f"{printable(named, 80)!r}, which cannot be a region",
            "is it an S3 endpoint?",
        )


def _unreadable(ask: S3Request, reply: "HttpResponse", why: str) -> MalformedAnswer:
    return MalformedAnswer(
        f"the answer to {ask.operation} cannot be read: {why}",
        "is it an S3 endpoint?",
        status=reply.status,
        request_id=reply.headers.get("x-amz-request-id", ""),
        operation=ask.operation,
    )
