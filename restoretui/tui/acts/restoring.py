"""From a choice of objects to a confirmed run: the way every restore, extension and speed-up on screen takes."""

from typing import TYPE_CHECKING

from restoretui.core.errors import UsageError
from restoretui.core.model import State
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import Purpose
from restoretui.ledger.records import BrowseRow, Listing, Query, Run
from restoretui.tui.browse.marking import MARKS
from restoretui.tui.dialogs.restore_dialog import RestoreDialog

if TYPE_CHECKING:
    from restoretui.tui.browse.pane import BrowsePane
    from restoretui.tui.restores.pane import RestoresPane

ROWS_AT_ONCE = 1000


async def restore_marks(pane: "BrowsePane", purpose: Purpose, listing: Listing | None, row: BrowseRow | None) -> None:
    """Plan what is marked, or else the row under the cursor, have it confirmed, and show the run."""
    selections, marking = pane.session.ledger.selections, pane.marking
    await marking.settled()
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
            await choose_row(pane, sel, listing, row)
        runs = await _confirm_each(pane, sel, purpose, hidden)
    finally:
        if sel != MARKS:
            await selections.drop(sel)
    if runs:
        pane.shell.show_run(runs[-1])


async def _confirm_each(pane: "BrowsePane", sel: int, purpose: Purpose, hidden: int) -> list[Run]:
    """A plan for each cloud with chosen objects, one after the other; to give one up leaves its marks alone."""
    session, marking = pane.session, pane.marking
    schemes = await session.schemes(sel) or [pane.location.scheme]
    counts = {
        scheme: sum(tally.objects for (cloud, _), tally in marked.items() if cloud.scheme == scheme)
        for marked in [(await session.ledger.selections.summary(sel)).by_bucket]
        for scheme in schemes
    }
    runs: list[Run] = []
    for number, scheme in enumerate(schemes, 1):
        step, out_of_sight = "", hidden
        if len(schemes) > 1:
            name = CLOUDS[scheme].in_full
            step = (
                f"{number} of {len(schemes)}: these lie in {name}; what lies in another cloud is planned "
                "and confirmed by itself"
            )
            others = sum(counts.values()) - counts[scheme]
            out_of_sight = max(0, hidden - others) if scheme == pane.location.scheme else counts[scheme]
        dialog = RestoreDialog(sel, purpose, marking.days_for(scheme), hidden=out_of_sight, scheme=scheme, step=step)
        run = await pane.shell.push_screen_wait(dialog)
        if run is not None:
            runs.append(run)
            marking.days[scheme] = run.days
            if sel == MARKS:
                await marking.clear_cloud(run.cloud)
            else:
                marking.recount()  # The marks are for so many days now, too.
    if len(schemes) > 1 and len(runs) == len(schemes):
        pane.shell.say(
            "done",
            f"confirmed as {' and '.join(f'run {run.id} ({CLOUDS[run.cloud.scheme].in_full})' for run in runs)}",
        )
    return runs


async def choose_row(pane: "BrowsePane", sel: int, listing: Listing, row: BrowseRow) -> None:
    """Put one row into a selection; of a prefix, everything below it."""
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
            await session.selecting.jobs(sel, view.rows(start, ROWS_AT_ONCE), run.cloud.scheme)
        new = await pane.shell.push_screen_wait(RestoreDialog(sel, purpose, run.days, scheme=run.cloud.scheme))
    finally:
        await view.aclose()
        await selections.drop(sel)
    if new is not None:
        pane.shell.show_run(new)
