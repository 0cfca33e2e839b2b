"""Columns of a live table: what each shows, how wide it is, and which drop out first when there is little room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from restoretui.tui.text import fit

Spans = tuple[tuple[str, str], ...]
"""A cell: pieces of text, each with the name of a style (``LiveTable`` names them; "" is plain)."""

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
    """Width; of the growing column its least."""
    render: Callable[[RowT, int], Spans]
    keep: int = 0
    """How important it is: the lowest drop out first."""
    grows: bool = False
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
    """As many columns as fit from cell ``x`` to ``width``, in their order; the growing one takes what is left."""
    shown = list(columns)

    def taken() -> int:
        return sum(column.cells + GAP for column in shown)

    while len(shown) > 1 and x + taken() - GAP > width:
        shown.remove(min(shown, key=lambda column: column.keep))
    spare = max(0, width - x - taken() + GAP)
    placed = []
    for column in shown:
        cells = column.cells + (spare if column.grows else 0)
        cells = max(1, min(cells, width - x))
        placed.append(Placed(column, x, cells))
        x += cells + GAP
    return tuple(placed)
