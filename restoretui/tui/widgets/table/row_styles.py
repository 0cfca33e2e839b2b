"""The colours of table rows, from the stylesheet, so that themes and NO_COLOR reach them."""

from enum import Enum, auto
from typing import TYPE_CHECKING

from rich.style import Style

if TYPE_CHECKING:
    from textual.widget import Widget

NAMES = (
    "edge", "dim", "strong", "mark", "prefix",
    "ok", "busy", "wait", "warn", "bad", "cold",
)  # fmt: skip
"""What a cell may be painted as: by meaning, not by colour."""


class RowKind(Enum):
    """What a whole row is at the moment."""

    PLAIN = auto()
    RANGE = auto()
    CURSOR = auto()
    CURSOR_BLURRED = auto()


_KINDS = {
    RowKind.PLAIN: "row--plain",
    RowKind.RANGE: "row--range",
    RowKind.CURSOR: "row--cursor",
    RowKind.CURSOR_BLURRED: "row--cursor-blurred",
}

COMPONENTS = {"row--header", *_KINDS.values(), *(f"cell--{name}" for name in NAMES)}


class RowStyles:
    """Looks styles up once until the theme changes."""

    def __init__(self, widget: "Widget") -> None:
        self._widget = widget
        self._cache: dict[tuple[str, RowKind], Style] = {}
        self._header: Style | None = None

    def clear(self) -> None:
        """The stylesheet or the theme changed."""
        self._cache.clear()
        self._header = None

    @property
    def header(self) -> Style:
        """Of the line with the labels."""
        if self._header is None:
            self._header = self._widget.get_component_rich_style("row--header")
        return self._header

    def get(self, name: str, kind: RowKind) -> Style:
        """Of a cell called ``name`` in such a row; "" is the row's own."""
        style = self._cache.get((name, kind))
        if style is None:
            style = self._widget.get_component_rich_style(_KINDS[kind])
            if name:
                cell = self._widget.get_component_rich_style(f"cell--{name}", partial=True)
                # Reversed, each colour would be a ground of its own: a row in patches.
                style += cell.without_color if style.reverse else cell
            self._cache[name, kind] = style
        return style
