"""S3 and the stores that speak its protocol, through the SDK's credentials, endpoints and request building."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from restoretui.core.clock import Clock, SystemClock
from restoretui.core.errors import CloudError, InvalidRequest, Unsupported
from restoretui.core.literal.literal import Literal
from restoretui.core.model import Bucket, Identity, ObjectDetail, ObjectRef, Page, RestoreRequest
from restoretui.core.network.http_client import HttpClient
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
from restoretui.core.rows import Rows
from restoretui.core.rules.s3 import S3
from restoretui.core.rules.stores import Store, read_spec
from restoretui.providers.s3.capacity import OPERATION, read_capacity
from restoretui.providers.s3.client.client import S3Client
from restoretui.providers.s3.client.files import S3Files
from restoretui.providers.s3.client.request_builder import RequestBuilder, S3Request
from restoretui.providers.s3.object_detail import read_detail
from restoretui.providers.s3.restore_refusals import refused
from restoretui.providers.s3.status_probe import StatusProbe
from restoretui.providers.s3.who_am_i import WhoAmI
from restoretui.providers.threads import run_in_thread
from restoretui.providers.wire.continuation import all_of
from restoretui.providers.wire.listings.history_xml import read_history
from restoretui.providers.wire.listings.listing_tree import StockParser
from restoretui.providers.wire.listings.listing_xml import read_page, read_versions
from restoretui.providers.wire.listings.page_request import PageRequest
from restoretui.providers.wire.listings.restoring_xml import read_restores

if TYPE_CHECKING:
    from restoretui.core.batch.service import BatchService
    from restoretui.core.events.service import EventService
    from restoretui.core.inventory.rules import InventoryRule
    from restoretui.core.then.contents import Contents
    from restoretui.providers.s3.client.late_sdk import LateSdk
    from restoretui.providers.s3.client.transport import HttpResponse

HISTORY, RESTORES = "history", "restores"
"""ListObjectVersions, read with its delete markers; ListObjectsV2, read for what is being restored."""
RESTORES_PER_SECOND = 1000.0
"""RestoreObject's documented limit per account and Region (FACTS 1.6)."""


class S3Provider:
    """One account's S3, or a compatible store. See ``core.provider.Provider``; made by ``open``."""

    scheme = "s3"

    def __init__(self, sdk: "LateSdk", calls: S3Client, clock: Clock, store: Store | None = None) -> None:
        self._sdk = sdk
        self._calls = calls
        self._status_probe = StatusProbe(clock)
        self._rules = store.rules if store else S3
        self._store = store
        self._whoami = WhoAmI(sdk, calls)
        self._names_classes = store.lists_class is True if store else not sdk.caller.endpoint
        self._sends_tiers = store is None or store.tiers
        self._batch: BatchService | None = None
        self._files: S3Files | None = None
        self._asked_for: dict[tuple[RestoreRequest, str], tuple[Mapping[str, Any], Hashable]] = {}
        listed = store.lists_status if store else None
        self._asks_status = listed is not False
        if listed is not None:
            self._status_probe.listings_tell = listed
        self.capabilities = Capabilities(
            max_rate=(store and store.max_rate) or RESTORES_PER_SECOND,
            restore_status_in_list=listed is not False,
            keys_in_order=not sdk.caller.endpoint,
            expirations=True,
            inventory_rules=True,
            capacity=store is None and not sdk.caller.endpoint,
            presigns=True,
            contents=True,
            copies_between=True,
            reads_files=True,
            history=True,
            events=True,
            literal=True,
            lists_restores=True,
        )

    @classmethod
    async def open(
        cls,
        connection: Connection,
        limits: Limits | None = None,
        clock: Clock | None = None,
        mfa: MfaPrompter | None = None,
    ) -> "S3Provider":
        """Read the configuration, or load the SDK, beside the event loop: see ``OpenProvider``."""
        limits, clock = limits or Limits(), clock or SystemClock()

        async def load() -> "LateSdk":
            from restoretui.providers.s3.client.late_sdk import LateSdk

            return await LateSdk.start(connection, limits, clock, mfa)

        sdk = await run_in_thread(load, "restoretui-sdk")
        requests = RequestBuilder(sdk, connection, clock, learns=sdk.http is HttpClient.OWN)
        return cls(
            sdk, S3Client(sdk, requests, clock), clock, read_spec(connection.store) if connection.store else None
        )

    @property
    def endpoint(self) -> str:
        """The compatible store's URL; empty for AWS itself, whatever the region."""
        return self._sdk.caller.endpoint

    @property
    def region(self) -> str:
        """Where requests go that are about no bucket."""
        return self._sdk.region

    @property
    def profile(self) -> str:
        """The profile in use, from the option or ``AWS_PROFILE``; empty for none."""
        return self._sdk.caller.profile

    async def identity(self) -> Identity:
        """As the Protocol says; asked once for the same keys."""
        return await self._whoami.identity()

    async def list_buckets(self) -> list[Bucket]:
        """ListBuckets to its last page, with Regions where the endpoint tells them."""

        async def ask(token: str) -> tuple[list[Bucket], object]:
            asked = {"MaxBuckets": 1000} | ({"ContinuationToken": token} if token else {})
            page = await self._calls.read(S3Request("ListBuckets", fixed=asked), self._calls.parsed("ListBuckets"))
            told = [
                Bucket(str(bucket.get("Name", "")), bucket.get("BucketRegion", ""), bucket.get("CreationDate"))
                for bucket in page.get("Buckets", ())
            ]
            return told, page.get("ContinuationToken")

        found = {bucket.name: bucket for bucket in await all_of("ListBuckets", ask)}
        return [found[name] for name in sorted(found)]

    async def bucket_region(self, bucket: str) -> str:
        """By HeadBucket, which tells it even where it is refused; remembered."""
        return await self._calls.open_bucket(bucket)

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
        """ListObjectsV2, or ListObjectVersions, with RestoreStatus where the endpoint has it (FACTS 1.7)."""
        ask = PageRequest(prefix, delimiter, start_after, token, versions)
        given = {_SDK_NAMES[name]: value for name, value in ask.fields.items()}
        return ask.kept(await self._asked_page(ask.operation, bucket, given, max_keys))

    async def head_object(self, ref: ObjectRef) -> ObjectDetail:
        """HeadObject; what it shows also settles whether listings here tell of restores."""
        detail = await self._calls.read(S3Request("HeadObject", ref.bucket, _given(ref)), partial(read_detail, ref))
        self._status_probe.head(detail)
        return detail

    async def restore_object(self, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> Answer:
        """RestoreObject; 200 and 202, and which of days and tier a class takes: FACTS 1.1, 1.2."""
        wanted = request, storage_class
        if wanted not in self._asked_for:
            self._asked_for[wanted] = self._wording(request, storage_class)
        fixed, kind = self._asked_for[wanted]
        reply, refusal = await self._calls.once(S3Request("RestoreObject", ref.bucket, _given(ref), fixed, kind))
        if refusal is not None:
            return refused(refusal, self._sdk.caller)
        outcome = Outcome.UPDATED if reply.status == 200 else Outcome.ACCEPTED
        if request.literal and Literal.of_text(request.literal).output:
            outcome = Outcome.SELECTED
        told = reply.headers
        return Answer(
            outcome, reply.status, request_id=told.get("x-amz-request-id", ""),
            charged=told.get("x-amz-request-charged", ""), output_path=told.get("x-amz-restore-output-path", ""),
        )  # fmt: skip

    def _wording(self, request: RestoreRequest, storage_class: str) -> tuple[Mapping[str, Any], Hashable]:
        """How to ask for such a restore, which is the same for every object of a class."""
        body: dict[str, Any] = {}
        rule = self._rules.archive_named(storage_class)
        if rule.takes_tier if rule else self._sends_tiers:
            body["GlacierJobParameters"] = {"Tier": request.tier.wire}
        # The tiered class's restores have no end and refuse to be given one (FACTS 1.1).
        if storage_class != self._rules.tiered_class and (rule is None or rule.takes_days):
            body["Days"] = request.days
        kind = body.get("Days"), request.tier if "GlacierJobParameters" in body else None
        if request.literal:
            from restoretui.providers.s3.literal_requests import as_said

            return as_said(request.literal, body), (request.literal, *kind)
        return {"RestoreRequest": body}, kind

    async def check_literal(self, body: Mapping[str, Any]) -> None:
        """As ``TakesLiterals`` says."""
        from restoretui.providers.s3.literal_requests import check_request

        check_request(await self._sdk.shape("s3", "RestoreObject", "RestoreRequest"), body)

    async def presigned_get(self, ref: ObjectRef, longest_s: float) -> Presigned:
        return await self._calls.presigned_get(ref.bucket, _given(ref), longest_s)

    async def history_page(
        self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None, max_keys: int = 1000
    ) -> Page:
        """As ``TellsHistory`` says."""
        ask = PageRequest(prefix, "", start_after, token, versions=True)
        given = {_SDK_NAMES[name]: value for name, value in ask.fields.items()}
        return ask.kept(await self._asked_page(HISTORY, bucket, given, max_keys))

    async def restores_page(self, bucket: str, prefix: str, *, start_after: str) -> Page:
        """As ``ListsRestores`` says."""
        given = {_SDK_NAMES[name]: value for name, value in PageRequest(prefix, "", start_after).fields.items()}
        return await self._status_page(RESTORES, bucket, given, _USUAL_PAGE)

    async def remove_marker(self, ref: ObjectRef) -> bool:
        """As ``TellsHistory`` says."""
        asked = S3Request("DeleteObject", ref.bucket, _given(ref))
        return await self._calls.read(
            asked, lambda reply: reply.headers.get("x-amz-delete-marker", "").lower() == "true"
        )

    async def read_piece(self, bucket: str, key: str, at: int, etag: str) -> FilePiece:
        """As ``ReadsFiles`` says."""
        self._files = self._files or S3Files(self._sdk, self._calls)
        return FilePiece(*await self._files.read(bucket, key, etag, at))

    async def clean_restored_object(self, ref: ObjectRef) -> bool:
        """``Unsupported``: S3 has no such operation."""
        raise Unsupported(
            "S3 ends a restored copy only when its days are over", "restore it again with fewer days to shorten it"
        )

    async def readable_archives(self, bucket: str) -> frozenset[str]:
        """None: every class of S3 that archives has to be restored first (FACTS 1.4)."""
        return frozenset()

    async def expirations(self, bucket: str) -> Sequence[Mapping[str, Any]]:
        """As ``TellsExpirations`` says."""
        operation = "GetBucketLifecycleConfiguration"
        try:
            told = await self._calls.read(S3Request(operation, bucket), self._calls.parsed(operation))
        except CloudError as error:
            if error.code == "NoSuchLifecycleConfiguration":
                return []
            raise
        return list(told.get("Rules", ()))

    async def inventory_rules(self, bucket: str) -> "Sequence[InventoryRule]":
        """As ``TellsInventories`` says."""
        from restoretui.providers.s3.inventory_rules import inventory_rules

        return await inventory_rules(self._calls, bucket)

    async def provisioned_capacity(self, region: str) -> Sequence[tuple[datetime | None, datetime | None]]:
        """As ``TellsCapacity`` says."""
        return await self._calls.read(S3Request(OPERATION, service="glacier", region=region), read_capacity)

    async def check_listings(self, ref: ObjectRef) -> bool:
        """Whether listings tell of restores here, settled by a HEAD and a LIST of ``ref``, a restored object.

        For a watcher that finds no status listed where one is due. The answer is ``capabilities`` from then on.
        """
        await self.head_object(ref)
        await self.list_page(ref.bucket, ref.key, versions=ref.version_id is not None)
        return self.capabilities.restore_status_in_list

    def batch(self) -> "BatchService":
        """S3 Batch Operations with the same credentials; loaded now, since most commands do without."""
        from restoretui.providers.s3.batch.client import S3Batch

        self._batch = self._batch or S3Batch(self._sdk, self._calls, self.identity, self._sdk.caller.expected_owner)
        return self._batch

    def contents(self) -> "Contents":
        """Reading and copying what objects contain; loaded now, since most commands do without."""
        from restoretui.providers.s3.contents import S3Contents

        return S3Contents(self._sdk, self._calls)

    def events(self) -> "EventService":
        """What buckets tell by queues; loaded now, since most commands do without."""
        from restoretui.providers.s3.events import S3Events

        return S3Events(self._sdk, self._calls)

    async def aclose(self) -> None:
        await self._sdk.aclose()

    async def _asked_page(self, operation: str, bucket: str, given: dict[str, str], max_keys: int) -> Page:
        """A page with restore status, if the endpoint knows of that at all."""
        page = await self._status_page(operation, bucket, given, max_keys)
        if self._names_classes and page.entries:
            page = page._replace(entries=Rows.of(page.entries).classed(self._rules.unnamed))
        return page

    async def _status_page(self, operation: str, bucket: str, given: dict[str, str], max_keys: int) -> Page:
        if not self._asks_status:
            return await self._page(operation, bucket, given, max_keys, with_status=False)
        try:
            page = await self._page(operation, bucket, given, max_keys, with_status=True)
        except (InvalidRequest, Unsupported) as refused:
            # A store may not know the attribute at all (FACTS 1.7); if it answers without, that was the reason.
            if not self.endpoint or refused.code not in _UNKNOWN_ATTRIBUTE:
                raise
            page = await self._page(operation, bucket, given, max_keys, with_status=False)
            self._asks_status = False
            self._set_listings_tell(tell=False)
            return page
        self._status_probe.page(bucket, page)
        self._set_listings_tell(tell=self._status_probe.listings_tell is not False)
        return page

    async def _page(
        self, operation: str, bucket: str, given: dict[str, str], max_keys: int, *, with_status: bool
    ) -> Page:
        fixed: dict[str, Any] = {"MaxKeys": max_keys}
        if with_status:
            fixed["OptionalObjectAttributes"] = ["RestoreStatus"]
        read, operation = _READERS[operation]

        def understand(reply: "HttpResponse") -> Page:
            if self._store is None and reply.headers.get("server") == _VENDOR and not self.capabilities.says_vendor:
                self.capabilities = replace(self.capabilities, says_vendor=True, capacity=True)
                self._names_classes = True
            return read(reply.body, lambda body: self._sdk.parse("s3", operation, reply))

        return await self._calls.read(S3Request(operation, bucket, given, fixed, (max_keys, with_status)), understand)

    def _set_listings_tell(self, *, tell: bool) -> None:
        if self.capabilities.restore_status_in_list != tell:
            self.capabilities = replace(self.capabilities, restore_status_in_list=tell)


_USUAL_PAGE = 1000
"""Keys a page is asked for."""
_READERS: Mapping[str, tuple[Callable[[bytes, StockParser], Page], str]] = {
    "ListObjectsV2": (read_page, "ListObjectsV2"),
    "ListObjectVersions": (read_versions, "ListObjectVersions"),
    HISTORY: (read_history, "ListObjectVersions"),
    RESTORES: (read_restores, "ListObjectsV2"),
}
"""How a page is read, and the operation that it answers."""
_VENDOR = "AmazonS3"
"""How AWS names itself in the ``Server`` header (FACTS 1.3)."""
_UNKNOWN_ATTRIBUTE = frozenset({"InvalidArgument", "InvalidRequest", "NotImplemented", "400", "501"})


_SDK_NAMES = {
    "prefix": "Prefix", "delimiter": "Delimiter", "key-marker": "KeyMarker", "version-id-marker": "VersionIdMarker",
    "continuation-token": "ContinuationToken", "start-after": "StartAfter",
}  # fmt: skip
"""What the SDK calls the parameters of a page."""


def _given(ref: ObjectRef) -> dict[str, str]:
    return {"Key": ref.key} if ref.version_id is None else {"Key": ref.key, "VersionId": ref.version_id}


open_provider = S3Provider.open

if TYPE_CHECKING:
    _: type[Provider] = S3Provider
    _opens: OpenProvider = open_provider
