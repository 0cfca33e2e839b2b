"""The notification line above the footer: what just happened or went wrong, and the next step."""

from collections.abc import Mapping
from typing import Literal

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from restoretui.tui.words import said

Level = Literal["hint", "done", "busy", "warning", "error"]

SECONDS_SHOWN: Mapping[Level, float] = {"done": 6.0, "busy": 600.0, "warning": 15.0, "error": 60.0}
"""How long each stays, unless the next action makes it moot. A hint stays until there is anything else to say."""

_LOOK = {
    "hint": ("›", "accent"),
    "done": ("✓", "ok"),
    "busy": ("…", "busy"),
    "warning": ("▲", "warn"),
    "error": ("✗", "bad"),
}


class Notice(Static):
    """Hidden while there is nothing to say."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Notice { height: auto; max-height: 4; padding: 0 1; display: none; }"

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._timer: Timer | None = None
        self.level: Level = "done"
        self.text = ""
        self.stays = False
        """It holds for as long as it is true, and whoever said it takes it back."""

    def tell(self, level: Level, text: str, hint: str = "", *, stays: bool = False) -> None:
        """Say it in place of what was said before; only worse news takes the place of what ``stays``."""
        if self.stays and not stays and level not in ("error", "done"):
            return
        self.stays = stays
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.level, self.text = level, _whole(text, hint)
        glyph, style = _LOOK[level]
        joint = " " if text.endswith((".", "!", "?")) else " — "
        self.update(said((glyph, style), " ", text, (joint + hint if hint else "", "dim")))
        self.set_classes(f"-{level}")
        self.display = True
        if not stays and level != "hint":
            self._timer = self.set_timer(SECONDS_SHOWN[level], self.dismiss)

    def move_on(self) -> None:
        """Something else begins; what stays, stays, and so does a hint, which would only come back."""
        if not self.stays and self.level != "hint":
            self.dismiss()

    def take_back(self, text: str, hint: str = "") -> None:
        """That is not to be said any more, if it is."""
        if not self.stays and self.text == _whole(text, hint):
            self.dismiss()

    def dismiss(self) -> None:
        """Say nothing."""
        self.text, self.stays = "", False
        self.update(Content(""))
        self.display = False


def _whole(text: str, hint: str) -> str:
    return f"{text} {hint}".strip()
