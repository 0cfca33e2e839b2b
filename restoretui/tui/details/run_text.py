"""One run: how far it is, why objects failed, and the money."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from textual.content import Content

from restoretui.core.model import State
from restoretui.ledger.run_records import Cause, Run
from restoretui.tui.details.fact import fact, headed, line, wrapped
from restoretui.tui.words import STATES
from restoretui.wording import format as fmt

MOST_CAUSES = 5


def run_lines(
    run: Run, title: str, causes: Sequence[Cause], looks_cost: Decimal | None, now: datetime, width: int
) -> list[Content]:
    """``causes`` are known a moment later than the rest."""
    money = fmt.about(run.estimate, run.currency, run.unpriced)
    looks = f"{run.list_calls + run.head_calls:,} calls" + (
        f", {fmt.money(looks_cost, run.currency)}" if looks_cost else ""
    )
    states = [
        line(
            width, (f"{glyph} {state.value:<10}", style), f"{run.counts[state]:>11,} ",
            f"{fmt.size(run.bytes_by_state.get(state, 0)):>9}",
        )
        for state, (glyph, style) in STATES.items() if run.counts.get(state)
    ]  # fmt: skip
    back = sum(run.bytes_by_state.get(state, 0) for state in (State.AVAILABLE, State.EXPIRED))
    why = [
        each
        for cause in causes[:MOST_CAUSES]
        for each in fact(f"{cause.objects:,}", f"{cause.code} {cause.reason}".strip(), width, _style(cause))
    ]
    more = len(causes) - MOST_CAUSES
    lasting = f" for {fmt.plural(run.days, 'day')}" if run.days else ""
    is_told = run.bytes_by_state and not run.is_unsized
    told_back = f"{fmt.size(back)} of {fmt.size(run.size_bytes)}" if is_told else ""
    return [
        *(line(width, (part, "strong")) for part in wrapped(f"Run #{run.id} {title}".strip(), width)),
        Content(""),
        *fact("asked", f"{run.purpose} at {run.tier}{lasting}", width),
        *fact("by", run.requester, width),
        *fact("ticket", run.ticket, width),
        *fact("note", run.note, width),
        *fact("started", f"{fmt.short_instant(run.created_at, now)} UTC", width),
        *fact("ended", "" if run.ended_at is None else f"{fmt.short_instant(run.ended_at, now)} UTC", width),
        *fact("back", told_back, width),
        *headed("By state", states),
        *headed("Why not", [*why, *([line(width, (f"and {more} more", "dim"))] if more > 0 else [])]),
        *headed("Money", [*fact("estimate", money, width), *fact("looks", looks, width)]),
    ]


def _style(cause: Cause) -> str:
    return "bad" if cause.state is State.FAILED else "dim"
