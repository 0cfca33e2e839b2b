"""How the run that is open goes and why objects of it failed, read again when its counts have changed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from restoretui.core.model import State
from restoretui.core.progress import RunFacts, RunProgress, progress
from restoretui.ledger.run_records import Cause, Run
from restoretui.tui.restores.run_header import HeaderFacts

if TYPE_CHECKING:
    from restoretui.session.session import Session

EVERY_S = 1.0
"""Machine seconds between two readings."""


class RunStory:
    """Of one run."""

    def __init__(self) -> None:
        self._facts: RunFacts | None = None
        self._counts: Mapping[State, int] = {}
        self._at = float("-inf")
        self._failed = 0
        self._causes: Sequence[Cause] = ()
        self._told: tuple[tuple[object, ...], RunProgress] | None = None
        """What was told last, and of what."""

    def is_old(self, run: Run, now: float) -> bool:
        """The run has changed since, and it is time; ``now`` is machine time."""
        return run.counts != self._counts and now - self._at >= EVERY_S

    async def read(self, session: "Session", run: Run) -> None:
        """Read it."""
        self._counts, self._at = run.counts, session.clock.monotonic()
        self._facts = await session.run_views.facts(run)
        failed = run.counts.get(State.FAILED, 0)
        if failed != self._failed:
            causes = await session.run_views.causes(run)
            self._failed, self._causes = failed, [cause for cause in causes if cause.state is State.FAILED]

    def told(self, session: "Session", run: Run) -> HeaderFacts | None:
        """As it is now; None before it was read.

        What time alone changes is told to the minute, so that nothing is repainted meanwhile.
        """
        if self._facts is None:
            return None
        minute = session.clock.now().replace(second=0, microsecond=0)
        of = self._facts, run.counts, minute
        if self._told is None or self._told[0] != of:
            facts = replace(self._facts, counts=run.counts, bytes_by_state=run.bytes_by_state)
            self._told = of, progress(facts, max(minute, facts.as_of))
        return HeaderFacts(run, self._told[1], self._causes, session.batch.ours(run.id))
