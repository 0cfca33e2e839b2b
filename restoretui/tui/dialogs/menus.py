"""A small menu: the order of a table."""

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.words import said

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
