"""The health line: no trouble hides another, and none stays when all are over."""

import asyncio

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import AccessDenied, CredentialsError, LedgerError, Throttled
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.retrying_reads import RetryingReads


def test_the_worst_is_shown_and_all_over_is_ok() -> None:
    board = HealthBoard(lambda: None)

    def level() -> str:
        return board.now.level

    board.busy(True)
    assert level() == "busy"
    board.trouble("limiter", "slow", "SlowDown")
    board.trouble("breaker", "paused", "expired", "sign in")
    board.trouble("other breaker", "paused", "no network")
    assert (board.now.level, board.now.text, board.now.hint) == ("paused", "expired", "sign in")
    board.well("breaker")
    assert board.now.text == "no network", "one that is over does not hide the other"
    board.well("other breaker")
    assert level() == "slow"
    board.well("limiter")
    assert (level(), board.now.text) == ("busy", "")
    board.busy(False)
    assert level() == "ok"


def test_only_changes_are_told() -> None:
    told: list[str] = []
    board = HealthBoard(lambda: told.append(board.now.level))
    board.well("breaker")
    board.trouble("breaker", "paused", "expired")
    board.trouble("breaker", "paused", "expired")
    board.well("breaker")
    assert told == ["paused", "ok"]


async def test_a_throttled_read_is_slow_until_it_is_answered() -> None:
    clock = ManualClock()
    board = HealthBoard(lambda: None)
    reader = RetryingReads(clock, CircuitBreaker(clock), board)
    answers = iter([Throttled("slow down"), None])

    async def read() -> str:
        problem = next(answers)
        if problem is not None:
            raise problem
        return "page"

    reading = asyncio.create_task(reader(read))
    await clock.advance(0)
    assert board.now.level == "slow"
    await clock.advance(1)
    assert await reading == "page"
    assert (board.now.level, board.now.throttled) == ("ok", 1)


@pytest.mark.parametrize("end", ["cancelled", "defect"])
async def test_a_read_that_ends_without_an_answer_does_not_open_the_gate(end: str) -> None:
    clock = ManualClock()
    breaker, board = CircuitBreaker(clock), HealthBoard(lambda: None)
    reader = RetryingReads(clock, breaker, board)
    breaker.trip(CredentialsError("expired"))
    board.trouble(breaker, "paused", "expired")

    async def read() -> None:
        if end == "defect":
            raise LedgerError("the disk is full")
        await clock.pause(1000)

    probe = asyncio.create_task(reader(read))
    await clock.advance(3)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert breaker.problem is not None
    assert board.now.level == "paused"
    await asyncio.wait_for(breaker.enter(), 1)


async def test_a_refusal_of_one_object_opens_the_gate_for_all() -> None:
    clock = ManualClock()
    breaker, board = CircuitBreaker(clock), HealthBoard(lambda: None)
    breaker.trip(CredentialsError("expired"))

    async def read() -> None:
        raise AccessDenied("not this one")

    probe = asyncio.create_task(RetryingReads(clock, breaker, board)(read))
    await clock.advance(3)
    with pytest.raises(AccessDenied):
        await probe
    assert breaker.problem is None
