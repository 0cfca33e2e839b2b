"""What the tabs have in common."""

from typing import TYPE_CHECKING, Any

from textual.binding import Binding
from textual.containers import Vertical

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.shell import Owner
from restoretui.tui.widgets.side_pane import FROM_COLUMNS, Alike, SidePane
from restoretui.tui.words import Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from restoretui.core.filter.tree import Filter
    from restoretui.tui.widgets.table.columns import Column
    from restoretui.tui.widgets.table.live_table import LiveTable


class Pane(Alike, Owner, Vertical):
    """One tab's content. It is told what changed also while another tab is shown, and catches up when it appears."""

    DEFAULT_CSS = "Pane { height: 1fr; }"

    def opened(self) -> None:
        """The session is open."""

    def not_opened(self, error: RestoreTuiError) -> None:
        """The session cannot be opened."""

    def told(self, topics: frozenset[str]) -> bool:
        """These changed in the ledger; tells whether anything was repainted."""
        return False

    def tick(self) -> bool:
        """A second passed: texts that count down may read differently. Tells whether any did."""
        return False

    def arrive(self) -> None:
        """The tab was chosen: take the focus."""

    def place(self) -> list[Part]:
        """Where we are, for the header."""
        return []

    def place_clicked(self, cell: int) -> None:
        """That cell of ``place`` was clicked: where it leads back to somewhere, go there."""
        back = getattr(self, "action_back", None)
        if back is not None and self.check_action("back", ()):
            back()

    def light(self) -> Part | None:
        """What the header says instead of how well the background is: what is on its way here, or failed."""
        return None

    @property
    def can_narrow(self) -> bool:
        """What it shows now can be filtered by any field."""
        return False

    @property
    def narrowed_to(self) -> "Filter | None":
        """What it shows is what matches this."""
        return None

    def narrow(self, where: "Filter | None") -> None:
        """Show what matches this."""

    # --- which columns

    def arranging(self) -> "tuple[str, LiveTable[Any]]":
        """The table whose columns are chosen now, and the name its choice is remembered under."""
        raise NotImplementedError

    def known_columns(self) -> "Mapping[str, Sequence[Column[Any]]]":
        """All columns by the names of the tables, as the config has them."""
        return {}

    # --- the pane beside the table

    side: "SidePane | None" = None
    """None where there is none."""

    def action_pane(self) -> None:
        """Show or hide it, from now on."""
        remembered = self.shell.remembered
        remembered.pane = not remembered.pane
        self.attempt(remembered.save, "remember")
        self.fit_side()
        if remembered.pane and self.app.size.width < FROM_COLUMNS:
            self.shell.say("warning", f"the pane is shown from {FROM_COLUMNS} columns on", "make the window wider")

    def recall(self) -> None:
        """What was set before is known now."""
        self.fit_side()

    def fit_side(self) -> None:
        """The screen is wider or narrower than before, or another tab's pane was switched."""
        if self.side is not None:
            self.side.fit(wanted=self.shell.remembered.pane)

    def on_resize(self) -> None:
        self.fit_side()

    def binding_of(self, key: str) -> Binding | None:
        """What that key is for here, whether there is anything to do it with or not; the user's own keys count."""
        return next(iter(self._bindings.key_to_bindings.get(key, ())), None)

    def say_place(self) -> None:
        """Have the header say both, if this is the tab on screen."""
        if self.is_shown and self.is_attached:
            self.shell.place_bar.go(*self.place(), light=self.light())

    @property
    def is_shown(self) -> bool:
        """The tab is the one on screen."""
        return bool(self.display)
