"""A submitter with nothing but its breaker: no read of anybody else opens it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import CloudError, CredentialsError, ServerFault, Unreachable
from restoretui.core.model import ObjectRef, RestoreRequest, State
from restoretui.core.provider import Answer, Outcome
from restoretui.engine.run_context import RunContext
from restoretui.engine.submitter import Submitter
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.rate_limiter import RateLimiter
from restoretui.ledger import Ledger
from tests.ledger.helpers import entry, keys, started

SENDS = 8
TAKES_S = 0.05


class Cloud:
    """Takes its time, and counts how many requests it has at once."""

    def __init__(self, clock: ManualClock) -> None:
        self.trouble: CloudError | None = None
        self.now = self.most = self.asked = 0
        self._clock = clock

    async def restore_object(self, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> Answer:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self._clock.pause(TAKES_S)
        finally:
            self.now -= 1
        return Answer(Outcome.ACCEPTED, 202, request_id="R")


@pytest.fixture
async def ledger(state_dir: Path, manual_clock: ManualClock) -> AsyncIterator[Ledger]:
    async with await Ledger.open(state_dir, manual_clock) as opened:
        yield opened


@pytest.mark.parametrize(
    "trouble", [CredentialsError("the credentials have expired"), Unreachable("no connection"), None]
)
async def test_a_probe_that_succeeds_lets_all_go_on_at_once(
    ledger: Ledger, manual_clock: ManualClock, trouble: CloudError | None
) -> None:
    run = await started(ledger, [entry(key) for key in keys(1 + 2 * SENDS)])
    cloud, breaker, board = Cloud(manual_clock), CircuitBreaker(manual_clock), HealthBoard(lambda: None)
    limiter = RateLimiter(10_000.0, manual_clock)
    provider: Any = cloud
    submitter = Submitter(RunContext(run, ledger, provider, manual_clock, breaker, limiter, board, concurrency=SENDS))
    cloud.trouble = trouble
    sending = asyncio.create_task(submitter.submit())
    if trouble is not None:
        await until(manual_clock, lambda: breaker.problem is not None and not breaker._probing, step=0.0)
        assert board.now.level == "paused"
        assert cloud.most == 0
        cloud.trouble = None
    await until(manual_clock, sending.done, step=TAKES_S)
    await sending
    assert (breaker.problem, board.now.level) == (None, "ok")
    assert cloud.most == SENDS, "all workers send side by side, not one after the other"
    assert (await ledger.runs.get(run.id)).counts == {State.REQUESTED: 1 + 2 * SENDS}


async def test_a_server_fault_says_nothing_about_the_connection(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry(key) for key in keys(2 * SENDS)])
    cloud, breaker, board = Cloud(manual_clock), CircuitBreaker(manual_clock), HealthBoard(lambda: None)
    breaker.trip(Unreachable("no connection"))
    cloud.trouble = ServerFault("the service failed (500)")
    provider: Any = cloud
    limiter = RateLimiter(10_000.0, manual_clock)
    submitter = Submitter(RunContext(run, ledger, provider, manual_clock, breaker, limiter, board, concurrency=SENDS))
    sending = asyncio.create_task(submitter.submit())
    await until(manual_clock, sending.done, step=0.5)
    await sending
    assert breaker.problem is None, "it answered: whatever it says, it is there"
    assert (await ledger.runs.get(run.id)).counts == {State.UNKNOWN: 2 * SENDS}


async def test_a_sender_counts_what_was_sent_just_before_by_another_process(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    told: list[int] = []

    class Noting(RateLimiter):
        def others_sent(self, number: int) -> None:
            told.append(number)
            super().others_sent(number)

    run = await started(ledger, [entry(key) for key in keys(SENDS)])
    provider: Any = Cloud(manual_clock)
    for wait in (0.5, 1.0):
        breaker, board = CircuitBreaker(manual_clock), HealthBoard(lambda: None)
        limiter = Noting(10_000.0, manual_clock)
        sending = asyncio.create_task(
            Submitter(RunContext(run, ledger, provider, manual_clock, breaker, limiter, board)).submit()
        )
        await until(manual_clock, sending.done, step=TAKES_S)
        await sending
        await manual_clock.advance(wait)
    assert told == [0, SENDS]
    assert ledger.runs.sent_since(manual_clock.now().timestamp() - 1.0) == 0


async def until(clock: ManualClock, done: Callable[[], bool], *, step: float) -> None:
    """Turn the clock, and let the ledger's thread and the limiter's timer work in between, until ``done``."""
    for _ in range(3000):
        if done():
            return
        await clock.advance(step, settle=5)
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to that")
