"""One confirmed run, pursued to its end: its intents sent, its restores watched, side by side."""

import asyncio
from collections.abc import Callable

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError
from restoretui.core.provider import Provider
from restoretui.engine.batch.pursuit import BatchPursuit, service_of
from restoretui.engine.submitter import Submitter
from restoretui.engine.traffic.circuit_breaker import Gate
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.rate_limiter import Pace
from restoretui.engine.traffic.retrying_reads import Reader
from restoretui.engine.watching.watcher import Due, Watcher
from restoretui.ledger import Ledger
from restoretui.ledger.records import Run


class Pursuit:
    """Holds the loops of one run. Cancelling ``pursue`` at any point loses nothing."""

    def __init__(
        self, run: Run, ledger: Ledger, provider: Provider, clock: Clock, pace: Pace, gate: Gate, health: HealthBoard,
        concurrency: int, on_due: Callable[[int, Due | None], None], may_send: bool = True,
        is_ours: Callable[[], bool] = lambda: True, *, bounded: bool = False,
    ) -> None:  # fmt: skip
        """``bounded``: for a look that ends when patience does."""
        self._run = run
        self._ledger = ledger
        self._may_send = may_send
        self._health = health
        self._replanned = asyncio.Event()
        self.submitter = Submitter(run, ledger, provider, clock, pace, gate, health, concurrency, is_ours)
        self.submitter.on_sent = self._sent
        self.watcher = Watcher(
            run, ledger, provider, run.cloud.rules, clock, Reader(clock, gate, health, bounded=bounded),
            on_replanned=self.resend,
            on_calls=health.looked,
            on_due=lambda due: on_due(run.id, due), on_sight=self._sight,
            by_job=bool(ledger.batches.peek_of_run(run.id)),
        )  # fmt: skip
        self.batches = BatchPursuit(
            run, ledger, provider, service_of(provider), clock, Reader(clock, gate, health, bounded=bounded),
            self.watcher.stir, may_send=may_send,
        )  # fmt: skip

    async def pursue(self) -> None:
        """Send what is planned, settle what is unknown, watch what is restoring; returns when all is settled."""
        await self._ledger.runs.recover(self._run.id)
        sending = asyncio.create_task(self._send())
        watching = asyncio.create_task(self.watcher.watch())
        batching = asyncio.create_task(self.batches.pursue())
        try:
            left = {sending, watching, batching}
            while watching in left:
                done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                if sending in done:
                    return  # It may be sent again, and not by us.
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
