"""The viewport of a table: the rows on screen, read together, and diffed cell by cell when they are read again."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from textual.geometry import Region
from textual.strip import Strip

from restoretui.core.errors import RestoreTuiError
from restoretui.ledger.records import View
from restoretui.tui.widgets.table.columns import GAP, Placed, Spans
from restoretui.tui.widgets.table.row_styles import RowKind


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

    def show(self, top: int, height: int, count: int) -> None:
        """Have the lines from ``top``, reading only if they are not at hand."""
        if self.top != top or len(self.lines) < min(height, count - top):
            self.lines = self._read_lines(top, height)
            self.top = top

    def compare(self, height: int, width: int, most: float) -> tuple[list[Region], int, bool]:
        """Read the same lines again; the parts of the widget that show something else now.

        Where about ``most`` cells have changed, the rest stays as it was. Then how many cells will be sent, and
        whether there is such a rest; the next comparison begins with it.
        """
        old, self.lines = self.lines, self._read_lines(self.top, height)
        regions, cells, rest = [], 0, None
        lines = max(len(old), len(self.lines))
        for index in (*range(self._next, lines), *range(min(self._next, lines))):
            if index >= len(old) or index >= len(self.lines) or old[index].id != self.lines[index].id:
                regions.append(Region(0, index + 1, width, 1))
                continue
            changed = self._changed(old[index], self.lines[index])
            if changed is None:
                self.lines[index] = old[index]  # with its strip
            elif cells >= most:
                self.lines[index] = old[index]
                rest = index if rest is None else rest
            else:
                x, end = changed
                cells += end  # A line is sent again from its left edge.
                regions.append(Region(x, index + 1, end - x, 1))
        self._next = rest or 0
        return regions, cells, rest is not None

    def _read_lines(self, top: int, height: int) -> list[Line]:
        placed = self.placed
        return [
            Line(row.id, [place.column.render(row, place.cells) for place in placed])
            for row in self.read(top, height)
        ]

    def _changed(self, before: Line, after: Line) -> tuple[int, int] | None:
        """From which cell to which the two differ."""
        places = [place for place, a, b in zip(self.placed, before.cells, after.cells, strict=True) if a != b]
        return (places[0].x, places[-1].x + places[-1].cells + GAP) if places else None
