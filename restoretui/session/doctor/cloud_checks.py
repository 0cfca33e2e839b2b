"""One cloud as these settings reach it: endpoint, clock, credentials, Region, and what each feature may do.

Every request is a look. Whether restores may be asked for, no look tells: that is said, never tried.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar, cast

from restoretui.core.errors import ConnectionLost, RestoreTuiError, Unreachable, Unsupported
from restoretui.core.inventory.rules import TellsInventories
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef
from restoretui.core.provider import Provider, TellsExpirations
from restoretui.engine.traffic.waits import TimeLimit
from restoretui.session.clouds import CloudAccess
from restoretui.session.doctor.diagnosis import Diagnosis, Standing, fine, refused, unknown
from restoretui.session.session import Session

T = TypeVar("T")
WITHIN_S = 20.0
"""Machine seconds for one look."""
SKEW_S, MOST_SKEW_S = 60.0, 900.0
"""Seconds a clock may be off unremarked, and beyond which signatures are refused (S3: RequestTimeTooSkewed)."""


class CloudDoctor:
    """Looks at one cloud; findings come as they are made."""

    def __init__(self, session: Session, cloud: CloudAccess) -> None:
        self._session = session
        self._cloud = cloud
        self._name = cloud.kind.name
        self._settings = session.settings

    async def look(self, places: list[Location]) -> AsyncIterator[Diagnosis]:
        """All of it; ``places`` are those of this cloud."""
        region = self._region()
        yield region
        async for finding in self._endpoint():
            yield finding
            if finding.verdict is not Standing.OK and finding.check.endswith("endpoint"):
                return  # Nothing behind it can be told.
        try:
            provider = await self._cloud.provider()
        except RestoreTuiError as error:
            yield refused(f"{self._name} credentials", error)
            return
        whose = await self._identity(provider)
        yield whose
        if whose.verdict is Standing.DENIED:
            return
        yield await self._list_buckets(provider)
        for place in places:
            async for finding in self._bucket(provider, place):
                yield finding
        if self._cloud.rules.has_jobs:
            async for finding in self._jobs(places):
                yield finding
        yield unknown(
            f"{self._name} restore",
            f"whether {self._cloud.kind.restore_permission or 'a restore'} is allowed: only a restore tells",
            "see Permissions in the README; `restoretui restore … --max-objects 1` tries one, for its price",
        )

    # --- the way there

    def _setting(self, part: str) -> tuple[str, str]:
        name = self._cloud.kind.settings.get(part, "")
        value = getattr(self._settings, name, None) if name else None
        return str(value or ""), self._settings.sources.get(name, "")

    def _region(self) -> Diagnosis:
        value, source = self._setting("region")
        check = f"{self._name} region"
        if value:
            return fine(check, f"{value}, from {source}")
        known = self._cloud.connection.endpoint_url
        if known:
            return fine(check, "none is set; the endpoint is")
        variables = self._cloud.kind.environment.get(self._cloud.kind.settings.get("region", ""), ())
        cure = f"set {' or '.join(variables)} or --region where a bucket does not tell its own" if variables else ""
        return unknown(check, "none is set here; the profile, or each bucket, may tell it", cure)

    async def _endpoint(self) -> AsyncIterator[Diagnosis]:
        check = f"{self._name} endpoint"
        value, source = self._setting("endpoint_url")
        region, _ = self._setting("region")
        url = value or self._cloud.kind.usual_endpoint(region)
        if not url:
            yield unknown(check, "which one it is depends on the Region, and none is set")
            return
        url = url if "://" in url else f"https://{url}"
        from restoretui.providers.http.single_request import get  # what talks to servers: not before it is needed

        try:
            answer = await self._within(lambda: get(f"{url.rstrip('/')}/", "GET /", source or "the Region"))
        except RestoreTuiError as error:
            is_lost = isinstance(error, ConnectionLost)
            yield refused(check, error, f"try again; is {source or 'the Region'} right?" if is_lost else "")
            return
        tls = "TLS is verified" if url.startswith("https://") else "without TLS: what is sent can be read on the way"
        yield fine(check, f"{url}{f', from {source}' if source else ''}; it answers ({answer.status}); {tls}")
        yield self._clock(answer.headers.get("date", ""))

    def _clock(self, date: str) -> Diagnosis:
        check = f"{self._name} clock"
        try:
            there = parsedate_to_datetime(date).astimezone(UTC).timestamp()
        except (TypeError, ValueError):
            return unknown(check, "the endpoint does not tell the time")
        off = self._session.clock.wall() - there
        told = f"this machine's is {abs(off):,.0f} s {'ahead of' if off > 0 else 'behind'} the cloud's"
        if abs(off) <= SKEW_S:
            return fine(check, told if abs(off) >= 2 else "this machine's agrees with the cloud's")
        refuses = abs(off) > MOST_SKEW_S
        why = "requests are refused" if refuses else f"beyond {MOST_SKEW_S / 60:.0f} min requests are refused"
        return Diagnosis(check, Standing.BROKEN, f"{told}; {why}", "set it by NTP (timedatectl set-ntp true)")

    async def _identity(self, provider: Provider) -> Diagnosis:
        check = f"{self._name} credentials"
        profile, source = self._setting("profile")
        of = f"profile {profile} ({source})" if profile else "the usual chain: environment, files, role"
        try:
            who = await self._within(provider.identity)
        except RestoreTuiError as error:
            return refused(check, error)
        if not who.account and not who.arn:
            return unknown(check, f"the store does not tell whose they are; taken from {of}")
        return fine(check, f"{who.arn or f'account {who.account}'}, from {of}")

    # --- what each feature may do

    async def _list_buckets(self, provider: Provider) -> Diagnosis:
        check = f"{self._name} list of buckets"
        try:
            buckets = await self._within(provider.list_buckets)
        except RestoreTuiError as error:
            return refused(check, error, "only to choose one from a list: name them", optional=True)
        return fine(check, f"{len(buckets):,} buckets")

    async def _bucket(self, provider: Provider, place: Location) -> AsyncIterator[Diagnosis]:
        bucket, prefix = place.bucket, place.prefix or place.key or ""
        named = f"{place.scheme}://{bucket}"
        try:
            region = await self._within(lambda: provider.bucket_region(bucket))
        except RestoreTuiError as error:
            yield refused(f"bucket {named}", error)
            return
        yield fine(f"bucket {named}", f"it is there, in {region or 'a region that is not told'}")
        ref: ObjectRef | None = None
        try:
            page = await self._within(lambda: provider.list_page(bucket, prefix, max_keys=1))
            ref = next((ObjectRef(bucket, entry.key) for entry in page.entries), None)
            yield fine(f"list {place}", "objects can be listed" if ref else "it can be listed, and nothing is there")
        except RestoreTuiError as error:
            yield refused(f"list {place}", error)
            if place.key is not None:
                ref = ObjectRef(bucket, place.key)
        if ref is None:
            yield unknown(f"look at objects of {named}", "there is none to try it on", "name a key that exists")
        else:
            yield await self._tried(f"look at objects of {named}", "HEAD is allowed", provider.head_object, ref)
        if provider.capabilities.versions:
            yield await self._tried(
                f"list versions of {named}", "--versions works",
                lambda one: provider.list_page(one, prefix, max_keys=1, versions=True), bucket,
                "only --versions and V need it",
            )  # fmt: skip
        if provider.capabilities.expirations:
            telling = cast("TellsExpirations", provider)
            yield await self._tried(
                f"lifecycle of {named}", "plans know what expires", telling.expirations, bucket,
                "without it plans cannot say which objects lifecycle rules delete",
            )  # fmt: skip
        if provider.capabilities.inventory_rules:
            listed = cast("TellsInventories", provider)
            yield await self._tried(
                f"inventories of {named}", "--from-inventory configured finds them", listed.inventory_rules, bucket,
                "without it an inventory has to be named by its place: --from-inventory LOCATION",
            )  # fmt: skip

    async def _tried(
        self, check: str, works: str, look: Callable[[T], Awaitable[object]], of: T, cure: str = ""
    ) -> Diagnosis:
        try:
            await self._within(lambda: look(of))
        except Unsupported as error:
            return unknown(check, str(error))
        except RestoreTuiError as error:
            return refused(check, error, cure, optional=bool(cure))
        return fine(check, works)

    async def _jobs(self, places: list[Location]) -> AsyncIterator[Diagnosis]:
        check = "S3 Batch Operations"
        jobs = self._session.batch
        try:
            async for _page in jobs.jobs():
                break
            yield fine(f"{check}: list jobs", "s3:ListJobs is allowed")
        except RestoreTuiError as error:
            yield refused(
                f"{check}: list jobs", error, "only --engine batch and the tab Batch jobs need it", optional=True
            )
        role, source = self._settings.batch_role_arn, self._settings.sources.get("batch_role_arn", "")
        if not role:
            yield unknown(
                f"{check}: role", "none is set, so --engine batch needs --role-arn",
                "`restoretui batch policy s3://BUCKET` prints its policies",
            )  # fmt: skip
            return
        try:
            remark = await jobs.check(jobs.options(), {place.bucket for place in places})
        except RestoreTuiError as error:
            yield refused(f"{check}: role", error)
            return
        if remark:
            yield unknown(f"{check}: role", f"{role}, from {source}: {remark}")
        else:
            yield fine(f"{check}: role", f"{role}, from {source}; S3 Batch Operations may assume it")

    async def _within(self, look: Callable[[], Awaitable[T]]) -> T:
        """The answer of one look, asked once; ``RestoreTuiError`` where there is none."""
        late = Unreachable(f"no answer within {WITHIN_S:.0f} s", "look at the network, a proxy or a firewall")
        async with TimeLimit(self._session.clock, WITHIN_S, lambda: late):
            return await look()
