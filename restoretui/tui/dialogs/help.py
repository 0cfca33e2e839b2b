"""All keys and what they do, made from the same table as the bindings, with the user's own keys."""

import textwrap
from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.keys import (
    ACTIVITY,
    BATCH,
    BROWSE,
    DIALOG,
    EVERYWHERE,
    FILTER,
    GOING,
    MARKED,
    PICKING,
    READING,
    RUNS,
    SHOWING,
    TABLE,
    TIERS,
    CommandGroup,
    key_name,
)
from restoretui.tui.words import ACTIONS, STATES, Part, said

SHOWN = (EVERYWHERE, BROWSE, MARKED, RUNS, BATCH, ACTIVITY, TABLE, FILTER, GOING, SHOWING, TIERS, PICKING, DIALOG)
HERE: Mapping[str, tuple[CommandGroup, ...]] = {
    "browse": (BROWSE, MARKED), "restores": (RUNS,), "batch": (BATCH,), "activity": (ACTIVITY,),
}  # fmt: skip
"""What comes first on which tab."""
KEY_CELLS = 12
SIDE_BY_SIDE = 96
"""From this width on there are two columns."""


class Help(Dialog[None], inherit_bindings=False):
    """Scrolls where it does not fit."""

    FITS_ITSELF = True
    COUNTS_HIDDEN = False

    BINDINGS = [*READING.bindings(), Binding("question_mark", "cancel", "close", show=False)]  # noqa: RUF012

    def __init__(self, keymap: Mapping[str, str], tab: str) -> None:
        super().__init__("Keys")
        self._keymap = keymap
        self._tab = tab

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=True) as self._scroll:
            with Horizontal():
                self._left = Static("", markup=False, id="left")
                yield self._left
                self._right = Static("", markup=False, id="right")
                yield self._right
            self._legend = Static("", markup=False)
            yield self._legend

    def giving(self) -> Sequence[Widget]:
        return [self._scroll]

    def on_resize(self) -> None:
        room = self._scroll.size.width
        two = room >= SIDE_BY_SIDE - 8
        width = (room - 2) // 2 if two else room - 1
        here = (*HERE.get(self._tab, ()), TABLE)
        rest = tuple(group for group in SHOWN if group not in here)
        self._left.update(self._column(here if two else here + rest, width))
        self._right.update(self._column(rest if two else (), width))
        self._right.display = two
        self._legend.update(_legend(room - 1))

    def _column(self, groups: tuple[CommandGroup, ...], width: int) -> Content:
        lines = []
        for group in groups:
            lines.append(said((group.title, "strong")))
            for command in group:
                keys = self._keymap.get(command.id, command.keys).split(",")
                names = " ".join(key_name(key) for key in keys[:2])
                first, *more = textwrap.wrap(command.help, max(16, width - KEY_CELLS - 1))
                lines.append(said((f"{names:<{KEY_CELLS}}", "key"), first))
                lines += [said(" " * KEY_CELLS, text) for text in more]
            lines.append(Content(""))
        return Content("\n").join(lines)


def _legend(width: int) -> Content:
    states = [(f"{glyph} {state.value}", style) for state, (glyph, style) in STATES.items()]
    actions = [(f"{glyph} {action.value}", style) for action, (glyph, style) in ACTIONS.items()]
    return Content("\n").join(
        [
            said(("States", "strong")), *_flow(states, width), Content(""),
            said(("What a plan would do", "strong")), *_flow(actions, width),
        ]
    )  # fmt: skip


def _flow(parts: list[tuple[str, str]], width: int) -> list[Content]:
    """As many on a line as fit."""
    lines: list[list[Part]] = [[]]
    used = 0
    for text, style in parts:
        if used + len(text) > width and lines[-1]:
            lines.append([])
            used = 0
        lines[-1] += [(text, style), "   "]
        used += len(text) + 3
    return [said(*line) for line in lines]
