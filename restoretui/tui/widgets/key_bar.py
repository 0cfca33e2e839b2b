"""The footer: the keys that work right now, the most useful ones where not all fit."""

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button

from restoretui.tui.keys import IDS, PRESS, key_name, place_of_key, rank
from restoretui.tui.words import Part, said

_TAIL = 90
"""Ranks from here on stand at the right end and stay."""
_WORTH = {"palette": 22, "dismiss": 13}
"""Where there is little room, the palette gives way to what one acts with first of all, and little to the way out."""


def _worth(binding: Binding) -> tuple[bool, int]:
    """Who is there for longer where there is little room: the least first."""
    place, worth = rank(binding), _WORTH.get(binding.id or "")
    return (True, worth) if worth is not None else (place < _TAIL, place)


class KeyBar(Widget):
    """Derived from the screen's active bindings; a click on a key does what the key does."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; }"

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[Binding] = []
        self._shown: list[tuple[int, int, Binding]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)
        self._bindings_changed(self.screen)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        found: dict[str, Binding] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.id in IDS:
                known = found.get(binding.action)
                if known is None or place_of_key(binding) < place_of_key(known):
                    found[binding.action] = binding
        focused = screen.focused
        if isinstance(focused, Button):
            # What Enter does now is what the button says.
            found[PRESS] = Binding("enter", PRESS, str(focused.label).strip().lower(), id=PRESS)
        keys = sorted(found.values(), key=rank)
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def render(self) -> Content:
        """As many keys as there is room for, the most useful ones, in the order of their ranks."""
        room = self.size.width - 1
        chosen: list[Binding] = []
        for binding in sorted(self._keys, key=_worth):
            cells = len(key_name(binding.key)) + len(binding.description) + 3
            if cells <= room:
                chosen.append(binding)
                room -= cells
        x = 1
        self._shown = []
        parts: list[Part] = [" "]
        for binding in sorted(chosen, key=rank):
            key, label = key_name(binding.key), binding.description
            parts += [(key, "key"), " ", (label, "dim"), "  "]
            end = x + len(key) + len(label) + 3
            self._shown.append((x, end, binding))
            x = end
        return said(*parts)

    def _at(self, x: int) -> Binding | None:
        return next((binding for start, end, binding in self._shown if start <= x < end), None)

    def on_click(self, event: events.Click) -> None:
        """Does what the key under the pointer does, by way of the key."""
        binding = self._at(event.x)
        if binding is not None:
            self.app.simulate_key(binding.key)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        binding = self._at(event.x)
        self.tooltip = Content(binding.tooltip) if binding is not None else None
