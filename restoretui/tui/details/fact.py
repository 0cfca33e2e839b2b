"""A fact as lines of a width: its name beside what it is, wrapped."""

import textwrap
from collections.abc import Sequence

from textual.content import Content

from restoretui.tui.words import Part, said
from restoretui.wording.safe import clean

LABEL_CELLS = 11
MOST_LINES = 8
"""Of one fact: of a longer one its beginning, as a key may have a thousand characters."""


def fact(label: str, value: str, width: int, style: str = "") -> list[Content]:
    """Nothing where there is no value."""
    if not value:
        return []
    room = max(8, width - LABEL_CELLS)
    first, *more = wrapped(value, room)
    return [said((f"{label:<{LABEL_CELLS}}", "dim"), (first, style))] + [
        said(" " * LABEL_CELLS, (part, style)) for part in more
    ]


def wrapped(text: str, width: int) -> list[str]:
    """Lines of that width; what is too much for them ends in dots."""
    text = clean(text)
    parts = textwrap.wrap(text, width, break_on_hyphens=False, drop_whitespace=False, replace_whitespace=False)
    if len(parts) > MOST_LINES:
        parts[MOST_LINES - 1 :] = [parts[MOST_LINES - 1][: width - 1] + "…"]
    return parts or [""]


def line(width: int, *parts: Part) -> Content:
    """One line, cut at its end."""
    return said(*parts).truncate(width, ellipsis=True)


def headed(title: str, lines: Sequence[Content]) -> list[Content]:
    """Nothing where there are no lines."""
    return [Content(""), said((title, "strong")), *lines] if lines else []
