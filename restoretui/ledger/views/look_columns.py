"""The row mapping of a look: the columns that observations and marks have in common, and their values.

A new column of looks is added here and by a migration in ``schema``, whose older steps stay as they were.
"""

from collections.abc import Sequence

from restoretui.core.rows import Rows
from restoretui.ledger.records import Observation
from restoretui.ledger.store.unknown_values import UNTOLD_SIZE, stored_column, stored_size

FACTS_OF_LOOK = (
    "storage_class", "size", "modified", "archive_status", "looked", "in_progress", "expiry", "seen_at", "etag",
    "told_tier", "told_days", "told_asked", "lapses",
)  # fmt: skip
"""Columns behind key and version id, in the order of ``values_of``."""


def values_of(look: Observation) -> tuple[object, ...]:
    """Key, version id and ``FACTS_OF_LOOK`` of a look, as both tables store them."""
    return (
        look.key,
        look.version_id or "",
        look.storage_class,
        stored_size(look.size),
        look.modified,
        look.archive_status,
        look.looked,
        look.in_progress,
        look.expiry,
        look.seen_at,
        look.etag,
        look.tier,
        look.days,
        look.asked_at,
        look.lapses,
    )


def columns_of(rows: Rows, seen_at: Sequence[float]) -> list[Sequence[object]]:
    """The same by column, of rows of a listing: when each was seen stands beside them."""
    keys, versions, sizes, modified, classes, in_progress, expiries, etags = rows.columns[:8]
    number = len(keys)
    untold: list[object] = [None] * number
    if versions.count(None) == number:
        named: Sequence[object] = [""] * number
    else:
        named = [version or "" for version in versions]
    return [
        keys, named, classes, stored_column(list(sizes), UNTOLD_SIZE), modified, untold, [False] * number,
        in_progress, expiries, seen_at, [etag.strip('"') for etag in etags], untold, untold, untold, untold,
    ]  # fmt: skip
