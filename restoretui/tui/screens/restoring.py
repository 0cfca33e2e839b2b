"""From a choice of objects to a confirmed run: the way every restore, extension and speed-up on screen takes."""

from typing import TYPE_CHECKING

from restoretui.core.errors import UsageError
from restoretui.core.model import State
from restoretui.core.rules import Purpose
from restoretui.ledger.records import BrowseRow, Listing, Query, Run
from restoretui.tui.screens.marking import MARKS
from restoretui.tui.screens.restore_dialog import RestoreDialog

if TYPE_CHECKING:
    from restoretui.tui.screens.browse import BrowsePane
    from restoretui.tui.screens.restores import RestoresPane

ROWS_AT_ONCE = 1000


async def restore_marks(pane: "BrowsePane", purpose: Purpose, listing: Listing | None, row: BrowseRow | None) -> None:
    """Plan what is marked, or else the row under the cursor, have it confirmed, and show the run."""
    selections, marking = pane.session.ledger.selections, pane.marking
    summary = await selections.summary(MARKS)
    sel, hidden = MARKS, 0
    if summary.objects:
        hidden = await marking.count_hidden()
    elif row is None or listing is None:
        raise UsageError("nothing is marked, and there is no row to restore")
    else:
        sel = await selections.create()
    try:
        if sel != MARKS and row is not None and listing is not None:
            await _choose(pane, sel, listing, row)
        run = await pane.shell.push_screen_wait(RestoreDialog(sel, purpose, marking.days, hidden=hidden))
    finally:
        if sel != MARKS:
            await selections.drop(sel)
    if run is not None:
        marking.days = run.days
        if sel == MARKS:
            await marking.clear()
        pane.shell.show_run(run)


async def _choose(pane: "BrowsePane", sel: int, listing: Listing, row: BrowseRow) -> None:
    if row.is_prefix:
        await pane.marking.under(pane.location.below(row.ref.key), sel)
    else:
        await pane.session.ledger.selections.add_rows(sel, listing.id, [row.id])


async def replan_run(pane: "RestoresPane", run: Run, purpose: Purpose, states: frozenset[State]) -> None:
    """Plan anew what a run has in these states, have it confirmed, and show the new run."""
    session = pane.session
    selections = session.ledger.selections
    view = await session.job_view(run.id, Query(states=states))
    sel = await selections.create()
    try:
        await view.wait()
        if not view.count:
            raise UsageError(f"run {run.id} has no object left to {purpose}")
        for start in range(0, view.count, ROWS_AT_ONCE):
            await session.mark_jobs(sel, view.rows(start, ROWS_AT_ONCE))
        new = await pane.shell.push_screen_wait(RestoreDialog(sel, purpose, run.days))
    finally:
        await view.aclose()
        await selections.drop(sel)
    if new is not None:
        pane.shell.show_run(new)
