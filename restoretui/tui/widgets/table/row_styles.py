"""The colours of table rows, by the variables of the theme in force (``looks.variables``).

Not by component classes of the stylesheet, whose styles Textual works out one by one, for each table, before anything
is shown and again with each change of the focus: a tenth of the time until the first paint.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import NamedTuple

from rich.style import Style
from textual.color import Color


class Paint(NamedTuple):
    """Names of variables for text, ground and style; empty where what stands below says it."""

    text: str
    ground: str = ""
    style: str = ""
    is_bold: bool = False


CELLS = {
    "edge": Paint("wait"), "dim": Paint("quiet"), "strong": Paint("ink", is_bold=True),
    "mark": Paint("busy", is_bold=True), "prefix": Paint("wait", is_bold=True),
    **{name: Paint(name) for name in ("ok", "busy", "wait", "warn", "bad", "cold")},
}  # fmt: skip
"""What a cell may be painted as: by meaning, not by colour."""


class RowKind(Enum):
    """What a whole row is at the moment."""

    PLAIN = auto()
    RANGE = auto()
    CURSOR = auto()
    CURSOR_BLURRED = auto()


_ROWS = {
    RowKind.PLAIN: Paint("ink", "background"),
    RowKind.RANGE: Paint("ink", "row-range", "row-range-style"),
    RowKind.CURSOR: Paint("ink", "row-cursor", "row-cursor-style"),
    RowKind.CURSOR_BLURRED: Paint("ink", "row-blurred"),
}
_HEADER = Paint("quiet", "ground-panel", is_bold=True)

Variables = Mapping[str, str]


class RowStyles:
    """Looks styles up once until the theme changes."""

    def __init__(self, variables: Callable[[], Variables]) -> None:
        """``variables`` gives those of the theme in force, another mapping for another theme."""
        self._variables = variables
        self._of: Variables = {}
        self._cache: dict[tuple[str, RowKind | None], Style] = {}

    @property
    def header(self) -> Style:
        """Of the line with the labels."""
        return self._known(_HEADER.text, None)

    def get(self, name: str, kind: RowKind) -> Style:
        """Of a cell called ``name`` in such a row; "" is the row's own."""
        return self._known(name, kind)

    def _known(self, name: str, kind: RowKind | None) -> Style:
        variables = self._variables()
        if variables is not self._of:
            self._of = variables
            self._cache.clear()
        style = self._cache.get((name, kind))
        if style is None:
            style = self._cache[name, kind] = _made(name, kind, variables)
        return style


def _made(name: str, kind: RowKind | None, variables: Variables) -> Style:
    if kind is None:
        return _painted(_HEADER, variables)
    style = _painted(_ROWS[kind], variables)
    if not name:
        return style
    cell = _painted(CELLS[name], variables)
    # Reversed, each colour would be a ground of its own: a row in patches.
    return style + (cell.without_color if style.reverse else cell)


def _painted(paint: Paint, variables: Variables) -> Style:
    """As far as the theme says."""
    text, ground = (Color.parse(variables[name]) if name in variables else None for name in paint[:2])
    style = Style(
        color=text.rich_color if text else None,
        bgcolor=ground.rich_color if ground else None,
        bold=True if paint.is_bold else None,
    )
    return style + Style.parse(variables.get(paint.style, ""))
