"""The row ids of a listing: segment number and place in it, so that rows have a key order while they still arrive.

A flat listing comes in several segments side by side. Rows of one segment come in key order, and segments do not
overlap; so the order of all rows follows from the segments' first keys. A listing from one stream is one segment.

``id = segment << 32 | place``, places counting from 1. Example: segments 0 (from key ``a``), 2 (from ``h``) and 1
(from ``m``) hold 3, 2 and 4 rows. Positions 0 to 2 are ids ``0 << 32 | 1`` to ``| 3``, position 3 is ``2 << 32 | 1``,
position 5 is ``1 << 32 | 1``. New rows of segment 0 shift positions behind them and no id.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.views.ids_in_order import IdRange
from restoretui.ledger.views.row_order import PLACE_BITS, Span

_PLACE = (1 << PLACE_BITS) - 1
_NUMBERED = 500
"""Segments that are named one by one in a statement."""

ROWS_OF_SEGMENT = (
    f"l.id BETWEEN (g.number << {PLACE_BITS}) + 1 AND (g.number << {PLACE_BITS}) + g.rows AND g.listing_id = :listing"
)
"""Joins a listing's rows ``l`` to their segment ``g``."""


class _Segment(NamedTuple):
    number: int
    first_key: str
    rows: int


class Segments:
    """The row order of one listing by key, from its segments: a ``RowOrder`` that grows while the listing does."""

    def __init__(self, quick: QuickReads, listing_id: int, objects: Callable[[], int]) -> None:
        """``objects`` tells how many rows the listing has by now."""
        self._quick = quick
        self._listing_id = listing_id
        self._objects = objects
        self._known = -1
        self._segments: Sequence[_Segment] = ()
        self._starts: Sequence[int] = ()
        self._rank: dict[int, int] = {}

    @property
    def count(self) -> int:
        """Rows of the listing so far, whether or not their segments were read yet."""
        return self._objects()

    @property
    def complete(self) -> bool:
        """Always: a listing in key order is shown as far as it has come."""
        return True

    def span(self, table: str, alias: str, start: int, stop: int) -> Span:
        """One range of ids within a segment; across several, a join with their table in the order of first keys."""
        self._refresh()
        last = self._at(stop - 1) if stop > start else None
        if last is None or not self._segments:
            return Span(f"{table} {alias}", "0", "0", f"{alias}.id", {})
        first = self._at(start)
        ends: dict[str, object] = {"first": self._id(first, start), "last": self._id(last, stop - 1)}
        if first == last:
            return Span(f"{table} {alias}", f"{alias}.id BETWEEN :first AND :last", "0", f"{alias}.id", ends)
        head, tail = self._segments[first], self._segments[last]
        where = (
            "g.first_key BETWEEN :first_key AND :last_key"
            f" AND (g.number <> :head OR {alias}.id >= :first) AND (g.number <> :tail OR {alias}.id <= :last)"
        )
        args = {"listing": self._listing_id, "first_key": head.first_key, "last_key": tail.first_key}
        return Span(
            f"segment g CROSS JOIN {table} {alias} ON {ROWS_OF_SEGMENT}",
            where,
            "g.first_key",
            f"{alias}.id",
            {**ends, **args, "head": head.number, "tail": tail.number},
        )

    def everything(self, table: str, alias: str, *, growing: bool) -> Span:
        """All rows there are when it is used; if the listing is ``growing`` also those that arrive after now."""
        self._refresh()
        if not growing and 1 < len(self._segments) <= _NUMBERED:
            # Sorted by a number, and not by a key that has to be carried along with each row.
            ends = ((segment.number << PLACE_BITS, segment.rows) for segment in self._segments)
            ranks = ", ".join(f"({rank}, {base + 1}, {base + rows})" for rank, (base, rows) in enumerate(ends))
            source = f"(VALUES {ranks}) g CROSS JOIN {table} {alias} ON {alias}.id BETWEEN g.column2 AND g.column3"
            return Span(source, "1", "g.column1", f"{alias}.id", {})
        if len(self._segments) > 1:
            args: dict[str, object] = {"listing": self._listing_id}
            source = f"segment g CROSS JOIN {table} {alias} ON {ROWS_OF_SEGMENT}"
            return Span(source, "1", "g.first_key", f"{alias}.id", args)
        return Span(f"{table} {alias}", "1", "0", f"{alias}.id", {})

    def pieces(self, table: str, alias: str, rows: int) -> list[Span]:
        """All rows there are now, so many at a time: rows that arrive later neither shift nor repeat any."""
        self._refresh()
        total = self._total
        return [self.span(table, alias, start, min(start + rows, total)) for start in range(0, total, rows)]

    def members(self, table: str, alias: str, start: int, stop: int) -> Span:
        return self.span(table, alias, start, stop)

    def ranges(self, start: int, stop: int) -> list[IdRange]:
        """The ids of positions ``start`` to ``stop`` (not included), segment by segment."""
        self._refresh()
        found: list[IdRange] = []
        for rank, (begin, segment) in enumerate(zip(self._starts, self._segments, strict=True)):
            first, end = max(start, begin), min(stop, begin + segment.rows)
            if first < end:
                found.append((self._id(rank, first), self._id(rank, end - 1)))
        return found

    def position(self, row_id: int) -> int | None:
        """By the segment's number in the id, without a look at the row."""
        self._refresh()
        rank = self._rank.get(row_id >> PLACE_BITS)
        place = row_id & _PLACE
        if rank is None or not 1 <= place <= self._segments[rank].rows:
            return None
        return self._starts[rank] + place - 1

    def row_id(self, position: int) -> int | None:
        """By bisection over the segments' starts: one query after rows have come, none else."""
        self._refresh()
        if not 0 <= position < self._total:
            return None
        return self._id(self._at(position), position)

    def rank(self, row_id: int) -> tuple[int, ...] | None:
        """What ids rise by along the keys."""
        rank = self._rank.get(row_id >> PLACE_BITS)
        return None if rank is None else (rank, row_id)

    def falling_rank(self, row_id: int) -> tuple[int, ...] | None:
        """The same from the last key to the first."""
        rank = self._rank.get(row_id >> PLACE_BITS)
        return None if rank is None else (-rank, -row_id)

    def find(self, key: str, version_id: str | None) -> int | None:
        """The id of the row with that key, and that version if one is given."""
        self._refresh()
        rank = bisect_right(self._segments, key, key=lambda segment: segment.first_key) - 1
        if rank < 0:
            return None
        base = self._segments[rank].number << PLACE_BITS
        places = range(1, self._segments[rank].rows + 1)
        place = bisect_left(places, key, key=lambda place: self._key(base + place)) + 1
        while place <= len(places):
            row = self._row(base + place)
            if row is None or row[0] != key:
                return None
            if version_id is None or row[1] == version_id:
                return base + place
            place += 1
        return None

    async def wait(self) -> None:
        return

    async def drop(self) -> None:
        return

    @property
    def _total(self) -> int:
        return self._starts[-1] + self._segments[-1].rows if self._segments else 0

    def _refresh(self) -> None:
        objects = self._objects()
        if objects == self._known:
            return
        rows = self._quick.rows(
            "SELECT number, first_key, rows FROM segment WHERE listing_id = ? ORDER BY first_key, number",
            (self._listing_id,),
        )
        self._segments = [_Segment(*row) for row in rows]
        self._starts = [0, *accumulate(segment.rows for segment in self._segments)][: len(rows)]
        self._rank = {segment.number: rank for rank, segment in enumerate(self._segments)}
        self._known = objects

    def _at(self, position: int) -> int:
        """The rank of the segment that holds a position."""
        return bisect_right(self._starts, position) - 1

    def _id(self, rank: int, position: int) -> int:
        return (self._segments[rank].number << PLACE_BITS) + position - self._starts[rank] + 1

    def _row(self, row_id: int) -> tuple[str, str | None] | None:
        row = self._quick.row(f"SELECT key, version_id FROM l{self._listing_id} WHERE id = ?", (row_id,))
        return None if row is None else (row[0], row[1])

    def _key(self, row_id: int) -> str:
        row = self._row(row_id)
        return "" if row is None else row[0]
