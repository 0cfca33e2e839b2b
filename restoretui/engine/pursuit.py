"""One confirmed run, pursued to its end: its intents sent, its restores watched, side by side."""

import asyncio
from collections.abc import Callable

from restoretui.core.clock import Clock
from restoretui.core.provider import Provider
from restoretui.core.rules import RULES
from restoretui.engine.gate import Gate
from restoretui.engine.health import HealthBoard
from restoretui.engine.pace import Pace
from restoretui.engine.reads import Reader
from restoretui.engine.submitter import Submitter
from restoretui.engine.watcher import Due, Watcher
from restoretui.ledger import Ledger
from restoretui.ledger.records import Run


class Pursuit:
    """Holds the two loops of one run. Cancelling ``pursue`` at any point loses nothing."""

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
            on_replanned=self._replanned.set,
            on_calls=lambda lists, heads: health.set(
                list_calls=health.now.list_calls + lists, head_calls=health.now.head_calls + heads
            ),
            on_due=lambda due: on_due(run.id, due),
        )  # fmt: skip

    async def pursue(self) -> None:
        """Send what is planned, settle what is unknown, watch what is restoring; returns when all is settled."""
        await self._ledger.runs.recover(self._run.id)
        sending = asyncio.create_task(self._send())
        watching = asyncio.create_task(self.watcher.watch())
        try:
            await asyncio.wait({sending, watching}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            await watching
        finally:
            for task in (sending, watching):
                task.cancel()
            await asyncio.gather(sending, watching, return_exceptions=True)

    def resend(self) -> None:
        """Jobs became planned again: somebody asked for a retry, or a look proved a request had no effect."""
        self._replanned.set()
        self.watcher.stir()

    async def _send(self) -> None:
        while True:
            self._replanned.clear()
            if self._may_send:
                await self.submitter.submit()
                self.watcher.stir()
            await self._replanned.wait()

    def _sent(self) -> None:
        self.watcher.stir()
