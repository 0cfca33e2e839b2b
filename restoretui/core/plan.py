"""A plan: what each marked object would do at each tier, how long it takes and what it costs, before a cent is spent.

Objects with equal facts get equal verdicts, so a plan is made from groups: a million marks are a few dozen lines.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil

from restoretui.core.model import ObjectFacts, RestoreRequest, Tier
from restoretui.core.pricing import Cost, PriceTable, estimate
from restoretui.core.rules import Action, CloudRules, Purpose, Verdict, Window, check_days, judge

READ_DIRECTLY = "the bucket's archive direct read is on: it can be read as it is, at a price per GB"
"""Why nothing is restored where OSS reads archived objects without a restore (FACTS 4.1)."""


@dataclass(frozen=True, slots=True)
class FactGroup:
    """All chosen objects of one bucket that share their facts."""

    bucket: str
    facts: ObjectFacts
    objects: int
    size_bytes: int
    large_objects: int = 0
    """Of them, those too large for Expedited's typical time (``rules.EXPEDITED_TYPICAL_BYTES``)."""


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One group's verdict and cost at one tier."""

    group: FactGroup
    verdict: Verdict
    cost: Cost


@dataclass(frozen=True)
class TierPlan:
    """The whole selection at one tier."""

    request: RestoreRequest
    lines: Sequence[PlanLine]

    @cached_property
    def counts(self) -> Mapping[Action, int]:
        """Objects by action."""
        counts: Counter[Action] = Counter()
        for line in self.lines:
            counts[line.verdict.action] += line.group.objects
        return counts

    @property
    def sending(self) -> Sequence[PlanLine]:
        """The lines for which requests go out."""
        return [line for line in self.lines if line.verdict.action.sends]

    @property
    def requests(self) -> int:
        """How many restore requests go out: one for each object acted on."""
        return sum(line.group.objects for line in self.sending)

    @property
    def size_bytes(self) -> int:
        """Bytes of the objects acted on."""
        return sum(line.group.size_bytes for line in self.sending)

    @property
    def cost(self) -> Cost:
        """The estimate for all requests together."""
        return sum((line.cost for line in self.sending), Cost())

    @property
    def window(self) -> Window | None:
        """From the soonest to the latest typical end; None when nothing takes time."""
        windows = [line.verdict.window for line in self.sending if line.verdict.window is not None]
        if not windows:
            return None
        whole = windows[0]
        for window in windows[1:]:
            whole |= window
        return whole

    @property
    def endless(self) -> int:
        """Objects acted on that come back for good: neither the days nor the plan's expiry hold for them."""
        return sum(line.group.objects for line in self.sending if line.verdict.endless)

    @property
    def large_objects(self) -> int:
        """Objects acted on that Expedited's typical time does not cover."""
        if self.request.tier is not Tier.EXPEDITED:
            return 0
        return sum(line.group.large_objects for line in self.sending)


@dataclass(frozen=True)
class RestorePlan:
    """Every tier side by side, at one number of days and one moment."""

    rules: CloudRules
    days: int
    purpose: Purpose
    made_at: datetime
    tiers: Mapping[Tier, TierPlan]
    expiry: datetime
    """When a copy that were available at once would end; the cloud says the true one later. See ``endless``."""
    prices: PriceTable
    prices_exact: bool
    """Whether the price table is the buckets' own region's; if not, every cost is an estimate by another's."""

    @property
    def scheme(self) -> str:
        """``s3`` or ``oss``."""
        return self.rules.scheme

    @property
    def objects(self) -> int:
        """How many objects were chosen."""
        return sum(next(iter(self.tiers.values())).counts.values())


def _added_days(rules: CloudRules, facts: ObjectFacts, action: Action, days: int, now: datetime) -> int:
    """By how many days ``action`` lengthens the life of the temporary copy: what it adds to the bill for storage."""
    if action is Action.START:
        return days
    rule = rules.archive_of(facts)
    if action is Action.EXTEND and facts.expiry is not None and rule is not None:
        longer = rules.extended_to(rule, facts.expiry, days, now) - facts.expiry
        return max(0, ceil(longer / timedelta(days=1)))
    return 0  # Speeding up changes no days; whoever asked first pays for the copy.


def make_plan(
    rules: CloudRules,
    groups: Iterable[FactGroup],
    days: int,
    now: datetime,
    prices: tuple[PriceTable, bool],
    purpose: Purpose = Purpose.RESTORE,
    readable: Mapping[str, frozenset[str]] | None = None,
) -> RestorePlan:
    """Judge and price every group at every tier; ``UsageError`` when no copy can last ``days``.

    ``readable`` names, by bucket, the archives that its setting lets anybody read without a restore.
    """
    check_days(days)
    chosen = list(groups)
    table, exact = prices

    def line(group: FactGroup, request: RestoreRequest) -> PlanLine:
        verdict = judge(rules, group.facts, request, now, purpose)
        if verdict.action is Action.START and verdict.archive in (readable or {}).get(group.bucket, ()):
            verdict = Verdict(Action.NOTHING, READ_DIRECTLY, verdict.archive)
        cost = Cost()
        if verdict.action.sends and verdict.archive is not None:
            added = _added_days(rules, group.facts, verdict.action, days, now)
            cost = estimate(
                table, verdict.archive, request.tier, verdict.action, group.objects, group.size_bytes, added
            )
        return PlanLine(group, verdict, cost)

    requests = [RestoreRequest(days, tier) for tier in Tier]
    return RestorePlan(
        rules=rules,
        days=days,
        purpose=purpose,
        made_at=now,
        tiers={request.tier: TierPlan(request, [line(group, request) for group in chosen]) for request in requests},
        expiry=rules.expiry_of(now, days),
        prices=table,
        prices_exact=exact,
    )
