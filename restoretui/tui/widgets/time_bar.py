"""A line above a table that says as of when its rows are; away where that is now."""

from collections.abc import Sequence

from textual.widgets import Static

from restoretui.tui.words import Part, said


class TimeBar(Static):
    """Told by whoever shows the rows."""

    DEFAULT_CSS = "TimeBar { height: 1; display: none; background: $surface; }"

    def __init__(self) -> None:
        super().__init__("", markup=False, id="time-bar")
        self._shown: tuple[Part, ...] = ()

    def tell(self, parts: Sequence[Part]) -> None:
        """Say this, or nothing."""
        if tuple(parts) == self._shown:
            return
        self._shown = tuple(parts)
        self.display = bool(parts)
        self.update(said(*parts) if parts else "")
