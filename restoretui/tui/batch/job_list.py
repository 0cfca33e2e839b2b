"""The list of jobs: ours as the ledger tells of them, others' as the cloud does."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.batch.account_jobs import AccountJobs
from restoretui.tui.batch.columns import batch_columns
from restoretui.tui.job_row import BatchRow
from restoretui.tui.shell import Working
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.error_state import error_state
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.list_view import ListView
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import said
from restoretui.wording import format as fmt

ASKING = "asking the account …"


class JobList(Working, Vertical):
    """A projection of the board."""

    class Chosen(Message):
        """A job was opened."""

        def __init__(self, row: BatchRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, board: AccountJobs) -> None:
        super().__init__(id="batch-list")
        self._jobs = board
        self._view: ListView[BatchRow] = ListView()
        self.problem: RestoreTuiError | None = None
        """Why the cloud's jobs could not be listed."""

    def compose(self) -> ComposeResult:
        self.table = LiveTable[BatchRow](
            batch_columns(lambda: self.session.clock.now()),
            self.shell.pacer,
            placeholder="opening …",
            id="batches",
        )
        self.table.set_columns(choice=self.shell.remembered.columns("batch"))
        yield self.table
        self._status = Bar(id="batches-status", classes="status")
        yield self._status

    def read(self) -> bool:
        """Read the jobs again; tells whether anything was repainted."""
        rows = self._jobs.rows(self.session.batch.ours())
        self._view.replace(rows)
        self._say_empty()
        if self.table.view is None:
            self.table.set_view(self._view)
        painted = self._status.show(*self._summary(rows))
        return self.table.look_again() or painted

    def _say_empty(self) -> None:
        """What is said where no job is."""
        self.table.error_state = None
        if self.problem is not None:
            self.table.error_state = error_state(self.problem, f"{self.shell.key_for('refresh')} asks again")
        elif not self._jobs.looked:
            self.table.placeholder = ASKING
        else:
            restore = self.shell.key_for("restore")
            self.table.placeholder = f"no restore jobs: mark objects in Browse, press {restore}, choose batch jobs"

    def _summary(self, rows: list[BatchRow]) -> list[Content]:
        if not rows and self.problem is not None:
            return [said(("not listed", "warn"))]
        if not rows and not self._jobs.looked:
            return [said((ASKING, "dim"))]
        live = sum(not row.is_over for row in rows)
        waiting = sum(row.allows("confirm") for row in rows)
        left = said(
            (f"{fmt.plural(len(rows), 'restore job')}, {live} under way", "dim"),
            (f" · {waiting} to confirm", "warn") if waiting else "",
        )
        if self.problem is not None:
            return [left, said(("only ours: ", "warn"), (str(self.problem), "warn")), said(("only ours", "warn"))]
        if not self._jobs.looked:
            return [left, said((ASKING, "dim"))]
        return [left, said(("ours and others' · enter shows the job", "dim")), said()]

    @on(table_events.Opened)
    def _opened(self, event: table_events.Opened) -> None:
        event.stop()
        self.post_message(self.Chosen(event.row))
