"""One confirmed run, pursued to its end: its intents sent, its restores watched, side by side.

Each account of a run is sent for and watched by itself, so that one whose keys have expired holds up no other.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from restoretui.core.errors import CloudError
from restoretui.core.literal.literal import Literal
from restoretui.engine.batch.pursuit import BatchPursuit
from restoretui.engine.run_context import RunContext
from restoretui.engine.submitter import Submitter
from restoretui.engine.traffic.waits import first_of
from restoretui.engine.watching.outputs import OutputWatcher
from restoretui.engine.watching.sweep import Sight
from restoretui.engine.watching.timetable import DueLook, Timetable
from restoretui.engine.watching.watcher import Watcher, WatchEvents
from restoretui.ledger.run_records import RestoreJob

if TYPE_CHECKING:
    from restoretui.engine.then.runner import ThenRunner


class Pursuit:
    """Holds the loops of one run. Cancelling ``pursue`` at any point loses nothing."""

    def __init__(self, context: RunContext, on_due: Callable[[int, DueLook | None], None]) -> None:
        """``on_due`` is told of the run's next look, None when no more is expected."""
        run = context.run
        self._run = run
        self._ledger = context.ledger
        self._may_send = context.may_send
        self._health = context.health
        self._on_due = on_due
        self._due: dict[int, DueLook] = {}
        """By account, the next look at its part."""
        self._watchers = (
            [OutputWatcher(context)] if Literal.of_text(run.literal).output else self._by_account(context)
        )
        self._senders: list[_Sender] = []
        for at, part in enumerate(context.parts or (context,)):
            sender = _Sender(Submitter(part))
            sender.submitter.on_sent = self._watchers[min(at, len(self._watchers) - 1)].stir
            self._senders.append(sender)
        self._batches = [BatchPursuit(part, self.stir) for part in context.parts or (context,)]
        self._then: "ThenRunner | None" = None  # noqa: UP037 - the name is bound below
        if context.may_send and context.ledger.then.of_run(run.id):
            from restoretui.engine.then.keeper import Keeper
            from restoretui.engine.then.runner import ThenRunner

            self._then = ThenRunner(context, self._stir_jobs)
            self._keeper = Keeper(context, self.resend)

    async def pursue(self) -> None:
        """Send what is planned, settle what is unknown, watch what is restoring, and do what shall be done with it.

        Returns when all is settled.
        """
        await self._ledger.runs.recover(self._run.id)
        sending = [asyncio.create_task(self._send(sender)) for sender in self._senders]
        watching = {asyncio.create_task(watcher.watch()) for watcher in self._watchers}
        tasks = [*sending, *watching, *(asyncio.create_task(jobs.pursue()) for jobs in self._batches)]
        if self._then is not None:
            tasks += [asyncio.create_task(self._keeper.pursue()), asyncio.create_task(self._then.pursue())]
        try:
            left = set(tasks)
            while not watching.isdisjoint(left):
                done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                if not done.isdisjoint(sending):
                    return  # It may be sent again, and not by us.
                self.stir()
            if self._then is not None:
                await first_of(self._then.idle(), beside=tasks[-1:])
                if tasks[-1].done():
                    tasks[-1].result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def resend(self) -> None:
        """Jobs became planned again: somebody asked for a retry, or a look proved a request had no effect."""
        for sender in self._senders:
            sender.replanned.set()
        self.stir()
        self._stir_jobs()

    async def look_now(self) -> None:
        """One status round over everything tracked; raises what keeps one account's from being seen, at the end."""
        several = max(len(self._batches), len(self._watchers)) > 1
        # Jobs first: what has ended of them is looked at then.
        of_jobs = await asyncio.gather(*(jobs.refresh() for jobs in self._batches), return_exceptions=several)
        looks = await asyncio.gather(*(one.look_now() for one in self._watchers), return_exceptions=several)
        for problem in (*of_jobs, *looks):
            if isinstance(problem, BaseException):
                raise problem

    async def told(self, bucket: str, sights: Sequence[Sight], doubtful: Sequence[RestoreJob]) -> None:
        """Events told of objects of the run."""
        for watcher in self._watchers:
            # Of results that lie elsewhere no event tells.
            if isinstance(watcher, Watcher) and watcher.covers(bucket):
                await watcher.told(bucket, sights, doubtful)

    def _by_account(self, context: RunContext) -> list[Watcher | OutputWatcher]:
        by_job = bool(self._ledger.batches.peek_of_run(self._run.id))
        timetable = Timetable(context, by_job=by_job)
        found: list[Watcher | OutputWatcher] = []
        for at, part in enumerate(context.parts or (context,)):
            events = WatchEvents(
                replanned=self.resend, calls=self._health.looked, due=partial(self._note_due, at), sight=self._sight
            )
            found.append(Watcher(part, events, timetable=timetable))
        return found

    def _note_due(self, at: int, due: DueLook | None) -> None:
        self._due.pop(at, None)
        if due is not None:
            self._due[at] = due
        self._on_due(self._run.id, min(self._due.values(), key=lambda one: one.at, default=None))

    async def _send(self, sender: "_Sender") -> None:
        while True:
            sender.replanned.clear()
            if self._may_send:
                await sender.submitter.submit()
                self.stir()
            await sender.replanned.wait()
            if not self._may_send:
                return

    def _sight(self, bucket: str, denied: CloudError | None) -> None:
        source = ("sight", self._run.id, bucket)
        if denied is None:
            self._health.well(source)
            return
        text = f"run {self._run.id}: what becomes of some objects in {bucket!r} cannot be seen: {denied}"
        self._health.trouble(source, "paused", text, denied.hint)

    def _stir_jobs(self) -> None:
        for jobs in self._batches:
            jobs.stir()

    def stir(self) -> None:
        """What is due may have changed."""
        for watcher in self._watchers:
            watcher.stir()


class _Sender:
    """Of one account."""

    def __init__(self, submitter: Submitter) -> None:
        self.submitter = submitter
        self.replanned = asyncio.Event()
