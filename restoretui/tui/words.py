"""How states and classes are said and painted: a glyph and a word, so that no meaning hangs on colour."""

from typing import TYPE_CHECKING

from textual.content import Content

from restoretui.core.model import MARKER_CLASS, State
from restoretui.wording.safe import clean

if TYPE_CHECKING:
    from restoretui.core.filter.tree import Filter
    from restoretui.ledger.records import BrowseRow

STATES: dict[State, tuple[str, str]] = {
    State.ONLINE: ("▪", "dim"),
    State.ARCHIVED: ("○", "cold"),
    State.PLANNED: ("◌", "wait"),
    State.REQUESTED: ("◔", "wait"),
    State.RESTORING: ("◑", "busy"),
    State.AVAILABLE: ("●", "ok"),
    State.EXPIRED: ("◦", "dim"),
    State.SKIPPED: ("–", "dim"),
    State.FAILED: ("✗", "bad"),
    State.CANCELLED: ("⊘", "dim"),
    State.UNKNOWN: ("?", "warn"),
}
"""Glyph and the name of its style (``widgets.table.row_styles``)."""

MARK, PREFIX_MARK, READY, BECOMING = "▣", "◆", "✓", "◌"
"""Shapes of their own: neither a state nor the cursor looks like them."""

OPENING = "opening …"
"""What stands where rows will be, until the session is there."""
STATE_CELLS = 11
"""Glyph, space, and the longest word."""

COLOURS = {
    "": "$ink",
    "dim": "$quiet",
    "strong": "bold $ink",
    "mark": "bold $busy",
    "prefix": "bold $wait",
    "ok": "$ok",
    "busy": "$busy",
    "wait": "$wait",
    "warn": "$warn",
    "bad": "$bad",
    "cold": "$cold",
    "key": "bold $wait",
}
"""The same style names for text outside of tables."""


def state_word(state: State) -> str:
    """``○ archived``."""
    return f"{STATES[state][0]} {state.value}"


Part = str | tuple[str, str]
"""A piece of text, or one with the name of its style."""


def said(*parts: Part) -> Content:
    """One line of text, each part cleaned, and painted by the name of a style where one is given."""
    return Content.assemble(
        *(clean(part) if isinstance(part, str) else (clean(part[0]), COLOURS.get(part[1], part[1])) for part in parts)
    )


def chips(where: "Filter | None") -> list[Part]:
    """A filter in the line that says where we are: each part that must match in brackets of its own."""
    if where is None:
        return []
    from restoretui.core.filter.printer import filter_text
    from restoretui.core.filter.tree import conjuncts

    return [piece for part in conjuncts(where) for piece in ((" ", ""), (f"[{filter_text(part)}]", "mark"))]


def class_word(row: "BrowseRow") -> str:
    """The storage class as the cloud spells it; of Intelligent-Tiering with the tier it is archived in."""
    if row.storage_class == MARKER_CLASS:
        return "marker"
    if row.storage_class != "INTELLIGENT_TIERING":
        return row.storage_class
    return {"ARCHIVE_ACCESS": "INT/ARCHIVE", "DEEP_ARCHIVE_ACCESS": "INT/DEEP_ARCH"}.get(
        row.archive_status or "", "INT_TIERING"
    )


_SHORT_CLASSES = {
    "DEEP_ARCHIVE": "DEEP", "GLACIER": "FLEX", "GLACIER_IR": "IR", "INT/DEEP_ARCH": "IT/DEEP",
    "INT/ARCHIVE": "IT/ARCH", "INT_TIERING": "IT", "INTELLIGENT_TIERING": "IT", "STANDARD_IA": "STD_IA",
    "ONEZONE_IA": "1Z_IA", "STANDARD": "STD", "REDUCED_REDUNDANCY": "RRS", "EXPRESS_ONEZONE": "EXPRESS",
    "ColdArchive": "Cold", "DeepColdArchive": "DeepCold",
}  # fmt: skip
"""Of the names as the clouds spell them (FACTS 1.4, 4.1), and of ours for Intelligent-Tiering: for narrow columns."""


def class_text(name: str, cells: int) -> str:
    """A storage class by its own name where that fits, else by a short one."""
    return name if len(name) <= cells else _SHORT_CLASSES.get(name, name)
