"""Activity: the audit trail as it grows, newest first."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from restoretui.core.errors import RestoreTuiError
from restoretui.core.filter.completion import Present
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import Filter
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.ledger.bursts import Burst, BurstView, Only
from restoretui.ledger.records import ActivityEntry, PastJob, Query, View
from restoretui.tui.activity_words import KINDS, burst_parts, entry_line, fitted_entry
from restoretui.tui.details.entry_text import burst_lines, entry_lines
from restoretui.tui.dialogs.inspector import Inspector
from restoretui.tui.keys import ACTIVITY
from restoretui.tui.pane import Pane
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.error_state import error_state, not_open
from restoretui.tui.widgets.filter_bar import FilterBar
from restoretui.tui.widgets.side_pane import Beside, SidePane
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.columns import Column, Spans, cell
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import Part, chips, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean, width

TrailRow = ActivityEntry | Burst
REFRESH_S, SHARE = 1.0, 10.0
"""While things happen the bursts are added up so often, or in this multiple of the time it takes; machine time."""


def columns(now: Callable[[], datetime]) -> list[Column[TrailRow]]:
    """Of entries and bursts: when and what, and of which kind and run."""

    def when(row: TrailRow, cells: int) -> Spans:
        return cell(_when(row.at, now()), cells, "dim")

    def what(row: TrailRow, cells: int) -> Spans:
        parts = burst_parts(row, cells, now()) if isinstance(row, Burst) else fitted_entry(row, cells)
        spans = [(clean(part), "") if isinstance(part, str) else (clean(part[0]), part[1]) for part in parts]
        return (*spans, (" " * (cells - sum(width(text) for text, _ in spans)), ""))

    def run(row: TrailRow) -> str:
        return f"#{row.run_id}" if row.run_id is not None else ""

    return [
        Column("at", "When (UTC)", 16, when, keep=80),
        Column("kind", "Kind", 11, lambda row, n: cell(row.kind, n, KINDS.get(row.kind, "")), keep=40),
        Column("run", "Run", 5, lambda row, n: cell(run(row), n, "dim"), keep=50, value=run),
        Column("what", "What", 44, what, keep=100, grows=True),
    ]


def _when(at: float, now: datetime) -> str:
    """To the second, without the year where it is this one; of other years to the minute."""
    text = fmt.instant(at)
    return f"{text[5:10]} {fmt.time_of_day(at)}" if text[:4] == fmt.instant(now)[:4] else text


class ActivityPane(Pane):
    """The fourth tab."""

    BINDINGS = ACTIVITY.bindings()

    def __init__(self) -> None:
        super().__init__(id="activity")
        self._query = Query()
        self._only = Only.ALL
        self._stale = True
        self._refreshed_at, self._took = float("-inf"), 0.0
        self._is_behind = False
        """Something has happened that the bursts do not have."""

    def compose(self) -> ComposeResult:
        self._filter_bar = FilterBar(
            "part of a key, text, code or request id; state:failed, age<7d, run:12",
            present=self._present,
            id="activity-filter",
        )
        yield self._filter_bar
        self.table = LiveTable[TrailRow](
            columns(lambda: self.session.clock.now()),
            self.shell.pacer,
            follow_top=True,
            placeholder="opening …",
            id="entries",
        )
        self.table.set_columns(choice=self.shell.remembered.columns("activity"))
        with Beside():
            yield self.table
            self.side = SidePane(self._side_lines)
            yield self.side
        self._status = Bar(id="activity-status", classes="status")
        yield self._status

    def on_mount(self) -> None:
        self.shell.feed.listen(self.told)

    def _side_lines(self, cells: int) -> Sequence[Content]:
        session, row = self.shell.session, self.table.row
        if session is None or row is None:
            return []
        now = session.clock.now()
        if isinstance(row, Burst):
            runs = session.ledger.runs.peek_all() if row.run_id is not None else ()
            return burst_lines(row, next((run for run in runs if run.id == row.run_id), None), now, cells)
        past: Sequence[PastJob] = ()
        if row.ref is not None and row.cloud is not None:
            past = session.ledger.runs.of_object(row.cloud, [row.ref])
        return entry_lines(row, past, now, cells)

    def arrive(self) -> None:
        self.table.focus()
        self.fit_side()
        if self.shell.session is not None and self._stale:
            self.attempt(self._show, "view")

    def arranging(self) -> tuple[str, LiveTable[Any]]:
        return "activity", self.table

    def known_columns(self) -> Mapping[str, Sequence[Column[Any]]]:
        return {"activity": self.table.offered}

    def place(self) -> list[Part]:
        only: list[Part] = [] if self._only is Only.ALL else [(f" · only {self._only}", "mark")]
        return [("activity", "strong"), *only, *chips(self._query.where)]

    def not_opened(self, error: RestoreTuiError) -> None:
        self.table.error_state = not_open(error, self.shell.key_for("quit"))

    def light(self) -> Part | None:
        return ("✗ not read", "bad") if self.table.error_state is not None else None

    async def _show(self) -> None:
        self._stale = False
        self.table.error_state = None
        try:
            log = self.session.ledger.activity
            view: View[TrailRow]
            if self._query.where is not None:
                view = await log.view(self._query, only=self._only)
            else:
                view = await log.bursts(self._only)
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

    def _say_empty(self, view: View[TrailRow] | None) -> None:
        """What is said where no entry is: there may be some to come."""
        if view is None or not view.complete:
            self.table.placeholder = "reading …"
        else:
            is_all = self._query.where is None and self._only is Only.ALL
            restore, clear = self.shell.key_for("restore"), self.shell.key_for("clear")
            none = f"nothing happened yet: mark objects in Browse and press {restore}"
            self.table.placeholder = none if is_all else f"no entry matches: {clear} shows everything again"

    def told(self, topics: frozenset[str]) -> bool:
        """Marks the view as behind; it is read again no more often than its cost allows."""
        if "activity" in topics:
            self._stale = self._stale or self._query.where is not None
            self._is_behind = True
        if not self.is_shown or self.shell.session is None:
            return False
        self._catch_up()
        self._say_empty(self.table.view)
        painted = self.table.look_again()
        return self._say() or painted

    def tick(self) -> bool:
        if self._stale and self.shell.session is not None:
            self.attempt(self._show, "view")
        if self.shell.session is not None:
            self._catch_up()
            self._say_empty(self.table.view)
        return self.side is not None and self.is_shown and self.side.renew()

    def _catch_up(self) -> None:
        now = self.session.clock.monotonic()
        if self._is_behind and now - self._refreshed_at >= max(REFRESH_S, SHARE * self._took):
            self._is_behind = False
            self.attempt(self._refresh, "refresh")

    async def _refresh(self) -> None:
        view = self.table.view
        self._refreshed_at = self.session.clock.monotonic()
        if isinstance(view, BurstView) and await view.refresh():
            self._took = self.session.clock.monotonic() - self._refreshed_at
            self.table.changed()
            self._say()

    def _say(self) -> bool:
        count, view = self.table.count, self.table.view
        limit = f" match {filter_text(self._query.where)}" if self._query.where else ""
        place = f"{self.table.cursor + 1:,} of {count:,}" if count else ""
        text = fmt.plural(count, "entry", "entries") + limit
        if isinstance(view, BurstView):
            entries = sum(burst.entries for burst in view.bursts)
            text = f"{fmt.plural(entries, 'entry', 'entries')} in {fmt.plural(len(view.bursts), 'line')}"
        return self._status.show(said((text, "dim")), said((place, "dim")), said())

    @on(table_events.Moved)
    def _moved(self) -> None:
        self._say()
        if self.side is not None:
            self.side.follow()
        self.refresh_bindings()

    @on(table_events.Opened)
    def _opened(self, event: table_events.Opened) -> None:
        entry: TrailRow = event.row
        if isinstance(entry, Burst):
            self.attempt(partial(self._toggle, entry), "view", hold_keys=True)
            return
        if entry.ref is not None:
            scheme = entry.cloud.scheme if entry.cloud is not None else DEFAULT_SCHEME
            self.shell.push_screen(Inspector(entry.ref, scheme))
        elif entry.run_id is not None:
            self.attempt(partial(self._open_run, entry.run_id), "open")

    async def _toggle(self, burst: Burst) -> None:
        view = self.table.view
        if isinstance(view, BurstView):
            await view.toggle(burst)
            self.table.look_again()
            self._say()

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
        """Forms of a run's command are offered on entries that belong to a run."""
        if action == "say":
            return self.table.row is not None and self.table.row.run_id is not None
        if action == "save_filter":
            return self.narrowed_to is not None
        return self.table.count > 0 if action == "copy" else True

    @property
    def can_narrow(self) -> bool:
        return True

    @property
    def narrowed_to(self) -> Filter | None:
        return self._query.where

    def narrow(self, where: Filter | None) -> None:
        self._filter_bar.show(where)
        self._query = Query(where)
        self.attempt(self._show, "view")
        self.say_place()

    def action_only(self) -> None:
        """The next kind in ``Only``, then all again."""
        kinds = list(Only)
        self._only = kinds[(kinds.index(self._only) + 1) % len(kinds)]
        self.attempt(self._show, "view", hold_keys=True)

    def action_filter(self) -> None:
        self._filter_bar.open()

    def action_save_filter(self) -> None:
        from restoretui.tui.acts.saved_filters import save_filter

        self.attempt(partial(save_filter, self), "save-filter")

    def action_columns(self) -> None:
        from restoretui.tui.acts.columns import choose_columns

        choose_columns(self)

    def action_copy(self) -> None:
        row = self.table.row
        if isinstance(row, Burst):
            parts = burst_parts(row, 1000, self.session.clock.now())
            self.shell.copy_prose("".join(part if isinstance(part, str) else part[0] for part in parts)[2:])
        elif row is not None:
            self.shell.copy_prose(entry_line(row))

    def action_say(self) -> None:
        row = self.table.row
        if row is not None and row.run_id is not None:
            self.attempt(partial(self._say_run, row.run_id), "say", hold_keys=True)

    async def _say_run(self, run_id: int) -> None:
        run = await self.session.ledger.runs.get(run_id)
        saying = self.session.saying
        self.shell.show_forms([await saying.of_run(run), await saying.tools_of_run(run)])

    def action_clear(self) -> None:
        self.shell.move_on()
        if self._query.where or self._only is not Only.ALL:
            self._only = Only.ALL
            self.narrow(None)
