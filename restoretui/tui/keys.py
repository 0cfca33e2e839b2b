"""Key bindings: every command of the screens in one table, from which footer, help and palette are made, too.

A command's id is what ``[keys]`` in the config remaps: ``restore = "ctrl+r"``. Where two tables have the same
command it has the same id, and is remapped in both.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct
from textual.binding import Binding, BindingType


class Command(NamedTuple):
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
        """As Textual's binding; it takes its id from here, by which ``[keys]`` remaps it."""
        return Binding(self.keys, self.action, self.label, show=self.rank > 0, tooltip=self.help, id=self.id)


class CommandGroup(Struct, frozen=True):
    """The commands of one place."""

    title: str
    commands: tuple[Command, ...]

    def __iter__(self) -> Iterator[Command]:
        return iter(self.commands)

    def bindings(self) -> list[BindingType]:
        """For a widget's ``BINDINGS``."""
        return [command.binding() for command in self.commands]


SAVE_FILTER = Command(
    "save_filter", "F", "save_filter", "save filter", "keep the filter by a name, for ctrl+p and f v"
)

REDRAW = Command("redraw", "ctrl+l", "app.redraw", "redraw", "paint all of it anew, where something else wrote on it")

EVERYWHERE = CommandGroup(
    "On every tab",
    (
        Command("browse", "1", "app.tab('browse')", "browse", "show the Browse tab"),
        Command("restores", "2", "app.tab('restores')", "restores", "show the Restores tab"),
        Command("batch", "3", "app.tab('batch')", "batch", "show the Batch tab"),
        Command("activity", "4", "app.tab('activity')", "activity", "show the Activity tab"),
        Command("next_tab", "tab", "app.step_tab(1)", "next tab", "show the next tab"),
        Command("previous_tab", "shift+tab", "app.step_tab(-1)", "previous tab", "show the previous tab"),
        Command("go", "g,colon", "app.go", "go to", "go to a location: s3://bucket/prefix/; g twice: first row"),
        Command("sign_in", "L", "app.sign_in", "sign in", "renew the profile's SSO login: aws sso login"),
        Command(
            "turn_clock", "greater_than_sign", "app.turn_clock", "faster", "in the demo: turn its clock, step by step"
        ),
        Command("help", "question_mark,f1", "app.help", "help", "all keys and what they do", 90),
        Command("own_commands", "comma", "app.own_menu", "commands", "your own commands, of the config"),
        Command("palette", "ctrl+p", "app.command_palette", "palette", "find a command by name", 92),
        REDRAW,
        Command("quit", "q", "app.quit", "quit", "leave; what was confirmed goes on next time", 91),
    ),
)

TABLE = CommandGroup(
    "In every table",
    (
        Command("open", "enter,l,right", "open", "open", "open what is under the cursor", 12),
        Command("mark", "space", "mark", "mark", "mark or unmark the row, or the range begun with v", 10),
        Command("range", "v", "range", "range", "begin a range here; v or space again marks it", 40),
        Command("cancel_range", "escape", "cancel_range", "no range", "give up the range", 11),
        Command("up", "up,k", "move(-1)", "up", "one row up"),
        Command("down", "down,j", "move(1)", "down", "one row down"),
        Command("page_up", "pageup,ctrl+b", "page(-1)", "page up", "one page up"),
        Command("page_down", "pagedown,ctrl+f", "page(1)", "page down", "one page down"),
        Command("first", "home", "first", "first", "to the first row; so does g, pressed twice"),
        Command("last", "end,G", "last", "last", "to the last row"),
    ),
)

BROWSE = CommandGroup(
    "Browse",
    (
        Command("restore", "r", "restore", "restore", "plan a restore of the marked objects", 20),
        Command("parent", "backspace,h,left", "parent", "up", "to the enclosing prefix, then to the buckets", 34),
        Command(
            "filter",
            "slash",
            "filter",
            "filter",
            "filter as you type: *.bam, !x, state:archived, size>1G, age>2y",
            30,
        ),
        Command("facets", "f", "facets", "show", "what is shown: states and classes, as they are present", 44),
        SAVE_FILTER,
        Command("sort", "o", "sort", "sort", "choose the order", 42),
        Command("mark_all", "a", "mark_all", "all", "mark all that match the filter; again: below prefixes", 36),
        Command("mark_archived", "A", "mark_archived", "archived", "mark what is archived here and below", 35),
        Command("invert", "i", "invert", "invert", "invert the marks of what is shown"),
        Command("unmark", "u", "unmark_all", "unmark", "remove every mark, hidden ones too", 38),
        Command(
            "marks", "M", "marks", "marks", "look at what is marked: drop, save, read keys, keep what was left", 37
        ),
        Command("undo", "z", "undo", "undo", "undo the last change of the marks", 39),
        Command("redo", "Z", "redo", "redo", "make the change of the marks again that was undone"),
        Command("extend", "e", "extend", "extend", "keep restored copies longer", 50),
        Command("upgrade", "s", "upgrade", "speed up", "speed up restores under way", 52),
        Command("end_copies", "E", "end_copies", "end copies", "end restored copies before their days are over", 53),
        Command("flat", "d", "flat", "flat", "show all keys below, or prefix by prefix", 54),
        Command("sums", "S", "sums", "sums", "sum up what lies below each prefix: size, archived, readable", 46),
        Command(
            "inventory", "I", "inventory", "inventory", "by the inventory that was imported, or by the cloud again"
        ),
        Command("versions", "V", "versions", "versions", "show every version of every key"),
        Command("time", "T", "time", "as of …", "show the place as it was then, by its versions; or as it is now"),
        Command("copy", "c", "copy", "copy", "copy it: location, key, ARN, URL, link, download, command"),
        Command("refresh", "R", "refresh", "refresh", "list again", 56),
        Command("place_back", "left_square_bracket", "back", "back", "to the place shown before"),
        Command("place_forward", "right_square_bracket", "forward", "forward", "forward again"),
        Command("bookmark", "B", "bookmark", "bookmark", "bookmark the place, or no longer: above the buckets"),
        Command("buckets", "tilde", "buckets", "buckets", "choose another bucket"),
        Command("columns", "C", "columns", "columns", "choose, order and widen the columns"),
        Command("pane", "p", "pane", "pane", "show or hide the pane beside the table, from 110 columns on"),
        Command("pay", "P", "pay", "pay", "reopen a bucket whose requester pays, with you paying", 18),
        Command("clear", "escape", "clear", "clear", "stop the listing, or clear filter and message"),
    ),
)

MARKED = CommandGroup(
    "In the marks",
    (
        Command("dismiss", "escape,M,q", "cancel", "close", "back to Browse; what was changed stays changed", 60),
        Command("restore", "r", "restore", "restore", "plan a restore of the marked objects", 20),
        Command("undo", "z", "undo", "undo", "undo the last change of the marks", 22),
        Command("redo", "Z", "redo", "redo", "make the change of the marks again that was undone", 24),
        Command("read_keys", "p", "read_keys", "keys", "mark the keys of a file, or of a list that is pasted", 30),
        Command(
            "save_marks", "w", "save", "save as", "save what is marked as a set, @NAME wherever a location goes", 32
        ),
        Command("own_commands", "comma", "app.own_menu", "commands", "your own commands, of the config"),
    ),
)

DROPPING = CommandGroup(
    "In the table of the marks",
    (Command("mark", "space", "mark", "drop", "drop the object, the range begun with v, or the group", 10),),
)

RUNS = CommandGroup(
    "Restores",
    (
        Command("retry", "t", "retry", "retry failed", "send the failed objects of the run again", 20),
        Command("extend", "e", "extend", "extend", "keep the run's restored copies longer", 24),
        Command("upgrade", "s", "upgrade", "speed up", "speed up what is still restoring", 26),
        Command("end_copies", "E", "end_copies", "end copies", "end the run's copies before their days are over", 27),
        Command("cancel_unsent", "delete,X", "cancel", "cancel unsent", "cancel the requests not sent yet", 28),
        Command("export", "x", "export", "export", "write the run's objects to a CSV file", 32),
        Command("report", "r", "report", "report", "the run as a page to hand over: read, save, copy it", 34),
        Command("copy", "c", "copy", "copy", "copy it: location, key, ARN, URL, link, download, command"),
        Command("say", "ctrl+y", "say", "as command", "copy the run as a command, or by the cloud's own tool", 33),
        Command("filter", "slash", "filter", "filter", "filter the objects: *.bam, state:failed, failed:denied", 30),
        Command(
            "facets", "f", "facets", "show", "which objects are shown: states and classes, as they are present", 44
        ),
        SAVE_FILTER,
        Command("sort", "o", "sort", "sort", "choose the order of the objects", 42),
        Command("show", "b", "show", "browse", "show the object in Browse"),
        Command("columns", "C", "columns", "columns", "choose, order and widen the columns"),
        Command("pane", "p", "pane", "pane", "show or hide the pane beside the table, from 110 columns on"),
        Command("back", "backspace,escape,h,left", "back", "back", "back to the list of runs", 14),
    ),
)

BATCH = CommandGroup(
    "Batch",
    (
        Command("confirm_job", "y", "confirm", "confirm", "let the suspended job run", 16),
        Command("cancel_job", "delete,X", "cancel", "cancel job", "cancel the job; what it asked for goes on", 28),
        Command("priority", "p", "priority", "priority", "change the job's priority", 24),
        Command("retry", "t", "retry", "retry failed", "send the failed objects of the job's run again", 20),
        Command("clone", "n", "clone", "clone", "make a new, suspended job with the same manifest", 34),
        Command("export", "x", "export", "export", "write the completion report to a CSV file", 32),
        Command("clean", "D", "clean", "clean up", "delete the manifest and report written for the job", 36),
        Command("follow", "f", "follow", "follow", "watch the objects of a job made elsewhere, as a run", 31),
        Command("show_run", "b", "show_run", "run", "show the run the job belongs to", 30),
        Command("copy", "c", "copy", "copy", "copy the job's id to the clipboard"),
        Command("say", "ctrl+y", "say", "as command", "copy the job's run as a command, or by the AWS CLI", 35),
        Command("columns", "C", "columns", "columns", "choose, order and widen the columns"),
        Command("refresh", "R", "refresh", "refresh", "ask the account for its jobs again", 56),
        Command("back", "backspace,escape,h,left", "back", "back", "back to the list of jobs", 14),
    ),
)

ACTIVITY = CommandGroup(
    "Activity",
    (
        Command("filter", "slash", "filter", "filter", "filter by any text of an entry, state:failed, age<7d", 30),
        SAVE_FILTER,
        Command("only", "t", "only", "only …", "only what I did, trouble, or arrivals; then everything again", 32),
        Command("copy", "c", "copy", "copy", "copy the entry to the clipboard", 40),
        Command("say", "ctrl+y", "say", "as command", "copy the entry's run as a command", 42),
        Command("columns", "C", "columns", "columns", "choose, order and widen the columns"),
        Command("pane", "p", "pane", "pane", "show or hide the pane beside the table, from 110 columns on"),
        Command("clear", "escape", "clear", "clear", "show everything again"),
    ),
)

DIALOG = CommandGroup(
    "In dialogs",
    (
        Command("dismiss", "escape", "cancel", "cancel", "close the dialog; nothing is done", 50),
        Command("focus_next", "tab", "app.focus_next", "next field", "to the next field", 40),
        Command("focus_previous", "shift+tab", "app.focus_previous", "previous field", "to the field before"),
        Command("next_button", "right", "button(1)", "next button", "from one button to the next"),
        Command("previous_button", "left", "button(-1)", "previous button", "to the button before"),
        Command("text_down", "pagedown", "scroll_text(1)", "more", "to what is out of view below", 45),
        Command("text_up", "pageup", "scroll_text(-1)", "back", "to what is out of view above"),
        Command("say", "ctrl+y", "say", "as command", "copy what is asked here as a command; nothing is done", 44),
        Command("dialog_help", "f1,question_mark", "app.help", "help", "the keys of this dialog", 55),
        REDRAW,
    ),
)

TIERS = CommandGroup(
    "While choosing a tier",
    (
        Command("tier_up", "up,k", "step(-1)", "faster", "the next faster tier"),
        Command("tier_down", "down,j", "step(1)", "slower", "the next slower tier"),
        Command("tier_accept", "enter", "accept", "this tier", "take this tier", 10),
        Command("tier_expedited", "x", "choose('expedited')", "expedited", "the expedited tier"),
        Command("tier_standard", "s", "choose('standard')", "standard", "the standard tier"),
        Command("tier_bulk", "b", "choose('bulk')", "bulk", "the bulk tier"),
        Command("more_days", "plus,equals_sign", "lengthen(1)", "day more", "copies last a day longer", 60),
        Command("fewer_days", "minus", "lengthen(-1)", "day less", "copies last a day less", 61),
    ),
)

PICKING = CommandGroup(
    "While choosing on one line",
    (
        Command("pick_next", "right,l,space", "pick(1)", "next", "take the next choice", 12),
        Command("pick_previous", "left,h", "pick(-1)", "previous", "take the choice before"),
        Command("pick_accept", "enter", "app.focus_next", "next field", "to the next field", 10),
    ),
)

GOING = CommandGroup(
    "While typing a location",
    (
        Command("complete_place", "tab", "complete", "complete", "take what the text is completed to", 10),
        Command("older_place", "up", "older(1)", "older", "the place gone to before", 12),
        Command("newer_place", "down", "older(-1)", "newer", "back towards what was typed", 14),
    ),
)

FILTER = CommandGroup(
    "While filtering",
    (
        Command("keep_filter", "enter,down", "keep", "keep it", "keep the filter and go to the table", 10),
        Command(
            "complete_filter", "tab", "complete", "complete", "complete the word, then the next way; else keep it", 12
        ),
        Command("drop_filter", "escape", "drop", "clear it", "show everything again", 11),
    ),
)

SHOWING = CommandGroup(
    "While choosing what is shown",
    (
        Command("show_archived", "1", "preset('archived')", "archived", "what is archived", 20),
        Command("show_restoring", "2", "preset('restoring')", "restoring", "what is asked for, or about to be", 21),
        Command("show_readable", "3", "preset('readable')", "readable", "what can be read now", 22),
        Command("show_saved", "v", "saved", "saved", "choose a filter by its name", 23),
    ),
)

SAVED = CommandGroup(
    "Among saved filters",
    (Command("forget_filter", "delete,X", "forget", "forget", "forget the filter, if it was kept on screen", 20),),
)

COPYING = CommandGroup(
    "In the copy menu",
    (
        Command("copy_uri", "u", "copy('copy_uri')", "URI", "the location, as it is written here"),
        Command("copy_key", "k", "copy('copy_key')", "key", "its name within the bucket"),
        Command("copy_arn", "a", "copy('copy_arn')", "ARN", "as policies and events name it"),
        Command("copy_url", "h", "copy('copy_url')", "URL", "where it lies, without a signature"),
        Command("copy_link", "p", "copy('copy_link')", "link", "a presigned URL that reads it, for a while"),
        Command(
            "copy_download", "d", "copy('copy_download')", "download", "commands of tools that read it, restored"
        ),
        Command("copy_line", "l", "copy('copy_line')", "command", "the command line that restores or lists it"),
    ),
)

ARRANGING = CommandGroup(
    "While choosing columns",
    (
        Command("column_earlier", "shift+up,K", "shift(-1)", "earlier", "move the column towards the left", 20),
        Command("column_later", "shift+down,J", "shift(1)", "later", "move the column towards the right", 21),
        Command("column_wider", "plus,equals_sign", "widen(1)", "wider", "give the column more room", 22),
        Command("column_narrower", "minus", "widen(-1)", "narrower", "give the column less room", 23),
    ),
)

READING = CommandGroup(
    "In boxes that only tell",
    (Command("close", "escape,q,enter", "cancel", "close", "close the box", 50),),
)

REPORT = CommandGroup(
    "In the report of a run",
    (
        Command("save_report", "w", "save_report", "save as", "write it to a file: md, html, csv, json, parquet", 20),
        Command("copy_report", "c", "copy_report", "copy", "copy it as Markdown, and close the box", 22),
    ),
)

READING_HELP = CommandGroup(
    "In the help",
    (
        Command("dismiss", "escape", "cancel", "close", "clear what was typed, then close the box", 50),
        Command("line_up", "up", "scroll_lines(-1)", "up", "one line up"),
        Command("line_down", "down", "scroll_lines(1)", "down", "one line down", 44),
        Command("text_down", "pagedown", "scroll_text(1)", "more", "to what is out of view below", 45),
        Command("text_up", "pageup", "scroll_text(-1)", "back", "to what is out of view above"),
        Command("close_help", "f1", "close", "close", "close the box"),
    ),
)

GROUPS = (
    EVERYWHERE, BROWSE, MARKED, DROPPING, RUNS, BATCH, ACTIVITY, TABLE, FILTER, GOING, SHOWING, SAVED, ARRANGING,
    TIERS, PICKING, COPYING, DIALOG, READING, REPORT, READING_HELP,
)  # fmt: skip
PRESS = "press"
"""Of the binding the footer shows for a button that has the focus; not to be changed, so in no group."""
IDS = frozenset(command.id for group in GROUPS for command in group)
_RANKS: Mapping[tuple[str | None, str], int] = {
    (command.id, command.help): command.rank for group in GROUPS for command in group
}


def rank(binding: Binding) -> int:
    """Where the footer puts a binding: lowest first, kept longest when there is little room."""
    return 0 if binding.id == PRESS else _RANKS.get((binding.id, binding.tooltip), 99)


_PLACES: Mapping[tuple[str | None, str], int] = {
    (command.id, key): place
    for group in GROUPS
    for command in group
    for place, key in enumerate(command.keys.split(","))
}


def place_of_key(binding: Binding) -> int:
    """Of several keys that do the same, the first is the one shown; the user's own come before all."""
    return _PLACES.get((binding.id, binding.key), -1)


_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "tilde": "~",
    "backspace": "bksp",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "delete": "del",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "greater_than_sign": ">",
    "colon": ":",
    "comma": ",",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


def key_name(key: str) -> str:
    """A key as it is written on screen."""
    *modifiers, last = key.strip().split("+")
    short = {"ctrl": "^", "shift": "shift+", "alt": "alt+"}
    return "".join(short.get(modifier, modifier + "+") for modifier in modifiers) + _NAMES.get(last, last)
