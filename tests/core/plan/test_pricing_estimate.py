"""What restores cost in us-east-1, computed by hand from the bundled price table."""

import tomllib
from decimal import Decimal
from importlib.resources import files

import pytest
from msgspec.structs import replace

from restoretui.core.model import Tier
from restoretui.core.plan.pricing import Cost, PriceTable, RetrievalPrice, estimate, read_price_book
from restoretui.core.rules.verdicts import Action

GIB = 2**30
TIB = 2**40


@pytest.fixture(scope="module")
def table() -> PriceTable:
    document = tomllib.loads((files("restoretui") / "prices.toml").read_text())
    table, exact = read_price_book([document]).table_for("s3", "us-east-1")
    assert exact
    return table


BUNDLED = """
archive             | tier      | per GB | per 1,000 requests
GLACIER             | expedited | 0.03   | 10.00
GLACIER             | standard  | 0.01   | 0.05
GLACIER             | bulk      | 0      | 0
DEEP_ARCHIVE        | standard  | 0.02   | 0.10
DEEP_ARCHIVE        | bulk      | 0.0025 | 0.025
ARCHIVE_ACCESS      | standard  | 0      | 0
ARCHIVE_ACCESS      | bulk      | 0      | 0
DEEP_ARCHIVE_ACCESS | standard  | 0      | 0
DEEP_ARCHIVE_ACCESS | bulk      | 0      | 0
"""


def test_the_bundled_table_is_the_published_one(table: PriceTable) -> None:
    expected = {}
    for line in BUNDLED.strip().splitlines()[1:]:
        archive, tier, per_gib, per_1000 = (cell.strip() for cell in line.split("|"))
        expected[archive, Tier(tier)] = RetrievalPrice(Decimal(per_gib), Decimal(per_1000))
    assert table.retrieval == expected
    assert (table.date, table.currency) == ("2026-09-26", "USD")
    assert set(table.regions) == {"us-east-1", "us-west-2"}
    assert (table.copy_per_gib_month, table.list_per_1000, table.head_per_1000) == (
        Decimal("0.023"),
        Decimal("0.005"),
        Decimal("0.0004"),
    )


def test_a_million_expedited_requests_cost_ten_thousand_dollars(table: PriceTable) -> None:
    cost = estimate(table, "GLACIER", Tier.EXPEDITED, Action.START, 1_000_000, 1_000_000 * 2**20, 6)
    assert cost.requests == Decimal(10_000)
    assert cost.retrieval == Decimal("29.296875")  # 976.5625 GB at 0.03
    assert cost.copy == Decimal("4.4921875")  # 976.5625 GB, 6 of 30 days at 0.023
    assert cost.total == Decimal("10033.7890625")
    assert cost.unpriced == 0


def test_deep_archive_in_bulk(table: PriceTable) -> None:
    cost = estimate(table, "DEEP_ARCHIVE", Tier.BULK, Action.START, 100_000, 10 * TIB, 3)
    assert cost.retrieval == Decimal("25.6")  # 10,240 GB at 0.0025
    assert cost.requests == Decimal("2.5")  # 100 thousands at 0.025
    assert cost.copy == Decimal("23.552")  # 10,240 GB, 3 of 30 days at 0.023
    assert cost.total == Decimal("51.652")


def test_glacier_in_bulk_pays_for_the_copy_alone(table: PriceTable) -> None:
    cost = estimate(table, "GLACIER", Tier.BULK, Action.START, 5_000, 300 * GIB, 30)
    assert cost == Cost(copy=Decimal("6.9"))


def test_one_small_object_costs_its_request(table: PriceTable) -> None:
    cost = estimate(table, "DEEP_ARCHIVE", Tier.STANDARD, Action.START, 1, 0, 365)
    assert cost == Cost(requests=Decimal("0.0001"))


@pytest.mark.parametrize("archive", ["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"])
@pytest.mark.parametrize("tier", [Tier.STANDARD, Tier.BULK])
def test_intelligent_tiering_pays_for_being_kept_where_it_is_then(
    table: PriceTable, archive: str, tier: Tier
) -> None:
    """Its retrieval is free; for 30 days it lies in Frequent Access, whatever days were asked for (FACTS 1.5)."""
    for days in (1, 365):
        cost = estimate(table, archive, tier, Action.START, 1_000, 100 * TIB, days, endless=True)
        assert cost == Cost(storage=Decimal("2355.2"))  # 102,400 GB at 0.023
        assert cost.total == Decimal("2355.2")
    assert table.stay(100 * TIB, 90) == Decimal("4915.2")  # and 60 days at 0.0125
    assert table.stay(100 * TIB, 15) == Decimal("1177.6")


def test_whoever_speeds_it_up_does_not_pay_for_its_storage_twice(table: PriceTable) -> None:
    assert estimate(table, "ARCHIVE_ACCESS", Tier.STANDARD, Action.UPGRADE, 9, TIB, 0, endless=True) == Cost()


def test_storage_of_no_known_price_is_not_free(table: PriceTable) -> None:
    bare = replace(table, frequent_per_gib_month=None)
    assert estimate(bare, "ARCHIVE_ACCESS", Tier.BULK, Action.START, 7, TIB, 30, endless=True) == Cost(unpriced=7)
    assert bare.stay(TIB, 90) is None
    assert replace(table, infrequent_per_gib_month=None).stay(TIB, 30) == Decimal("23.552")
    assert replace(table, infrequent_per_gib_month=None).stay(TIB, 31) is None


def test_without_the_request_fee_all_else_is_counted(table: PriceTable) -> None:
    """At least so much: the objects are unpriced, and it is said that it is their fees that are missing."""
    bare = replace(table, retrieval={("GLACIER", Tier.STANDARD): RetrievalPrice(Decimal("0.01"), None)})
    cost = estimate(bare, "GLACIER", Tier.STANDARD, Action.START, 5, 100 * GIB, 30)
    assert cost == Cost(Decimal(1), copy=Decimal("2.3"), unpriced=5, fees_unknown=5)
    assert (cost.total, cost.unknown) == (Decimal("3.3"), 0)
    assert cost.unsized(2) == replace(cost, fees_unknown=3)
    assert (cost.unsized(2) + Cost(unpriced=4)).unknown == 6


def test_a_put_request_comes_with_each_restore(table: PriceTable) -> None:
    with_put = replace(table, put_per_1000=Decimal("0.01"))
    for action in (Action.START, Action.EXTEND, Action.UPGRADE):
        plain = estimate(table, "GLACIER", Tier.STANDARD, action, 2_000, GIB, 1)
        assert estimate(with_put, "GLACIER", Tier.STANDARD, action, 2_000, GIB, 1) == replace(
            plain, requests=plain.requests + Decimal("0.02")
        )


def test_downloading_is_beside_the_cost(table: PriceTable) -> None:
    assert table.egress(100 * GIB) == Decimal(9)
    assert replace(table, egress_per_gib=None).egress(GIB) is None


def test_an_unknown_price_is_counted_not_guessed(table: PriceTable) -> None:
    cost = estimate(table, "ARCHIVE_ACCESS", Tier.EXPEDITED, Action.START, 12, TIB, 30)
    assert cost == Cost(unpriced=12)
    assert cost.total == 0


def test_an_extension_pays_its_requests_and_the_added_days_but_no_retrieval(table: PriceTable) -> None:
    cost = estimate(table, "DEEP_ARCHIVE", Tier.STANDARD, Action.EXTEND, 2_000, 1_024 * GIB, 15)
    assert cost == Cost(requests=Decimal("0.2"), copy=Decimal("11.776"))


def test_speeding_up_pays_the_new_tier_and_no_storage(table: PriceTable) -> None:
    cost = estimate(table, "GLACIER", Tier.EXPEDITED, Action.UPGRADE, 10, 100 * GIB, 0)
    assert cost == Cost(retrieval=Decimal(3), requests=Decimal("0.1"))


def test_costs_add_up() -> None:
    one = Cost(Decimal(1), Decimal(2), Decimal(3), 4)
    assert one + Cost() == one
    assert one + one == Cost(Decimal(2), Decimal(4), Decimal(6), 8)
    assert one.total == 6


@pytest.mark.parametrize(
    ("lists", "heads", "cost"),
    [(0, 0, "0"), (1000, 0, "0.005"), (0, 1000, "0.0004"), (200, 500, "0.0012")],
)
def test_looks_have_a_price(table: PriceTable, lists: int, heads: int, cost: str) -> None:
    assert table.looks(lists, heads) == Decimal(cost)


def test_looks_of_an_unknown_price_are_not_free() -> None:
    table, _ = read_price_book([]).table_for("s3", "anywhere", "minio")
    assert table.looks(1, 0) is None
    assert table.looks(0, 1) is None
    assert table.looks(0, 0) == 0
