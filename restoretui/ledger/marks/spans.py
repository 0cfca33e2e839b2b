"""Marks by span: "of this listing all rows from this key to that", one row for as many objects as there are.

Most of what is marked is marked as a whole: a bucket, all below a prefix. Copying a million rows for it took longer
than the plan they were copied for. So a set has marks in two forms, single ones (table ``selection``) and spans of
listings whose keys rise strictly; what is unmarked of a span splits it. No span's keys reach into another's, nor over
a single mark: each object is marked once, and the order of keys is that of the spans and of the rows in each.

A listing stays as long as a span is of it (``catalog.retention``). ``in_rows`` turns spans into single marks for what
has to change each by itself; afterwards all is as if they had been marked one by one.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from restoretui.ledger.marks.span_sql import SpanListing
from restoretui.ledger.store.decoding import damaged
from restoretui.ledger.views.row_order import PLACE_BITS

FEW = 500
"""Objects that are looked for one by one; of more the spans become single marks first."""


COLUMNS = "place_id, first_key, last_key, listing_id, first_id, last_id, step"


class Reads(Protocol):
    """What spans are read by: a transaction, or a window on the event loop's thread."""

    def rows(self, sql: str, args: Sequence[object] | dict[str, object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. ``LedgerError`` where the file cannot be read."""
        ...

    def row(self, sql: str, args: Sequence[object] | dict[str, object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query; None where there is none."""
        ...


class MarkedSpan(NamedTuple):
    """Rows of one listing, all of them marked."""

    place: int
    first_key: str
    last_key: str
    listing: int
    first_id: int
    last_id: int
    step: int
    """The change of the set that added it (``selections.history``)."""

    @property
    def objects(self) -> int:
        """How many it marks."""
        return self.last_id - self.first_id + 1


def spans_between(reads: Reads, sel: int, place: int, low: str = "", high: str | None = None) -> list[MarkedSpan]:
    """Those with keys from ``low`` up to ``high``, both included, in their order."""
    upper, args = ("", [sel, place, low]) if high is None else (" AND first_key <= ?", [sel, place, low, high])
    rows = reads.rows(
        f"SELECT {COLUMNS} FROM selection_span WHERE sel = ? AND place_id = ? AND last_key >= ?{upper}"
        " ORDER BY first_key",
        args,
    )
    return [MarkedSpan(*row) for row in rows]


def span_over(reads: Reads, sel: int, place: int, key: str) -> MarkedSpan | None:
    """The one whose keys reach over ``key``, whether or not that is in it."""
    row = reads.row(
        f"SELECT {COLUMNS} FROM selection_span WHERE sel = ? AND place_id = ? AND first_key <= ?"
        " ORDER BY first_key DESC LIMIT 1",
        (sel, place, key),
    )
    return MarkedSpan(*row) if row is not None and row[2] >= key else None


def listings_of_spans(reads: Reads, sel: int, place: int) -> list[int]:
    """The ids of the listings that spans of a set are of, in one place."""
    rows = reads.rows(
        "SELECT DISTINCT listing_id FROM selection_span WHERE sel = ? AND place_id = ? ORDER BY 1", (sel, place)
    )
    return [number for (number,) in rows]


def objects_in_spans(reads: Reads, sel: int, place: int) -> int:
    """How many objects are marked by span, in one place."""
    counted = "SELECT coalesce(sum(last_id - first_id + 1), 0) FROM selection_span WHERE sel = ? AND place_id = ?"
    return int(reads.rows(counted, (sel, place))[0][0])


def is_any_marked(reads: Reads, sel: int, place: int, low: str, high: str) -> bool:
    """Some object is marked from ``low`` up to ``high`` (not included)."""
    single = "SELECT 1 FROM selection WHERE sel = ? AND place_id = ? AND key >= ? AND key < ? LIMIT 1"
    if reads.row(single, (sel, place, low, high)) is not None:
        return True
    begins = (
        "SELECT 1 FROM selection_span WHERE sel = ? AND place_id = ? AND first_key >= ? AND first_key < ? LIMIT 1"
    )
    if reads.row(begins, (sel, place, low, high)) is not None:
        return True
    span = span_over(reads, sel, place, low)
    if span is None:
        return False
    row_id = first_at(reads, span.listing, span.first_id, span.last_id, low)
    return reads.row(f"SELECT 1 FROM l{span.listing} WHERE id = ? AND key < ?", (row_id, high)) is not None


def span_listings(reads: Reads, sel: int, place: int) -> list[SpanListing]:
    """The listings that spans of a set are of, in one place."""
    rows = reads.rows(
        "SELECT g.id, g.started_at, g.origin IN ('inventory', 'set') FROM listing g WHERE g.id IN"
        " (SELECT listing_id FROM selection_span WHERE sel = ? AND place_id = ?) ORDER BY g.id",
        (sel, place),
    )
    return [SpanListing(number, started_at, bool(silent)) for number, started_at, silent in rows]


def first_at(reads: Reads, listing: int, first: int, last: int, key: str) -> int:
    """The id of the first row from ``first`` to ``last`` whose key is ``key`` or behind; ``last + 1`` if none is."""
    low, high = first, last + 1
    while low < high:
        middle = (low + high) // 2
        row = reads.row(f"SELECT key < ? FROM l{listing} WHERE id = ?", (key, middle))
        if row is not None and row[0]:
            low = middle + 1
        else:
            high = middle
    return low


def find_in(reads: Reads, span: MarkedSpan, key: str, version_id: str) -> int | None:
    """The id of an object's row, if the span marks it."""
    row_id = first_at(reads, span.listing, span.first_id, span.last_id, key)
    if row_id > span.last_id:
        return None
    row = reads.row(f"SELECT key, coalesce(version_id, '') FROM l{span.listing} WHERE id = ?", (row_id,))
    return row_id if row == (key, version_id) else None


def ordered_segments(reads: Reads, listing: int) -> list[MarkedSpan] | None:
    """All rows of a listing that there are, as spans would mark them; None where its keys do not rise strictly."""
    rows = reads.rows(
        "SELECT g.place_id, s.first_key, s.last_key, s.number, s.rows FROM segment s JOIN listing g"
        " ON g.id = s.listing_id WHERE s.listing_id = ? AND s.rows > 0 ORDER BY s.first_key",
        (listing,),
    )
    found: list[MarkedSpan] = []
    for place, first_key, last_key, number, count in rows:
        if last_key is None or (found and found[-1].last_key >= first_key):
            return None
        base = number << PLACE_BITS
        found.append(MarkedSpan(place, first_key, last_key, listing, base + 1, base + count, 0))
    return found


def key_of(reads: Reads, listing: int, row_id: int) -> str:
    """The key of a row that is there."""
    row = reads.row(f"SELECT key FROM l{listing} WHERE id = ?", (row_id,))
    if row is None:
        raise damaged("a mark", "")
    return str(row[0])


def has_spans(reads: Reads, sel: int, place: int | None = None) -> bool:
    """Something of it is marked by span."""
    where, args = ("", (sel,)) if place is None else (" AND place_id = ?", (sel, place))
    return reads.row(f"SELECT 1 FROM selection_span WHERE sel = ?{where} LIMIT 1", args) is not None


def size_in_span(reads: Reads, sel: int, place: int, key: str, version_id: str, alone: int | None) -> int | None:
    """The size of a marked object: where it is not marked ``alone``, as the span has it; None if none does."""
    if alone is not None:
        return alone
    span = span_over(reads, sel, place, key)
    row_id = None if span is None else find_in(reads, span, key, version_id)
    if span is None or row_id is None:
        return None
    return int(reads.rows(f"SELECT size FROM l{span.listing} WHERE id = ?", (row_id,))[0][0])
