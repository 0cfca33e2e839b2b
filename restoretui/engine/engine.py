"""Pursues every open run of the ledger that no other process pursues, until told to stop."""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError, RestoreTuiError
from restoretui.core.model import State
from restoretui.core.provider import Connection, Provider
from restoretui.engine.capacity import MOST_IN_A_ROW, CapacityGates
from restoretui.engine.then_tools import ThenTools
from restoretui.engine.traffic.channel import Channel, Channels
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import RestoreJob, Run
from restoretui.ledger.store.leases import Lease, of_run

if TYPE_CHECKING:
    from restoretui.engine.events.feed import EventFeed
    from restoretui.engine.pursuit import Pursuit
    from restoretui.engine.watching.sweep import Sight
    from restoretui.engine.watching.timetable import DueLook

log = logging.getLogger(__name__)

LEASE = 10.0
"""Wall seconds a run stays ours without a renewal."""
RENEW = 3.0
LOOKS_AT_ONCE = 16
"""Runs of one connection that are looked at side by side; those of another never wait for them."""
LISTENED_FOR = 3.0
"""Machine seconds for which the first answer of a queue is waited for."""
RETRY_PURSUIT = 30.0
"""Machine seconds after which a run that was held up by itself is tried again."""


class Engine:
    """The background of a session: one pursuit per open run, all through the channels of their connections."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        channels: Channels,
        health: HealthBoard,
        concurrency: int,
        may_send: bool = True,
    ) -> None:
        """``concurrency``: restore requests side by side, of each run."""
        self._may_send = may_send
        self._ledger = ledger
        self._clock = clock
        self._channels = channels
        self._health = health
        self._concurrency = concurrency
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._pursuits: dict[int, Pursuit] = {}
        self._due: dict[int, DueLook] = {}
        self._held_until: dict[int, float] = {}
        """When the lease of a run lapses unless it is renewed, in wall seconds."""
        self._ahead: dict[int, tuple[Lease, float]] = {}
        """Leases whose end says nothing, and since when (machine time) they stand as they do."""
        self._left: dict[int, str] = {}
        self._looking: dict[Connection, asyncio.Semaphore] = {}
        self._capacity: dict[int, CapacityGates] = {}
        self._held_up: set[int] = set()
        """Runs that cannot be pursued here for now, and whose lease was given up."""
        self._elsewhere: set[int] = set()
        """Runs whose lease somebody else had when it was last asked for."""
        self.only: frozenset[int] | None = None
        """When set, the runs to pursue; all others are left alone."""
        self.fail_fast = False
        """Nothing more of a run is sent once one of its objects has failed."""
        self.tools = ThenTools()
        """For what is done with objects once they can be read."""
        self.feeds: Sequence[EventFeed] = ()
        """Queues by which events come; none: all is polled."""

    def is_ours(self, run_id: int) -> bool:
        """Whether this process pursues the run; otherwise another one may, or it is settled."""
        return run_id in self._tasks

    def is_elsewhere(self, run_id: int) -> bool:
        """Whether another process was found to pursue the run."""
        return run_id in self._elsewhere

    @property
    def left_alone(self) -> Mapping[int, str]:
        """Open runs that are not pursued here, and why."""
        return self._left

    @property
    def out_of_capacity(self) -> frozenset[int]:
        """Runs whose requests wait: Expedited was refused too often in a row, and somebody has to decide.

        Not as long as other accounts, or Regions, of the same run are being sent to.
        """
        return frozenset(run_id for run_id, gates in self._capacity.items() if gates.waits)

    def keep_trying(self, run_id: int) -> None:
        """Go on with a run at Expedited, however often there is no capacity."""
        self._gate(run_id).reopen(for_good=True)
        self.resend(run_id)

    def resend(self, run_id: int) -> None:
        """Jobs of the run are planned again."""
        self._gate(run_id).reopen()
        self._health.well(("capacity", run_id))
        if run_id in self._pursuits:
            self._pursuits[run_id].resend()

    async def run(self) -> None:
        """Take up open runs as they appear; ends only by cancellation, or by an error nothing can go on after."""
        hearing: list[asyncio.Task[None]] = []
        try:
            if self.feeds:
                hearing = await self._hear()
            with self._ledger.changes.subscribe() as changed:
                while True:
                    await self._take_up()
                    self._raise_failures()
                    for task in hearing:
                        if task.done():
                            task.result()
                    beside = [*self._tasks.values(), *hearing]
                    await first_of(anext(changed), self._clock.pause(RENEW), beside=beside)
        finally:
            for task in (*self._tasks.values(), *hearing):
                task.cancel()
            await asyncio.gather(*self._tasks.values(), *hearing, return_exceptions=True)

    async def _hear(self) -> list[asyncio.Task[None]]:
        """Begin to read the queues; the first look at anything waits until they have answered, or for a moment."""
        from restoretui.engine.events.feed import run_all  # for those who have a queue

        heard = asyncio.Event()

        def changed() -> None:
            heard.set()
            for pursuit in self._pursuits.values():
                pursuit.stir()

        for feed in self.feeds:
            feed.changed = changed
        task = asyncio.create_task(run_all(self.feeds, self.told), name="events")
        if any(run.can_change for run in self._ledger.runs.peek_all()):
            await first_of(heard.wait(), self._clock.pause(LISTENED_FOR), beside=[task])
        return [task]

    async def told(
        self, run_id: int, bucket: str, sights: "Sequence[Sight]", doubtful: "Sequence[RestoreJob]"
    ) -> None:
        """Events told of objects of a run, whoever pursues it."""
        run = await self._ledger.runs.get(run_id)
        pursuit = self._pursuits.get(run_id) or await self._pursuit(run)
        await pursuit.told(bucket, sights, doubtful)

    async def look_now(self, run: Run) -> None:
        """One status round over a run, whoever pursues it."""
        connection = Connection.from_mapping(run.connection)
        async with self._looking.setdefault(connection, asyncio.Semaphore(LOOKS_AT_ONCE)):
            pursuit = self._pursuits.get(run.id) or await self._pursuit(run, bounded=True)
            await pursuit.look_now()
            if run.counts.get(State.PLANNED):
                from restoretui.engine.opening import check_ways

                await check_ways(self._channels, run)

    async def _take_up(self) -> None:
        left: dict[int, str] = {}
        for run in self._ledger.runs.peek_pursued():
            if run.id in self._tasks or (self.only is not None and run.id not in self.only):
                continue
            if why := self._why_not_ours(run):
                left[run.id] = why
                continue
            until = self._clock.wall() + LEASE
            if await self._acquire(run.id, left):
                self._held_until[run.id] = until
                self._elsewhere.discard(run.id)
                self._tasks[run.id] = asyncio.create_task(self._hold(run), name=f"run {run.id}")
            else:
                self._elsewhere.add(run.id)
        self._left = left
        self._health.busy(bool(self._tasks))

    def _why_not_ours(self, run: Run) -> str:
        """Why its lease belongs to somebody who can send; empty where it does not, or that is us."""
        if self._may_send:
            return ""
        if planned := run.counts.get(State.PLANNED):
            return f"{planned:,} of its objects are not sent, and this session is read-only"
        from restoretui.ledger.then_records import TaskState  # only where a run stands

        is_due = any(step.tasks.get(TaskState.READY) or step.tasks.get(TaskState.DOING) for step in run.then)
        if is_due or (run.then_open and not run.is_open):
            return "something is to be done with its objects, and this session is read-only"
        return ""

    async def _acquire(self, run_id: int, left: dict[int, str]) -> bool:
        """Take the run's lease, if nobody has it; else ``left`` is told who.

        One that lies ahead of our clock may be that of a process which goes on, by a clock of its own or since ours
        was set back. Whether it does is seen from its renewals, not from the time: only when there was none for as
        long as a lease lasts is it over.
        """
        name = of_run(run_id)
        if await self._ledger.leases.acquire(name, self._holder, LEASE, void_ahead=False):
            self._ahead.pop(run_id, None)
            return True
        lease = await self._ledger.leases.find(name)
        if lease is None:
            return False  # given up just now: next time
        now = self._clock.monotonic()
        seen, since = self._ahead.get(run_id, (None, 0.0))
        if seen != lease:
            self._ahead[run_id] = lease, now
        elif now - since >= LEASE and await self._ledger.leases.acquire(name, self._holder, LEASE):
            log.info("run %s: the lease of %s lies ahead and was not renewed, so it is void", run_id, lease.holder)
            del self._ahead[run_id]
            return True
        host, pid = lease.holder.split(":")[:2] if lease.holder.count(":") > 1 else (lease.holder, "?")
        left[run_id] = f"another process pursues it ({pid} on {host}): what it does is shown"
        return False

    def _raise_failures(self) -> None:
        for run_id, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[run_id]
                self._health.busy(bool(self._tasks))
                self._pursuits.pop(run_id, None)
                self._held_until.pop(run_id, None)
                self._held_up.discard(run_id)
                self._health.well(("run", run_id))
                self._health.well(("capacity", run_id))
                self._note_due(run_id, None)
                if not task.cancelled():
                    task.result()

    async def _hold(self, run: Run) -> None:
        name = of_run(run.id)
        pursuing = asyncio.create_task(self._pursue(run))
        before = self._clock.wall()
        try:
            while not pursuing.done():
                await first_of(self._clock.pause(RENEW), beside=[pursuing])
                if pursuing.done():
                    break
                if run.id in self._held_up:
                    continue  # Nobody pursues it, so nobody holds its lease.
                if not self._may_send and self._why_not_ours(await self._ledger.runs.get(run.id)):
                    return
                until = self._clock.wall() + LEASE
                if not await self._ledger.leases.renew(name, self._holder, LEASE):
                    self._held_until.pop(run.id, None)
                    return  # Held up too long and taken over: the other one goes on, we follow.
                self._held_until[run.id] = until
                if until - LEASE < before:
                    # The clock was set back: what is unsure must not wait until it has caught up.
                    await self._ledger.runs.recover(run.id)
                before = until - LEASE
            pursuing.result()
        finally:
            pursuing.cancel()
            await asyncio.gather(pursuing, return_exceptions=True)
            await asyncio.shield(self._ledger.leases.release(name, self._holder))

    async def _pursue(self, run: Run) -> None:
        while True:
            try:
                pursuit = self._pursuits[run.id] = await self._pursuit(run)
                self._health.well(("run", run.id))
                if not await self._is_held_again(run.id):
                    return
                await pursuit.pursue()
            except LedgerError:
                raise
            except RestoreTuiError as error:
                # A profile or a bucket that is gone, say: this run waits, the others go on.
                log.warning("run %s is held up: %s", run.id, error)
                self._health.trouble(("run", run.id), "paused", f"run {run.id}: {error}", error.hint)
                await self._give_up_for_now(run.id)
                await self._clock.pause(RETRY_PURSUIT)
                if not (await self._ledger.runs.get(run.id)).can_change:
                    return  # Somebody took over what it planned.
            else:
                return

    async def _give_up_for_now(self, run_id: int) -> None:
        """Who cannot pursue a run does not keep others from what it plans: they may take that over."""
        self._held_up.add(run_id)
        self._held_until.pop(run_id, None)
        await self._ledger.leases.release(of_run(run_id), self._holder)

    async def _is_held_again(self, run_id: int) -> bool:
        """The lease is ours, taken anew after it was given up; False where somebody else has it by now."""
        if run_id in self._held_up:
            until = self._clock.wall() + LEASE
            if not await self._ledger.leases.acquire(of_run(run_id), self._holder, LEASE, void_ahead=False):
                return False
            self._held_up.discard(run_id)
            self._held_until[run_id] = until
        return True

    def _gate(self, run_id: int) -> CapacityGates:
        def closed(where: str) -> None:
            text = f"run {run_id}: {MOST_IN_A_ROW} requests in a row found no Expedited capacity"
            text += f" {where}; the others there wait" if where else "; the others wait"
            self._health.trouble(("capacity", run_id), "paused", text, "decide how to go on, or give them up")
            self._ledger.changes.publish("health")  # Also where it is the same: now somebody can be asked.

        return self._capacity.setdefault(run_id, CapacityGates(closed))

    def _holds(self, run_id: int) -> bool:
        """The lease is good. Who was stopped for a while, or whose clock was set, renews it before sending on."""
        until = self._held_until.get(run_id, 0.0)
        return until - LEASE <= self._clock.wall() < until

    async def _pursuit(self, run: Run, *, bounded: bool = False) -> "Pursuit":
        # All that sends and watches: not for those who only list.
        from restoretui.engine.opening import open_run
        from restoretui.engine.pursuit import Pursuit
        from restoretui.engine.run_context import RunContext

        def made(channel: Channel, provider: Provider, buckets: frozenset[str] | None) -> RunContext:
            return RunContext(
                run,
                self._ledger,
                provider,
                self._clock,
                channel.breaker,
                channel.limiter(provider),
                self._health,
                concurrency=self._concurrency,
                may_send=self._may_send,
                is_ours=partial(self._holds, run.id),
                capacity=self._gate(run.id),
                fail_fast=self.fail_fast,
                tools=self.tools,
                is_told=lambda bucket: any(feed.covers(bucket) for feed in self.feeds),
                bounded=bounded,
                buckets=buckets,
            )

        return Pursuit(await open_run(self._channels, run, made), self._note_due)

    def _note_due(self, run_id: int, due: "DueLook | None") -> None:
        if due is None:
            self._due.pop(run_id, None)
        else:
            self._due[run_id] = due
        nearest = min(self._due.values(), key=lambda entry: entry.at, default=None)
        self._health.expecting(nearest.at if nearest else None, nearest.reason if nearest else "")
