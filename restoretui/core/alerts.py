"""What draws the attention of somebody who looks elsewhere: kinds of news, each switched off by its name."""

from enum import StrEnum


class AlertKind(StrEnum):
    """A kind of news about restores."""

    ARRIVAL = "arrival"
    """The first object of a run can be read."""
    DONE = "done"
    """Nothing more is awaited of a run."""
    FAILING = "failing"
    """The first object of a run failed, or nothing goes on until somebody helps."""
    EXPIRING = "expiring"
    """Copies end soon."""
