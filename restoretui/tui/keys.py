"""Every command of the screens in one table: bindings, footer, help and palette are all made from it.

A command's id is what ``[keys]`` in the config remaps: ``"browse.restore" = "R"``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a key does."""

    id: str
    keys: str
    """Textual's names, separated by commas; the first is the one shown."""
    action: str
    label: str
    """One or two words for the footer."""
    help: str
    """One clause for help, tooltip and palette."""
    rank: int = 0
    """Place in the footer, the lowest first and kept longest; 0 is not shown there."""

    def binding(self) -> Binding:
        return Binding(self.keys, self.action, self.label, show=self.rank > 0, tooltip=self.help, id=self.id)


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """The commands of one place."""

    title: str
    commands: tuple[Command, ...]

    def __iter__(self) -> Iterator[Command]:
        return iter(self.commands)

    def bindings(self) -> list[BindingType]:
        """For a widget's ``BINDINGS``."""
        return [command.binding() for command in self.commands]


APP = CommandGroup(
    "Everywhere",
    (
        Command("app.browse", "1", "app.tab('browse')", "browse", "show the Browse tab"),
        Command("app.restores", "2", "app.tab('restores')", "restores", "show the Restores tab"),
        Command("app.activity", "3", "app.tab('activity')", "activity", "show the Activity tab"),
        Command("app.next_tab", "tab", "app.step_tab(1)", "next tab", "show the next tab"),
        Command("app.previous_tab", "shift+tab", "app.step_tab(-1)", "previous tab", "show the previous tab"),
        Command("app.go", "g", "app.go", "go to", "go to a location such as s3://bucket/prefix/"),
        Command("app.help", "question_mark,f1", "app.help", "help", "all keys and what they do", 90),
        Command("app.palette", "ctrl+p", "app.command_palette", "palette", "find a command by name", 92),
        Command("app.quit", "q,ctrl+q,ctrl+c", "app.quit", "quit", "leave; what was confirmed goes on next time", 91),
    ),
)

TABLE = CommandGroup(
    "In every table",
    (
        Command("table.up", "up,k", "move(-1)", "up", "one row up"),
        Command("table.down", "down,j", "move(1)", "down", "one row down"),
        Command("table.page_up", "pageup,ctrl+b", "page(-1)", "page up", "one page up"),
        Command("table.page_down", "pagedown,ctrl+f", "page(1)", "page down", "one page down"),
        Command("table.first", "home", "first", "first", "to the first row"),
        Command("table.last", "end,G", "last", "last", "to the last row"),
        Command("table.open", "enter", "open", "open", "open what is under the cursor", 12),
        Command("table.mark", "space", "mark", "mark", "mark or unmark the row, or the range begun with v", 10),
        Command("table.range", "v", "range", "range", "begin a range here; v or space again marks it", 40),
        Command("table.cancel_range", "escape", "cancel_range", "no range", "give up the range", 11),
    ),
)

BROWSE = CommandGroup(
    "Browse",
    (
        Command("browse.restore", "r", "restore", "restore", "plan a restore of the marked objects", 20),
        Command("browse.up", "backspace", "up", "up", "to the enclosing prefix, then to the buckets", 34),
        Command("browse.filter", "slash", "filter", "filter", "filter by part of a key or a glob as you type", 30),
        Command("browse.facets", "f", "facets", "states", "filter by state and storage class", 44),
        Command("browse.sort", "o", "sort", "sort", "choose the order", 42),
        Command("browse.mark_all", "a", "mark_all", "all", "mark all that match the filter", 36),
        Command("browse.invert", "i", "invert", "invert", "invert the marks of what is shown"),
        Command("browse.unmark", "u", "unmark_all", "unmark", "remove every mark, hidden ones too", 38),
        Command("browse.extend", "e", "extend", "extend", "keep restored copies longer", 50),
        Command("browse.upgrade", "s", "upgrade", "speed up", "speed up restores under way", 52),
        Command("browse.flat", "d", "flat", "flat", "show all keys below, or prefix by prefix", 54),
        Command("browse.versions", "V", "versions", "versions", "show every version of every key"),
        Command("browse.copy", "c", "copy", "copy", "copy the location to the clipboard"),
        Command("browse.refresh", "R", "refresh", "refresh", "list again", 56),
        Command("browse.buckets", "tilde", "buckets", "buckets", "choose another bucket"),
        Command("browse.clear", "escape", "clear", "clear", "stop the listing, or clear filter and message"),
    ),
)

RUNS = CommandGroup(
    "Restores",
    (
        Command("runs.retry", "t", "retry", "retry failed", "send the failed objects of the run again", 20),
        Command("runs.extend", "e", "extend", "extend", "keep the run's restored copies longer", 24),
        Command("runs.upgrade", "s", "upgrade", "speed up", "speed up what is still restoring", 26),
        Command("runs.cancel", "delete,X", "cancel", "cancel unsent", "cancel the requests not sent yet", 28),
        Command("runs.export", "x", "export", "export", "write the run's objects to a CSV file", 32),
        Command("runs.copy", "c", "copy", "copy", "copy the location to the clipboard"),
        Command("runs.filter", "slash", "filter", "filter", "filter the objects by part of a key or a glob", 30),
        Command("runs.facets", "f", "facets", "states", "filter the objects by state", 44),
        Command("runs.sort", "o", "sort", "sort", "choose the order of the objects", 42),
        Command("runs.browse", "b", "browse", "browse", "show the object in Browse"),
        Command("runs.back", "backspace,escape", "back", "back", "back to the list of runs", 14),
    ),
)

ACTIVITY = CommandGroup(
    "Activity",
    (
        Command("activity.filter", "slash", "filter", "filter", "filter by any text of an entry", 30),
        Command("activity.copy", "c", "copy", "copy", "copy the entry to the clipboard", 40),
        Command("activity.clear", "escape", "clear", "clear", "clear the filter"),
    ),
)

GROUPS = (APP, TABLE, BROWSE, RUNS, ACTIVITY)
BY_ID: Mapping[str, Command] = {command.id: command for group in GROUPS for command in group}

_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "tilde": "~",
    "backspace": "bksp",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "delete": "del",
}


def key_name(key: str) -> str:
    """A key as it is written on screen."""
    *modifiers, last = key.strip().split("+")
    short = {"ctrl": "^", "shift": "shift+", "alt": "alt+"}
    return "".join(short.get(modifier, modifier + "+") for modifier in modifiers) + _NAMES.get(last, last)
