"""Asks for a location. Opened by ``g``, it gives way to a second ``g``, which elsewhere goes to the first row."""

import time
from collections.abc import Callable, Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from restoretui.core.errors import UsageError
from restoretui.core.location import Location, parse_location
from restoretui.core.rules.clouds import CLOUDS
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.keys import GOING
from restoretui.tui.words import said
from restoretui.wording.shell import unquoted

FORMS = (
    "s3://bucket/prefix/ one level · s3://bucket/key one object · s3://bucket/part* keys that begin so"
    " · oss:// for Alibaba Cloud · @name a set"
)

BEGINNINGS = tuple(f"{scheme}://" for scheme in CLOUDS)
"""Of a whole location."""

AGAIN_WITHIN_S = 0.5
"""Between the two presses of a key that is pressed twice."""


def pasted(text: str) -> str:
    """A location as it was typed, or as it was copied here or for a shell: then without its quotes."""
    word = text.strip()
    return unquoted(word) if word.startswith(("'", "$'")) else text.lstrip()


class PlaceField(Input):
    """A line that is completed from what is known, and goes back through where somebody was."""

    BINDINGS = GOING.bindings()

    class PressedAgain(Message):
        """The key that opened it, before anything was typed."""

    def __init__(self, text: str, known: Sequence[str], beginnings: Sequence[str]) -> None:
        suggester = SuggestFromList(known) if known else None
        super().__init__(
            text, placeholder="s3://bucket/prefix/ or oss://bucket/prefix/", compact=True, select_on_focus=False,
            suggester=suggester,
        )  # fmt: skip
        self.cursor_blink = False
        self._known = [text, *known]
        self._at = 0
        self._beginnings = tuple(beginnings)
        self._anew = {f"{text}{beginning}": beginning for beginning in beginnings}
        """Behind the place that stands there: that is not meant to go on with it."""
        self._until = time.monotonic() + AGAIN_WITHIN_S

    def on_key(self, event: events.Key) -> None:
        """``gg`` is the first row to many fingers; who types a name that begins with g opens it by ``:``."""
        if event.key == "g" and time.monotonic() < self._until:
            event.stop()
            event.prevent_default()
            self.post_message(self.PressedAgain())
        self._until = 0.0

    def _on_paste(self, event: events.Paste) -> None:
        if pasted(event.text).startswith(self._beginnings):
            self.clear()
        super()._on_paste(event)
        # Textual would insert it once more by its own handler of the same name.
        event.prevent_default()

    def begin_anew(self) -> bool:
        """A whole location is being typed behind the one that stands there: it takes its place."""
        beginning = self._anew.get(self.value)
        if beginning is None:
            return False
        self.value = beginning
        self.action_end()
        return True

    def action_complete(self) -> None:
        self.action_end()
        self.action_cursor_right()  # Textual's own way to take what it suggests.

    def action_older(self, step: int) -> None:
        """The next of the known places, or the one before."""
        self._at = max(0, min(len(self._known) - 1, self._at + step))
        self.value = self._known[self._at]
        self.action_end()


class GoTo(Dialog[Location | str]):
    """Answers with a location that can be meant, or ``@NAME``; what cannot is said while the text stays."""

    def __init__(
        self,
        location: Location,
        known: Sequence[Location | str] = (),
        sets: Sequence[str] = (),
        places: Sequence[str] = (),
        read: Callable[[str], Location] = parse_location,
    ) -> None:
        """``known`` are where it is completed from, the likeliest first; ``sets`` and ``places`` have a name.

        ``read`` makes a location of what was typed.
        """
        super().__init__("Go to")
        self._read = read
        self._beginnings = (*BEGINNINGS, *places)
        self._location = location
        self._known = [*dict.fromkeys(str(place) for place in known if place != location), *places, *sets]

        self.was_pressed_again = False
        """It was closed by that, and not by somebody who wants nothing any more."""

    @on(PlaceField.PressedAgain)
    def _pressed_again(self) -> None:
        self.was_pressed_again = True
        self.dismiss(None)

    def body(self) -> ComposeResult:
        field = PlaceField(str(self._location), self._known, self._beginnings)
        yield field
        yield Static(said((FORMS, "dim")), markup=False)

    @on(Input.Changed)
    def _typing(self) -> None:
        self.query_one(PlaceField).begin_anew()
        self.no_complaint()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        text = pasted(event.value)
        if text.startswith("@"):
            self.dismiss(text)  # Which sets there are is known where it is gone to.
            return
        try:
            self.dismiss(self._read(text))
        except UsageError as error:
            self.complain(error)
