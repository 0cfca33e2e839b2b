"""Materialised orders: the row order a query gives, as a temporary table; its first rows at once, in memory.

The table holds (position, id) pairs, written by SQL and read a screenful at a time. Where rows stand in the
order they are searched in, it fills piece by piece, and each piece counts as soon as it is there; what has to be
sorted is shown once it is whole. The way back, from id to position, is by rank or by an index.
"""

import asyncio
import itertools
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from sqlite3 import Connection
from typing import NamedTuple

from restoretui.core.errors import RestoreTuiError
from restoretui.ledger.store.change_feed import Changes, view_topic
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.views.ids_in_order import IdsInOrder
from restoretui.ledger.views.row_order import Piece, Rank, Select, Span

HEAD_ROWS = 500
"""What a large order shows before it is whole."""
LARGE = 50_000
"""From so many candidates on, nobody waits for more than the first rows."""
GLANCE_S = 0.1
"""How long to look for rows before what was found so far has to do."""


class OrderHead(NamedTuple):
    """The first rows of an order, by their ids: what is shown before the table is complete."""

    ids: Sequence[int]

    def span(self, table: str, alias: str, start: int, stop: int) -> Span:
        """Positions ``start`` to ``stop`` (not included), as rows of ``table``."""
        if start >= stop:
            return Span(f"{table} {alias}", "0", "0", f"{alias}.id", {})
        # Named values rather than numbers in the text, so that statements are cached.
        args: dict[str, object] = {f"row{at}": row_id for at, row_id in enumerate(self.ids[start:stop])}
        values = ", ".join(f"({at}, :{name})" for at, name in enumerate(args))
        source = f"(VALUES {values}) v CROSS JOIN {table} {alias} ON {alias}.id = v.column2"
        return Span(source, "1", "0", "v.column1", args)

    def members(self, table: str, alias: str, start: int, stop: int) -> Span:
        """The same rows in no order."""
        ids = ", ".join(map(str, self.ids[start:stop]))
        return Span(f"{table} {alias}", f"{alias}.id IN ({ids})", "0", f"{alias}.id", {})

    def position(self, row_id: int) -> int | None:
        """Where it stands, if it is here."""
        return self.ids.index(row_id) if row_id in self.ids else None

    def row_id(self, position: int) -> int | None:
        """The id there."""
        return self.ids[position] if 0 <= position < len(self.ids) else None


class OrderBuilder:
    """Builds materialised orders one at a time in a thread; first rows are found in another, and never wait."""

    def __init__(self, builder: ReaderThread, glancer: ReaderThread, quick: QuickReads, changes: Changes) -> None:
        """``builder`` may write the scratch database, ``glancer`` only reads."""
        self.builder = builder
        self.glancer = glancer
        self.quick = quick
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

    async def build(self, select: Select, candidates: int, view_id: int) -> "MaterialisedOrder":
        """The order that ``select`` gives; of many candidates only its first rows may be there when this returns."""
        order = MaterialisedOrder(self, select, f"v{self.new_id()}", view_id)
        await order.begin(is_large=candidates >= LARGE)
        return order


class MaterialisedOrder:
    """A row order in a temporary table (pos, id), filled by a query; see ``RowOrder``."""

    def __init__(self, orders: OrderBuilder, select: Select, table: str, view_id: int) -> None:
        self._orders = orders
        self._select = select
        self._table = table
        self._view_id = view_id
        self._head: OrderHead | None = None
        """Shown instead of the table while it is set."""
        self._count = 0
        self._is_complete = False
        self._rest: asyncio.Task[None] | None = None
        self._error: RestoreTuiError | None = None

    async def begin(self, *, is_large: bool) -> None:
        """Find the first rows, and all of them if that is soon done."""
        ids, is_all = await self._orders.glancer.run(self._glance)
        self._head, self._count, self._is_complete = OrderHead(ids), len(ids), is_all
        if is_all:
            return
        self._rest = asyncio.create_task(self._complete())
        self._orders.keep(self._rest)
        if not is_large:
            try:
                await asyncio.wait({self._rest}, timeout=GLANCE_S)
                self._raise_error()
            except BaseException:
                # Perhaps a cancellation, which allows no further waiting here.
                self._rest.cancel()
                self._orders.builder.post(self._drop_table)
                raise

    @property
    def count(self) -> int:
        """Rows that may be shown by now: the head's, then the table's as it fills."""
        return self._count

    @property
    def complete(self) -> bool:
        """Whether the table, and the index for the way back, is whole."""
        return self._is_complete

    async def wait(self) -> None:
        """Until all rows are there; raises what went wrong on the way."""
        if self._rest is not None:
            await asyncio.shield(self._rest)
        self._raise_error()

    def span(self, table: str, alias: str, start: int, stop: int) -> Span:
        self._raise_error()
        if self._head is not None:
            return self._head.span(table, alias, start, stop)
        # CROSS JOIN keeps the order of the loops: positions first, then their rows.
        source = f"{self._table} v CROSS JOIN {table} {alias} ON {alias}.id = v.id"
        return Span(source, "v.pos BETWEEN :first AND :last", "0", "v.pos", {"first": start + 1, "last": stop})

    def members(self, table: str, alias: str, start: int, stop: int) -> Span:
        self._raise_error()
        if self._head is not None:
            return self._head.members(table, alias, start, stop)
        # By id: rows of a sorted view lie all over the table, and their marks all over theirs.
        where = f"{alias}.id IN (SELECT v.id FROM {self._table} v WHERE v.pos BETWEEN :first AND :last)"
        return Span(f"{table} {alias}", where, "0", f"{alias}.id", {"first": start + 1, "last": stop})

    def position(self, row_id: int) -> int | None:
        """By rank, a bisection over the table, where ids tell their rank; by the index else."""
        self._raise_error()
        if self._head is not None:
            return self._head.position(row_id)
        if self._select.rank is not None:
            return self._bisect(row_id, self._select.rank)
        row = self._orders.quick.row(f"SELECT pos FROM {self._table} WHERE id = ?", (row_id,))
        return None if row is None else int(row[0]) - 1

    def row_id(self, position: int) -> int | None:
        """One look-up by the table's primary key; in memory while the head is shown."""
        self._raise_error()
        if self._head is not None:
            return self._head.row_id(position)
        row = self._orders.quick.row(f"SELECT id FROM {self._table} WHERE pos = ?", (position + 1,))
        return None if row is None else int(row[0])

    @asynccontextmanager
    async def in_id_order(self, *, is_so: bool) -> AsyncIterator[IdsInOrder | None]:
        """All its rows once they are there, if they are many: ``is_so`` if they stand in the order of ids anyway."""
        await self.wait()
        if self._head is not None or is_so:
            yield None if self._head is not None else IdsInOrder(self._table, self._count)
            return
        table = f"v{self._orders.new_id()}"

        def sort(connection: Connection) -> None:
            connection.execute(f"CREATE TABLE main.{table} (pos INTEGER PRIMARY KEY, id INTEGER NOT NULL)")
            connection.execute(f"INSERT INTO main.{table} (id) SELECT id FROM main.{self._table} ORDER BY id")

        try:
            await self._orders.builder.run(sort)
            yield IdsInOrder(table, self._count)
        finally:
            self._orders.builder.post(lambda connection: self._drop(connection, table))

    async def drop(self) -> None:
        """Give the space back."""
        if self._rest is not None:
            self._rest.cancel()
            await asyncio.gather(self._rest, return_exceptions=True)
            await self._orders.builder.run(self._drop_table)

    def _glance(self, connection: Connection) -> tuple[list[int], bool]:
        """The first ids, perhaps none so far, and whether they are all."""
        if not self._select.head:
            return self._find(connection, self._select.steps)
        connection.execute("BEGIN")
        try:
            return self._find(connection, self._select.head)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @staticmethod
    def _find(connection: Connection, steps: Sequence[Piece]) -> tuple[list[int], bool]:
        ids: list[int] = []
        until = time.monotonic() + GLANCE_S
        for number, (sql, args) in enumerate(steps, 1):
            # As one value: each row that is fetched lets go of the interpreter's lock (see ``writer.Tx.values``).
            first = f"SELECT group_concat(id) FROM ({sql} LIMIT {HEAD_ROWS - len(ids)})"
            (found,) = connection.execute(first, dict(args)).fetchone()
            ids += map(int, found.split(",")) if found else ()
            if len(ids) == HEAD_ROWS or (number < len(steps) and time.monotonic() >= until):
                return ids, False
        return ids, True

    async def _complete(self) -> None:
        try:
            found = 0
            for piece in self._select.steps:
                found += await self._append(piece)
                if self._select.pieces and found > self._count:
                    self._show(found)
            await self._index()
            self._is_complete = True
            self._show(found)
        except RestoreTuiError as error:
            self._error = error
            self._orders.changes.publish(view_topic(self._view_id))

    def _show(self, found: int) -> None:
        """So many rows of the table may be shown."""
        self._head, self._count = None, found
        self._orders.changes.publish(view_topic(self._view_id))

    async def _append(self, piece: Piece) -> int:
        def append(connection: Connection) -> int:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS main.{self._table} (pos INTEGER PRIMARY KEY, id INTEGER NOT NULL)"
            )
            return connection.execute(f"INSERT INTO main.{self._table} (id) {piece.sql}", dict(piece.args)).rowcount

        return await self._orders.builder.run(append)

    async def _index(self) -> None:
        if self._select.rank is not None:
            return

        def index(connection: Connection) -> None:
            connection.execute(f"CREATE INDEX main.{self._table}_id ON {self._table} (id)")

        await self._orders.builder.run(index)

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

    def _drop_table(self, connection: Connection) -> None:
        self._drop(connection, self._table)

    @staticmethod
    def _drop(connection: Connection, table: str) -> None:
        connection.execute(f"DROP TABLE IF EXISTS main.{table}")
