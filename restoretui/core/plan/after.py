"""A plan with something to be done with its objects once they can be read."""

from collections.abc import Sequence
from dataclasses import replace

from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.then_costs import ThenAmount, step_costs
from restoretui.core.plan.tier_plan import PlanLine, TierPlan
from restoretui.core.rules.verdicts import Action
from restoretui.core.then.steps import ThenStep


def with_then(plan: RestorePlan, steps: Sequence[ThenStep]) -> RestorePlan:
    """The same plan with these steps, and what they cost at each tier."""
    if not steps and not plan.then:
        return plan
    tiers = {
        tier: replace(
            chosen, then=step_costs(steps, [_amount(plan, line) for line in _reading(chosen)]) if steps else ()
        )
        for tier, chosen in plan.tiers.items()
    }
    return replace(plan, then=tuple(steps), tiers=tiers)


def _reading(chosen: TierPlan) -> list[PlanLine]:
    """The lines whose objects can be read, or will be."""
    return [
        line
        for line in chosen.lines
        if line.verdict.action.sends
        or line.verdict.action is Action.ALREADY
        or (line.verdict.action is Action.NOTHING and not line.group.facts.is_unseen)
    ]


def _amount(plan: RestorePlan, line: PlanLine) -> ThenAmount:
    group = line.group
    return ThenAmount(
        plan.table_of(group.bucket), group.objects, group.size_bytes, group.unsized,
        was_online=line.verdict.action is Action.NOTHING and line.verdict.archive is None,
    )  # fmt: skip
