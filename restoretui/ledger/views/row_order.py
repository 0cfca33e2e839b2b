"""Row orders: the mapping position <-> row id that a view scrolls over.

``Straight``: the id is the position plus an offset. ``Segments``: a listing in key order. ``MaterialisedOrder``: a
temporary table of (pos, id) pairs, made by a query.

Every order gives a ``Span``, the parts of a SELECT for positions a to b. For ``Straight`` from id 1, positions 20 to
30 of table ``job`` as ``j`` become::

    FROM job j WHERE j.id BETWEEN :first AND :last ORDER BY 0, j.id        -- first = 21, last = 30
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct, field

PLACE_BITS = 32
"""Ids of a listing's rows are their segment shifted by so much, plus the place in it: see ``catalog.segments``."""
PIECES = 20
"""In so many pieces, or more, a large order is built, if it can be built in pieces."""
SMALLEST_PIECE = 50_000
"""Rows to search; fewer take a few milliseconds."""
LARGEST_PIECE = 100_000
"""Of more rows, what is found does not fit into the cache of pages, and takes a tenth longer to write."""

Rank = Callable[[int], tuple[int, ...] | None]
"""What a row id stands by in an order, if that can be told from the id; None for ids it does not know."""


class Span(NamedTuple):
    """FROM, WHERE and ORDER BY (``major, minor``) that select a range of positions, with their named arguments."""

    source: str
    where: str
    major: str
    minor: str
    """Both together rise along the order."""
    args: dict[str, object]


class RowOrder(Protocol):
    """A mapping of positions, counted from 0, to row ids and back."""

    @property
    def count(self) -> int:
        """How many rows there are by now."""
        ...

    @property
    def complete(self) -> bool:
        """Whether ``count`` is all of them; else it is a lower bound."""
        ...

    def span(self, table: str, alias: str, start: int, stop: int) -> Span:
        """Positions ``start`` to ``stop`` (not included), as rows of ``table``."""
        ...

    def members(self, table: str, alias: str, start: int, stop: int) -> Span:
        """The same rows for work on all of them, in whatever order is best for the table."""
        ...

    def position(self, row_id: int) -> int | None:
        """Where a row stands, counted from 0; None for an id that is not in the order."""
        ...

    def row_id(self, position: int) -> int | None:
        """The inverse of ``position``; None past the end."""
        ...

    async def wait(self) -> None:
        """Until ``complete``; raises what stopped it on the way."""
        ...

    async def drop(self) -> None:
        """Give back what the order takes on disk; it cannot be used afterwards."""
        ...


class Straight(Struct, frozen=True):
    """An order by arithmetic, for ids without gaps: they rise or fall by one a position. New rows need no work."""

    first: Callable[[], int]
    length: Callable[[], int]
    step: int = 1
    """-1: the newest, which has the highest id, comes first."""

    @property
    def count(self) -> int:
        return self.length()

    @property
    def complete(self) -> bool:
        return True

    def span(self, table: str, alias: str, start: int, stop: int) -> Span:
        ends = self._id(start), self._id(stop - 1)
        first, last = ends if self.step > 0 else ends[::-1]
        minor = f"{alias}.id" if self.step > 0 else f"-{alias}.id"
        where = f"{alias}.id BETWEEN :first AND :last"
        return Span(f"{table} {alias}", where, "0", minor, {"first": first, "last": last})

    def members(self, table: str, alias: str, start: int, stop: int) -> Span:
        return self.span(table, alias, start, stop)

    def position(self, row_id: int) -> int | None:
        position = (row_id - self._id(0)) * self.step
        return position if 0 <= position < self.count else None

    def row_id(self, position: int) -> int | None:
        """By arithmetic alone: no SQL."""
        return self._id(position) if 0 <= position < self.count else None

    async def wait(self) -> None:
        return

    async def drop(self) -> None:
        return

    def _id(self, position: int) -> int:
        start = self.first() if self.step > 0 else self.first() + self.length() - 1
        return start + position * self.step


class Piece(NamedTuple):
    """A query for some of the ids of an order."""

    sql: str
    args: Mapping[str, object]


class Select(Struct, frozen=True):
    """A query for ids in order."""

    sql: str
    args: Mapping[str, object] = field(default_factory=dict)
    rank: Rank | None = None
    """Rises along the order; without it positions are found by an index, which takes time to make."""
    pieces: Sequence[Piece] = ()
    """The same ids in the same order, where they can be found a part at a time."""

    head: Sequence[Piece] = ()
    """Queries that find the first ids sooner than the whole does, in its order; seen as of one moment."""

    @property
    def steps(self) -> Sequence[Piece]:
        """What to run, one after the other, for all ids."""
        return self.pieces or (Piece(self.sql, self.args),)


def piece_rows(candidates: int) -> int:
    """How many rows to search at a time, given how many there are."""
    return max(SMALLEST_PIECE, min(LARGEST_PIECE, -(-candidates // PIECES)))


def rising(row_id: int) -> tuple[int, ...]:
    """The rank of rows that stand in the order of their ids."""
    return (row_id,)


def falling(row_id: int) -> tuple[int, ...]:
    """The rank of rows whose newest comes first."""
    return (-row_id,)
