"""The viewport of a table: the rows on screen, read together, and diffed cell by cell when they are read again."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from textual.geometry import Region
from textual.strip import Strip

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.widgets.table.columns import GAP, Column, Placed, Spans, lay_out
from restoretui.tui.widgets.table.row_styles import RowKind
from restoretui.tui.widgets.table.seen_values import SeenValues

if TYPE_CHECKING:
    from restoretui.ledger.records import View

A_CHANGE = 12
"""Cells that take as many bytes on the line as it takes to go to a change, in its colour."""


class HasId(Protocol):
    """What a row must have."""

    @property
    def id(self) -> int:
        """The same as long as the row exists."""
        ...


RowT = TypeVar("RowT", bound=HasId)


class Line:
    """One row as painted: what it showed, to compare with, and the strip made of it."""

    __slots__ = ("cells", "id", "kind", "strip")

    def __init__(self, row_id: int, cells: list[Spans]) -> None:
        self.id = row_id
        self.cells = cells
        self.kind: RowKind | None = None
        self.strip: Strip | None = None


class VisibleRows(Generic[RowT]):
    """``height`` rows from ``top``, as lines."""

    def __init__(self, failed: Callable[[RestoreTuiError], object]) -> None:
        self._failed = failed
        self.view: View[RowT] | None = None
        self.placed: tuple[Placed[RowT], ...] = ()
        self.lines: list[Line] = []
        self.top = -1
        """Position of the first line; -1 when nothing that was read is still good."""
        self._next = 0
        self._seen: SeenValues[RowT] = SeenValues()
        self._room = (0, 0)

    # --- where each column stands

    def use(self, columns: Sequence[Column[RowT]]) -> None:
        """Show these columns, or other rows in them: those that have nothing to say are left out again."""
        self._seen.begin(columns)
        self.arrange(*self._room)

    @property
    def saying(self) -> Sequence[Column[RowT]]:
        """Columns that have something to say of the rows seen."""
        return self._seen.columns

    def arrange(self, width: int, x: int) -> None:
        """There is room from cell ``x`` to ``width``."""
        self._room = (width, x)
        self.placed = lay_out(self._seen.columns, width, x, self._seen.needs)
        self.drop()

    def meet(self, rows: Sequence[RowT]) -> bool:
        """Rows that columns are to fit; tells whether they stand elsewhere now."""
        if not self._seen.add(rows):
            return False
        before = self.placed
        self.arrange(*self._room)
        return self.placed != before

    # --- what they show

    def read(self, start: int, n: int) -> Sequence[RowT]:
        """Rows of the view; none when it cannot be read."""
        if self.view is None or n <= 0:
            return ()
        try:
            return self.view.rows(start, n)
        except RestoreTuiError as error:
            self._failed(error)
            return ()

    def drop(self) -> None:
        """Other rows, columns or colours: nothing that was read can be used."""
        self.top = -1

    def show(self, top: int, height: int, count: int) -> bool:
        """Have the lines from ``top``, reading only if they are not at hand; tells whether columns have moved."""
        if self.top == top and len(self.lines) >= min(height, count - top):
            return False
        rows = self.read(top, height)
        moved = self.meet(rows)
        self.lines = self._lines_of(rows)
        self.top = top
        return moved

    def compare(
        self, height: int, width: int, most: float, line_of: Callable[[int], int]
    ) -> tuple[list[Region], int, bool]:
        """Read the same lines again; the parts of the widget that show something else now.

        Where about ``most`` cells have changed, the rest stays as it was. Then how many cells will be sent, and
        whether there is such a rest; the next comparison begins with it. ``line_of`` tells where each row stands.
        """
        rows, top = self.read(self.top, height), self.top
        moved = self.meet(rows)
        old, self.lines = self.lines, self._lines_of(rows)
        if moved:
            self.top, self._next = top, 0
            return [Region(0, 0, width, line_of(height))], 0, False
        regions, cells, rest = [], 0, None
        lines = max(len(old), len(self.lines))
        for index in (*range(self._next, lines), *range(min(self._next, lines))):
            if index >= len(old) or index >= len(self.lines) or old[index].id != self.lines[index].id:
                regions.append(Region(0, line_of(index), width, 1))
                continue
            changed = self._changed(old[index], self.lines[index])
            if changed is None:
                self.lines[index] = old[index]  # with its strip
            elif cells >= most:
                self.lines[index] = old[index]
                rest = index if rest is None else rest
            else:
                x, end = changed
                cells += end - x + A_CHANGE
                regions.append(Region(x, line_of(index), end - x, 1))
        self._next = rest or 0
        return regions, cells, rest is not None

    def _lines_of(self, rows: Sequence[RowT]) -> list[Line]:
        placed = self.placed
        return [Line(row.id, [place.column.render(row, place.cells) for place in placed]) for row in rows]

    def _changed(self, before: Line, after: Line) -> tuple[int, int] | None:
        """From which cell to which the two differ."""
        places = [place for place, a, b in zip(self.placed, before.cells, after.cells, strict=True) if a != b]
        return (places[0].x, places[-1].x + places[-1].cells + GAP) if places else None
