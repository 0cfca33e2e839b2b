"""Filters by name: those that are ready, those kept on screen, and those of the config's ``[views]``."""

from collections.abc import Mapping

READY: Mapping[str, str] = {
    "expiring in 48 h": "expires<48h",
    "failed this week": "state:failed changed<7d",
    "restoring now": "state:planned,requested,restoring",
    "overdue": "is:overdue",
}


def saved_filters(*own: Mapping[str, str]) -> Mapping[str, str]:
    """All of them; of the same name, the last wins."""
    found = dict(READY)
    for filters in own:
        found.update(filters)
    return found
