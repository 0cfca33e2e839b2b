"""The tiers side by side: how many objects each would take, how long, and for how much."""

import textwrap
from enum import IntEnum
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from restoretui.core.model import Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.tier_plan import TierPlan
from restoretui.core.rules.verdicts import Action
from restoretui.tui.keys import TIERS
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean, fit

HEADS = {"requests": "requests", "size": "size", "window": "typical time", "cost": "cost"}
"""The columns, as they stand from left to right."""
PRIORITY = ("cost", "window", "requests", "size")
"""Which of them a narrow line keeps."""
START_CELLS, NAME_CELLS, GAP = 4, 10, 2
NARROW = 66
"""Below so many cells of its own there is no heading, and what does not fit on a tier's line stands on the next."""


class Room(IntEnum):
    """How many lines the table may take."""

    FULL = 0
    """Everything of every tier."""
    COMPACT = 1
    """One line for each tier, and all of the chosen one."""
    CHOSEN = 2
    """One line for the chosen tier."""


class _Row(NamedTuple):
    """What is told of one tier."""

    cells: dict[str, str]
    note: str = ""
    style: str = "dim"


class TierTable(Widget, can_focus=True):
    """Up and down choose; the line of the chosen tier is marked."""

    ALLOW_SELECT = False
    BINDINGS = TIERS.bindings()
    DEFAULT_CSS = "TierTable { height: auto; }"

    class Chosen(Message):
        """Another tier."""

        def __init__(self, tier: Tier) -> None:
            super().__init__()
            self.tier = tier

    class Accepted(Message):
        """Enter: this one it is."""

    class Lengthened(Message):
        """Copies shall last so many days more, or less."""

        def __init__(self, days: int) -> None:
            super().__init__()
            self.days = days

    def __init__(self, tier: Tier) -> None:
        super().__init__()
        self.tier = tier
        self.room = Room.FULL
        self._plan: RestorePlan | None = None
        self._nothing = "…"
        self._owners: list[Tier] = []
        """By line on screen, the heading left out."""

    def show(self, plan: RestorePlan | None, nothing: str = "…") -> None:
        """Show this plan; without one only the tiers, each with ``nothing``."""
        self._plan = plan
        self._nothing = nothing
        self.refresh(layout=True)

    def give(self, room: Room) -> None:
        """Take more or fewer lines."""
        if room is not self.room:
            self.room = room
            self.refresh(layout=True)

    def choose(self, tier: Tier) -> None:
        """Put the choice on ``tier``."""
        if tier is not self.tier:
            self.tier = tier
            self.refresh(layout=True)
            self.post_message(self.Chosen(tier))

    def action_step(self, lines: int) -> None:
        tiers = list(Tier)
        self.choose(tiers[max(0, min(len(tiers) - 1, tiers.index(self.tier) + lines))])

    def action_choose(self, tier: str) -> None:
        self.choose(Tier(tier))

    def action_lengthen(self, days: int) -> None:
        """Posts ``Lengthened``: the days are the dialog's."""
        self.post_message(self.Lengthened(days))

    def action_accept(self) -> None:
        self.post_message(self.Accepted())

    def on_click(self, event: events.Click) -> None:
        y = event.y - self._has_heading(self.size.width, self.room)
        if 0 <= y < len(self._owners):
            self.choose(self._owners[y])

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.refresh()

    def lines(self, width: int, room: Room) -> int:
        """How many lines it takes in that room."""
        return self._has_heading(width, room) + sum(len(lines) for _, lines in self._tiers(width, room))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """In lines, for the room that the dialog has given it."""
        return self.lines(width, self.room)

    def render(self) -> Content:
        """A line or more a tier, the chosen one lit; notes which line is whose, for clicks."""
        width = self.size.width
        shown = self._tiers(width, self.room)
        self._owners = [tier for tier, lines in shown for _ in lines]
        lines = [self._heading(width)] if self._has_heading(width, self.room) else []
        for tier, of_tier in shown:
            for line in of_tier:
                spare = width - line.cell_length
                whole = line.pad_right(spare) if spare > 0 else line.truncate(width, ellipsis=True)
                lines.append(whole.stylize_before("on $ground-chosen") if tier is self.tier else whole)
        return Content("\n").join(lines)

    @staticmethod
    def _has_heading(width: int, room: Room) -> bool:
        return width >= NARROW and room is not Room.CHOSEN

    # --- what fits on a line

    def _rows(self) -> dict[Tier, _Row]:
        plan = self._plan
        return {} if plan is None else {tier: _row(plan, plan.tiers[tier]) for tier in Tier}

    def _columns(self, width: int) -> dict[str, int]:
        """Which columns stand on a tier's line, and how wide they are."""
        rows = self._rows().values()
        wide = width >= NARROW
        cells = {
            name: max([len(row.cells.get(name, "")) for row in rows] + [len(head) if wide else 0])
            for name, head in HEADS.items()
        }
        left = width - START_CELLS - NAME_CELLS
        kept = set()
        for name in PRIORITY:
            left -= cells[name] + GAP
            if left < 0:
                break
            kept.add(name)
        return {name: cells[name] for name in HEADS if name in kept}

    def _heading(self, width: int) -> Content:
        text = " " * START_CELLS + f"{'tier':<{NAME_CELLS}}"
        text += "".join(_cell(name, HEADS[name], cells) for name, cells in self._columns(width).items())
        return said((fit(text, width), "dim"))

    def _tiers(self, width: int, room: Room) -> list[tuple[Tier, list[Content]]]:
        rows, columns = self._rows(), self._columns(width)
        tiers = [self.tier] if room is Room.CHOSEN else list(Tier)
        return [(tier, self._lines(tier, rows.get(tier), columns, width, room)) for tier in tiers]

    def _lines(self, tier: Tier, row: _Row | None, columns: dict[str, int], width: int, room: Room) -> list[Content]:
        chosen = tier is self.tier
        glyphs = f" {'▶' if chosen and self.has_focus else ' '}{'◉' if chosen else '○'} "
        parts: list[Part] = [
            (glyphs, "mark" if chosen else "dim"),
            (f"{tier:<{NAME_CELLS}}", "strong" if chosen else ""),
        ]
        if row is None:
            return [said(*parts, (self._nothing, "dim"))]
        used = START_CELLS + NAME_CELLS
        if row.cells.get("cost"):
            parts += [(_cell(name, row.cells[name], cells), "") for name, cells in columns.items()]
            used += sum(cells + GAP for cells in columns.values())
            left_out = [row.cells[name] for name in ("requests", "size") if name not in columns]
            if left_out and "requests" not in columns:
                left_out[0] += " request" if left_out[0] == "1" else " requests"
        else:
            cells = columns.get("requests", 1)
            parts.append((_cell("requests", row.cells["requests"], cells), "dim"))
            used += cells + GAP
            left_out = []
        more = " · ".join([*left_out, row.note] if row.note else left_out)
        spare = width - used - GAP
        one_line = room is Room.CHOSEN or (room is Room.COMPACT and not chosen)
        if more and (len(more) <= spare or (one_line and spare >= len("0 left …"))):
            return [said(*parts, " " * GAP, (fit(more, spare, prose=True), row.style))]
        if not more or one_line:
            return [said(*parts)]
        indent = START_CELLS + GAP
        wrapped = textwrap.wrap(clean(more), max(8, width - indent))
        return [said(*parts), *(said(" " * indent, (text, row.style)) for text in wrapped)]


def _cell(name: str, text: str, cells: int) -> str:
    return " " * GAP + (f"{text:<{cells}}" if name == "window" else f"{text:>{cells}}")


def _row(plan: RestorePlan, chosen: TierPlan) -> _Row:
    if not chosen.requests:
        return _Row({"requests": "0"}, *_why_none(chosen))
    left = plan.objects - chosen.requests
    refused = chosen.counts.get(Action.REFUSED, 0)
    waiting = chosen.counts.get(Action.WAITS, 0)
    note = f"{refused:,} refused" if refused else f"{waiting:,} wait elsewhere" if waiting else ""
    note = note or (f"{left:,} left out" if left else "")
    return _Row(
        {
            "requests": f"{chosen.requests:,}",
            "size": fmt.sizes(chosen.size_bytes, chosen.unsized),
            "window": fmt.span(chosen.window) if chosen.window is not None else "at once",
            "cost": fmt.estimate(chosen.cost, chosen.requests, plan.prices.currency),
        },
        note,
        "bad" if refused else "dim",
    )


def _why_none(chosen: TierPlan) -> tuple[str, str]:
    """The commonest reason for which nothing would be sent, and its style."""
    reasons: dict[tuple[Action, str], int] = {}
    for line in chosen.lines:
        verdict = line.verdict
        reasons[verdict.action, verdict.reason] = (
            reasons.get((verdict.action, verdict.reason), 0) + line.group.objects
        )
    if not reasons:
        return "nothing is chosen", "dim"
    (action, reason), _ = max(reasons.items(), key=lambda item: item[1])
    return f"{action}: {reason}", "bad" if action is Action.REFUSED else "dim"
