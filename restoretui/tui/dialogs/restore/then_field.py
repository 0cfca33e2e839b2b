"""What is done with each object once it can be read: nothing, a copy kept for good, or a download."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from restoretui.core.errors import UsageError
from restoretui.core.then.said import read_steps
from restoretui.core.then.steps import STANDARD, ThenKind, ThenStep
from restoretui.tui.widgets.pick_line import PickLine
from restoretui.tui.words import said

NOTHING, KEEP, DOWNLOAD = "nothing", "keep", "download"
CHOICES = {NOTHING: "nothing", KEEP: f"keep in {STANDARD}", DOWNLOAD: "download"}
USUAL_FOLDER = "~/restored"


class ThenField(Vertical):
    """Nothing, unless somebody says otherwise; the folder only while it is asked for."""

    DEFAULT_CSS = """
    ThenField { height: auto; & Horizontal { height: 1; } & Static { width: auto; } & Input { width: 1fr; } }
    """

    class Changed(Message):
        """Another plan is wanted."""

    def compose(self) -> ComposeResult:
        self.choice = PickLine("Then", CHOICES, NOTHING, id="then")
        self.folder = Input(USUAL_FOLDER, compact=True, select_on_focus=False, id="then-folder")
        self.folder.cursor_blink = False
        yield self.choice
        with Horizontal() as self._into:
            yield Static(said((" into ", "dim")), markup=False)
            yield self.folder

    def on_mount(self) -> None:
        self._into.display = False

    def steps(self) -> tuple[ThenStep, ...]:
        """As chosen; ``UsageError`` for a folder that cannot be meant."""
        if not self.display or self.choice.value == NOTHING:
            return ()
        if self.choice.value == KEEP:
            return tuple(read_steps([str(ThenKind.COPY)]))
        if not self.folder.value.strip():
            raise UsageError("a download needs a folder", "type one")
        return tuple(read_steps([f"{ThenKind.DOWNLOAD}:{self.folder.value.strip()}"]))

    @on(PickLine.Picked)
    def _picked(self, event: PickLine.Picked) -> None:
        event.stop()
        self._into.display = self.choice.value == DOWNLOAD
        self.post_message(self.Changed())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.choice.value == DOWNLOAD:
            self.post_message(self.Changed())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()
