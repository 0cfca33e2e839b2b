"""What a plan becomes that goes through S3 Batch Operations: its jobs, their windows and fees.

Sources: FACTS 2 (jobs), 1.4 (windows), 3 (fees).
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from restoretui.core.model import Tier
from restoretui.core.plan.after import with_then
from restoretui.core.plan.job_fees import JobFees
from restoretui.core.plan.plan import RestorePlan, make_plan
from restoretui.core.plan.tier_plan import FactGroup, PlanLine, TierPlan
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.verdicts import Action, Verdict

MOST_OBJECTS = 4_000_000_000
"""A job's limit for restores (FACTS 2.6)."""
MANY = 100_000
"""From so many objects on, ``auto`` leaves the sending to a job: more than three minutes at our usual pace."""
WORTH_A_JOB = 1_000
"""From so many objects on, ``auto`` pays a job's fee for an earlier begin."""
NO_EXPEDITED = "S3 Batch Operations does not offer the expedited tier"
NO_PAYER = "S3 Batch Operations cannot agree to requester pays: every task would be refused, and the job billed"
"""FACTS 1.8."""


class JobKind(NamedTuple):
    """What one job cannot mix (FACTS 2.2): buckets (and so regions), Intelligent-Tiering, versions named or not."""

    bucket: str
    tiered: bool
    versions: bool


class Portion(NamedTuple):
    """So many objects of one kind."""

    kind: JobKind
    objects: int


def group_into_jobs(portions: Iterable[Portion], most: int = MOST_OBJECTS) -> list[Portion]:
    """As few jobs as the rules allow, in the order of their buckets."""
    sums: dict[JobKind, int] = {}
    for portion in portions:
        sums[portion.kind] = sums.get(portion.kind, 0) + portion.objects
    jobs: list[Portion] = []
    for kind, objects in sorted(sums.items()):
        jobs += [Portion(kind, min(most, objects - start)) for start in range(0, objects, most)]
    return jobs


def as_batch(
    plan: RestorePlan, rules: CloudRules, tiers: Collection[Tier] = tuple(Tier), fees: JobFees | None = None
) -> RestorePlan:
    """The same direct plan with these tiers through jobs: their windows, their fees, and Expedited refused."""
    known = (fees or plan.fees).in_currency(plan.prices.currency)
    through = {
        tier: _tier_as_batch(chosen, rules, known) if tier in tiers else chosen for tier, chosen in plan.tiers.items()
    }
    return replace(plan, tiers=through, by_jobs=frozenset(tiers), fees=known)


def made_again(plan: RestorePlan, groups: Iterable[FactGroup], now: datetime, marks: int | None) -> RestorePlan:
    """The plan that the same wishes give for what is chosen and known ``now``."""
    prices = plan.prices, plan.prices_exact
    direct = make_plan(plan.rules, groups, plan.days, now, prices, plan.purpose, plan.terms, plan.bucket_terms)
    again = with_then(replace(direct, marks=marks, regions=plan.regions), plan.then)
    return as_batch(again, plan.rules, plan.by_jobs, plan.fees)


def _tier_as_batch(chosen: TierPlan, rules: CloudRules, fees: JobFees) -> TierPlan:
    lines: list[PlanLine] = []
    unpaid = Counter((job.kind.bucket, job.kind.tiered) for job in jobs_of(chosen, rules))
    for line in chosen.lines:
        if not line.verdict.action.sends_now:  # What waits for a copy is asked for by itself, once that is there.
            lines.append(line)
            continue
        if line.verdict.archive is None:
            lines.append(replace(line, verdict=Verdict(Action.REFUSED, "no job takes what was not looked at")))
            continue
        rule = rules.archives[line.verdict.archive]
        tier = chosen.request.tier
        if tier not in rule.batch_windows:
            lines.append(replace(line, verdict=Verdict(Action.REFUSED, NO_EXPEDITED, rule.archive)))
            continue
        window = rule.batch_windows[tier] if line.verdict.window is not None else None
        job = line.group.bucket, line.group.facts.storage_class == rules.tiered_class
        # A job's own fee stands in the first of its lines.
        fee = fees.of_jobs(line.group.bucket, unpaid.pop(job, 0), line.group.objects)
        lines.append(replace(line, verdict=replace(line.verdict, window=window), cost=line.cost.beside(fee)))
    return replace(chosen, lines=lines)


def jobs_of(chosen: TierPlan, rules: CloudRules) -> list[Portion]:
    """The jobs a tier of a plan will take, as far as facts tell: named versions show only in the ledger."""
    return group_into_jobs(
        Portion(
            JobKind(line.group.bucket, line.group.facts.storage_class == rules.tiered_class, versions=False),
            line.group.objects,
        )
        for line in chosen.sending
        if line.verdict.action.sends_now
    )


class EngineChoice(NamedTuple):
    """Which engine ``auto`` takes, and why, in one sentence."""

    batch: bool
    reason: str


def choose_engine(
    chosen: TierPlan, rules: CloudRules, *, has_role: bool, offered: bool = True, pays: bool = False
) -> EngineChoice:
    """Whether jobs are the better way for this tier of a (direct) plan. ``pays``: as requester, which no job can."""
    tier, requests = chosen.request.tier, chosen.requests - chosen.later
    if not offered or not rules.has_jobs:
        return EngineChoice(False, "direct: this cloud has no S3 Batch Operations")
    if pays:
        return EngineChoice(False, f"direct: {NO_PAYER}")
    if tier is Tier.EXPEDITED:
        return EngineChoice(False, f"direct: {NO_EXPEDITED}")
    if not has_role:
        return EngineChoice(False, "direct: no role for S3 Batch Operations is configured")
    if requests >= MANY:
        return EngineChoice(True, f"batch: {requests:,} objects are more than one machine should ask for")
    sooner = sum(line.group.objects for line in chosen.sending if _sooner(line, rules, tier))
    if sooner >= WORTH_A_JOB:
        why = f"batch: {sooner:,} objects begin to arrive within minutes through a job, not hours"
        return EngineChoice(True, why)
    return EngineChoice(False, f"direct: {requests:,} objects are quickly asked for one by one")


def _sooner(line: PlanLine, rules: CloudRules, tier: Tier) -> bool:
    rule = rules.archives.get(line.verdict.archive or "")
    if rule is None or tier not in rule.batch_windows or line.verdict.window is None:
        return False
    return rule.batch_windows[tier].shortest * 10 <= rule.windows[tier].shortest
