"""What is copied goes to the clipboard by way of the terminal; where it cannot arrive, that is said instead."""

from collections.abc import Callable
from typing import Protocol

from restoretui.tui.terminal.clipboard import why_no_clipboard
from restoretui.wording.safe import clean
from restoretui.wording.shell import shell_word

Say = Callable[[str, str, str], None]
"""Tells that it is copied: the text, why it arrives nowhere, empty where it may, and what was done to it."""


class Terminal(Protocol):
    """What takes it there."""

    def copy_to_clipboard(self, text: str) -> None:
        """Have the terminal keep it."""
        ...


class CopiedText:
    """Of one app."""

    def __init__(self, terminal: Terminal, say: Say) -> None:
        self._terminal = terminal
        self._say = say
        self._why_not = ""

    def look(self) -> None:
        """Learn whether anything that is copied arrives anywhere; blocks, so not in the event loop."""
        self._why_not = why_no_clipboard()

    def word(self, text: str) -> None:
        """Quoted if a shell or a terminal would act on it."""
        word = shell_word(text)
        self._say(word, self.lines(word), "quoted for a shell" if word != text else "")

    def prose(self, text: str) -> None:
        """What is to be read, not to be one word: what a terminal would obey or hide is spelled out."""
        shown = clean(text)
        self._say(shown, self.lines(shown), "control characters spelled out" if shown != text else "")

    def lines(self, text: str) -> str:
        """As it is; why that arrives nowhere, in words, empty where it may."""
        self._terminal.copy_to_clipboard(text)
        return self._why_not
