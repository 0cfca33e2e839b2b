"""The line to type a filter into, debounced: what is typed is told as it is typed, not with every key."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from restoretui.tui.keys import FILTER

SETTLE_S = 0.08
"""Debounce: seconds without a key after which the filter is applied."""


class FilterBar(Horizontal):
    """Enter keeps the filter and gives the keys back to the table, escape drops it."""

    BINDINGS = FILTER.bindings()
    DEFAULT_CSS = """
    FilterBar { height: 1; display: none; }
    FilterBar Static { width: auto; padding: 0 1; }
    FilterBar Input { width: 1fr; }
    """

    class Changed(Message):
        """Another filter; ``final`` when the user is done with it."""

        def __init__(self, bar: "FilterBar", text: str, final: bool) -> None:
            super().__init__()
            self.bar, self.text, self.final = bar, text, final

        @property
        def control(self) -> "FilterBar":
            return self.bar

    def __init__(self, hint: str, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._hint = hint
        self._timer: Timer | None = None
        self.text = ""
        """The filter in force."""

    def compose(self) -> ComposeResult:
        yield Static("/", markup=False, classes="prompt")
        field = Input(placeholder=self._hint, compact=True, select_on_focus=False)
        field.cursor_blink = False
        yield field

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    def open(self) -> None:
        """Begin to type, with what is in force."""
        self.display = True
        self._field.focus()
        self._field.cursor_position = len(self._field.value)

    def clear(self) -> None:
        """No filter, without telling anyone."""
        self._stop()
        self.text = ""
        with self.prevent(Input.Changed):
            self._field.value = ""
        self.display = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._stop()
        self._timer = self.set_timer(SETTLE_S, self._settled)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def _settled(self) -> None:
        self._stop()
        if self._field.value != self.text:
            self._tell(final=False)

    def _tell(self, *, final: bool) -> None:
        self.text = self._field.value
        self.post_message(self.Changed(self, self.text, final))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def action_keep(self) -> None:
        self._stop()
        if not self._field.value:
            self.display = False
        self._tell(final=True)

    def action_drop(self) -> None:
        self.clear()
        self._tell(final=True)
