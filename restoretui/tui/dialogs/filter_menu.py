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
from restoretui.tui.words import STATES, Part, said
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
        self._state_list.show([self._state_box(state, present.states.get(state)) for state in chosen], written)
        classes = sorted(present.classes)
        longest = max((len(name) for name in classes), default=0)
        self._class_list.show(
            [(name, [f"{name:<{longest}}", *_amount(present.classes[name])]) for name in classes],
            ticked(self._where, "class", classes),
        )
        self.fit_soon()

    def _state_box(self, state: str, counted: Counted | None) -> tuple[str, Sequence[Part]]:
        return state, [STATES[State(state)], f" {state:<10}", *_amount(counted)]

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


def _amount(counted: Counted | None) -> list[Part]:
    """How many, and how much."""
    return [] if counted is None else [(f" {counted.objects:>9,}  {fmt.size(counted.size_bytes):>8}", "dim")]
