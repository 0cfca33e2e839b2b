"""An in-memory view: a short list of buckets, runs or jobs for a table to show."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic

from restoretui.tui.widgets.table.visible_rows import RowT

if TYPE_CHECKING:
    from restoretui.core.filter.completion import Present


class ListView(Generic[RowT]):
    """Rows in the order given; ``replace`` shows newer ones under the same ids."""

    complete = True

    def __init__(self, rows: Sequence[RowT] = ()) -> None:
        self._rows = rows
        self._positions: dict[int, int] = {}
        self.replace(rows)

    def replace(self, rows: Sequence[RowT]) -> None:
        """Other rows from now on."""
        self._rows = rows
        self._positions = {row.id: position for position, row in enumerate(rows)}

    @property
    def count(self) -> int:
        return len(self._rows)

    def rows(self, start: int, n: int) -> Sequence[RowT]:
        return self._rows[start : start + n]

    def position(self, row_id: int) -> int | None:
        """By a dictionary: ids of the rows given last."""
        return self._positions.get(row_id)

    def row_id(self, position: int) -> int | None:
        return self._rows[position].id if 0 <= position < len(self._rows) else None

    async def wait(self) -> None:
        """It is always complete."""

    async def present(self) -> "Present":
        """Names have nothing that could be counted."""
        from restoretui.core.filter.completion import Present

        return Present()

    async def aclose(self) -> None:
        """There is nothing to forget."""
