"""The plan of a job from a manifest that exists: what its rows and a look at some of them tell, and what nobody can.

No row is judged: the job asks for each, and the cloud refuses what makes no sense (FACTS 2.2, 2.5). So all of it is
unpriced but the job's own fees, and looks at a few rows only say what the others may be like. An inventory that tells
each row's class and size is priced by these: as if nothing of it had been restored, moved or deleted since.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from restoretui.core.batch.planned_jobs import NO_EXPEDITED
from restoretui.core.model import ObjectFacts, RestoreRequest, Tier
from restoretui.core.plan.job_fees import JobFees
from restoretui.core.plan.plan import RestorePlan, make_plan
from restoretui.core.plan.pricing import Cost, PriceTable
from restoretui.core.plan.tier_plan import FactGroup, PlanLine, TierPlan
from restoretui.core.rules.rules import CloudRules, RestoreWindow, check_days
from restoretui.core.rules.verdicts import Action, Purpose, Verdict

NAMED = "named by the manifest: the job asks for it, whatever it is"


class Sample(Struct, frozen=True):
    """What looks at some rows of a manifest showed."""

    looked: int = 0
    groups: Sequence[FactGroup] = ()
    """What was there, one object each."""
    missing: int = 0
    denied: int = 0
    """Those that may not be looked at."""

    @property
    def size_bytes(self) -> int:
        """Of those that were seen."""
        return sum(group.size_bytes for group in self.groups)

    def is_tiered(self, rules: CloudRules) -> bool:
        """All that was seen is of the class whose restores must name no days (FACTS 2.1)."""
        return bool(self.groups) and {group.facts.storage_class for group in self.groups} == {rules.tiered_class}

    def is_mixed(self, rules: CloudRules) -> bool:
        """Some of what was seen is of that class, and some is not: no job can restore both (FACTS 2.2)."""
        classes = {group.facts.storage_class for group in self.groups}
        return rules.tiered_class in classes and len(classes) > 1


class ManifestTold(NamedTuple):
    """What a manifest tells of its rows."""

    rows: int
    size_bytes: int | None = None
    """Of all of them, where it is an inventory that tells them."""
    classes: Mapping[str, tuple[int, int]] | None = None
    """By storage class how many objects of how many bytes, where it is one that tells that, too."""


class ManifestPlanner:
    """Makes the plan of one manifest."""

    def __init__(self, rules: CloudRules, bucket: str, region: str, told: ManifestTold, sample: Sample) -> None:
        self._rules = rules
        self._bucket = bucket
        self._region = region
        self._rows, self._size, self._classes = told
        self._sample = sample

    def plan(self, days: int, now: datetime, prices: tuple[PriceTable, bool], fees: JobFees) -> RestorePlan:
        """All tiers; ``UsageError`` for days that no cloud takes."""
        check_days(days)
        known, told = fees.in_currency(prices[0].currency), self._told(days, now, prices)
        return RestorePlan(
            rules=self._rules, days=days, purpose=Purpose.RESTORE, made_at=now,
            tiers={tier: self._tier(RestoreRequest(days, tier), known, told) for tier in Tier},
            expiry=self._rules.expiry_of(now, days), prices=prices[0], prices_exact=prices[1],
            regions=[self._region], by_jobs=frozenset(Tier), fees=known,
        )  # fmt: skip

    def likely(self, days: int, tier: Tier, now: datetime, prices: tuple[PriceTable, bool]) -> Decimal | None:
        """What it would cost if all rows are like those that were seen; None where that tells nothing."""
        if not self._sample.groups:
            return None
        seen = make_plan(self._rules, self._sample.groups, days, now, prices).tiers[tier].cost
        return None if seen.unpriced else seen.total * self._rows / self._sample.looked

    def _told(self, days: int, now: datetime, prices: tuple[PriceTable, bool]) -> Mapping[Tier, Cost]:
        """What it costs by the classes that are told; nothing where they are not."""
        if self._classes is None:
            return {}
        inside = next((name for name, rule in self._rules.archives.items() if not rule.takes_days), None)
        tiered = self._rules.tiered_class
        groups = [
            FactGroup(
                self._bucket,
                ObjectFacts(name, archive_status=inside if name == tiered else None, looked=True),
                objects,
                size_bytes,
            )
            for name, (objects, size_bytes) in self._classes.items()
        ]
        made = make_plan(self._rules, groups, days, now, prices)
        return {tier: made.tiers[tier].cost for tier in Tier}

    def _tier(self, request: RestoreRequest, fees: JobFees, told: Mapping[Tier, Cost]) -> TierPlan:
        group = FactGroup(
            self._bucket, ObjectFacts("", looked=True), self._rows, self._size or 0,
            unsized=0 if self._size is not None else self._rows,
        )  # fmt: skip
        if request.tier is Tier.EXPEDITED:
            return TierPlan(request, [PlanLine(group, Verdict(Action.REFUSED, NO_EXPEDITED), Cost())])
        endless = self._sample.is_tiered(self._rules)
        verdict = Verdict(Action.START, NAMED, window=self._window(request.tier), endless=endless)
        cost = told.get(request.tier, Cost(unpriced=self._rows)).beside(fees.of_jobs(self._bucket, 1, self._rows))
        return TierPlan(request, [PlanLine(group, verdict, cost)])

    def _window(self, tier: Tier) -> RestoreWindow | None:
        """Of the archives that were seen."""
        whole: RestoreWindow | None = None
        for group in self._sample.groups:
            rule = self._rules.archive_of(group.facts)
            if rule is not None and tier in rule.batch_windows:
                window = rule.batch_windows[tier]
                whole = window if whole is None else whole | window
        return whole
