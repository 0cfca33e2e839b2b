"""AWS's offer files: what is read out of them, what stays unknown, and what is refused rather than guessed."""

import json
import tomllib
from decimal import Decimal

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.price_lists import MOST_BYTES, RegionPrices, read_price_list, region_prices
from restoretui.core.plan.price_text import as_toml
from restoretui.core.plan.pricing import PriceTable, RetrievalPrice, read_price_book
from tests.core.plan.offer_files import FRANKFURT, PUBLISHED, VERSION, VIRGINIA, OfferFile, Region, deep, s3, transfer


def read(*files: OfferFile) -> list[RegionPrices]:
    return region_prices([read_price_list(file.offer, file.bytes()) for file in files])


def table(*files: OfferFile) -> PriceTable:
    (found,) = read(*files)
    (one,) = read_price_book([{"table": [found.table]}]).tables
    return one


@pytest.mark.parametrize("region", [FRANKFURT, VIRGINIA], ids=["prefixed", "without a prefix"])
def test_every_price_is_read(region: Region) -> None:
    (found,) = read(transfer(region), deep(region), s3(region))
    assert (found.region, found.missing) == (region[0], [])
    read_back = table(s3(region), deep(region), transfer(region))
    assert read_back.date == PUBLISHED[:10]
    assert all(f"{offer} {VERSION}" in read_back.source for offer in ("AmazonS3", "AWSDataTransfer"))
    assert read_back.retrieval == {
        ("GLACIER", Tier.EXPEDITED): RetrievalPrice(Decimal("0.036"), Decimal(12)),
        ("GLACIER", Tier.STANDARD): RetrievalPrice(Decimal("0.012"), Decimal("0.06")),
        ("GLACIER", Tier.BULK): RetrievalPrice(Decimal(0), Decimal(0)),
        ("DEEP_ARCHIVE", Tier.STANDARD): RetrievalPrice(Decimal("0.024"), Decimal("0.12")),
        ("DEEP_ARCHIVE", Tier.BULK): RetrievalPrice(Decimal("0.005"), Decimal("0.03")),
        ("ARCHIVE_ACCESS", Tier.STANDARD): RetrievalPrice(Decimal(0), Decimal(0)),
        ("ARCHIVE_ACCESS", Tier.BULK): RetrievalPrice(Decimal(0), Decimal(0)),
        ("DEEP_ARCHIVE_ACCESS", Tier.STANDARD): RetrievalPrice(Decimal(0), Decimal(0)),
        ("DEEP_ARCHIVE_ACCESS", Tier.BULK): RetrievalPrice(Decimal(0), Decimal(0)),
    }
    assert (read_back.copy_per_gib_month, read_back.egress_per_gib) == (Decimal("0.0245"), Decimal("0.09"))
    assert (read_back.list_per_1000, read_back.head_per_1000) == (Decimal("0.0054"), Decimal("0.00043"))
    assert read_back.frequent_per_gib_month == Decimal("0.0245")
    assert read_back.infrequent_per_gib_month == Decimal("0.0135")


def test_what_is_written_reads_back() -> None:
    first = table(s3(), deep(), transfer())
    assert read_price_book([tomllib.loads(as_toml([first]))]).tables == [first]


def test_a_copy_is_billed_as_reduced_redundancy_where_that_is_less() -> None:
    assert table(s3().add("TimedStorage-RRS-ByteHrs", "0.0260", "GB-Mo")).copy_per_gib_month == Decimal("0.0245")
    file = s3()
    for product, term in zip(file.products.values(), file.terms.values(), strict=True):
        if product["attributes"]["usagetype"].endswith("RRS-ByteHrs"):
            ((_, dimensions),) = term.items()
            next(iter(dimensions["priceDimensions"].values()))["pricePerUnit"] = {"USD": "0.02"}
    assert table(file).copy_per_gib_month == Decimal("0.02")


def test_without_the_other_files_their_prices_stay_unknown() -> None:
    (found,) = read(s3())
    assert {"egress_per_gib", "DEEP_ARCHIVE standard request fee", "DEEP_ARCHIVE bulk request fee"} == {
        *found.missing
    }
    read_back = table(s3())
    assert read_back.retrieval["DEEP_ARCHIVE", Tier.STANDARD].per_1000 is None
    assert read_back.egress_per_gib is None


def test_what_deep_archive_retrieves_for_is_read_from_whichever_file_has_it() -> None:
    whole, file, other = table(s3(), deep(), transfer()), s3(), deep()
    for sku, one in list(file.products.items()):
        if one["attributes"]["operation"] == "DeepArchiveRestoreObject":
            about = file.products.pop(sku)["attributes"]
            (term,) = file.terms.pop(sku).values()
            price = next(iter(term["priceDimensions"].values()))["pricePerUnit"]["USD"]
            other.add(about["usagetype"].removeprefix(FRANKFURT[2]), price, "GB", "DeepArchiveRestoreObject")
    assert table(file, other, transfer()).retrieval == whole.retrieval


@pytest.mark.parametrize(
    ("usage", "gone"),
    [
        ("Expedited-Retrieval-Bytes", ("GLACIER", Tier.EXPEDITED)),
        ("Bulk-Retrieval-Bytes", ("GLACIER", Tier.BULK)),
    ],
)
def test_what_is_missing_is_not_free(usage: str, gone: tuple[str, Tier]) -> None:
    file = s3()
    for sku in [sku for sku, one in file.products.items() if one["attributes"]["usagetype"].endswith(usage)]:
        del file.products[sku]
    assert gone not in table(file).retrieval


@pytest.mark.parametrize("change", [{"unit": "Count"}, {"beginRange": "1"}, {"pricePerUnit": {}}])
def test_a_price_of_another_unit_or_amount_is_not_taken(change: dict[str, object]) -> None:
    file = s3()
    for sku, one in file.products.items():
        if one["attributes"]["usagetype"].endswith("Requests-Tier6"):
            ((_, term),) = file.terms[sku].items()
            next(iter(term["priceDimensions"].values())).update(change)
    assert table(file).retrieval["GLACIER", Tier.EXPEDITED] == RetrievalPrice(Decimal("0.036"), None)


def test_expedited_of_intelligent_tiering_is_read_by_its_groups() -> None:
    file = s3()
    file.add("Expedited-INT", "0.03", "GB", group="INT-AA-RestoreObject", groupDescription="Expedited INT Retrieval")
    file.add("Bulk-INT", "0", "GB", group="INT-AA-RestoreObject", groupDescription="Bulk INT Retrieval")
    file.add("Requests-INT-6", "0.01", "Requests", group="S3-API-INT-AA-TIER6")
    assert table(file).retrieval["ARCHIVE_ACCESS", Tier.EXPEDITED] == RetrievalPrice(Decimal("0.03"), Decimal(10))


def test_two_prices_for_one_thing_are_an_error() -> None:
    with pytest.raises(UsageError, match=r"two prices for EUC1-Requests-Tier3 in eu-central-1 \(products SKU"):
        read(s3().add("Requests-Tier3", "0.00007", "Requests", "RestoreObject"))
    read(s3().add("Requests-Tier3", "0.00006", "Requests", "RestoreObject"))


def test_two_regions_side_by_side() -> None:
    found = read(s3(VIRGINIA), s3(), deep(), deep(VIRGINIA), transfer(), transfer(VIRGINIA))
    assert {one.region: one.missing for one in found} == {"eu-central-1": [], "us-east-1": []}


def test_the_currency_of_the_files_is_kept_and_not_mixed() -> None:
    china = ("cn-north-1", "China (Beijing)", "CNN1-")
    assert table(s3(china, "CNY"), deep(china, "CNY"), transfer(china, "CNY")).currency == "CNY"
    with pytest.raises(UsageError, match="prices in USD and in 'CNY'"):
        read(s3(), deep(currency="CNY"))


def both() -> OfferFile:
    one, other = s3(), s3(VIRGINIA)
    one.products |= {f"other{sku}": product for sku, product in other.products.items()}
    return one


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([deep(), transfer()], "there is no AmazonS3 file among these"),
        ([s3(), s3()], "is a second AmazonS3 file of eu-central-1"),
        ([both()], "holds more than one Region"),
        ([OfferFile("AmazonS3").add("x", "1", "GB")], "no price of Standard storage: it is of no Region that has S3"),
        ([s3(("", "EU", "X-"))], "does not say its regionCode"),
        ([s3(("eu\x1b[1m", "EU", "X-"))], "does not say its regionCode"),
        ([OfferFile("AmazonGlacier")], "the prices of Glacier's vaults, which are not those of S3"),
        ([OfferFile("AmazonEC2")], "its offerCode is 'AmazonEC2'"),
        ([s3().add("Requests-Tier5", "-1", "Requests")], "is not an amount of money"),
    ],
)
def test_files_that_cannot_be_meant_are_named(files: list[OfferFile], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(*files)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is not JSON|is not JSON"),
        (b"[1]", "its offerCode is None"),
        (b"[" * 100_000, "is not JSON"),
        (json.dumps({"offerCode": "AmazonS3", "products": []}).encode(), "no products or no OnDemand terms"),
        (s3().bytes(publicationDate=""), "does not say its publicationDate"),
        (b" " * (MOST_BYTES + 1), "more than 32 MiB: it is the list of all Regions"),
    ],
)
def test_a_file_that_is_none_is_named(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_price_list("here.json", data)
    for broken in ({"products": {"x": 1}}, {"terms": {"OnDemand": {f"SKU{0:013}": 1}}}):
        with pytest.raises(UsageError):
            region_prices([read_price_list("here.json", s3().bytes(**broken))])
