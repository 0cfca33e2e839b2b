"""A button that acts on what is shown beside it, and on nothing else."""

from typing import TYPE_CHECKING, cast

from textual import events
from textual.widgets import Button

if TYPE_CHECKING:
    from restoretui.tui.dialogs.dialog import Dialog


class ActButton(Button):
    """Passes over keys and clicks that were meant for something else than what its dialog shows now."""

    _aimed_at: object = None

    @property
    def _dialog(self) -> "Dialog[object]":
        return cast("Dialog[object]", self.screen)

    def action_press(self) -> None:
        if self._dialog.was_seen():
            super().action_press()
        else:
            self._dialog.not_seen()

    def on_mouse_down(self) -> None:
        self._aimed_at = self._dialog.on_screen

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        event.prevent_default()  # Else the one of every button would press it all the same.
        if self.disabled or self.has_class("-active"):
            return
        if self._aimed_at is not None and self._aimed_at == self._dialog.on_screen:
            self.press()
        else:
            self._dialog.not_seen()
