"""What the pane beside the tables of Restores tells of: a run of the list, or an object of the run that is open."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from restoretui.core.plan.tier_plan import FactGroup
from restoretui.ledger.records import JobRow
from restoretui.ledger.run_records import Cause, Run
from restoretui.tui.details.object_text import object_lines, of_job
from restoretui.tui.details.run_text import run_lines

if TYPE_CHECKING:
    from restoretui.session.session import Session


class RunTeller:
    """Tells from what is in the ledger alone; causes of a run are counted off the loop, once per change."""

    def __init__(self) -> None:
        self._causes: dict[int, tuple[object, Sequence[Cause]]] = {}

    def of_run(self, session: "Session", run: Run, title: str, width: int) -> Sequence[Content]:
        """A run as a whole."""
        _, causes = self._causes.get(run.id, (None, ()))
        return run_lines(run, title, causes, session.looks_cost(run), session.clock.now(), width)

    def lacks(self, run: Run) -> bool:
        """Its causes are not those it has now."""
        return bool(run.counts) and self._causes.get(run.id, (None, ()))[0] != run.counts

    async def learn(self, session: "Session", run: Run) -> None:
        """Count its causes."""
        self._causes[run.id] = run.counts, await session.run_views.causes(run)

    def of_job(self, session: "Session", run: Run, row: JobRow, days: int, width: int) -> Sequence[Content]:
        """One object of a run."""
        known = of_job(row)
        past = session.ledger.runs.of_object(run.cloud, [row.ref])
        group = FactGroup(row.ref.bucket, known.facts, 1, row.size or 0, unsized=int(row.size is None))
        ours = session.cloud_of(run.cloud.scheme) == run.cloud
        plan = session.glance(run.cloud.scheme, [group], days) if ours else None
        return object_lines(known, past, plan, session.clock.now(), width)
