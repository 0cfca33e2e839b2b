"""What a live table paints on a line: the header, a row, or a sentence where there are no rows."""

import textwrap
from collections.abc import Sequence
from typing import Any

from rich.segment import Segment
from textual.strip import Strip

from restoretui.tui.widgets.error_state import ErrorState
from restoretui.tui.widgets.table.columns import GAP, Placed
from restoretui.tui.widgets.table.row_styles import RowKind, RowStyles
from restoretui.tui.widgets.table.visible_rows import Line
from restoretui.wording.safe import clean, fit

INDENT = 2
"""Cells left of what is said instead of rows."""
EDGE = 1
"""Cells left of the first column, for the bar that marks the cursor where colours do not."""
_EDGES = {RowKind.PLAIN: " ", RowKind.RANGE: "┃", RowKind.CURSOR: "▌", RowKind.CURSOR_BLURRED: "▏"}

Sentence = tuple[str, str]
"""A line of text and the name of its style."""


class LinePainter:
    """Makes strips of what they show, with the styles of the theme in force."""

    def __init__(self, styles: RowStyles) -> None:
        self._styles = styles

    def header(self, placed: Sequence[Placed[Any]], sort: tuple[str, bool], width: int) -> Strip:
        """The labels; the column that ``sort`` names has an arrow, down where it is descending."""
        by, descending = sort
        pieces = [" " * EDGE]
        for place in placed:
            column = place.column
            arrow = (" ▼" if descending else " ▲") if column.sort and column.sort == by else ""
            shared = f"  {column.shared.news}" if column.shared is not None and column.shared.news else ""
            label = column.label + arrow + shared if place.cells > 1 else ""  # A glyph has no room for one.
            pieces.append(fit(label, place.cells, right=column.right) + " " * GAP)
        style = self._styles.header
        return Strip([Segment("".join(pieces), style)]).adjust_cell_length(width, style)

    def row(self, line: Line, kind: RowKind, width: int) -> Strip:
        """Neighbours of one style become one segment, and blanks join either side: fewer bytes."""
        spans = [(_EDGES[kind], "edge")]
        for cells in line.cells:
            spans += cells
            spans.append((" " * GAP, ""))
        segments: list[Segment] = []
        text, style = "", ""
        for piece, name in spans:
            if name != style and not piece.isspace():
                if not text.isspace():
                    segments.append(Segment(text, self._styles.get(style, kind)))
                    text = ""
                style = name
            text += piece
        segments.append(Segment(text, self._styles.get(style, kind)))
        return Strip(segments).adjust_cell_length(width, self._styles.get("", kind))

    def sentence(self, said: Sentence, width: int) -> Strip:
        """One line of what is said instead of rows."""
        text, style = said
        if not text:
            return Strip.blank(width, self._styles.get("", RowKind.PLAIN))
        return Strip([Segment(fit(text, width, prose=True), self._styles.get(style, RowKind.PLAIN))], width)


def instead_of_rows(
    error: ErrorState | None, placeholder: str, width: int, height: int
) -> tuple[list[Sentence], bool]:
    """Lines of text; where there is no room for all, cause and keys without the hint. And whether that is all."""
    told = [(placeholder, "dim")]
    if error is not None:
        told = [(f"✗ {error.cause}", "bad"), (error.hint, ""), (error.keys, "dim")]
    whole = _wrapped(told, width)
    fits = len(whole) < height
    return (whole if fits else _wrapped([told[0], *told[2:]], width)), fits


def _wrapped(told: Sequence[Sentence], width: int) -> list[Sentence]:
    room = max(8, width - 2 * INDENT)
    return [
        (" " * INDENT + line, style)
        for text, style in told
        for line in textwrap.wrap(clean(text), room, break_on_hyphens=False)
    ]
