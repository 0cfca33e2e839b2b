"""Two small menus: the order of a table, and which states and classes it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from restoretui.core.model import State
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.widgets.check_list import CheckList
from restoretui.tui.words import STATES, said

DESCENDING_FIRST = frozenset({"size", "modified", "expiry"})
"""Orders in which the most is looked for first."""


class SortMenu(Dialog[tuple[str, bool]]):
    """Answers with the order and whether it is descending; the one in force is turned round."""

    FITS_ITSELF = True

    def __init__(self, orders: Mapping[str, str], sort: str, *, descending: bool) -> None:
        super().__init__("Sort by")
        self._orders = orders
        self._sort = sort
        self._descending = descending

    def body(self) -> ComposeResult:
        options = []
        for sort, label in self._orders.items():
            arrow = ("▼" if self._descending else "▲") if sort == self._sort else " "
            options.append(Option(said((arrow, "mark"), " ", label), id=sort))
        menu = OptionList(*options, compact=True)
        menu.highlighted = list(self._orders).index(self._sort) if self._sort in self._orders else 0
        self._menu = menu
        yield menu

    def giving(self) -> Sequence[Widget]:
        return [self._menu]

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        sort = event.option_id or ""
        descending = not self._descending if sort == self._sort else sort in DESCENDING_FIRST
        self.dismiss((sort, descending))


@dataclass(frozen=True, slots=True)
class Facets:
    """Which states and classes are shown; empty means any."""

    states: frozenset[State] = frozenset()
    storage_classes: frozenset[str] = frozenset()


class FacetMenu(Dialog[Facets]):
    """Answers with what was ticked."""

    FITS_ITSELF = True

    def __init__(self, facets: Facets, states: Sequence[State], *, classes: Sequence[str]) -> None:
        super().__init__("Show only")
        self._facets = facets
        self._states = states
        self._class_names = classes

    def body(self) -> ComposeResult:
        self._state_list = CheckList(
            [(state, [STATES[state], " ", state.value]) for state in self._states], self._facets.states
        )
        self._class_list = CheckList([(name, [name]) for name in self._class_names], self._facets.storage_classes)
        with Horizontal(id="facets"):
            with Vertical():
                yield Static(said(("State", "strong")), markup=False)
                yield self._state_list
            if self._class_names:
                with Vertical():
                    yield Static(said(("Storage class", "strong")), markup=False)
                    yield self._class_list
        yield Static(said(("space ticks; nothing ticked shows everything", "dim")), markup=False)

    def giving(self) -> Sequence[OptionList]:
        # The longer one tells how much is out of view.
        lists: list[OptionList] = [self._state_list, *([self._class_list] if self._class_names else [])]
        return sorted(lists, key=lambda one: -one.option_count)

    def foot(self) -> ComposeResult:
        with Horizontal(classes="buttons"):
            yield Button("Show", variant="primary", compact=True, id="show")
            yield Button("Everything", compact=True, id="everything")

    def _ticked(self) -> Facets:
        return Facets(frozenset(self._state_list.ticked), frozenset(self._class_list.ticked))

    @on(Button.Pressed, "#show")
    def _show(self) -> None:
        self.dismiss(self._ticked())

    @on(Button.Pressed, "#everything")
    def _everything(self) -> None:
        self.dismiss(Facets())
