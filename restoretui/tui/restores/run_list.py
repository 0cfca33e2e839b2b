"""The list of runs, newest first."""

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from restoretui.core.location import Location
from restoretui.core.model import State
from restoretui.ledger.run_records import Run
from restoretui.session.rows.common_prefix import common_prefix
from restoretui.tui.restores.columns import RunRow, run_columns
from restoretui.tui.shell import Working
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.list_view import ListView
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import said
from restoretui.wording import format as fmt


class RunList(Working, Vertical):
    """A projection of the ledger's runs."""

    class Chosen(Message):
        """A run was opened."""

        def __init__(self, run_id: int) -> None:
            super().__init__()
            self.run_id = run_id

    def __init__(self) -> None:
        super().__init__(id="run-list")
        self._view: ListView[RunRow] = ListView()
        self._expiries: dict[int, int] = {}
        self._titles: dict[int, str] = {}
        self._places: dict[int, list[str]] = {}
        """Locations, which read back as what they name."""
        self._copies: dict[int, int] = {}

    def compose(self) -> ComposeResult:
        self.table = LiveTable[RunRow](
            run_columns(lambda: self.session.clock.now()),
            self.shell.pacer,
            placeholder="opening …",
            id="runs",
        )
        self.table.set_columns(choice=self.shell.remembered.columns("runs"))
        yield self.table
        self._status = Bar(id="runs-status", classes="status")
        yield self._status

    @property
    def run(self) -> Run | None:
        """The run under the cursor."""
        row = self.table.row
        return row.run if row is not None else None

    def read(self) -> bool:
        """Read the runs again; tells whether anything was repainted."""
        runs = self.session.ledger.runs.peek_all()
        held = {batch.run_id for batch in self.session.batch.ours() if batch.is_held}
        rows = [
            RunRow(run.id, run, self._expiries.get(run.id), self._titles.get(run.id, run.note), held=run.id in held)
            for run in sorted(runs, key=lambda run: -run.id)
        ]
        self._view.replace(rows)
        restore = self.shell.key_for("restore")
        self.table.placeholder = f"no restores yet: mark objects in Browse and press {restore}"
        self.table.error_state = None
        if self.table.view is None:
            self.table.set_view(self._view)
        copies = {run.id: run.counts.get(State.AVAILABLE, 0) for run in runs}
        if copies != self._copies:
            self._copies = copies
            self.attempt(partial(self._learn, runs), "learn")
        painted = self._status.show(*_summary(runs))
        return self.table.look_again() or painted

    async def _learn(self, runs: list[Run]) -> None:
        """What the runs' own records do not hold: where each restores, and when its first copy ends."""
        expiries: dict[int, int] = {}
        for group in await self.session.ledger.runs.tracked(None):
            if group.expiry_first is not None:
                expiries[group.run_id] = min(expiries.get(group.run_id, group.expiry_first), group.expiry_first)
        self._expiries = expiries
        for run in runs:
            if run.id not in self._titles:
                self._places[run.id] = await self._where(run)
                self._titles[run.id] = run.note or _in_few_words(self._places[run.id])
        self.read()

    def places_of(self, run_id: int) -> list[str]:
        """Where it restores: one location, or that of each of its buckets; none while that is not known."""
        return self._places.get(run_id, [])

    async def _where(self, run: Run) -> list[str]:
        view = await self.session.run_views.job_view(run.id)
        try:
            place = await common_prefix(view, run.cloud.scheme)
        finally:
            await view.aclose()
        if place is not None:
            return [str(place)]
        return [str(Location(run.cloud.scheme, bucket)) for bucket in run.buckets]

    @on(table_events.Opened)
    def _opened(self, event: table_events.Opened) -> None:
        event.stop()
        self.post_message(self.Chosen(event.row.id))


def _in_few_words(places: list[str]) -> str:
    return places[0].partition("://")[2] if len(places) == 1 else "several buckets"


def _summary(runs: list[Run]) -> list[Content]:
    open_runs = [run for run in runs if run.is_open]
    waiting = sum(run.waiting for run in open_runs)
    text = f"{fmt.plural(len(runs), 'run')}, {len(open_runs)} under way"
    parts = [said((text, "dim"), (f" · {fmt.plural(waiting, 'object')} awaited", "busy") if waiting else "")]
    if runs:
        parts.append(said(("enter shows the objects", "dim")))
    return parts
