"""Asks for keys to mark: a file that lists them, or the list itself, pasted."""

import asyncio

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from restoretui.core.blocking import TOLD_AFTER_S
from restoretui.core.errors import UsageError
from restoretui.core.location import Location
from restoretui.session.keys.entries import NamedKeys
from restoretui.session.keys.key_list import pasted_marks, read_marks
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.words import said
from restoretui.wording import format as fmt


class KeyField(Input):
    """A line that takes a paste of many lines as a list of keys."""

    def __init__(self) -> None:
        super().__init__(placeholder="a file, or paste the keys here", compact=True, select_on_focus=False)
        self.cursor_blink = False
        self.pasted = ""

    def _on_paste(self, event: events.Paste) -> None:
        if len(event.text.splitlines()) < 2:
            super()._on_paste(event)
            return
        event.prevent_default()
        event.stop()
        self.pasted = event.text
        self.value = ""
        self.placeholder = f"{fmt.plural(len(event.text.split()), 'line')} pasted; enter marks them"


class KeysPrompt(Dialog[NamedKeys]):
    """Answers with objects: keys, verbatim, or what ``--keys-format`` names; of a completion report what failed."""

    def __init__(self, place: Location) -> None:
        """``place`` is the bucket the keys are in."""
        super().__init__("Mark keys")
        self._place = place

    def body(self) -> ComposeResult:
        text = (
            f"keys in {self._place}, one a line, verbatim, or a manifest or completion report of a job (what failed):"
            " a file, or the list, pasted"
        )
        yield Static(said((text, "dim")), markup=False)

    def foot(self) -> ComposeResult:
        self._field = KeyField()
        yield self._field

    @on(Input.Changed)
    def _typing(self) -> None:
        self.no_complaint()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.attempt(self._read, "keys")

    async def _read(self) -> None:
        name = self._field.value.strip()
        if not name and not self._field.pasted:
            raise UsageError("no file is named, and nothing was pasted")
        if name == "-":
            raise UsageError("the screens have no stdin to read keys from", "name a file, or paste the keys")
        bucket = self._place.bucket
        named = await self._read_file(name, bucket) if name else pasted_marks(self._field.pasted, bucket)
        if not named.entries:
            raise UsageError("there is no key in it", "write a key a line")
        self.dismiss(named)

    async def _read_file(self, name: str, bucket: str) -> NamedKeys:
        reading = asyncio.ensure_future(read_marks(name, bucket))
        try:
            if not (await asyncio.wait({reading}, timeout=TOLD_AFTER_S))[0]:
                self.remark(f"waiting for the end of {name}")  # A pipe, say, that nobody writes to.
            return await reading
        finally:
            reading.cancel()
