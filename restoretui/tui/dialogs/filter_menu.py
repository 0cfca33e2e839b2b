"""What a table shows: the filter as text, and as boxes of the states and classes that are there."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static

from restoretui.core.errors import RestoreTuiError
from restoretui.core.filter.completion import Counted, Present
from restoretui.core.filter.edits import ticked, with_ticked
from restoretui.core.filter.parser import FilterError, parse_filter
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import Filter
from restoretui.core.model import State
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.dialogs.menus import SavedFilters
from restoretui.tui.keys import SHOWING
from restoretui.tui.widgets.check_list import CheckList
from restoretui.tui.words import STATES, Part, class_text, said
from restoretui.wording import format as fmt

ORDER = (
    State.ARCHIVED, State.PLANNED, State.REQUESTED, State.RESTORING, State.AVAILABLE, State.EXPIRED, State.FAILED,
    State.SKIPPED, State.CANCELLED, State.ONLINE, State.UNKNOWN,
)  # fmt: skip
PRESETS: Mapping[str, tuple[State, ...]] = {
    "archived": (State.ARCHIVED,),
    "restoring": (State.PLANNED, State.REQUESTED, State.RESTORING),
    "readable": (State.AVAILABLE, State.ONLINE),
}


WIDEST, FRAME = 92, 4
"""Cells of the box at most, as its style has it, and of them those of its frame."""
BOX, GAP = 4, 2
"""Of what is ticked; between columns."""
BESIDE = 48
"""With fewer cells the classes stand below the states."""


class Shown(NamedTuple):
    """The answer."""

    where: Filter | None


class FilterMenu(Dialog[Shown]):
    """Answers with a filter. Boxes and text are one: what is ticked is written, what is written is ticked."""

    FITS_ITSELF = True
    AUTO_FOCUS = "#states"
    BINDINGS = SHOWING.bindings()

    def __init__(self, where: Filter | None, find: Callable[[], Awaitable[Present]]) -> None:
        """``find`` tells what there is, which may take a moment."""
        super().__init__("Show only")
        self._where = where
        self._find = find
        self._present: Present | None = None

    def head(self) -> ComposeResult:
        self._input = Input(filter_text(self._where), placeholder="everything", compact=True, select_on_focus=False)
        self._input.cursor_blink = False
        yield self._input

    def body(self) -> ComposeResult:
        with Horizontal(id="facets"):
            with Vertical():
                self._state_head = Static(said(("State", "strong"), ("  counting …", "dim")), markup=False)
                yield self._state_head
                self._state_list = CheckList[str](id="states")
                yield self._state_list
            with Vertical():
                yield Static(said(("Storage class", "strong")), markup=False)
                self._class_list = CheckList[str](id="classes")
                yield self._class_list
        yield Static(
            said(
                ("space ticks · 1 archived · 2 restoring · 3 readable · v saved · nothing ticked: everything", "dim")
            ),
            markup=False,
        )

    def giving(self) -> Sequence[Widget]:
        # The longer one tells how much is out of view.
        lists: list[OptionList] = [self._state_list, self._class_list]
        return sorted(lists, key=lambda one: -one.option_count)

    def foot(self) -> ComposeResult:
        with Horizontal(classes="buttons"):
            yield Button("Show", variant="primary", compact=True, id="show")
            yield Button("Everything", compact=True, id="everything")

    def on_mount(self) -> None:
        self._fill()
        self.attempt(self._count, "count")

    def on_resize(self) -> None:
        """Other columns fit."""
        self._fill()

    async def _count(self) -> None:
        try:
            self._present = await self._find()
        except RestoreTuiError as error:
            self.complain(error)
        self._state_head.update(said(("State", "strong")))
        self._fill()

    def _fill(self) -> None:
        """Boxes for what is there, and for what is ticked; the most by their usual order."""
        present = self._present or Present()
        states = [state.value for state in ORDER]
        written = ticked(self._where, "state", states)
        chosen = [state for state in states if state in present.states or (state in written and len(written) < 6)]
        width = min(WIDEST, self.app.size.width * 95 // 100) - FRAME
        self.set_class(width < BESIDE, "-below")
        room = max(1, width if width < BESIDE else width // 2) - GAP - BOX
        amounts = [*present.states.values(), *present.classes.values()]
        longest = max(map(len, chosen), default=0)
        spare = room - longest - 2
        self._state_list.show(
            [
                (one, [STATES[State(one)], f" {one:<{longest}}", *_amount(present.states.get(one), amounts, spare)])
                for one in chosen
            ],
            written,
        )
        classes = sorted(present.classes)
        names = {name: class_text(name, _room_of_name(room, amounts)) for name in classes}
        longest = max(map(len, names.values()), default=0)
        self._class_list.show(
            [
                (name, [f"{names[name]:<{longest}}", *_amount(present.classes[name], amounts, room - longest)])
                for name in classes
            ],
            ticked(self._where, "class", classes),
        )
        self.fit_soon()

    # --- both ways

    @on(CheckList.Ticked)
    def _ticked(self) -> None:
        self._where = with_ticked(self._where, "state", sorted(self._state_list.ticked))
        self._where = with_ticked(self._where, "class", sorted(self._class_list.ticked))
        with self.prevent(Input.Changed):
            self._input.value = filter_text(self._where)
        self.no_complaint()

    @on(Input.Changed)
    def _typed(self) -> None:
        try:
            self._where = parse_filter(self._input.value)
        except FilterError as error:
            if not error.unfinished:
                self.complain(error)
            return
        self.no_complaint()
        self._fill()

    def action_saved(self) -> None:
        """Choose one by its name: that is shown, in place of what is written here."""
        self.shell.push_screen(SavedFilters(), self._chosen)

    def _chosen(self, text: str | None) -> None:
        if text is not None:
            self.dismiss(Shown(parse_filter(text)))

    def _answer(self) -> None:
        try:
            self.dismiss(Shown(parse_filter(self._input.value)))
        except FilterError as error:
            self.complain(error)

    @on(CheckList.Accepted)
    @on(Input.Submitted)
    @on(Button.Pressed, "#show")
    def _show(self) -> None:
        self._answer()

    @on(Button.Pressed, "#everything")
    def _everything(self) -> None:
        self.dismiss(Shown(None))

    def action_preset(self, name: str) -> None:
        """Show what is in these states, and in nothing else than what is written besides."""
        self.dismiss(Shown(with_ticked(self._where, "state", sorted(state.value for state in PRESETS[name]))))


def _widths(amounts: Sequence[Counted]) -> tuple[int, int]:
    objects = max((len(f"{one.objects:,}") for one in amounts), default=0)
    return objects, max((len(fmt.size(one.size_bytes)) for one in amounts), default=0)


def _room_of_name(room: int, amounts: Sequence[Counted]) -> int:
    """Beside number and size, where a name is left its most usual length; else beside the number alone."""
    objects, size = _widths(amounts)
    beside_both = room - objects - size - 2 * GAP
    return beside_both if beside_both >= len("DEEP_ARCHIVE") else room - objects - GAP


def _amount(counted: Counted | None, among: Sequence[Counted], room: int) -> list[Part]:
    """How many, and how much, below each other with all the others; as much of that as so many cells take."""
    if counted is None:
        return []
    objects, size = _widths(among)
    number = f"{'':{GAP}}{counted.objects:>{objects},}"
    both = f"{number}{'':{GAP}}{fmt.size(counted.size_bytes):>{size}}"
    return [(next((text for text in (both, number) if len(text) <= room), ""), "dim")]
