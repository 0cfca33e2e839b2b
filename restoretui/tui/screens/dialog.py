"""A box over the screen that asks or tells something, closed by escape."""

from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.keys import DIALOG
from restoretui.tui.widgets.key_bar import KeyBar
from restoretui.tui.words import said
from restoretui.tui.working import Working

ResultT = TypeVar("ResultT")


class Dialog(Working, ModalScreen[ResultT]):
    """``None`` is the answer when it was cancelled."""

    BINDINGS = DIALOG.bindings()
    AUTO_FOCUS = "*"

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = said(" ", self._title, " ")
            yield from self.body()
            yield Static("", id="problem", markup=False)
        yield KeyBar()

    def body(self) -> ComposeResult:
        """What is in the box."""
        yield from ()

    def say_title(self, title: str) -> None:
        """Another title."""
        self.query_one("#box").border_title = said(" ", title, " ")

    def complain(self, error: RestoreTuiError) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(said(("✗ ", "bad"), str(error), (f" — {error.hint}" if error.hint else "", "dim")))
        problem.display = True

    def no_complaint(self) -> None:
        """What was wrong no longer is."""
        problem = self.query_one("#problem", Static)
        problem.update(Content(""))
        problem.display = False

    def action_cancel(self) -> None:
        self.dismiss(None)
