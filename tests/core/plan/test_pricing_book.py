"""Price files: which table wins, and what a file may not say."""

import tomllib
from decimal import Decimal

import pytest

from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.pricing import PriceBook, RetrievalPrice, read_price_book

TABLE = """
[[table]]
scheme = "s3"
regions = ["us-east-1", "us-west-2"]
date = "2026-09-26"
copy_per_gib_month = 0.023
list_per_1000 = 0.005
head_per_1000 = 0.0004

[table.retrieval.GLACIER]
standard = { per_gib = 0.01, per_1000 = 0.05 }
"""


def book(*documents: str) -> PriceBook:
    return read_price_book(tomllib.loads(document) for document in documents)


def test_a_table_is_read_as_written() -> None:
    table, exact = book(TABLE).table_for("s3", "us-west-2")
    assert exact
    assert table.retrieval == {("GLACIER", Tier.STANDARD): RetrievalPrice(Decimal("0.01"), Decimal("0.05"))}
    assert (table.scheme, table.date, table.currency, table.source) == ("s3", "2026-09-26", "USD", "")
    assert table.copy_free == frozenset()


def test_optional_values() -> None:
    text = TABLE.replace("date =", 'currency = "CNY"\nsource = "a letter"\ncopy_free = ["GLACIER"]\ndate =').replace(
        '"2026-09-26"', "2026-09-26"
    )
    table, _ = book(text).table_for("s3", "us-east-1")
    assert (table.currency, table.source, table.copy_free) == ("CNY", "a letter", frozenset({"GLACIER"}))
    assert table.date == "2026-09-26"


def test_a_price_may_be_a_string_to_keep_its_digits() -> None:
    table, _ = book(TABLE.replace("0.023", '"0.02300000000000000001"')).table_for("s3", "us-east-1")
    assert table.copy_per_gib_month == Decimal("0.02300000000000000001")


def test_a_users_table_wins() -> None:
    ours = TABLE.replace('"us-east-1", "us-west-2"', '"us-east-1"').replace("0.05", "0.04")
    prices = book(TABLE, ours)
    east, exact = prices.table_for("s3", "us-east-1")
    assert exact
    assert east.retrieval["GLACIER", Tier.STANDARD].per_1000 == Decimal("0.04")
    west, exact = prices.table_for("s3", "us-west-2")
    assert exact
    assert west.retrieval["GLACIER", Tier.STANDARD].per_1000 == Decimal("0.05")


@pytest.mark.parametrize("region", ["eu-central-1", "", "us-east-10"])
def test_another_region_is_estimated_by_the_first_table_and_called_so(region: str) -> None:
    added = TABLE.replace('"us-east-1", "us-west-2"', '"ap-south-1"').replace("0.05", "0.07")
    table, exact = book(TABLE, added).table_for("s3", region)
    assert not exact
    assert "us-east-1" in table.regions


def test_another_region_is_estimated_with_the_users_reference_prices() -> None:
    ours = TABLE.replace('"us-east-1", "us-west-2"', '"us-east-1"').replace("0.05", "0.04")
    table, exact = book(TABLE, ours).table_for("s3", "eu-central-1")
    assert not exact
    assert table.retrieval["GLACIER", Tier.STANDARD].per_1000 == Decimal("0.04")


@pytest.mark.parametrize(("beginning", "region"), [("cn-", "cn-northwest-1"), ("", "eu-central-1"), ("", "")])
def test_some_regions_have_no_price_rather_than_anothers(beginning: str, region: str) -> None:
    first = TABLE.replace("date =", f'no_estimate_for = ["{beginning}"]\ncurrency = "CNY"\ndate =')
    table, exact = book(first).table_for("s3", region)
    assert (table.retrieval, table.currency, table.egress_per_gib, exact) == ({}, "CNY", None, True)
    assert book(first).table_for("s3", "us-west-2")[0].retrieval


def test_a_request_fee_that_is_not_there_is_not_known() -> None:
    table, _ = book(TABLE.replace(", per_1000 = 0.05", "")).table_for("s3", "us-east-1")
    assert table.retrieval["GLACIER", Tier.STANDARD] == RetrievalPrice(Decimal("0.01"), None)


def test_no_table_for_a_cloud() -> None:
    with pytest.raises(UsageError, match="no price table for oss:// is known") as caught:
        book(TABLE).table_for("oss", "cn-hangzhou")
    assert caught.value.hint


def test_an_empty_file_adds_nothing() -> None:
    assert len(book(TABLE, "# nothing here\n").tables) == 1


BAD = [
    # what is written instead of what, and the sentence
    ("copy_per_gib_month = 0.023", "copy_per_gib_month = -1", "copy_per_gib_month = -1 is not an amount of money"),
    ("copy_per_gib_month = 0.023", "copy_per_gib_month = nan", "copy_per_gib_month = nan is not an amount of money"),
    ("copy_per_gib_month = 0.023", "copy_per_gib_month = inf", "copy_per_gib_month = inf is not an amount of money"),
    (
        "copy_per_gib_month = 0.023",
        "copy_per_gib_month = true",
        "copy_per_gib_month = True is not an amount",
    ),
    ("list_per_1000 = 0.005", 'list_per_1000 = "$5"', "list_per_1000 = '$5' is not an amount of money"),
    ("head_per_1000 = 0.0004", "head_per_1000 = []", "head_per_1000 = [] is not an amount of money"),
    ("per_gib = 0.01", "per_gib = -0.01", "retrieval.GLACIER.standard.per_gib = -0.01 is not an amount of money"),
    ("per_1000 = 0.05", "per_1000 = 'x'", "retrieval.GLACIER.standard.per_1000 = 'x' is not an amount of money"),
    ("date =", "put_per_1000 = -1\ndate =", "put_per_1000 = -1 is not an amount of money"),
    ("date =", "egress_per_gib = 'x'\ndate =", "egress_per_gib = 'x' is not an amount of money"),
    ("date =", "no_estimate_for = 'cn-'\ndate =", "no_estimate_for = 'cn-' is not a list of names"),
    ("per_gib = 0.01, ", "", "retrieval.GLACIER.standard.per_gib = None is not an amount of money"),
    ("per_gib = 0.01", "per_gb = 0.01", "retrieval.GLACIER.standard does not know 'per_gb'"),
    ("standard = {", "fast = {", "retrieval.GLACIER.fast: 'fast' is none of expedited, standard, bulk"),
    ("{ per_gib = 0.01, per_1000 = 0.05 }", "0.01", "retrieval.GLACIER.standard = 0.01 is not a section"),
    ("[table.retrieval.GLACIER]\nstandard =", "[table.retrieval]\nGLACIER = 3 #", "retrieval.GLACIER = 3 is not a"),
    ("[table.retrieval.GLACIER]\nstandard =", "retrieval = 3 #", "retrieval = 3 is not a section"),
    ('scheme = "s3"', "", "a price table lacks 'scheme'"),
    ('date = "2026-09-26"', "", "a price table lacks 'date'"),
    ('scheme = "s3"', 'scheme = "S3"', "scheme = 'S3' is none of s3, oss"),
    ('scheme = "s3"', "scheme = 3", "scheme = 3 is none of s3, oss"),
    ('["us-east-1", "us-west-2"]', '"us-east-1"', "regions = 'us-east-1' is not a list of names"),
    ('["us-east-1", "us-west-2"]', "[1]", "regions = [1] is not a list of names"),
    ('["us-east-1", "us-west-2"]', "[]", "regions = [] names no region"),
    ("date =", "curency = 'EUR'\ndate =", "a price table does not know 'curency'"),
    ("date =", "copy_free = 'GLACIER'\ndate =", "copy_free = 'GLACIER' is not a list of names"),
    ("[[table]]", "[[tables]]", "a prices file does not know 'tables'"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_a_value_that_cannot_be_meant_is_named(old: str, new: str, message: str) -> None:
    assert old in TABLE
    text = TABLE.replace(old, new)
    if new == "[[tables]]":
        text = text.replace("[table.", "[tables.")
    with pytest.raises(UsageError) as caught:
        book(text)
    assert message in str(caught.value)
    assert caught.value.hint == "mend the prices file"
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("text", ["table = 3", "[table]\nscheme = 's3'", "table = [1]"])
def test_tables_are_written_with_two_brackets(text: str) -> None:
    with pytest.raises(UsageError, match="two brackets"):
        book(text)
