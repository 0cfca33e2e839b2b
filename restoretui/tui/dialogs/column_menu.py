"""Which columns a table shows, in which order and how wide."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Button, Static

from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.keys import ARRANGING
from restoretui.tui.widgets.check_list import CheckList
from restoretui.tui.widgets.table.column_choice import Choice, ColumnChoice, arranged, is_fixed
from restoretui.tui.widgets.table.columns import Column
from restoretui.tui.words import Part, said

WIDEST = 200


class Arranged(NamedTuple):
    """The answer."""

    choice: Choice | None
    """None: as it is without a choice."""


class ColumnMenu(Dialog[Arranged]):
    """Answers with a choice of columns; what is always shown cannot be unticked."""

    FITS_ITSELF = True
    AUTO_FOCUS = "#columns"
    BINDINGS = ARRANGING.bindings()

    def __init__(self, columns: Sequence[Column[Any]], choice: Choice | None, silent: Collection[str]) -> None:
        """``silent`` are columns that have nothing to say of what is listed."""
        super().__init__("Columns")
        self._columns = {column.id: column for column in columns}
        self._fixed = {column.id for column in columns if is_fixed(column, columns)}
        self._silent = silent
        shown = [column.id for column in arranged(columns, choice)]
        self._order = [*shown, *(name for name in self._columns if name not in shown)]
        self._cells = {one.id: one.cells for one in choice or () if one.cells}
        self._shown = set(shown)

    def body(self) -> ComposeResult:
        self._list = CheckList[str](id="columns")
        yield self._list
        yield Static(said(("space ticks · shift+↑ ↓ or K J moves · + - widens", "dim")), markup=False)

    def giving(self) -> Sequence[Widget]:
        return [self._list]

    def foot(self) -> ComposeResult:
        with Horizontal(classes="buttons"):
            yield Button("Show", variant="primary", compact=True, id="show")
            yield Button("Default", compact=True, id="default")

    def on_mount(self) -> None:
        self._fill()

    def _fill(self) -> None:
        self._list.show([(name, self._words(name)) for name in self._order], self._shown)
        self.fit_soon()

    def _words(self, name: str) -> list[Part]:
        column = self._columns[name]
        label = column.label or name.capitalize()
        cells = self._cells.get(name, 0)
        told = "always" if name in self._fixed else "says nothing here" if name in self._silent else ""
        return [f"{label:<16}", (f"{cells or column.cells:>4}{'+' if column.grows else ' '}  ", "dim"), (told, "dim")]

    @on(CheckList.Ticked)
    def _ticked(self) -> None:
        self._shown = set(self._list.ticked) | self._fixed
        if self._shown != self._list.ticked:
            self._fill()

    @property
    def _at(self) -> int:
        return self._list.highlighted or 0

    def action_shift(self, step: int) -> None:
        """Move the column under the cursor."""
        at, to = self._at, self._at + step
        if 0 <= to < len(self._order):
            self._order[at], self._order[to] = self._order[to], self._order[at]
            self._fill()
            self._list.highlighted = to

    def action_widen(self, cells: int) -> None:
        """Make it wider, or narrower."""
        name = self._order[self._at]
        wide = self._cells.get(name) or self._columns[name].cells
        self._cells[name] = max(1, min(WIDEST, wide + cells))
        self._fill()

    @on(CheckList.Accepted)
    @on(Button.Pressed, "#show")
    def _show(self) -> None:
        chosen = (ColumnChoice(name, self._cells.get(name, 0)) for name in self._order if name in self._shown)
        self.dismiss(Arranged(tuple(chosen)))

    @on(Button.Pressed, "#default")
    def _default(self) -> None:
        self.dismiss(Arranged(None))
