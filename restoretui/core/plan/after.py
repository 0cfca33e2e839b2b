"""A plan with something to be done with its objects once they can be read."""

from collections.abc import Sequence

from msgspec.structs import replace

from restoretui.core.errors import GuardStopped
from restoretui.core.model import Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.pricing import Cost, estimate
from restoretui.core.plan.then_costs import ThenAmount, early_fee, step_costs
from restoretui.core.plan.tier_plan import PlanLine, TierPlan
from restoretui.core.rules.verdicts import Action
from restoretui.core.then.steps import ThenKind, ThenStep, keep_days


def with_then(plan: RestorePlan, steps: Sequence[ThenStep]) -> RestorePlan:
    """The same plan with these steps, and what they cost at each tier."""
    if not steps and not plan.then:
        return plan
    tiers = {
        tier: replace(
            chosen,
            then=step_costs(steps, [_amount(plan, line, tier, steps) for line in _reading(chosen)]) if steps else (),
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


def _amount(plan: RestorePlan, line: PlanLine, tier: Tier, steps: Sequence[ThenStep]) -> ThenAmount:
    group = line.group
    return ThenAmount(
        plan.table_of(group.bucket), group.objects, group.size_bytes, group.unsized,
        bucket=group.bucket,
        was_online=line.verdict.action is Action.NOTHING and line.verdict.archive is None,
        kept=_kept(plan, line, tier, keep_days(steps)),
        early=_early(plan, line) if any(step.kind is ThenKind.DISCARD for step in steps) else Cost(),
    )  # fmt: skip


def _early(plan: RestorePlan, line: PlanLine) -> Cost:
    """Removing them from their archive today."""
    archive, group = line.verdict.archive or line.group.facts.storage_class, line.group
    rule = plan.rules.archive_named(archive)
    if rule is None:
        return Cost()
    days = 0 if not rule.takes_days else rule.least_days
    fee = early_fee(plan.table_of(group.bucket), archive, days, group.objects, group.size_bytes)
    return fee.unsized(group.unsized)


def check_discards(chosen: TierPlan) -> None:
    """``GuardStopped`` unless as many archived versions go as somebody said may go."""
    for one in chosen.then:
        if one.step.kind is ThenKind.DISCARD and one.objects and one.step.agreed != one.objects:
            raise GuardStopped(
                f"{one.objects:,} archived versions would be removed for good, not {one.step.agreed:,};"
                " nothing was sent",
                f"say --delete-archived {one.objects} if that is meant",
            )


def with_discards_agreed(plan: RestorePlan, tier: Tier) -> RestorePlan:
    """The same plan, of which somebody said that as many archived versions may go as go at ``tier``."""
    goes = {one.step: one.objects for one in plan.tiers[tier].then if one.step.kind is ThenKind.DISCARD}
    return with_then(plan, [replace(step, agreed=goes.get(step, step.agreed)) for step in plan.then])


def _kept(plan: RestorePlan, line: PlanLine, tier: Tier, days: int) -> Cost:
    """One extension of each copy that has an end."""
    archive, group = line.verdict.archive, line.group
    rule = plan.rules.archive_named(archive)
    if not days or archive is None or rule is None or not rule.takes_days:
        return Cost()
    return estimate(
        plan.table_of(group.bucket), archive, tier, Action.EXTEND, group.objects, group.size_bytes, days
    ).unsized(group.unsized)
