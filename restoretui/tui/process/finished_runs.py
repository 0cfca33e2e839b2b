"""Notices the moment a run has nothing more to wait for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from restoretui.core.model import State

if TYPE_CHECKING:
    from restoretui.ledger.run_records import Run


class FinishedRuns:
    """Fed with the runs whenever they change; what was finished when first seen is no news."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def finished(self, runs: "Sequence[Run]") -> "list[Run]":
        """Runs that were open when last asked and are no longer."""
        now_open = {run.id for run in runs if run.is_open}
        done = [run for run in runs if run.id in self._open and run.id not in now_open]
        self._open = now_open
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
