"""S3 Batch Operations as values: what a job is asked for, what is known of one, and what its rules ask of a plan.

Sources: FACTS 2 (jobs), 1.4 (windows), 3 (fees).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.job_fees import JobFees
from restoretui.core.plan.plan import FactGroup, PlanLine, RestorePlan, TierPlan, make_plan
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
TERMINAL = frozenset({"Complete", "Failed", "Cancelled"})


MANIFESTS, REPORTS = "restoretui/manifests", "restoretui/reports"
"""Prefixes in the archived objects' own bucket, where no other place is named."""


class ReportScope(StrEnum):
    """What a completion report tells of."""

    ALL = "all"
    FAILED = "failed"
    NONE = "none"


class Place(NamedTuple):
    """Where something is written: a bucket, and a prefix without a slash at its end."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a plan becomes jobs. Locations: None means the archived objects' own bucket."""

    role_arn: str
    manifest: Place | None = None
    report: Place | None = None
    scope: ReportScope = ReportScope.ALL
    priority: int = 10
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    generated: bool = False
    """S3 shall look for the objects itself, where they are all of their classes below a prefix."""
    hold: bool = False
    """Leave the jobs suspended until somebody confirms them."""
    followed: bool = False
    """It was made elsewhere: it is watched, and what was written for it is not ours."""

    def manifest_of(self, bucket: str) -> Place:
        """Where the manifest of a job on ``bucket`` goes."""
        return self.manifest or Place(bucket, MANIFESTS)

    def report_of(self, bucket: str) -> Place | None:
        """Where its completion report goes; None for none."""
        return None if self.scope is ReportScope.NONE else self.report or Place(bucket, REPORTS)

    def checked(self) -> "BatchOptions":
        """Itself; ``UsageError`` for what CreateJob would refuse (FACTS 2.1)."""
        if not self.role_arn:
            raise UsageError(
                "S3 Batch Operations needs a role to act as",
                "name one by --role-arn, RESTORETUI_BATCH_ROLE_ARN or batch_role_arn in the config; "
                "`restoretui batch policy LOCATION` prints the policies it needs",
            )
        parts = self.role_arn.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or parts[2] != "iam" or not parts[5].startswith("role/"):
            raise UsageError(
                f"{self.role_arn!r} is not a role's ARN",
                "write arn:aws:iam::ACCOUNT:role/NAME (aws-cn, aws-us-gov or another partition where it is of one)",
            )
        if not 0 <= self.priority <= 2_147_483_647:
            raise UsageError(f"a job's priority lies between 0 and 2147483647, not at {self.priority}")
        if len(self.description) > MOST_DESCRIPTION:
            raise UsageError(f"a job's description has at most {MOST_DESCRIPTION} characters here")
        if len(self.tags) > 50 or any(not 0 < len(k) <= 128 or len(v) > 256 for k, v in self.tags.items()):
            raise UsageError("a job takes at most 50 tags, with keys up to 128 and values up to 256 characters")
        return self


MOST_DESCRIPTION = 200
"""CreateJob takes 256; the rest is for the mark by which we find our jobs again."""


def as_tags(pairs: Iterable[str]) -> dict[str, str]:
    """``KEY=VALUE`` each; ``UsageError`` for what is none."""
    tags: dict[str, str] = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not found or not key:
            raise UsageError(f"{pair!r} is not a tag", "write KEY=VALUE")
        tags[key] = value
    return tags


class Manifest(NamedTuple):
    """A manifest that was uploaded."""

    bucket: str
    key: str
    etag: str
    versions: bool


class ManifestRow(NamedTuple):
    """One object of a manifest that is there already."""

    bucket: str
    key: str
    version_id: str | None


class Generator(NamedTuple):
    """What S3 looks for itself while it prepares a job: all current objects of these classes below a prefix."""

    bucket: str
    prefix: str
    classes: tuple[str, ...]

    def __str__(self) -> str:
        """As a person would say it."""
        return f"s3://{self.bucket}/{self.prefix} ({', '.join(self.classes) or 'any class'})"


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What CreateJob is given. ``days`` is None where they must not be sent."""

    region: str
    token: str
    role_arn: str
    tier: Tier
    days: int | None
    priority: int
    description: str
    tags: Mapping[str, str]
    manifest: Manifest | Generator
    report: Place | None
    scope: ReportScope


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job as the cloud tells of it; ListJobs tells less than DescribeJob, whose fields are then empty."""

    job_id: str
    region: str
    status: str
    priority: int = 0
    description: str = ""
    operation: str = ""
    created: datetime | None = None
    ended: datetime | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    elapsed_s: int = 0
    """Seconds it was active."""
    role_arn: str = ""
    tier: Tier | None = None
    days: int | None = None
    manifest: str = ""
    """Location of the manifest."""
    manifest_etag: str = ""
    manifest_version: str = ""
    """Empty: whatever is there now, with that ETag."""
    manifest_fields: tuple[str, ...] = ()
    """Columns of a CSV manifest; empty for any other kind."""
    generated: Generator | None = None
    """What the manifest was generated from; filters that we never use are not told."""
    report: Place | None = None
    scope: ReportScope = ReportScope.NONE
    failures: Sequence[tuple[str, str]] = ()
    """Codes and reasons of the job as a whole."""
    reason: str = ""
    """Given by whoever changed its status last."""

    @property
    def is_over(self) -> bool:
        """Its status will not change any more."""
        return self.status in TERMINAL


class Tally(NamedTuple):
    """What a job counts of its tasks, and of which of them its completion report tells, and where."""

    report: Place | None
    scope: ReportScope
    succeeded: int
    failed: int


class ReportRow(NamedTuple):
    """One task in a completion report. ``key`` is as it was written: see ``core.batch.report_keys``."""

    bucket: str
    key: str
    version_id: str | None
    succeeded: bool
    status: int
    code: str
    message: str
    reason: str = ""
    """What its refusal means and what helps, in words that name no object; empty where the code says it."""


# --- what a plan becomes -----------------------------------------------------------------------------------------


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
    direct = make_plan(
        plan.rules, groups, plan.days, now, prices, plan.purpose, plan.readable,
        asks_unseen=plan.asks_unseen, shorten=plan.shorten, until=plan.until,
        tables=plan.tables,
    )  # fmt: skip
    return as_batch(replace(direct, marks=marks), plan.rules, plan.by_jobs, plan.fees)


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
        cost = replace(line.cost + fee, unpriced=max(line.cost.unpriced, fee.unpriced))
        lines.append(replace(line, verdict=replace(line.verdict, window=window), cost=cost))
    return TierPlan(chosen.request, lines)


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
