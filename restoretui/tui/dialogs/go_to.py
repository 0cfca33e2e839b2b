"""Asks for a location."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from restoretui.core.errors import LocationError
from restoretui.core.location import Location, parse_location
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.words import said
from restoretui.wording.shell import unquoted

FORMS = (
    "s3://bucket/prefix/ all below · s3://bucket/key one object · s3://bucket/part* keys that begin so"
    " · oss:// for Alibaba Cloud"
)


def pasted(text: str) -> str:
    """A location as it was typed, or as it was copied here or for a shell: then without its quotes."""
    word = text.strip()
    return unquoted(word) if word.startswith(("'", "$'")) else text.lstrip()


class GoTo(Dialog[Location]):
    """Answers with a location that can be meant; what cannot is said while the text stays."""

    def __init__(self, location: Location) -> None:
        super().__init__("Go to")
        self._location = location

    def body(self) -> ComposeResult:
        field = Input(
            str(self._location),
            placeholder="s3://bucket/prefix/ or oss://bucket/prefix/",
            compact=True,
            select_on_focus=False,
        )
        field.cursor_blink = False
        yield field
        yield Static(said((FORMS, "dim")), markup=False)

    @on(Input.Changed)
    def _typing(self) -> None:
        self.no_complaint()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        try:
            self.dismiss(parse_location(pasted(event.value)))
        except LocationError as error:
            self.complain(error)
