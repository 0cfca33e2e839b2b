"""One run on screen: how it goes without a key, what needs attention first, what was skipped in one line."""

import pytest

from restoretui.core.model import State
from restoretui.ledger.run_records import JobChange
from restoretui.tui.restores.folded_jobs import SkippedRow
from restoretui.tui.restores.pane import RestoresPane
from restoretui.tui.restores.run_detail import RunDetail
from tests.narrowing import a, there
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_restoring import confirm, dialog

BUCKET = "s3://acme-frankfurt-archive/radio/berlin/"
SIZES = [(80, 24), (60, 15), (200, 50)]


async def run_of_all(on: Walk) -> RunDetail:
    """Everything of the bucket is asked for: some of it is not archived, and is skipped."""
    await on.settled()
    await on.press("a")
    await on.sees("marked")
    await dialog(on)
    await confirm(on)
    detail = on.app.main.query_one(RestoresPane).detail
    # Looked at as well: what a round under way has seen would undo what the test does to the jobs meanwhile.
    sent = (State.PLANNED, State.REQUESTED)
    await on.until(lambda: detail.run is not None and not any(map(detail.run.counts.get, sent)))
    return detail


async def fail(on: Walk, number: int, code: str, why: str) -> None:
    """So many of the run's objects fail as the watcher would find it."""
    run = on.session.ledger.runs.peek_all()[0]
    view = await on.session.run_views.job_view(run.id)
    jobs = [row for row in view.rows(0, 1000) if row.state in (State.REQUESTED, State.RESTORING)][:number]
    await view.aclose()
    now = on.session.clock.now().timestamp()
    await on.session.ledger.runs.apply([JobChange(job.id, State.FAILED, now, why, code=code) for job in jobs])


@pytest.mark.parametrize("size", SIZES)
async def test_why_objects_failed_takes_no_key(walk: StartWalk, size: tuple[int, int]) -> None:
    async with walk(BUCKET, size=size) as on:
        await run_of_all(on)
        await fail(on, 2, "NoSuchKey", "it is gone")
        await fail(on, 1, "AccessDenied", "a policy forbids it")
        await on.sees("✗ 2 it is gone" if size[1] < 50 else "✗ 2: it is gone", "1", "a policy forbids it", "✗ 3")
        most = {15: 3, 24: 5, 50: 9}[size[1]]
        rows = on.lines()
        header = next(at for at, line in enumerate(rows) if line.lstrip().startswith("State"))
        assert header - 2 <= most, "the lines between the place and the table"
        assert all(len(line) <= size[0] for line in rows)


async def test_what_needs_attention_comes_first_and_what_was_skipped_is_one_line(walk: StartWalk) -> None:
    async with walk(BUCKET, size=(80, 24)) as on:
        detail = await run_of_all(on)
        skipped = there(detail.run).counts[State.SKIPPED]
        view = there(detail.table.view)
        await on.until(lambda: there(detail.table.view).complete)
        asked = view.count - 1
        assert a(SkippedRow, view.rows(asked, 1)[0]).objects == skipped
        await fail(on, 1, "NoSuchKey", "it is gone")
        await on.sees("✗ failed")
        await on.until(lambda: getattr(there(detail.table.view).rows(0, 1)[0], "state", None) is State.FAILED)
        await on.press("end")
        await on.sees(f"– {skipped}", "enter unfolds")
        await on.press("enter")
        await on.until(lambda: there(detail.table.view).count == asked + skipped)
        await on.sees("– skipped")


async def test_the_list_stays_as_it_is_for_who_has_gone_down_it(walk: StartWalk) -> None:
    async with walk(BUCKET, size=(80, 24)) as on:
        detail = await run_of_all(on)
        await on.press("down", "down")
        before = [row.id for row in there(detail.table.view).rows(0, 10)]
        await fail(on, 1, "NoSuchKey", "it is gone")
        await on.sees("✗ 1")
        await on.hours(1)
        assert [row.id for row in there(detail.table.view).rows(0, 10)] == before
        await on.press("home")
        await on.until(lambda: getattr(there(detail.table.view).rows(0, 1)[0], "state", None) is State.FAILED)


async def test_with_nothing_happening_nothing_is_painted_within_a_minute(walk: StartWalk) -> None:
    async with walk(BUCKET, size=(80, 24), taped=True) as on:
        await run_of_all(on)
        await on.sees("ETA", "┃")
        on.session.ledger.changes.publish("runs")
        await on.pilot.pause(1.5)
        on.tape.take()
        pane = on.app.main.query_one(RestoresPane)
        for _ in range(5):
            assert not pane.tick()
            await on.pilot.pause(0.05)
        assert on.tape.take() == ""


@pytest.mark.parametrize("size", SIZES[:2])
async def test_bursts_unfold_and_ticks_choose(walk: StartWalk, size: tuple[int, int]) -> None:
    async with walk(BUCKET, size=size) as on:
        await run_of_all(on)
        await fail(on, 1, "NoSuchKey", "it is gone")
        await on.press("4")
        await on.sees("asked for", "✗ failed")
        await on.press("t", "t")
        await on.sees("only trouble", "✗ failed")
        assert "asked for" not in on.text
        await on.press("t")
        await on.sees("only arrivals")
        await on.until(lambda: "✗" not in on.text)
        await on.press("escape")
        await on.sees("confirmed")
        header = next(at for at, line in enumerate(on.lines()) if "What" in line)
        position = next(at for at, line in enumerate(on.lines()) if "+ " in line) - header - 1
        await on.press(*["down"] * position, "enter")
        await on.until(lambda: any(" - " in line or line[1:].startswith("- ") for line in on.lines()))
        assert all(len(line) <= size[0] for line in on.lines())


async def test_each_object_is_due_as_its_own_class_has_it(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive/archive/", size=(200, 50)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("a")
        await on.sees("marked")
        await dialog(on)
        await confirm(on)
        await on.sees("◑ restoring", "GLACIER", "DEEP_ARCHIVE")
        due: dict[str, set[str]] = {"GLACIER": set(), "DEEP_ARCHIVE": set()}
        for line in on.lines():
            for name, times in due.items():
                if f" {name} " in line and "◑ restoring" in line and "by 01-" in line:
                    times.add(line.partition("by ")[2].split()[1][:2])
        assert due == {"GLACIER": {"17"}, "DEEP_ARCHIVE": {"00"}}, "Standard takes 5 h, and 12 h; it is 12:00"
