"""Filters by name: those that are ready, and those of the config's ``[views]``."""

from collections.abc import Mapping

READY: Mapping[str, str] = {
    "expiring in 48 h": "expires<48h",
    "failed this week": "state:failed changed<7d",
    "restoring now": "state:planned,requested,restoring",
    "overdue": "is:overdue",
}


def saved_filters(own: Mapping[str, str]) -> Mapping[str, str]:
    """All of them; one's own of the same name wins."""
    return {**READY, **own}
