"""Alibaba Cloud OSS, through its SDK's signing, endpoints and transport (FACTS 4)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from restoretui.core.clock import Clock, SystemClock
from restoretui.core.errors import (
    AccessDenied,
    CloudError,
    InvalidRequest,
    Unsupported,
    UsageError,
)
from restoretui.core.model import Bucket, Identity, ObjectDetail, ObjectRef, Page, RestoreRequest
from restoretui.core.network.endpoints import aliyun_region, check_endpoint
from restoretui.core.provider import (
    Answer,
    Capabilities,
    Connection,
    FilePiece,
    Limits,
    MfaPrompter,
    OpenProvider,
    Outcome,
    Presigned,
    Provider,
)
from restoretui.core.rules.oss import OSS
from restoretui.core.rules.oss_regions import check_region
from restoretui.providers.oss.client import OssClient
from restoretui.providers.oss.credentials import KeyRing, look_up
from restoretui.providers.oss.errors import refused
from restoretui.providers.oss.lifecycle import read_lifecycle
from restoretui.providers.oss.object_detail import read_detail, version_query
from restoretui.providers.oss.pages import read_buckets, read_document, read_listing
from restoretui.providers.threads import run_in_thread
from restoretui.providers.wire.checked_values import believed_size
from restoretui.providers.wire.continuation import all_of
from restoretui.providers.wire.listings.page_request import PageRequest
from restoretui.providers.wire.xml_trees import Unreadable

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.core.events.service import EventService
    from restoretui.core.inventory.rules import InventoryRule
    from restoretui.core.then.contents import Contents
    from restoretui.providers.oss.sdk import OssResponse, OssSdk

RESTORES_PER_SECOND = 500.0
"""What OSS names as the average of an account and Region for ColdArchive (FACTS 4.1)."""
_SDK = "alibabacloud_oss_v2"
"""An optional dependency, since it and what it brings are 25 MB that only OSS needs."""
_INSTALL = "it is the extra `oss`: pip install 'restoretui[oss]', or '.[oss]' in a checkout"
_PIECE = 4 << 20
"""Bytes of an object at a time."""
_PARTIAL = 206
_DIRECTLY_READ = frozenset(name for name, rule in OSS.archives.items() if rule.direct)


class OssProvider:
    """One account's OSS. See ``core.provider.Provider``; made by ``open``."""

    scheme = "oss"

    def __init__(self, sdk: "OssSdk", profile: str, ring: KeyRing) -> None:
        self._sdk = sdk
        self._profile = profile
        self._ring = ring
        ring.whose.ask = self._account
        self._calls = OssClient(sdk, ring)
        self.capabilities = Capabilities(
            max_rate=RESTORES_PER_SECOND, clean=True, keys_in_order=not sdk.endpoint, expirations=True, presigns=True,
            inventory_rules=True, contents=True, reads_files=True, events=True,
        )  # fmt: skip

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
            try:
                from restoretui.providers.oss.sdk import OssSdk
            except ModuleNotFoundError as missing:
                if (missing.name or "").partition(".")[0] != _SDK:
                    raise
                raise UsageError(
                    "oss:// locations need Alibaba Cloud's SDK, which is not installed", _INSTALL
                ) from None
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
        _, owner, _ = await self._calls.ask(self._calls.request("ListBuckets", query={"max-keys": "1"}), _buckets)
        return Identity(account=owner, arn="", profile=self._profile, region=self._sdk.region)

    async def _account(self) -> str:
        return (await self.identity()).account

    async def list_buckets(self) -> list[Bucket]:
        """ListBuckets to its last page; Regions are remembered. ``InvalidRequest`` behind a custom domain."""
        if self._sdk.is_cname:
            raise InvalidRequest(
                "a custom domain stands for one bucket, so no others can be listed there",
                "name the bucket, or leave oss_cname away",
                operation="ListBuckets",
            )

        async def ask(marker: str) -> tuple[list[Bucket], str]:
            query = {"max-keys": "1000"} | ({"marker": marker} if marker else {})
            buckets, _, told = await self._calls.ask(self._calls.request("ListBuckets", query=query), _buckets)
            return buckets, told

        found = {bucket.name: bucket for bucket in await all_of("ListBuckets", ask)}
        for bucket in found.values():
            if bucket.region:
                self._calls.regions.learn(bucket.name, bucket.region)
        return [found[name] for name in sorted(found)]

    async def bucket_region(self, bucket: str) -> str:
        return await self._calls.regions.of(bucket)

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
        """ListObjectsV2, or ListObjectVersions; both tell of restores unasked (FACTS 4.2)."""
        asked = PageRequest(prefix, delimiter, start_after, token, versions)
        kind = {"versions": ""} if versions else {"list-type": "2"}
        query = {"encoding-type": "url", "max-keys": str(max_keys), **kind, **asked.fields}
        ask = self._calls.request(asked.operation, bucket, query=query)
        return asked.kept(await self._calls.ask(ask, lambda reply: read_listing(reply.body, versions=versions)))

    async def head_object(self, ref: ObjectRef) -> ObjectDetail:
        ask = self._calls.request("HeadObject", ref.bucket, ref.key, version_query(ref), method="HEAD")
        return await self._calls.ask(ask, lambda reply: read_detail(ref, reply))

    async def read_piece(self, bucket: str, key: str, at: int, etag: str) -> FilePiece:
        """As ``ReadsFiles`` says."""
        # Text is packed on its way for who takes that, and then has no ranges.
        headers = {"Range": f"bytes={at}-{at + _PIECE - 1}", "Accept-Encoding": "identity"}
        ask = self._calls.request("GetObject", bucket, key, headers=headers | ({"If-Match": etag} if etag else {}))
        try:
            piece = await self._calls.ask(ask, lambda reply: _piece(reply, at))
        except InvalidRequest as error:
            if error.status != 416 or at:
                raise
            return FilePiece(b"", 0, "")  # An empty object has no range at all.
        if etag and piece.etag != etag:
            raise InvalidRequest(f"{key[:200]!r} changed while it was read", status=412, operation="GetObject")
        return piece

    async def restore_object(self, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> Answer:
        """RestoreObject; tier only of classes that take one (FACTS 4.1)."""
        query = {"restore": ""} | version_query(ref)
        body = _restore_body(request, storage_class)
        ask = self._calls.request("RestoreObject", ref.bucket, ref.key, query, method="POST", body=body)
        reply, refusal = await self._calls.once(ask)
        if refusal is not None:
            return refused(refusal)
        outcome = Outcome.UPDATED if reply.status == 200 else Outcome.ACCEPTED
        return Answer(outcome, reply.status, request_id=reply.request_id)

    async def presigned_get(self, ref: ObjectRef, longest_s: float) -> Presigned:
        return await self._calls.presigned_get(ref, longest_s)

    async def clean_restored_object(self, ref: ObjectRef) -> bool:
        """CleanRestoredObject, which exists for Cold and Deep Cold Archive alone (FACTS 4.1)."""
        query = {"cleanRestoredObject": ""} | version_query(ref)
        ask = self._calls.request("CleanRestoredObject", ref.bucket, ref.key, query, method="POST")
        _, refusal = await self._calls.once(ask)
        if refusal is None:
            return True
        if refusal.code == "ArchiveRestoreFileStale":
            return False
        if refusal.code == "OperationNotSupported":
            raise Unsupported.of(refusal, "only copies of ColdArchive and DeepColdArchive objects can be ended early")
        raise self._calls.error(refusal)

    async def readable_archives(self, bucket: str) -> frozenset[str]:
        """GetBucketArchiveDirectRead; none where that may not be asked, or the Region lacks it."""
        query = {"bucketArchiveDirectRead": ""}
        ask = self._calls.request("GetBucketArchiveDirectRead", bucket, query=query)
        try:
            enabled = await self._calls.ask(ask, _direct_read)
        except (AccessDenied, InvalidRequest, Unsupported):
            return frozenset()  # not allowed to know, or a Region that lacks it: then a restore is what works
        return _DIRECTLY_READ if enabled else frozenset()

    async def expirations(self, bucket: str) -> Sequence[Mapping[str, Any]]:
        """As ``TellsExpirations`` says."""
        ask = self._calls.request("GetBucketLifecycle", bucket, query={"lifecycle": ""})
        try:
            return await self._calls.ask(ask, lambda reply: read_lifecycle(reply.body))
        except CloudError as error:
            if error.code == "NoSuchLifecycle":
                return []
            raise

    async def inventory_rules(self, bucket: str) -> "Sequence[InventoryRule]":
        """As ``TellsInventories`` says."""
        from restoretui.providers.oss.inventory_rules import read_inventory_rules

        async def ask(token: str) -> tuple[list["InventoryRule"], object]:
            query = {"inventory": ""} | ({"continuation-token": token} if token else {})
            request = self._calls.request("ListBucketInventory", bucket, query=query)
            return await self._calls.ask(request, lambda reply: read_inventory_rules(reply.body))

        try:
            return await all_of("ListBucketInventory", ask)
        except CloudError as error:
            if error.code == "NoSuchInventory":
                return []
            raise

    def events(self) -> "EventService":
        """As ``HandlesEvents`` says."""
        from restoretui.providers.oss.queues import OssQueues

        return OssQueues(self._ring)

    def contents(self) -> "Contents":
        """As ``HandlesContents`` says."""
        from restoretui.providers.oss.contents import OssContents

        return OssContents(self._calls)

    async def aclose(self) -> None:
        await self._sdk.aclose()


def _restore_body(request: RestoreRequest, storage_class: str) -> bytes:
    """Days, and the tier where the class takes one (FACTS 4.1)."""
    rule = OSS.archives.get(storage_class)
    tier = ""
    if rule is not None and rule.takes_tier:
        tier = f"<JobParameters><Tier>{escape(request.tier.wire)}</Tier></JobParameters>"
    return f"<RestoreRequest><Days>{request.days}</Days>{tier}</RestoreRequest>".encode()


def _buckets(reply: "OssResponse") -> tuple[list[Bucket], str, str]:
    return read_buckets(reply.body)


def _direct_read(reply: "OssResponse") -> bool:
    return read_document(reply.body, "ArchiveDirectReadConfiguration").findtext("Enabled") == "true"


def _piece(reply: "OssResponse", at: int) -> FilePiece:
    if at and reply.status != _PARTIAL:
        raise Unreadable("a part of an object was asked for, and not only that came")
    size = believed_size(reply.headers.get("content-range", "").rpartition("/")[2])
    whole = at + len(reply.body) if size is None else size
    return FilePiece(reply.body, whole, reply.headers.get("etag", ""))


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
