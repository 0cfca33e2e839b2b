"""Names of regions as answers tell them: they become a part of the host that is asked next, so they are checked."""

import re

_REGION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def is_region(name: str) -> bool:
    """One label of a host name: nothing in it leads anywhere else."""
    return _REGION.fullmatch(name) is not None
