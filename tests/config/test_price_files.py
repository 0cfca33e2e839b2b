"""Prices of every Region: what is shipped, what wins over it, and what a broken file says."""

from decimal import Decimal
from pathlib import Path

import pytest

from restoretui.config.price_files import OWN, UPDATED, read_price_files, read_prices
from restoretui.config.settings import Settings
from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.region_rows import COLUMNS, spread

SHIPPED = """
region          | copy    | GLACIER | DEEP_ARCHIVE | egress | LIST     | HEAD
us-east-2       | .023    | .010    | .020         | .09    | .005     | .0004
us-west-1       | .026    | .011    | .022         | .09    | .0055    | .00044
us-gov-west-1   | .0312   | .013    | .026         | .155   | .005     | .0004
ca-west-1       | .025    | .011    | .022         | .09    | .0055    | .00044
mx-central-1    | .02415  | .0105   | .021         | .09    | .00525   | .00042
sa-east-1       | .0326   | .014    | .028         | .15    | .007     | .00056
eu-central-1    | .0245   | .012    | .024         | .09    | .0054    | .00043
eu-central-2    | .02695  | .012    | .024         | .09    | .0054    | .00043
eu-west-3       | .024    | .0105   | .021         | .09    | .0053    | .00042
eu-south-1      | .024    | .012    | .024         | .09    | .0053    | .0004
eu-south-2      | .023    | .012    | .024         | .09    | .0053    | .0004
af-south-1      | .024    | .012    | .024         | .154   | .006     | .0004
me-south-1      | .025    | .011    | .022         | .117   | .0055    | .00044
ap-northeast-1  | .025    | .011    | .022         | .114   | .0047    | .00037
ap-northeast-2  | .025    | .011    | .022         | .126   | .0045    | .00035
ap-southeast-1  | .024    | .012    | .024         | .12    | .005     | .0004
ap-southeast-3  | .024    | .012    | .024         | .132   | .005     | .0004
ap-southeast-6  | .02625  | .0126   | .0252        | .114   | .005775  | .000462
ap-southeast-7  | .0216   | .0108   | .0216        | .108   | .0045    | .00036
ap-south-2      | .024    | .012    | .024         | .1093  | .005     | .0004
ap-east-2       | .0225   | .011    | .022         | .1083  | .00423   | .000333
"""


@pytest.mark.parametrize("line", SHIPPED.strip().splitlines()[1:], ids=lambda line: line.split()[0])
def test_a_region_is_partly_priced(tmp_path: Path, line: str) -> None:
    """What is known is what the list says; the request fee of a restore is not known, and neither is Expedited."""
    region, *numbers = (cell.strip() for cell in line.split("|"))
    copy, glacier, deep, egress, lists, heads = map(Decimal, numbers)
    table, exact = read_prices(tmp_path).table_for("s3", region)
    assert exact
    assert (table.currency, table.date) == ("USD", "2026-08")
    assert (table.copy_per_gib_month, table.egress_per_gib) == (copy, egress)
    assert (table.list_per_1000, table.head_per_1000) == (lists, heads)
    known = {key: (price.per_gib, price.per_1000) for key, price in table.retrieval.items() if "ACCESS" not in key[0]}
    assert known == {
        ("GLACIER", Tier.STANDARD): (glacier, None),
        ("GLACIER", Tier.BULK): (Decimal(0), None),
        ("DEEP_ARCHIVE", Tier.STANDARD): (deep, None),
    }
    assert table.frequent_per_gib_month is None


def test_china_is_priced_in_its_own_currency_and_its_neighbour_not_by_another(tmp_path: Path) -> None:
    prices = read_prices(tmp_path)
    table, exact = prices.table_for("s3", "cn-north-1")
    assert (exact, table.currency) == (True, "CNY")
    assert table.retrieval["DEEP_ARCHIVE", Tier.BULK].per_1000 == Decimal("0.167")
    assert table.retrieval["GLACIER", Tier.EXPEDITED].per_1000 is None
    for elsewhere in ("cn-northwest-1", "eusc-de-east-1", "us-isob-east-1"):
        assert not prices.table_for("s3", elsewhere)[0].retrieval


def test_a_region_of_no_table_is_estimated_and_called_so(tmp_path: Path) -> None:
    table, exact = read_prices(tmp_path).table_for("s3", "xx-new-9")
    assert "us-east-1" in table.regions
    assert not exact


OWN_TABLE = """
[[table]]
scheme = "s3"
regions = ["eu-central-1"]
date = "{date}"
copy_per_gib_month = 1
retrieval = {{}}
"""


def test_what_was_updated_wins_over_what_is_shipped_and_ones_own_over_both(tmp_path: Path) -> None:
    dates = []
    for name, date in ((UPDATED, "2027-01-01"), (OWN, "mine")):
        (tmp_path / name).write_text(OWN_TABLE.format(date=date))
        dates.append(Settings(config_dir=tmp_path).prices().table_for("s3", "eu-central-1")[0].date)
    assert dates == ["2027-01-01", "mine"]
    assert [file.name for file in read_price_files(tmp_path)][1:] == [str(tmp_path / UPDATED), str(tmp_path / OWN)]


@pytest.mark.parametrize("name", [UPDATED, OWN])
@pytest.mark.parametrize("text", ["table = 3", "[[table", "[[table]]\nscheme = 's3'"])
def test_a_broken_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        read_prices(tmp_path)
    assert str(caught.value).count(str(tmp_path / name)) == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"columns": ["copy"], "regions": {}}, "columns are not copy, GLACIER"),
        ({"columns": list(COLUMNS), "regions": {"x": [1]}}, "regions.x has not 8 numbers"),
        (
            {"columns": list(COLUMNS), "regions": {"x": [1, 2, 3, 4, 5, 6, 7, "y"]}},
            "regions.x = 'y' is not an amount",
        ),
        ({"columns": list(COLUMNS)}, "regions = None is not a section"),
        ({"colums": []}, "does not know 'colums'"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named(document: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        spread(document)
