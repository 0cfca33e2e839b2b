"""What keys do with the marks: restore, extend, speed up, end copies, each confirmed first."""

import asyncio
from collections.abc import Mapping
from functools import partial

from msgspec.structs import replace

from restoretui.core.errors import UsageError
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.verdicts import Purpose
from restoretui.ledger.records import BrowseRow, Listing
from restoretui.ledger.run_records import Run
from restoretui.session.saying.commands import Subject
from restoretui.tui.acts.end_copies import end_chosen
from restoretui.tui.browse.board import BrowseBoard
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog


async def restore_marks(board: BrowseBoard, purpose: Purpose, listing: Listing | None, row: BrowseRow | None) -> None:
    """Plan what is marked, or else the row under the cursor, have it confirmed, and show the run."""
    selections, marking = board.session.ledger.selections, board.marking
    await marking.settled()
    marked = marking.sel
    summary = await selections.summary(marked)
    sel = marked
    hidden: asyncio.Task[int] | None = None
    if summary.objects:
        # The dialog waits for it, not the key: of millions it takes seconds.
        hidden = asyncio.create_task(marking.count_hidden(), name="marks out of sight")
    elif row is None or listing is None:
        raise UsageError("nothing is marked, and there is no row to restore")
    else:
        sel = await selections.create()
    try:
        if sel != marked and row is not None and listing is not None:
            await _choose_row(board, sel, listing, row)
        runs = await _confirm_each(board, _chosen(board, sel, row), purpose, hidden)
    finally:
        if hidden is not None:
            hidden.cancel()
            await asyncio.gather(hidden, return_exceptions=True)
        if sel != marked:
            await selections.drop(sel)
    if runs:
        board.shell.show_run(runs[-1])


async def end_marks(board: BrowseBoard, listing: Listing | None, row: BrowseRow | None) -> None:
    """End the copies of what is marked, or else of the row under the cursor, once that is confirmed."""
    selections = board.session.ledger.selections
    await board.marking.settled()
    if (await selections.summary(board.marking.sel)).objects:
        await end_chosen(board, _chosen(board, board.marking.sel, None))
    elif row is None or listing is None:
        raise UsageError("nothing is marked, and there is no row to act on")
    else:
        sel = await selections.create()
        try:
            await _choose_row(board, sel, listing, row)
            await end_chosen(board, _chosen(board, sel, row))
        finally:
            await selections.drop(sel)
    board.table.look_again()


async def _confirm_each(
    board: BrowseBoard, chosen: Subject, purpose: Purpose, hidden: "asyncio.Task[int] | None"
) -> list[Run]:
    """A plan for each cloud with chosen objects, one after the other; to give one up leaves its marks alone.

    ``hidden`` counts what of all of them is not a row on screen.
    """
    session, marking, sel = board.session, board.marking, chosen.sel
    schemes = await session.schemes(sel) or [board.location.scheme]
    counts = {
        scheme: sum(tally.objects for (cloud, _), tally in marked.items() if cloud.scheme == scheme)
        for marked in [(await session.ledger.selections.summary(sel)).by_bucket]
        for scheme in schemes
    }
    runs: list[Run] = []
    for number, scheme in enumerate(schemes, 1):
        step = ""
        if len(schemes) > 1:
            name = CLOUDS[scheme].in_full
            step = (
                f"{number} of {len(schemes)}: these lie in {name}; what lies in another cloud is planned "
                "and confirmed by itself"
            )
        about = replace(chosen, scheme=scheme)
        out_of_sight = partial(_out_of_sight, hidden, counts, scheme, board.location.scheme)
        dialog = RestoreDialog(about, purpose, marking.days_for(scheme), hidden=out_of_sight, step=step)
        run = await board.shell.push_screen_wait(dialog)
        if run is not None:
            runs.append(run)
            marking.days[scheme] = run.days
        if run is not None and sel == marking.sel:
            await marking.clear_cloud(run.cloud)
        else:
            marking.recount()  # They are for so many days now, too, and what a plan looked at is better known.
    if len(schemes) > 1 and len(runs) == len(schemes):
        told = " and ".join(f"run {run.id} ({CLOUDS[run.cloud.scheme].in_full})" for run in runs)
        board.shell.say("done", f"confirmed as {told}")
    return runs


async def _out_of_sight(
    hidden: "asyncio.Task[int] | None", counts: Mapping[str, int], scheme: str, shown: str
) -> int:
    """Of one cloud's objects, those that are not rows on screen, where the ``shown`` cloud's are."""
    if scheme != shown and len(counts) > 1:
        return counts[scheme]
    others = sum(counts.values()) - counts[scheme] if len(counts) > 1 else 0
    return 0 if hidden is None else max(0, await asyncio.shield(hidden) - others)


def _chosen(board: BrowseBoard, sel: int, row: BrowseRow | None) -> Subject:
    """What is acted on: the marks, or one row; of a prefix all below it."""
    below = sel != board.marking.sel and row is not None and row.is_prefix
    place = board.location.below(row.ref.key) if below and row is not None else None
    return Subject(sel, board.location.scheme, place, board.source.versions if below else False)


async def _choose_row(board: BrowseBoard, sel: int, listing: Listing, row: BrowseRow) -> None:
    """Put one row into a selection; of a prefix, everything below it."""
    if row.is_prefix:
        await board.marking.under(board.location.below(row.ref.key), sel)
    else:
        await board.session.ledger.selections.add_rows(sel, listing.id, [row.id])
