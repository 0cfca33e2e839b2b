"""What holds of the screens after every step, whatever was pressed and whatever the cloud did meanwhile.

Each function tells in a sentence what is wrong, and nothing where all is well. What is painted follows the ledger
within a moment, so whoever asks gives it that moment.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from rich.cells import cell_len

from restoretui.ledger.records import BrowseRow, Query
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.marks.marks_bar import MarksBar
from restoretui.tui.restores.pane import RestoresPane
from restoretui.tui.widgets.table.live_table import LiveTable
from tests.tui.conftest import Walk

MARKED = re.compile(r"([\d,]+) marked")
HIDDEN = re.compile(r"([\d,]+) not shown here")
ON_ITS_WAY = (
    "reading …", "opening …", "adding up …", "◑ listing", "looking at what is chosen", "marking ", "counting …",
)  # fmt: skip
"""What is said while something comes; nothing of it stays for good."""


def is_alive(on: Walk) -> str:
    """No defect has ended the screens."""
    error = on.app._exception
    if error is not None:
        return f"the screens met a defect: {error!r}"
    failure = on.app.session.failure if on.app.session is not None and on.app.is_running else None
    return f"the session failed: {failure!r}" if failure is not None else ""


def lines_fit(on: Walk) -> str:
    """No line is wider than the screen, by the cells its text takes in a terminal."""
    width = on.app.size.width
    for y, strip in enumerate(on.app.screen._compositor.render_strips()):
        cells = sum(cell_len(segment.text) for segment in strip if not segment.control)
        if cells > width:
            return f"line {y} takes {cells} cells of {width}"
    return ""


def _cells(painted: Any, row: Any) -> list[Any]:
    return [place.column.render(row, place.cells) for place in painted.placed]


def _tables(on: Walk) -> list[LiveTable[Any]]:
    if len(on.app.screen_stack) > 2:
        return []  # Behind a box over a box nothing is painted until one of them goes.
    return [table for table in on.app.main.query(LiveTable) if _is_shown(table) and table.size.height > 1]


def _is_shown(table: LiveTable[Any]) -> bool:
    return table.display and all(getattr(node, "display", True) for node in table.ancestors)


def tables_painted(on: Walk) -> str:
    """Each table shows what its view holds now, and the screen shows what the table does."""
    for table in _tables(on):
        view, painted = table.view, table._rows
        if view is None:
            continue
        if table.count != view.count:
            return f"#{table.id} counts {table.count} rows of {view.count}"
        rows = view.rows(table.scroll_offset.y, table.height_of_rows)
        cells = [_cells(painted, row) for row in rows]
        if [line.id for line in painted.lines] != [row.id for row in rows]:
            return f"#{table.id} shows other rows than its view has there"
        for line, row, wanted in zip(painted.lines, rows, cells, strict=True):
            if line.cells != wanted:
                return f"#{table.id} shows {line.cells} of {row}, which is {wanted}"
        if on.app.screen is on.app.main:
            problem = _on_screen(on, table, len(rows))
            if problem:
                return problem
    return ""


def _on_screen(on: Walk, table: LiveTable[Any], rows: int) -> str:
    """Each line of the table is on screen as the table has it: nothing was left unpainted."""
    region = table.region.intersection(on.app.screen.region)
    strips = on.app.screen._compositor.render_strips()
    for y in range(min(rows + 1, region.height)):
        wanted = _plain(table.render_line(y).crop(0, table.width_of_rows).text)
        shown = _plain(strips[region.y + y].crop(region.x, region.x + table.width_of_rows).text)
        if shown != wanted:
            return f"line {y} of #{table.id} is {shown!r} on screen, and should be {wanted!r}"
    return ""


def _plain(text: str) -> str:
    """Controls have been made visible on their way to the terminal: they do not count."""
    return "".join(character for character in text if character.isprintable()).rstrip()


@asynccontextmanager
async def _closing(view: Any) -> AsyncIterator[Any]:
    try:
        yield view
    finally:
        await view.aclose()


async def browse_is_ledger(on: Walk) -> str:
    """The rows shown are those of a fresh view of the listing; where a filter limits them, each as it is now."""
    pane = on.app.main.query_one(BrowsePane)
    view, listing = pane.view, pane.source.listing
    if view is None or listing is None or pane.views_coming or pane.is_asking:
        return ""
    if pane.source.query != view.query:
        return f"what is shown is {view.query}, what was asked for {pane.source.query}"
    async with _closing(await on.session.ledger.catalog.browse(view.listing_id, view.query)) as fresh:
        await fresh.wait()
        return _same_rows(view, fresh, exact=view.query == Query())


async def run_is_ledger(on: Walk) -> str:
    """The rows of the run opened are the run's jobs; the runs listed are all there are."""
    pane, runs = on.app.main.query_one(RestoresPane), on.session.ledger.runs.peek_all()
    if not pane.is_shown:
        return ""
    if not pane._detailed:
        shown = [row.run for row in pane.list.table.view.rows(0, 1000)] if pane.list.table.view is not None else []
        wanted = sorted(runs, key=lambda run: -run.id)
        return "" if [*shown] == wanted else f"the runs listed are {shown}, in the ledger are {wanted}"
    run, view = pane.detail.run, pane.detail.table.view
    if run is None or view is None:
        return ""
    if run not in runs:
        return f"the run shown is not as in the ledger: {run}"
    async with _closing(await on.session.run_views.job_view(run.id, pane.detail._query)) as fresh:
        await fresh.wait()
        return _same_rows(view, fresh, exact=pane.detail._query == Query())


def _same_rows(view: Any, fresh: Any, *, exact: bool) -> str:
    shown, wanted = list(view.rows(0, 1000)), list(fresh.rows(0, 1000))
    if exact and shown != wanted:
        return f"{len(shown)} rows are shown, {len(wanted)} are there: {_differing(shown, wanted)}"
    now = {row.id: row for row in wanted}
    for row in shown:
        if row.id in now and now[row.id] != row:
            return f"shown is {row}, and it is {now[row.id]}"
    return ""


def _differing(shown: Sequence[Any], wanted: Sequence[Any]) -> str:
    return next((f"{a} is {b}" for a, b in zip(shown, wanted, strict=False) if a != b), "one has more")


async def marks_add_up(on: Walk) -> str:
    """What the bar says is marked is marked in the ledger: shown plus hidden."""
    pane, session = on.app.main.query_one(BrowsePane), on.session
    if pane.marking.is_under_way:
        return ""
    summary = await session.ledger.selections.summary(session.ledger.mark_sets.shown)
    bar = on.app.main.query_one(MarksBar)
    if pane.marking.summary.objects != summary.objects:
        return f"{pane.marking.summary.objects} are counted as marked, {summary.objects} are"
    if not summary.objects:
        is_offer = bar.display and bool(await session.ledger.mark_sets.left())
        return "the bar of marks is shown without marks" if bar.display and not is_offer else ""
    told = str(bar.render())
    marked, hidden = MARKED.search(told), HIDDEN.search(told)
    if marked is None:
        return "" if bar.size.width < 60 else f"the bar of marks tells no number: {told!r}"
    if int(marked[1].replace(",", "")) != summary.objects:
        return f"the bar says {told!r}, and {summary.objects} are marked"
    view = pane.view
    if view is None or pane.views_coming or bar.size.width < 60:
        return ""
    rows: Sequence[BrowseRow] = view.rows(0, 1000)
    shown = sum(row.marked and not row.is_prefix for row in rows)
    out_of_sight = int(hidden[1].replace(",", "")) if hidden else 0
    if shown + out_of_sight != summary.objects:
        return f"{summary.objects} are marked, {shown} of them shown, and the bar says {told!r}"
    return ""


def nothing_on_its_way(on: Walk) -> str:
    """Once the weather is fair and the clock has turned, nothing is said to be coming any more."""
    text = on.text
    waits = [words for words in ON_ITS_WAY if words in text]
    return f"still on its way: {waits}" if waits else ""


async def all_problems(on: Walk) -> str:
    """The first thing that is wrong, if anything is."""
    for check in (is_alive, lines_fit, tables_painted):
        if problem := check(on):
            return problem
    for later in (browse_is_ledger, run_is_ledger, marks_add_up):
        if problem := await later(on):
            return problem
    return ""
