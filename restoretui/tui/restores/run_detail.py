"""One run: how it stands, and every object of it."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from restoretui.core.errors import RestoreTuiError
from restoretui.core.filter.completion import Present
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import Filter
from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME, State
from restoretui.ledger.records import JobRow, Query, View
from restoretui.ledger.run_records import Run
from restoretui.ledger.volumes import Volume
from restoretui.session.rows.common_prefix import common_prefix
from restoretui.tui.dialogs.filter_menu import FilterMenu, Shown
from restoretui.tui.dialogs.inspector import Inspector
from restoretui.tui.dialogs.menus import SortMenu
from restoretui.tui.restores.columns import job_columns
from restoretui.tui.restores.folded_jobs import FoldedJobs, ShownJob, SkippedRow
from restoretui.tui.restores.run_header import header, lines_for
from restoretui.tui.restores.run_order import RunOrder
from restoretui.tui.restores.run_story import RunStory
from restoretui.tui.restores.run_words import due_of
from restoretui.tui.shell import Working
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.error_state import error_state
from restoretui.tui.widgets.fact_lines import FactLines
from restoretui.tui.widgets.filter_bar import FilterBar
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import Part, chips, said
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.ledger.runs.job_view import JobView

ORDERS = {
    "attention": "What needs attention", "key": "Key", "state": "State", "size": "Size", "modified": "Last change",
    "storage_class": "Storage class", "expiry": "End of the copy",
}  # fmt: skip


MANY, MANY_EVERY = 50_000, 10
"""Of so many objects the filtered ones are looked for anew every so many seconds."""


class RunDetail(Working, Vertical):
    """A projection of one run's jobs."""

    class Found(Message):
        """What the run's objects have in common is known."""

    class Judged(Message):
        """It cannot be read, or can again."""

    def __init__(self) -> None:
        super().__init__(id="run-detail")
        self.run: Run | None = None
        self.title = ""
        """What is open, and where its objects lie."""
        self._place: Location | None = None
        self._is_new = True
        self._counts_shown: Mapping[State, int] = {}
        """As the states were when the rows were asked for."""
        self._seconds = 0
        """Since then, in which they were others."""
        self._order, self._story = RunOrder(), RunStory()
        self._match: Volume | None = None
        """What the filter matches, once that is added up."""

    def compose(self) -> ComposeResult:
        self._facts_lines = FactLines(id="run-facts", now=lambda: self.session.clock.monotonic())
        yield self._facts_lines
        self._filter_bar = FilterBar(present=self._present, id="run-filter")
        yield self._filter_bar
        self.table = LiveTable[ShownJob](
            job_columns(
                self._shown_name,
                lambda: self.session.clock.now(),
                lambda row: due_of(self.run, row) if self.run is not None else None,
            ),
            self.shell.pacer,
            placeholder="reading …",
            id="jobs",
        )
        self.table.set_columns(choice=self.shell.remembered.columns("run"))
        yield self.table
        self._status = Bar(id="run-status", classes="status")
        yield self._status

    @property
    def _query(self) -> Query:
        return self._order.query

    def _shown_name(self, row: JobRow) -> str:
        """Its key without what all keys of the run have, or with its bucket where there are several."""
        if self._place is None:
            return f"{row.ref.bucket}/{row.ref.key}"
        return row.ref.key.removeprefix(self._place.prefix)

    def open(self, run_id: int) -> None:
        """Show this run, its failed objects first if it has any."""
        self._order, self._story = RunOrder(), RunStory()
        self._filter_bar.clear()
        self.table.focus()  # Also of a run that cannot be read keys must lead back.
        self.attempt(partial(self._read_or_tell, partial(self._open, run_id)), "open", hold_keys=True)

    async def _read_or_tell(self, read: Callable[[], Awaitable[None]]) -> None:
        """Where it cannot be read, the rows' place says why, for as long as it is so."""
        before, self.table.error_state = self.table.error_state, None
        try:
            await read()
        except RestoreTuiError as error:
            self.table.error_state = error_state(error, f"{self.shell.key_for('back')} goes back to the runs")
            raise
        finally:
            if before is not self.table.error_state and self.is_attached:
                self.post_message(self.Judged())

    async def _open(self, run_id: int) -> None:
        self.run = await self.session.ledger.runs.get(run_id)
        self._is_new = True
        self._place, self.title = None, f"run #{run_id}"
        await self._learn()
        await self._show(at=0)
        await self._find_common(self.run)
        self.read()  # It may have changed since.
        self.table.focus()

    async def _find_common(self, run: Run) -> None:
        by_key = await self.session.run_views.job_view(run.id)
        try:
            self._place = await common_prefix(by_key, run.cloud.scheme)
        finally:
            await by_key.aclose()
        if self._place is not None:
            self.title = f"run #{run.id} in {self._place}"
            self.table.fit_columns()
        self.post_message(self.Found())

    async def _learn(self) -> None:
        """How it goes, and why objects of it failed: a row has room for the beginning of that alone."""
        if (run := self.run) is not None:
            await self._story.read(self.session, run)
            if self.run is not None and self.run.id == run.id:
                self._say()

    # --- what is shown, and in which order

    async def _show(self, at: int | None = None) -> None:
        if self.run is None:
            return
        self._counts_shown, self._seconds = self.run.counts, 0
        view = await self._order.view(self.session, self.run)
        old = self.table.view
        self._match = None
        self.workers.cancel_group(self, "weigh")
        self._say_empty(view)
        self.table.set_view(view, at=at)
        self.table.set_sort(self._query.sort, self._query.descending)
        if old is not None:
            await old.aclose()
        self._say()
        if self._limits():
            self.attempt(partial(self._weigh, view.jobs), "weigh")

    async def _weigh(self, view: "JobView") -> None:
        """How much it is that the filter matches."""
        self._match = await view.weigh()
        self._say()

    @property
    def _is_at_top(self) -> bool:
        return self.table.view is not None and self.table.cursor == 0 and self.table.scroll_offset.y == 0

    async def _sort_again(self) -> None:
        if (run := self.run) is None:
            return
        view = await self._order.view(self.session, run)
        await view.wait()
        if self.run is None or self.run.id != run.id:
            await view.aclose()
            return
        old = self.table.view
        self.table.exchange(view)
        if old is not None:
            await old.aclose()
        self._say()

    def _say_empty(self, view: View[ShownJob] | None) -> None:
        """What is said where no row is: there may be some to come."""
        is_whole = view is not None and view.complete
        none = f"no object matches: {self.shell.key_for('filter')} changes the filter"
        self.table.placeholder = none if is_whole else "reading …"

    def look_for_others(self) -> None:
        """A filtered view is a picture of its moment: while states change it is taken again now and then."""
        run = self.run
        if run is None or self._query.where is None or run.counts == self._counts_shown:
            return
        self._seconds += 1
        if self._seconds >= (1 if run.objects < MANY else MANY_EVERY):
            self.attempt(partial(self._read_or_tell, self._show), "view")

    def close(self) -> None:
        """The list is shown again."""
        view, self.run = self.table.view, None
        self.table.set_view(None)
        if view is not None:
            self.attempt(view.aclose, "close")

    def read(self) -> bool:
        """Read run and rows again; tells whether anything was repainted."""
        run = self.run
        if run is None:
            return False
        self.run = next((known for known in self.session.ledger.runs.peek_all() if known.id == run.id), run)
        now = self.session.clock.monotonic()
        if self._story.is_old(self.run, now):
            self.attempt(self._learn, "learn")
        if self._query.where is None and self._is_at_top and self._order.is_old(self.run, now):
            self.attempt(self._sort_again, "sort")
        self._say_empty(self.table.view)
        painted = self._say()
        return self.table.look_again() or painted

    # --- what is said

    def _say(self) -> bool:
        run = self.run
        if run is None:
            return False
        changed = self._facts_lines.show(lambda: self._header(run), at_once=self._is_new or not run.is_open)
        self._is_new = False
        count, cursor = self.table.count, self.table.cursor
        view = self.table.view
        line = view.line if isinstance(view, FoldedJobs) else None
        folded = line.objects if line is not None else 0
        left = fmt.plural(count - bool(folded and view is not None and view.complete), "object") + (
            f" match {self._limits()}" if self._limits() else ""
        )
        if self._match is not None:
            left += f" · {fmt.sizes(self._match.size_bytes, self._match.unsized)}"
        left += f" + {folded:,} skipped" if folded else ""
        place = f"{cursor + 1:,} of {count:,}" if count else ""
        wordings = [said((f"{more}{place}", "dim")) for more in (*self._more(run), "")]
        return self._status.show(said((left, "dim")), *wordings, said(), whole=self.table.cut_value) or changed

    def _more(self, run: Run) -> list[str]:
        """What else is known of the run, in fewer and fewer words."""
        cost = self.session.looks_cost(run)
        price = f", {fmt.money(cost, run.currency)}" if cost else ""
        calls = f"{fmt.plural(run.list_calls + run.head_calls, 'call')}"
        started = f"started {fmt.short_instant(run.created_at, self.session.clock.now())} UTC"
        whole = f"{run.list_calls} LIST + {run.head_calls} HEAD calls{price}"
        seen = ""
        if run.can_change:
            seen = f"as of {fmt.short_instant(self.session.ledger.runs.as_of(run), self.session.clock.now())} · "
        return [
            f"{started} · {whole} · {seen}", f"{started} · {calls}{price} · {seen}", f"{calls}{price} · {seen}",
            f"{started} · {seen}", seen,
        ]  # fmt: skip

    def _limits(self) -> str:
        return filter_text(self._query.where)

    @property
    def chips(self) -> list[Part]:
        """The filter in force, for the header."""
        return chips(self._query.where)

    async def _present(self) -> Present:
        view = self.table.view
        return Present() if view is None else await view.present()

    def _header(self, run: Run) -> list[Content]:
        told = self._story.told(self.session, run)
        size = self.app.size
        return (
            [] if told is None else header(told, max(20, (self.size.width or size.width) - 2), lines_for(size.height))
        )

    def on_resize(self) -> None:
        if self.run is not None:
            self._is_new = True
            self._say()

    # --- keys

    @on(table_events.Moved)
    def _moved(self) -> None:
        self._say()

    @on(table_events.Opened)
    def _opened(self, event: table_events.Opened) -> None:
        event.stop()
        if isinstance(event.row, SkippedRow):
            self._order.unfolded = True
            self.attempt(partial(self._read_or_tell, self._show), "view", hold_keys=True)
            return
        scheme = self.run.cloud.scheme if self.run is not None else DEFAULT_SCHEME
        self.shell.push_screen(Inspector(event.row.ref, scheme))

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        if event.where != self._query.where or event.final:
            self._order.query = replace(self._query, where=event.where)
            self.attempt(partial(self._read_or_tell, self._show), "view", hold_keys=event.final)
            self.post_message(self.Judged())
        if event.final:
            self.table.focus()

    @on(table_events.SortChosen)
    def _header_clicked(self, event: table_events.SortChosen) -> None:
        event.stop()
        self._sort_by((event.sort, event.sort == self._query.sort and not self._query.descending))

    def _requery(self, **changes: Any) -> None:
        self._order.query = replace(self._query, **changes)
        self.attempt(partial(self._read_or_tell, self._show), "view", hold_keys=True)

    def filter(self) -> None:
        """Type a filter."""
        self._filter_bar.open()

    def choose_states(self) -> None:
        """Choose the states shown."""
        self.shell.push_screen(FilterMenu(self._query.where, self._present), self._show_only)

    def _show_only(self, shown: Shown | None) -> None:
        if shown is not None:
            self.narrow(shown.where)

    @property
    def narrowed_to(self) -> Filter | None:
        """What is shown is what matches this."""
        return self._query.where

    def narrow(self, where: Filter | None) -> None:
        """Show the objects that match this."""
        self._filter_bar.show(where)
        self._requery(where=where)
        self.post_message(self.Judged())

    def choose_order(self) -> None:
        """Choose the order."""
        self.shell.push_screen(SortMenu(ORDERS, self._query.sort, descending=self._query.descending), self._sort_by)

    def _sort_by(self, order: tuple[Any, bool] | None) -> None:
        if order is not None:
            self._requery(sort=order[0], descending=order[1])
