"""A menu of the user's commands, and the box that shows what one of them said."""

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from restoretui.config.user_commands import UserCommand
from restoretui.tui.dialogs.dialog import Dialog, Middle
from restoretui.tui.keys import READING, key_name
from restoretui.tui.words import said

MOST_LINES = 2000
"""Of what a command said: its end."""


class CommandMenu(Dialog[int]):
    """Answers with the place of the command chosen; those that cannot be run now are dark, with why."""

    FITS_ITSELF = True

    def __init__(self, commands: Sequence[UserCommand], why_not: Mapping[int, str]) -> None:
        super().__init__("Your commands")
        self._commands = commands
        self._why_not = why_not

    def body(self) -> ComposeResult:
        options = [
            Option(
                said(command.name, (f"  {key_name(command.key)}" if command.key else "", "key"),
                     (f"  {command.scope}", "dim"), (f"  {self._why_not.get(at, '')}", "dim")),
                id=str(at), disabled=at in self._why_not,
            )
            for at, command in enumerate(self._commands)
        ]  # fmt: skip
        self._menu = OptionList(*options, compact=True, id="own-commands")
        yield self._menu

    def giving(self) -> Sequence[Widget]:
        return [self._menu]

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option_id or 0))


class OutputBox(Dialog[None], inherit_bindings=False):
    """What a command said, with how it ended above it."""

    BINDINGS = READING.bindings()
    FITS_ITSELF = True

    def __init__(self, name: str, how: str, output: str, *, failed: bool) -> None:
        super().__init__(name)
        lines = output.splitlines()[-MOST_LINES:] or ["(it said nothing)"]
        self._text = Content("\n").join([said((how, "bad" if failed else "ok")), *map(said, lines)])

    def body(self) -> ComposeResult:
        with Middle(can_focus=True) as self._scroll:
            yield Static(self._text, markup=False, id="own-output")

    def giving(self) -> Sequence[Widget]:
        return [self._scroll]

    def action_cancel(self) -> None:
        """Close it."""
        self.dismiss(None)
