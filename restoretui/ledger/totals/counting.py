"""Counts rows of a listing into its totals, and moves them from bucket to bucket as their state changes.

Of listing 7 the table ``t7`` has objects and bytes by prefix, class and state. Most rows are what their class says,
and need no memory of their own; ``r7`` has those that are more than that: restored, looked at, or in a job of ours,
each as it was counted last. So a change takes away exactly what was added before.

Bytes are kept in two halves of 32 bits each, which add up and are taken away again without any bound: one sum would
overflow at what a hostile store tells, and one that stops at its bound could not be taken back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from operator import le
from typing import Any, NamedTuple

from restoretui.core.rules.rules import EXPEDITED_TYPICAL_BYTES, CloudRules
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.totals.counted_listing import CountedListing, nodes_of
from restoretui.ledger.views import fact_sql
from restoretui.ledger.volumes import GONE, HALF

_LOW = (1 << HALF) - 1
_NEVER = 1 << 60

FOLDER = "rtrim({key}, replace({key}, '/', ''))"
"""SQL for a key up to its last slash: from its end, all goes that is no slash."""


def _halves(size: str) -> str:
    known = f"CASE WHEN {size} > 0 THEN {size} ELSE 0 END"
    return f"({known}) >> {HALF} AS high, ({known}) & {_LOW} AS low, {size} < 0 AS unsized"


def listed_state(rules: CloudRules, storage_class: str) -> str:
    """SQL for the state of an object of which no more than the class is known."""
    return (
        f"(SELECT {fact_sql.state_case(rules)} FROM (SELECT {storage_class} AS storage_class, 0 AS gone, 0 AS looked,"
        " NULL AS archive_status, NULL AS in_progress, NULL AS expiry))"
    )


FolderSums = Mapping[tuple[str, str], Sequence[int]]
"""By folder and class: objects, bytes, objects without a size, and large ones (``row_kinds``)."""


class NewRows(NamedTuple):
    """Rows of a listing that were just written."""

    ids: Sequence[range]
    sums: Sequence[FolderSums]
    """Each of some of the rows."""
    told: bool
    """Some of them tell of a restore."""


def folder_sums(keys: Sequence[str], sizes: Sequence[int], classes: Sequence[str]) -> FolderSums:
    """Rows added up; ``sizes`` as they are stored."""
    found: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for (folder, slash, _), size, storage_class in zip(
        map(str.rpartition, keys, repeat("/")), sizes, classes, strict=True
    ):
        found[folder, slash, storage_class].append(size)
    return {(folder + slash, name): _sums(those) for (folder, slash, name), those in found.items()}


def _sums(sizes: list[int]) -> Sequence[int]:
    known = sizes if min(sizes) >= 0 else [size for size in sizes if size >= 0]
    return len(sizes), sum(known), len(sizes) - len(known), sum(map(_is_large, known))


_is_large = partial(le, EXPEDITED_TYPICAL_BYTES)


def count_rows(tx: Tx, listed: CountedListing, rows: NewRows, now: float) -> None:
    """Count rows that have just come."""
    states = {
        name: tx.rows(f"SELECT {listed_state(listed.cloud.rules, ':class')}", {"class": name, "now": now})[0][0]
        for name in {storage_class for sums in rows.sums for _, storage_class in sums}
    }
    added = (
        (folder, storage_class, states[storage_class], objects, size >> HALF, size & _LOW, unsized)
        for sums in rows.sums
        for (folder, storage_class), (objects, size, unsized, _) in sums.items()
    )
    _add(tx, listed, added)
    if rows.told or listed.has_looks or listed.bucket_id:
        for ids in rows.ids:
            ends: dict[str, object] = {"first": ids.start, "last": ids.stop - 1}
            recount(tx, listed, now, "l.id BETWEEN :first AND :last", ends)


def recount(tx: Tx, listed: CountedListing, now: float, where: str, args: dict[str, object]) -> None:
    """Count the rows that meet ``where`` as they are known now (cloud time), in place of how they were counted."""
    rules, memory = listed.cloud.rules, f"r{listed.id}"
    tx.run(
        "CREATE TEMP TABLE IF NOT EXISTS recounted (id INTEGER PRIMARY KEY, folder, old_class, old_state, old_size,"
        " storage_class, state, size, until, plain)"
    )
    facts = fact_sql.known(
        fact_sql.of_listing(listed.started_at, silent=listed.silent),
        f"l{listed.id} l",
        where,
        "l.id AS id, l.storage_class AS listed_class, l.size AS listed_size",
        fact_sql.Overlay(looks=listed.has_looks, jobs=bool(listed.bucket_id), tells=rules.lists_status),
    )
    ends = ", ".join(f"CASE WHEN {name} > :now THEN {name} ELSE {_NEVER} END" for name in ("expiry", "job_expiry"))
    shown = (
        f"SELECT id, key, listed_class, listed_size, {listed_state(rules, 'listed_class')} AS listed_state,"
        f" storage_class, size, CASE WHEN gone THEN '{GONE}' ELSE {fact_sql.SHOWN_STATE} END AS shown,"
        f" nullif(min({ends}), {_NEVER}) AS until FROM ({fact_sql.with_state(rules, facts)})"
    )
    tx.run(
        f"INSERT INTO recounted SELECT f.id, {FOLDER.format(key='f.key')}, coalesce(r.storage_class, f.listed_class),"
        " coalesce(r.state, f.listed_state), coalesce(r.size, f.listed_size), f.storage_class, f.shown, f.size,"
        f" f.until, f.plain FROM (SELECT *, shown = listed_state AND storage_class = listed_class"
        f" AND size = listed_size AND until IS NULL AS plain FROM ({shown})) f LEFT JOIN {memory} r ON r.id = f.id"
        " WHERE r.id IS NOT NULL OR NOT f.plain",
        {"place": listed.place_id, "bucket": listed.bucket_id, "now": now, **args},
    )
    changes = tx.rows(
        "SELECT folder, storage_class, state, sum(sign), sum(sign * high), sum(sign * low), sum(sign * unsized)"
        f" FROM (SELECT folder, storage_class, state, 1 AS sign, {_halves('size')} FROM recounted UNION ALL"
        f" SELECT folder, old_class, old_state, -1, {_halves('old_size')} FROM recounted)"
        " GROUP BY folder, storage_class, state"
    )
    _add(tx, listed, changes)
    tx.run(f"DELETE FROM {memory} WHERE id IN (SELECT id FROM recounted)")
    tx.run(
        f"INSERT INTO {memory} SELECT id, storage_class, state, size, until FROM recounted"
        " WHERE NOT plain ORDER BY id"
    )
    tx.run("DELETE FROM recounted")
    tx.run(
        f"UPDATE listing SET due_at = (SELECT min(until) FROM {memory} WHERE until IS NOT NULL) WHERE id = ?",
        (listed.id,),
    )


def begin_anew(tx: Tx, listing_id: int) -> None:
    """All rows of the listing are gone."""
    tx.run(f"DELETE FROM t{listing_id}")
    tx.run(f"DELETE FROM r{listing_id}")
    tx.run("UPDATE listing SET due_at = NULL, recount = NULL WHERE id = ?", (listing_id,))


def _add(tx: Tx, listed: CountedListing, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows are: folder, class, state, objects, both halves of the bytes, objects without a size."""
    added: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for folder, storage_class, state, *amounts in rows:
        if not any(amounts):
            continue
        for depth, prefix in nodes_of(folder, listed.prefix):
            sums = added[depth, prefix, storage_class, state]
            for at, amount in enumerate(amounts):
                sums[at] += amount
    tx.values(
        f"INSERT INTO t{listed.id} (depth, prefix, storage_class, state, objects, high, low, unsized)",
        [(*key, *sums) for key, sums in added.items()],
        "ON CONFLICT (depth, prefix, storage_class, state) DO UPDATE SET objects = objects + excluded.objects,"
        " high = high + excluded.high, low = low + excluded.low, unsized = unsized + excluded.unsized",
    )
    if added:
        tx.touch(change_feed.TOTALS)
