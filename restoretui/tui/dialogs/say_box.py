"""What a dialog or a run is about, as commands: the first is copied at once, the others by enter."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt
from restoretui.wording.command_line import command_lines

if TYPE_CHECKING:
    from restoretui.session.saying.commands import Said

LINES_SHOWN = 12
"""Of one form on screen; what is copied is whole."""


class SayBox(Dialog[None]):
    """A chooser among forms of the same; closed by escape, and nothing but copying is ever done by it."""

    FITS_ITSELF = True

    def __init__(self, forms: "Sequence[Said]") -> None:
        super().__init__("As a command")
        self._forms = forms
        self._texts = [command_lines(form.commands) for form in forms]

    def head(self) -> ComposeResult:
        self._copied = Static("", id="copied", markup=False)
        yield self._copied

    def body(self) -> ComposeResult:
        options = [
            Option(_shown(form, text), id=str(at), disabled=not text)
            for at, (form, text) in enumerate(zip(self._forms, self._texts, strict=True))
        ]
        self._list = OptionList(*options, compact=True, id="forms")
        yield self._list

    def giving(self) -> Sequence[Widget]:
        return [self._list]

    def on_mount(self) -> None:
        first = next((at for at, text in enumerate(self._texts) if text), None)
        if first is None:
            self._copied.update(said(("there is nothing to copy", "warn")))
            return
        self._list.highlighted = first
        self._copy(first)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._copy(int(event.option_id or 0))

    def _copy(self, at: int) -> None:
        text, form = self._texts[at], self._forms[at]
        why_not = self.shell.copy_lines(text)
        what = f"{form.title}, {fmt.plural(text.count(chr(10)) + 1, 'line')}"
        if why_not:
            self._copied.update(said(("▲ not copied: ", "warn"), why_not, ("; select it with the mouse", "dim")))
        else:
            self._copied.update(said(("✓ copied: ", "ok"), what, (" · enter copies another", "dim")))
        self.fit_soon()


def _shown(form: "Said", text: str) -> Content:
    parts: list[Part] = [(form.title, "strong")]
    if form.remark:
        parts += ["  ", (form.remark, "dim")]
    lines = text.split("\n") if text else []
    content = [said(*parts), *(said(line) for line in lines[:LINES_SHOWN])]
    if len(lines) > LINES_SHOWN:
        content.append(said((f"… {fmt.plural(len(lines) - LINES_SHOWN, 'line')} more, copied as well", "dim")))
    return Content("\n").join(content)
