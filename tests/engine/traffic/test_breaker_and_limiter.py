"""The gate pauses everybody and lets one probe through; the pace halves on SlowDown and creeps back."""

import asyncio

from restoretui.core.clock import ManualClock
from restoretui.core.errors import CredentialsError
from restoretui.engine.traffic.circuit_breaker import Gate
from restoretui.engine.traffic.rate_limiter import Pace


async def test_an_open_gate_holds_nobody() -> None:
    gate = Gate(ManualClock())
    await asyncio.wait_for(gate.enter(), 1)
    assert gate.retry_in == 0


async def test_a_shut_gate_lets_one_probe_through_at_growing_waits() -> None:
    clock = ManualClock()
    gate = Gate(clock)
    assert gate.shut(CredentialsError("expired"))
    assert not gate.shut(CredentialsError("expired")), "only the first is news"
    passed: list[int] = []

    async def caller(number: int) -> None:
        await gate.enter()
        passed.append(number)

    callers = [asyncio.create_task(caller(number)) for number in range(5)]
    await clock.advance(1.9)
    assert passed == []
    await clock.advance(0.3)
    assert len(passed) == 1, "one finds out for all"
    gate.shut(CredentialsError("still expired"))
    await clock.advance(3.5)
    assert len(passed) == 1
    await clock.advance(1.0)
    assert len(passed) == 2
    assert gate.opened()
    await clock.advance(0.2)
    await asyncio.gather(*callers)
    assert len(passed) == 5


async def test_a_cancelled_probe_makes_room_for_another() -> None:
    clock = ManualClock()
    gate = Gate(clock)
    gate.shut(CredentialsError("expired"))
    probe = asyncio.create_task(gate.enter())
    await clock.advance(2.1)
    await probe
    gate.left()
    again = asyncio.create_task(gate.enter())
    await clock.advance(0.1)
    await again


async def test_the_pace_halves_once_a_second_and_creeps_back() -> None:
    clock = ManualClock()
    pace = Pace(400.0, clock)
    for _ in range(50):
        pace.slow_down()
    assert pace.rate == 200.0
    assert pace.throttled == 50
    assert pace.is_slowed
    await clock.advance(1.0)
    pace.slow_down()
    assert pace.rate == 100.0
    await clock.advance(5.0)
    await pace.turn()
    assert 100.0 < pace.rate < 120.0
    for _ in range(20):
        await clock.advance(5.0)
        await pace.turn()
    assert pace.rate == 400.0
    assert not pace.is_slowed


async def test_the_pace_never_stops_altogether() -> None:
    clock = ManualClock()
    pace = Pace(4.0, clock)
    for _ in range(10):
        await clock.advance(1.0)
        pace.slow_down()
    assert pace.rate == 1.0


async def test_a_late_answer_proves_nothing_about_the_time_since() -> None:
    clock = ManualClock()
    gate = Gate(clock)
    early, another = await gate.enter(), await gate.enter()
    assert gate.shut(CredentialsError("expired"), early)
    assert not gate.opened(another), "it left before the gate was shut"
    assert gate.problem is not None
    probe = asyncio.create_task(gate.enter())
    await clock.advance(2.1)
    assert gate.opened(await probe)
    assert not gate.shut(CredentialsError("expired"), another), "nor does a late refusal shut it again"
    assert gate.problem is None


async def test_an_opened_gate_lets_everybody_in_at_once() -> None:
    clock = ManualClock()
    gate = Gate(clock)
    gate.shut(CredentialsError("expired"))
    for _ in range(6):
        probe = asyncio.create_task(gate.enter())
        await clock.advance(61)
        gate.shut(CredentialsError("expired"), await probe)
    assert gate.retry_in == 60
    callers = [asyncio.create_task(gate.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    gate.opened()
    await asyncio.wait_for(asyncio.gather(*callers), 1)


async def test_idle_time_counts_towards_recovery() -> None:
    clock = ManualClock()
    pace = Pace(400.0, clock)
    pace.slow_down()
    await clock.advance(3600)
    await pace.turn()
    assert pace.rate == 400.0


class Counted:
    """A limiter that has room for everybody, and says how many came at a time."""

    def __init__(self) -> None:
        self.numbers: list[float] = []

    async def acquire(self, amount: float = 1) -> None:
        self.numbers.append(amount)
        await asyncio.sleep(0)


async def test_waiting_requests_are_let_through_in_slices() -> None:
    pace = Pace(1000.0, ManualClock())
    pace._limiter = counted = Counted()  # type: ignore[assignment]
    await asyncio.wait_for(asyncio.gather(*(pace.turn() for _ in range(45))), 5)
    assert counted.numbers == [20, 20, 5]
    await pace.turn()
    assert counted.numbers[3:] == [1], "never more than wait: what was not used would come on top of a later burst"


async def test_a_slow_pace_lets_one_through_at_a_time() -> None:
    pace = Pace(4.0, ManualClock())
    pace._limiter = counted = Counted()  # type: ignore[assignment]
    await asyncio.wait_for(asyncio.gather(*(pace.turn() for _ in range(3))), 5)
    assert counted.numbers == [1, 1, 1]


async def test_who_gave_up_waiting_takes_nobodys_turn() -> None:
    pace = Pace(1000.0, ManualClock())
    pace._limiter = Counted()  # type: ignore[assignment]
    turns = [asyncio.create_task(pace.turn()) for _ in range(60)]
    await asyncio.sleep(0)
    for turn in turns[:50:2]:
        turn.cancel()
    done = await asyncio.wait_for(asyncio.gather(*turns, return_exceptions=True), 5)
    assert [isinstance(result, asyncio.CancelledError) for result in done] == [
        number < 50 and number % 2 == 0 for number in range(60)
    ]
