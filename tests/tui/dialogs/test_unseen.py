"""Objects that nobody may look at: left out, said to be, and asked for when somebody chooses that."""

from restoretui.core.model import State
from restoretui.sandbox import RunningSandbox
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.widgets.pick_line import PickLine
from tests.conftest import StartSandbox
from tests.narrowing import there
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_restoring import confirm, dialog

DENY = {"kind": "deny", "operations": ["HeadObject"], "prefix": "shut/"}


async def tiering(sandbox: StartSandbox) -> RunningSandbox:
    """Three archived objects inside Intelligent-Tiering of which nobody may look at two."""
    running = await sandbox(empty=True)
    running.cloud.add_bucket("tiering")
    for key in ("open", "shut/a", "shut/b"):
        running.cloud.put(
            "tiering", key, size=2**30, storage_class="INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS"
        )
    running.faults.set([DENY], running.cloud.now())
    return running


async def marked_all(on: Walk) -> None:
    await on.settled()
    await on.press("d")
    await on.settled()
    await on.press("a")
    pane = on.app.main.query_one(BrowsePane)
    await on.until(lambda: pane.marking.summary.objects == there(pane.table.view).count == 3)


async def choose(on: Walk, box: RestoreDialog, *keys: str) -> None:
    """To the choice, and take the other side of it."""
    box.query_one("#unseen", PickLine).focus()
    await on.press(*keys)
    box.tiers.focus()


async def test_what_may_not_be_looked_at_is_a_choice_and_only_what_was_shown_is_sent(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    async with walk("s3://tiering", running=await tiering(sandbox)) as on:
        await marked_all(on)
        box = await dialog(on)
        await on.sees("Unseen ◉ left out  ○ asked for", "2 objects may not be looked at", "2 requests, cost unknown")
        await on.sees("Restore 1", "look first")
        await choose(on, box, "right")
        await on.sees("○ left out  ◉ asked for", "asked for unseen", "Restore 3")
        await choose(on, box, "right")
        await on.sees("◉ left out", "Restore 1", "will be left out")
        await choose(on, box, "right")
        await on.sees("Restore 3")
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        run = on.session.ledger.runs.peek_all()[0]
        assert run.objects == 3
        assert State.SKIPPED not in run.counts


async def test_left_out_unless_somebody_says_otherwise(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk("s3://tiering", running=await tiering(sandbox)) as on:
        await marked_all(on)
        await dialog(on)
        await on.sees("Restore 1")
        await confirm(on)
        await on.until(lambda: on.posts() == 1)
        assert on.session.ledger.runs.peek_all()[0].counts.get(State.SKIPPED) == 2


async def test_no_choice_where_everything_may_be_looked_at(walk: StartWalk, sandbox: StartSandbox) -> None:
    running = await tiering(sandbox)
    running.faults.set([], running.cloud.now())
    async with walk("s3://tiering", running=running) as on:
        await marked_all(on)
        box = await dialog(on)
        await on.sees("Restore 3")
        assert not box.unseen_choice.display


async def test_at_a_store_that_may_hold_a_copy_the_price_and_the_risk_are_said(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("tiering")
    for key in ("open", "shut/a", "shut/b"):
        running.cloud.put("tiering", key, size=2**30, storage_class="GLACIER")
    running.faults.set([{"kind": "quirk", "name": "no-restore-status"}, DENY], running.cloud.now())
    async with walk("s3://tiering", running=running) as on:
        await marked_all(on)
        box = await dialog(on)
        await on.sees("2 objects may not be looked at; asking for them is 2 requests, cost $0.03")
        await choose(on, box, "right")
        await on.sees("Restore 3")
