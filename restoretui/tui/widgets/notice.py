"""What just happened, or went wrong: one sentence and the next step, above the keys, in nobody's way."""

from typing import Literal

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from restoretui.tui.words import said

Level = Literal["done", "busy", "warning", "error"]

SECONDS_SHOWN = 6.0
"""How long good news stays; bad news stays until it is dismissed or something better happens."""

_LOOK = {"done": ("✓", "ok"), "busy": ("…", "busy"), "warning": ("▲", "warn"), "error": ("✗", "bad")}


class Notice(Static):
    """Hidden while there is nothing to say."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Notice { height: auto; max-height: 4; padding: 0 1; display: none; }"

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._timer: Timer | None = None
        self.level: Level = "done"
        self.text = ""

    def tell(self, level: Level, text: str, hint: str = "") -> None:
        """Say it in place of what was said before."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.level, self.text = level, f"{text} {hint}".strip()
        glyph, style = _LOOK[level]
        joint = " " if text.endswith((".", "!", "?")) else " — "
        self.update(said((glyph, style), " ", text, (joint + hint if hint else "", "dim")))
        self.set_classes(f"-{level}")
        self.display = True
        if level == "done":
            self._timer = self.set_timer(SECONDS_SHOWN, self.dismiss)

    def dismiss(self) -> None:
        """Say nothing."""
        self.text = ""
        self.update(Content(""))
        self.display = False
