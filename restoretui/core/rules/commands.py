"""A command as its words, before any shell has quoted them; with what a shell shall put in when it runs."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

_SLOT = re.compile("\0([a-z]+)\0")
KEY, ETAG = "\0key\0", "\0etag\0"
"""Slots: the key of each turn of a loop, and the ETag that an upload gave. No word can hold NUL itself."""


class ShellCommand(Struct, frozen=True):
    """One command. ``words`` may begin with assignments to its environment, and hold slots."""

    words: tuple[str, ...]
    assigned: int = 0
    """How many of its first words are assignments: ``NAME=value``."""
    each_of: str = ""
    """A file of keys, one a line: the command is for each, in the slot ``KEY``."""
    into: str = ""
    """A variable that what it prints goes into, for the slot of that name in what comes after."""


def parts_of(word: str) -> list[tuple[bool, str]]:
    """What a word is made of: ``(False, text)`` and ``(True, variable)``."""
    return [(bool(at % 2), part) for at, part in enumerate(_SLOT.split(word)) if part or not at]


def option(name: str, value: str) -> list[str]:
    """An option and its value, so that a value that begins with a dash is not taken for an option."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


def options(*pairs: tuple[str, str | None]) -> list[str]:
    """Those that have a value."""
    return [word for name, value in pairs if value for word in option(name, value)]


def file_of(key: str) -> str:
    """What to call a downloaded object here: the end of its key, or ``download`` where that is no name of a file."""
    name = key.rstrip("/").rpartition("/")[2]
    is_name = name not in ("", ".", "..") and name.isprintable() and len(name.encode()) <= MOST_NAME_BYTES
    return f"./{name}" if is_name else "./download"


MOST_NAME_BYTES = 255


def is_plain(text: str) -> bool:
    """It can stand in a shell's word as it is, quoted at most."""
    return text.isprintable()


def joined(*groups: Sequence[str]) -> tuple[str, ...]:
    """One after the other."""
    return tuple(word for group in groups for word in group)


def told(commands: Sequence[ShellCommand]) -> list[Mapping[str, object]]:
    """Plain values, for storing. Slots are of the clouds' commands, which are not kept."""
    return [{"words": list(command.words), "assigned": command.assigned} for command in commands]


def read_told(values: Sequence[Mapping[str, object]]) -> list[ShellCommand]:
    """What ``told`` gave; TypeError or KeyError for anything else."""
    found: list[ShellCommand] = []
    for value in values:
        words, assigned = value["words"], value["assigned"]
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise TypeError(words)
        if not isinstance(assigned, int):
            raise TypeError(assigned)
        found.append(ShellCommand(tuple(words), assigned))
    return found
