"""Lines that keep their form, folded where there is no room for them: tables stay tables, commands can be copied."""

import re
import textwrap
from collections.abc import Iterator

import click

_DEEPER = "    "
_COLUMNS = re.compile(r"( *\S.*?  +)(\S.*)")
_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+|\s+""")


class Formatter(click.HelpFormatter):
    """Click's, which cuts nothing but leaves paragraphs behind a backspace as wide as they are."""

    def write_text(self, text: str) -> None:
        """Paragraphs, those that keep their lines folded into the width."""
        room = self.width - self.current_indent
        lines: list[str] = []
        is_kept = False
        for line in text.split("\n"):
            is_kept = line.strip() == "\b" or (is_kept and bool(line.strip()))
            lines += folded(line, room) if is_kept else [line]
        super().write_text("\n".join(lines))


class Context(click.Context):
    """Of every command that helps."""

    formatter_class = Formatter


def folded(line: str, room: int) -> Iterator[str]:
    """A line of a table, of examples or of words in lines of at most ``room`` cells, if its words are no longer."""
    indent = " " * (len(line) - len(line.lstrip()))
    if len(line) <= room:
        yield line
    elif not indent:  # a heading
        yield from textwrap.wrap(line, room)
    elif (found := _COLUMNS.fullmatch(line)) and len(found[1]) <= room * 2 // 3:
        below = " " * len(found[1])
        yield from textwrap.wrap(found[2], room, initial_indent=found[1], subsequent_indent=below)
    elif found:
        yield from folded(found[1].rstrip(), room)
        yield from textwrap.wrap(found[2], room, initial_indent=indent + _DEEPER, subsequent_indent=indent + _DEEPER)
    else:
        now = indent
        for word in _WORD.findall(line.strip()):
            if now.strip() and len(now) + len(word) + 2 > room and not word.isspace():
                yield f"{now.rstrip()} \\"
                now = indent + _DEEPER
            now += word if now.strip() or not word.isspace() else ""
        yield now
