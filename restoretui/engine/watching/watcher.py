"""Finds out what became of one run's requests: looks when something is expected, and says what it cost.

A run over several accounts has a watcher for each, which looks at its own buckets; what is known of the whole, they
keep in one timetable.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.errors import AccessDenied, CloudError
from restoretui.core.model import Look, State
from restoretui.engine.run_context import RunContext
from restoretui.engine.traffic.waits import first_of
from restoretui.engine.watching.interpret import Promise, interpret
from restoretui.engine.watching.sweep import Habits, Sight, Sweeper
from restoretui.engine.watching.timetable import SAMPLE, WAITING, DueLook, Timetable, Unit, unit_of
from restoretui.ledger.run_records import JobChange, RestoreJob, Run
from restoretui.ledger.runs.watch_queries import AwaitedColumns

CHUNK = 20_000
"""Jobs swept by one task; a page may be asked for twice where two chunks meet."""
CHUNKS_AT_ONCE = 8
"""At most, where pages come slowly."""
WORTH_ANOTHER_S = 0.015
"""A page that took this long to come is worth a chunk more at once; reading it takes a few milliseconds."""
QUICKEST = 0.3
"""Machine seconds between two rounds, however fast the cloud's clock runs."""
WHILE_SENDING = 2.0
"""Machine seconds between two groupings while requests go out: each of them changes what is tracked, and hardly ever
what is due."""
RESTS_PER_GROUPING = 20
"""Grouping a run's jobs reads all of them; while requests go out it rests this many times as long as it takes."""

CONFIRMED: AbstractSet[State] = frozenset({State.RESTORING})
"""What a look finds of requests that were accepted just now. While others go out it is not worth one at all of them:
that comes when the last is out."""


class WatchEvents(Struct, frozen=True):
    """Callbacks of a watcher, called on the event loop."""

    replanned: Callable[[], None] = lambda: None
    """A look proved that a request had no effect: it is planned again."""
    calls: Callable[[int, int], None] = lambda lists, heads: None
    """So many LIST and HEAD requests were sent."""
    due: Callable[[DueLook | None], None] = lambda due: None
    """The next look, or None when nothing can change any more."""
    sight: Callable[[str, CloudError | None], None] = lambda bucket, denied: None
    """After a round over a bucket: why some of its objects cannot be seen; None where all can."""


class Watcher:
    """Watches one run until nothing of it can change any more."""

    def __init__(
        self, context: RunContext, events: WatchEvents, *, by_job: bool = False, timetable: Timetable | None = None
    ) -> None:
        """``by_job``: the restores are asked for by S3 Batch Operations, whose windows are others."""
        self.covers = context.covers
        self._run = context.run
        self._ledger = context.ledger
        self._provider = context.provider
        self._rules = context.run.cloud.rules
        self._clock = context.clock
        self._read = context.reads()
        self._events = events
        self.timetable = timetable or Timetable(context, by_job=by_job)
        self._denied: dict[str, CloudError] = {}
        self._habits: dict[str, Habits] = {}
        self._promise = _promise_of(context.run)
        self._calls = [0, 0]
        self._unconfirmed: set[Unit] = set()
        """Units of which only a sample was seen to be under way, since others were still asked for."""
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """Something was sent: what is due may have changed."""
        self._stirred.set()

    async def watch(self) -> None:
        """Look whenever something is due; returns when no job of the run can change.

        While another account's part can, this one's may be asked for again.
        """
        while True:
            self._stirred.clear()
            began = self._clock.monotonic()
            groups = await self._ledger.runs.tracked(self._run.id)
            took = self._clock.monotonic() - began
            is_sending = await self._anything_planned()
            own = [group for group in groups if self.covers(group.bucket)]
            due = self.timetable.due(own, is_sending=is_sending)
            if not groups and not is_sending:
                self._events.due(None)
                return
            now = self._clock.now()
            ready = [entry for entry in due if entry.at <= now]
            if ready:
                for entry in ready:
                    await (self.sample(entry.unit, is_sending) if entry.is_early else self.round(entry.unit))
                await self._note_looked(map(unit_of, groups))
                await self._clock.pause(QUICKEST)
                continue
            nearest = min(due, key=lambda entry: entry.at, default=None)
            self._events.due(nearest)
            await self._sleep_until(nearest.at if nearest else None)
            if self._stirred.is_set():
                least = WHILE_SENDING if is_sending else QUICKEST
                await self._clock.pause(max(least, RESTS_PER_GROUPING * took))

    async def look_now(self) -> None:
        """One round over everything tracked, whatever is due."""
        units = {unit_of(part) for part in await self._ledger.runs.parts(self._run)}
        for unit in units:
            if self.covers(unit.bucket):
                await self.round(unit)
        await self._note_looked(units)

    async def told(self, bucket: str, sights: Sequence[Sight], doubtful: Sequence[RestoreJob]) -> None:
        """Events showed this, and that something has changed with the ``doubtful``: those are looked at now."""
        found = list(sights)
        if doubtful:
            found += await self._sweeper(bucket).look([job.id for job in doubtful])
        await self._record(bucket, found, None)
        lists, heads = self._calls
        self._calls = [0, 0]
        if lists or heads:
            await self._ledger.runs.calls(self._run.id, lists, heads)
        self.stir()

    async def _note_looked(self, units: Iterable[Unit]) -> None:
        """How old what the ledger says is: as old as the oldest look at any part that can still change."""
        oldest = self.timetable.looked_at_all(units)
        if oldest is not None:
            await self._ledger.runs.looked(self._run.id, oldest.timestamp())

    async def round(self, unit: Unit) -> None:
        """Look at every job of the unit once."""
        before = self.timetable.look_begins(unit, whole=True)
        self._unconfirmed.discard(unit)
        self._denied.pop(unit.bucket, None)
        running: set[asyncio.Task[AbstractSet[State]]] = set()
        after: tuple[str, str] | None = None
        async with self._looking_at(unit.bucket) as habits:
            try:
                while True:
                    some = await self._awaited(unit, after, CHUNK)
                    while len(running) >= _chunks_at_once(habits.page_s):
                        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                        for task in done:
                            task.result()
                    if some.keys:
                        after = some.last
                        running.add(asyncio.create_task(self._sweep(unit.bucket, some, before)))
                    if len(some.keys) < CHUNK:
                        break
                await asyncio.gather(*running)
                self._events.sight(unit.bucket, self._denied.get(unit.bucket))
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)

    async def sample(self, unit: Unit, is_sending: bool) -> None:
        """Look at the first jobs of the unit, and at every one as soon as they tell anything new."""
        before = self.timetable.look_begins(unit, whole=False)
        async with self._looking_at(unit.bucket):
            some = await self._awaited(unit, None, SAMPLE)
            news = await self._sweep(unit.bucket, some, before)
        if unit.bucket in self._denied:
            self._events.sight(unit.bucket, self._denied[unit.bucket])
        if is_sending and news <= CONFIRMED:
            if news:
                self._unconfirmed.add(unit)
        elif news or unit in self._unconfirmed:
            await self.round(unit)

    @asynccontextmanager
    async def _looking_at(self, bucket: str) -> AsyncIterator[Habits]:
        """A look at a bucket's objects: what is known of its listings begins anew, and what it costs is counted."""
        habits = self._habits.setdefault(bucket, Habits())
        habits.listing_denied = False  # Permissions come and go.
        habits.page_s = inf
        try:
            yield habits
        finally:
            lists, heads = self._calls
            self._calls = [0, 0]
            await self._ledger.runs.calls(self._run.id, lists, heads)

    async def _awaited(self, unit: Unit, after: tuple[str, str] | None, limit: int) -> AwaitedColumns:
        states = WAITING if unit.state is State.RESTORING else frozenset({unit.state})
        return await self._ledger.runs.awaited(
            self._run.id, self._run.cloud, unit.bucket,
            versions=unit.versions, states=states, after=after, limit=limit,
        )  # fmt: skip

    async def _sweep(self, bucket: str, some: AwaitedColumns, before: datetime | None) -> AbstractSet[State]:
        """What was news: the states that jobs came into."""
        news: set[State] = set()
        async for sights in self._sweeper(bucket).sweep(bucket, some):
            news |= await self._record(bucket, sights, before)
        return news

    def _sweeper(self, bucket: str) -> Sweeper:
        habits, whole = self._habits.setdefault(bucket, Habits()), self._ledger.runs.of_ids
        return Sweeper(self._provider, self._rules, self._clock, self._read, self._count, whole, habits)

    def _count(self, lists: int, heads: int) -> None:
        self._calls[0] += lists
        self._calls[1] += heads
        self._events.calls(lists, heads)

    async def _record(self, bucket: str, sights: Sequence[Sight], before: datetime | None) -> AbstractSet[State]:
        """The states of what has changed; ``before`` is when these jobs were looked at in the last round."""
        now = self._clock.now()
        changes: list[JobChange] = []
        seen = []
        for sight in sights:
            if isinstance(sight.problem, AccessDenied):
                self._denied[bucket] = sight.problem
            change = interpret(sight, self._rules, now, self._promise)
            if change is not None:
                if change.state is State.AVAILABLE and before is not None:
                    change = replace(change, looked_before=before.timestamp())
                changes.append(change)
                # What an event tells of an object is less than a listing does: it is the job's alone.
                if sight.seen is not None and sight.look is not Look.EVENT:
                    seen.append(sight.seen)
        if seen:
            await self._ledger.catalog.observe(self._run.cloud, bucket, seen)
        if changes:
            await self._ledger.runs.apply(changes)
        news = {change.state for change in changes}
        if State.PLANNED in news:
            self._events.replanned()
        return news

    async def _anything_planned(self) -> bool:
        run = await self._ledger.runs.get(self._run.id)
        return run.counts.get(State.PLANNED, 0) > 0 or run.id in self._ledger.batches.peek_unsettled()

    async def _sleep_until(self, at: datetime | None) -> None:
        seconds = timedelta(days=1) if at is None else at - self._clock.now()
        await first_of(self._clock.sleep(seconds.total_seconds()), self._stirred.wait())


def _chunks_at_once(page_s: float) -> int:
    """One page is read while another is on its way; more only help while pages are waited for."""
    return 1 if page_s == inf else min(CHUNKS_AT_ONCE, 2 + int(page_s / WORTH_ANOTHER_S))


def _promise_of(run: Run) -> Promise | None:
    end = run.promised_end
    return None if end is None else Promise(run.days, end)
