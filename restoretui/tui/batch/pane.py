"""BatchJob: the jobs of S3 Batch Operations, and one of them opened."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import ContentSwitcher

from restoretui.core.errors import RestoreTuiError
from restoretui.core.model import State
from restoretui.ledger.batches.records import BatchJob
from restoretui.ledger.store.change_feed import BATCHES
from restoretui.tui.batch import job_acts
from restoretui.tui.batch.account_jobs import AccountJobs
from restoretui.tui.batch.job_detail import JobDetail
from restoretui.tui.batch.job_list import JobList
from restoretui.tui.batch.side import job_lines
from restoretui.tui.job_row import BatchRow
from restoretui.tui.keys import BATCH
from restoretui.tui.pane import Pane
from restoretui.tui.widgets.error_state import not_open
from restoretui.tui.widgets.side_pane import Beside, SidePane
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.columns import Column
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import Part

LIVE_TICKS, QUIET_TICKS = 5, 60
"""Seconds of the user between two looks at the account while the tab is shown: some job under way, or none."""
ACTIONS = ("confirm", "cancel", "priority", "clone", "clean", "retry", "export", "follow", "show_run", "copy")


class BatchPane(Pane):
    """The third tab."""

    BINDINGS = BATCH.bindings()

    def __init__(self) -> None:
        super().__init__(id="batch")
        self._jobs = AccountJobs()
        self._ticks = 0
        self._allowed: tuple[bool, ...] = ()

    def compose(self) -> ComposeResult:
        with Beside():
            with ContentSwitcher(initial="batch-list"):
                self.list = JobList(self._jobs)
                yield self.list
                self.detail = JobDetail(self._jobs)
                yield self.detail
            self.side = SidePane(self._side_lines)
            yield self.side

    def _side_lines(self, cells: int) -> Sequence[Content]:
        session, row = self.shell.session, self._row
        if session is None or row is None:
            return []
        return job_lines(row, self._jobs.tags(row.job_id), session.clock.now(), cells)

    def fit_side(self) -> None:
        """An opened job says all of this itself."""
        if self.side is not None:
            self.side.fit(wanted=self.shell.remembered.pane and not self._detailed)

    def on_mount(self) -> None:
        self.shell.feed.listen(self.told)

    @property
    def _detailed(self) -> bool:
        return self.query_one(ContentSwitcher).current == "batch-detail"

    @property
    def _row(self) -> BatchRow | None:
        """The job that keys act on."""
        return self.detail.row if self._detailed else self.list.table.row

    def arranging(self) -> tuple[str, LiveTable[Any]]:
        return ("tasks", self.detail.table) if self._detailed else ("batch", self.list.table)

    def known_columns(self) -> Mapping[str, Sequence[Column[Any]]]:
        return {"batch": self.list.table.offered, "tasks": self.detail.table.offered}

    def place(self) -> list[Part]:
        row = self.detail.row
        return [(f"job {row.job_id}" if self._detailed and row is not None else "batch jobs", "strong")]

    def light(self) -> Part | None:
        if self._detailed:
            return ("✗ not read", "bad") if self.detail.problem is not None else None
        if self.list.problem is None:
            return None
        return ("▲ only ours", "warn") if self.list.table.count else ("✗ not listed", "bad")

    # --- staying current

    def arrive(self) -> None:
        (self.detail.table if self._detailed else self.list.table).focus()
        self.fit_side()
        self.read()
        self._look_soon(whole=True)

    def opened(self) -> None:
        if self.is_shown:
            self.arrive()

    def not_opened(self, error: RestoreTuiError) -> None:
        self.list.table.error_state = not_open(error, self.shell.key_for("quit"))

    def told(self, topics: frozenset[str]) -> bool:
        return self.is_shown and BATCHES in topics and self.read()

    def tick(self) -> bool:
        self._ticks += 1
        if self._ticks >= (LIVE_TICKS if self._jobs.under_way else QUIET_TICKS):
            self._look_soon(whole=not self._jobs.under_way)
        return self.read()

    def _look_soon(self, *, whole: bool) -> None:
        self._ticks = 0
        if self.shell.session is not None:
            self.attempt(partial(self.look, whole=whole), "look")

    async def look(self, *, whole: bool) -> None:
        """Ask the cloud. What it refuses is said in the list for as long as it does: ours are shown all the same."""
        try:
            await self._jobs.look(self.session, whole=whole)
            self.list.problem = None
        except RestoreTuiError as error:
            self.list.problem = error
        self.read()

    async def after(self, row: BatchRow, text: str) -> None:
        """Something was done to a job: say so, and show it as the cloud has it now."""
        self.shell.say("done", text)
        await self.detail.describe(row)
        self.read()

    def read(self) -> bool:
        """Read what is shown again; tells whether anything was repainted."""
        if self.shell.session is None:
            return False
        painted = self.detail.read() if self._detailed else self.list.read()
        self.say_place()
        row = self._row
        allowed = tuple(row is not None and self._allows(row, action) for action in ACTIONS)
        if allowed != self._allowed:
            self._allowed = allowed
            self.refresh_bindings()
        return (self.side is not None and self.is_shown and self.side.renew()) or painted

    # --- list and detail

    @on(JobList.Chosen)
    def _chosen(self, event: JobList.Chosen) -> None:
        self.query_one(ContentSwitcher).current = "batch-detail"
        self.detail.open(event.row)
        self.fit_side()
        self.say_place()
        self.refresh_bindings()

    @on(table_events.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()
        if self.side is not None:
            self.side.follow()

    @on(JobDetail.Judged)
    def _judged(self) -> None:
        self.say_place()

    def action_back(self) -> None:
        self.detail.close()
        self.query_one(ContentSwitcher).current = "batch-list"
        self.fit_side()
        self.say_place()
        self.list.table.focus()
        self.read()
        self.refresh_bindings()

    def action_refresh(self) -> None:
        self.shell.move_on()
        if self._detailed:
            self.detail.ask_again()
        self._look_soon(whole=True)

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the job under the cursor allows; of what changes a job, nothing under read-only."""
        if action == "open":
            return True
        session, row = self.shell.session, self._row
        if session is None:
            return False
        if action == "back":
            return self._detailed
        if action == "say":
            return row is not None and bool(row.job_id or row.batch)
        if action not in ACTIONS:
            return True
        if session.read_only and action not in ("export", "follow", "show_run", "copy"):
            return False
        return row is not None and self._allows(row, action)

    def _allows(self, row: BatchRow, action: str) -> bool:
        """A retry is of all that failed in the job's run, so there must be something left of that."""
        if not row.allows(action):
            return False
        if action != "retry" or row.batch is None:
            return True
        runs = self.session.ledger.runs.peek_all()
        return any(run.id == row.batch.run_id and run.counts.get(State.FAILED) for run in runs)

    def _act(self, act: Callable[["BatchPane", BatchRow], Awaitable[None]]) -> None:
        row = self._row
        if row is not None:
            self.attempt(partial(act, self, row), "act")

    def _act_on_ours(self, act: Callable[["BatchPane", BatchJob], Awaitable[None]]) -> None:
        row = self._row
        if row is not None and row.batch is not None:
            self.attempt(partial(act, self, row.batch), "act")

    def action_confirm(self) -> None:
        self._act(job_acts.confirm_job)

    def action_cancel(self) -> None:
        self._act(job_acts.cancel_job)

    def action_priority(self) -> None:
        self._act(job_acts.change_priority)

    def action_clone(self) -> None:
        self._act(job_acts.clone_job)

    def action_follow(self) -> None:
        self._act(job_acts.follow_job)

    def action_export(self) -> None:
        self._act(job_acts.export_report)

    def action_clean(self) -> None:
        self._act_on_ours(job_acts.clean_job)

    def action_retry(self) -> None:
        self._act_on_ours(job_acts.retry_job)

    def action_show_run(self) -> None:
        row = self._row
        if row is not None and row.batch is not None:
            self.attempt(partial(self._show_run, row.batch.run_id), "act")

    async def _show_run(self, run_id: int) -> None:
        self.shell.show_run(await self.session.ledger.runs.get(run_id))

    def action_say(self) -> None:
        self._act(job_acts.say_job)

    def action_columns(self) -> None:
        from restoretui.tui.acts.columns import choose_columns

        choose_columns(self)

    def action_copy(self) -> None:
        row = self._row
        if row is not None:
            self.shell.copy(row.job_id)
