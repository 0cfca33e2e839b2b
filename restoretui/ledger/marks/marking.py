"""Set operations on a selection, by SQL, within a transaction: upsert, delete and invert marks."""

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import lt
from typing import Any

from restoretui.core.rows import Rows
from restoretui.ledger.marks.following import follow
from restoretui.ledger.marks.marked_places import LOOK_KEPT_S, marked_places
from restoretui.ledger.marks.span_changes import (
    copy_spans,
    cut_object,
    in_rows,
    out_of_spans,
)
from restoretui.ledger.marks.span_sql import IS_IN_SPAN, IS_SINGLE, source_of
from restoretui.ledger.marks.spans import has_spans, key_of, listings_of_spans, size_in_span, span_listings, span_over
from restoretui.ledger.marks.stored_marks import (
    IF_NEWER,
    INSERT,
    ListingPlace,
    add_span,
    add_to_totals,
    copy_totals,
    listing_place,
    recount,
    remove_place,
    take,
    total_of,
)
from restoretui.ledger.marks.whole_listings import Unmarked, add_ranges, add_whole, bytes_of, invert_whole
from restoretui.ledger.records import Observation, Query
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.unknown_values import OF_KNOWN, sum_of
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views import fact_sql
from restoretui.ledger.views.filter_columns import FACTS, as_known
from restoretui.ledger.views.ids_in_order import IdRange
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK, columns_of, values_of
from restoretui.ledger.views.row_order import Span
from restoretui.ledger.views.where_sql import where

_FEW = 500


def changing_sets(tx: Tx, place: int) -> list[int]:
    """Sets with marks of a place whose facts change with what is seen; those with a name tell what was."""
    changing = (
        "SELECT t.sel FROM selection_total t JOIN selection_set k ON k.id = t.sel WHERE t.place_id = ?"
        " AND t.objects > 0 AND k.kind NOT IN ('saved', 'held')"
    )
    return [sel for (sel,) in tx.rows(changing, (place,))]


def follow_listing(tx: Tx, listing_id: int) -> None:
    """Let marks by span be of a listing that saw their objects later."""
    place = listing_place(tx, listing_id).place_id
    for sel in changing_sets(tx, place):
        if has_spans(tx, sel, place) and follow(tx, sel, place, listing_id):
            recount(tx, sel, place)
            tx.touch(change_feed.selection_topic(sel))


def renew(tx: Tx, sel: int, place: ListingPlace, first: int, last: int) -> None:
    """Give single marks the facts of a listing that saw them later: of its rows between two ids of a segment."""
    ends = key_of(tx, place.listing_id, first), key_of(tx, place.listing_id, last)
    args: dict[str, object] = {"sel": sel, "place": place.place_id, "first": first, "last": last}
    _, before = _between(tx, sel, place.place_id, ends)
    where = f"l.id BETWEEN :first AND :last AND {IS_SINGLE}"
    if add_span(tx, sel, place, Span(f"l{place.listing_id} l", where, "0", "l.id", args)):
        _, after = _between(tx, sel, place.place_id, ends)
        add_to_totals(tx, sel, place.place_id, 0, after - before)
        tx.touch(change_feed.selection_topic(sel))


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
        if has_spans(tx, sel, place.place_id):
            rows = [(*row[:4], size_in_span(tx, sel, place.place_id, row[1], row[2], row[4])) for row in rows]
        adding = [row for row in rows if row[4] is None and wanted(False)]
        leaving = [row for row in rows if row[4] is not None and not wanted(True)]
        if adding:
            out_of_spans(tx, sel, place.place_id, [row[1] for row in adding])
            ids_there = ", ".join(str(row[0]) for row in adding)
            add_span(tx, sel, place, Span(f"l{listing_id} l", f"l.id IN ({ids_there})", "0", "l.id", {}))
        for _, key, version_id, *_ in leaving:
            _take_object(tx, sel, place.place_id, key, version_id)
        objects += len(adding) - len(leaving)
        size_bytes += sum_of(row[3] for row in adding) - sum_of(row[4] for row in leaving)
    add_to_totals(tx, sel, place.place_id, objects, size_bytes)


def add_looks(tx: Tx, sel: int, place: int, looks: Sequence[Observation], *, silent: bool = False) -> None:
    """Mark objects that were looked at, unless they are gone. Keeps the totals by difference: marks may be many.

    ``silent``: they were not looked at, but told of by who knows nothing of restores.
    """
    there = [values_of(look) for look in looks if not look.gone]
    if there:
        _add_columns(tx, sel, place, list(zip(*there, strict=True)), silent=silent)


def add_listed(tx: Tx, sel: int, place: int, rows: Rows, seen_at: Sequence[float]) -> None:
    """Mark objects that pages of a listing showed, each at its time, with what they told. Totals as ``add_looks``."""
    if rows:
        _add_columns(tx, sel, place, columns_of(rows, seen_at), silent=False)


def _add_columns(tx: Tx, sel: int, place: int, columns: Sequence[Sequence[Any]], *, silent: bool) -> None:
    keys, versions, _, sizes = columns[:4]
    number = len(keys)
    out_of_spans(tx, sel, place, keys)
    are_new = _are_new(tx, sel, place, keys, versions)
    names = [] if are_new else list(zip(keys, versions, strict=True))
    before = (0, 0) if are_new else _tally(tx, sel, place, names)
    row = tx.row("SELECT step FROM selection_set WHERE id = ?", (sel,))
    same = [[value] * number for value in (0 if row is None else row[0], sel, place, int(silent))]
    tx.columns(INSERT, [*same[:3], *columns, same[3]], IF_NEWER)
    after = (number, sum_of(sizes)) if are_new else _tally(tx, sel, place, names)
    add_to_totals(tx, sel, place, after[0] - before[0], after[1] - before[1])


def _are_new(tx: Tx, sel: int, place: int, keys: Sequence[str], versions: Sequence[str]) -> bool:
    """Each is of another object, and nothing from the first of their keys to the last is marked: so it mostly is."""
    if all(map(lt, keys, keys[1:])):
        ends = keys[0], keys[-1]
    elif len(set(zip(keys, versions, strict=True))) == len(keys):
        ends = min(keys), max(keys)
    else:
        return False
    between = "SELECT 1 FROM selection WHERE sel = ? AND place_id = ? AND key BETWEEN ? AND ? LIMIT 1"
    return tx.row(between, (sel, place, *ends)) is None


def _tally(tx: Tx, sel: int, place: int, names: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """How many of these objects, by key and version, are marked by themselves, and their bytes."""
    named = list(set(names))
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
    in_rows(tx, sel)
    for place in marked_places(tx.connection, sel, now, wall):
        inner = fact_sql.known(
            place.columns, "selection s", "s.sel = :sel AND s.place_id = :place", "1 AS one",
            fact_sql.Overlay(
                looks=place.has_looks, jobs=bool(place.bucket_id), tells=place.rules.lists_status
            ),
        )  # fmt: skip
        wanted = where(query.where, as_known(prefix, listed=""), tuple(place.rules.classes))
        known = f"SELECT l.key, l.version_id FROM ({FACTS} FROM ({fact_sql.with_state(place.rules, inner)})) l"
        removed += take(
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
    is_saved = tx.row("SELECT 1 FROM selection_set WHERE id = ? AND kind = 'saved'", (sel,)) is not None
    for (place,) in tx.rows("SELECT place_id FROM selection_total WHERE sel = ? AND objects > 0", (other,)):
        listings, is_first = span_listings(tx, other, place), total_of(tx, sel, place) == 0
        if is_first and not is_saved:
            copy_spans(tx, other, sel, place)  # Nothing is marked there that they could reach over.
            listings = []
        else:
            in_rows(tx, sel, place)
        step = "(SELECT step FROM selection_set WHERE id = :target)"
        tx.run(
            f"{INSERT} SELECT {step}, :target, place_id, {columns}, {silent} FROM {source_of(listings)}"
            f" WHERE sel = :sel AND place_id = :place {IF_NEWER}",
            {"target": sel, "sel": other, "place": place, "fresh": now - LOOK_KEPT_S},
        )
        if is_set:
            tx.run("UPDATE place SET imported = 1 WHERE id = ?", (place,))
        if is_first:
            copy_totals(tx, other, sel, place)
        else:
            recount(tx, sel, place)


def _remove_span(tx: Tx, sel: int, place: int, span: Span) -> None:
    """Unmark the rows of a span, which are marked by themselves."""
    args = {**span.args, "sel": sel, "place": place}
    within = tx.row(f"SELECT count(*) FROM {span.source} WHERE {span.where} AND {IS_SINGLE}", args)
    if within is not None and within[0] == total_of(tx, sel, place):
        remove_place(tx, sel, place)
    else:
        listed = f"SELECT l.key, coalesce(l.version_id, '') FROM {span.source} WHERE {span.where}"
        take(tx, sel, place, f"(key, version_id) IN ({listed})", args)
    recount(tx, sel, place)


def remove_object(tx: Tx, sel: int, place: int, key: str, version_id: str | None) -> None:
    """Unmark one object; the totals are kept by difference."""
    row = tx.row(
        "SELECT size FROM selection WHERE sel = ? AND place_id = ? AND key = ? AND version_id = ?",
        (sel, place, key, version_id or ""),
    )
    size = size_in_span(tx, sel, place, key, version_id or "", None if row is None else int(row[0]))
    if size is not None:
        _take_object(tx, sel, place, key, version_id or "")
        add_to_totals(tx, sel, place, -1, -max(0, size))


def _take_object(tx: Tx, sel: int, place: int, key: str, version_id: str) -> None:
    if not cut_object(tx, sel, place, key, version_id):
        take(tx, sel, place, "key = :key AND version_id = :version", {"key": key, "version": version_id})


def add_listing(tx: Tx, sel: int, place: ListingPlace) -> None:
    """Mark all that a listing has by now: by span, if that can be said."""
    if not _by_span(tx, sel, place, add_whole(tx, sel, place.listing_id)):
        add_marks(tx, sel, place, whole_listing(place.listing_id))


def add_by_span(tx: Tx, sel: int, place: ListingPlace, ranges: Sequence[IdRange]) -> bool:
    """Mark these rows of a listing by span; False, and nothing is, where that cannot be said."""
    return _by_span(tx, sel, place, add_ranges(tx, sel, place.listing_id, ranges))


def _by_span(tx: Tx, sel: int, place: ListingPlace, left: Unmarked | None) -> bool:
    if left is None:
        return False
    add_to_totals(tx, sel, place.place_id, left.objects, bytes_of(tx, left.parts))
    if left.singles:
        ids = ", ".join(str(row_id) for row_id, *_ in left.singles)
        # What is newer in the listing than what is known of them.
        if add_span(tx, sel, place, Span(f"l{place.listing_id} l", f"l.id IN ({ids})", "0", "l.id", {})):
            recount(tx, sel, place.place_id)
    return True


def whole_listing(listing_id: int) -> Span:
    """All its rows."""
    return Span(f"l{listing_id} l", "1", "0", "l.id", {})


def add_marks(tx: Tx, sel: int, place: ListingPlace, span: Span) -> None:
    """Mark the rows of a span, each by itself; a few of them beside marks by span."""
    if has_spans(tx, sel, place.place_id):
        few = tx.rows(
            f"SELECT l.id, l.key, coalesce(l.version_id, '') FROM {span.source} WHERE {span.where} LIMIT {_FEW + 1}",
            span.args,
        )
        if len(few) <= _FEW:
            _add_few(tx, sel, place, few)
            return
        in_rows(tx, sel, place.place_id)
    add_span(tx, sel, place, span)
    recount(tx, sel, place.place_id)


def add_some(tx: Tx, sel: int, place: ListingPlace, span: Span, outer: Sequence[int]) -> None:
    """Mark rows that stand side by side, each by itself, unless it is by span; keeps the totals by difference.

    ``outer`` are ids of some of them, the first and the last by key among these.
    """
    ids = ", ".join(map(str, outer))
    (ends,) = tx.rows(f"SELECT min(key), max(key) FROM l{place.listing_id} WHERE id IN ({ids})")
    if ends[0] is None:
        return
    if has_spans(tx, sel, place.place_id):
        if listings_of_spans(tx, sel, place.place_id) != [place.listing_id]:
            in_rows(tx, sel, place.place_id)
        span = span._replace(where=f"{span.where} AND NOT {IS_IN_SPAN}")
    before = _between(tx, sel, place.place_id, ends)
    add_span(tx, sel, place, span)
    after = _between(tx, sel, place.place_id, ends)
    add_to_totals(tx, sel, place.place_id, after[0] - before[0], after[1] - before[1])


def _between(tx: Tx, sel: int, place: int, ends: tuple[str, str]) -> tuple[int, int]:
    """How many objects are marked by themselves from one key to another, and their bytes."""
    sums = f"SELECT count(*), CAST(total(size) {OF_KNOWN} AS INTEGER) FROM selection"
    ((objects, size_bytes),) = tx.rows(
        f"{sums} WHERE sel = ? AND place_id = ? AND key BETWEEN ? AND ?", (sel, place, *ends)
    )
    return objects, size_bytes


def _add_few(tx: Tx, sel: int, place: ListingPlace, rows: Sequence[tuple[int, str, str]]) -> None:
    """By key: those that a span of the same listing marks are as they shall be."""
    others: list[tuple[int, str, str]] = []
    for row in rows:
        over = span_over(tx, sel, place.place_id, row[1])
        if over is None or over.listing != place.listing_id or not over.first_id <= row[0] <= over.last_id:
            others.append(row)
    if not others:
        return
    out_of_spans(tx, sel, place.place_id, [key for _, key, _ in others])
    named = [(key, version_id) for _, key, version_id in others]
    before = _tally(tx, sel, place.place_id, named)
    ids = ", ".join(str(row_id) for row_id, *_ in others)
    add_span(tx, sel, place, Span(f"l{place.listing_id} l", f"l.id IN ({ids})", "0", "l.id", {}))
    after = _tally(tx, sel, place.place_id, named)
    add_to_totals(tx, sel, place.place_id, after[0] - before[0], after[1] - before[1])


def invert_span(tx: Tx, sel: int, place: ListingPlace, span: Span) -> None:
    """Unmark the marked rows of a span, mark the others."""
    if span == whole_listing(place.listing_id):
        left = invert_whole(tx, sel, place.listing_id)
        if left is not None:
            for _, key, version_id in left.singles:
                take(
                    tx, sel, place.place_id, "key = :key AND version_id = :version",
                    {"key": key, "version": version_id},
                )  # fmt: skip
            recount(tx, sel, place.place_id)
            return
    in_rows(tx, sel, place.place_id)
    args = {**span.args, "sel": sel, "place": place.place_id}
    rows = f"FROM {span.source} WHERE {span.where} AND"
    tx.run("DROP TABLE IF EXISTS temp.unmarked")
    tx.run(f"CREATE TEMP TABLE unmarked AS SELECT l.id {rows} NOT {IS_SINGLE}", args)
    _remove_span(tx, sel, place.place_id, span)
    there = Span(f"temp.unmarked u CROSS JOIN l{place.listing_id} l ON l.id = u.id", "1", "0", "l.id", {})
    add_span(tx, sel, place, there)
    tx.run("DROP TABLE temp.unmarked")
    recount(tx, sel, place.place_id)
