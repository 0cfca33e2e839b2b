"""The OSS client: one exchange a call, to the right region, errors classified. Retrying is the engine's business."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from restoretui.core.errors import CloudError, CredentialsError, InvalidRequest, MalformedAnswer
from restoretui.core.model import ObjectRef
from restoretui.core.provider import Presigned
from restoretui.providers.http.genuine import genuine_body
from restoretui.providers.oss.credentials import KeyRing
from restoretui.providers.oss.errors import EXPIRED, error_for, is_account, is_credentials
from restoretui.providers.oss.pages import read_document
from restoretui.providers.reading_turns import ReadingTurns
from restoretui.providers.regions import BucketRegions, elsewhere
from restoretui.providers.wire.foreign_answers import is_error, is_marked, why_not_accepted
from restoretui.providers.wire.listings.listing_xml import Unreadable
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.regions import is_region

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.oss.sdk import OssRequest, OssResponse, OssSdk
    from restoretui.providers.wire.refusals import Refusal

T = TypeVar("T")

LONGEST_S = 604_800
"""Seven days, the longest that a link signed with version 4 serves."""
_ACCEPTING = {"RestoreObject": (200, 202), "CleanRestoredObject": (200, 204)}
"""The documented answers of a yes (FACTS 4.1)."""
_OF_OBJECTS = frozenset(
    {"HeadObject", "RestoreObject", "CleanRestoredObject", "GetObject", "CopyObject", "DeleteObject"}
)


class OssClient:
    """A client without retries: each call sends its request once, and a bucket's region is asked for once."""

    def __init__(self, sdk: "OssSdk", ring: KeyRing) -> None:
        self._sdk = sdk
        self._ring = ring
        self.regions = BucketRegions(lambda: sdk.region, self._find_region)
        self._reading = ReadingTurns()

    def request(
        self,
        operation: str,
        bucket: str = "",
        key: str = "",
        query: dict[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> "OssRequest":
        """A request to be asked; ``InvalidRequest`` for what cannot be put into one."""
        from restoretui.providers.oss.sdk import OssRequest

        if operation in _OF_OBJECTS and not key:
            raise InvalidRequest(f"{operation} cannot be asked about an empty name", operation=operation)
        try:
            key.encode()
        except UnicodeEncodeError:
            raise InvalidRequest(f"{operation} cannot be asked: the name is not valid Unicode") from None
        return OssRequest(operation, method, bucket, key, query or {}, body, headers or {})

    async def ask(self, ask: "OssRequest", understand: "Callable[[OssResponse], T]") -> T:
        """Ask, again where the bucket turns out to live elsewhere; ``understand`` raises ``Unreadable``."""
        from restoretui.providers.oss.sdk import Refused

        for last in (False, True):
            region = await self.regions.of(ask.bucket)
            try:
                reply = await self._exchange(ask, region)
            except Refused as no:
                if not last and await self._moved(no.refusal, region):
                    continue
                raise self.error(no.refusal) from None
            await self._reading.wait(len(reply.body))
            try:
                return understand(reply)
            except Unreadable as error:
                raise _unreadable(ask, reply, str(error)) from None
        raise AssertionError("a second answer is always returned or raised")

    async def presigned_get(self, ref: ObjectRef, longest_s: float) -> Presigned:
        """A link that reads an object, of no longer life than the keys'."""
        region, keys = await self.regions.of(ref.bucket), await self._ring.keys()
        left = math.inf if keys.expires_at is None else keys.expires_at - self._ring.now()
        seconds = int(min(longest_s, LONGEST_S, left))
        if seconds < 1:
            raise CredentialsError(
                "a link would end at once", "renew the credentials, or restore the copy for longer"
            )
        return Presigned(await self._sdk.presigned_get(ref.bucket, ref.key, ref.version_id, region, seconds), seconds)

    async def once(self, ask: "OssRequest") -> "tuple[OssResponse, Refusal | None]":
        """Ask exactly once. A refusal comes back as it is, except the wrong Region and unfit credentials."""
        from restoretui.providers.oss.sdk import OssResponse, Refused

        region = await self.regions.of(ask.bucket)
        try:
            reply = await self._exchange(ask, region)
        except Refused as no:
            refusal = no.refusal
        else:
            if why := why_not_accepted(reply.status, reply.body, _ACCEPTING[ask.operation]):
                raise _unreadable(ask, reply, why)
            if not is_marked(reply.headers, ("x-oss-",)):
                raise _unreadable(ask, reply, "it bears no header of OSS")
            if is_error(reply.body):
                raise _unreadable(ask, reply, "it is an error with the status of none")
            return reply, None
        if await self._moved(refusal, region):
            raise elsewhere(refusal, "Region")
        if is_credentials(refusal) or is_account(refusal):
            raise self.error(refusal)
        return OssResponse(refusal.status, {}, b""), refusal

    async def _exchange(self, ask: "OssRequest", region: str) -> "OssResponse":
        reply = await self._sdk.exchange(ask, region)
        try:
            body = genuine_body(ask.operation, reply.status, reply.headers, reply.body)
        except Unreadable as error:
            raise _unreadable(ask, reply, str(error)) from None
        return reply._replace(body=body)

    async def _find_region(self, bucket: str) -> str:
        from restoretui.providers.oss.sdk import Refused

        if self._sdk.is_cname and self._sdk.named_region:
            return self._sdk.named_region  # There is one bucket, and it was said where.
        ask = self.request("GetBucketLocation", bucket, query={"location": ""})
        try:
            reply = await self._exchange(ask, self._sdk.region)
        except Refused as no:
            if no.refusal.region:
                return no.refusal.region
            error = self.error(no.refusal)
            if error.status in (403, 405, 501) and not (is_credentials(no.refusal) or is_account(no.refusal)):
                return self._sdk.region  # who may not ask where it is may still restore from it
            raise error from None
        try:
            location = read_document(reply.body, "LocationConstraint").text or ""
        except Unreadable as error:
            raise _unreadable(ask, reply, str(error)) from None
        region = location.strip().removeprefix("oss-") or self._sdk.region
        if not is_region(region):
            raise _unreadable(ask, reply, f"{printable(region, 80)!r} cannot be a Region")
        return region

    def error(self, refusal: "Refusal") -> CloudError:
        """The refusal as an error of ours."""
        error = error_for(refusal, self._sdk.endpoint)
        if isinstance(error, CredentialsError):
            if refusal.code in EXPIRED and self._ring.are_fixed:
                error.as_wrong()
            if refusal.code == "SignatureDoesNotMatch" and self._sdk.is_cname:
                error.hint += "; is the custom domain that of this bucket?"
        return error

    async def _moved(self, refusal: "Refusal", asked: str) -> bool:
        """Learn from a refusal that names another Region; one that names none is about something else."""
        return bool(refusal.region) and await self.regions.moved(refusal.bucket, refusal.region, asked)


def _unreadable(ask: "OssRequest", reply: "OssResponse", why: str) -> MalformedAnswer:
    return MalformedAnswer(
        f"the answer to {ask.operation} cannot be read: {why}",
        "is OSS_ENDPOINT an OSS endpoint?",
        status=reply.status,
        request_id=reply.request_id,
        operation=ask.operation,
    )
