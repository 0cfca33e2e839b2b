"""The base class of all views: row orders laid end to end, read a screenful at a time."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from restoretui.core.errors import LedgerError
from restoretui.core.filter.completion import Present
from restoretui.ledger.store.change_feed import view_topic
from restoretui.ledger.views.materialised_order import OrderBuilder
from restoretui.ledger.views.present_in import count_present
from restoretui.ledger.views.row_order import Piece, RowOrder, Span
from restoretui.ledger.volumes import HALF, Volume

Row = TypeVar("Row")


class TableView(Generic[Row]):
    """A view over one or more orders, one after the other. See ``records.View``."""

    def __init__(self, orders: OrderBuilder) -> None:
        self._orders = orders
        self.view_id = orders.new_id()
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self._closed = False

    @abstractmethod
    def _parts(self) -> Sequence[RowOrder]:
        """The orders that make up the view, first things first."""

    @abstractmethod
    def _read(self, part: int, order: RowOrder, start: int, stop: int) -> list[Row]:
        """The rows of one part."""

    @abstractmethod
    def _kinds(self) -> Piece:
        """A query for what is there, as ``present_in.count_present`` reads it."""

    async def present(self) -> Present:
        """What there is to filter by, whatever the query leaves out of it."""
        async with self.in_use(whole=False):
            query = self._kinds()
            return await self._orders.builder.run(lambda connection: count_present(connection, query))

    def _part_of(self, row_id: int) -> tuple[int, int]:
        """Which part a row id belongs to, and its id there."""
        return 0, row_id

    def _row_id_of(self, _part: int, id_there: int) -> int:
        """The other way round."""
        return id_there

    @property
    def topic(self) -> str:
        """Published when more rows are there, and once all are."""
        return view_topic(self.view_id)

    @property
    def count(self) -> int:
        """The sum over the parts, which are shown one behind the other."""
        return sum(part.count for part in self._parts())

    @property
    def complete(self) -> bool:
        return all(part.complete for part in self._parts())

    @property
    def is_closed(self) -> bool:
        """``aclose`` was called."""
        return self._closed

    async def wait(self) -> None:
        for part in self._parts():
            await part.wait()

    def rows(self, start: int, n: int) -> list[Row]:
        """One SELECT for each part that the range touches, on the window's connection."""
        self._raise_if_closed()
        found: list[Row] = []
        stop = start + n
        start = max(start, 0)
        for number, part in enumerate(self._parts()):
            length = part.count
            if start < min(stop, length):
                found += self._read(number, part, start, min(stop, length))
            start, stop = max(start - length, 0), stop - length
            if stop <= 0:
                break
        return found

    def position(self, row_id: int) -> int | None:
        self._raise_if_closed()
        wanted, id_there = self._part_of(row_id)
        before = 0
        for number, part in enumerate(self._parts()):
            if number == wanted:
                position = part.position(id_there)
                return None if position is None else before + position
            before += part.count
        return None

    def row_id(self, position: int) -> int | None:
        self._raise_if_closed()
        if position < 0:
            return None
        for number, part in enumerate(self._parts()):
            if position < part.count:
                id_there = part.row_id(position)
                return None if id_there is None else self._row_id_of(number, id_there)
            position -= part.count
        return None

    async def aclose(self) -> None:
        """Forget the view; waits for what is being done with its rows."""
        if self._closed:
            return
        self._closed = True
        await self._unused.wait()
        for part in self._parts():
            await part.drop()

    async def weigh(self) -> Volume:
        """What its objects add up to, as they were listed; waits until the view is complete."""
        async with self.in_use():
            span, size = self._all_rows()
            low = (1 << HALF) - 1
            sums = f"count(*), sum(max({size}, 0) >> {HALF}), sum(max({size}, 0) & {low}), sum({size} < 0)"
            sql = f"SELECT {sums} FROM {span.source} WHERE {span.where}"
            found = await self._orders.builder.run(lambda connection: connection.execute(sql, span.args).fetchone())
        objects, high, rest, unsized = (number or 0 for number in found)
        return Volume(objects, (high << HALF) + rest, unsized)

    def _all_rows(self) -> tuple[Span, str]:
        """All its objects, and the column of their sizes; of rows that are no objects there is none."""
        return Span("(SELECT 0 AS size)", "0", "0", "0", {}), "size"

    @asynccontextmanager
    async def in_use(self, *, whole: bool = True) -> AsyncIterator[None]:
        """The view stays while somebody works with its rows, and has all of them if they are to be ``whole``."""
        self._raise_if_closed()
        self._users += 1
        self._unused.clear()
        try:
            if whole:
                await self.wait()
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise LedgerError("this view is closed")
