"""What of a plan is in view on a terminal of any height: cost, target and button before everything else."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from restoretui.tui.dialogs.restore.tier_table import Room

MARGINS = 4
"""Empty lines between the parts where there is room for them, one more in the middle not counted."""
ENOUGH = 3
"""Lines of reasons that are worth a tier's second line."""
WITH_ENGINE = 6
"""Lines in the middle from which on the engine is in view, above the reasons."""
WHOLE_TARGET = 4
"""The most lines that a target takes where there is room."""


class Parts(NamedTuple):
    """What has to be put below each other, in lines."""

    room: int
    """Lines in the frame."""
    what: int
    tiers: Callable[[Room], int]
    where: Callable[[int], int]
    """Lines of the target, given the most it may take."""
    problem: int
    typed: int
    middle: int
    """Lines of what scrolls."""


class Layout(Struct, frozen=True):
    """What is shown, and how many lines what scrolls has."""

    tiers: Room = Room.FULL
    where_lines: int = WHOLE_TARGET
    has_what: bool = True
    has_days: bool = True
    is_roomy: bool = False
    middle: int = 1


_STEPS = (
    (ENOUGH, Layout()),
    (1, Layout(Room.COMPACT)),
    (1, Layout(Room.COMPACT, has_what=False)),
    (1, Layout(Room.COMPACT, where_lines=2, has_what=False)),
    (1, Layout(Room.CHOSEN, where_lines=2, has_what=False)),
    (1, Layout(Room.CHOSEN, where_lines=1, has_what=False)),
    (0, Layout(Room.CHOSEN, where_lines=1, has_what=False)),
    (0, Layout(Room.CHOSEN, where_lines=1, has_what=False, has_days=False)),
)
"""What is given up, one after the other, until the rest fits; before it the lines that the middle must have."""


def laid_out(parts: Parts) -> Layout:
    """The first layout in which everything that must be in view is."""
    left = parts.room
    for least, step in _STEPS:
        left = parts.room - _lines(parts, step)
        if step == _STEPS[0][1] and left >= MARGINS + 1 + parts.middle:
            return Layout(is_roomy=True, middle=left - MARGINS)
        if left >= min(least, parts.middle):
            break
    return Layout(step.tiers, step.where_lines, step.has_what, step.has_days, False, max(0, left))


def _lines(parts: Parts, step: Layout) -> int:
    buttons = 1
    head = parts.what * step.has_what + int(step.has_days) + parts.tiers(step.tiers)
    return head + parts.where(step.where_lines) + parts.problem + parts.typed + buttons
