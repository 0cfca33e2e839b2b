"""In which order a run's objects are shown: what needs attention first, and what was skipped as one line.

While states change the rows are put in order again, seldom enough to cost next to nothing, and only for somebody at
the top of the list: who has gone down it keeps it as it is.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from restoretui.core.model import State
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import Run
from restoretui.tui.restores.folded_jobs import SKIPPED_ID, FoldedJobs, SkippedRow
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.session.session import Session

ATTENTION = Query(sort="attention")
EVERY_S, SHARE = 2.0, 10.0
"""So seldom, or in this multiple of the time it takes; machine seconds."""


class RunOrder:
    """Of the run that is open."""

    def __init__(self) -> None:
        self.query = ATTENTION
        self.unfolded = False
        """What was skipped is shown, row by row."""
        self._counts: Mapping[State, int] = {}
        """When the rows were put in order."""
        self._why: str | None = None
        self._at = float("-inf")
        self._took = 0.0

    async def view(self, session: "Session", run: Run) -> FoldedJobs:
        """The objects asked for; what was skipped is one line, unless it is all, or something was looked for."""
        begun = session.clock.monotonic()
        self._counts = run.counts
        skipped = run.counts.get(State.SKIPPED, 0)
        folds = not self.unfolded and self.query.where is None and 0 < skipped < run.objects
        query = replace(self.query, leaves_out=frozenset({State.SKIPPED}) if folds else frozenset())
        jobs = await session.run_views.job_view(run.id, query)
        line = SkippedRow(SKIPPED_ID, skipped, await self._why_skipped(session, run), "enter") if folds else None
        self._at = session.clock.monotonic()
        self._took = self._at - begun
        return FoldedJobs(jobs, line)

    async def _why_skipped(self, session: "Session", run: Run) -> str:
        if self._why is None:
            skips = await session.run_views.skips(run)
            more = f" and {fmt.plural(len(skips) - 1, 'other reason')}" if len(skips) > 1 else ""
            self._why = f"{skips[0][0]}{more}" if skips else ""
        return self._why

    def is_old(self, run: Run, now: float) -> bool:
        """States have changed since, and it is time; ``now`` is machine time."""
        if run.counts == self._counts or self.query.sort != "attention":
            return False
        return now - self._at >= max(EVERY_S, SHARE * self._took)
