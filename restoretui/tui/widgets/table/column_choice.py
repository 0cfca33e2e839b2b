"""Which of its columns a table shows, in which order and how wide: as somebody chose, in the config or on screen."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from restoretui.tui.widgets.table.columns import Column

RowT = TypeVar("RowT")


class ColumnChoice(NamedTuple):
    """One column; ``cells`` is 0 for the width it has by itself."""

    id: str
    cells: int = 0

    def __str__(self) -> str:
        """``class`` or ``class:16``, as the config has it."""
        return f"{self.id}:{self.cells}" if self.cells else self.id


Choice = Sequence[ColumnChoice]


def read_choice(texts: Iterable[str]) -> Choice:
    """From the words of the config, which has checked their form."""
    parts = [text.partition(":") for text in texts]
    return tuple(ColumnChoice(name.strip(), int(cells) if cells else 0) for name, _, cells in parts)


def main_column(columns: Sequence[Column[RowT]]) -> Column[RowT]:
    """The one that rows are told apart by."""
    return max(columns, key=lambda column: column.keep)


def is_fixed(column: Column[RowT], columns: Sequence[Column[RowT]]) -> bool:
    """It is always shown: without mark, state and key a row says nothing."""
    return column.pinned or column is main_column(columns)


def arranged(columns: Sequence[Column[RowT]], choice: Choice | None) -> list[Column[RowT]]:
    """The columns as chosen; those that are always shown and were left out stand first."""
    if choice is None:
        return list(columns)
    by_id = {column.id: column for column in columns}
    chosen = {one.id: one for one in choice if one.id in by_id}
    missing = [column for column in columns if is_fixed(column, columns) and column.id not in chosen]
    return [*missing, *(_as_wide(by_id[one.id], one.cells) for one in chosen.values())]


def _as_wide(column: Column[RowT], cells: int) -> Column[RowT]:
    if not cells:
        return column
    least = column.least if 0 < column.least < cells else 0
    return replace(column, cells=cells, least=least, most=max(cells, column.most) if column.most else 0)
