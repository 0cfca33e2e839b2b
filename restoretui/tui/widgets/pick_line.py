"""Radio buttons on one line: a few choices, one of them taken; left and right choose."""

from collections.abc import Mapping

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from restoretui.tui.keys import PICKING
from restoretui.tui.words import Part, said


class PickLine(Widget, can_focus=True):
    """``choices`` are values with their labels."""

    ALLOW_SELECT = False
    BINDINGS = PICKING.bindings()
    DEFAULT_CSS = "PickLine { height: 1; width: auto; }"

    class Picked(Message):
        """Another value was taken."""

        def __init__(self, line: "PickLine") -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> "PickLine":
            return self.line

    def __init__(self, label: str, choices: Mapping[str, str], value: str, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._label = label
        self._choices = choices
        self.value = value
        """The one taken."""
        self._ends: list[tuple[int, str]] = []

    def pick(self, value: str) -> None:
        """Take this one."""
        if value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.Picked(self))

    def action_pick(self, step: int) -> None:
        values = list(self._choices)
        self.pick(values[(values.index(self.value) + step) % len(values)])

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.refresh()

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """In cells: all choices on the line, whatever room there is."""
        return self.render().cell_length

    def on_click(self, event: events.Click) -> None:
        for end, value in self._ends:
            if event.x < end:
                self.pick(value)
                return

    def render(self) -> Content:
        parts: list[Part] = [("▶" if self.has_focus else " ", "mark"), (f"{self._label} ", "dim")]
        self._ends = []
        x = 2 + len(self._label)
        for value, label in self._choices.items():
            taken = value == self.value
            parts += [
                ("◉ " if taken else "○ ", "mark" if taken else "dim"),
                (label, "strong" if taken else "dim"),
                "  ",
            ]
            x += len(label) + 4
            self._ends.append((x, value))
        return said(*parts)
