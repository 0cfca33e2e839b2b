"""Patience: what waits for a cloud ends when it is over, is told of meanwhile, and goes on for ever where it must."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from restoretui.core import doing
from restoretui.core.clock import ManualClock
from restoretui.core.errors import (
    AccessDenied,
    CloudError,
    ConnectionLost,
    CredentialsError,
    ExitCode,
    MalformedAnswer,
    ServerFault,
    Throttled,
    TimedOut,
    Unreachable,
    Untrusted,
)
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.retrying_reads import RetryingReads, all_of
from restoretui.engine.traffic.speaker import Progress, Speaker, Wait, Works
from restoretui.engine.traffic.waits import Cut, TimeLimit
from restoretui.engine.traffic.watchdog import SLOWEST_ANSWER, Watchdog

Read = Callable[[], Awaitable[str]]
AWAY = Unreachable("no connection to store", "check the network")


class Line:
    """A connection with a reader of each kind, on a clock the test turns."""

    def __init__(self, patience: float | None = 45.0) -> None:
        self.clock = ManualClock()
        self.board = HealthBoard(lambda: None)
        self.watchdog = Watchdog(self.clock, patience, "store")
        self.breaker = CircuitBreaker(self.clock, self.watchdog)
        self.read = RetryingReads(self.clock, self.breaker, self.board, bounded=True)
        self.endless = RetryingReads(self.clock, self.breaker, self.board)

    async def ends(self, task: "asyncio.Task[Any]", most: float) -> float:
        """After how many seconds the task ended; fails when it does not within ``most``."""
        began = self.clock.monotonic()
        while not task.done():
            assert self.clock.monotonic() - began < most, "it never ended"
            await self.clock.advance(0.25)
        return self.clock.monotonic() - began


@pytest.fixture
def line() -> Line:
    return Line()


def raising(*errors: Exception) -> tuple[Read, list[Exception]]:
    """A read that raises these one after the other, the last for ever, and what it raised."""
    raised: list[Exception] = []

    async def read() -> str:
        raised.append(errors[min(len(raised), len(errors) - 1)])
        raise raised[-1]

    return read, raised


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreachable("no connection to store"), 1),
        (CredentialsError("the credentials have expired", "run: aws sso login"), 4),
        (ServerFault("the service failed (500)"), 1),
        (ConnectionLost("the connection broke"), 1),
        (Throttled("SlowDown"), 1),
    ],
)
async def test_a_bounded_read_ends_with_what_stood_in_the_way(line: Line, error: CloudError, code: int) -> None:
    read, raised = raising(error)
    task = asyncio.create_task(line.read(read))
    took = await line.ends(task, 60)
    assert 44 <= took <= 46
    with pytest.raises(type(error), match=r"given up after 45 s") as caught:
        await task
    assert str(error) in str(caught.value)
    assert caught.value.exit_code == ExitCode(code)
    assert "--patience" in caught.value.hint
    assert len(raised) > 4, "it was asked again and again meanwhile"


async def test_patience_counts_anew_from_each_usable_answer(line: Line) -> None:
    for _ in range(6):
        read, _ = raising(AWAY)
        waiting = asyncio.create_task(line.read(read))
        await line.clock.advance(40)
        assert not waiting.done()

        async def denied() -> str:
            raise AccessDenied("no")

        # A refusal is an answer, too; it comes through the breaker as its probe.
        line.breaker.close()
        answered = asyncio.create_task(line.read(denied))
        await line.clock.advance(1)
        with pytest.raises(AccessDenied):
            await answered
        await line.clock.advance(30)
        assert not waiting.done(), "70 s in all, but 30 since the answer"
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        line.breaker.close()
        await line.clock.advance(2)


async def test_a_person_who_thinks_for_an_hour_uses_up_no_patience(line: Line) -> None:
    async def well() -> str:
        return "page"

    assert await line.read(well) == "page"
    await line.clock.advance(3600)
    read, _ = raising(AWAY)
    task = asyncio.create_task(line.read(read))
    assert await line.ends(task, 60) > 44
    with pytest.raises(Unreachable):
        await task


async def test_what_comes_back_in_time_is_found_in_time(line: Line) -> None:
    async def read() -> str:
        if line.clock.monotonic() < 40:
            raise AWAY
        return "page"

    task = asyncio.create_task(line.read(read))
    await line.ends(task, 45)
    assert await task == "page"


async def test_no_patience_ends_at_the_first_trouble() -> None:
    line = Line(0.0)
    read, raised = raising(AWAY)
    with pytest.raises(Unreachable):
        await line.read(read)
    assert len(raised) == 1


async def test_no_patience_still_lets_an_answer_come() -> None:
    line = Line(0.0)

    async def slow() -> str:
        await line.clock.pause(SLOWEST_ANSWER - 1)
        return "page"

    task = asyncio.create_task(line.read(slow))
    await line.ends(task, 10)
    assert await task == "page"


@pytest.mark.parametrize("error", [MalformedAnswer("it is a web page"), Untrusted("Hostname mismatch")])
async def test_what_does_not_mend_itself_is_met_three_times(line: Line, error: CloudError) -> None:
    read, raised = raising(error)
    task = asyncio.create_task(line.read(read))
    assert await line.ends(task, 20) < 20
    with pytest.raises(type(error), match=str(error)):
        await task
    assert len(raised) == 3


async def test_other_unreadable_answers_are_other_troubles(line: Line) -> None:
    read, raised = raising(
        *(MalformedAnswer(f"cut after {at} bytes") for at in (3, 4, 3, 4, 5, 6)), MalformedAnswer("x")
    )
    task = asyncio.create_task(line.read(read))
    await line.ends(task, 60)
    with pytest.raises(MalformedAnswer, match="x"):
        await task
    assert len(raised) == 9


async def test_credentials_that_are_plainly_wrong_end_it_at_once(line: Line) -> None:
    read, raised = raising(CredentialsError("the key does not exist").as_wrong())
    with pytest.raises(CredentialsError):
        await line.read(read)
    assert len(raised) == 1


@pytest.mark.parametrize("error", [CredentialsError("the key does not exist").as_wrong(), Untrusted("it expired")])
async def test_what_has_worked_may_work_again(line: Line, error: CloudError) -> None:
    async def well() -> str:
        return "page"

    await line.read(well)
    read, _ = raising(error)
    task = asyncio.create_task(line.read(read))
    assert await line.ends(task, 60) > 44
    with pytest.raises(type(error)):
        await task


async def test_a_server_that_never_answers_is_given_up_with_its_name(line: Line) -> None:
    async def stalled() -> str:
        doing.note("ListObjectsV2", "b")
        await line.clock.pause(1e9)
        return "never"

    task = asyncio.create_task(line.read(stalled))
    assert 44 <= await line.ends(task, 60) <= 46
    with pytest.raises(ConnectionLost, match="store gave no answer to ListObjectsV2 of bucket 'b'"):
        await task


async def test_credentials_that_never_come_are_credentials_that_fail(line: Line) -> None:
    async def stalled() -> str:
        with doing.finding_credentials("the credentials of profile x"):
            await line.clock.pause(1e9)
        return "never"

    task = asyncio.create_task(line.read(stalled))
    await line.ends(task, 60)
    with pytest.raises(CredentialsError, match="the credentials of profile x did not come"):
        await task


async def test_once_something_was_sent_nothing_ends_it(line: Line) -> None:
    read, raised = raising(AWAY)
    task = asyncio.create_task(line.endless(read))
    bounded = asyncio.create_task(line.read(read))
    await line.ends(bounded, 60)
    before = len(raised)
    await line.clock.advance(3600)
    assert not task.done()
    assert 10 < len(raised) - before < 120, "and it is asked seldom"
    task.cancel()
    await asyncio.gather(task, bounded, return_exceptions=True)


async def test_what_nobody_waits_for_any_more_is_no_trouble_on_the_screen(line: Line) -> None:
    read, _ = raising(ServerFault("the service failed (500)"))
    task = asyncio.create_task(line.endless(read))
    await line.clock.advance(0)
    await line.clock.advance(30)
    assert (line.board.now.level, line.board.now.text) == ("paused", "the service failed (500)")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert line.board.now.level == "ok"


async def test_when_one_of_many_ends_the_others_do(line: Line) -> None:
    ended: list[str] = []

    async def one(name: str) -> str:
        try:
            if name == "b":
                raise AWAY
            await line.clock.pause(100)
        finally:
            ended.append(name)
        return name

    with pytest.raises(Unreachable):
        await all_of([one("a"), one("b"), one("c")])
    assert sorted(ended) == ["a", "b", "c"]


# --- being cut short


async def test_a_cut_raises_its_error_and_leaves_the_task_alone() -> None:
    async def work() -> str:
        try:
            with Cut() as cut:
                asyncio.get_running_loop().call_soon(cut.now, AWAY)
                await asyncio.sleep(1000)
        except Unreachable:
            await asyncio.sleep(0)  # Not cancelled any more.
            return "went on"
        return "not cut"

    assert await work() == "went on"


async def test_whoever_cancels_meanwhile_still_means_it() -> None:
    async def work(cut: Cut) -> None:
        with cut:
            await asyncio.sleep(1000)

    task = asyncio.create_task(work(cut := Cut()))
    await asyncio.sleep(0)
    cut.now(AWAY)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_limit_stands_still_while_a_person_is_asked() -> None:
    clock = ManualClock()

    async def work() -> str:
        async with TimeLimit(clock, 10, lambda: TimedOut("over")) as limit:
            await clock.pause(4)
            limit.lift()
            await clock.pause(1000)
            assert limit.left == 6
            limit.run()
            await clock.pause(1000)
        return "never"

    task = asyncio.create_task(work())
    await clock.advance(0)
    await clock.advance(1009)
    assert not task.done()
    await clock.advance(1.5)
    with pytest.raises(TimedOut, match="over"):
        await task


# --- being told of


class Told:
    def __init__(self, clock: ManualClock) -> None:
        self.lines: list[str] = []
        self.now: list[Wait] = []
        self._clock = clock
        self._speaker = Speaker(clock, self.lines.append, self._waits)

    def _waits(self) -> Iterator[Wait]:
        yield from self.now

    async def after(self, seconds: float) -> list[str]:
        """What is said within so many seconds."""
        self.lines.clear()
        for _ in range(int(seconds * 4)):
            await self._clock.advance(0.25)
            self._speaker.look()
        return list(self.lines)


@pytest.fixture
def told(manual_clock: ManualClock) -> Told:
    return Told(manual_clock)


async def test_what_is_quick_is_no_news(told: Told) -> None:
    told.now = [Wait("a", "waiting for store", after=1.0)]
    assert await told.after(0.75) == []
    told.now = []
    assert await told.after(5) == []


async def test_a_wait_is_said_once_again_when_its_reason_changes_and_when_it_is_over(told: Told) -> None:
    told.now = [Wait("a", "waiting for store", "; 45 s left", goes_on=lambda: "store answers again")]
    assert await told.after(2.5) == ["waiting for store; 45 s left"]
    assert await told.after(600) == []
    told.now = [Wait("a", "waiting for store: no network", "; 3 s left", goes_on=lambda: "store answers again")]
    assert await told.after(1) == ["waiting for store: no network; 3 s left"]
    told.now = []
    assert await told.after(1) == ["store answers again"]


async def test_reasons_that_take_turns_are_not_told_without_end(told: Told) -> None:
    lines = []
    for number in range(100):
        told.now = [Wait("a", f"reason {number % 2}", after=0.0)]
        lines += await told.after(0.25)
    assert 2 <= len(lines) <= 9


async def test_progress_is_told_now_and_then_and_not_while_everything_stands_still(told: Told) -> None:
    works, tally = Works(), Progress()
    with works.telling(lambda: tally.text("objects so far")):
        told.now = list(works.waits())
        assert await told.after(10) == [], "none yet: others say what is waited for"
        tally.number = 7
        told.now = list(works.waits())
        assert await told.after(3) == ["7 objects so far"]
        tally.number = 9
        told.now = list(works.waits())
        assert await told.after(20) == []
        assert await told.after(20) == ["9 objects so far"]
        told.now = [*works.waits(), Wait("a", "waiting for store")]
        assert await told.after(100) == ["waiting for store"]
    assert list(works.waits()) == []


async def test_what_follows_at_once_has_no_patience_of_its_own(line: Line) -> None:
    """A hundred looks at a store that is gone take as long as one."""
    read, _ = raising(AWAY)
    first = asyncio.create_task(line.read(read))
    await line.ends(first, 60)
    for _ in range(100):
        task = asyncio.create_task(line.read(read))
        assert await line.ends(task, 5) <= 1
        with pytest.raises(Unreachable):
            await task
    with pytest.raises(Unreachable):
        await first
