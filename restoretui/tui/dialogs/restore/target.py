"""The target of a plan: which buckets, in which regions, on whose account; and those facts in lines of text."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from restoretui.core.errors import RestoreTuiError
from restoretui.engine.traffic.waits import first_of
from restoretui.tui.words import Part, said
from restoretui.wording.safe import fit

if TYPE_CHECKING:
    from restoretui.session.session import Session

ACCOUNT_WITHIN_S = 3.0
"""Longest wait for whose account it is, before the plan is shown without: not every network has a way to the STS."""


class PlanTarget(NamedTuple):
    """Where a plan would be carried out, and by whom."""

    scheme: str
    buckets: Sequence[str]
    account: str
    regions: Sequence[str]
    profile: str


def place_lines(target: PlanTarget, width: int, most: int, report: str = "") -> list[Content]:
    """The target on as few lines as it takes, at most ``most``: then fewer buckets are named, or they are cropped."""
    facts = [
        ("account", target.account), ("region", ", ".join(target.regions)), ("profile", target.profile),
        ("report", report),
    ]  # fmt: skip
    told = [(label, value) for label, value in facts if value]
    for named in (3, 2, 1):
        lines = _place_lines(target, named, told, width)
        if len(lines) <= most:
            return lines
    # Each on its line; what is longer than that is cropped in its middle.
    room = max(8, width - 3)
    others = len(target.buckets) - 1
    more = f", {others} more" if others > 0 else ""
    bucket = fit(f"{target.scheme}://{target.buckets[0] if target.buckets else ''}", room - len(more))
    rest = " · ".join(f"{label} {value}" for label, value in told)
    lines = [said(("in ", "dim"), (bucket.rstrip() + more, "strong"))]
    if most > 1 and told:
        lines.append(said("   ", fit(rest, room).rstrip()))
    return lines


def _place_lines(target: PlanTarget, named: int, told: Sequence[tuple[str, str]], width: int) -> list[Content]:
    shown = [f"{target.scheme}://{bucket}" for bucket in target.buckets[:named]]
    if len(target.buckets) > named:
        shown.append(f"{len(target.buckets) - named} more")
    pieces = [("", bucket, "strong") for bucket in shown] + [(f"{label} ", value, "") for label, value in told]
    lines: list[list[Part]] = [[("in ", "dim")]]
    used = 3
    for number, (label, value, style) in enumerate(pieces):
        between = "" if not number else ", " if number < len(shown) else " · "
        if number and used + len(between + label + value) > width:
            lines.append(["   "])
            used, between = 3, ""
        lines[-1] += [(between, "dim"), (label, "dim")]
        used += len(between + label)
        while used + len(value) > width > used:
            # A name longer than a line goes on in the next one.
            lines[-1].append((value[: width - used], style))
            lines.append(["   "])
            value, used = value[width - used :], 3
        lines[-1].append((value, style))
        used += len(value)
    return [said(*line) for line in lines]


async def find_target(session: "Session", sel: int, scheme: str) -> PlanTarget:
    """Of a selection's objects in one cloud; without the account where nobody says in time whose it is."""
    summary = await session.ledger.selections.summary(sel)
    buckets = sorted({bucket for cloud, bucket in summary.by_bucket if cloud == session.cloud_of(scheme)})
    regions = sorted({await session.region(bucket, scheme) for bucket in buckets})
    asking = asyncio.create_task(session.identity_of(scheme, buckets))
    account, profile = "", session.settings.connection_to(scheme).profile or ""
    try:
        await first_of(session.clock.pause(ACCOUNT_WITHIN_S), beside=[asking])
        if asking.done():
            identity = asking.result()
            account, profile = identity.account, identity.profile
    except RestoreTuiError:
        pass  # Whoever shows the plan asks again, and says why it is not known.
    finally:
        asking.cancel()
    return PlanTarget(scheme, buckets, account, regions, profile)


async def days_asked_for(session: "Session", sel: int) -> int | None:
    """The days most of the restores under way were asked for with: speeding up must keep them."""
    counts: dict[int, int] = {}
    for groups in (await session.ledger.selections.facts(sel)).values():
        for group in groups:
            if group.facts.days is not None and group.facts.in_progress:
                counts[group.facts.days] = counts.get(group.facts.days, 0) + group.objects
    return max(counts, key=lambda days: counts[days]) if counts else None
