"""One confirmed run, pursued to its end: its intents sent, its restores watched, side by side."""

import asyncio
from collections.abc import Callable

from restoretui.core.clock import Clock
from restoretui.core.provider import Provider
from restoretui.core.rules import RULES
from restoretui.engine.batch import BatchPursuit, service_of
from restoretui.engine.gate import Gate
from restoretui.engine.health import HealthBoard
from restoretui.engine.pace import Pace
from restoretui.engine.reads import Reader
from restoretui.engine.submitter import Submitter
from restoretui.engine.watcher import Due, Watcher
from restoretui.ledger import Ledger
from restoretui.ledger.records import Run


class Pursuit:
    """Holds the loops of one run. Cancelling ``pursue`` at any point loses nothing."""

    def __init__(
        self, run: Run, ledger: Ledger, provider: Provider, clock: Clock, pace: Pace, gate: Gate, health: HealthBoard,
        concurrency: int, on_due: Callable[[int, Due | None], None], may_send: bool = True,
    ) -> None:  # fmt: skip
        self._run = run
        self._ledger = ledger
        self._may_send = may_send
        self._replanned = asyncio.Event()
        self.submitter = Submitter(run, ledger, provider, clock, pace, gate, health, concurrency)
        self.submitter.on_sent = self._sent
        self.watcher = Watcher(
            run, ledger, provider, RULES[run.cloud.scheme], clock, Reader(clock, gate, health),
            on_replanned=self.resend,
            on_calls=lambda lists, heads: health.set(
                list_calls=health.now.list_calls + lists, head_calls=health.now.head_calls + heads
            ),
            on_due=lambda due: on_due(run.id, due), by_job=bool(ledger.batches.peek_of_run(run.id)),
        )  # fmt: skip
        self.batches = BatchPursuit(
            run, ledger, provider, service_of(provider), clock, Reader(clock, gate, health), self.watcher.stir,
            may_send=may_send,
        )  # fmt: skip

    async def pursue(self) -> None:
        """Send what is planned, settle what is unknown, watch what is restoring; returns when all is settled."""
        await self._ledger.runs.recover(self._run.id)
        sending = asyncio.create_task(self._send())
        watching = asyncio.create_task(self.watcher.watch())
        batching = asyncio.create_task(self.batches.pursue())
        try:
            await asyncio.wait({sending, watching, batching}, return_when=asyncio.FIRST_COMPLETED)
            for task in (sending, batching):
                if task.done():
                    task.result()
            await watching
        finally:
            for task in (sending, watching, batching):
                task.cancel()
            await asyncio.gather(sending, watching, batching, return_exceptions=True)

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

    def _sent(self) -> None:
        self.watcher.stir()
