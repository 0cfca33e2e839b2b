"""Reads one queue for as long as something is awaited: what is told there need not be polled for.

A message is deleted once what it tells is on disk, and only if it is about objects of ours: another reader of the
queue is not robbed. Whatever is lost or late is found by the polling that goes on, sparsely, beside it. While the
queue cannot be read, polling is as dense as without one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError, LedgerError, RestoreTuiError
from restoretui.core.events.messages import RestoreEvent, read_message
from restoretui.core.events.queues import QueueName
from restoretui.core.events.service import LONGEST_WAIT_S, EventService, QueueMessage
from restoretui.core.events.subscription import may_send
from restoretui.core.rules.clouds import CLOUDS
from restoretui.engine.events.judging import EventDoubt, judged
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.watching.sweep import Sight
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import RestoreJob

notices = logging.getLogger("restoretui.notices")

IDLE_S = 1.0
"""Machine seconds between two looks whether anything is awaited; nothing is received before."""
GATHER_S = 0.3
"""Machine seconds after messages before the next are asked for, so that several come together."""
LONGEST_REST_S = 30.0
"""Between two attempts at a queue that does not answer, or that holds the messages of others alone."""

Told = Callable[[int, str, Sequence[Sight], Sequence[RestoreJob]], Awaitable[None]]
"""Of a run and a bucket: what events show, and the objects of which they only say that something has changed."""


class EventFeed:
    """One queue. Runs beside the pursuits of an engine, which ask whether a bucket is ``covered``."""

    def __init__(
        self,
        queue: QueueName,
        open_service: Callable[[], Awaitable[EventService]],
        cloud: CloudId,
        ledger: Ledger,
        clock: Clock,
        health: HealthBoard,
    ) -> None:
        # Where some restores alone are told of, buckets are polled as densely as without a queue.
        self._is_relied_on = any(kind.tells_all for kind in CLOUDS.values() if kind.queues == queue.kind)
        self.queue = queue
        self._open_service = open_service
        self._cloud = cloud
        self._ledger = ledger
        self._clock = clock
        self._health = health
        self._is_read = False
        self._silent: dict[str, bool] = {}
        """By bucket: it was seen to send its events elsewhere, or nowhere."""
        self._said = ""
        self.changed: Callable[[], None] = lambda: None
        """Called when what is covered has changed."""

    def covers(self, bucket: str) -> bool:
        """Events of the bucket come by the queue, as far as is known, and are read now."""
        return self._is_relied_on and self._is_read and not self._silent.get(bucket, False)

    async def run(self, told: Told) -> None:
        """Until cancelled. Troubles of the queue are said, and hold up nothing else."""
        rest, first = 0.0, True
        while True:
            if not (buckets := self._awaited()):
                self._is_read, first = False, True
                await self._clock.pause(IDLE_S)
                continue
            try:
                service = await self._open_service()
                messages = await service.receive(self.queue, 0 if first else LONGEST_WAIT_S)
                first = False
                await self._learn(service, buckets)
                self._is_well()
                ours = await self._take(messages, told)
                if ours:
                    await service.delete(self.queue, ours)
            except LedgerError:
                raise
            except RestoreTuiError as error:
                self._is_ill(error)
                rest = min(LONGEST_REST_S, max(1.0, rest * 2))
                await self._clock.pause(rest)
                continue
            # A queue full of others' messages answers at once, each time: they are left in peace for a while.
            rest = min(LONGEST_REST_S, max(1.0, rest * 2)) if messages and not ours else 0.0
            if messages:
                await self._clock.pause(rest or GATHER_S)

    def _awaited(self) -> Collection[str]:
        """Buckets of the runs in which something can change."""
        return {
            bucket
            for run in self._ledger.runs.peek_all()
            if run.can_change and run.cloud == self._cloud
            for bucket in run.buckets
        }

    def _is_well(self) -> None:
        was_read, self._is_read = self._is_read, True
        self._health.well(("events", self.queue))
        self._said = ""
        if not was_read:
            self.changed()

    def _is_ill(self, error: RestoreTuiError) -> None:
        was_read, self._is_read = self._is_read, False
        if was_read:
            self.changed()
        text = f"events are not read, and it is polled instead: {error}"
        self._health.trouble(("events", self.queue), "slow", text, error.hint)
        if text != self._said:
            self._said = text
            notices.warning("%s%s", text, f" ({error.hint})" if error.hint else "")

    async def _learn(self, service: EventService, buckets: Collection[str]) -> None:
        """Whether each bucket sends here, asked once; where that may not be read, whoever named the queue knows."""
        for bucket in sorted(set(buckets) - set(self._silent)) if self._is_relied_on else ():
            try:
                told = await service.notification(bucket)
            except CloudError:
                self._silent[bucket] = False
                continue
            self._silent[bucket] = not may_send(told, f":{self.queue.account}:{self.queue.name}")
            if self._silent[bucket]:
                notices.warning(
                    "the bucket %s sends no restore events to the queue %s, so it is polled "
                    "(`restoretui events setup` makes it send them)", bucket, self.queue.name,
                )  # fmt: skip
                self.changed()

    async def _take(self, messages: Sequence[QueueMessage], told: Told) -> list[str]:
        """Have written down what the messages tell; the receipts of those that may be deleted then."""
        ours: list[str] = []
        sights: dict[tuple[int, str], list[Sight]] = {}
        doubts: dict[tuple[int, str], dict[int, RestoreJob]] = {}
        now = self._clock.now().timestamp()
        read = [(message, read_message(message.body)) for message in messages]
        known = await self._known([event for _, found in read for event in found.events])
        for message, found in read:
            if found.is_test:
                ours.append(message.receipt)
                continue
            is_ours = found.is_whole and bool(found.events)
            for event in found.events:
                jobs = known.get((event.bucket, event.key), [])
                is_ours = is_ours and bool(jobs)
                for job in jobs:
                    meaning = judged(event, job, now)
                    place = job.run_id, event.bucket
                    if isinstance(meaning, Sight):
                        sights.setdefault(place, []).append(meaning)
                    elif meaning is EventDoubt.LOOK:
                        doubts.setdefault(place, {})[job.id] = job
                    elif meaning is EventDoubt.LATER:
                        is_ours = False
            if is_ours:
                ours.append(message.receipt)
        for run_id, bucket in {**sights, **doubts}:
            place = run_id, bucket
            await told(run_id, bucket, sights.get(place, []), list(doubts.get(place, {}).values()))
        return ours

    async def _known(self, events: Sequence[RestoreEvent]) -> Mapping[tuple[str, str], list[RestoreJob]]:
        by_bucket: dict[str, set[str]] = {}
        for event in events:
            by_bucket.setdefault(event.bucket, set()).add(event.key)
        found: dict[tuple[str, str], list[RestoreJob]] = {}
        for bucket, keys in by_bucket.items():
            for job in await self._ledger.runs.at_keys(self._cloud, bucket, sorted(keys)):
                found.setdefault((bucket, job.ref.key), []).append(job)
        return found


async def run_all(feeds: Sequence[EventFeed], told: Told) -> None:
    """All queues side by side, until cancelled."""
    tasks = [asyncio.create_task(feed.run(told), name=f"events of {feed.queue.name}") for feed in feeds]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
