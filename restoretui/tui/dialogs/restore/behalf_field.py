"""For whom a restore is: asked for where the config says so, and there only then."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from restoretui.core.saying.on_behalf import ASKABLE, LONGEST, NOBODY, OnBehalf
from restoretui.tui.words import said


class BehalfField(Vertical):
    """A line for each thing that the config asks for with each restore."""

    DEFAULT_CSS = """
    BehalfField { height: auto; & Horizontal { height: 1; } & Static { width: 11; } & Input { width: 1fr; } }
    """

    def __init__(self, asked_for: Sequence[str]) -> None:
        super().__init__()
        self._fields = {
            name: Input(max_length=LONGEST[name], compact=True, select_on_focus=False, id=f"behalf-{name}")
            for name in ASKABLE
            if name in asked_for
        }
        self.display = bool(self._fields)

    def compose(self) -> ComposeResult:
        for name, field in self._fields.items():
            field.cursor_blink = False
            with Horizontal():
                yield Static(said((name.capitalize(), "dim")), markup=False)
                yield field

    @property
    def behalf(self) -> OnBehalf:
        """As typed."""
        return NOBODY._replace(**{name: field.value.strip() for name, field in self._fields.items()})

    def begin(self) -> None:
        """Go to the first that is still empty."""
        for field in self._fields.values():
            if not field.value.strip():
                field.focus()
                return

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
