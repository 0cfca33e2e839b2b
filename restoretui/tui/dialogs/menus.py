"""Small menus: the order of a table, a filter by its name."""

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.keys import SAVED
from restoretui.tui.words import said
from restoretui.wording.safe import clean

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


class SavedFilters(Dialog[str]):
    """Answers with the text of a filter that was chosen by its name."""

    FITS_ITSELF = True
    BINDINGS = SAVED.bindings()

    def __init__(self) -> None:
        super().__init__("Saved filters")
        self._menu = OptionList(compact=True)

    def body(self) -> ComposeResult:
        yield self._menu

    def giving(self) -> Sequence[Widget]:
        return [self._menu]

    def on_mount(self) -> None:
        self._fill()
        self._menu.highlighted = 0

    def _fill(self) -> None:
        self._filters = dict(self.shell.filters_by_name())
        longest = max(map(len, self._filters))
        self._menu.set_options(
            Option(said(f"{clean(name):<{longest}}  ", (clean(text), "dim"))) for name, text in self._filters.items()
        )
        self.fit_soon()

    @property
    def _at(self) -> str | None:
        return None if self._menu.highlighted is None else list(self._filters)[self._menu.highlighted]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only filters saved on this machine can be forgotten, none of the config."""
        if action == "forget":
            return self._at in self.shell.remembered.filters
        return super().check_action(action, parameters)

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(list(self._filters.values())[event.option_index])

    def action_forget(self) -> None:
        """It is offered no more, from now on."""
        name, at = self._at, self._menu.highlighted
        if name is not None and self.check_action("forget", ()):
            self.shell.remembered.forget_filter(name)
            self.attempt(self.shell.remembered.save, "remember", exclusive=False)
            self._fill()
            self._menu.highlighted = min(at or 0, self._menu.option_count - 1)
            self.refresh_bindings()
