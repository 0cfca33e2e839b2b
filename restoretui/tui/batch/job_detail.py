"""One job: all that is known of it, and the tasks its completion report calls failed."""

from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from restoretui.core.batch.jobs import ReportScope
from restoretui.core.errors import RestoreTuiError
from restoretui.tui.batch.account_jobs import AccountJobs
from restoretui.tui.batch.columns import FailedTask, task_columns
from restoretui.tui.batch.job_facts import batch_facts
from restoretui.tui.job_row import BatchRow
from restoretui.tui.shell import Working
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.error_state import error_state
from restoretui.tui.widgets.table.list_view import ListView
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import said
from restoretui.wording import format as fmt

MOST_SHOWN = 10_000
"""Failed tasks kept for the screen; an export has them all."""


class JobDetail(Working, Vertical):
    """A projection of one row of the board, and of its report once it is over."""

    class Judged(Message):
        """It is known whether what was asked of the cloud came."""

    def __init__(self, board: AccountJobs) -> None:
        super().__init__(id="batch-detail")
        self._jobs = board
        self.row: BatchRow | None = None
        """The job shown, as it was last read."""
        self._facts_shown = Content("")
        self._report = ""
        self.problem: RestoreTuiError | None = None
        """Why the cloud tells nothing newer of the job, or why its report cannot be read."""

    def compose(self) -> ComposeResult:
        self._facts = Static("", id="batch-facts", classes="facts", markup=False)
        yield self._facts
        self.table = LiveTable[FailedTask](task_columns(self._bucket), self.shell.pacer, id="tasks")
        self.table.set_columns(choice=self.shell.remembered.columns("tasks"))
        yield self.table
        self._status = Bar(id="batch-status", classes="status")
        yield self._status

    def _bucket(self) -> str:
        return self.row.batch.bucket if self.row is not None and self.row.batch is not None else ""

    def open(self, row: BatchRow) -> None:
        """Show this job."""
        self.row = row
        self._report = ""
        self._failed(None)
        self.table.error_state = None
        self._status.show(said())
        self.table.set_view(None)
        back, again = self.shell.key_for("back"), self.shell.key_for("refresh")
        coming = f"the completion report comes when the job is over: {again} asks again"
        none = f"there is no completion report: {back} goes back to the jobs"
        self.table.placeholder = coming if row.has_report else none
        self.read()
        self.table.focus()
        self.attempt(partial(self.describe, row), "describe")

    def close(self) -> None:
        """The list is shown again."""
        self.row = None

    async def describe(self, row: BatchRow) -> None:
        """Ask the cloud for all of it."""
        try:
            if row.job_id:
                info = await self.session.batch.job(row.job_id, row.region)
                self._jobs.learn(info, await self.session.batch.tags(row.job_id, row.region))
        except RestoreTuiError as error:
            self._failed(error)
            raise
        self.read()

    def _failed(self, error: RestoreTuiError | None) -> None:
        self.problem = error
        self.post_message(self.Judged())

    def ask_again(self) -> None:
        """Whatever could not be had may be there now."""
        if self.row is not None:
            self._failed(None)
            self.attempt(partial(self.describe, self.row), "describe")
            self.read_report()

    def read(self) -> bool:
        """Read the job again; tells whether anything was repainted."""
        if self.row is None:
            return False
        rows = self._jobs.rows(self.session.batch.ours())
        self.row = row = next((row for row in rows if row.id == self.row.id), self.row)
        tags = self._jobs.tags(row.job_id)
        facts = Content("\n").join(batch_facts(row, tags, self.session.clock.now()))
        changed = not self._facts_shown.is_same(facts)
        if changed:
            self._facts_shown = facts
            self._facts.update(facts)
        if row.allows("export") and not self._report and (row.batch is None or row.batch.is_settled):
            self.read_report()
        return self.table.look_again() or changed

    def read_report(self) -> None:
        """Read the report from the beginning."""
        if self.row is not None and self.row.allows("export"):
            self._report = "reading"
            self.attempt(partial(self._read_report, self.row), "report")

    async def _read_report(self, row: BatchRow) -> None:
        self.table.error_state = None
        self.table.placeholder = "reading the completion report …"
        view: ListView[FailedTask] = ListView()
        tasks: list[FailedTask] = []
        succeeded = failed = 0
        try:
            tally = await self.session.batch.tally(row.job_id, row.region)
            async for part in self.session.batch.report(row.job_id, row.region, tally):
                bad = [line for line in part if not line.succeeded]
                succeeded, failed = succeeded + len(part) - len(bad), failed + len(bad)
                tasks += [FailedTask(len(tasks) + n, line) for n, line in enumerate(bad[: MOST_SHOWN - len(tasks)])]
        except RestoreTuiError as error:
            self._report = "unread"
            self.table.error_state = error_state(error, f"{self.shell.key_for('refresh')} reads it again")
            self._status.show(said(("no report", "warn")))
            self._failed(error)
            return
        if self.row is None or self.row.id != row.id:
            return
        if tally.scope is ReportScope.FAILED:
            succeeded = tally.succeeded  # What the report does not name.
        self._report = "read"
        view.replace(tasks)
        every = "every task of the report succeeded" if tally.scope is ReportScope.ALL else "no task failed"
        told = every if succeeded else "the report names no failed task"
        self.table.placeholder = f"{told}: {self.shell.key_for('back')} goes back to the jobs"
        self.table.set_view(view, at=0)
        left = f"report: {fmt.plural(failed, 'failed task')}, {succeeded:,} succeeded"
        more = f" · the first {MOST_SHOWN:,} shown, x exports all" if failed > MOST_SHOWN else ""
        self._status.show(said((left, "dim"), (more, "warn")))
