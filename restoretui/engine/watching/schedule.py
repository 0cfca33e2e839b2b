"""When to look at restores again: sparse while nothing can have happened, dense where the end is expected.

All in cloud time. A look costs one LIST for a thousand objects ($0.000005), so density is bought cheaply; what it
must never do is spin.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from restoretui.core.rules.rules import END_OF_TIME, RestoreWindow

FIRST = timedelta(seconds=2)
"""After a request, before the first look: soon, for stores that restore at once."""
GROWTH = 0.25
"""Each wait is this share of the time since the request, so early looks thin out by themselves."""
SPARSE = timedelta(minutes=10)
"""Longest wait before the window opens and long after it closed."""
WINDOW_LOOKS = 45
"""Looks spread over a window, unless the two bounds say otherwise."""
DENSE_MIN, DENSE_MAX = timedelta(seconds=5), SPARSE
AFTER_EXPIRY = timedelta(seconds=30)
"""S3 drops an expired copy some time after its date; earlier looks would only see it still there."""
AVAILABLE_LONGEST = timedelta(hours=12)
"""An available copy is looked at this often, because a lifecycle rule or a person may end it early (FACTS 1.5)."""
TOLD_LONGEST = timedelta(hours=6)
"""Longest wait where events tell what is done: polling is only for those that got lost."""
TOLD_LATE = timedelta(hours=1)
"""The same once the window has closed and something is still awaited."""
OVERDUE = timedelta(minutes=15)
"""How long after its window a restore is called overdue."""


class Expectation(Struct, frozen=True):
    """What is known of a group of restores that were asked for together."""

    requested_at: datetime
    window: RestoreWindow | None

    @property
    def opens(self) -> datetime:
        """When the first may be done."""
        return self.requested_at + (self.window.shortest if self.window else timedelta())

    @property
    def closes(self) -> datetime:
        """When the last should be done."""
        return self.requested_at + (self.window.longest if self.window else timedelta())

    def is_overdue(self, now: datetime) -> bool:
        """Past its typical window by a margin; nothing is wrong with it yet."""
        return self.window is not None and now > self.closes + OVERDUE


def next_look(expected: Expectation, last: datetime | None, now: datetime) -> datetime:
    """When to look next at restores that are not done, given the ``last`` look."""
    if last is None:
        return max(now, expected.requested_at + FIRST)
    wait = max(FIRST, GROWTH * (last - expected.requested_at))
    if expected.window is None or last > expected.closes:
        return last + min(wait, SPARSE)
    width = expected.window.longest - expected.window.shortest
    dense = min(max(width / WINDOW_LOOKS, DENSE_MIN), DENSE_MAX)
    if last >= expected.opens:
        return last + min(wait, dense)
    # Never sleep past the opening by more than one dense step.
    return min(last + min(wait, SPARSE), max(expected.opens, last + FIRST))


def next_look_if_told(expected: Expectation, last: datetime | None, now: datetime) -> datetime:
    """When to look next where events tell of each restore that is done."""
    if last is None or last < expected.requested_at:
        return min(max(now, expected.closes + OVERDUE), max(now, expected.requested_at) + TOLD_LONGEST)
    if last > expected.closes:
        return last + TOLD_LATE
    return min(max(last + FIRST, expected.closes + OVERDUE), last + TOLD_LONGEST)


def next_expiry_look(earliest_expiry: datetime | None, last: datetime | None, now: datetime) -> datetime:
    """When to look next at copies that are available."""
    routine = (last or now) + AVAILABLE_LONGEST
    if earliest_expiry is None:
        return routine
    due = earliest_expiry + min(AFTER_EXPIRY, END_OF_TIME - earliest_expiry)
    if last is not None and due <= last:
        # Seen after its date and still there: S3 removes copies in its own time.
        return last + min(SPARSE, max(FIRST, GROWTH * (last - earliest_expiry)))
    return min(routine, due)
