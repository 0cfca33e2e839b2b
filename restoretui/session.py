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
from restoretui.choosing import Choosing
from restoretui.config import Settings
from restoretui.core.batch import BatchOptions
from restoretui.core.endpoints import is_aliyun
from restoretui.core.errors import GuardStopped, RestoreTuiError, Unsupported, UsageError
from restoretui.core.location import Location
from restoretui.core.model import Bucket, Identity, ObjectRef, State, Tier
from restoretui.core.plan import RestorePlan
from restoretui.core.pricing import PriceBook
from restoretui.core.provider import NO_CAPACITY_CODE, Connection, Provider
from restoretui.core.rules import Purpose
from restoretui.engine.cleaner import Cleaned, Cleaner
from restoretui.engine.engine import Engine
from restoretui.engine.health import Health, HealthBoard
from restoretui.engine.pace import Pace
from restoretui.engine.reads import Reader
from restoretui.engine.waits import first_of
from restoretui.export import write_export, write_report
from restoretui.ledger import Ledger
from restoretui.ledger.outstanding import Outstanding, outstanding
from restoretui.ledger.records import Cloud, JobRow, Listing, Query, Run, View
from restoretui.listings import BUG_HINT, Listings
from restoretui.planning import Planner, check_worth_it
from restoretui.reach import MfaPrompter, Reach

logging.getLogger("restoretui").addHandler(logging.NullHandler())  # else Python would write over the screen


class Session:
    """Everything a screen or a command may ask for. Made by ``open_session``."""

    def __init__(self, settings: Settings, ledger: Ledger, prices: PriceBook) -> None:
        self.settings = settings
        self.ledger = ledger
        self.clock = settings.clock
        self.cloud = Cloud("s3", settings.place)
        self.rules = self.cloud.rules
        oss = settings.oss_endpoint or ""
        self._clouds = {"s3": self.cloud, "oss": Cloud("oss", "" if is_aliyun(oss) else oss)}
        self._board = HealthBoard(lambda: ledger.changes.publish("health"))
        self._reach = Reach(settings)
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
        self.listings = Listings(ledger, self.clock, self._clouds, self.provider, self.region, self._readers)
        self.choosing = Choosing(ledger, self.clock, self._clouds, self.provider, self._readers, self.listings)
        """Filling selections."""
        self._planner = Planner(settings, ledger, prices, self._clouds, self.provider, self.region, self._readers)
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
        return await self.listings.at(location, recursive=recursive, versions=versions, refresh=refresh)

    def listing_problem(self, listing_id: int) -> RestoreTuiError | None:
        """Why the listing ended early; None while it runs and when it is whole."""
        return self.listings.problem(listing_id)

    async def stop_listing(self, listing_id: int) -> None:
        """Stop listing; what was listed stays."""
        await self.listings.stop(listing_id)

    async def listed(self, listing: Listing) -> Listing:
        """The listing once it is whole; raises what ended it early."""
        return await self.listings.whole(listing)

    # --- planning and spending ---------------------------------------------------------------------------------

    async def schemes(self, sel: int) -> list[str]:
        """The clouds in which objects are chosen: a plan and a run is of one of them."""
        return await self._planner.schemes(sel)

    async def plan(
        self, sel: int, days: int, purpose: Purpose = Purpose.RESTORE, scheme: str | None = None
    ) -> RestorePlan:
        """What restoring the selection would do and cost, at every tier. Sends nothing but looks.

        ``scheme`` says which cloud's objects; it may be left out when all are in one (else ``UsageError``).
        """
        return await self._planner.plan(sel, days, purpose, scheme)

    async def plans(self, sel: int, days: Callable[[str], int]) -> list[RestorePlan]:
        """A plan to restore for each cloud in which objects are chosen, ``days`` by scheme; they are read once."""
        return await self._planner.plans(sel, days)

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
        ``GuardStopped`` when a guard holds, ``InvalidRequest`` when no job could be made with these options; then
        nothing was written or sent.
        """
        self._may_send()
        check_worth_it(plan, tier, max_cost)
        connection = self.settings.connection_to(plan.scheme).to_mapping()
        if batch is not None:
            options = batch.checked()
            await self.batch.check(options, {line.group.bucket for line in plan.tiers[tier].sending})
            run_id = await self.ledger.batches.confirm(sel, self.cloud, plan, tier, connection, options, note)
            return await self.ledger.runs.get(run_id)
        return await self.ledger.runs.confirm(sel, self.cloud_of(plan.scheme), plan, tier, connection, note)

    async def retry(self, run_id: int) -> int:
        """Plan the run's failed jobs anew; returns how many."""
        self._may_send()
        count = await self.ledger.runs.reset_failed(run_id)
        self._engine.resend(run_id)
        return count

    async def short_of_capacity(self, run: Run) -> int:
        """How many of the run's objects failed for want of Expedited capacity: another tier would take them."""
        if run.tier is not Tier.EXPEDITED or not run.counts.get(State.FAILED):
            return 0
        return await self.ledger.runs.count_failed(run.id, NO_CAPACITY_CODE)

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
            raise GuardStopped("this session is read-only, so nothing was sent", self.settings.why("read_only"))

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

    def looks_cost(self, run: Run) -> Decimal | None:
        """What watching the run has cost so far, in its currency; None where a price is not known."""
        return self._planner.looks_cost(run)

    def is_ours(self, run_id: int) -> bool:
        """This process pursues the run; otherwise another one may, and this one shows what it finds."""
        return self._engine.is_ours(run_id)

    def outstanding(self) -> list[Outstanding]:
        """How much of each run under way is still to be sent, in the order of their numbers."""
        open_runs = sorted((run for run in self.ledger.runs.peek_all() if run.is_open), key=lambda run: run.id)
        return [outstanding(run, self.batch.ours(run.id)) for run in open_runs]

    def is_elsewhere(self, run_id: int) -> bool:
        """Another process sends and watches the run."""
        return self._engine.is_elsewhere(run_id)

    def unsent(self) -> list[Outstanding]:
        """The runs whose requests wait for this very process: none in a read-only one, which sends nothing."""
        if self.read_only:
            return []
        return [left for left in self.outstanding() if left.unsent and not self.is_elsewhere(left.run.id)]

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

    async def stop(self) -> None:
        """Stop the background, and note what was under way: nothing changes by itself any more."""
        tasks = [task for task in (self._engine_task, *self.listings.tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.listings.ended()

    async def aclose(self) -> None:
        """Stop the background, close connections and the ledger."""
        if self.is_closed:
            return
        self.is_closed = True
        await self.stop()
        await self._reach.aclose()
        await self.ledger.aclose()


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
