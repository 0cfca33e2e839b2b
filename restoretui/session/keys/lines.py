"""The lines of a list as bytes, whatever ends them, and those of them that cannot be what they should."""

import codecs
import os
from collections.abc import Callable, Iterator

from restoretui.core.errors import LocationError, UsageError

_PIECE = 1 << 16
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MOST_NUMBERS = 8
"""Bad lines that are numbered one by one."""
MOST_BAD = 1000
"""Bad lines after which a list is read no further: it is something else."""

Numbered = Iterator[tuple[int, bytes]]
Pieces = Iterator[tuple[int, list[bytes]]]
"""Lines as they come, many at a time, with the number of the first of them."""


def pieces_of(
    descriptor: int, longest: int, name: str, *, end: bytes = b"\n", reach: Callable[[int], None] = lambda _: None
) -> Pieces:
    """All lines without their ends; what is longer than ``longest`` bytes comes cut, as the last.

    A byte order mark is no part of the first. ``UsageError`` for what is not UTF-8 by its mark. ``reach`` is told
    now and then how many there were so far.
    """
    number, rest = 0, b""
    while piece := os.read(descriptor, _PIECE):
        *whole, rest = (rest + piece).split(end)
        if whole:
            if not number:
                whole[0] = _first(whole[0], name)
            yield number + 1, whole
            number += len(whole)
        reach(number)
        if len(rest) > longest + len(codecs.BOM_UTF8):
            break  # It is too long already, whatever comes.
    if rest:
        yield number + 1, [_first(rest, name) if not number else rest]


def numbered(pieces: Pieces) -> Numbered:
    """Each line with its number."""
    for number, lines in pieces:
        yield from enumerate(lines, number)


def _first(line: bytes, name: str) -> bytes:
    if line.startswith(_UTF16):
        raise UsageError(f"{name} is in UTF-16 or UTF-32", "write it in UTF-8")
    return line.removeprefix(codecs.BOM_UTF8)


class BadLines:
    """Lines that name no object: all are counted, the first is told in full."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._first: UsageError | None = None
        self._numbers: list[int] = []

    def note(self, number: int, error: UsageError | LocationError) -> None:
        """One more, in whatever order; raises once there are too many to be an oversight."""
        if self._first is None or number < min(self._numbers):
            self._first = UsageError(str(error), error.hint)
        self._numbers.append(number)
        if len(self._numbers) >= MOST_BAD:
            self.check()

    def of(self, number: int, what: str, hint: str) -> UsageError:
        """``line 3 of LIST is …``."""
        return UsageError(f"line {number:,} of {self._name} {what}", hint)

    def that(self, number: int, error: LocationError) -> UsageError:
        """``line 3 of LIST: …``."""
        return UsageError(f"line {number:,} of {self._name}: {error}", error.hint)

    def check(self) -> None:
        """``UsageError`` when there were any."""
        if self._first is None:
            return
        others = sorted(self._numbers)[1:]
        if not others:
            raise self._first
        shown = ", ".join(f"{number:,}" for number in others[:MOST_NUMBERS])
        more = f" and {len(others) - MOST_NUMBERS:,} more" if len(others) > MOST_NUMBERS else ""
        lines = "line" if len(others) == 1 else "lines"
        raise UsageError(f"{self._first}; likewise bad: {lines} {shown}{more}", self._first.hint)


def decoded(bad: BadLines, number: int, line: bytes, longest: int, too_long: str) -> str:
    """The text of a line; ``UsageError`` names it where it is too long (``too_long`` says of what) or not UTF-8."""
    if len(line) > longest:
        raise bad.of(number, f"is longer than the {too_long}", "write one a line")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8: it holds the byte 0x{line[error.start]:02x}"
        raise bad.of(number, what, "write the list in UTF-8") from None
