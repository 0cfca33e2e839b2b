"""One confirmed run, pursued to its end: its intents sent, its restores watched, side by side."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from restoretui.core.errors import CloudError
from restoretui.core.literal.literal import Literal
from restoretui.engine.batch.pursuit import BatchPursuit
from restoretui.engine.run_context import RunContext
from restoretui.engine.submitter import Submitter
from restoretui.engine.traffic.waits import first_of
from restoretui.engine.watching.outputs import OutputWatcher
from restoretui.engine.watching.timetable import DueLook
from restoretui.engine.watching.watcher import Watcher, WatchEvents

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
        self._replanned = asyncio.Event()
        self.submitter = Submitter(context)
        self.submitter.on_sent = self._sent
        events = WatchEvents(
            replanned=self.resend,
            calls=context.health.looked,
            due=lambda due: on_due(run.id, due),
            sight=self._sight,
        )
        by_job = bool(context.ledger.batches.peek_of_run(run.id))
        self.watcher: Watcher | OutputWatcher = Watcher(context, events, by_job=by_job)
        if Literal.of_text(run.literal).output:
            self.watcher = OutputWatcher(context)
        self.batches = BatchPursuit(context, self.watcher.stir)
        self._then: "ThenRunner | None" = None  # noqa: UP037 - the name is bound below
        if context.may_send and context.ledger.then.of_run(run.id):
            from restoretui.engine.then.keeper import Keeper
            from restoretui.engine.then.runner import ThenRunner

            self._then = ThenRunner(context, self.batches.stir)
            self._keeper = Keeper(context, self.resend)

    async def pursue(self) -> None:
        """Send what is planned, settle what is unknown, watch what is restoring, and do what shall be done with it.

        Returns when all is settled.
        """
        await self._ledger.runs.recover(self._run.id)
        sending = asyncio.create_task(self._send())
        watching = asyncio.create_task(self.watcher.watch())
        batching = asyncio.create_task(self.batches.pursue())
        tasks = [sending, watching, batching]
        if self._then is not None:
            tasks += [asyncio.create_task(self._keeper.pursue()), asyncio.create_task(self._then.pursue())]
        try:
            left = set(tasks)
            while watching in left:
                done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                if sending in done:
                    return  # It may be sent again, and not by us.
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
        self._replanned.set()
        self.watcher.stir()
        self.batches.stir()

    async def _send(self) -> None:
        while True:
            self._replanned.clear()
            if self._may_send:
                await self.submitter.submit()
                self.watcher.stir()
            await self._replanned.wait()
            if not self._may_send:
                return

    def _sight(self, bucket: str, denied: CloudError | None) -> None:
        source = ("sight", self._run.id, bucket)
        if denied is None:
            self._health.well(source)
            return
        text = f"run {self._run.id}: what becomes of some objects in {bucket!r} cannot be seen: {denied}"
        self._health.trouble(source, "paused", text, denied.hint)

    def _sent(self) -> None:
        self.watcher.stir()
