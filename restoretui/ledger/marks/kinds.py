"""Adds up marks by what decides about them: single ones by reading each, whole segments of listings by their sums."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from restoretui.core.rules.rules import EXPEDITED_TYPICAL_BYTES
from restoretui.ledger.marks.marked_places import FACTS, MarkedPlace
from restoretui.ledger.marks.span_sql import SpanListing
from restoretui.ledger.marks.spans import MarkedSpan, Reads, first_at, spans_between
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views import row_kinds
from restoretui.ledger.views.row_kinds import Kind, Kinds
from restoretui.ledger.views.row_order import PLACE_BITS

_SUMS = f"1, CASE WHEN s.size > 0 THEN s.size ELSE 0 END, s.size >= {EXPEDITED_TYPICAL_BYTES}, s.size < 0, s.seen_at"
ONE_OF_KIND = (
    "(SELECT :sel AS sel, :place AS place_id, '' AS key, '' AS version_id, 0 AS size, NULL AS modified,"
    " :seen AS seen_at, '' AS etag, NULL AS told_asked, :class AS storage_class,"
    " nullif(:archive, '') AS archive_status, :looked AS looked, nullif(:restoring, -1) AS in_progress,"
    " nullif(:expiry, -1) AS expiry, nullif(:tier, '') AS told_tier, nullif(:days, -1) AS told_days) s"
)
"""A mark of one kind, as a table of marks: see ``kind_args``."""


def kind_args(kind: Sequence[Any]) -> dict[str, object]:
    """What ``ONE_OF_KIND`` is bound to for one of ``added_up``."""
    names = ("class", "archive", "looked", "restoring", "expiry", "tier", "days")
    return {**dict(zip(names, kind, strict=False)), "seen": kind[-1]}


def _of_listing(kind: Kind, sums: Sequence[Any]) -> tuple[Any, ...]:
    """What a listing tells of an object is no more than this."""
    name, status, end = kind
    return (name, "", 0, -1 if status is None else status, -1 if end is None else end, "", -1, 0, 0, *sums)


class _ToldKind(NamedTuple):
    """What is marked by span in one place."""

    kinds: list[tuple[SpanListing, Kinds]]
    """Of whole segments."""
    rest: list[tuple[SpanListing, MarkedSpan]]
    """Spans whose rows have to be read."""
    perhaps: list[tuple[SpanListing, Kinds | None]]
    """Kinds that the rest may have, and none else; None where any may be."""


def _told(connection: sqlite3.Connection, place: MarkedPlace) -> _ToldKind:
    reads, found = Tx(connection), _ToldKind([], [], [])
    segments: dict[tuple[int, int], tuple[int, Kinds | None]] = {}
    for listing in place.listings:
        for number, rows, text in reads.rows(
            "SELECT number, rows, kinds FROM segment WHERE listing_id = ?", (listing.id,)
        ):
            segments[listing.id, number] = rows, row_kinds.read(text)
    listings = {listing.id: listing for listing in place.listings}
    ends = ("", None) if place.part is None else (place.part.prefix, str(place.args["high"]))
    within: dict[tuple[int, int], list[MarkedSpan]] = {}
    for span in spans_between(reads, place.sel, place.place_id, *ends):
        part = span if place.part is None else _within(reads, span, place.part.prefix, str(ends[1]))
        within.setdefault((span.listing, span.first_id >> PLACE_BITS), []).append(part)
    for (number, segment), spans in within.items():
        listing, (rows, kinds) = listings[number], segments.get((number, segment), (0, None))
        whole = sum(span.objects for span in spans) == rows and (place.part is None or place.part.whole)
        if kinds is not None and whole:
            found.kinds.append((listing, kinds))
            continue
        found.rest.extend((listing, span) for span in spans)
        found.perhaps.append((listing, kinds))
    return found


def _within(reads: Reads, span: MarkedSpan, low: str, high: str) -> MarkedSpan:
    """Of a span the rows with keys from ``low`` up to ``high`` (not included), perhaps none."""
    first = first_at(reads, span.listing, span.first_id, span.last_id, low)
    return span._replace(first_id=first, last_id=first_at(reads, span.listing, first, span.last_id, high) - 1)


def kinds_perhaps(connection: sqlite3.Connection, place: MarkedPlace, most: int) -> list[tuple[Any, ...]] | None:
    """As ``added_up``, but of what is marked by span, without sums: none else is there. None where any may be."""
    told = _told(connection, place)
    found: set[tuple[Any, ...]] = set()
    for listing, kinds in (*told.kinds, *told.perhaps):
        if kinds is None or len(found) + len(kinds) > most:
            return None
        found |= {_of_listing(kind, (listing.started_at + sums.seen,)) for kind, sums in kinds.items()}
    return sorted(found)


def added_up(connection: sqlite3.Connection, place: MarkedPlace) -> list[tuple[Any, ...]]:
    """Marks with equal ``FACTS``, counted: these columns, then objects, bytes, large and unsized ones, and age."""
    where = "s.sel = :sel AND s.place_id = :place" + (place.part.where if place.part else "")
    kinds: list[tuple[Any, ...]] = []
    if place.has_singles:
        alike = (
            "SELECT s.storage_class, coalesce(s.archive_status, ''), s.looked, coalesce(s.in_progress, -1),"
            f" coalesce(s.expiry, -1), coalesce(s.told_tier, ''), coalesce(s.told_days, -1), 0, 0, {_SUMS}"
            f" FROM selection s WHERE {where}"
        )
        kinds += counted(connection, "mark_kind", FACTS, [(alike, place.args)])
    if not place.listings:
        return kinds
    told = _told(connection, place)
    for listing, of_segment in told.kinds:
        for kind, sums in of_segment.items():
            kinds.append(_of_listing(kind, (*sums[:4], listing.started_at + sums.seen)))
    columns = "s.storage_class, coalesce(s.in_progress, -1), coalesce(s.expiry, -1)"
    parts = [
        (
            f"SELECT {columns}, {_SUMS} FROM {listing.between()} WHERE {where}",
            {**place.args, "first": span.first_id, "last": span.last_id},
        )
        for listing, span in told.rest
    ]
    if parts:
        rows = counted(connection, "span_kind", "storage_class, in_progress, expiry", parts)
        kinds += [_of_listing((row[0], row[1], row[2]), row[3:]) for row in rows]
    return _joined(kinds)


def _joined(kinds: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Kinds of several segments, each once."""
    added: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for kind in kinds:
        facts, sums = kind[:9], kind[9:]
        before = added.get(facts)
        if before is not None:
            both = [one + other for one, other in zip(before[:4], sums[:4], strict=True)]
            sums = (*both, min(before[4], sums[4]))
        added[facts] = sums
    return [(*facts, *sums) for facts, sums in added.items()]


def counted(
    connection: sqlite3.Connection, table: str, columns: str, parts: Sequence[tuple[str, dict[str, object]]]
) -> list[tuple[Any, ...]]:
    """Rows of ``parts`` (SQL, arguments), of which each counts for one, added up by ``columns``, which come first.

    Counted into a small table by key, which takes half the time of GROUP BY: that would sort every row.
    """
    connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    connection.execute(
        f"CREATE TEMP TABLE {table} ({columns}, objects, size_bytes, large, unsized, as_of, PRIMARY KEY ({columns}))"
        " WITHOUT ROWID"
    )
    for rows, args in parts:
        connection.execute(
            f"INSERT INTO temp.{table} {rows} ON CONFLICT DO UPDATE SET objects = objects + excluded.objects,"
            " size_bytes = size_bytes + excluded.size_bytes, large = large + excluded.large,"
            " unsized = unsized + excluded.unsized, as_of = min(as_of, excluded.as_of)",
            args,
        )
    found = connection.execute(f"SELECT * FROM temp.{table}").fetchall()
    connection.execute(f"DROP TABLE temp.{table}")
    return found
