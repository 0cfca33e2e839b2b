"""What the terminal shows, cell by cell, so that of a frame only what differs is sent.

Textual sends again all that it was told to repaint, from the left edge of its widget on, each piece of it with all
its colours, whatever the terminal shows there already. Here it is held against that first. What differs is sent by
whole words, and of their colours what is another than before: a third of the bytes, for which a slow line takes its
time.

What the terminal shows is known only while nobody else writes there: after a change of its size, after ctrl+z, and
where a person asks for it, all of it is sent (``forget``).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

_UNKNOWN = "\0"
"""A cell of which nothing is known; no text has it (``control_filter``)."""
_WORD = r"[^\s\u2500-\u259f]+(?: [^\s\u2500-\u259f]+)*"
"""What is sent whole if any of it changed, for whoever reads along: words, but not lines, bars and curves."""
_NEAR = 4
"""Cells between two changes that take no more bytes than going over them."""
_RESET = "\x1b[0m"
_RARE = frozenset({"21", "51", "52", "53"})
"""Attributes of two digits; Rich puts attributes first, then the text's colour, then the ground's."""


class CellLook(NamedTuple):
    """A style as numbers of SGR (ECMA-48, 8.3.117); empty where it is the terminal's own."""

    attributes: str = ""
    front: str = ""
    back: str = ""


PLAIN = CellLook()


@lru_cache(4096)
def look_of(style: Style | None, system: ColorSystem) -> CellLook | None:
    """``style`` in so many colours; None where it is more than a look."""
    if style is None:
        return PLAIN
    said = Strip.render_style(style, "x", color_system=system)
    if said == "x":
        return PLAIN
    if not (said.startswith("\x1b[") and said.endswith(f"mx{_RESET}")):
        return None
    numbers = said.removeprefix("\x1b[").removesuffix(f"mx{_RESET}").split(";")
    attributes = []
    while numbers and (len(numbers[0]) == 1 or numbers[0] in _RARE):
        attributes.append(numbers.pop(0))
    front, back = _taken(numbers, "3", "9"), _taken(numbers, "4", "10")
    if numbers:
        return None
    return CellLook(";".join(attributes), "" if front == "39" else front, "" if back == "49" else back)


def _taken(numbers: list[str], *tens: str) -> str:
    """The colour that these numbers begin with, taken out of them."""
    if not numbers or numbers[0][:-1] not in tens:
        return ""
    count = 1 if numbers[0][-1] != "8" else 5 if numbers[1] == "2" else 3
    colour = ";".join(numbers[:count])
    del numbers[:count]
    return colour


def _change(before: CellLook, after: CellLook) -> str:
    """What brings the terminal from one look to another."""
    if before == after:
        return ""
    if after == PLAIN:
        return _RESET
    if before.attributes != after.attributes:
        return f"\x1b[{';'.join(part for part in ('0', *after) if part)}m"
    front = (after.front or "39") if after.front != before.front else ""
    back = (after.back or "49") if after.back != before.back else ""
    return f"\x1b[{front}{';' if front and back else ''}{back}m"


Piece = tuple[int, int, Strip]
"""A line, a column, and what is shown from there on."""


class _Line(NamedTuple):
    text: str
    """A character a cell."""
    looks: list[CellLook]


class ShownCells:
    """Of one terminal."""

    def __init__(self) -> None:
        self._lines: dict[int, _Line] = {}
        self._size = (0, 0)

    def forget(self) -> None:
        """It may show anything; also told by a signal, amid a frame."""
        self._lines = {}

    def only_changes(self, update: Any) -> Any:
        """What shows the same as this update of Textual's, given what is shown when it is sent."""
        if isinstance(update, LayoutUpdate | ChopsUpdate):
            size = _size(update)
            if size != self._size:  # What was written last was written where lines ended elsewhere.
                self._size = size
                self.forget()
            return _Changes(self, update)
        if update is not None:
            self.forget()
        return update

    def sequence(self, pieces: Iterator[Piece], console: Console) -> str:
        """What is to be written so that these pieces are shown."""
        writer, lines = _Writer(console), self._lines
        for y, x, strip in pieces:
            if strip.cell_length:
                lines[y] = _show(writer, lines.get(y, _NOTHING), y, x, strip)
        return writer.ended()


_NOTHING = _Line("", [])


def _unknown(cells: int) -> _Line:
    return _Line(_UNKNOWN * cells, [PLAIN] * cells)


def _show(writer: "_Writer", line: _Line, y: int, x: int, strip: Strip) -> _Line:
    """Write what a strip changes of a line; what that shows then."""
    if (missing := x - len(line.text)) > 0:
        gap = _unknown(missing)
        line = _Line(line.text + gap.text, line.looks + gap.looks)
    end = x + strip.cell_length
    now = writer.cells(strip)
    if now is None:
        # Terminals do not agree on how wide some characters are: where there are any, nothing is left out.
        writer.write_whole(y, x, strip)
        now = _unknown(strip.cell_length)
    else:
        for start, stop in _differing(_Line(line.text[x:end], line.looks[x:end]), now):
            writer.write(y, x + start, now, start, stop)
    return _Line(line.text[:x] + now.text + line.text[end:], line.looks[:x] + now.looks + line.looks[end:])


def _same(before: _Line, now: _Line, at: int) -> bool:
    """Whether a cell shows the same; of a blank that is its ground."""
    if at >= len(before.text) or before.text[at] != now.text[at]:
        return False
    old, new = before.looks[at], now.looks[at]
    return old == new or (now.text[at] == " " and _same_ground(old, new))


def _same_ground(one: CellLook, other: CellLook) -> bool:
    return one.back == other.back and not one.attributes and not other.attributes


def _differing(before: _Line, now: _Line) -> Iterator[tuple[int, int]]:
    """Where the two differ: words whole, and near ones together."""
    if before == now:
        return
    if not before.text:  # as of every line of the first frame
        yield 0, len(now.text)
        return
    words = [match.span() for match in re.finditer(_WORD, now.text)]
    start = stop = -1
    for at in range(len(now.text)):
        if at < stop or _same(before, now, at):
            continue
        while words and words[0][1] <= at:
            del words[0]
        first, last = words[0] if words and words[0][0] <= at else (at, at + 1)
        if stop < 0:
            start = first
        elif first - stop > _NEAR:
            yield start, stop
            start = first
        stop = last
    if stop >= 0:
        yield start, stop


class _Writer:
    """Gathers what is written of one frame, which begins and ends with the terminal's own look."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)  # as Strip.render has it
        self._parts: list[str] = []
        self._look = PLAIN
        self._at = (-1, -1)

    def cells(self, strip: Strip) -> _Line | None:
        """A strip cell by cell; None where a character is not one cell wide, or more than text with a look."""
        pieces: list[str] = []
        looks: list[CellLook] = []
        for text, style, control in strip:
            look = look_of(style, self._system)
            if control or look is None:
                return None
            pieces.append(text)
            looks += [look] * len(text)
        whole = "".join(pieces)
        is_narrow = whole.isascii() or all(map(_is_narrow, set(whole)))
        return _Line(whole, looks) if is_narrow and len(whole) == strip.cell_length else None

    def write(self, y: int, x: int, line: _Line, start: int, stop: int) -> None:
        """Those cells of ``line``, the first of them at column ``x``."""
        self._go(y, x)
        self._at = (y, x + stop - start)
        text, looks = line
        while start < stop:
            look, end = looks[start], start + 1
            if text[start] == " " and _same_ground(look, self._look):
                look = self._look
            while end < stop:
                other = looks[end]
                # A piece of text has one look, cell after cell: nearly always it is the very same.
                if other is not look and other != look and (text[end] != " " or not _same_ground(other, look)):
                    break
                end += 1
            self._parts += (_change(self._look, look), text[start:end])
            self._look, start = look, end

    def write_whole(self, y: int, x: int, strip: Strip) -> None:
        """As Textual does."""
        self._go(y, x)
        self._parts += (_change(self._look, PLAIN), strip.render(self._console))
        self._look, self._at = PLAIN, (-1, -1)

    def _go(self, y: int, x: int) -> None:
        line, column = self._at
        if line != y or column > x:
            self._parts.append(f"\x1b[{y + 1};{x + 1}H")
        elif x > column:
            self._parts.append(f"\x1b[{x - column}C")

    def ended(self) -> str:
        """All of it."""
        return "".join(self._parts) + _change(self._look, PLAIN)


@lru_cache(1024)
def _is_narrow(character: str) -> bool:
    return get_character_cell_size(character) == 1


class _Changes(CompositorUpdate):
    """An update of Textual's, less what the terminal shows already when it is written."""

    def __init__(self, shown: ShownCells, update: LayoutUpdate | ChopsUpdate) -> None:
        self._shown = shown
        self._update = update

    def render_segments(self, console: Console) -> str:
        update = self._update
        pieces = _of_layout(update) if isinstance(update, LayoutUpdate) else _of_chops(update)
        return self._shown.sequence(pieces, console)


def _size(update: LayoutUpdate | ChopsUpdate) -> tuple[int, int]:
    """Of the screen it is for: columns and lines."""
    if isinstance(update, LayoutUpdate):
        return update.region.width, update.region.height
    return max((ends[-1] for ends in update.chop_ends if ends), default=0), len(update.chops)


def _of_layout(update: LayoutUpdate) -> Iterator[Piece]:
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in strips:
            yield y, x, strip
            x += strip.cell_length


def _of_chops(update: ChopsUpdate) -> Iterator[Piece]:
    """As ``ChopsUpdate.render_segments`` has them: from a widget's left edge to where the change ends."""
    for y, first, last in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= last and end > first:
                yield y, x, strip if x >= first and end <= last else strip.crop(0, min(end, last) - x)
