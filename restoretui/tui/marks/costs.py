"""What restoring marks would cost, tier by tier, in a few words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from restoretui.core.model import Tier
from restoretui.tui.words import Part, said
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


def all_costs(plan: "RestorePlan", names: Mapping[Tier, str] = SHORT, *, parts_said: bool = True) -> list[Part]:
    """Of each tier; where one takes fewer objects than another, of how many, if ``parts_said``."""
    most = max(plan.tiers[tier].requests for tier in Tier)
    parts: list[Part] = []
    for tier in Tier:
        parts += ["  " if parts else "", *tier_cost(plan, tier, names)]
        if parts_said and 0 < (requests := plan.tiers[tier].requests) < most:
            parts.append((f" ({requests:,} of {most:,})", "warn"))
    return parts


def shorter_and_shorter(plan: "RestorePlan") -> list[Content]:
    """What all tiers cost, for a bar: the longest wording first, the last for where there is hardly any room."""
    return [
        said(*all_costs(plan, LONG)), said(*all_costs(plan)), said(*all_costs(plan, parts_said=False)),
        said(*tier_cost(plan, Tier.STANDARD), "  ", *tier_cost(plan, Tier.BULK)), said(*tier_cost(plan, Tier.BULK)),
    ]  # fmt: skip
