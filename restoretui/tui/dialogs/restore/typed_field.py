"""A line on which something has to be typed before a plan may be confirmed."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static


class TypedField(Horizontal):
    """What has to be typed, and where: ``NAME-label`` and the field ``NAME`` on ``NAME-line``."""

    def __init__(self, name: str) -> None:
        super().__init__(id=f"{name}-line")
        self._label = Static("", id=f"{name}-label", markup=False)
        self._field = Input(compact=True, id=name)
        self._field.cursor_blink = False

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._field

    @property
    def text(self) -> str:
        """What was typed."""
        return self._field.value.strip()

    def begin(self) -> None:
        """Give it the keys."""
        self._field.focus()

    def clear(self) -> None:
        """What was typed was about something else."""
        self._field.value = ""

    def tell(self, label: Content) -> None:
        """Say what has to be typed, and why."""
        self._label.update(label)
