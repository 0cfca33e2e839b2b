"""A plan's identity: the same exactly where the same is shown and would be sent."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from restoretui.core.batch.planned_jobs import as_batch, made_again
from restoretui.core.model import ObjectFacts, Tier
from restoretui.core.plan.plan import RestorePlan, make_plan
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.verdicts import Action, Purpose
from tests.core.plan.test_plans import DEEP, GLACIER, NOW, PRICES, RESTORED, RESTORING, STANDARD, TIERED, UNLOOKED

S3 = CLOUDS["s3"].rules
GROUPS = [
    FactGroup("films", GLACIER, 1_000, 10**12),
    FactGroup("films", DEEP, 200, 10**11),
    FactGroup("films", STANDARD, 7, 10**9),
    FactGroup("films", UNLOOKED, 5, 10**9),
    FactGroup("scans", RESTORED, 40, 10**10),
]


def plan(
    groups: list[FactGroup], days: int = 3, purpose: Purpose = Purpose.RESTORE, now: datetime = NOW
) -> RestorePlan:
    return replace(make_plan(S3, groups, days, now, (PRICES, True), purpose), marks=7)


def test_neither_order_nor_the_hour_makes_another_plan() -> None:
    first = plan(GROUPS)
    for tier in Tier:
        assert plan(GROUPS[::-1]).identity(tier) == first.identity(tier)
        assert plan(GROUPS, now=NOW + timedelta(minutes=5)).identity(tier) == first.identity(tier)
    assert len({first.identity(tier) for tier in Tier}) == len(Tier)


@pytest.mark.parametrize("rules", [CLOUDS["oss"].rules, replace(S3, expiry_at_midnight=False)], ids=["oss", "exact"])
def test_an_end_that_moves_with_the_clock_makes_no_other_plan(rules: CloudRules) -> None:
    """Where copies end to the minute, the plan one reads for a while is still the plan one confirms."""
    end = NOW + timedelta(days=2, hours=-1)  # Not on the very minute at which another whole day would be paid for.
    restored = {
        "s3": RESTORED,
        "oss": ObjectFacts("ColdArchive", in_progress=False, expiry=end),
    }[rules.scheme]
    made = [
        make_plan(rules, [FactGroup("b", restored, 3, 10)], 365, NOW + timedelta(minutes=late), (PRICES, True))
        for late in (0, 7)
    ]
    for tier in Tier:
        assert made[0].tiers[tier].lines[0].verdict.action is Action.EXTEND
        assert made[0].tiers[tier].lines[0].verdict.reason != made[1].tiers[tier].lines[0].verdict.reason
        assert made[0].identity(tier) == made[1].identity(tier)


@pytest.mark.parametrize("tier", Tier)
def test_whatever_is_shown_is_part_of_it(tier: Tier) -> None:
    first = plan(GROUPS)
    others = [
        plan(GROUPS, 4),
        plan(GROUPS, purpose=Purpose.UPGRADE),
        plan(GROUPS[1:]),
        plan([*GROUPS, FactGroup("films", RESTORING, 1, 1)]),
        plan([*GROUPS[:3], FactGroup("films", TIERED, 5, 10**9), GROUPS[4]]),  # Looked at since.
        plan([replace(GROUPS[0], size_bytes=10**12 + 1), *GROUPS[1:]]),
        plan([replace(GROUPS[0], bucket="other"), *GROUPS[1:]]),
        plan([replace(GROUPS[0], large_objects=1), *GROUPS[1:]]),
        plan(GROUPS, now=RESTORED.expiry or NOW),  # The copies have ended.
        replace(first, marks=8),
        replace(first, prices_exact=False),
        replace(first, prices=replace(PRICES, date="2031-01-01")),
        as_batch(first, S3),
    ]
    identities = [other.identity(tier) for other in others]
    assert first.identity(tier) not in identities
    assert len(set(identities)) == len(others)


def test_prices_are_part_of_it_where_they_count() -> None:
    dearer = replace(PRICES, copy_per_gib_month=PRICES.copy_per_gib_month * 2)
    made = make_plan(S3, GROUPS, 3, NOW, (dearer, True))
    assert replace(made, marks=7).identity(Tier.BULK) != plan(GROUPS).identity(Tier.BULK)


facts = st.sampled_from([GLACIER, DEEP, STANDARD, TIERED, UNLOOKED, RESTORING, RESTORED])
groups = st.lists(
    st.builds(FactGroup, st.sampled_from("ab"), facts, st.integers(1, 9), st.integers(0, 10**13)),
    max_size=6,
    unique_by=lambda group: (group.bucket, group.facts),
)


@given(groups, groups, st.integers(1, 40), st.sampled_from(Purpose), st.sampled_from(Tier), st.booleans())
def test_equal_identities_mean_equal_requests_and_costs(
    one: list[FactGroup], two: list[FactGroup], days: int, purpose: Purpose, tier: Tier, jobs: bool
) -> None:
    first = plan(one, days, purpose)
    first = as_batch(first, S3) if jobs else first
    again = made_again(first, one, NOW, 7)
    assert again.identity(tier) == first.identity(tier)
    assert again.by_jobs == first.by_jobs
    other = made_again(first, two, NOW, 7)
    if other.identity(tier) == first.identity(tier):
        chosen, there = first.tiers[tier], other.tiers[tier]
        assert (there.requests, there.size_bytes, there.cost) == (chosen.requests, chosen.size_bytes, chosen.cost)
        assert there.counts == chosen.counts


def test_the_days_that_are_added_are_told_by_line() -> None:
    soon = ObjectFacts("GLACIER", in_progress=False, expiry=datetime(2026, 10, 17, tzinfo=UTC))
    made = plan([FactGroup("films", GLACIER, 1, 1), FactGroup("films", soon, 1, 1)])
    added = {line.verdict.action.value: line.added_days for line in made.tiers[Tier.BULK].lines}
    assert added == {"start": 3, "extend": 2}
    assert made.tiers[Tier.BULK].cost.copy > Decimal(0)
