"""Orders: which row stands at which position. Either the rows' own ids count up, or a scratch table says.

A scratch table holds (position, id) pairs, written by SQL in the reader thread and read a screenful at a time. Large
ones are built in three steps, each usable by itself: the first rows, all rows, and an index from id to position.
"""

import asyncio
import itertools
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from sqlite3 import Connection
from typing import NamedTuple, Protocol

from restoretui.core.errors import RestoreTuiError
from restoretui.ledger.changes import Changes, view_topic
from restoretui.ledger.reader import Reader
from restoretui.ledger.windows import Windows

HEAD_ROWS = 500
"""What a large order shows before it is whole."""
LARGE = 50_000
"""From so many candidates on, an order is built in steps."""


Rank = Callable[[int], tuple[int, ...] | None]
"""What a row id stands by in an order, if that can be told from the id; None for ids it does not know."""


class Span(NamedTuple):
    """Rows ``:first`` to ``:last`` of an order, as the parts of a SELECT from the table they live in."""

    source: str
    where: str
    major: str
    minor: str
    """Both together rise along the order."""
    args: dict[str, object]


class Order(Protocol):
    """Positions from 0 and the ids that stand there."""

    @property
    def count(self) -> int: ...

    @property
    def complete(self) -> bool: ...

    def span(self, table: str, alias: str, start: int, stop: int) -> Span:
        """Positions ``start`` to ``stop`` (not included), as rows of ``table``."""
        ...

    def members(self, table: str, alias: str, start: int, stop: int) -> Span:
        """The same rows for work on all of them, in whatever order is best for the table."""
        ...

    def position(self, row_id: int) -> int | None: ...

    def row_id(self, position: int) -> int | None: ...

    async def wait(self) -> None: ...

    async def drop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Straight:
    """Ids without gaps: position and id follow from each other, and new rows take their place by themselves."""

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
        return self._id(position) if 0 <= position < self.count else None

    async def wait(self) -> None:
        return

    async def drop(self) -> None:
        return

    def _id(self, position: int) -> int:
        start = self.first() if self.step > 0 else self.first() + self.length() - 1
        return start + position * self.step


@dataclass(frozen=True, slots=True)
class Select:
    """A query for ids in order."""

    sql: str
    args: Mapping[str, object] = field(default_factory=dict)
    rank: Rank | None = None
    """Rises along the order."""


def rising(row_id: int) -> tuple[int, ...]:
    """The rank of rows that stand in the order of their ids."""
    return (row_id,)


def falling(row_id: int) -> tuple[int, ...]:
    """The rank of rows whose newest comes first."""
    return (-row_id,)


class Orders:
    """Makes scratch tables, one at a time, in the reader thread."""

    def __init__(self, reader: Reader, windows: Windows, changes: Changes) -> None:
        self.reader = reader
        self.windows = windows
        self.changes = changes
        self._ids = itertools.count(1)
        self._builds: set[asyncio.Task[None]] = set()

    def keep(self, build: asyncio.Task[None]) -> None:
        """Remember a build that goes on by itself until it is over."""
        self._builds.add(build)
        build.add_done_callback(self._builds.discard)

    async def aclose(self) -> None:
        """Stop what is being built."""
        builds = list(self._builds)
        for build in builds:
            build.cancel()
        await asyncio.gather(*builds, return_exceptions=True)

    def new_id(self) -> int:
        """A number no other view or table of this process has."""
        return next(self._ids)

    async def build(self, select: Select, candidates: int, view_id: int) -> "Scratch":
        """The order that ``select`` gives; from ``LARGE`` candidates on only its head is there when this returns."""
        order = Scratch(self, select, self.new_id(), view_id)
        await order.begin(is_large=candidates >= LARGE)
        return order


class Scratch:
    """An order kept in a scratch table."""

    def __init__(self, orders: Orders, select: Select, table_id: int, view_id: int) -> None:
        self._orders = orders
        self._select = select
        self._view_id = view_id
        self._head = f"v{table_id}h"
        self._whole = f"v{table_id}"
        self._table = self._whole
        self._count = 0
        self._is_complete = False
        self._rest: asyncio.Task[None] | None = None
        self._error: RestoreTuiError | None = None

    async def begin(self, *, is_large: bool) -> None:
        """Fill the table, or its head if there is much to sort."""
        try:
            if is_large:
                self._count = await self._fill(self._head, f"{self._select.sql} LIMIT {HEAD_ROWS}")
                self._table = self._head
                if self._count == HEAD_ROWS:
                    self._rest = asyncio.create_task(self._complete())
                    self._orders.keep(self._rest)
                    return
            else:
                self._count = await self._fill(self._whole, self._select.sql)
            self._is_complete = True
            await self._index()
        except BaseException:
            self._drop_later()
            raise

    @property
    def count(self) -> int:
        return self._count

    @property
    def complete(self) -> bool:
        return self._is_complete

    async def wait(self) -> None:
        """Until all rows are there and ids are found quickly; raises what went wrong on the way."""
        if self._rest is not None:
            await asyncio.shield(self._rest)
        self._raise_error()

    def span(self, table: str, alias: str, start: int, stop: int) -> Span:
        self._raise_error()
        # CROSS JOIN keeps the order of the loops: positions first, then their rows.
        source = f"{self._table} v CROSS JOIN {table} {alias} ON {alias}.id = v.id"
        return Span(source, "v.pos BETWEEN :first AND :last", "0", "v.pos", {"first": start + 1, "last": stop})

    def members(self, table: str, alias: str, start: int, stop: int) -> Span:
        self._raise_error()
        # By id: rows of a sorted view lie all over the table, and their marks all over theirs.
        where = f"{alias}.id IN (SELECT v.id FROM {self._table} v WHERE v.pos BETWEEN :first AND :last)"
        return Span(f"{table} {alias}", where, "0", f"{alias}.id", {"first": start + 1, "last": stop})

    def position(self, row_id: int) -> int | None:
        self._raise_error()
        if self._select.rank is not None:
            return self._bisect(row_id, self._select.rank)
        row = self._orders.windows.row(f"SELECT pos FROM {self._table} WHERE id = ?", (row_id,))
        return None if row is None else int(row[0]) - 1

    def row_id(self, position: int) -> int | None:
        self._raise_error()
        row = self._orders.windows.row(f"SELECT id FROM {self._table} WHERE pos = ?", (position + 1,))
        return None if row is None else int(row[0])

    async def drop(self) -> None:
        """Give the space back."""
        if self._rest is not None:
            self._rest.cancel()
            await asyncio.gather(self._rest, return_exceptions=True)
        await self._orders.reader.run(self._drop_tables)

    async def _complete(self) -> None:
        try:
            count = await self._fill(self._whole, self._select.sql)
            self._table, self._count, self._is_complete = self._whole, count, True
            self._orders.changes.publish(view_topic(self._view_id))
            await self._index()
        except RestoreTuiError as error:
            self._error = error
            self._orders.changes.publish(view_topic(self._view_id))

    async def _fill(self, table: str, sql: str) -> int:
        def fill(connection: Connection) -> int:
            connection.execute(f"CREATE TABLE main.{table} (pos INTEGER PRIMARY KEY, id INTEGER NOT NULL)")
            return connection.execute(f"INSERT INTO main.{table} (id) {sql}", dict(self._select.args)).rowcount

        return await self._orders.reader.run(fill)

    async def _index(self) -> None:
        if self._select.rank is not None or self._count < HEAD_ROWS:
            return

        def index(connection: Connection) -> None:
            connection.execute(f"CREATE INDEX main.{self._table}_id ON {self._table} (id)")

        await self._orders.reader.run(index)

    def _bisect(self, row_id: int, rank: Rank) -> int | None:
        wanted = rank(row_id)
        if wanted is None:
            return None

        def rank_at(position: int) -> tuple[int, ...]:
            found = self.row_id(position)
            return (found is not None and rank(found)) or wanted

        position = bisect_left(range(self._count), wanted, key=rank_at)
        return position if self.row_id(position) == row_id else None

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _drop_tables(self, connection: Connection) -> None:
        for table in (self._head, self._whole):
            connection.execute(f"DROP TABLE IF EXISTS main.{table}")

    def _drop_later(self) -> None:
        # The build was stopped half way, perhaps by a cancellation that allows no further waiting here.
        self._orders.reader.post(self._drop_tables)
