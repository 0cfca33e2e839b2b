"""What a key is answered that does nothing where it was pressed: silence would look like a key that was lost."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from textual.binding import Binding

from restoretui.tui.keys import key_name

_STEPS = {"back", "parent", "clear", "place_back", "place_forward", "undo", "redo"}
"""Ways back, which end somewhere: who goes on pressing means to get there, and is there."""


class Keyed(Protocol):
    """A tab's content."""

    def binding_of(self, key: str) -> Binding | None:
        """What that key is for there, whether there is anything to do it with or not."""
        ...


class KeyAnswer(NamedTuple):
    """What is said."""

    text: str
    hint: str


def answer(key: str, shown: Keyed, others: Iterable[tuple[str, str, Keyed]], help_key: str) -> KeyAnswer | None:
    """None where the key is nobody's, or needs no answer. ``others``: key, name and content of each other tab."""
    here = shown.binding_of(key)
    if here is not None and here.id in _STEPS:
        return None
    if here is not None:
        text = f"{key_name(key)} ({here.description}) finds nothing here to act on"
        return KeyAnswer(text, f"{help_key} tells all keys")
    for tab_key, name, pane in others:
        there = pane.binding_of(key)
        if there is not None and there.id not in _STEPS:
            return KeyAnswer(
                f"{key_name(key)} ({there.description}) is a key of the {name} tab", f"{tab_key} shows it"
            )
    return None
