"""A box over the screen that asks or tells something, closed by escape."""

from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

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
        self.shell.key_line.let_go()  # Keys that waited for the dialog are for it.
        # Parts are held, not queried: work that outlives the dialog may still tell them something.
        with Vertical(id="box") as self.box:
            self.box.border_title = said((self._title, ""))
            yield from self.body()
            self._problem = Static("", id="problem", markup=False)
            yield self._problem
        yield KeyBar()

    def body(self) -> ComposeResult:
        """What is in the box."""
        yield from ()

    def complain(self, error: RestoreTuiError) -> None:
        self._problem.update(said(("✗ ", "bad"), str(error), (f" — {error.hint}" if error.hint else "", "dim")))
        self._problem.display = True
        self.add_class("-complaint")  # On a short terminal what is wrong needs the room.

    def no_complaint(self) -> None:
        """What was wrong no longer is."""
        self._problem.update(Content(""))
        self._problem.display = False
        self.remove_class("-complaint")

    def action_button(self, step: int) -> None:
        """From one button to a neighbour, if the keys are on one."""
        if isinstance(self.focused, Button) and self.focused.parent is not None:
            row = [button for button in self.focused.parent.query_children(Button) if not button.disabled]
            row[(row.index(self.focused) + step) % len(row)].focus()

    def action_cancel(self) -> None:
        self.dismiss(None)
