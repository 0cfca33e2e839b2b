"""The line to type a filter into, debounced: what is typed is told as it is typed, not with every key.

What is wrong with a text stands under its word, and what is before that word is in force meanwhile.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from restoretui.core.errors import RestoreTuiError
from restoretui.core.filter.fields import EVERY
from restoretui.tui.background import in_background
from restoretui.tui.keys import FILTER
from restoretui.tui.words import said
from restoretui.wording.safe import clean, width

if TYPE_CHECKING:  # what the first key asks for is loaded behind the first paint: see ``app.LATER``
    from restoretui.core.filter.completion import Completion, Present
    from restoretui.core.filter.parser import FilterError
    from restoretui.core.filter.tree import Filter

SETTLE_S = 0.08
"""Debounce: seconds without a key after which the filter is applied."""
PROMPT_CELLS = 3
HINT = "part of a key, *.bam, !not, state:archived, size>1G, age>2y, a | b"


class FilterBar(Vertical):
    """Enter keeps the filter and gives the keys back to the table, escape drops it, tab completes."""

    BINDINGS = FILTER.bindings()
    DEFAULT_CSS = """
    FilterBar { height: auto; display: none; }
    FilterBar > Horizontal { height: 1; }
    FilterBar > Horizontal > Static { width: auto; padding: 0 1; }
    FilterBar Input { width: 1fr; }
    FilterBar > Static { height: auto; display: none; }
    """

    class Changed(Message):
        """Another filter; ``final`` when the user is done with it."""

        def __init__(self, bar: "FilterBar", where: "Filter | None", final: bool) -> None:
            super().__init__()
            self.bar, self.where, self.final = bar, where, final

        @property
        def control(self) -> "FilterBar":
            return self.bar

    def __init__(
        self,
        hint: str = HINT,
        *,
        fields: Callable[[], frozenset[str]] = lambda: EVERY,
        present: "Callable[[], Awaitable[Present]] | None" = None,
        id: str | None = None,  # noqa: A002  Textual's own name
    ) -> None:
        """``fields`` are those that say something now; ``present`` finds what there is to choose from."""
        super().__init__(id=id)
        self._hint = hint
        self._fields = fields
        self._find_present = present
        self._present: Present | None = None
        """Counted when it is first asked for, since of a million rows that takes a while."""
        self._timer: Timer | None = None
        self._offered: list[Completion] = []
        self._offered_for = ""
        """The text that came of the last completion: another tab takes the next."""
        self.where: Filter | None = None
        """The filter in force."""
        self._typed_where: Filter | None = None
        """As far as what is typed can be meant."""

    def compose(self) -> ComposeResult:
        field = Input(placeholder=self._hint, compact=True, select_on_focus=False)
        field.cursor_blink = False
        self._below = Static("", markup=False)
        yield Horizontal(Static("/", markup=False, classes="prompt"), field)
        yield self._below

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    def open(self) -> None:
        """Begin to type, with what is in force."""
        self.display = True
        self._field.focus()
        self._field.cursor_position = len(self._field.value)
        self._present = None

    async def _complete_from(self, find: "Callable[[], Awaitable[Present]]") -> None:
        from restoretui.core.filter.completion import Present

        try:
            self._present = await find()
        except RestoreTuiError:
            self._present = Present()  # Whoever shows the rows says what is wrong; there is nothing to offer.
        self._complete(self._present)

    def clear(self) -> None:
        """No filter, without telling anyone."""
        self.show(None)

    def show(self, where: "Filter | None") -> None:
        """This filter is in force, without telling anyone; it stands in the header, so the line goes."""
        self._stop()
        self.where = where
        with self.prevent(Input.Changed):
            self._field.value = _text_of(where)
        self._say("")
        self.display = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._stop()
        self._timer = self.set_timer(SETTLE_S, self._settled)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def _settled(self) -> None:
        self._stop()
        self._read(is_final=False)
        if self._typed_where != self.where:
            self._tell(final=False)

    def _read(self, *, is_final: bool) -> bool:
        """Whether what is typed can be meant; where it cannot, that stands below it."""
        from restoretui.core.filter.parser import FilterError, parse_filter

        text = self._field.value
        try:
            self._typed_where = parse_filter(text, self._fields())
        except FilterError as error:
            at = PROMPT_CELLS + width(clean(text[: error.start])) - self._field.scroll_offset.x
            marks = "^" * max(1, width(clean(text[error.start : error.end])))
            self._say_at(max(0, at), marks, error, "dim" if error.unfinished and not is_final else "bad")
            self._typed_where = self._before(text, error.start)
            return False
        if text != self._offered_for:
            self._say("")
        return True

    def _before(self, text: str, wrong: int) -> "Filter | None":
        """What stands before the word that is wrong, or not finished; if that cannot be meant, what is in force."""
        from restoretui.core.filter.parser import FilterError, parse_filter

        while wrong > 0 and not text[wrong - 1].isspace():
            wrong -= 1
        try:
            return parse_filter(text[:wrong].rstrip("|(! "), self._fields())
        except FilterError:
            return self.where

    def _say_at(self, at: int, marks: str, error: "FilterError", style: str) -> None:
        words = f"{error}{f' — {error.hint}' if error.hint else ''}"
        room = self.size.width
        if at + width(marks) + 1 + width(words) <= room:
            self._say(f"{' ' * at}{marks} {words}", style)
        else:
            self._say(f"{' ' * at}{marks}"[:room] + f"\n {words}", style)

    def _say(self, text: str, style: str = "dim") -> None:
        self._below.update(Content("\n").join(said((line, style)) for line in text.split("\n")))
        self._below.display = bool(text)

    def _tell(self, *, final: bool) -> None:
        self.where = self._typed_where
        self.post_message(self.Changed(self, self.where, final))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def action_keep(self) -> None:
        """Close the field and post a final ``Changed``; what cannot be read keeps it open and says why."""
        self._stop()
        if not self._read(is_final=True):
            return
        if self._typed_where is None:
            self.display = False
        self._say("")
        self._tell(final=True)

    def action_drop(self) -> None:
        """Show everything again: ``Changed`` without a filter, and final."""
        self.clear()
        self._typed_where = None
        self._tell(final=True)

    def action_complete(self) -> None:
        """Take the first of what the word may become, then the next; keep the filter where there is none."""
        from restoretui.core.filter.completion import Present

        if self._present is None and self._find_present is not None and self._field.value.strip():
            in_background(self, partial(self._complete_from, self._find_present), "present", exclusive=True)
        else:
            self._complete(self._present or Present())

    def _complete(self, present: "Present") -> None:
        from restoretui.core.filter.completion import completions

        field = self._field
        if self._offered and field.value == self._offered_for:
            self._offered = [*self._offered[1:], self._offered[0]]
        else:
            self._offered = completions(field.value, field.cursor_position, present, self._fields())
            self._end = field.value[field.cursor_position :]
        if not self._offered:
            self.action_keep()
            return
        start, text = self._offered[0]
        self._offered_for = field.value[:start] + text + self._end
        field.value = self._offered_for
        field.cursor_position = start + len(text)
        others = "  ".join(each.text for each in self._offered[1:])
        self._say(f"{' ' * PROMPT_CELLS}tab: {others}" if others else "")


def _text_of(where: "Filter | None") -> str:
    if where is None:
        return ""
    from restoretui.core.filter.printer import filter_text

    return filter_text(where)
