"""A list of check boxes that can be told apart without colour."""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from textual import on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from restoretui.tui.words import Part, said

ValueT = TypeVar("ValueT")


class CheckList(OptionList, Generic[ValueT]):
    """Space, enter or a click ticks and unticks."""

    BINDINGS = [("space", "select", "tick")]  # noqa: RUF012  Textual declares it so

    def __init__(
        self,
        choices: Sequence[tuple[ValueT, Sequence[Part]]],
        ticked: Iterable[ValueT],
        *,
        id: str | None = None,  # noqa: A002  Textual's own name
    ) -> None:
        self._choices = list(choices)
        self.ticked = set(ticked)
        """The values that are ticked."""
        super().__init__(*(Option(self._line(number)) for number in range(len(self._choices))), compact=True, id=id)

    def _line(self, number: int) -> Content:
        value, words = self._choices[number]
        return said(("[x] ", "mark") if value in self.ticked else ("[ ] ", "dim"), *words)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        value, _ = self._choices[event.option_index]
        self.ticked ^= {value}
        self.replace_option_prompt_at_index(event.option_index, self._line(event.option_index))
