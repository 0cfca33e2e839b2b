"""What of a plan hangs on whether objects that may not be looked at are asked for all the same (FACTS 1.3, 5)."""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from restoretui.core.model import Tier
from restoretui.core.plan.plan import RestorePlan, make_plan
from restoretui.core.plan.pricing import Cost
from restoretui.core.plan.tier_plan import PlanLine
from restoretui.core.rules.verdicts import Action


class UnseenPart(NamedTuple):
    """The objects that are left out for want of a look."""

    objects: int
    requests: int
    """How many of them can be asked for unseen."""
    cost: Cost
    """What that would cost."""
    shortens: bool
    """A copy of one may be there already, and end sooner by the request."""


def otherwise(plan: RestorePlan) -> RestorePlan:
    """The same direct plan, made the other way: with what was left out unseen, or without what was asked for."""
    groups = [line.group for line in next(iter(plan.tiers.values())).lines]
    return make_plan(
        plan.rules, groups, plan.days, plan.made_at, (plan.prices, plan.prices_exact), plan.purpose,
        replace(plan.terms, asks_unseen=not plan.asks_unseen), plan.bucket_terms,
    )  # fmt: skip


def unseen_part(one: RestorePlan, other: RestorePlan, tier: Tier) -> UnseenPart:
    """How two plans differ, one of which asks for what nobody may look at: both are made of the same objects."""
    asking, sparing = (one, other) if one.asks_unseen else (other, one)
    pairs = zip(sparing.tiers[tier].lines, asking.tiers[tier].lines, strict=True)
    left = [(spared, asked) for spared, asked in pairs if spared.verdict.action is Action.LOOK]
    sent = [asked for _, asked in left if asked.verdict.action.sends]
    return UnseenPart(
        _objects(spared for spared, _ in left),
        _objects(sent),
        sum((line.cost for line in sent), Cost()),
        any(line.group.facts.untold for line in sent),
    )


def _objects(lines: Iterable[PlanLine]) -> int:
    return sum(line.group.objects for line in lines)
