"""All keys and what they do, made from the table of the bindings, with the user's own keys; typing narrows it."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from restoretui.config.user_commands import UserCommand
from restoretui.tui.details.action_words import ACTIONS
from restoretui.tui.dialogs.dialog import Dialog, Middle
from restoretui.tui.keys import (
    ACTIVITY,
    BATCH,
    BROWSE,
    DIALOG,
    EVERYWHERE,
    FILTER,
    GOING,
    GROUPS,
    MARKED,
    PICKING,
    READING_HELP,
    RUNS,
    SHOWING,
    TABLE,
    TIERS,
    Command,
    CommandGroup,
    key_name,
)
from restoretui.tui.words import STATES, Part, said
from restoretui.wording.safe import clean

SHOWN = (EVERYWHERE, BROWSE, MARKED, RUNS, BATCH, ACTIVITY, TABLE, FILTER, GOING, SHOWING, TIERS, PICKING, DIALOG)
HERE: Mapping[str, tuple[CommandGroup, ...]] = {
    "browse": (BROWSE, MARKED), "restores": (RUNS,), "batch": (BATCH,), "activity": (ACTIVITY,),
}  # fmt: skip
"""What comes first on which tab."""
FIRST = (
    ("open", "open what is under the cursor"),
    ("facets", "show only what is archived (1), restoring (2), readable (3)"),
    ("mark", "mark what you want back"),
    ("restore", "see what it costs and how long it takes, before it is sent"),
    ("restores", "see how it goes"),
    ("quit", "leave; what was agreed to goes on at the next start"),
)
"""The six one needs first: the ids of their commands, and what they are good for."""
MOUSE = (
    ("click", "a row, a tab, a key below, a part of the location above: there; a column's head: sorted by it"),
    ("twice", "opens what is under it; a click on the mark's column marks"),
    ("wheel", "scrolls; with shift held, most terminals let text be selected"),
)
NOTHING = "no key does that: backspace widens the search, ^p finds commands by name"
KEY_CELLS = 12
SEARCHES_FROM = 10
"""Lines of the terminal; with fewer, all there are are for the keys."""
SIDE_BY_SIDE = 96
"""From this width on there are two columns."""


class SearchField(Input):
    """The key that opened the box closes it, unless it is part of what is searched."""

    def on_key(self, event: events.Key) -> None:
        """Before Textual takes it for text."""
        if event.key == "question_mark" and not self.value:
            event.prevent_default()
            event.stop()
            self.screen.dismiss(None)


class Help(Dialog[None], inherit_bindings=False):
    """Scrolls where it does not fit."""

    FITS_ITSELF = True
    COUNTS_HIDDEN = False

    BINDINGS = [  # noqa: RUF012
        # Before the field and Textual's own, which scroll what does not scroll here.
        *(replace(command.binding(), priority=True) for command in READING_HELP),
        Binding("home", "ends(False)", "top", show=False, priority=True),
        Binding("end", "ends(True)", "bottom", show=False, priority=True),
    ]

    def __init__(
        self,
        keymap: Mapping[str, str],
        tab: str,
        groups: Sequence[CommandGroup] = (),
        own: Sequence[UserCommand] = (),
    ) -> None:
        """``groups`` are the keys of the dialog it was asked for in; none: of the tab. ``own`` come first."""
        super().__init__("Keys")
        commands = [
            Command(f"own {at}", one.key, "", one.name, f"{clean(one.name)}: your command, about {one.scope}")
            for at, one in enumerate(own)
        ]
        self._own = (CommandGroup("Your commands", tuple(commands)),) if commands else ()
        self._groups = tuple(groups)
        self._keymap = keymap
        self._tab = tab

    def head(self) -> ComposeResult:
        self._search = SearchField(placeholder="type to search", compact=True, select_on_focus=False, id="search")
        self._search.cursor_blink = False
        yield self._search

    def body(self) -> ComposeResult:
        with Middle(can_focus=False) as self._scroll:
            self._first = Static("", markup=False)
            yield self._first
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
        self._search.display = self.app.size.height >= SEARCHES_FROM
        self._say()

    @on(Input.Changed)
    def _searching(self) -> None:
        self._scroll.scroll_home(animate=False)
        self._say()
        self.fit_soon()

    @on(Input.Submitted)
    def action_close(self) -> None:
        self.dismiss(None)

    def action_cancel(self) -> None:
        """First what was typed goes, then the box."""
        if self._search.value:
            self._search.value = ""
        else:
            self.dismiss(None)

    def action_scroll_lines(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_ends(self, last: bool) -> None:
        (self._scroll.scroll_end if last else self._scroll.scroll_home)(animate=False)

    def _say(self) -> None:
        room = self._scroll.size.width
        two = room >= SIDE_BY_SIDE - 8
        width = (room - 2) // 2 if two else room - 1
        words = self._search.value.lower().split()
        here = self._groups or (*self._own, *HERE.get(self._tab, ()), TABLE)
        rest = tuple(group for group in SHOWN if group not in here)
        left = self._lines(here if two else here + rest, width, words)
        right = self._lines(rest if two else (), width, words)
        if words and not left and not right:
            left = [said((NOTHING, "dim"))]
        self._first.display = not words and not self._groups
        self._legend.display = not words
        self._first.update(Content("\n").join(self._beginning(room - 1)))
        self._left.update(Content("\n").join(left))
        self._right.update(Content("\n").join(right))
        self._right.display = two and bool(right)
        self._left.display = bool(left) or not right
        self._legend.update(_legend(room - 1))

    def _beginning(self, width: int) -> list[Content]:
        commands = {command.id: command for group in SHOWN for command in group}
        lines = [said(("First of all", "strong"))]
        for command_id, good_for in FIRST:
            lines += _entry(self._keys(commands[command_id], most=1), good_for, width)
        return [*lines, Content("")]

    def _lines(self, groups: tuple[CommandGroup, ...], width: int, words: Sequence[str]) -> list[Content]:
        lines = []
        for group in groups:
            found = [command for command in group if _has(words, self._keys(command), command, group)]
            if found:
                lines.append(said((group.title, "strong")))
                for command in found:
                    lines += _entry(self._keys(command), command.help, width)
                lines.append(Content(""))
        return lines

    def _keys(self, command: Command, most: int = 2) -> str:
        keys = self._keymap.get(command.id, command.keys).split(",")
        return " ".join(key_name(key) for key in keys[:most])


def groups_of(screen: Screen[object]) -> list[CommandGroup]:
    """The keys of a dialog: those of its parts, then its own. Of what is no dialog none."""
    if not isinstance(screen, Dialog):
        return []
    kinds = {kind for part in (screen, *screen.query("*")) for kind in type(part).__mro__}
    bindings = (one for kind in kinds for one in Binding.make_bindings(vars(kind).get("BINDINGS", ())))
    bound = {(binding.id, binding.tooltip) for binding in bindings}
    found = [group for group in GROUPS if all((command.id, command.help) in bound for command in group)]
    return sorted(found, key=lambda group: group is DIALOG)


def _has(words: Sequence[str], keys: str, command: Command, group: CommandGroup) -> bool:
    """All of the words: a key as a whole, the rest anywhere."""
    text = f"{command.label} {command.help} {group.title}".lower()
    return all(word in text or word in keys.lower().split() for word in words)


def _entry(keys: str, text: str, width: int) -> list[Content]:
    first, *more = textwrap.wrap(text, max(16, width - KEY_CELLS - 1))
    return [said((f"{keys:<{KEY_CELLS}}", "key"), first), *(said(" " * KEY_CELLS, line) for line in more)]


def _legend(width: int) -> Content:
    states = [(f"{glyph} {state.value}", style) for state, (glyph, style) in STATES.items()]
    actions = [(f"{glyph} {action.value}", style) for action, (glyph, style) in ACTIONS.items()]
    return Content("\n").join(
        [
            said(("The mouse", "strong")),
            *(line for what, does in MOUSE for line in _entry(what, does, width)), Content(""),
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
