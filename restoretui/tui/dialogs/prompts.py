"""Prompts: a line of text, yes or no, one of a few ways."""

from collections.abc import Mapping
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Static

from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.shell import Says
from restoretui.tui.widgets.guarded_button import GuardedButton
from restoretui.tui.words import said

AnswerT = TypeVar("AnswerT")


class TextPrompt(Dialog[str]):
    """Answers with what was typed."""

    def __init__(self, title: str, question: str, value: str = "", says: Says | None = None) -> None:
        super().__init__(title)
        self._question = question
        self._says = says
        self._value = value

    def says(self) -> Says | None:
        return self._says

    def body(self) -> ComposeResult:
        yield Static(said((self._question, "dim")), markup=False)

    def foot(self) -> ComposeResult:
        field = Input(self._value, compact=True, select_on_focus=False)
        field.cursor_blink = False
        yield field

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class _Question(Dialog[AnswerT]):
    """A question with buttons to answer it; the keys stand on no."""

    AUTO_FOCUS = "#no"

    def __init__(self, title: str, question: str, ways: Mapping[str, str], no: str, says: Says | None) -> None:
        super().__init__(title)
        self._question = question
        self._ways = ways
        self._no = no
        self._says = says

    def says(self) -> Says | None:
        return self._says

    def body(self) -> ComposeResult:
        yield Static(said(self._question), markup=False)

    def foot(self) -> ComposeResult:
        with Horizontal(classes="buttons"):
            for way, label in self._ways.items():
                yield GuardedButton(said(label), variant="primary", compact=True, id=way)
            yield Button(self._no, compact=True, id="no")


class Confirm(_Question[bool]):
    """Answers True for yes."""

    def __init__(self, title: str, question: str, yes: str, says: Says | None = None) -> None:
        super().__init__(title, question, {"yes": yes}, "No", says)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class Pick(_Question[str]):
    """Answers with the id of the way chosen."""

    def __init__(
        self, title: str, question: str, ways: Mapping[str, str], no: str = "No", says: Says | None = None
    ) -> None:
        super().__init__(title, question, ways, no, says)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id if event.button.id in self._ways else None)
