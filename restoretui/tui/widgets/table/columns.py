"""Columns of a live table: what each shows, how wide it is, and which drop out first when there is little room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from restoretui.wording.safe import fit

Spans = tuple[tuple[str, str], ...]
"""A cell: pieces of text, each with the name of a style (``row_styles.NAMES``; "" is plain)."""

RowT = TypeVar("RowT")

GAP = 2
"""Empty cells between two columns."""


def cell(text: str, cells: int, style: str = "", *, right: bool = False, prose: bool = False) -> Spans:
    """Any text, also from outside, as a cell of exactly that width; ``prose`` is cut at its end, a key amid."""
    return ((fit(text, cells, right=right, prose=prose), style),)


@dataclass(frozen=True)
class Column(Generic[RowT]):
    """One column. ``render`` is given a row and the width, and returns spans of exactly that width."""

    id: str
    label: str
    cells: int
    """Width; of a growing column its least."""
    render: Callable[[RowT, int], Spans]
    keep: int = 0
    """How important it is: the lowest drop out first."""
    grows: bool = False
    most: int = 0
    """Up to this width a growing column grows before the next one does; 0: it takes all that is left."""
    right: bool = False
    sort: str = ""
    """What a click on its header sorts by; "" is nothing."""


@dataclass(frozen=True)
class Placed(Generic[RowT]):
    """A column with its place on the line."""

    column: Column[RowT]
    x: int
    cells: int


def lay_out(columns: Sequence[Column[RowT]], width: int, x: int = 0) -> tuple[Placed[RowT], ...]:
    """As many columns as fit from cell ``x`` to ``width``, in their order; growing ones share what is left."""
    shown = list(columns)

    def taken() -> int:
        return sum(column.cells + GAP for column in shown)

    while len(shown) > 1 and x + taken() - GAP > width:
        shown.remove(min(shown, key=lambda column: column.keep))
    extra = _share(shown, max(0, width - x - taken() + GAP))
    placed = []
    for column in shown:
        cells = max(1, min(column.cells + extra.get(column.id, 0), width - x))
        placed.append(Placed(column, x, cells))
        x += cells + GAP
    return tuple(placed)


def _share(columns: Sequence[Column[RowT]], spare: int) -> dict[str, int]:
    """How many cells each growing column gets: one after the other up to its ``most``, what remains the first."""
    growing = [column for column in columns if column.grows]
    shares = dict.fromkeys((column.id for column in growing), 0)
    for column in growing:
        wanted = max(0, column.most - column.cells) if column.most else spare
        shares[column.id] = min(spare, wanted)
        spare -= shares[column.id]
    if growing:
        shares[growing[0].id] += spare
    return shares
