"""Activity: the audit trail as it grows, newest first."""

from functools import partial

from textual import on
from textual.app import ComposeResult

from restoretui.core.errors import RestoreTuiError
from restoretui.core.filter.completion import Present
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import Filter
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.ledger.records import ActivityEntry, Query, View
from restoretui.tui.activity_words import KINDS, entry_line, entry_parts
from restoretui.tui.dialogs.inspector import Inspector
from restoretui.tui.error_state import error_state, not_open
from restoretui.tui.keys import ACTIVITY
from restoretui.tui.pane import Pane
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.filter_bar import FilterBar
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.columns import Column, Spans, cell
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import Part, chips, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import crop, width


def _what(entry: ActivityEntry, cells: int) -> Spans:
    """The parts that fit, the rest cut off at the end."""
    spans: list[tuple[str, str]] = []
    for part in entry_parts(entry, cells=cells):
        text, style = (part, "") if isinstance(part, str) else part
        text = crop(text, cells)
        spans.append((text, style))
        cells -= width(text)
        if cells <= 0:
            break
    return (*spans, (" " * cells, ""))


COLUMNS = [
    Column[ActivityEntry]("at", "When (UTC)", 19, lambda row, n: cell(_when(row), n, "dim"), keep=80),
    Column[ActivityEntry]("kind", "Kind", 11, lambda row, n: cell(row.kind, n, KINDS.get(row.kind, "")), keep=60),
    Column[ActivityEntry](
        "run", "Run", 5, lambda row, n: cell(f"#{row.run_id}" if row.run_id is not None else "", n, "dim"), keep=50
    ),
    Column[ActivityEntry]("what", "What", 44, _what, keep=100, grows=True),
]


def _when(entry: ActivityEntry) -> str:
    return f"{fmt.instant(entry.at)[:10]} {fmt.time_of_day(entry.at)}"


class ActivityPane(Pane):
    """The fourth tab."""

    BINDINGS = ACTIVITY.bindings()

    def __init__(self) -> None:
        super().__init__(id="activity")
        self._query = Query()
        self._stale = True

    def compose(self) -> ComposeResult:
        self._filter_bar = FilterBar(
            "part of a key, text, code or request id; state:failed, age<7d, run:12",
            present=self._present,
            id="activity-filter",
        )
        yield self._filter_bar
        self.table = LiveTable[ActivityEntry](
            COLUMNS, self.shell.pacer, follow_top=True, placeholder="opening …", id="entries"
        )
        yield self.table
        self._status = Bar(id="activity-status", classes="status")
        yield self._status

    def on_mount(self) -> None:
        self.shell.feed.listen(self.told)

    def arrive(self) -> None:
        self.table.focus()
        if self.shell.session is not None and self._stale:
            self.attempt(self._show, "view")

    def place(self) -> list[Part]:
        return [("activity", "strong"), *chips(self._query.where)]

    def not_opened(self, error: RestoreTuiError) -> None:
        self.table.error_state = not_open(error, self.shell.key_for("quit"))

    def light(self) -> Part | None:
        return ("✗ not read", "bad") if self.table.error_state is not None else None

    async def _show(self) -> None:
        self._stale = False
        self.table.error_state = None
        try:
            view = await self.session.ledger.activity.view(self._query)
        except RestoreTuiError as error:
            another = f"{self.shell.key_for('filter')} filters otherwise"
            self.table.error_state = error_state(error, another if self._query.where else "")
            raise
        finally:
            self.say_place()
        old = self.table.view
        self._say_empty(view)
        self.table.set_view(view)
        if old is not None:
            await old.aclose()
        self._say()

    async def _present(self) -> Present:
        view = self.table.view
        return Present() if view is None else await view.present()

    def _say_empty(self, view: View[ActivityEntry] | None) -> None:
        """What is said where no entry is: there may be some to come."""
        if view is None or not view.complete:
            self.table.placeholder = "reading …"
        else:
            self.table.placeholder = "no entry matches" if self._query.where else "nothing happened yet"

    def told(self, topics: frozenset[str]) -> bool:
        if "activity" in topics and self._query.where:
            self._stale = True
        if not self.is_shown or self.shell.session is None:
            return False
        self._say_empty(self.table.view)
        painted = self.table.look_again()
        return self._say() or painted

    def tick(self) -> bool:
        if self._stale and self.shell.session is not None:
            self.attempt(self._show, "view")
        if self.shell.session is not None:
            self._say_empty(self.table.view)
        return False

    def _say(self) -> bool:
        count = self.table.count
        limit = f" match {filter_text(self._query.where)}" if self._query.where else ""
        place = f"{self.table.cursor + 1:,} of {count:,}" if count else ""
        text = fmt.plural(count, "entry", "entries") + limit
        return self._status.show(said((text, "dim")), said((place, "dim")), said())

    @on(table_events.Moved)
    def _moved(self) -> None:
        self._say()

    @on(table_events.Opened)
    def _opened(self, event: table_events.Opened) -> None:
        entry: ActivityEntry = event.row
        if entry.ref is not None:
            scheme = entry.cloud.scheme if entry.cloud is not None else DEFAULT_SCHEME
            self.shell.push_screen(Inspector(entry.ref, scheme))
        elif entry.run_id is not None:
            self.attempt(partial(self._open_run, entry.run_id), "open")

    async def _open_run(self, run_id: int) -> None:
        self.shell.show_run(await self.session.ledger.runs.get(run_id))

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        if event.where != self._query.where:
            self._query = Query(event.where)
            self.attempt(self._show, "view")
        if event.final:
            self.table.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.table.count > 0 if action == "copy" else True

    @property
    def can_narrow(self) -> bool:
        return True

    def narrow(self, where: Filter | None) -> None:
        self._filter_bar.show(where)
        self._query = Query(where)
        self.attempt(self._show, "view")
        self.say_place()

    def action_filter(self) -> None:
        self._filter_bar.open()

    def action_copy(self) -> None:
        row = self.table.row
        if row is not None:
            self.shell.copy_prose(entry_line(row))

    def action_clear(self) -> None:
        self.shell.move_on()
        if self._query.where:
            self.narrow(None)
