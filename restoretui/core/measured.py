"""How long restores took here: a histogram of what was seen, told as a range once there are enough.

The range goes from the 5th to the 95th percentile (nearest rank) of all restores of one cloud, archive and tier.
Times are seconds from the request to the look that found the copy.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

ENOUGH = 20
"""Restores; of fewer a 5th percentile says nothing."""
LOW, HIGH = 0.05, 0.95
STEPS = ((600, 10), (3600, 60), (36_000, 300))
"""Below so many seconds durations are counted in steps of so many."""
COARSEST = 900
MOST_UNSEEN, MOST_UNSEEN_S = 0.1, 30.0
"""A duration is known only if the look before the one that found the copy was at most this part of it, or so many
seconds, ago: what came while nobody looked took an unknown time."""


class Measured(NamedTuple):
    """What was seen of one archive and tier."""

    shortest: timedelta
    longest: timedelta
    restores: int


def is_known(requested_at: float, looked_at: float | None, arrived_at: float) -> bool:
    """Whether the time from request to copy is told by these looks, ``looked_at`` being the last that found none."""
    took = arrived_at - requested_at
    unseen = arrived_at - max(requested_at, requested_at if looked_at is None else looked_at)
    return took >= 0 and 0 <= unseen <= max(MOST_UNSEEN_S, MOST_UNSEEN * took)


def step_of(seconds: float) -> tuple[int, int]:
    """The step of the histogram that a duration lies in: where it begins and where it ends."""
    step = next((step for most, step in STEPS if seconds < most), COARSEST)
    begin = int(seconds // step * step)
    return begin, begin + step


def measured(histogram: Mapping[int, int]) -> Measured | None:
    """The range of restores counted by where their step begins; None while there are too few."""
    restores = sum(histogram.values())
    if restores < ENOUGH:
        return None
    low, high = _percentile(histogram, LOW, restores), _percentile(histogram, HIGH, restores)
    return Measured(timedelta(seconds=low), timedelta(seconds=step_of(high)[1]), restores)


def _percentile(histogram: Mapping[int, int], part: float, restores: int) -> int:
    """Where the step begins in which the restore of that rank lies."""
    rank, so_far = max(1, -int(-part * restores // 1)), 0
    for begin, number in sorted(histogram.items()):
        so_far += number
        if so_far >= rank:
            return begin
    return max(histogram)
