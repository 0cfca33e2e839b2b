"""The composition root: one session wires settings, ledger, providers, engine and clock together.

The screens and the commands call these functions and nothing below them, so that both do the same thing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from restoretui.batch_desk import BatchDesk
from restoretui.config import Settings
from restoretui.core.batch import BatchOptions
from restoretui.core.endpoints import is_aliyun
from restoretui.core.errors import CloudError, GuardStopped, ObjectNotFound, RestoreTuiError, Unsupported, UsageError
from restoretui.core.location import Location
from restoretui.core.model import Bucket, Identity, ObjectDetail, ObjectRef, State, Tier
from restoretui.core.plan import RestorePlan, make_plan
from restoretui.core.pricing import PriceBook, PriceTable
from restoretui.core.provider import Connection, Provider
from restoretui.core.rules import RULES, Action, Purpose, check_days
from restoretui.engine.cleaner import Cleaned, Cleaner
from restoretui.engine.engine import Engine
from restoretui.engine.health import Health, HealthBoard
from restoretui.engine.pace import Pace
from restoretui.engine.reads import Reader
from restoretui.engine.sweep import looked_at
from restoretui.engine.waits import first_of
from restoretui.export import write_export, write_report
from restoretui.ledger import Ledger
from restoretui.ledger.records import Cloud, JobRow, Listing, Observation, Query, Run, Scope, SelectionSummary, View
from restoretui.listings import BUG_HINT, Listings
from restoretui.reach import MfaPrompter, Reach

logging.getLogger("restoretui").addHandler(logging.NullHandler())  # else Python would write over the screen

LOOKS_AT_ONCE = 64
LOOKS_BATCH = 512
DIRECT_READ_KNOWN_S = 60.0
"""How long a bucket's setting is taken to stay; machine time."""


class Session:
    """Everything a screen or a command may ask for. Made by ``open_session``."""

    def __init__(self, settings: Settings, ledger: Ledger, prices: PriceBook) -> None:
        self.settings = settings
        self.ledger = ledger
        self.clock = settings.clock
        self.cloud = Cloud("s3", settings.endpoint_url or "")
        self.rules = RULES[self.cloud.scheme]
        oss = settings.oss_endpoint or ""
        self._clouds = {"s3": self.cloud, "oss": Cloud("oss", "" if is_aliyun(oss) else oss)}
        self._prices = prices
        self._board = HealthBoard(lambda: ledger.changes.publish("health"))
        self._reach = Reach(settings)
        self._direct_reads: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}
        self._engine = Engine(
            ledger,
            self.clock,
            self._reach.provider_for,
            self._board,
            settings.rate,
            settings.concurrency,
            may_send=not settings.read_only,
        )
        self.batch = BatchDesk(settings, ledger, self.rules, self.provider, self._may_send, self._engine.resend)
        """Everything about S3 Batch Operations."""
        # One gate for the person and the background: whichever gets through first opens it for both. But one for each
        # cloud: what ails the keys of one must not hold up the other.
        self._readers = {
            scheme: Reader(self.clock, self._engine.gate(settings.connection_to(scheme)), self._board)
            for scheme in self._clouds
        }
        self.listings = Listings(ledger, self.clock, self.provider, self.region, self._readers)
        self._engine_task: asyncio.Task[None] | None = None
        self.is_closed = False

    # --- the cloud ---------------------------------------------------------------------------------------------

    @property
    def read_only(self) -> bool:
        """Nothing may be sent that changes anything."""
        return self.settings.read_only

    @property
    def health(self) -> Health:
        """What the background is doing; topic ``health`` when it changes."""
        return self._board.now

    @property
    def mfa(self) -> MfaPrompter | None:
        """Asked for a code when a profile's role wants one; set it before the first request."""
        return self._reach.mfa

    @mfa.setter
    def mfa(self, prompter: MfaPrompter | None) -> None:
        self._reach.mfa = prompter

    def cloud_of(self, scheme: str) -> Cloud:
        """The cloud behind locations of that scheme, as the ledger knows it."""
        return self._clouds[scheme]

    async def provider(self, scheme: str = "s3") -> Provider:
        """The cloud of these settings; its SDK is loaded by the first call, in a thread."""
        return await self._reach.provider_for(self.settings.connection_to(scheme))

    async def identity(self, scheme: str = "s3") -> Identity:
        """Whose credentials these are."""
        return await (await self.provider(scheme)).identity()

    async def buckets(self, scheme: str = "s3") -> list[Bucket]:
        """The account's buckets."""
        return await (await self.provider(scheme)).list_buckets()

    async def region(self, bucket: str, scheme: str = "s3") -> str:
        """The bucket's region, asked for once; raises early and clearly when there is no such bucket."""
        return await self._reach.region(self.settings.connection_to(scheme), bucket)

    # --- looking -----------------------------------------------------------------------------------------------

    async def open_listing(
        self, location: Location, *, recursive: bool, versions: bool = False, refresh: bool = False
    ) -> Listing:
        """A listing of what is at ``location``; returns at once, pages stream in behind (topic ``listing:ID``).

        A listing made before in this session, or a fresh one of an earlier session, is taken as it is, and goes on
        where it stopped if it was interrupted; ``refresh`` asks for a new one.
        """
        return await self.listings.open(self._scope(location, recursive=recursive, versions=versions), refresh)

    def listing_problem(self, listing_id: int) -> RestoreTuiError | None:
        """Why the listing ended early; None while it runs and when it is whole."""
        return self.listings.problem(listing_id)

    async def stop_listing(self, listing_id: int) -> None:
        """Stop listing; what was listed stays."""
        await self.listings.stop(listing_id)

    async def listed(self, listing: Listing) -> Listing:
        """The listing once it is whole; raises what ended it early."""
        return await self.listings.whole(listing)

    def _scope(self, location: Location, *, recursive: bool, versions: bool) -> Scope:
        return Scope(
            self.cloud_of(location.scheme),
            location.bucket,
            location.key if location.key is not None else location.prefix,
            recursive,
            versions,
            single=location.key is not None,
        )

    async def inspect(self, ref: ObjectRef, scheme: str = "s3") -> ObjectDetail:
        """All that HEAD tells of one object; what it tells is kept."""
        provider, cloud = await self.provider(scheme), self.cloud_of(scheme)
        try:
            detail = await self._readers[scheme](lambda: provider.head_object(ref))
        except ObjectNotFound:
            await self.ledger.catalog.observe(cloud, ref.bucket, [self._gone(ref)])
            raise
        seen = looked_at(detail, ref.version_id, self.clock.now().timestamp())
        await self.ledger.catalog.observe(cloud, ref.bucket, [seen])
        return detail

    def _gone(self, ref: ObjectRef) -> Observation:
        return Observation(
            ref.key, ref.version_id, "", 0, None, None, True, None, None, self.clock.now().timestamp(), gone=True
        )

    # --- choosing ----------------------------------------------------------------------------------------------

    async def mark_under(
        self,
        sel: int,
        location: Location,
        *,
        versions: bool = False,
        query: Query | None = None,
        refresh: bool = False,
    ) -> SelectionSummary:
        """Mark everything at ``location`` (that matches ``query``), listing it first; a key is looked at by HEAD."""
        if location.key is not None:
            return await self.mark_keys(sel, [ObjectRef(location.bucket, location.key)], scheme=location.scheme)
        listing = await self.open_listing(location, recursive=True, versions=versions, refresh=refresh)
        listing = await self.listed(listing)
        if query is None or query == Query():
            return await self.ledger.selections.add_under(sel, listing.id)
        view = await self.ledger.catalog.browse(listing.id, query)
        try:
            await view.wait()
            return await self.ledger.selections.add_view(sel, view)
        finally:
            await view.aclose()

    async def mark_keys(
        self,
        sel: int,
        refs: Iterable[ObjectRef],
        missing: Callable[[ObjectRef, CloudError], None] | None = None,
        scheme: str = "s3",
    ) -> SelectionSummary:
        """Mark these very objects, each looked at by HEAD. One that cannot be seen goes to ``missing``, or raises."""
        todo = list(refs)
        for at in range(0, len(todo), LOOKS_BATCH):
            batch = todo[at : at + LOOKS_BATCH]
            for ref, found in await self._heads(batch, scheme):
                if isinstance(found, Observation):
                    await self.ledger.selections.add_observed(sel, self.cloud_of(scheme), ref.bucket, [found])
                elif missing is None:
                    raise found
                else:
                    missing(ref, found)
        return await self.ledger.selections.summary(sel)

    async def mark_jobs(self, sel: int, rows: Iterable[JobRow], scheme: str = "s3") -> SelectionSummary:
        """Mark the objects of these jobs, with what their jobs know of them."""
        by_bucket: dict[str, list[Observation]] = {}
        for row in rows:
            tiered = row.storage_class == RULES[scheme].tiered_class
            status = {State.RESTORING: True, State.REQUESTED: True, State.AVAILABLE: False}.get(row.state)
            seen = Observation(
                row.ref.key, row.ref.version_id, row.storage_class, row.size, None,
                row.archive if tiered and row.state is not State.AVAILABLE else None, tiered,
                status, row.expiry, row.changed_at,
            )  # fmt: skip
            by_bucket.setdefault(row.ref.bucket, []).append(seen)
        for bucket, looks in by_bucket.items():
            await self.ledger.selections.add_observed(sel, self.cloud_of(scheme), bucket, looks)
        return await self.ledger.selections.summary(sel)

    async def look_at_marks(self, sel: int, progress: Callable[[int], None] | None = None) -> int:
        """HEAD every marked object that only a HEAD can judge; returns how many could not be looked at."""
        looked: set[ObjectRef] = set()
        unseen = 0
        while todo := [
            ref for cloud, ref in await self.ledger.selections.unlooked(sel, LOOKS_BATCH + len(looked))
            if cloud == self.cloud and ref not in looked
        ]:  # fmt: skip
            batch = todo[:LOOKS_BATCH]
            looked.update(batch)
            found: dict[str, list[Observation]] = {}
            for ref, seen in await self._heads(batch):
                if isinstance(seen, Observation):
                    found.setdefault(ref.bucket, []).append(seen)
                elif isinstance(seen, ObjectNotFound):
                    found.setdefault(ref.bucket, []).append(self._gone(ref))
                else:
                    unseen += 1
            for bucket, looks in found.items():
                await self.ledger.catalog.observe(self.cloud, bucket, looks)
            if progress is not None:
                progress(len(looked))
        return unseen

    async def _heads(
        self, refs: Sequence[ObjectRef], scheme: str = "s3"
    ) -> list[tuple[ObjectRef, Observation | CloudError]]:
        provider = await self.provider(scheme)
        room = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def head(ref: ObjectRef) -> tuple[ObjectRef, Observation | CloudError]:
            async with room:
                try:
                    detail = await self._readers[scheme](lambda: provider.head_object(ref))
                except CloudError as error:
                    return ref, error
            return ref, looked_at(detail, ref.version_id, self.clock.now().timestamp())

        return await asyncio.gather(*(head(ref) for ref in refs))

    # --- planning and spending ---------------------------------------------------------------------------------

    async def schemes(self, sel: int) -> list[str]:
        """The clouds in which objects are chosen: a plan and a run is of one of them."""
        chosen = await self.ledger.selections.facts(sel)
        return [scheme for scheme, cloud in self._clouds.items() if chosen.get(cloud)]

    async def plan(
        self, sel: int, days: int, purpose: Purpose = Purpose.RESTORE, scheme: str | None = None
    ) -> RestorePlan:
        """What restoring the selection would do and cost, at every tier. Sends nothing but looks.

        ``scheme`` says which cloud's objects; it may be left out when all are in one (else ``UsageError``).
        """
        check_days(days)
        facts = await self.ledger.selections.facts(sel)
        chosen = [name for name, cloud in self._clouds.items() if facts.get(cloud)]
        if scheme is None and len(chosen) > 1:
            raise UsageError("objects of S3 and OSS are chosen together", "plan each cloud by itself")
        scheme = scheme or (chosen or ["s3"])[0]
        groups = facts.get(self.cloud_of(scheme), [])
        buckets = {group.bucket for group in groups}
        prices = await self._price_table(buckets, scheme)
        readable = {bucket: await self._readable(bucket, scheme) for bucket in buckets}
        return make_plan(RULES[scheme], groups, days, self.clock.now(), prices, purpose, readable)

    async def _readable(self, bucket: str, scheme: str) -> frozenset[str]:
        """Archives that the bucket lets anybody read as they are; asked for once a minute: plans are made often."""
        asked_at, archives = self._direct_reads.get((scheme, bucket), (float("-inf"), frozenset()))
        if self.clock.monotonic() - asked_at >= DIRECT_READ_KNOWN_S:
            provider = await self.provider(scheme)
            archives = await self._readers[scheme](lambda: provider.readable_archives(bucket))
            self._direct_reads[scheme, bucket] = self.clock.monotonic(), archives
        return archives

    async def _price_table(self, buckets: set[str], scheme: str) -> tuple[PriceTable, bool]:
        regions = {await self.region(bucket, scheme) for bucket in sorted(buckets)}
        regions = regions or {self.settings.connection_to(scheme).region or ""}
        tables = [self._prices.table_for(scheme, region) for region in sorted(regions)]
        table, _ = tables[0]
        return table, all(exact and other is table for other, exact in tables)

    async def confirm(
        self,
        sel: int,
        plan: RestorePlan,
        tier: Tier,
        *,
        max_cost: Decimal | None = None,
        note: str = "",
        batch: BatchOptions | None = None,
    ) -> Run:
        """Write the intents down, durably; from then on the engine pursues them, here or after a restart.

        With ``batch`` they go through S3 Batch Operations; the plan must then be one of ``session.batch.plan``.
        ``GuardStopped`` when a guard holds; then nothing was written or sent.
        """
        chosen = plan.tiers[tier]
        if self.read_only:
            raise GuardStopped("this session is read-only, so nothing was sent", self._why("read_only"))
        if not chosen.requests and not chosen.counts.get(Action.ALREADY, 0):
            raise GuardStopped(f"nothing to send: {why_nothing(plan, tier)}")
        if max_cost is not None:
            if chosen.cost.total > max_cost:
                raise GuardStopped(
                    f"this would cost about {chosen.cost.total:.2f} {plan.prices.currency}, "
                    f"more than the {max_cost:.2f} allowed; nothing was sent",
                    "choose a cheaper tier, fewer objects, or a higher limit",
                )
            if chosen.cost.unpriced:
                raise GuardStopped(
                    f"the price of {chosen.cost.unpriced} objects is unknown, so the limit cannot be held",
                    "add the price to prices.toml, choose another tier, or leave the limit away",
                )
        connection = self.settings.connection_to(plan.scheme).to_mapping()
        if batch is not None:
            options = batch.checked()
            run_id = await self.ledger.batches.confirm(sel, self.cloud, plan, tier, connection, options, note)
            return await self.ledger.runs.get(run_id)
        return await self.ledger.runs.confirm(sel, self.cloud_of(plan.scheme), plan, tier, connection, note)

    def _why(self, setting: str) -> str:
        source = self.settings.sources.get(setting)
        return f"it comes from {source}" if source else ""

    async def retry(self, run_id: int) -> int:
        """Plan the run's failed jobs anew; returns how many."""
        self._may_send()
        count = await self.ledger.runs.reset_failed(run_id)
        self._engine.resend(run_id)
        return count

    async def cancel(self, run_id: int) -> int:
        """Give up what has not been sent; returns how many. What was sent cannot be called back."""
        if self.batch.ours(run_id):
            await self.batch.cancel_run(run_id)
        return await self.ledger.runs.set_cancelled(run_id)

    async def clean(
        self, scheme: str, refs: Iterable[ObjectRef], told: Callable[[Cleaned], None], run: Run | None = None
    ) -> None:
        """End restored copies of one bucket early, where the cloud can; ``told`` hears of each (FACTS 4.1).

        With ``run`` by the connection it was made with. ``GuardStopped`` in a read-only session; ``Unsupported``
        where copies only end by themselves.
        """
        self.check_may_send()
        cloud, connection = self.cloud_of(scheme), self.settings.connection_to(scheme)
        if run is not None:
            cloud, connection = run.cloud, Connection.from_mapping(run.connection)
        provider = await self._reach.provider_for(connection)
        if not provider.capabilities.clean:
            raise Unsupported(f"{scheme}:// ends a restored copy only when its days are over", "wait for that")
        pace = Pace(min(self.settings.rate, provider.capabilities.max_rate), self.clock)
        read = Reader(self.clock, self._engine.gate(connection), self._board)
        cleaner = Cleaner(self.ledger, cloud, provider, self.clock, read, pace)
        await cleaner.clean(refs, told)

    def check_may_send(self) -> None:
        """``GuardStopped`` in a read-only session, which changes nothing in any cloud."""
        self._may_send()

    def _may_send(self) -> None:
        if self.read_only:
            raise GuardStopped("this session is read-only, so nothing was sent", self._why("read_only"))

    async def export(self, run_id: int, target: Path) -> int:
        """Write the run's objects to ``target``, as JSON lines if it is so named, else CSV; returns how many."""
        run = await self.ledger.runs.get(run_id)
        await write_export(self.ledger, run, "json" if target.suffix in (".json", ".jsonl") else "csv", target)
        return run.objects

    async def export_report(self, job_id: str, region: str | None, target: Path) -> int:
        """Write a batch job's completion report to ``target`` as CSV; returns how many tasks it has."""
        return await write_report(self.batch.report(job_id, region), target)

    # --- following ---------------------------------------------------------------------------------------------

    def start_engine(self, only: Iterable[int] | None = None) -> None:
        """Pursue open runs in the background: all, or ``only`` these. A read-only session watches and never sends."""
        self._engine.only = None if only is None else frozenset(only)
        if self._engine_task is None:
            self._engine_task = asyncio.create_task(self._engine.run(), name="engine")
            self._engine_task.add_done_callback(lambda _task: self.ledger.changes.publish("health"))

    @property
    def failure(self) -> RestoreTuiError | None:
        """Why the background stopped for good; None while it works. Topic ``health`` when it changes."""
        if self.ledger.problem is not None:
            return self.ledger.problem
        task = self._engine_task
        if task is None or not task.done() or task.cancelled():
            return None
        error = task.exception()
        if isinstance(error, RestoreTuiError):
            return error
        return RestoreTuiError(f"the watcher met a defect: {error!r}", BUG_HINT)

    def is_ours(self, run_id: int) -> bool:
        """This process pursues the run; otherwise another one may, and this one shows what it finds."""
        return self._engine.is_ours(run_id)

    async def look_now(self, run: Run) -> None:
        """One status round over a run."""
        await self._engine.look_now(run)

    async def wait_for(self, run_ids: Sequence[int], done: Callable[[Run], bool]) -> list[Run]:
        """Until ``done`` holds for every run; raises when the background can no longer go on."""
        with self.ledger.changes.subscribe() as changed:
            while True:
                if self.failure is not None:
                    raise self.failure
                runs = [await self.ledger.runs.get(run_id) for run_id in run_ids]
                if all(done(run) for run in runs):
                    return runs
                engine = [self._engine_task] if self._engine_task is not None else []
                await first_of(anext(changed), beside=engine)

    async def job_view(self, run_id: int, query: Query | None = None) -> View[JobRow]:
        """The run's objects as a view."""
        return await self.ledger.runs.view(run_id, query or Query())

    async def find_run(self, name: str) -> Run:
        """The run called ``name`` on a command line: its number, or ``last``."""
        runs = await self.ledger.runs.list()
        if name == "last" and runs:
            return max(runs, key=lambda run: run.id)
        for run in runs:
            if str(run.id) == name:
                return run
        known = ", ".join(str(run.id) for run in runs[-5:]) or "none yet"
        raise UsageError(f"there is no run {name!r}", f"known runs: {known}; `restoretui status` lists them")

    async def aclose(self) -> None:
        """Stop the background, note what was under way, close connections and the ledger."""
        if self.is_closed:
            return
        self.is_closed = True
        tasks = [task for task in (self._engine_task, *self.listings.tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._reach.aclose()
        await self.ledger.aclose()


def why_nothing(plan: RestorePlan, tier: Tier) -> str:
    """One sentence for a plan that sends nothing at ``tier``: each reason with how many objects it holds for."""
    reasons: dict[str, int] = {}
    for line in plan.tiers[tier].lines:
        reasons[line.verdict.reason] = reasons.get(line.verdict.reason, 0) + line.group.objects
    if not reasons:
        return "no object was chosen"
    return "; ".join(f"{count} × {reason}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1]))


@asynccontextmanager
async def open_session(settings: Settings) -> AsyncIterator[Session]:
    """A session for the length of the block."""
    prices = await asyncio.to_thread(settings.prices)
    ledger = await Ledger.open(settings.state_dir, settings.clock)
    session = Session(settings, ledger, prices)
    try:
        yield session
    finally:
        await session.aclose()
