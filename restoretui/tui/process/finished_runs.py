"""Notices the moment a run has nothing more to wait for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from restoretui.core.model import State

if TYPE_CHECKING:
    from restoretui.ledger.run_records import Run


class FinishedRuns:
    """Fed with the runs whenever they change; what was finished at the first look of all is no news."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._known: set[int] | None = None

    def finished(self, runs: "Sequence[Run]") -> "list[Run]":
        """Runs that were open when last asked and are no longer; also those that another process began meanwhile."""
        now_open = {run.id for run in runs if run.is_open}
        known = {run.id for run in runs}
        awaited = self._open if self._known is None else self._open | (known - self._known)
        done = [run for run in runs if run.id in awaited and run.id not in now_open]
        self._open, self._known = now_open, known
        return done


def verdict(run: "Run") -> tuple[str, bool]:
    """One sentence about a run that is over, and whether all went well."""
    available = run.counts.get(State.AVAILABLE, 0)
    failed = run.counts.get(State.FAILED, 0)
    parts = [f"{available:,} available"]
    parts += [
        f"{run.counts[state]:,} {state}"
        for state in (State.FAILED, State.SKIPPED, State.CANCELLED, State.EXPIRED)
        if run.counts.get(state)
    ]
    return f"run {run.id} is done: {', '.join(parts)}", failed == 0
