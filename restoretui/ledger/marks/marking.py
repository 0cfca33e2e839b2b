"""Set operations on a selection, by SQL, within a transaction: upsert, delete and invert marks."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from restoretui.ledger.marks.fact_groups import LOOK_KEPT_S, marked_places
from restoretui.ledger.records import Observation, Query
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.sqlite_errors import listing_replaced
from restoretui.ledger.store.unknown_values import OF_KNOWN, added, saturated, sum_of
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views import fact_sql
from restoretui.ledger.views.filter_columns import FACTS, as_known
from restoretui.ledger.views.filter_sql import end_of_prefix
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK, values_of
from restoretui.ledger.views.row_order import Span
from restoretui.ledger.views.where_sql import where

_INSERT = f"INSERT INTO selection (step, sel, place_id, key, version_id, {', '.join(FACTS_OF_LOOK)}, silent)"
_STEP = "(SELECT step FROM selection_set WHERE id = :sel)"
"""The change under way, by whose number what it adds can be taken back: see ``selections.history``."""
# An upsert: an object that is marked already takes the facts of a newer look at it.
_IF_NEWER = (
    "ON CONFLICT (sel, place_id, key, version_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*FACTS_OF_LOOK, "silent"))
    + " WHERE excluded.seen_at > seen_at"
)
_FEW = 500

IS_MARKED = (
    "EXISTS (SELECT 1 FROM selection m WHERE m.sel = :sel AND m.place_id = :place AND m.key = l.key"
    " AND m.version_id = coalesce(l.version_id, ''))"
)


class ListingPlace(NamedTuple):
    """Where the rows of a listing lie."""

    listing_id: int
    place_id: int
    started_at: float
    silent: bool = False
    """It tells of no restores: it is from an inventory, or a set."""


def refresh_marks(tx: Tx, listing_id: int) -> None:
    """Give marked objects the facts of a listing that saw them later; sets with a name tell what was."""
    place = listing_place(tx, listing_id)
    changing = (
        "SELECT t.sel FROM selection_total t JOIN selection_set k ON k.id = t.sel WHERE t.place_id = ?"
        " AND t.objects > 0 AND k.kind NOT IN ('saved', 'held')"
    )
    for (sel,) in tx.rows(changing, (place.place_id,)):
        args: dict[str, object] = {"sel": sel, "place": place.place_id}
        if add_span(tx, sel, place, Span(f"l{listing_id} l", IS_MARKED, "0", "l.id", args)):
            recount(tx, sel, place.place_id)
            tx.touch(change_feed.selection_topic(sel))


def listing_place(tx: Tx, listing_id: int) -> ListingPlace:
    """Where a listing lies; ``LedgerError`` if it was pruned."""
    row = tx.row(
        "SELECT place_id, started_at, origin IN ('inventory', 'set') FROM listing WHERE id = ?", (listing_id,)
    )
    if row is None:
        raise listing_replaced()
    return ListingPlace(listing_id, *row)


def add_span(tx: Tx, sel: int, place: ListingPlace, span: Span) -> int:
    """Mark the rows of a span; how many were marked or brought up to date. The totals must be recounted after it."""
    return tx.run(
        f"{_INSERT} SELECT {_STEP}, :sel, :place, l.key, coalesce(l.version_id, ''), l.storage_class,"
        " l.size, l.modified, NULL, 0, l.in_progress, l.expiry, :started + l.seen, l.etag,"
        " NULL, NULL, NULL, NULL, :silent"
        f" FROM {span.source} WHERE {span.where} {_IF_NEWER}",
        {
            **span.args,
            "sel": sel,
            "place": place.place_id,
            "started": place.started_at,
            "silent": int(place.silent),
        },
    )


def set_rows(tx: Tx, sel: int, listing_id: int, ids: Collection[int], wanted: Callable[[bool], bool]) -> None:
    """Mark or unmark single rows, as ``wanted`` says given whether each is marked; keeps the totals by difference."""
    place = listing_place(tx, listing_id)
    chosen = sorted({row_id for row_id in ids if row_id > 0})
    objects = size_bytes = 0
    for at in range(0, len(chosen), _FEW):
        some = chosen[at : at + _FEW]
        rows = tx.rows(
            "SELECT l.id, l.key, coalesce(l.version_id, ''), l.size, m.size"
            f" FROM l{listing_id} l LEFT JOIN selection m ON m.sel = ? AND m.place_id = ? AND m.key = l.key"
            " AND m.version_id = coalesce(l.version_id, '')"
            f" WHERE l.id IN ({', '.join(map(str, some))})",
            (sel, place.place_id),
        )
        # A server that repeats itself lists an object twice; it is marked once.
        rows = list({row[1:3]: row for row in rows}.values())
        adding = [row for row in rows if row[4] is None and wanted(False)]
        leaving = [row for row in rows if row[4] is not None and not wanted(True)]
        if adding:
            ids_there = ", ".join(str(row[0]) for row in adding)
            add_span(tx, sel, place, Span(f"l{listing_id} l", f"l.id IN ({ids_there})", "0", "l.id", {}))
        for _, key, version_id, *_ in leaving:
            _take(
                tx, sel, place.place_id, "key = :key AND version_id = :version", {"key": key, "version": version_id}
            )
        objects += len(adding) - len(leaving)
        size_bytes += sum_of(row[3] for row in adding) - sum_of(row[4] for row in leaving)
    _add_to_totals(tx, sel, place.place_id, objects, size_bytes)


def _add_to_totals(tx: Tx, sel: int, place: int, objects: int, size_bytes: int) -> None:
    tx.run(
        "INSERT INTO selection_total (sel, place_id, objects, size_bytes) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (sel, place_id) DO UPDATE SET"
        f" objects = objects + excluded.objects, size_bytes = {added('size_bytes', 'excluded.size_bytes')}",
        (sel, place, objects, saturated(size_bytes)),
    )


def add_looks(tx: Tx, sel: int, place: int, looks: Sequence[Observation], *, silent: bool = False) -> None:
    """Mark objects that were looked at, unless they are gone. Keeps the totals by difference: marks may be many.

    ``silent``: they were not looked at, but told of by who knows nothing of restores.
    """
    there = [look for look in looks if not look.gone]
    if not there:
        return
    are_new = _are_new(tx, sel, place, there)
    before = (0, 0) if are_new else _tally(tx, sel, place, there)
    row = tx.row("SELECT step FROM selection_set WHERE id = ?", (sel,))
    step = 0 if row is None else row[0]
    tx.values(_INSERT, [(step, sel, place, *values_of(look), int(silent)) for look in there], _IF_NEWER)
    after = (len(there), sum_of(look.size for look in there)) if are_new else _tally(tx, sel, place, there)
    _add_to_totals(tx, sel, place, after[0] - before[0], after[1] - before[1])


def _are_new(tx: Tx, sel: int, place: int, looks: Sequence[Observation]) -> bool:
    """Each is of another object, and nothing from the first of their keys to the last is marked: so it mostly is."""
    keys = [look.key for look in looks]
    if len({(look.key, look.version_id or "") for look in looks}) < len(looks):
        return False
    between = "SELECT 1 FROM selection WHERE sel = ? AND place_id = ? AND key BETWEEN ? AND ? LIMIT 1"
    return tx.row(between, (sel, place, min(keys), max(keys))) is None


def _tally(tx: Tx, sel: int, place: int, looks: Sequence[Observation]) -> tuple[int, int]:
    """How many of these objects are marked, and their bytes."""
    named = list({(look.key, look.version_id or "") for look in looks})
    objects = size_bytes = 0
    for at in range(0, len(named), _FEW):
        some = named[at : at + _FEW]
        (row,) = tx.rows(
            f"WITH n (key, version_id) AS (VALUES {', '.join(['(?, ?)'] * len(some))})"
            f" SELECT count(*), CAST(total(size) {OF_KNOWN} AS INTEGER) FROM n"
            " CROSS JOIN selection m ON m.sel = ? AND m.place_id = ? AND m.key = n.key"
            " AND m.version_id = n.version_id",
            (*(text for pair in some for text in pair), sel, place),
        )
        objects += row[0]
        size_bytes += row[1]
    return objects, size_bytes


def keep(tx: Tx, sel: int, query: Query, now: float, wall: float, *, prefix: str = "") -> int:
    """Unmark what ``query`` leaves out, as known now; how many. Its globs may match what follows ``prefix``."""
    removed = 0
    for place in marked_places(tx.connection, sel, now, wall):
        inner = fact_sql.known(
            place.columns, "selection s", "s.sel = :sel AND s.place_id = :place", "1 AS one",
            looks=place.has_looks, jobs=bool(place.bucket_id), tells=place.rules.lists_status,
        )  # fmt: skip
        wanted = where(query.where, as_known(prefix, listed=""), tuple(place.rules.classes))
        known = f"SELECT l.key, l.version_id FROM ({FACTS} FROM ({fact_sql.with_state(place.rules, inner)})) l"
        removed += _take(
            tx, sel, place.place_id, f"(key, version_id) IN ({known} WHERE NOT {wanted.sql})",
            {**place.args, **wanted.args},
        )  # fmt: skip
        recount(tx, sel, place.place_id)
    return removed


def add_selection(tx: Tx, sel: int, other: int, now: float) -> None:
    """Mark in ``sel`` what is marked in ``other``.

    What a set with a name tells is as old as it is: of restores it tells nothing once a look would be good no longer.
    """
    columns = f"key, version_id, {', '.join(FACTS_OF_LOOK)}"
    is_set = tx.row("SELECT 1 FROM selection_set WHERE id = ? AND kind = 'saved'", (other,)) is not None
    silent = "silent OR seen_at < :fresh" if is_set else "silent"
    for (place,) in tx.rows("SELECT place_id FROM selection_total WHERE sel = ? AND objects > 0", (other,)):
        tx.run(
            f"{_INSERT} SELECT {_STEP}, :sel, place_id, {columns}, {silent} FROM selection"
            f" WHERE sel = :other AND place_id = :place {_IF_NEWER}",
            {"sel": sel, "other": other, "place": place, "fresh": now - LOOK_KEPT_S},
        )
        if is_set:
            tx.run("UPDATE place SET imported = 1 WHERE id = ?", (place,))
        recount(tx, sel, place)


def _take(tx: Tx, sel: int, place: int, where: str, args: dict[str, object]) -> int:
    """Unmark what ``where`` says of one bucket; kept aside where somebody may want it back. How many."""
    args = {**args, "sel": sel, "place": place}
    where = f"sel = :sel AND place_id = :place AND {where}"
    keep_aside(tx, sel, where, args)
    return tx.run(f"DELETE FROM selection WHERE {where}", args)


def keep_aside(tx: Tx, sel: int, where: str, args: dict[str, object]) -> None:
    """Copy marks that are about to go to the set that the change under way puts them into, if it does."""
    row = tx.row("SELECT trash FROM selection_set WHERE id = ?", (sel,))
    if row is not None and row[0] is not None:
        columns = f"place_id, key, version_id, {', '.join(FACTS_OF_LOOK)}, silent, step"
        kept = f"SELECT :trash, {columns} FROM selection WHERE {where}"
        tx.run(f"INSERT OR REPLACE INTO selection (sel, {columns}) {kept}", {**args, "trash": row[0]})


def remove_span(tx: Tx, sel: int, place: int, span: Span) -> None:
    """Unmark the rows of a span."""
    args = {**span.args, "sel": sel, "place": place}
    within = tx.row(f"SELECT count(*) FROM {span.source} WHERE {span.where} AND {IS_MARKED}", args)
    if within is not None and within[0] == _total(tx, sel, place):
        _remove_place(tx, sel, place)
    else:
        listed = f"SELECT l.key, coalesce(l.version_id, '') FROM {span.source} WHERE {span.where}"
        _take(tx, sel, place, f"(key, version_id) IN ({listed})", args)
    recount(tx, sel, place)


def remove_prefix(tx: Tx, sel: int, place: int, prefix: str, *, only_here: bool = False) -> None:
    """Unmark every object whose key begins with ``prefix``; ``only_here``: those in none of the prefixes below."""
    where = "key >= :low AND key < :high" if prefix else "1"
    if only_here:
        where += " AND instr(substr(key, length(:low) + 1), '/') = 0"
    _take(tx, sel, place, where, {"low": prefix, "high": end_of_prefix(prefix)})
    recount(tx, sel, place)


def remove_object(tx: Tx, sel: int, place: int, key: str, version_id: str | None) -> None:
    """Unmark one object; the totals are kept by difference."""
    named: dict[str, object] = {"key": key, "version": version_id or ""}
    row = tx.row(
        "SELECT size FROM selection WHERE sel = :sel AND place_id = :place AND key = :key AND version_id = :version",
        {**named, "sel": sel, "place": place},
    )
    if row is not None:
        _take(tx, sel, place, "key = :key AND version_id = :version", named)
        _add_to_totals(tx, sel, place, -1, -max(0, row[0]))


def invert_span(tx: Tx, sel: int, place: ListingPlace, span: Span) -> None:
    """Unmark the marked rows of a span, mark the others."""
    args = {**span.args, "sel": sel, "place": place.place_id}
    rows = f"FROM {span.source} WHERE {span.where} AND"
    tx.run("DROP TABLE IF EXISTS temp.unmarked")
    tx.run(f"CREATE TEMP TABLE unmarked AS SELECT l.id {rows} NOT {IS_MARKED}", args)
    remove_span(tx, sel, place.place_id, span)
    there = Span(f"temp.unmarked u CROSS JOIN l{place.listing_id} l ON l.id = u.id", "1", "0", "l.id", {})
    add_span(tx, sel, place, there)
    tx.run("DROP TABLE temp.unmarked")
    recount(tx, sel, place.place_id)


def _total(tx: Tx, sel: int, place: int) -> int:
    row = tx.row("SELECT objects FROM selection_total WHERE sel = ? AND place_id = ?", (sel, place))
    return 0 if row is None else int(row[0])


def _remove_place(tx: Tx, sel: int, place: int) -> None:
    tx.run("DELETE FROM selection_total WHERE sel = ? AND place_id = ?", (sel, place))
    args: dict[str, object] = {"sel": sel, "place": place}
    keep_aside(tx, sel, "sel = :sel AND place_id = :place", args)
    others = ("selection WHERE sel < :sel", "selection WHERE sel > :sel", "selection_total WHERE objects > 0")
    if all(tx.row(f"SELECT 1 FROM {rows} LIMIT 1", args) is None for rows in others):
        # No other marks in the table: emptying it as a whole is quickest.
        tx.run("DELETE FROM selection")
    else:
        tx.run("DELETE FROM selection WHERE sel = :sel AND place_id = :place", args)


def recount(tx: Tx, sel: int, place: int) -> None:
    """Make the totals of one bucket true again after a change in bulk."""
    tx.run(
        "INSERT OR REPLACE INTO selection_total (sel, place_id, objects, size_bytes)"
        f" SELECT :sel, :place, count(*), CAST(total(size) {OF_KNOWN} AS INTEGER) FROM selection"
        " WHERE sel = :sel AND place_id = :place",
        {"sel": sel, "place": place},
    )


def clear(tx: Tx, sel: int) -> None:
    """Unmark everything."""
    for (place,) in tx.rows("SELECT place_id FROM selection_total WHERE sel = ?", (sel,)):
        _remove_place(tx, sel, place)
    tx.touch(change_feed.selection_topic(sel))
