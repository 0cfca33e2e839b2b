"""The rows of the screen of marks: sets that were left, what is marked, and the sets that have a name."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from restoretui.ledger.selections.mark_sets import MarkSet
from restoretui.ledger.selections.marks_view import MarkRow, MarksView
from restoretui.tui.widgets.table.columns import Column, Spans, cell
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.filter.completion import Present


class SetRow(NamedTuple):
    """A set of marks that is not on screen."""

    id: int
    set: MarkSet

    @property
    def title(self) -> str:
        """Its name, or when it was left."""
        if self.set.name:
            return f"@{self.set.name}"
        return (
            f"? marks of {fmt.day(int(self.set.at.timestamp()))}, of a session that ended: enter keeps, space drops"
        )


Row = MarkRow | SetRow


class MarksBoard:
    """See ``records.View``: sets that were left, then the marks, then the sets with a name."""

    complete = True

    def __init__(self, left: Sequence[MarkSet], marks: MarksView, saved: Sequence[MarkSet]) -> None:
        self.marks = marks
        # Ids of marks begin at 0.
        self._left = [SetRow(-1 - one.sel, one) for one in left]
        self._saved = [SetRow(-1 - one.sel, one) for one in saved]

    @property
    def count(self) -> int:
        return len(self._left) + self.marks.count + len(self._saved)

    def rows(self, start: int, n: int) -> Sequence[Row]:
        """Across the three parts; only the marks are read from the ledger."""
        first, last = len(self._left), len(self._left) + self.marks.count
        stop = start + n
        found: list[Row] = [*self._left[start:stop]]
        if start < last and stop > first:
            begin = max(start, first) - first
            found += self.marks.rows(begin, min(stop, last) - first - begin)
        if stop > last:
            found += self._saved[max(0, start - last) : stop - last]
        return found

    def position(self, row_id: int) -> int | None:
        """Negative ids are sets, others rows of the marks."""
        if row_id >= 0:
            found = self.marks.position(row_id)
            return None if found is None else found + len(self._left)
        for begin, rows in ((0, self._left), (len(self._left) + self.marks.count, self._saved)):
            for at, row in enumerate(rows):
                if row.id == row_id:
                    return begin + at
        return None

    def row_id(self, position: int) -> int | None:
        if position < 0:
            return None
        rows = self.rows(position, 1)
        return rows[0].id if rows else None

    def first_mark(self) -> int:
        """Where the first object stands."""
        return len(self._left) + self.marks.first_object()

    def below_left(self, position: int) -> int:
        """A position among the marks as one of all rows."""
        return len(self._left) + position

    async def wait(self) -> None:
        """It is always complete."""

    async def present(self) -> "Present":
        """It has no filter."""
        from restoretui.core.filter.completion import Present

        return Present()

    async def aclose(self) -> None:
        """There is nothing to forget."""


def mark_columns(now: Callable[[], datetime]) -> list[Column[Row]]:
    """What is told of each."""

    def name(row: Row, cells: int) -> Spans:
        if isinstance(row, SetRow):
            return cell(row.title, cells, "strong" if row.set.name else "warn", prose=True)
        if row.ref is not None:
            version = f"  {row.ref.version_id}" if row.ref.version_id else ""
            return cell(f"    {row.ref.key.removeprefix(row.prefix)}{version}", cells)
        fold = "▸" if row.is_folded else "▾"
        if row.is_top:
            return cell(f"{fold} {row.cloud.scheme}://{row.bucket}/{row.prefix}", cells, "prefix")
        return cell(f"  {fold} {row.prefix or '(no prefix)'}", cells, "prefix")

    def objects(row: Row, cells: int) -> Spans:
        number = row.set.objects if isinstance(row, SetRow) else row.objects
        is_one = not isinstance(row, SetRow) and row.ref is not None
        return cell("" if is_one else f"{number:,}", cells, right=True)

    def size(row: Row, cells: int) -> Spans:
        return cell(fmt.size(row.set.size_bytes if isinstance(row, SetRow) else row.size), cells, right=True)

    def storage_class(row: Row, cells: int) -> Spans:
        return cell("" if isinstance(row, SetRow) else row.storage_class, cells, "dim")

    def when(row: Row, cells: int) -> Spans:
        if isinstance(row, SetRow):
            return cell(fmt.ago((now() - row.set.at).total_seconds()), cells, "dim", right=True)
        return cell("" if row.ref is None else fmt.day(row.modified), cells, "dim", right=True)

    return [
        Column("name", "Marked", 26, name, keep=100, grows=True),
        Column("objects", "Objects", 9, objects, keep=90, right=True),
        Column("size", "Size", 9, size, keep=80, right=True),
        Column("class", "Class", 13, storage_class, keep=40),
        Column("when", "Modified", 10, when, keep=50, right=True),
    ]
