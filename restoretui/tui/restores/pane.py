"""Restores: the runs, and one of them opened; what a run still allows is done from here."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import ContentSwitcher

from restoretui.core.errors import RestoreTuiError
from restoretui.core.filter.tree import Filter
from restoretui.core.location import Location
from restoretui.core.model import State
from restoretui.core.rules.verdicts import Purpose
from restoretui.ledger.records import JobRow
from restoretui.ledger.run_records import Run
from restoretui.tui.dialogs.copy_menu import Copied, CopyMenu
from restoretui.tui.keys import RUNS
from restoretui.tui.own.facts import of_object, of_run
from restoretui.tui.pane import Pane
from restoretui.tui.restores.run_acts import (
    cancel_unsent,
    decide_on_capacity,
    end_run,
    export_run,
    replan_run,
    report_run,
    retry_run,
    say_run,
)
from restoretui.tui.restores.run_detail import RunDetail
from restoretui.tui.restores.run_list import RunList
from restoretui.tui.restores.side import RunTeller
from restoretui.tui.widgets.error_state import not_open
from restoretui.tui.widgets.side_pane import Beside, SidePane
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.columns import Column
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import Part


class RestoresPane(Pane):
    """The second tab."""

    BINDINGS = RUNS.bindings()

    def __init__(self) -> None:
        super().__init__(id="restores")
        self._states: frozenset[State] = frozenset()
        self._asked_about: frozenset[int] = frozenset()

    def compose(self) -> ComposeResult:
        self._teller = RunTeller()
        with Beside():
            with ContentSwitcher(initial="run-list"):
                self.list = RunList()
                yield self.list
                self.detail = RunDetail()
                yield self.detail
            self.side = SidePane(self._side_lines)
            yield self.side

    def on_mount(self) -> None:
        self.shell.feed.listen(self.told)

    @property
    def _run(self) -> Run | None:
        """The run that keys act on."""
        return self.detail.run if self._detailed else self.list.run

    @property
    def _detailed(self) -> bool:
        return self.query_one(ContentSwitcher).current == "run-detail"

    def _side_lines(self, width: int) -> Sequence[Content]:
        session, run = self.shell.session, self._run
        if session is None or run is None:
            return []
        if self._detailed:
            row = self.detail.table.row
            if not isinstance(row, JobRow):
                return []  # The line in place of those that were skipped says all it knows.
            return self._teller.of_job(session, run, row, run.days, width)
        if self._teller.lacks(run):
            self.attempt(partial(self._learn_causes, run), "causes")
        row_of_run = self.list.table.row
        return self._teller.of_run(session, run, row_of_run.title if row_of_run is not None else "", width)

    async def _learn_causes(self, run: Run) -> None:
        await self._teller.learn(self.session, run)
        if self.side is not None:
            self.side.renew()

    def arrive(self) -> None:
        (self.detail.table if self._detailed else self.list.table).focus()
        self.fit_side()
        self._read()

    def arranging(self) -> tuple[str, LiveTable[Any]]:
        return ("run", self.detail.table) if self._detailed else ("runs", self.list.table)

    def known_columns(self) -> Mapping[str, Sequence[Column[Any]]]:
        return {"runs": self.list.table.offered, "run": self.detail.table.offered}

    def place(self) -> list[Part]:
        return [(self.detail.title, "strong"), *self.detail.chips] if self._detailed else [("restores", "strong")]

    def opened(self) -> None:
        self._read()

    def not_opened(self, error: RestoreTuiError) -> None:
        self.list.table.error_state = not_open(error, self.shell.key_for("quit"))

    def light(self) -> Part | None:
        return ("✗ not read", "bad") if self._detailed and self.detail.table.error_state is not None else None

    def told(self, topics: frozenset[str]) -> bool:
        """Also on other tabs: a run that lacks Expedited capacity is asked about wherever one is."""
        if self.shell.session is None:
            return False
        self._ask_of_capacity()
        if not self.is_shown:
            return False
        run = self.detail.run if self._detailed else None
        if "runs" in topics or (run is not None and f"run:{run.id}" in topics):
            return self._read()
        return any(topic.startswith("view:") for topic in topics) and self.detail.read()

    def _ask_of_capacity(self) -> None:
        """Ask once about each run whose requests wait for a decision, on whatever tab that is."""
        short = self.session.out_of_capacity
        for run_id in sorted(short - self._asked_about):
            self.attempt(partial(decide_on_capacity, self, run_id), "capacity", exclusive=False)
        self._asked_about = short

    def tick(self) -> bool:
        if self._detailed and self.is_shown and self.shell.session is not None:
            self.detail.look_for_others()
        painted = self.side is not None and self.is_shown and self.side.renew()
        return self._read() or painted

    def _read(self) -> bool:
        if self.shell.session is None:
            return False
        painted = self.detail.read() if self._detailed else self.list.read()
        states = frozenset(self._run.counts) if self._run is not None else frozenset()
        if states != self._states:
            self._states = states
            self.refresh_bindings()
        return painted

    def show_run(self, run_id: int) -> None:
        """Open one run."""
        self.query_one(ContentSwitcher).current = "run-detail"
        self.detail.open(run_id)
        self.refresh_bindings()

    @on(RunList.Chosen)
    def _chosen(self, event: RunList.Chosen) -> None:
        self.show_run(event.run_id)

    @on(RunDetail.Found)
    @on(RunDetail.Judged)
    def _found(self) -> None:
        self.say_place()

    @on(table_events.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()
        if self.side is not None:
            self.side.follow()

    @on(table_events.ReadFailed)
    def _read_failed(self, event: table_events.ReadFailed) -> None:
        self.complain(event.error)

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the run at hand has objects for, by its counts: retries need failures, extending needs copies."""
        if self.shell.session is None:
            return False
        run = self._run
        counts = run.counts if run is not None else {}
        needed = {
            "retry": bool(counts.get(State.FAILED)) or (run is not None and run.then_failed > 0),
            "extend": bool(counts.get(State.AVAILABLE)),
            "upgrade": bool(counts.get(State.RESTORING) or counts.get(State.REQUESTED)),
            "end_copies": run is not None and run.cloud.rules.ends_copies and bool(counts.get(State.AVAILABLE)),
            "cancel": bool(counts.get(State.PLANNED)) or (run is not None and run.then_open),
            "export": run is not None,
            "report": run is not None,
            "copy": run is not None,
            "say": run is not None,
            "filter": self._detailed,
            "facets": self._detailed,
            "sort": self._detailed,
            "save_filter": self.narrowed_to is not None,
            "show": self._detailed,
            "back": self._detailed,
        }
        return needed.get(action, True)

    def action_back(self) -> None:
        """To the list, the cursor on the run that was open."""
        run = self.detail.run
        self.detail.close()
        self.query_one(ContentSwitcher).current = "run-list"
        self.say_place()
        self.arrive()
        if run is not None:
            position = self.list.table.view.position(run.id) if self.list.table.view is not None else None
            self.list.table.goto(position or 0)
        self.refresh_bindings()

    @property
    def can_narrow(self) -> bool:
        return self._detailed

    @property
    def narrowed_to(self) -> Filter | None:
        return self.detail.narrowed_to if self._detailed else None

    def narrow(self, where: Filter | None) -> None:
        self.detail.narrow(where)

    def action_filter(self) -> None:
        self.detail.filter()

    def action_facets(self) -> None:
        self.detail.choose_states()

    def action_save_filter(self) -> None:
        from restoretui.tui.acts.saved_filters import save_filter

        self.attempt(partial(save_filter, self), "save-filter")

    def action_sort(self) -> None:
        self.detail.choose_order()

    def action_retry(self) -> None:
        run = self._run
        if run is not None:
            self.attempt(partial(retry_run, self, run), "act")

    def action_cancel(self) -> None:
        run = self._run
        if run is not None:
            self.attempt(partial(cancel_unsent, self, run), "act")

    def action_extend(self) -> None:
        self._act(Purpose.EXTEND, State.AVAILABLE)

    def action_upgrade(self) -> None:
        self._act(Purpose.UPGRADE, State.RESTORING, State.REQUESTED)

    def action_end_copies(self) -> None:
        run = self._run
        if run is not None:
            self.attempt(partial(end_run, self, run), "act", hold_keys=True)

    def _act(self, purpose: Purpose, *states: State) -> None:
        run = self._run
        if run is not None:
            self.attempt(partial(replan_run, self, run, purpose, frozenset(states)), "act", hold_keys=True)

    def action_export(self) -> None:
        run = self._run
        if run is not None:
            self.attempt(partial(export_run, self, run), "act")

    def action_report(self) -> None:
        run = self._run
        if run is not None:
            self.attempt(partial(report_run, self, run), "act", hold_keys=True)

    def action_say(self) -> None:
        run = self._run
        if run is not None:
            self.attempt(partial(say_run, self, run), "say", hold_keys=True)

    def _ref_row(self) -> JobRow | None:
        row = self.detail.table.row if self._detailed else None
        return row if isinstance(row, JobRow) else None

    def action_columns(self) -> None:
        from restoretui.tui.acts.columns import choose_columns

        choose_columns(self)

    def action_copy(self) -> None:
        run, row = self._run, self._ref_row()
        if run is None:
            return
        if row is not None:
            ref = row.ref
            place = Location(run.cloud.scheme, ref.bucket, key=ref.key, version_id=ref.version_id)
            readable = row.state in (State.ONLINE, State.AVAILABLE)
            self.shell.push_screen(CopyMenu(Copied(place, run.days, readable)))
        elif not self._detailed and self.list.table.row is not None:
            places = self.list.places_of(run.id)
            if len(places) == 1:
                self.shell.copy(places[0])
            elif places:
                self.shell.copy_prose(" ".join(places))

    def about(self, scope: str) -> Mapping[str, object] | None:
        run, row = self._run, self._ref_row()
        if scope == "run" and run is not None:
            return of_run(run)
        if scope != "object" or run is None or row is None:
            return None
        return of_object(run.cloud.scheme, row.ref, row.size, row.storage_class, row.state)

    def action_show(self) -> None:
        run, row = self._run, self._ref_row()
        if run is not None and row is not None:
            self.shell.show_object(row.ref, run.cloud.scheme)
