"""What the tabs have in common."""

from typing import TYPE_CHECKING

from textual.containers import Vertical

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.shell import Working
from restoretui.tui.words import Part

if TYPE_CHECKING:
    from restoretui.core.filter.tree import Filter


class Pane(Working, Vertical):
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

    def light(self) -> Part | None:
        """What the header says instead of how well the background is: what is on its way here, or failed."""
        return None

    @property
    def can_narrow(self) -> bool:
        """What it shows now can be filtered by any field."""
        return False

    def narrow(self, where: "Filter | None") -> None:
        """Show what matches this."""

    def say_place(self) -> None:
        """Have the header say both, if this is the tab on screen."""
        if self.is_shown and self.is_attached:
            self.shell.place_bar.go(*self.place(), light=self.light())

    @property
    def is_shown(self) -> bool:
        """The tab is the one on screen."""
        return bool(self.display)
