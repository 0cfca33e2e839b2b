"""Sentinels for sizes and dates a store does not tell, and sums that saturate instead of overflowing.

A size or date that is not told stands in the files as a number no object can have, so that it sorts like any other
and older files need no change; outside it is None.
"""

from collections.abc import Iterable

from restoretui.ledger.store.decoding import FIRST_SECOND, LAST_SECOND

UNTOLD_SIZE = -1
UNTOLD_DATE = FIRST_SECOND - 1
MOST = 2**63 - 1
"""The largest number SQLite keeps. Bytes beyond it are counted as so many: 8 EiB."""
_EXACT = 2**53
OF_KNOWN = "FILTER (WHERE size > 0)"
"""Behind an aggregate over ``size``: without what is not told. ``total`` does not overflow as ``sum`` does."""


def stored_size(size: int | None) -> int:
    """As it stands in a table."""
    return UNTOLD_SIZE if size is None else size


def told_size(stored: int) -> int | None:
    """As it stood in a table; negative sizes, which earlier versions believed, are not told either."""
    return stored if stored >= 0 else None


def told_date(stored: int) -> int | None:
    """As it stood in a table; dates past all calendars, which earlier versions believed, are not told either."""
    return stored if UNTOLD_DATE < stored <= LAST_SECOND else None


def stored_column(values: list[int | None], untold: int) -> list[int]:
    """A column as it stands in a table; itself where all is told, as nearly always."""
    try:
        sum(values)  # type: ignore[arg-type]  # the quickest way to find a None
    except TypeError:
        return [untold if value is None else value for value in values]
    return values  # type: ignore[return-value]


def saturated(size_bytes: float) -> int:
    """A sum of bytes, clamped to what SQLite can keep."""
    return MOST if size_bytes >= MOST else max(int(size_bytes), -MOST)


def sum_of(sizes: Iterable[int | None]) -> int:
    """Of the sizes that are known, stored or not."""
    return saturated(sum(size for size in sizes if size is not None and size > 0))


def agree(told: int, found: float) -> bool:
    """Whether a stored sum is that of its parts; beyond 8 PiB ``total`` rounds, so that there it cannot be told."""
    return told == saturated(found) or min(told, found) >= _EXACT


def added(name: str, more: str) -> str:
    """SQL for a column plus ``more``, neither beyond ``MOST`` nor below 0."""
    return f"max(0, min({name} + {more}, {MOST}))"
