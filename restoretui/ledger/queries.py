"""What a view is asked for: known to whoever asks before the ledger, and what its rows are, are loaded."""

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from restoretui.core.model import State

if TYPE_CHECKING:
    from restoretui.core.filter.tree import Filter

SortKey = Literal[
    "key",
    "size",
    "modified",
    "storage_class",
    "state",
    "expiry",
    "attention",
    "below",
    "archived",
    "restoring",
    "readable",
]
BELOW = "below"
"""Sorts prefixes by how many objects lie below them; ``archived`` and its like by the bytes that are. Objects stay in
key order then."""


class Query(Struct, frozen=True):
    """What a view shows, and in which order.

    Sizes, dates and classes count as they were listed, states and expiries as they are known now. Of a view of jobs
    ``modified`` is the last change of state, and ``attention`` sorts by what needs some: what failed first, then what
    is awaited, what can be read, and the rest.
    """

    where: "Filter | None" = None
    """See ``core.filter``; None is everything."""
    sort: SortKey = "key"
    descending: bool = False
    leaves_out: frozenset[State] = frozenset()
    """Of a view of jobs: states whose jobs are not shown, whatever else is asked for."""


EVERYTHING = Query()
"""All rows, in key order (of the audit trail: newest first)."""
