"""What lies below a prefix, or in a bucket: by state and by class, as the ledger has it added up."""

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from restoretui.core.model import State
from restoretui.ledger.records import Listing
from restoretui.ledger.volumes import PrefixTotals, Volume
from restoretui.tui.details.fact import fact, headed, line, wrapped
from restoretui.tui.details.object_text import tier_lines
from restoretui.tui.words import STATES
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

NAME_CELLS = 13


def prefix_lines(
    name: str, totals: PrefixTotals | None, listing: Listing | None, plan: "RestorePlan | None",
    sums_key: str, now: datetime, width: int,
) -> list[Content]:  # fmt: skip
    """``sums_key`` is what to press where nothing is added up yet; empty of a bucket, which is to be opened first."""
    lines = [line(width, (part, "prefix")) for part in wrapped(name, width)]
    if totals is None or listing is None:
        said = f"{sums_key} adds up what is below" if sums_key else "not added up yet: open it first"
        return [*lines, Content(""), *(line(width, (part, "dim")) for part in wrapped(said, width))]
    whole = totals.whole
    age = fmt.ago((now - (listing.ended_at or listing.started_at)).total_seconds())
    archived = whole.objects and totals.archived.objects / whole.objects
    done, rest = fmt.bar(archived, max(8, min(30, width - 6)))
    percent = 100 if archived == 1 else min(99, round(archived * 100))
    states = [(STATES[State(name)], name, volume) for name, volume in totals.by_state().items()]
    return [
        *lines,
        Content(""),
        *fact("objects", fmt.count(whole.objects), width),
        *fact("size", fmt.sizes(whole.size_bytes, whole.unsized), width),
        *fact("summed up", age, width, "warn" if listing.is_stale(now) else "dim"),
        *([Content(""), line(width, (done, "cold"), (rest, "dim"), f" {percent}%")] if whole.objects else []),
        *headed(
            "By state", [_amount(f"{glyph} {name}", volume, width, style) for (glyph, style), name, volume in states]
        ),
        *headed("By class", [_amount(name or "?", volume, width) for name, volume in totals.by_class().items()]),
        *tier_lines(plan, width, "Restoring what is archived"),
    ]


def _amount(name: str, volume: Volume, width: int, style: str = "") -> Content:
    amount = fmt.sizes(volume.size_bytes, volume.unsized)
    cells = max(NAME_CELLS, width - 22)
    return line(width, (f"{name[:cells]:<{cells}}", style), f"{volume.objects:>11,} {amount:>9}")
