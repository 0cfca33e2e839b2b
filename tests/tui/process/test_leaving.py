"""Leaving while requests are still to be sent is never silent, and the shell is told how to go on with each run."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from restoretui.config.settings import Settings
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.engine.engine import Engine
from restoretui.ledger.batches.outstanding import outstanding
from restoretui.ledger.batches.records import Phase
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.session.run_views import RunViews
from restoretui.tui.dialogs.leave import Leave
from restoretui.tui.process.demo_guide import DemoGuide
from restoretui.tui.process.demo_story import DemoStory
from restoretui.tui.process.last_words import last_words
from tests.tui.batch.test_batch_jobs import confirmed
from tests.tui.conftest import StartWalk, Walk

OBJECTS = 40


async def begin(on: Walk, bucket: str = "cold") -> int:
    """A confirmed run of many objects; its number."""
    session = on.session
    on.sandbox.cloud.add_bucket(bucket)
    for number in range(OBJECTS):
        on.sandbox.cloud.put(bucket, f"g/{number:03d}", size=10, storage_class="GLACIER")
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location(f"s3://{bucket}"), refresh=True)
    run = await session.confirm(sel, await session.plan(sel, 3), Tier.STANDARD)
    return int(run.id)


def run_of(on: Walk, number: int = 1) -> Any:
    return next(run for run in on.session.ledger.runs.peek_all() if run.id == number)


def asks(on: Walk) -> bool:
    return isinstance(on.app.screen, Leave)


async def goes(on: Walk, *keys: str) -> None:
    """The keys leave."""
    await on.pilot.press(*keys)
    await on.until(lambda: not on.app.is_running)


async def partly_sent(on: Walk) -> None:
    await begin(on)
    await on.until(lambda: 0 < run_of(on).counts.get(State.PLANNED, 0) < OBJECTS)


async def test_with_nothing_unsent_q_leaves_at_once(walk: StartWalk) -> None:
    async with walk() as on:
        await goes(on, "q")
    assert on.app.last_words == []


async def test_q_while_sending_asks_and_stays(walk: StartWalk) -> None:
    async with walk(rate=0.5, size=(60, 15)) as on:
        await partly_sent(on)
        await on.press("q")
        unsent = run_of(on).counts[State.PLANNED]
        await on.sees(f"{unsent} of {OBJECTS} requests are not sent yet", "at the next start")
        await on.sees("Send, then leave", "Leave", "Stay")
        await on.press("escape")
        assert on.app.is_running
        assert not asks(on)
        await on.press("q", "tab", "tab", "enter")
        assert on.app.is_running
        assert not asks(on)
        await on.until(lambda: run_of(on).counts[State.PLANNED] < unsent)


async def test_leave_leaves_and_the_shell_is_told_how_to_go_on(walk: StartWalk) -> None:
    async with walk(rate=0.5) as on:
        await partly_sent(on)
        await goes(on, "q", "tab", "enter")
    (line,) = on.app.last_words
    numbers = [int(word) for word in line.replace(",", " ").replace(":", " ").split() if word.isdigit()]
    assert line.startswith("run 1: "), line
    assert line.endswith(". Go on: restoretui watch 1"), line
    assert f"{numbers[1]} unsent, " in line
    assert sum(numbers[1:-1]) == OBJECTS, line


async def test_send_then_leave_shows_how_far_it_is_and_leaves_by_itself(walk: StartWalk) -> None:
    async with walk(rate=10.0) as on:
        await partly_sent(on)
        await on.press("q", "enter")
        await on.sees(f"of {OBJECTS} requests sent", "This leaves by itself")
        assert "Send, then leave" not in on.text
        await on.until(lambda: not on.app.is_running, rounds=2000)
        assert on.posts() == OBJECTS
    (line,) = on.app.last_words
    assert "unsent" not in line
    # Those that were looked at since are restoring or there, the last ones requested: all are told.
    assert sum(map(int, re.findall(r"(\d+) (?:requested|restoring|available)", line))) == OBJECTS, line


async def test_send_then_leave_can_be_called_off(walk: StartWalk) -> None:
    async with walk(rate=10.0) as on:
        await partly_sent(on)
        await on.press("q", "enter")
        await on.sees("This leaves by itself")
        await on.press("enter")  # the keys stand on Stay
        assert not asks(on)
        await on.until(lambda: State.PLANNED not in run_of(on).counts, rounds=2000)
        await on.pilot.pause(1.2)
        assert on.app.is_running


async def test_send_then_leave_says_why_it_cannot(walk: StartWalk) -> None:
    async with walk(rate=0.5) as on:
        await partly_sent(on)
        await on.press("q", "enter")
        on.session._board.trouble("test", "paused", "credentials have expired", "run `aws sso login`")
        await on.sees("‖ paused: credentials have expired", "aws sso login")
        assert asks(on)
        on.session._board.well("test")
        await on.until(lambda: "‖ paused: credentials" not in on.text)
        await on.press("escape")


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_other_ways_out_tell_the_shell_too(walk: StartWalk, key: str) -> None:
    async with walk(rate=0.5) as on:
        await partly_sent(on)
        if key == "ctrl+q":
            await on.press(key)
            assert asks(on)  # asked for again, it leaves
        await goes(on, key)
    assert on.app.last_words[0].startswith("run 1: ")


async def test_a_read_only_session_is_not_asked_about_what_it_never_sends(walk: StartWalk, tmp_path: Path) -> None:
    async with walk(rate=0.5) as on:
        await partly_sent(on)
        running = on.sandbox
        await goes(on, "ctrl+c")
    async with walk(read_only=True, running=running) as on:
        await goes(on, "q")
    assert "unsent" in on.app.last_words[0]
    assert on.app.last_words[0].endswith("restoretui watch 1")


async def test_a_run_that_another_process_sends_is_not_asked_about(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk(rate=0.5) as on:
        await partly_sent(on)
        running = on.sandbox
        await goes(on, "ctrl+c")

    async def taken(_self: Any, _name: str, _holder: str, _ttl: float, **_how: Any) -> bool:
        return False

    monkeypatch.setattr("restoretui.ledger.store.leases.Leases.acquire", taken)
    async with walk(running=running) as on:
        await on.until(lambda: on.session.is_elsewhere(1))
        await goes(on, "q")
    assert "Another restoretui goes on with it: restoretui watch 1" in on.app.last_words[0]


async def test_a_run_not_taken_up_yet_is_asked_about(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with walk(rate=0.5) as on:
        monkeypatch.setattr(Engine, "_take_up", lambda self: on.sandbox.clock.pause(3600))
        await begin(on)
        await on.press("q")
        await on.sees(f"{OBJECTS} of {OBJECTS} requests are not sent yet")
        await on.press("escape")


async def test_jobs_that_are_not_made_yet_count_as_unsent(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    async def uploads(_self: Any, batch: Any) -> Any:
        made.append(batch)
        await on.sandbox.clock.pause(3600)

    monkeypatch.setattr("restoretui.engine.batch.pursuit.BatchPursuit._upload", uploads)
    async with walk(batch_role_arn=BATCH_ROLE_ARN) as on:
        await confirmed(on)
        await on.until(lambda: made)
        await on.press("q")
        await on.sees("40 of 40 requests are not sent yet")
        await goes(on, "tab", "enter")
    assert on.app.last_words == ["run 1: 40 unsent. Go on: restoretui watch 1"]


async def test_a_job_that_waits_for_a_person_does_not_hold_anybody(walk: StartWalk) -> None:
    async with walk(batch_role_arn=BATCH_ROLE_ARN) as on:
        await confirmed(on, hold=True)
        await on.until(lambda: on.session.batch.ours()[0].is_held, rounds=2000)
        await goes(on, "q")
    assert on.app.last_words == ["run 1: 40 in jobs to confirm. Go on: restoretui watch 1"]


async def test_what_a_job_leaves_unsent(walk: StartWalk) -> None:
    async with walk(batch_role_arn=BATCH_ROLE_ARN) as on:
        await confirmed(on)
        run, (batch,) = run_of(on), on.session.batch.ours()
        planned = replace(run, counts={State.PLANNED: 40, State.SKIPPED: 2}, objects=42)
        at = on.sandbox.clock.now().timestamp()
        for phase, status, confirmed_at, expected in (
            (Phase.PLANNED, "", at, (40, 0, 0)),
            (Phase.CREATING, "", at, (40, 0, 0)),
            (Phase.CREATED, "Preparing", at, (40, 0, 0)),
            (Phase.CREATED, "Suspended", at, (40, 0, 0)),
            (Phase.CREATED, "Suspended", None, (0, 0, 40)),
            (Phase.CREATED, "Active", at, (0, 40, 0)),
            (Phase.SETTLED, "Complete", at, (40, 0, 0)),
        ):
            left = outstanding(planned, [replace(batch, phase=phase, status=status, confirmed_at=confirmed_at)])
            assert (left.unsent, left.in_jobs, left.to_confirm) == expected, (phase, status, confirmed_at)
            assert left.requests == 40


async def test_what_others_had_asked_for_is_no_request_of_the_run(walk: StartWalk) -> None:
    """Three restored before, one restores; the other thirty-six are asked for here."""
    async with walk(rate=0.5) as on:
        on.sandbox.cloud.add_bucket("cold")
        for number in range(4):
            on.sandbox.cloud.put("cold", f"g/{number:03d}", size=10, storage_class="GLACIER")
            on.sandbox.cloud.restore("cold", f"g/{number:03d}", days=9, tier=Tier.EXPEDITED)
            if number == 2:
                await on.hours(1)
        for number in range(4, OBJECTS):
            on.sandbox.cloud.put("cold", f"g/{number:03d}", size=10, storage_class="GLACIER")
        session = on.session
        sel = await session.ledger.selections.create()
        await session.selecting.under(sel, parse_location("s3://cold"), refresh=True)
        run = await session.confirm(sel, await session.plan(sel, 3), Tier.STANDARD)
        assert (run.objects, run.asks) == (OBJECTS, OBJECTS - 4)
        await on.press("q")
        await on.until(lambda: asks(on))
        await on.sees(f"of {OBJECTS - 4} requests")
        old = outstanding(replace(run, asks=None, counts={State.PLANNED: 40, State.SKIPPED: 2}, objects=42), [])
        assert old.requests == 40, "of a run that an earlier version wrote"
        given_up = outstanding(replace(run, counts={State.PLANNED: 30, State.CANCELLED: 6, State.AVAILABLE: 4}), [])
        assert (given_up.unsent, given_up.requests) == (30, 30)
        await on.press("escape")


class StillPace:
    """A clock that nobody turns."""

    speed = 60.0

    async def turn(self, speed: float) -> None:
        raise OSError(f"{speed:g}: nothing answers")


async def test_the_demo_has_nothing_to_go_on_with(walk: StartWalk) -> None:
    async with walk(rate=0.5) as on:
        on.app._demo = DemoGuide(on.app, DemoStory(StillPace(), hurries=False), lambda: None)
        await partly_sent(on)
        await goes(on, "q")
    assert on.app.last_words == [
        "that was a sandbox, and it is gone; your own archive: restoretui s3://BUCKET/PREFIX/"
    ]


async def test_the_command_finds_the_same_ledger(walk: StartWalk, tmp_path: Path) -> None:
    async with walk(rate=0.5, sources={"state_dir": "--state-dir"}) as on:
        await partly_sent(on)
        await goes(on, "ctrl+c")
    assert on.app.last_words[0].endswith(f"restoretui watch 1 --state-dir {tmp_path / 'state'}")


def test_a_run_of_which_only_then_steps_are_left_has_its_last_words() -> None:
    step = SimpleNamespace(told="exec 0 of 3", is_news=True, open=3)
    left = SimpleNamespace(
        id=4, counts={State.AVAILABLE: 3}, is_open=False, then_open=True, then=[step], asks=3, objects=3
    )
    over = SimpleNamespace(id=3, is_open=False, then_open=False)
    ledger = SimpleNamespace(
        runs=SimpleNamespace(peek_all=lambda: [left, over]), batches=SimpleNamespace(peek_of_run=lambda run_id: [])
    )
    views = RunViews(cast("Any", ledger), cast("Any", None), cast("Any", None), read_only=False)
    session = SimpleNamespace(run_views=views, is_elsewhere=lambda run_id: False, settings=Settings())
    assert last_words(cast("Any", session)) == ["run 4: 3 available; then exec 0 of 3. Go on: restoretui watch 4"]
