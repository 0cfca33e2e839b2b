"""Finds out what became of one run's requests: looks when something is expected, and says what it cost."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import NamedTuple

from restoretui.core.errors import AccessDenied, CloudError
from restoretui.core.model import Look, State
from restoretui.core.rules.rules import RestoreWindow
from restoretui.engine.run_context import RunContext
from restoretui.engine.traffic.waits import first_of
from restoretui.engine.watching.interpret import SENT_WITHIN, Promise, interpret
from restoretui.engine.watching.schedule import Expectation, next_expiry_look, next_look, next_look_if_told
from restoretui.engine.watching.sweep import Habits, Sight, Sweeper
from restoretui.ledger.run_records import JobChange, RestoreJob, Run, TrackedGroup
from restoretui.ledger.runs.watch_queries import AwaitedColumns

CHUNK = 20_000
"""Jobs swept by one task; a page may be asked for twice where two chunks meet."""
CHUNKS_AT_ONCE = 8
"""At most, where pages come slowly."""
WORTH_ANOTHER_S = 0.015
"""A page that took this long to come is worth a chunk more at once; reading it takes a few milliseconds."""
QUICKEST = 0.3
"""Machine seconds between two rounds, however fast the cloud's clock runs."""
WHILE_SENDING = 1.0
"""Machine seconds between two groupings while requests go out: each of them changes what is tracked, and hardly ever
what is due."""
RESTS_PER_GROUPING = 20
"""Grouping a run's jobs reads all of them; while requests go out it rests this many times as long as it takes."""

WAITING = frozenset({State.REQUESTED, State.RESTORING})


class Unit(NamedTuple):
    """What one round looks at: a run's objects of one bucket, and in which states."""

    bucket: str
    versions: bool
    state: State
    """``RESTORING`` stands for both waiting states."""


@dataclass(frozen=True, slots=True)
class DueLook:
    """A unit's next look and why then."""

    unit: Unit
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class WatchEvents:
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

    def __init__(self, context: RunContext, events: WatchEvents, *, by_job: bool = False) -> None:
        """``by_job``: the restores are asked for by S3 Batch Operations, whose windows are others."""
        self._run = context.run
        self._ledger = context.ledger
        self._provider = context.provider
        self._rules = context.run.cloud.rules
        self._clock = context.clock
        self._read = context.reads()
        self._events = events
        self._is_told = context.is_told
        self._by_job = by_job
        self._denied: dict[str, CloudError] = {}
        self._habits: dict[str, Habits] = {}
        self._looked: dict[Unit, datetime] = {}
        self._promise = _promise_of(context.run)
        self._calls = [0, 0]
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """Something was sent: what is due may have changed."""
        self._stirred.set()

    async def watch(self) -> None:
        """Look whenever something is due; returns when no job of the run can change."""
        while True:
            self._stirred.clear()
            began = self._clock.monotonic()
            groups = await self._ledger.runs.tracked(self._run.id)
            took = self._clock.monotonic() - began
            is_sending = await self._anything_planned()
            due = self.due(groups, is_sending=is_sending)
            if not due and not is_sending:
                self._events.due(None)
                return
            now = self._clock.now()
            ready = [entry for entry in due if entry.at <= now]
            if ready:
                for entry in ready:
                    await self.round(entry.unit)
                await self._note_looked(entry.unit for entry in due)
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
        units = {_unit(group) for group in await self._ledger.runs.tracked(self._run.id)}
        for unit in units:
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
        looks = [self._looked.get(unit) for unit in units]
        oldest = min((look for look in looks if look is not None), default=None)
        if oldest is not None and None not in looks:
            await self._ledger.runs.looked(self._run.id, oldest.timestamp())

    def due(self, groups: Collection[TrackedGroup], *, is_sending: bool = False) -> list[DueLook]:
        """When each unit's next look is; the earliest of its groups decides.

        While requests still go out there is always one that has just been accepted: to look early at each of them
        would be to look all the time. One early look shows whether this store restores at once; unless it does, the
        next is when the first copy can be there.
        """
        now = self._clock.now()
        at_once = any(group.state is State.AVAILABLE and group.requested_first is not None for group in groups)
        nearest: dict[Unit, DueLook] = {}
        for group in groups:
            entry = self._due(group, now, may_wait=is_sending and not at_once)
            known = nearest.get(entry.unit)
            if known is None or entry.at < known.at:
                nearest[entry.unit] = entry
        return list(nearest.values())

    def _due(self, group: TrackedGroup, now: datetime, *, may_wait: bool) -> DueLook:
        unit = _unit(group)
        last = self._looked.get(unit)
        if last is not None and last > now:
            last = now  # The clock was set back meanwhile.
        if group.state is State.UNKNOWN:
            return DueLook(
                unit,
                now if last is None else last + timedelta(seconds=SENT_WITHIN),
                "settling requests without an answer",
            )
        if group.state is State.AVAILABLE:
            return DueLook(unit, self._next_at_copies(group, unit, now), "the next look at the copies")
        window = self._window(group)
        # By a clock that was ahead of ours, it may have been asked for in our future.
        moments = (group.requested_first, group.requested_last)
        asked = [min(_instant(moment) or self._run.created_at, now) for moment in moments]
        if self._is_told(unit.bucket):
            at = min(next_look_if_told(Expectation(moment, window), last, now) for moment in asked)
            return DueLook(unit, at, "events are awaited")
        opens = Expectation(asked[0], window).opens
        if may_wait:
            at = next_look(Expectation(asked[0], window), last, now)
            at = at if last is None else max(at, opens)
        else:
            at = min(next_look(Expectation(moment, window), last, now) for moment in asked)
        return DueLook(unit, at, "waiting for the first" if now < opens else "expected now")

    def _next_at_copies(self, group: TrackedGroup, unit: Unit, now: datetime) -> datetime:
        """A look that showed a restore arrive was one at its copy, too; so was that of an earlier process."""
        same = [at for seen, at in self._looked.items() if seen[:2] == unit[:2]]
        if not same:
            same = [self._ledger.runs.looked_at(self._run.id) or self._run.created_at]
        return next_expiry_look(_instant(group.expiry_first), min(now, max(same)), now)

    def _window(self, group: TrackedGroup) -> RestoreWindow | None:
        rule = self._rules.archive_named(group.archive or group.storage_class)
        if rule and self._by_job and group.tier and group.tier in rule.batch_windows:
            return rule.batch_windows[group.tier]
        return rule.window(group.tier) if rule else None

    async def round(self, unit: Unit) -> None:
        """Look at every job of the unit once."""
        states = WAITING if unit.state is State.RESTORING else frozenset({unit.state})
        before = self._looked.get(unit)
        self._looked[unit] = self._clock.now()
        self._denied.pop(unit.bucket, None)
        habits = self._habits.setdefault(unit.bucket, Habits())
        habits.listing_denied = False  # Permissions come and go.
        habits.page_s = inf
        running: set[asyncio.Task[None]] = set()
        after: tuple[str, str] | None = None
        try:
            while True:
                some = await self._ledger.runs.awaited(
                    self._run.id, self._run.cloud, unit.bucket,
                    versions=unit.versions, states=states, after=after, limit=CHUNK,
                )  # fmt: skip
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
            lists, heads = self._calls
            self._calls = [0, 0]
            await self._ledger.runs.calls(self._run.id, lists, heads)

    async def _sweep(self, bucket: str, some: AwaitedColumns, before: datetime | None) -> None:
        async for sights in self._sweeper(bucket).sweep(bucket, some):
            await self._record(bucket, sights, before)

    def _sweeper(self, bucket: str) -> Sweeper:
        habits, whole = self._habits.setdefault(bucket, Habits()), self._ledger.runs.of_ids
        return Sweeper(self._provider, self._rules, self._clock, self._read, self._count, whole, habits)

    def _count(self, lists: int, heads: int) -> None:
        self._calls[0] += lists
        self._calls[1] += heads
        self._events.calls(lists, heads)

    async def _record(self, bucket: str, sights: Sequence[Sight], before: datetime | None) -> None:
        """``before`` is when these jobs were looked at in the last round."""
        now = self._clock.now()
        changes: list[JobChange] = []
        seen = []
        for sight in sights:
            if isinstance(sight.problem, AccessDenied):
                self._denied[bucket] = sight.problem
            change = interpret(sight, self._rules, now, self._promise)
            if change is not None:
                if change.state is State.AVAILABLE and before is not None:
                    change = change._replace(looked_before=before.timestamp())
                changes.append(change)
                # What an event tells of an object is less than a listing does: it is the job's alone.
                if sight.seen is not None and sight.look is not Look.EVENT:
                    seen.append(sight.seen)
        if seen:
            await self._ledger.catalog.observe(self._run.cloud, bucket, seen)
        if changes:
            await self._ledger.runs.apply(changes)
            if any(change.state is State.PLANNED for change in changes):
                self._events.replanned()

    async def _anything_planned(self) -> bool:
        run = await self._ledger.runs.get(self._run.id)
        return run.counts.get(State.PLANNED, 0) > 0 or run.id in self._ledger.batches.peek_unsettled()

    async def _sleep_until(self, at: datetime | None) -> None:
        seconds = timedelta(days=1) if at is None else at - self._clock.now()
        await first_of(self._clock.sleep(seconds.total_seconds()), self._stirred.wait())


def _chunks_at_once(page_s: float) -> int:
    """More only help while pages are waited for: where none is, they would only hold up the screen."""
    return 1 if page_s == inf else min(CHUNKS_AT_ONCE, 1 + int(page_s / WORTH_ANOTHER_S))


def _promise_of(run: Run) -> Promise | None:
    end = run.promised_end
    return None if end is None else Promise(run.days, end)


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _unit(group: TrackedGroup) -> Unit:
    return Unit(group.bucket, group.versions, State.RESTORING if group.state in WAITING else group.state)
