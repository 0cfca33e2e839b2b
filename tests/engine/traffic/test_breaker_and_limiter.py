"""The breaker pauses everybody and lets one probe through; the limiter halves on SlowDown and creeps back."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence

import pytest

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
    """A pace that has room for everybody, and says how many came at a time."""

    def __init__(self) -> None:
        self.numbers: list[float] = []

    def begin(self) -> None:
        return None

    async def acquire(self, amount: float = 1) -> None:
        self.numbers.append(amount)
        await asyncio.sleep(0)


async def test_waiting_requests_are_let_through_in_slices() -> None:
    limiter = RateLimiter(1000.0, ManualClock())
    limiter._pace = counted = Counted()  # type: ignore[assignment]
    await asyncio.wait_for(asyncio.gather(*(limiter.turn() for _ in range(45))), 5)
    assert counted.numbers == [20, 20, 5]
    await limiter.turn()
    assert counted.numbers[3:] == [1], "never more than wait: what was not used would come on top of a later burst"


async def test_a_slow_pace_lets_one_through_at_a_time() -> None:
    limiter = RateLimiter(4.0, ManualClock())
    limiter._pace = counted = Counted()  # type: ignore[assignment]
    await asyncio.wait_for(asyncio.gather(*(limiter.turn() for _ in range(3))), 5)
    assert counted.numbers == [1, 1, 1]


async def test_who_gave_up_waiting_takes_nobodys_turn() -> None:
    limiter = RateLimiter(1000.0, ManualClock())
    limiter._pace = Counted()  # type: ignore[assignment]
    turns = [asyncio.create_task(limiter.turn()) for _ in range(60)]
    await asyncio.sleep(0)
    for turn in turns[:50:2]:
        turn.cancel()
    done = await asyncio.wait_for(asyncio.gather(*turns, return_exceptions=True), 5)
    assert [isinstance(result, asyncio.CancelledError) for result in done] == [
        number < 50 and number % 2 == 0 for number in range(60)
    ]


class PacedLoop(asyncio.SelectorEventLoop):
    """A loop whose time stands still while it works, and jumps while it waits: hours of pacing take milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 1000.0
        select = self._selector.select  # type: ignore[attr-defined]

        def jump(timeout: float | None) -> object:
            self.at += timeout or 0.0
            return select(0)

        self._selector.select = jump  # type: ignore[attr-defined]

    def time(self) -> float:
        return self.at


def paced(sending: Callable[[RateLimiter], Awaitable[None]], rate: float = 1000.0) -> list[float]:
    """When the requests left that ``sending`` asks a turn for, in seconds from the beginning."""
    left: list[float] = []

    class Noting(RateLimiter):
        async def turn(self, storage_class: str = "") -> None:
            await super().turn(storage_class)
            left.append(asyncio.get_running_loop().time() - 1000.0)

    async def run() -> None:
        clock = ManualClock()
        await sending(Noting(rate, clock))

    with asyncio.Runner(loop_factory=PacedLoop) as runner:
        runner.run(run())
    return left


def most_within(left: Sequence[float], seconds: float) -> int:
    return max(bisect_left(left, since + seconds) - at for at, since in enumerate(left))


async def all_turn(limiter: RateLimiter, number: int) -> None:
    await asyncio.gather(*(limiter.turn() for _ in range(number)))


def test_a_seconds_worth_goes_at_once_and_what_comes_behind_it_evenly() -> None:
    left = paced(lambda limiter: all_turn(limiter, 4000))
    assert left[999] < 0.01
    assert left[1000] >= 1.0, "no second has more than the cloud documents for one"
    assert most_within(left, 1.0) <= 1000
    assert left[-1] == pytest.approx(4.0, abs=0.15), "at the documented rate for all that"
    assert most_within(left[1000:], 0.1) <= 220, "evenly, but for what is made up for"


@pytest.mark.parametrize("rate", [1.0, 2.5, 4.0, 30.0])
def test_slow_rates_are_kept_and_reached(rate: float) -> None:
    left = paced(lambda limiter: all_turn(limiter, int(rate * 20)), rate)
    assert most_within(left, 1.0) <= rate + 1
    assert left[-1] == pytest.approx(20, abs=20 / rate / 10 + 1.5)


def test_what_goes_below_the_rate_never_waits() -> None:
    async def sending(limiter: RateLimiter) -> None:
        for _ in range(300):
            await limiter.turn()
            await asyncio.sleep(0.011)

    left = paced(sending, rate=100.0)
    assert left[-1] == pytest.approx(299 * 0.011, abs=0.001)


def test_a_lull_of_a_second_makes_room_for_a_burst() -> None:
    async def sending(limiter: RateLimiter) -> None:
        await all_turn(limiter, 700)
        await asyncio.sleep(0.5)
        await all_turn(limiter, 700)
        await asyncio.sleep(1.0)
        await all_turn(limiter, 1000)

    left = paced(sending)
    assert most_within(left, 1.0) <= 1000
    assert left[999] == pytest.approx(0.5, abs=0.01), "as far as there is room"
    assert left[-1] - left[1400] < 0.01


def test_who_was_refused_sends_evenly_from_then_on() -> None:
    async def sending(limiter: RateLimiter) -> None:
        await all_turn(limiter, 10)
        limiter.slow_down()
        await asyncio.sleep(60)
        await all_turn(limiter, 600)

    left = paced(sending)
    assert left[-1] - left[10] >= 1.0, "at half the rate, of which a tenth of a second's worth goes at once"


def test_what_others_sent_counts() -> None:
    """Another process that has just ended, or sends as well: the account is the same."""

    async def sending(limiter: RateLimiter) -> None:
        limiter.others_sent(900)
        await all_turn(limiter, 200)
        limiter.others_sent(200)

    left = paced(sending)
    assert left[99] < 0.01
    assert left[100] >= 1.0


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
