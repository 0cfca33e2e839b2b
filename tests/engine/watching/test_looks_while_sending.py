"""How often a run is looked at while its requests still go out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.model import State, Tier
from restoretui.core.rules.clouds import CLOUDS
from restoretui.engine.run_context import RunContext
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.rate_limiter import RateLimiter
from restoretui.engine.watching.timetable import Unit
from restoretui.engine.watching.watcher import Watcher, WatchEvents
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import TrackedGroup
from restoretui.ledger.runs.watch_queries import AwaitedColumns

UNIT = Unit("b", versions=False, state=State.RESTORING)


class NoJobs:
    """A ledger whose rounds find nothing to look at."""

    @property
    def runs(self) -> "NoJobs":
        return self

    async def awaited(self, *_: Any, **__: Any) -> AwaitedColumns:
        return AwaitedColumns([], [], [], [])

    async def calls(self, *_: Any) -> None:
        return None

    def looked_at(self, *_: Any) -> None:
        return None


def watching(clock: ManualClock) -> Watcher:
    class Confirmed:
        id = 1
        cloud = CloudId("s3")
        created_at = clock.now()
        promised_end = None

    ledger: Any = NoJobs()
    run: Any = Confirmed()
    nothing: Any = None
    board = HealthBoard(lambda: None)
    context = RunContext(run, ledger, nothing, clock, CircuitBreaker(clock), RateLimiter(1.0, clock), board)
    return Watcher(context, WatchEvents())


def group(state: State, first: float | None, last: float | None, tier: Tier = Tier.BULK) -> TrackedGroup:
    return TrackedGroup(1, CloudId("s3"), "b", False, "GLACIER", "GLACIER", tier, state, 1, 1, first, last, None)


async def looks(
    clock: ManualClock, states: Mapping[State, float | None], tier: Tier, seconds: int, sending: bool
) -> int:
    """Rounds within so many seconds; a request is accepted in each, and ``states`` begin so long after the start."""
    watcher = watching(clock)
    began = clock.now()
    done = 0
    for _ in range(seconds):
        now = clock.now()
        tracked = []
        for state, delay in states.items():
            first = None if delay is None else began.timestamp() + delay
            if first is None or first <= now.timestamp():
                tracked.append(group(state, first, None if first is None else now.timestamp(), tier))
        if any(due.at <= now for due in watcher.timetable.due(tracked, is_sending=sending) if due.unit == UNIT):
            await watcher.round(UNIT)
            done += 1
        await clock.advance(1)
    return done


async def test_one_early_look_while_requests_go_out(manual_clock: ManualClock) -> None:
    accepted = {State.RESTORING: 0.0, State.REQUESTED: 3.0}
    assert await looks(manual_clock, accepted, Tier.BULK, 1800, sending=True) == 1


async def test_looks_become_dense_again_when_the_first_copy_can_be_there(manual_clock: ManualClock) -> None:
    accepted = {State.RESTORING: 0.0, State.REQUESTED: 3.0}
    opens = CLOUDS["s3"].rules.archives["GLACIER"].windows[Tier.EXPEDITED].shortest
    found = await looks(manual_clock, accepted, Tier.EXPEDITED, 1800, sending=True)
    assert 1 < found <= 1 + (timedelta(seconds=1800) - opens) / timedelta(seconds=5)


@pytest.mark.parametrize("states", [{State.REQUESTED: 0.0, State.AVAILABLE: 2.0}])
async def test_a_store_that_restores_at_once_is_looked_at_often(manual_clock: ManualClock, states: Any) -> None:
    assert await looks(manual_clock, states, Tier.BULK, 300, sending=True) > 50


async def test_copies_that_were_there_before_say_nothing_of_the_store(manual_clock: ManualClock) -> None:
    states = {State.RESTORING: 0.0, State.REQUESTED: 3.0, State.AVAILABLE: None}
    assert await looks(manual_clock, states, Tier.BULK, 300, sending=True) == 1


async def test_when_all_is_sent_the_last_are_looked_at_soon(manual_clock: ManualClock) -> None:
    assert await looks(manual_clock, {State.REQUESTED: 0.0}, Tier.BULK, 30, sending=False) > 5
