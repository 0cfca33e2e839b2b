"""The breaker pauses everybody and lets one probe through; the limiter halves on SlowDown and creeps back."""

import asyncio

from restoretui.core.clock import ManualClock
from restoretui.core.errors import CredentialsError
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.rate_limiter import RateLimiter


async def test_an_open_gate_holds_nobody() -> None:
    breaker = CircuitBreaker(ManualClock())
    await asyncio.wait_for(breaker.enter(), 1)
    assert breaker.retry_in == 0


async def test_a_shut_gate_lets_one_probe_through_at_growing_waits() -> None:
    clock = ManualClock()
    breaker = CircuitBreaker(clock)
    assert breaker.trip(CredentialsError("expired"))
    assert not breaker.trip(CredentialsError("expired")), "only the first is news"
    passed: list[int] = []

    async def caller(number: int) -> None:
        await breaker.enter()
        passed.append(number)

    callers = [asyncio.create_task(caller(number)) for number in range(5)]
    await clock.advance(1.9)
    assert passed == []
    await clock.advance(0.3)
    assert len(passed) == 1, "one finds out for all"
    breaker.trip(CredentialsError("still expired"))
    await clock.advance(3.5)
    assert len(passed) == 1
    await clock.advance(1.0)
    assert len(passed) == 2
    assert breaker.close()
    await clock.advance(0.2)
    await asyncio.gather(*callers)
    assert len(passed) == 5


async def test_a_cancelled_probe_makes_room_for_another() -> None:
    clock = ManualClock()
    breaker = CircuitBreaker(clock)
    breaker.trip(CredentialsError("expired"))
    probe = asyncio.create_task(breaker.enter())
    await clock.advance(2.1)
    await probe
    breaker.left()
    again = asyncio.create_task(breaker.enter())
    await clock.advance(0.1)
    await again


async def test_the_pace_halves_once_a_second_and_creeps_back() -> None:
    clock = ManualClock()
    limiter = RateLimiter(400.0, clock)
    for _ in range(50):
        limiter.slow_down()
    assert limiter.rate == 200.0
    assert limiter.throttled == 50
    assert limiter.is_slowed
    await clock.advance(1.0)
    limiter.slow_down()
    assert limiter.rate == 100.0
    await clock.advance(5.0)
    await limiter.turn()
    assert 100.0 < limiter.rate < 120.0
    for _ in range(20):
        await clock.advance(5.0)
        await limiter.turn()
    assert limiter.rate == 400.0
    assert not limiter.is_slowed


async def test_the_pace_never_stops_altogether() -> None:
    clock = ManualClock()
    limiter = RateLimiter(4.0, clock)
    for _ in range(10):
        await clock.advance(1.0)
        limiter.slow_down()
    assert limiter.rate == 1.0


async def test_a_late_answer_proves_nothing_about_the_time_since() -> None:
    clock = ManualClock()
    breaker = CircuitBreaker(clock)
    early, another = await breaker.enter(), await breaker.enter()
    assert breaker.trip(CredentialsError("expired"), early)
    assert not breaker.close(another), "it left before the breaker tripped"
    assert breaker.problem is not None
    probe = asyncio.create_task(breaker.enter())
    await clock.advance(2.1)
    assert breaker.close(await probe)
    assert not breaker.trip(CredentialsError("expired"), another), "nor does a late refusal trip it again"
    assert breaker.problem is None


async def test_an_opened_gate_lets_everybody_in_at_once() -> None:
    clock = ManualClock()
    breaker = CircuitBreaker(clock)
    breaker.trip(CredentialsError("expired"))
    for _ in range(6):
        probe = asyncio.create_task(breaker.enter())
        await clock.advance(61)
        breaker.trip(CredentialsError("expired"), await probe)
    assert breaker.retry_in == 60
    callers = [asyncio.create_task(breaker.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    breaker.close()
    await asyncio.wait_for(asyncio.gather(*callers), 1)


async def test_idle_time_counts_towards_recovery() -> None:
    clock = ManualClock()
    limiter = RateLimiter(400.0, clock)
    limiter.slow_down()
    await clock.advance(3600)
    await limiter.turn()
    assert limiter.rate == 400.0


class Counted:
    """A limiter that has room for everybody, and says how many came at a time."""

    def __init__(self) -> None:
        self.numbers: list[float] = []

    async def acquire(self, amount: float = 1) -> None:
        self.numbers.append(amount)
        await asyncio.sleep(0)


async def test_waiting_requests_are_let_through_in_slices() -> None:
    limiter = RateLimiter(1000.0, ManualClock())
    limiter._limiter = counted = Counted()  # type: ignore[assignment]
    await asyncio.wait_for(asyncio.gather(*(limiter.turn() for _ in range(45))), 5)
    assert counted.numbers == [20, 20, 5]
    await limiter.turn()
    assert counted.numbers[3:] == [1], "never more than wait: what was not used would come on top of a later burst"


async def test_a_slow_pace_lets_one_through_at_a_time() -> None:
    limiter = RateLimiter(4.0, ManualClock())
    limiter._limiter = counted = Counted()  # type: ignore[assignment]
    await asyncio.wait_for(asyncio.gather(*(limiter.turn() for _ in range(3))), 5)
    assert counted.numbers == [1, 1, 1]


async def test_who_gave_up_waiting_takes_nobodys_turn() -> None:
    limiter = RateLimiter(1000.0, ManualClock())
    limiter._limiter = Counted()  # type: ignore[assignment]
    turns = [asyncio.create_task(limiter.turn()) for _ in range(60)]
    await asyncio.sleep(0)
    for turn in turns[:50:2]:
        turn.cancel()
    done = await asyncio.wait_for(asyncio.gather(*turns, return_exceptions=True), 5)
    assert [isinstance(result, asyncio.CancelledError) for result in done] == [
        number < 50 and number % 2 == 0 for number in range(60)
    ]


async def test_a_class_with_a_quota_of_its_own_has_a_lane() -> None:
    limiter = RateLimiter(1000.0, ManualClock(), {"DeepColdArchive": 50.0})
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(limiter.turn("DeepColdArchive") for _ in range(15)))
    slow = loop.time() - began
    began = loop.time()
    await asyncio.gather(*(limiter.turn("ColdArchive") for _ in range(15)))
    assert slow >= (15 - 5 - 1) / 50  # A tenth of a second's worth comes at once.
    assert loop.time() - began < slow
