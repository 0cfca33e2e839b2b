"""What restoring marks would cost, tier by tier, in a few words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from restoretui.core.model import Tier
from restoretui.tui.words import Part
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

LONG = {tier: tier.value for tier in Tier}
SHORT = {Tier.EXPEDITED: "exp", Tier.STANDARD: "std", Tier.BULK: "bulk"}


def tier_cost(plan: "RestorePlan", tier: Tier, names: Mapping[Tier, str] = SHORT) -> list[Part]:
    """One tier."""
    chosen = plan.tiers[tier]
    name: Part = (f"{names[tier]} ", "dim")
    if not chosen.requests:
        return [name, ("–", "dim")]
    return [name, fmt.estimate(chosen.cost, chosen.requests, plan.prices.currency)]


def all_costs(plan: "RestorePlan", names: Mapping[Tier, str] = SHORT) -> list[Part]:
    """Of each tier; where one takes fewer objects than another, of how many."""
    most = max(plan.tiers[tier].requests for tier in Tier)
    parts: list[Part] = []
    for tier in Tier:
        parts += ["  " if parts else "", *tier_cost(plan, tier, names)]
        if 0 < (requests := plan.tiers[tier].requests) < most:
            parts.append((f" ({requests:,} of {most:,})", "warn"))
    return parts
