"""All keys and what they do, made from the same table as the bindings, with the user's own keys."""

import textwrap
from collections.abc import Mapping

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from restoretui.tui.keys import (
    ACTIVITY,
    BROWSE,
    DIALOG,
    EVERYWHERE,
    FILTER,
    READING,
    RUNS,
    TABLE,
    TIERS,
    CommandGroup,
    key_name,
)
from restoretui.tui.screens.dialog import Dialog
from restoretui.tui.words import ACTIONS, STATES, Part, said

LEFT = (BROWSE, TABLE)
RIGHT = (RUNS, ACTIVITY, EVERYWHERE, FILTER, TIERS, DIALOG)
KEY_CELLS = 10
SIDE_BY_SIDE = 96
"""From this width on there are two columns."""


class Help(Dialog[None], inherit_bindings=False):
    """Scrolls where it does not fit."""

    BINDINGS = [*READING.bindings(), Binding("question_mark", "cancel", "close", show=False)]  # noqa: RUF012

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__("Keys")
        self._keymap = keymap

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=True):
            with Horizontal():
                yield Static("", markup=False, id="left")
                yield Static("", markup=False, id="right")
            yield Static("", markup=False, id="legend")

    def on_resize(self, event: events.Resize) -> None:
        room = self.query_one(VerticalScroll).size.width
        two = room >= SIDE_BY_SIDE - 8
        width = (room - 2) // 2 if two else room - 1
        self.query_one("#left", Static).update(self._column(LEFT if two else LEFT + RIGHT, width))
        self.query_one("#right", Static).update(self._column(RIGHT if two else (), width))
        self.query_one("#right").display = two
        self.query_one("#legend", Static).update(_legend(room - 1))

    def _column(self, groups: tuple[CommandGroup, ...], width: int) -> Content:
        lines = []
        for group in groups:
            lines.append(said((group.title, "strong")))
            for command in group:
                keys = self._keymap.get(command.id, command.keys).split(",")
                names = " ".join(key_name(key) for key in keys[:2])
                first, *more = textwrap.wrap(command.help, max(16, width - KEY_CELLS))
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
