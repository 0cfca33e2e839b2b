"""The window's title: how much of what is under way is done, and when it is typically there.

A tab of a terminal shows its beginning, so the name of the program stands last. It counts down in whole hours, below
one in steps of five minutes: a title costs bytes each time it changes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from restoretui.core.model import State

if TYPE_CHECKING:
    from restoretui.ledger.run_records import Run

NAME = "restoretui"
HOUR_S, MINUTE_S, STEP_MINUTES = 3600, 60, 5


def window_title(runs: "Sequence[Run]", now: datetime, *, ended: "Sequence[Run]" = ()) -> str:
    """Of the runs under way; without any, how those went that ``ended`` while somebody may have looked elsewhere."""
    under_way = [run for run in runs if run.is_open]
    parts = []
    if under_way:
        all_ = sum(run.objects - run.counts.get(State.SKIPPED, 0) for run in under_way)
        done = all_ - sum(run.waiting for run in under_way)
        parts.append(f"{min(99, done * 100 // all_) if all_ else 0}%")
    failed = sum(run.counts.get(State.FAILED, 0) for run in under_way or ended)
    if failed:
        parts.append(f"{failed:,} failed")
    elif ended and not under_way:
        parts.append("done")
    left = _left(under_way, now)
    if left is not None:
        parts.append(_roughly(left))
    return " · ".join([*parts, NAME])


def _left(runs: "Sequence[Run]", now: datetime) -> float | None:
    """Seconds until the last of them is typically there; None where that is not known of any."""
    ends = [
        (run.last_requested_at or run.first_requested_at) + timedelta(seconds=run.window[1])
        for run in runs
        if run.window is not None and run.first_requested_at is not None
    ]
    return (max(ends) - now).total_seconds() if ends else None


def _roughly(seconds: float) -> str:
    if seconds <= 0:
        return "overdue"
    if seconds > HOUR_S:
        return f"{-(-seconds // HOUR_S):.0f} h"
    return f"{-(-seconds // (STEP_MINUTES * MINUTE_S)) * STEP_MINUTES:.0f} min"
