"""A plan: what each marked object would do at each tier, how long it takes and what it costs, before a cent is spent.

Its tiers, and the groups of equal objects it is made from, are in ``tier_plan``.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil

from msgspec import Struct, field

from restoretui.core.literal.literal import UNJUDGED, Literal
from restoretui.core.measured import Measured
from restoretui.core.model import END_UNTOLD, ObjectFacts, RestoreRequest, Tier
from restoretui.core.plan.job_fees import NO_FEES, JobFees
from restoretui.core.plan.lifecycle import Expiring
from restoretui.core.plan.pricing import Cost, PriceTable, estimate
from restoretui.core.plan.tier_plan import FactGroup, PlanLine, TierPlan
from restoretui.core.rules.rules import CloudRules, check_days
from restoretui.core.rules.verdicts import Action, Purpose, Verdict, judge
from restoretui.core.then.steps import ThenStep

SEEN_NOW = timedelta(minutes=1)
"""What was seen within it was seen now."""
READ_DIRECTLY = "the bucket's archive direct read is on: it can be read as it is, at a price per GB"
"""Why nothing is restored where OSS reads archived objects without a restore (FACTS 4.1)."""


class Terms(Struct, frozen=True):
    """How a restore is asked for, besides its days and tier; see ``RestorePlan``'s fields of the same names."""

    asks_unseen: bool = False
    shorten: bool = False
    until: datetime | None = None
    literal: str = ""


class BucketTerms(Struct, frozen=True):
    """What holds for single buckets; see ``RestorePlan``'s fields of the same names."""

    readable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tables: Mapping[str, PriceTable] = field(default_factory=dict)
    """In the currency of the plan's own table, which prices all other buckets."""


PLAINLY = Terms()
EVERYWHERE_ALIKE = BucketTerms()


class RestorePlan(Struct, frozen=True):
    """Every tier side by side, at one number of days and one moment."""

    rules: CloudRules
    days: int
    purpose: Purpose
    made_at: datetime
    tiers: Mapping[Tier, TierPlan]
    expiry: datetime
    """When a copy that were available at once would end; the cloud says the true one later. See ``endless``."""
    prices: PriceTable
    """In what currency, of which Regions and date; what prices a bucket is ``table_of``."""
    prices_exact: bool
    """Whether each price table is the bucket's own region's; if not, some cost is an estimate by another's."""
    regions: Sequence[str] = ()
    """Of the buckets."""
    readable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By bucket, the archives that its setting lets anybody read without a restore."""
    expiring: Sequence[Expiring] = ()
    """What lifecycle rules delete before its copy would end, as far as the rules could be read."""
    rules_unread: Mapping[str, str] = field(default_factory=dict)
    """Buckets whose lifecycle rules could not be read, and why."""
    by_jobs: frozenset[Tier] = frozenset()
    """The tiers that would go through S3 Batch Operations."""
    fees: JobFees = NO_FEES
    """What those jobs cost besides."""
    marks: int | None = None
    """The selection's revision it was made from: another may hold other objects. None: not to be compared."""
    asks_unseen: bool = False
    """What no look can judge is asked for all the same."""
    shorten: bool = False
    """Copies that last longer than the days shall end sooner."""
    tables: Mapping[str, PriceTable] = field(default_factory=dict)
    """By bucket, each by its own region, where they are not all ``prices``; all in one currency."""
    until: datetime | None = None
    """What ``days`` were counted for, where that was asked for: see ``judge``."""
    capacity: Mapping[str, int] = field(default_factory=dict)
    """Units of provisioned capacity for Expedited that the account owns, by Region, as far as that is known."""
    measured: Mapping[tuple[str, Tier], Measured] = field(default_factory=dict)
    """How long restores of this cloud took here, by archive and tier, where enough were seen."""
    then: Sequence[ThenStep] = ()
    """What shall be done with each object once it can be read."""
    literal: str = ""
    """What is sent in place of, or beside, days and tier (``core.literal``)."""

    @property
    def terms(self) -> Terms:
        """How it was asked for, to make it once more."""
        return Terms(self.asks_unseen, self.shorten, self.until, self.literal)

    @property
    def bucket_terms(self) -> BucketTerms:
        """What held for single buckets."""
        return BucketTerms(self.readable, self.tables)

    @property
    def tells_days(self) -> bool:
        """How long copies last is said; not by every request that is said literally."""
        said = Literal.of_text(self.literal)
        return not said.request or said.days is not None

    @property
    def as_of(self) -> datetime:
        """Since when what it says of its objects may have become another: the oldest look that it rests on."""
        seen = [line.group.seen_at for line in next(iter(self.tiers.values())).lines]
        oldest = min((at for at in seen if at is not None), default=self.made_at.timestamp())
        return min(self.made_at, datetime.fromtimestamp(oldest, UTC))

    @property
    def is_of_before(self) -> bool:
        """Its objects were seen so long before that it has to be said."""
        return self.made_at - self.as_of > SEEN_NOW

    @property
    def scheme(self) -> str:
        """``s3`` or ``oss``."""
        return self.rules.scheme

    @property
    def buckets(self) -> frozenset[str]:
        """Where its objects lie."""
        return frozenset(line.group.bucket for chosen in self.tiers.values() for line in chosen.lines)

    @property
    def reaches(self) -> frozenset[str]:
        """Those, and where the keys of another write copies of them."""
        return self.buckets | {step.place.bucket for step in self.then if step.profile and step.place is not None}

    @property
    def objects(self) -> int:
        """How many objects were chosen."""
        return sum(next(iter(self.tiers.values())).counts.values())

    def seen_here(self, tier: Tier) -> Mapping[str, Measured]:
        """By archive, how long what is sent at ``tier`` took here before."""
        sent = {line.verdict.archive for line in self.tiers[tier].sending if line.verdict.action is Action.START}
        found = {archive: self.measured.get((archive, tier)) for archive in sorted(filter(None, sent))}
        return {archive: one for archive, one in found.items() if one is not None}

    def many_expedited(self, tier: Tier) -> int:
        """Requests at Expedited where they are more than it is meant for; else 0."""
        most, requests = self.rules.expedited_for, self.tiers[tier].requests
        return requests if tier is Tier.EXPEDITED and most is not None and requests > most else 0

    def owned_capacity(self, tier: Tier) -> Mapping[str, int]:
        """Of ``capacity`` what is worth saying at that tier: what is owned, and that none is where that matters."""
        if tier is not Tier.EXPEDITED or not self.tiers[tier].requests:
            return {}
        return {region: units for region, units in self.capacity.items() if units or self.many_expedited(tier)}

    def storage_90_days(self, tier: Tier) -> Decimal | None:
        """What keeping what comes back for good costs over 90 days, the first 30 of which are in the cost already.

        None where nothing comes back for good, or a price is not known. Nobody reads it meanwhile: a read begins
        the 30 days anew; after 90 or 180 days unread it is archived again (FACTS 1.5).
        """
        sizes = self.tiers[tier].endless_bytes_by_bucket
        return self._summed(self.table_of(bucket).stay(size, 90) for bucket, size in sizes.items()) if sizes else None

    def egress(self, tier: Tier) -> Decimal | None:
        """What downloading all that is restored costs besides, over the Internet; None where it is not known."""
        sizes = self.tiers[tier].bytes_by_bucket
        if Literal.of_text(self.literal).output:
            return None
        if not sizes:
            return self.prices.egress(0)
        return self._summed(self.table_of(bucket).egress(size) for bucket, size in sizes.items())

    @property
    def regions_unpriced(self) -> Sequence[str]:
        """Regions of the buckets of which no table is known: what another's prices make of them is an estimate."""
        return [region for region in self.regions if region not in self.prices.regions]

    def table_of(self, bucket: str) -> PriceTable:
        """What the bucket's objects are priced by."""
        return self.tables.get(bucket, self.prices)

    @staticmethod
    def _summed(parts: Iterable[Decimal | None]) -> Decimal | None:
        """None where one of them is not known."""
        known = list(parts)
        return None if None in known else sum((part for part in known if part is not None), Decimal(0))

    def identity(self, tier: Tier) -> str:
        """The same for two plans exactly if they show the same, and would send the same, at ``tier``.

        It stands for the selection, what was found of its objects, days, tier, engine and prices: what somebody
        confirms. The instant a plan was made at is no part of it, unless a verdict has come to depend on that.
        """
        chosen = self.tiers[tier]
        amounts: dict[tuple[str, ...], list[Decimal]] = {}
        for line in chosen.lines:
            verdict, cost = line.verdict, line.cost
            kind = (
                line.group.bucket, verdict.action, verdict.steady or verdict.reason, verdict.archive or "",
                str(verdict.window or ""), str(verdict.tierless), str(verdict.endless), str(line.added_days),
                str(verdict.days),
            )  # fmt: skip
            numbers = (
                line.group.objects,
                line.group.size_bytes,
                line.group.large_objects,
                line.group.unsized,
                cost.unpriced,
                cost.fees_unknown,
            )
            parts = (*map(Decimal, numbers), cost.retrieval, cost.requests, cost.copy, cost.storage)
            sums = amounts.get(kind, [Decimal(0)] * len(parts))
            amounts[kind] = [have + more for have, more in zip(sums, parts, strict=True)]
        beside = str(self.storage_90_days(tier)), str(self.egress(tier))
        prices = self.prices.date, self.prices.currency, *self.prices.regions, str(self.prices_exact), *beside
        texts = [self.scheme, self.rules.store, self.purpose, str(self.days), tier, str(tier in self.by_jobs)]
        texts += [str(self.marks), str(self.shorten), self.literal, *prices]
        texts += [f"{one.step!r} {one.objects} {round(one.cost.then, 9)}" for one in chosen.then]
        texts += [f"{kind} {[str(round(amount, 9)) for amount in sums]}" for kind, sums in sorted(amounts.items())]
        return hashlib.sha256("\n".join(texts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _added_days(rules: CloudRules, facts: ObjectFacts, action: Action, days: int, now: datetime) -> int:
    """By how many days ``action`` lengthens the life of the temporary copy: what it adds to the bill for storage."""
    if action is Action.START:
        return days
    if action is Action.LATER:
        return days if facts.days is None else max(0, days - facts.days)  # At the most.
    rule = rules.archive_of(facts)
    if action is Action.EXTEND and facts.expiry == END_UNTOLD:
        return days  # All of them, at the most.
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
    terms: Terms = PLAINLY,
    buckets: BucketTerms = EVERYWHERE_ALIKE,
) -> RestorePlan:
    """Judge and price every group at every tier; ``UsageError`` when no copy can last ``days``.

    ``prices``: a table, and whether it is exact, for every bucket that ``buckets`` has no table of.
    """
    check_days(days)
    chosen, said = list(groups), Literal.of_text(terms.literal)

    def line(group: FactGroup, request: RestoreRequest) -> PlanLine:
        verdict = judge(
            rules, group.facts, request, now, purpose, asks_unseen=terms.asks_unseen, shorten=terms.shorten,
            until=terms.until,
        )  # fmt: skip
        verdict = said.verdict(rules, group.facts, rules.state_of(group.facts, now), verdict)
        if verdict.action is Action.START and verdict.archive in buckets.readable.get(group.bucket, ()):
            verdict = Verdict(Action.NOTHING, READ_DIRECTLY, verdict.archive)
        cost, added = Cost(), 0
        if verdict.action.sends and verdict.archive is not None and verdict.reason != UNJUDGED:
            added = _added_days(rules, group.facts, verdict.action, verdict.days or days, now)
            table = buckets.tables.get(group.bucket, prices[0])
            cost = estimate(
                table, verdict.archive, request.tier, verdict.action, group.objects, group.size_bytes, added,
                endless=verdict.endless,
            ).unsized(group.unsized)  # fmt: skip
            repeated = verdict.days if verdict.action is Action.UPGRADE else None
            if purpose is Purpose.RESTORE and repeated is not None and repeated < days:
                # What is sped up keeps its days until it has arrived; then it is extended.
                added = days - repeated
                extended = estimate(
                    table, verdict.archive, request.tier, Action.EXTEND, group.objects, group.size_bytes, added
                )
                cost = cost.beside(extended)
        elif verdict.action.sends:
            cost = Cost(unpriced=group.objects)
        return PlanLine(group, verdict, cost, added)

    requests = [RestoreRequest(days, tier) for tier in Tier]
    return RestorePlan(
        rules=rules,
        days=days,
        purpose=purpose,
        made_at=now,
        tiers={request.tier: TierPlan(request, [line(group, request) for group in chosen]) for request in requests},
        expiry=rules.expiry_of(now, days),
        prices=prices[0],
        prices_exact=prices[1],
        tables=buckets.tables,
        readable=buckets.readable,
        asks_unseen=terms.asks_unseen,
        shorten=terms.shorten,
        until=terms.until,
        literal=terms.literal,
    )
