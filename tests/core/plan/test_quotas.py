"""What a cloud's documented quotas make of a large restore: shown, and minded where it is late (FACTS 4.1)."""

from datetime import UTC, datetime, timedelta

import pytest

from restoretui.core.model import ObjectFacts, Tier
from restoretui.core.plan.plan import RestorePlan, make_plan
from restoretui.core.plan.pricing import PriceTable
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.wording.format import at_quota
from tests.core.plan.test_plans import PRICES

NOW = datetime(2026, 10, 15, 10, 30, tzinfo=UTC)
OSS: CloudRules = CLOUDS["oss"].rules
TB = 10**12


def plan(*groups: FactGroup, rules: CloudRules = OSS, prices: PriceTable = PRICES) -> RestorePlan:
    return make_plan(rules, groups, 3, NOW, (prices, True))


def group(storage_class: str, objects: int, size: int, bucket: str = "b") -> FactGroup:
    return FactGroup(bucket, ObjectFacts(storage_class), objects, size)


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ([group("DeepColdArchive", 1000, 140 * TB)], "at the documented quota about 14 days"),
        ([group("DeepColdArchive", 10, 70 * TB), group("DeepColdArchive", 10, 70 * TB, "c")],
         "at the documented quota about 14 days"),
        ([group("DeepColdArchive", 43_200_000, TB)], "at the documented quota about 5 days"),
        ([group("DeepColdArchive", 10, 25 * TB)], "at the documented quota about 60 hours"),
        ([group("ColdArchive", 1000, 1400 * TB)], "at the documented quota about 14 days"),
        ([group("ColdArchive", 1000, 40 * TB)], "at the documented quota about 10 hours"),
        ([group("ColdArchive", 1000, TB), group("DeepColdArchive", 1000, 140 * TB)],
         "at the documented quota about 14 days"),
    ],
)  # fmt: skip
def test_what_takes_longer_than_typical_is_told(groups: list[FactGroup], says: str) -> None:
    chosen = plan(*groups).tiers[Tier.STANDARD]
    assert chosen.at_quota is not None
    assert at_quota(chosen.at_quota) == says
    assert chosen.window is not None
    assert chosen.expected is not None
    assert (chosen.expected.shortest, chosen.expected.longest) == (chosen.window.shortest, chosen.at_quota)


@pytest.mark.parametrize(
    "groups",
    [
        [group("DeepColdArchive", 1000, 19 * TB)],
        [group("ColdArchive", 1000, TB)],
        [group("Archive", 10**7, 9000 * TB)],
        [],
    ],
)
def test_what_fits_is_left_unsaid(groups: list[FactGroup]) -> None:
    chosen = plan(*groups).tiers[Tier.STANDARD]
    assert chosen.at_quota is None
    assert chosen.expected == chosen.window


def test_no_quota_is_documented_for_s3() -> None:
    chosen = plan(group("DEEP_ARCHIVE", 10**9, 10**6 * TB), rules=CLOUDS["s3"].rules).tiers[Tier.BULK]
    assert chosen.at_quota is None


def test_an_extension_retrieves_nothing() -> None:
    restored = ObjectFacts("DeepColdArchive", in_progress=False, expiry=NOW + timedelta(days=1))
    chosen = plan(FactGroup("b", restored, 1000, 900 * TB)).tiers[Tier.STANDARD]
    assert chosen.requests == 1000
    assert chosen.at_quota is None
