"""Clocks: the system's, the sandbox's fast one, and the tests' own."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.clock import AdjustableClock, Clock, ManualClock, ScaledClock, SystemClock
from tests.settling import next_due

ORIGIN = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


async def test_system_clock() -> None:
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now().timestamp() - time.time()) < 5
    assert abs(clock.wall() - time.time()) < 5
    started = clock.monotonic()
    await clock.sleep(0)
    await clock.pause(0)
    await clock.sleep(-1)
    await clock.pause(-1)
    assert clock.monotonic() >= started


async def test_a_scaled_clock_runs_fast_in_cloud_time_only() -> None:
    started = time.time()
    clock = ScaledClock(3600.0, ORIGIN, started)
    await clock.sleep(36)  # a hundredth of a real second
    passed = clock.now() - ORIGIN
    assert timedelta(seconds=36) <= passed <= timedelta(seconds=(time.time() - started) * 3600)
    assert abs(clock.wall() - time.time()) < 5
    await clock.sleep(-5)
    await clock.pause(0)


@pytest.mark.parametrize(
    "text",
    [
        "3600.0@2026-01-15T12:00:00+00:00@1700000000.123456",
        "0.5@2026-01-15T12:00:00.000001+00:00@0.0",
        "1234567.5@2026-01-15T12:00:00+00:00@1700000000.0",
    ],
)
def test_a_scaled_clock_reads_its_own_writing(text: str) -> None:
    assert str(ScaledClock.parse(text)) == text


@given(
    speed=st.floats(min_value=1e-3, max_value=1e9),
    origin=st.datetimes(timezones=st.just(UTC)),
    started=st.floats(min_value=0, max_value=4e9),
)
def test_no_digit_of_a_scaled_clock_is_lost(speed: float, origin: datetime, started: float) -> None:
    clock = ScaledClock(speed, origin, started)
    assert ScaledClock.parse(str(clock)) == clock


def test_the_origin_may_be_written_in_any_zone() -> None:
    clock = ScaledClock.parse("2@2026-01-15T14:00:00+02:00@0")
    assert clock.origin == ORIGIN
    assert clock.origin.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3600",
        "3600@2026-01-15T12:00:00+00:00",
        "3600@2026-01-15T12:00:00+00:00@1@2",
        "fast@2026-01-15T12:00:00+00:00@1",
        "3600@yesterday@1",
        "3600@2026-01-15T12:00:00+00:00@soon",
        "0@2026-01-15T12:00:00+00:00@1",
        "-1@2026-01-15T12:00:00+00:00@1",
        "nan@2026-01-15T12:00:00+00:00@1",
        "inf@2026-01-15T12:00:00+00:00@1",
        "3600@2026-01-15T12:00:00+00:00@nan",
        "3600@2026-01-15T12:00:00+00:00@inf",
        "3600@2026-01-15T12:00:00@1",  # which zone?
    ],
)
def test_anything_else_is_not_a_scaled_clock(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - float, datetime and the clock each word it themselves
        ScaledClock.parse(text)


async def test_a_manual_clock_stands_still() -> None:
    clock: Clock = ManualClock()
    before = (clock.now(), clock.monotonic(), clock.wall())
    await clock.sleep(0)
    await clock.pause(-1)
    assert (clock.now(), clock.monotonic(), clock.wall()) == before


async def test_advancing_moves_all_its_times_alike() -> None:
    clock = ManualClock(ORIGIN)
    await clock.advance(90)
    assert clock.now() == ORIGIN + timedelta(seconds=90)
    assert clock.monotonic() == 90
    assert clock.wall() == ORIGIN.timestamp() + 90
    await clock.advance(10)
    assert clock.now() == ORIGIN + timedelta(seconds=100)
    assert clock.monotonic() == 100


async def test_a_sleeper_due_at_the_very_end_wakes() -> None:
    clock = ManualClock(ORIGIN)
    task = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    await clock.advance(5)
    assert task.done()


async def test_sleepers_wake_in_the_order_of_their_times_and_see_them() -> None:
    clock = ManualClock(ORIGIN)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [
        asyncio.create_task(sleeper(name, seconds)) for name, seconds in [("c", 3), ("a", 1), ("b", 2), ("a too", 1)]
    ]
    await asyncio.sleep(0)
    assert next_due(clock) == 1
    await clock.advance(2.5)
    assert woken == [("a", 1), ("a too", 1), ("b", 2)]
    assert next_due(clock) == 0.5
    await clock.advance(10)
    assert woken[3:] == [("c", 3)]
    assert next_due(clock) is None
    await asyncio.gather(*tasks)


async def test_a_sleeper_that_sleeps_again_wakes_again_within_one_advance() -> None:
    clock = ManualClock(ORIGIN)
    ticks: list[float] = []

    async def ticker() -> None:
        while len(ticks) < 5:
            await clock.pause(10)
            ticks.append(clock.monotonic())

    task = asyncio.create_task(ticker())
    await asyncio.sleep(0)
    await clock.advance(35)
    assert ticks == [10, 20, 30]
    await clock.advance(100)
    assert ticks == [10, 20, 30, 40, 50]
    await task


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(ORIGIN)
    task = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert next_due(clock) is None
    await clock.advance(10)
    assert clock.monotonic() == 10


async def test_a_sleeper_goes_on_at_the_new_speed() -> None:
    clock = AdjustableClock(ScaledClock(1.0, ORIGIN, time.time()))
    started = time.monotonic()
    sleeper = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0.01)
    assert not sleeper.done()
    before = clock.now()
    clock.turn(360_000.0)
    assert clock.now() >= before, "turning it is no jump"
    await sleeper
    assert time.monotonic() - started < 60
    assert clock.now() - ORIGIN >= timedelta(seconds=3599)
    await clock.sleep(-1)
