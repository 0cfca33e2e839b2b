"""What the rows seen so far have to say: which columns say anything, and how wide those are that grow.

Of a million rows only those are seen that were on screen, and the last one. What is seen later is added to it and
nothing is taken away, so columns come and never go while one scrolls.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from restoretui.tui.widgets.table.columns import Column
from restoretui.wording.safe import clean, width

RowT = TypeVar("RowT")
MOST_SAID = 40
"""Cells that a header takes to say what all values begin with."""
SORTED_BY = 4
"""Cells behind a label: the arrow of the order, and a gap."""
STEP = 4
"""Cells by which a column grows with its values, lest it moves with each."""


class SeenValues(Generic[RowT]):
    """Of the rows of one table."""

    def __init__(self) -> None:
        self._columns: Sequence[Column[RowT]] = ()
        self._saying: set[str] = set()
        self._longest: dict[str, int] = {}
        self._any = False

    def begin(self, columns: Sequence[Column[RowT]]) -> None:
        """Other columns, or other rows: nothing has been seen of them."""
        self._columns = columns
        self._saying, self._longest, self._any = set(), {}, False

    def add(self, rows: Iterable[RowT]) -> bool:
        """These were seen; tells whether columns are to be laid out anew."""
        changed = False
        for row in rows:
            changed = changed or not self._any
            self._any = True
            for column in self._columns:
                if column.value is not None and (column.grows or column.id not in self._saying):
                    changed = self._add(column, column.value(row)) or changed
        return changed

    def _add(self, column: Column[RowT], value: str) -> bool:
        if not value:
            return False
        changed = column.id not in self._saying
        self._saying.add(column.id)
        if column.grows:
            changed = (column.shared is not None and column.shared.add(value)) or changed
            cells = width(clean(value))
            if cells > self._longest.get(column.id, 0):
                changed = changed or _step(cells) > _step(self._longest.get(column.id, 0))
                self._longest[column.id] = cells
        return changed

    @property
    def columns(self) -> list[Column[RowT]]:
        """Those that say something of some row; all, until a row was seen."""
        return [
            column
            for column in self._columns
            if not self._any or column.value is None or column.pinned or column.id in self._saying
        ]

    @property
    def needs(self) -> dict[str, int]:
        """Cells that show the longest value of each growing column whole."""
        return {
            column.id: _step(_need(column, self._longest[column.id]))
            for column in self._columns
            if column.id in self._longest
        }


def _need(column: Column[RowT], longest: int) -> int:
    """Of the values without what they share, and of the header, which says that."""
    if column.shared is None:
        return longest
    said = min(MOST_SAID, width(clean(column.shared.news)))
    return max(longest - width(clean(column.shared.text)), len(column.label) + SORTED_BY + said if said else 0)


def _step(cells: int) -> int:
    return -(-cells // STEP) * STEP
