"""Alibaba Cloud OSS, through its SDK's signing, endpoints and transport (FACTS 4)."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from restoretui.core.clock import Clock, SystemClock
from restoretui.core.errors import (
    AccessDenied,
    CloudError,
    CredentialsError,
    InvalidRequest,
    MalformedAnswer,
    Unsupported,
    UsageError,
)
from restoretui.core.model import Bucket, Identity, ObjectDetail, ObjectRef, Page, RestoreRequest
from restoretui.core.network.endpoints import aliyun_region, check_endpoint
from restoretui.core.provider import (
    Answer,
    Capabilities,
    Connection,
    Limits,
    MfaPrompter,
    OpenProvider,
    Outcome,
    Provider,
)
from restoretui.core.rules.oss import OSS
from restoretui.core.rules.oss_regions import check_region
from restoretui.providers.oss.credentials import KeyRing, look_up
from restoretui.providers.oss.errors import EXPIRED, error_for, is_account, is_credentials, refused
from restoretui.providers.oss.pages import read_buckets, read_document, read_listing
from restoretui.providers.regions import BucketRegions, elsewhere
from restoretui.providers.threads import run_in_thread
from restoretui.providers.wire.checked_values import believed_size
from restoretui.providers.wire.continuation import Tokens
from restoretui.providers.wire.foreign_answers import is_error, is_marked, why_foreign, why_not_accepted
from restoretui.providers.wire.listing_xml import Unreadable, split_token
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.regions import is_region
from restoretui.providers.wire.restore_header import parse_instant, parse_restore

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.oss.sdk import OssRequest, OssResponse, OssSdk
    from restoretui.providers.wire.refusals import Refusal

T = TypeVar("T")

RESTORES_PER_SECOND = 500.0
"""What OSS names as the average of an account and Region for ColdArchive (FACTS 4.1)."""
_DIRECTLY_READ = frozenset({"Archive"})


class OssProvider:
    """One account's OSS. See ``core.provider.Provider``; made by ``open``."""

    scheme = "oss"

    def __init__(self, sdk: "OssSdk", profile: str, ring: KeyRing) -> None:
        self._sdk = sdk
        self._ring = ring
        self._profile = profile
        self._regions = BucketRegions(lambda: sdk.region, self._find_region)
        self.capabilities = Capabilities(max_rate=RESTORES_PER_SECOND, clean=True, keys_in_order=not sdk.endpoint)

    @classmethod
    async def open(
        cls,
        connection: Connection,
        limits: Limits | None = None,
        clock: Clock | None = None,
        mfa: MfaPrompter | None = None,
    ) -> "OssProvider":
        """Load the SDK and read the credentials, both beside the event loop: see ``OpenProvider``.

        The profile is a section of ossutil's config file, none of which asks for codes.
        """
        del mfa
        profile = connection.profile
        _check_endpoint(connection.endpoint_url, "OSS_ENDPOINT or oss_endpoint")
        found = await asyncio.to_thread(look_up, profile)
        _check_endpoint(found.endpoint, "ossutil's config file")
        if named := aliyun_region(connection.endpoint_url or found.endpoint):
            check_region(named, "the OSS endpoint")
        if found.region:
            check_region(found.region, "the region of the OSS profile")
        ring = KeyRing(profile, clock or SystemClock(), found)

        async def load() -> "OssSdk":
            from restoretui.providers.oss.sdk import OssSdk

            return OssSdk(connection, limits or Limits(), ring, found)

        return cls(await run_in_thread(load, "restoretui-oss-sdk"), profile or "", ring)

    @property
    def endpoint(self) -> str:
        """Of a store that is not Alibaba Cloud's own; empty for that."""
        return self._sdk.endpoint

    @property
    def region(self) -> str:
        """Where requests go that are about no bucket."""
        return self._sdk.region

    @property
    def profile(self) -> str:
        """The profile of ossutil's config file; empty for none."""
        return self._profile

    async def identity(self) -> Identity:
        """As the Protocol says; OSS has no call for it, so the account is the owner of its buckets.

        A custom domain stands for one bucket, and does not tell whose.
        """
        if self._sdk.is_cname:
            return Identity(account="", arn="", profile=self._profile, region=self._sdk.region)
        _, owner, _ = await self._ask(self._request("ListBuckets", query={"max-keys": "1"}), _buckets)
        return Identity(account=owner, arn="", profile=self._profile, region=self._sdk.region)

    async def list_buckets(self) -> list[Bucket]:
        if self._sdk.is_cname:
            raise InvalidRequest(
                "a custom domain stands for one bucket, so no others can be listed there",
                "name the bucket, or leave oss_cname away",
                operation="ListBuckets",
            )
        found: dict[str, Bucket] = {}
        query, tokens = {"max-keys": "1000"}, Tokens("ListBuckets")
        while True:
            buckets, _, marker = await self._ask(self._request("ListBuckets", query=query), _buckets)
            for bucket in buckets:
                found[bucket.name] = bucket
                if bucket.region:
                    self._regions.learn(bucket.name, bucket.region)
            query["marker"] = tokens.next(marker)
            if not marker:
                return [found[name] for name in sorted(found)]

    async def bucket_region(self, bucket: str) -> str:
        return await self._regions.of(bucket)

    async def list_page(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        token: str | None = None,
        versions: bool = False,
        max_keys: int = 1000,
    ) -> Page:
        """As the Protocol says. For versions, ``start_after`` skips every version of that key."""
        query = {"encoding-type": "url", "max-keys": str(max_keys), "prefix": prefix, "delimiter": delimiter}
        if versions:
            query["versions"] = ""
            query["key-marker"], query["version-id-marker"] = _markers(token) if token else (start_after, "")
        else:
            query["list-type"] = "2"
            query["continuation-token"], query["start-after"] = token or "", "" if token else start_after
        query = {name: value for name, value in query.items() if value or name == "versions"}
        ask = self._request("ListObjectVersions" if versions else "ListObjectsV2", bucket, query=query)
        page = await self._ask(ask, lambda reply: read_listing(reply.body, versions=versions))
        if versions and start_after and not token:
            # Whether the marker's own versions belong to what follows it is nowhere said.
            page = page._replace(entries=[entry for entry in page.entries if entry.key != start_after])
        return page

    async def head_object(self, ref: ObjectRef) -> ObjectDetail:
        ask = self._request("HeadObject", ref.bucket, ref.key, _version(ref), method="HEAD")
        return await self._ask(ask, lambda reply: _detail(ref, reply))

    async def restore_object(self, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> Answer:
        query = {"restore": ""} | _version(ref)
        body = _restore_body(request, storage_class)
        ask = self._request("RestoreObject", ref.bucket, ref.key, query, method="POST", body=body)
        reply, refusal = await self._once(ask)
        if refusal is not None:
            return refused(refusal)
        outcome = Outcome.UPDATED if reply.status == 200 else Outcome.ACCEPTED
        return Answer(outcome, reply.status, request_id=reply.request_id)

    async def clean_restored_object(self, ref: ObjectRef) -> bool:
        query = {"cleanRestoredObject": ""} | _version(ref)
        ask = self._request("CleanRestoredObject", ref.bucket, ref.key, query, method="POST")
        _, refusal = await self._once(ask)
        if refusal is None:
            return True
        if refusal.code == "ArchiveRestoreFileStale":
            return False
        if refusal.code == "OperationNotSupported":
            raise Unsupported(
                "only copies of ColdArchive and DeepColdArchive objects can be ended early", code=refusal.code,
                status=refusal.status, request_id=refusal.request_id, operation=refusal.operation,
            )  # fmt: skip
        raise self._error(refusal)

    async def readable_archives(self, bucket: str) -> frozenset[str]:
        query = {"bucketArchiveDirectRead": ""}
        ask = self._request("GetBucketArchiveDirectRead", bucket, query=query)
        try:
            enabled = await self._ask(ask, _direct_read)
        except (AccessDenied, InvalidRequest, Unsupported):
            return frozenset()  # not allowed to know, or a Region that lacks it: then a restore is what works
        return _DIRECTLY_READ if enabled else frozenset()

    async def aclose(self) -> None:
        await self._sdk.aclose()

    # --- one request ---

    def _request(
        self,
        operation: str,
        bucket: str = "",
        key: str = "",
        query: dict[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes = b"",
    ) -> "OssRequest":
        from restoretui.providers.oss.sdk import OssRequest

        if operation in _OF_OBJECTS and not key:
            raise InvalidRequest(f"{operation} cannot be asked about an empty name", operation=operation)
        try:
            key.encode()
        except UnicodeEncodeError:
            raise InvalidRequest(f"{operation} cannot be asked: the name is not valid Unicode") from None
        return OssRequest(operation, method, bucket, key, query or {}, body)

    async def _ask(self, ask: "OssRequest", understand: "Callable[[OssResponse], T]") -> T:
        """Ask, again where the bucket turns out to live elsewhere; ``understand`` raises ``Unreadable``."""
        from restoretui.providers.oss.sdk import Refused

        for last in (False, True):
            region = await self._regions.of(ask.bucket)
            try:
                reply = await self._exchange(ask, region)
            except Refused as no:
                if not last and await self._moved(no.refusal, region):
                    continue
                raise self._error(no.refusal) from None
            try:
                return understand(reply)
            except Unreadable as error:
                raise _unreadable(ask, reply, str(error)) from None
        raise AssertionError("a second answer is always returned or raised")

    async def _once(self, ask: "OssRequest") -> "tuple[OssResponse, Refusal | None]":
        """Ask exactly once. A refusal comes back as it is, except the wrong Region and unfit credentials."""
        from restoretui.providers.oss.sdk import OssResponse, Refused

        region = await self._regions.of(ask.bucket)
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
            raise self._error(refusal)
        return OssResponse(refusal.status, {}, b""), refusal

    async def _exchange(self, ask: "OssRequest", region: str) -> "OssResponse":
        reply = await self._sdk.exchange(ask, region)
        if why := why_foreign(ask.operation, reply.status, reply.headers, reply.body):
            raise _unreadable(ask, reply, why)
        return reply

    async def _find_region(self, bucket: str) -> str:
        from restoretui.providers.oss.sdk import Refused

        if self._sdk.is_cname and self._sdk.named_region:
            return self._sdk.named_region  # There is one bucket, and it was said where.
        ask = self._request("GetBucketLocation", bucket, query={"location": ""})
        try:
            reply = await self._exchange(ask, self._sdk.region)
        except Refused as no:
            if no.refusal.region:
                return no.refusal.region
            error = self._error(no.refusal)
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

    def _error(self, refusal: "Refusal") -> CloudError:
        error = error_for(refusal, self.endpoint)
        if isinstance(error, CredentialsError):
            if refusal.code in EXPIRED and self._ring.are_fixed:
                error.as_wrong()
            if refusal.code == "SignatureDoesNotMatch" and self._sdk.is_cname:
                error.hint += "; is the custom domain that of this bucket?"
        return error

    async def _moved(self, refusal: "Refusal", asked: str) -> bool:
        """Learn from a refusal that names another Region; one that names none is about something else."""
        return bool(refusal.region) and await self._regions.moved(refusal.bucket, refusal.region, asked)


_ACCEPTING = {"RestoreObject": (200, 202), "CleanRestoredObject": (200, 204)}
"""The documented answers of a yes (FACTS 4.1)."""
_OF_OBJECTS = frozenset({"HeadObject", "RestoreObject", "CleanRestoredObject"})


def _restore_body(request: RestoreRequest, storage_class: str) -> bytes:
    """Days, and the tier where the class takes one (FACTS 4.1)."""
    rule = OSS.archives.get(storage_class)
    tier = ""
    if rule is not None and rule.takes_tier:
        tier = f"<JobParameters><Tier>{escape(request.tier.wire)}</Tier></JobParameters>"
    return f"<RestoreRequest><Days>{request.days}</Days>{tier}</RestoreRequest>".encode()


def _version(ref: ObjectRef) -> dict[str, str]:
    return {} if ref.version_id is None else {"versionId": ref.version_id}


def _markers(token: str) -> tuple[str, str]:
    try:
        return split_token(token)
    except ValueError:
        raise InvalidRequest("that is not a token of a versions listing", "list again from the start") from None


def _buckets(reply: "OssResponse") -> tuple[list[Bucket], str, str]:
    return read_buckets(reply.body)


def _direct_read(reply: "OssResponse") -> bool:
    return read_document(reply.body, "ArchiveDirectReadConfiguration").findtext("Enabled") == "true"


def _detail(ref: ObjectRef, reply: "OssResponse") -> ObjectDetail:
    headers = reply.headers
    return ObjectDetail(
        ref=ref,
        size=believed_size(headers.get("content-length")),
        modified=parse_instant(headers.get("last-modified")),
        storage_class=headers.get("x-oss-storage-class") or "Standard",
        restore=parse_restore(headers.get("x-oss-restore")),
        etag=headers.get("etag", "").removeprefix('"').removesuffix('"'),
        version_id=headers.get("x-oss-version-id"),
        lifecycle_expiry=headers.get("x-oss-expiration", ""),
        headers=tuple((name.lower(), value) for name, value in headers.items()),
    )


def _unreadable(ask: "OssRequest", reply: "OssResponse", why: str) -> MalformedAnswer:
    return MalformedAnswer(
        f"the answer to {ask.operation} cannot be read: {why}",
        "is OSS_ENDPOINT an OSS endpoint?",
        status=reply.status,
        request_id=reply.request_id,
        operation=ask.operation,
    )


def _check_endpoint(endpoint: str | None, source: str) -> None:
    if not endpoint:
        return
    if any(char in endpoint for char in "@?#"):
        check_endpoint(endpoint, source, bare=True)  # which does not repeat it
    try:
        parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(
            f"{endpoint!r} cannot be an OSS endpoint", "write OSS_ENDPOINT=oss-cn-hangzhou.aliyuncs.com, or its URL"
        )


open_provider = OssProvider.open

if TYPE_CHECKING:
    _: type[Provider] = OssProvider
    _opens: OpenProvider = open_provider
