"""The Batch tab: jobs of ours and of others, what may be done to each, and what their reports say."""

import csv
from pathlib import Path
from typing import Any

from textual.widgets import Input

from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.tui.batch.pane import BatchPane
from tests.narrowing import a, there
from tests.tui.conftest import StartWalk, Walk


async def confirmed(on: Walk, **options: Any) -> int:
    """Confirm a run of all GLACIER objects of a small bucket through jobs; the run."""
    session = on.session
    on.sandbox.cloud.add_bucket("cold")
    for number in range(40):
        on.sandbox.cloud.put("cold", f"g/{number:03d}", size=10, storage_class="GLACIER")
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold"), refresh=True)
    plan = session.batch.plan(await session.plan(sel, 3))
    batch = session.batch.options({"role_arn": BATCH_ROLE_ARN, **options})
    run = await session.confirm(sel, plan, Tier.STANDARD, batch=batch)
    return int(run.id)


def job(on: Walk) -> Any:
    return on.session.batch.ours()[0]


async def open_tab(on: Walk) -> BatchPane:
    await on.press("3")
    pane: BatchPane = on.app.main.query_one(BatchPane)
    await on.until(lambda: pane._jobs.looked)
    return pane


async def test_a_held_job_is_confirmed_and_watched_to_complete(walk: StartWalk) -> None:
    async with walk() as on:
        await confirmed(on, hold=True)
        await open_tab(on)
        await on.sees("▲ Suspended", "#1 cold", "1 to confirm")
        await on.press("y")
        await on.sees("Confirm job", "40 objects", "for run 1 as a whole")
        await on.press("ctrl+y")
        await on.sees("✓ copied: restoretui", "update-job-status", "--requested-job-status Ready")
        assert on.app.clipboard.startswith(f"restoretui batch confirm {job(on).job_id} ")
        await on.press("escape", "escape")
        assert job(on).status == "Suspended"
        await on.press("y")
        await on.sees("Confirm job")
        await on.press("shift+tab", "enter")
        await on.until(lambda: job(on).confirmed_at is not None)
        await on.until(lambda: " y confirm" not in on.footer)
        await on.until(lambda: job(on).is_settled, rounds=4000)
        await on.sees("✓ Complete", "100%")
        await on.press("enter")
        await on.sees("40 of 40 sent", "0 failed", "role arn:aws:iam", "manifest s3://cold/", "report s3://cold/")
        await on.sees("every task of the report succeeded")
        assert "job cancel" not in on.footer
        await on.press("backspace")
        await on.sees("1 restore job, 0 under way")


async def test_the_pane_tells_of_the_job_under_the_cursor(walk: StartWalk) -> None:
    async with walk(size=(120, 40)) as on:
        await confirmed(on, hold=True)
        await open_tab(on)
        await on.sees("▲ Suspended", "1 to confirm")
        pane = there(on.app.main.pane("batch").side)
        await on.sees("to be confirmed or cancelled", "role       arn:aws:iam", "our run    #1")
        await on.press("enter")
        await on.until(lambda: not pane.display)  # The opened job says all of it itself.
        await on.press("backspace")
        await on.until(lambda: pane.display)


async def test_a_held_job_is_cancelled_and_its_objects_say_so(walk: StartWalk) -> None:
    async with walk() as on:
        await confirmed(on, hold=True)
        await open_tab(on)
        await on.sees("▲ Suspended")
        await on.press("p")
        await on.sees("Priority of job")
        await on.press("end", "0", "enter")
        await on.until(lambda: job(on).options.priority == 100)
        await on.press("X")
        await on.sees("cannot be resumed")
        await on.press("shift+tab", "enter")
        await on.until(lambda: job(on).is_settled, rounds=4000)
        await on.sees("⊘ Cancelled")
        runs = on.session.ledger.runs
        await on.until(lambda: runs.peek_all()[0].counts == {State.CANCELLED: 40})
        assert "confirm" not in on.footer


async def test_jobs_of_others_are_listed_cloned_and_refreshed(walk: StartWalk) -> None:
    async with walk() as on:
        run = await confirmed(on)
        await on.until(lambda: job(on).is_settled, rounds=4000)
        pane = await open_tab(on)
        await on.press("n")
        await on.sees("Clone job", "even if it is cancelled")
        await on.press("shift+tab", "enter")
        await on.sees("2 restore jobs")
        view = pane.list.table.view
        assert view is not None
        await on.until(lambda: view.rows(0, 1)[0].batch is None)
        await on.hours(1)
        await on.press("home", "R")
        await on.until(lambda: (row := pane._row) is not None and row.info is not None and row.status == "Suspended")
        await on.press("enter")
        await on.sees("not made from this ledger", "waits until it is confirmed")
        assert " run" not in on.footer
        await on.press("X", "shift+tab", "enter")
        await on.sees("⊘ Cancelled")
        assert run == 1


async def test_failed_tasks_are_listed_exported_and_sent_again(walk: StartWalk, tmp_path: Path) -> None:
    async with walk() as on:
        on.sandbox.faults.set([{"kind": "task-failure", "chance": 0.2}], 0)
        await confirmed(on)
        await on.until(lambda: job(on).is_settled, rounds=4000)
        failed = job(on).failed
        assert failed
        await open_tab(on)
        await on.press("enter")
        await on.sees(f"{failed} failed task", "✗ ", "g/0")
        await on.press("x")
        await on.sees("Write the report")
        target = tmp_path / "report.csv"
        a(Input, on.app.screen.focused).value = str(target)
        await on.press("enter")
        await on.until(target.exists)
        with target.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert (len(rows), sum(row["state"] == "failed" for row in rows)) == (40, failed)
        on.sandbox.faults.clear()
        await on.press("t")
        await on.sees("One by one", "As new jobs")
        await on.press("shift+tab", "enter")
        await on.until(lambda: len(on.session.batch.ours()) == 2)
        await on.until(lambda: all(batch.is_settled for batch in on.session.batch.ours()), rounds=4000)
        assert job(on).succeeded == failed


async def test_what_was_written_for_a_job_is_deleted_on_request_only(walk: StartWalk) -> None:
    async with walk() as on:
        await confirmed(on)
        await open_tab(on)
        assert "clean up" not in on.footer
        await on.until(lambda: job(on).is_settled, rounds=4000)
        await on.until(lambda: on.app.main.query_one(BatchPane).check_action("clean", ()))
        await on.press("D")
        await on.sees("Delete the manifest and the report")
        await on.press("shift+tab", "enter")
        await on.until(lambda: job(on).cleaned_at is not None)
        await on.until(lambda: not on.app.main.query_one(BatchPane).check_action("clean", ()))
        await on.press("enter")
        await on.sees("manifest and report were deleted", "no completion report")


async def test_why_a_job_failed_is_on_its_row(walk: StartWalk) -> None:
    async with walk(size=(140, 30)) as on:
        await confirmed(on, role_arn="arn:aws:iam::123456789012:role/batch-without-manifest")
        await open_tab(on)
        await on.until(lambda: job(on).is_settled, rounds=4000)
        await on.sees("✗ Failed", job(on).problem[:30])


async def test_a_read_only_session_looks_and_offers_nothing_else(walk: StartWalk) -> None:
    async with walk() as on:
        await confirmed(on)
        await on.until(lambda: job(on).is_settled, rounds=4000)
        running = on.sandbox
    async with walk(running=running, read_only=True) as on:
        await open_tab(on)
        await on.sees("✓ Complete")
        assert "clone" not in on.footer
        assert "export" in on.footer


async def test_a_runs_details_show_its_jobs_and_their_state(walk: StartWalk) -> None:
    async with walk() as on:
        await confirmed(on, hold=True)
        await open_tab(on)
        await on.sees("▲ Suspended")
        await on.press("b")
        await on.sees("Run #1", "job ▲ Suspended 0 of 40 sent")
        await on.press("3", "X")
        await on.sees("cannot be resumed")
        await on.press("shift+tab", "enter")
        await on.until(lambda: job(on).is_settled, rounds=4000)
        await on.press("2")
        await on.sees("job ⊘ Cancelled")
