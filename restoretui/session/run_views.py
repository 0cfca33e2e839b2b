"""What is known of runs: their objects, what of them is still to be sent, what failed and why, what fell short."""

from typing import TYPE_CHECKING

from restoretui.core.clock import Clock
from restoretui.core.errors import UsageError
from restoretui.core.model import State, Tier
from restoretui.core.provider import NO_CAPACITY_CODE
from restoretui.engine.engine import Engine
from restoretui.ledger import Ledger
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import Cause, Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restoretui.core.progress import RunFacts, RunProgress
    from restoretui.ledger.batches.outstanding import Outstanding
    from restoretui.ledger.runs.job_lines import Shortfall
    from restoretui.ledger.runs.job_view import JobView
    from restoretui.ledger.then_records import ThenCause

MOST_NAMED = 5
"""Runs that are named where another was typed."""


class RunViews:
    """Reads the ledger; part of a session, as ``session.run_views``."""

    def __init__(self, ledger: Ledger, engine: Engine, clock: Clock, *, read_only: bool) -> None:
        self._ledger = ledger
        self._clock = clock
        self._engine = engine
        self._read_only = read_only

    async def short_of_capacity(self, run: Run) -> int:
        """How many of the run's objects failed for want of Expedited capacity: another tier would take them."""
        if run.tier is not Tier.EXPEDITED or not run.counts.get(State.FAILED):
            return 0
        return await self._ledger.runs.count_failed(run.id, NO_CAPACITY_CODE)

    async def ending(self, run: Run, within_s: float) -> tuple[int, int | None]:
        """How many copies of the run end within so many seconds, and when the first does."""
        if not run.counts.get(State.AVAILABLE):
            return 0, None
        now = self._clock.now().timestamp()
        return await self._ledger.runs.ending(run.id, now, now + within_s)

    async def causes(self, run: Run) -> list[Cause]:
        """Why objects of the run failed, or were refused by its plan: the most frequent cause first."""
        if not (run.counts.get(State.FAILED) or run.counts.get(State.SKIPPED)):
            return []
        return await self._ledger.runs.causes(run.id)

    async def then_causes(self, run: Run) -> "list[ThenCause]":
        """Why what was to be done with its objects could not be done."""
        return await self._ledger.then.causes(run.id) if run.then_failed else []

    async def skips(self, run: Run) -> list[tuple[str, int]]:
        """Why nothing was asked for, and of how many objects of the run; the most frequent reason first."""
        return await self._ledger.runs.skips(run.id) if run.counts.get(State.SKIPPED) else []

    async def facts(self, run: Run) -> "RunFacts":
        """What ``core.progress.progress`` tells of the run is made of this, at whatever instant."""
        from restoretui.core.progress import RunFacts

        flows = await self._ledger.runs.flows(run.id)
        return RunFacts(
            run.counts, run.bytes_by_state, run.window, run.first_requested_at,
            run.last_requested_at, self._clock.now(), flows,
        )  # fmt: skip

    async def progress(self, run: Run) -> "RunProgress":
        """How the run goes now."""
        from restoretui.core.progress import progress

        return progress(await self.facts(run), self._clock.now())

    async def shortfall(self, run: Run) -> "Shortfall":
        """What the run got less than it asked for, though nothing of it failed."""
        return await self._ledger.runs.shortfall(run)

    def outstanding(self) -> list["Outstanding"]:
        """How much of each run under way is still to be sent, in the order of their numbers.

        Also of those of which only then-steps are still to be done.
        """
        from restoretui.ledger.batches.outstanding import outstanding

        runs = (run for run in self._ledger.runs.peek_all() if run.is_open or run.then_open)
        open_runs = sorted(runs, key=lambda run: run.id)
        return [outstanding(run, self._ledger.batches.peek_of_run(run.id)) for run in open_runs]

    def unsent(self) -> list["Outstanding"]:
        """The runs whose requests wait for this very process: none in a read-only one, which sends nothing."""
        if self._read_only:
            return []
        return [left for left in self.outstanding() if left.unsent and not self._engine.is_elsewhere(left.run.id)]

    @property
    def left_alone(self) -> "Mapping[int, str]":
        """Runs that nobody here pursues, and why: another process does, or it takes one that may send."""
        return self._engine.left_alone

    async def job_view(self, run_id: int, query: Query | None = None) -> "JobView":
        """The run's objects as a view."""
        return await self._ledger.runs.view(run_id, query or Query())

    async def find_run(self, name: str) -> Run:
        """The run called ``name`` on a command line: its number, or ``last``."""
        runs = await self._ledger.runs.list()
        if name == "last" and runs:
            return max(runs, key=lambda run: run.id)
        for run in runs:
            if str(run.id) == name:
                return run
        known = ", ".join(map(str, sorted((run.id for run in runs), reverse=True)[:MOST_NAMED])) or "none yet"
        raise UsageError(f"there is no run {name!r}", f"known runs: {known}; `restoretui status` lists them")
