"""A list of check boxes that can be told apart without colour."""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from restoretui.tui.words import Part, said

ValueT = TypeVar("ValueT")


class CheckList(OptionList, Generic[ValueT]):
    """Space or a click ticks and unticks; enter accepts what is ticked, whatever row the cursor is on."""

    BINDINGS = [  # noqa: RUF012  Textual declares it so
        Binding("space", "select", "tick"),
        Binding("enter", "accept", "show", priority=True),
    ]

    class Ticked(Message):
        """A box was ticked, or unticked."""

    class Accepted(Message):
        """That is it."""

    def __init__(
        self,
        choices: Sequence[tuple[ValueT, Sequence[Part]]] = (),
        ticked: Iterable[ValueT] = (),
        *,
        id: str | None = None,  # noqa: A002  Textual's own name
    ) -> None:
        self._choices = list(choices)
        self.ticked = set(ticked)
        """The values that are ticked."""
        super().__init__(*(Option(self._line(number)) for number in range(len(self._choices))), compact=True, id=id)

    def show(self, choices: Sequence[tuple[ValueT, Sequence[Part]]], ticked: Iterable[ValueT]) -> None:
        """Other boxes, or others of them ticked; the cursor stays."""
        at = self.highlighted
        self._choices, self.ticked = list(choices), set(ticked)
        self.set_options([Option(self._line(number)) for number in range(len(self._choices))])
        if self._choices:
            self.highlighted = min(at or 0, len(self._choices) - 1)

    def _line(self, number: int) -> Content:
        value, words = self._choices[number]
        return said(("[x] ", "mark") if value in self.ticked else ("[ ] ", "dim"), *words)

    def action_accept(self) -> None:
        """Posts ``Accepted``; what is ticked stands in ``ticked``."""
        self.post_message(self.Accepted())

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        value, _ = self._choices[event.option_index]
        self.ticked ^= {value}
        self.replace_option_prompt_at_index(event.option_index, self._line(event.option_index))
        self.post_message(self.Ticked())
