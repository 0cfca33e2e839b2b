"""A guarded button: acts only on keys and clicks that were meant for what its dialog shows now."""

from typing import Any, Protocol, cast

from textual import events
from textual.widgets import Button


class Guard(Protocol):
    """The screen such a button stands on."""

    @property
    def on_screen(self) -> object:
        """What the person can see and decide about."""
        ...

    @property
    def is_whole(self) -> bool:
        """All that has to be in view is."""
        ...

    def was_seen(self) -> bool:
        """The key being acted on was pressed while what is shown now was on screen."""
        ...

    def not_seen(self) -> None:
        """A key was meant for something else than what is shown now."""
        ...


class GuardedButton(Button):
    """Passes over keys and clicks that were meant for something else than what its dialog shows now."""

    _aimed_at: object = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # While a button shows that it was pressed it takes no other press: a key would be lost in silence.
        self.active_effect_duration = 0

    @property
    def _guard(self) -> Guard:
        return cast("Guard", self.screen)

    def action_press(self) -> None:
        """Press, if what the key was meant for is what the dialog still shows; else the guard says why not."""
        if self._guard.was_seen():
            super().action_press()
        else:
            self._guard.not_seen()

    def on_mouse_down(self) -> None:
        """Remembers what the click is aimed at: it counts only if the same is there when the button is let go."""
        self._aimed_at = self._guard.on_screen

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        event.prevent_default()  # Else the one of every button would press it all the same.
        if self.disabled or self.has_class("-active"):
            return
        guard = self._guard
        if guard.is_whole and self._aimed_at is not None and self._aimed_at == guard.on_screen:
            self.press()
        else:
            guard.not_seen()
