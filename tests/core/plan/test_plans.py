"""Plans: every group judged and priced at every tier, and the sums over them."""

import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectFacts, Tier
from restoretui.core.plan.plan import RestorePlan, Terms, make_plan
from restoretui.core.plan.pricing import Cost, PriceTable, read_price_book
from restoretui.core.plan.tier_plan import FactGroup, TierPlan
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import EXPEDITED_TYPICAL_BYTES
from restoretui.core.rules.verdicts import Action, Purpose

S3 = CLOUDS["s3"].rules
NOW = datetime(2026, 10, 15, 10, 30, tzinfo=UTC)
NEW_EXPIRY = datetime(2026, 10, 19, tzinfo=UTC)  # of 3 days
GIB = 2**30
BUNDLED = tomllib.loads((files("restoretui") / "prices.toml").read_text())
PRICES: PriceTable = read_price_book([BUNDLED]).table_for("s3", "us-east-1")[0]

GLACIER = ObjectFacts("GLACIER")
DEEP = ObjectFacts("DEEP_ARCHIVE")
STANDARD = ObjectFacts("STANDARD")
TIERED = ObjectFacts("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", looked=True)
UNLOOKED = ObjectFacts("INTELLIGENT_TIERING")
RESTORING = ObjectFacts("GLACIER", in_progress=True, tier=Tier.BULK, days=3)
RESTORED = ObjectFacts("GLACIER", in_progress=False, expiry=NEW_EXPIRY - timedelta(days=2))


def plan(*groups: FactGroup, days: int = 3, purpose: Purpose = Purpose.RESTORE) -> RestorePlan:
    return make_plan(S3, groups, days, NOW, (PRICES, True), purpose)


def test_a_mixed_selection_tier_by_tier() -> None:
    made = plan(
        FactGroup("films", GLACIER, 1_000, 100 * GIB),
        FactGroup("films", DEEP, 200, 50 * GIB),
        FactGroup("films", STANDARD, 7, GIB),
        FactGroup("films", UNLOOKED, 5, GIB),
        FactGroup("films", RESTORED, 40, 10 * GIB),
    )
    assert made.objects == 1_252
    assert (made.scheme, made.days, made.purpose, made.made_at) == ("s3", 3, Purpose.RESTORE, NOW)
    assert made.expiry == NEW_EXPIRY
    assert (made.prices, made.prices_exact) == (PRICES, True)
    assert list(made.tiers) == [Tier.EXPEDITED, Tier.STANDARD, Tier.BULK]

    expedited = made.tiers[Tier.EXPEDITED]
    assert expedited.counts == {
        Action.START: 1_000,
        Action.REFUSED: 200,
        Action.NOTHING: 7,
        Action.LOOK: 5,
        Action.EXTEND: 40,
    }
    assert (expedited.requests, expedited.size_bytes) == (1_040, 110 * GIB)
    assert str(expedited.window) == "1–5 min"
    assert expedited.cost == Cost(
        retrieval=Decimal(3),  # 100 GB at 0.03; the extension retrieves nothing
        requests=Decimal("10.4"),
        copy=Decimal("0.23") + Decimal("0.23") * 2 / 30,  # 100 GB for 3 days, 10 GB for 2 more
    )

    bulk = made.tiers[Tier.BULK]
    assert bulk.counts == {Action.START: 1_200, Action.NOTHING: 7, Action.LOOK: 5, Action.EXTEND: 40}
    assert str(bulk.window) == "within 48 h"
    assert bulk.window is not None
    assert (bulk.window.shortest, bulk.window.longest) == (timedelta(hours=5), timedelta(hours=48))


@pytest.mark.parametrize("tier", Tier)
def test_the_lines_say_why(tier: Tier) -> None:
    made = plan(FactGroup("films", GLACIER, 1, 1), FactGroup("films", STANDARD, 1, 1))
    lines = made.tiers[tier].lines
    assert [line.verdict.action for line in lines] == [Action.START, Action.NOTHING]
    assert [line.group.facts for line in lines] == [GLACIER, STANDARD]
    assert lines[1].cost == Cost()
    assert made.tiers[tier].request.tier is tier


def test_a_line_that_sends_nothing_costs_nothing() -> None:
    groups = [FactGroup("b", facts, 1_000, GIB) for facts in (DEEP, STANDARD, UNLOOKED, RESTORING)]
    lines = plan(*groups, purpose=Purpose.EXTEND).tiers[Tier.STANDARD].lines
    assert [line.verdict.action for line in lines] == [Action.NOTHING, Action.NOTHING, Action.LOOK, Action.ALREADY]
    assert [line.cost for line in lines] == [Cost()] * 4


@pytest.mark.parametrize("groups", [[], [FactGroup("b", STANDARD, 3, GIB), FactGroup("b", UNLOOKED, 2, GIB)]])
def test_nothing_eligible(groups: list[FactGroup]) -> None:
    made = plan(*groups)
    assert made.objects == sum(group.objects for group in groups)
    for tier_plan in made.tiers.values():
        assert (tier_plan.requests, tier_plan.size_bytes, tier_plan.large_objects) == (0, 0, 0)
        assert tier_plan.sending == []
        assert tier_plan.cost == Cost()
        assert tier_plan.window is None


def test_an_extension_takes_no_time_and_pays_for_the_days_it_adds() -> None:
    made = plan(FactGroup("b", RESTORED, 1_000, 300 * GIB), purpose=Purpose.EXTEND).tiers[Tier.STANDARD]
    assert made.counts == {Action.EXTEND: 1_000}
    assert made.window is None
    assert made.cost == Cost(requests=Decimal("0.05"), copy=Decimal("0.46"))  # 300 GB, 2 of 30 days at 0.023


def test_shortening_pays_its_requests_alone() -> None:
    longer = ObjectFacts("GLACIER", in_progress=False, expiry=NEW_EXPIRY + timedelta(days=10))
    made = plan(FactGroup("b", longer, 1_000, 300 * GIB), purpose=Purpose.EXTEND).tiers[Tier.STANDARD]
    assert made.counts == {Action.NOTHING: 1_000}, "nobody asked for that"
    group = FactGroup("b", longer, 1_000, 300 * GIB)
    made = make_plan(S3, [group], 3, NOW, (PRICES, True), terms=Terms(shorten=True)).tiers[Tier.STANDARD]
    assert made.counts == {Action.SHORTEN: 1_000}
    assert made.cost == Cost(requests=Decimal("0.05"))


def test_a_part_of_a_day_is_paid_as_a_day() -> None:
    odd = ObjectFacts("GLACIER", in_progress=False, expiry=NEW_EXPIRY - timedelta(hours=25))
    made = plan(FactGroup("b", odd, 1, 300 * GIB)).tiers[Tier.BULK]
    assert made.cost == Cost(copy=Decimal("0.46"))


def test_speeding_up_pays_the_new_tier_and_no_more_storage() -> None:
    made = plan(FactGroup("b", RESTORING, 1_000, 100 * GIB), purpose=Purpose.UPGRADE)
    assert made.tiers[Tier.EXPEDITED].cost == Cost(retrieval=Decimal(3), requests=Decimal(10))
    assert made.tiers[Tier.BULK].cost == Cost()
    assert made.tiers[Tier.BULK].counts == {Action.ALREADY: 1_000}


def test_an_unknown_price_is_counted() -> None:
    made = plan(FactGroup("b", TIERED, 9, GIB), FactGroup("b", GLACIER, 1_000, 0)).tiers[Tier.EXPEDITED]
    assert made.cost == Cost(requests=Decimal(10), unpriced=9)


def test_what_comes_back_for_good_is_counted() -> None:
    speeding = ObjectFacts("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", looked=True, in_progress=True, tier=Tier.BULK)
    made = plan(FactGroup("b", TIERED, 9, GIB), FactGroup("b", GLACIER, 4, GIB), FactGroup("b", speeding, 2, GIB))
    assert made.tiers[Tier.STANDARD].endless == 11
    assert made.tiers[Tier.BULK].endless == 9
    assert plan(FactGroup("b", GLACIER, 4, GIB), FactGroup("b", STANDARD, 4, GIB)).tiers[Tier.BULK].endless == 0


def test_objects_too_large_for_expedited_count_at_that_tier_only() -> None:
    size = EXPEDITED_TYPICAL_BYTES
    made = plan(
        FactGroup("b", GLACIER, 10, 10 * size, large_objects=4),
        FactGroup("b", STANDARD, 3, 3 * size, large_objects=3),
    )
    assert {tier.value: made.tiers[tier].large_objects for tier in Tier} == {"expedited": 4, "standard": 0, "bulk": 0}


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_days_that_cannot_be_meant(days: int) -> None:
    with pytest.raises(UsageError):
        plan(FactGroup("b", GLACIER, 1, 1), days=days)


def test_prices_of_another_region_are_marked_as_such() -> None:
    assert not make_plan(S3, [], 1, NOW, (PRICES, False)).prices_exact


facts = st.builds(
    ObjectFacts,
    storage_class=st.sampled_from(["GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", "STANDARD"]),
    archive_status=st.sampled_from([None, "ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"]),
    looked=st.booleans(),
    in_progress=st.sampled_from([None, True, False]),
    expiry=st.sampled_from([None, NOW - timedelta(days=1), NOW + timedelta(days=1), NOW + timedelta(days=90)]),
    tier=st.sampled_from([None, *Tier]),
    days=st.sampled_from([None, 1, 3]),
)
objects = st.lists(st.tuples(facts, st.integers(0, 50 * 2**40)), max_size=30)


def one_by_one(chosen: list[tuple[ObjectFacts, int]]) -> list[FactGroup]:
    return [FactGroup("b", fact, 1, size, int(size >= EXPEDITED_TYPICAL_BYTES)) for fact, size in chosen]


def grouped(chosen: list[tuple[ObjectFacts, int]]) -> list[FactGroup]:
    groups: dict[ObjectFacts, FactGroup] = {}
    for single in one_by_one(chosen):
        known = groups.get(single.facts, FactGroup("b", single.facts, 0, 0))
        groups[single.facts] = FactGroup(
            "b",
            single.facts,
            known.objects + 1,
            known.size_bytes + single.size_bytes,
            known.large_objects + single.large_objects,
        )
    return list(groups.values())


def sums(made: TierPlan) -> tuple[object, ...]:
    # Counters of different order are equal; an absent count is none.
    return Counter(made.counts), made.requests, made.size_bytes, made.window, made.large_objects, made.cost.unpriced


def assert_same(one: RestorePlan, other: RestorePlan) -> None:
    assert one.objects == other.objects
    for tier in Tier:
        a, b = one.tiers[tier], other.tiers[tier]
        assert sums(a) == sums(b)
        for part in ("retrieval", "requests", "copy", "total"):
            # Decimal keeps 28 digits: thirds of a cent may differ far behind it.
            assert abs(getattr(a.cost, part) - getattr(b.cost, part)) < Decimal("1e-12")


@given(chosen=objects, days=st.integers(1, 400), purpose=st.sampled_from(Purpose))
def test_groups_add_up_to_their_objects(chosen: list[tuple[ObjectFacts, int]], days: int, purpose: Purpose) -> None:
    assert_same(
        plan(*grouped(chosen), days=days, purpose=purpose), plan(*one_by_one(chosen), days=days, purpose=purpose)
    )


@given(chosen=objects, data=st.data())
def test_the_order_of_groups_changes_nothing(chosen: list[tuple[ObjectFacts, int]], data: st.DataObject) -> None:
    groups = grouped(chosen)
    assert_same(plan(*groups), plan(*data.draw(st.permutations(groups))))


@given(chosen=objects)
def test_every_object_gets_one_verdict_at_every_tier(chosen: list[tuple[ObjectFacts, int]]) -> None:
    made = plan(*grouped(chosen))
    for tier_plan in made.tiers.values():
        assert sum(tier_plan.counts.values()) == made.objects == len(chosen)
        assert tier_plan.requests == sum(count for action, count in tier_plan.counts.items() if action.sends)
        assert min(tier_plan.cost.retrieval, tier_plan.cost.requests, tier_plan.cost.copy) >= 0
