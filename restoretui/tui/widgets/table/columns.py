"""Columns of a live table: what each shows, how wide it is, and which drop out first when there is little room."""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from restoretui.tui.widgets.table.shared_folder import SharedFolder
from restoretui.wording.safe import fit
from restoretui.wording.safe import width as cells_of

Spans = tuple[tuple[str, str], ...]
"""A cell: pieces of text, each with the name of a style (``row_styles.NAMES``; "" is plain)."""

RowT = TypeVar("RowT")

GAP = 2
"""Empty cells between two columns."""
YIELDS = 50
"""Columns that are kept less than that drop out where the main column is whole without them."""


def cell(text: str, cells: int, style: str = "", *, right: bool = False, prose: bool = False) -> Spans:
    """Any text, also from outside, as a cell of exactly that width; ``prose`` is cut at its end, a key amid."""
    return ((fit(text, cells, right=right, prose=prose), style),)


def glyph_cell(text: str, cells: int, style: str = "") -> Spans:
    """Words that begin with a glyph, which says the same; where there is no room for all of them it stands alone."""
    return cell(text if cells_of(text) <= cells else text[:1], cells, style)


class Column(Struct, Generic[RowT], frozen=True):
    """One column. ``render`` is given a row and the width, and returns spans of exactly that width."""

    id: str
    label: str
    cells: int
    """Width; of a growing column its least."""
    render: Callable[[RowT, int], Spans]
    keep: int = 0
    """How important it is: the lowest drop out first. The highest is the main column, cut when all else is."""
    grows: bool = False
    most: int = 0
    """Up to this width a growing column grows before the next one does; 0: it takes all that is left."""
    right: bool = False
    sort: str = ""
    """What a click on its header sorts by; "" is nothing."""
    least: int = 0
    """It is narrowed to this before it drops out; 0: it cannot be. A growing one asks for no less."""
    narrows: int = 0
    """Importance of what it loses then, if that is not the column's own: words behind a glyph may go early."""
    pinned: bool = False
    """It never drops out, however little room there is."""
    value: Callable[[RowT], str] | None = None
    """What it has to say of a row: left out while that is nothing in every row seen. Growing, it takes what its
    longest value needs and no more."""
    shared: SharedFolder | None = None
    """What the values begin with, said once in the header."""


class Placed(Struct, Generic[RowT], frozen=True):
    """A column with its place on the line."""

    column: Column[RowT]
    x: int
    cells: int


def lay_out(
    columns: Sequence[Column[RowT]], width: int, x: int = 0, needs: Mapping[str, int] | None = None
) -> tuple[Placed[RowT], ...]:
    """As many columns as fit from cell ``x`` to ``width``, in their order; growing ones share what is left.

    ``needs`` are cells that show the values of a growing column whole. What matters little makes room for that, the
    rest for the column's least; then columns are narrowed or drop out, the main one is cut last.
    """
    if not columns:
        return ()
    needs = needs or {}
    room = width - x
    main = max(columns, key=lambda column: column.keep)
    cells = {column.id: _least(column, needs.get(column.id)) for column in columns}
    whole = max(cells[main.id], needs.get(main.id, 0))
    shown = _yielding(columns, cells, main, room - whole + cells[main.id])
    while _taken(shown, cells) > room:
        gives = [column for column in shown if column is not main and (_narrows(column, cells) or not column.pinned)]
        if not gives:
            cells[main.id] = max(1, cells[main.id] - _taken(shown, cells) + room)
            break
        first = min(gives, key=lambda column: (_narrows(column, cells) and column.narrows) or column.keep)
        if _narrows(first, cells):
            cells[first.id] = first.least
        else:
            shown.remove(first)
    _give_back(shown, cells, room)
    _share(shown, cells, needs, max(0, room - _taken(shown, cells)))
    placed = []
    for column in shown:
        placed.append(Placed(column, x, max(1, min(cells[column.id], width - x))))
        x += placed[-1].cells + GAP
    return tuple(placed)


def _least(column: Column[RowT], need: int | None) -> int:
    """The width that is asked for: a growing column needs no more than its values."""
    if need is None or not column.grows:
        return column.cells
    return min(column.cells, max(need, len(column.label) + GAP, column.least))


def _taken(columns: Sequence[Column[RowT]], cells: Mapping[str, int]) -> int:
    return sum(cells[column.id] + GAP for column in columns) - GAP


def _narrows(column: Column[RowT], cells: Mapping[str, int]) -> bool:
    return 0 < column.least < cells[column.id]


def _yielding(
    columns: Sequence[Column[RowT]], cells: Mapping[str, int], main: Column[RowT], room: int
) -> list[Column[RowT]]:
    """Without what matters little, if the main column is whole then; else there is no point in it."""
    shown = list(columns)
    while _taken(shown, cells) > room:
        gives = [column for column in shown if column.keep < YIELDS and column is not main and not column.pinned]
        if not gives:
            return list(columns)
        shown.remove(min(gives, key=lambda column: column.keep))
    return shown


def _give_back(shown: Sequence[Column[RowT]], cells: dict[str, int], room: int) -> None:
    """What was narrowed gets its width again where there is room for all of it."""
    for column in sorted(shown, key=lambda column: -column.keep):
        wanted = column.cells - cells[column.id]
        if column.least and not column.grows and 0 < wanted <= room - _taken(shown, cells):
            cells[column.id] = column.cells


def _share(shown: Sequence[Column[RowT]], cells: dict[str, int], needs: Mapping[str, int], spare: int) -> None:
    """Growing columns, one after the other: up to their ``most``, then what their values need; one takes the rest."""
    growing = [column for column in shown if column.grows]
    wanted = [(column, [most for most in (column.most, needs.get(column.id)) if most]) for column in growing]
    rounds = [
        *((column, min(limits) if limits else None) for column, limits in wanted),
        *((column, needs[column.id]) for column in growing if column.id in needs),
        *((column, None) for column in growing if column.id not in needs),
    ]
    for column, most in rounds:
        more = spare if most is None else max(0, min(spare, most - cells[column.id]))
        cells[column.id] += more
        spare -= more
