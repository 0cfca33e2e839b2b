"""Which version of its key a row of a listing is: those of one key stand together, the newest first (FACTS 1.7)."""

from collections.abc import Mapping, Sequence

from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.views.row_order import PLACE_BITS

FURTHEST = 200
"""Rows that are looked back over for the newest of a key; of one with more versions the rest have no number."""


def version_numbers(quick: QuickReads, table: str, row_ids: Sequence[int]) -> Mapping[int, tuple[int, bool]]:
    """By row id: 1 for the newest version of its key and so on, 0 where that is too far; and whether the key is
    deleted, which listings tell by none of its versions being the latest.
    """
    first_place = f"((l.id >> {PLACE_BITS}) << {PLACE_BITS})"
    rows = quick.rows(
        f"SELECT l.id, coalesce((SELECT p.id FROM {table} p WHERE p.id < l.id AND p.id > {first_place}"
        f" AND p.id >= l.id - {FURTHEST} AND p.key <> l.key ORDER BY p.id DESC LIMIT 1),"
        f" CASE WHEN l.id - {first_place} <= {FURTHEST} THEN {first_place} END) FROM {table} l"
        f" WHERE l.id IN ({','.join(str(int(row_id)) for row_id in row_ids)})",
        (),
    )
    before = {row[0]: row[1] for row in rows if row[1] is not None}
    newest = sorted({int(at) + 1 for at in before.values()})
    told = quick.rows(f"SELECT id, is_latest FROM {table} WHERE id IN ({','.join(map(str, newest))})", ())
    latest = {row[0] for row in told if row[1]}
    return {
        row_id: (row_id - before[row_id], before[row_id] + 1 not in latest) if row_id in before else (0, False)
        for row_id in row_ids
    }
