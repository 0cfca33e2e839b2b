"""A line of a header that never wraps: its pieces give way one by one, the least important first."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from restoretui.tui.words import Part, said
from restoretui.wording.safe import clean, width

Wording = Sequence[Part]
SEPARATOR: Part = (" · ", "dim")


class LinePiece(NamedTuple):
    """One thing a line tells, in wordings from the longest to the shortest."""

    keep: int
    """How important it is: the lowest is shortened first and, once all are short, left out first."""
    wordings: Sequence[Wording]
    before: Part = SEPARATOR
    """Between it and what stands before it."""


def piece(keep: int, *parts: Part, before: Part = SEPARATOR) -> LinePiece:
    """One in a single wording."""
    return LinePiece(keep, [parts], before)


def one_line(cells: int, pieces: Sequence[LinePiece]) -> Content:
    """As much of them as ``cells`` hold, in their order."""
    chosen = {at: 0 for at, one in enumerate(pieces) if one.wordings and any(map(_text, one.wordings[0]))}
    while _cells(pieces, chosen) > cells:
        long = [at for at in chosen if chosen[at] + 1 < len(pieces[at].wordings)]
        if long:
            chosen[min(long, key=lambda at: pieces[at].keep)] += 1
        elif len(chosen) > 1:
            del chosen[min(chosen, key=lambda at: pieces[at].keep)]
        else:
            break
    return said(*_parts(pieces, chosen)).truncate(max(1, cells), ellipsis=True)


def _parts(pieces: Sequence[LinePiece], chosen: dict[int, int]) -> list[Part]:
    parts: list[Part] = []
    for at, wording in chosen.items():
        parts += [pieces[at].before] if parts else []
        parts += pieces[at].wordings[wording]
    return parts


def _cells(pieces: Sequence[LinePiece], chosen: dict[int, int]) -> int:
    return sum(width(clean(_text(part))) for part in _parts(pieces, chosen))


def _text(part: Part) -> str:
    return part if isinstance(part, str) else part[0]
