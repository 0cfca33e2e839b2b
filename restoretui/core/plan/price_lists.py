"""AWS's price list: the offer files of one Region, and the price table that is read out of them (FACTS 3.1).

What is not found stays unknown; what is found at two prices is an error. Nothing is guessed, and nothing is scaled
from another Region.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct, field

from restoretui.core.bounds import shown
from restoretui.core.errors import UsageError
from restoretui.core.model import DEFAULT_SCHEME, Tier
from restoretui.core.plan.price_values import money

S3, DEEP, TRANSFER = "AmazonS3", "AmazonS3GlacierDeepArchive", "AWSDataTransfer"
"""The ``offerCode`` of each file that is needed."""
OFFERS = (S3, DEEP, TRANSFER)
MOST_BYTES = 32 << 20
"""Of one file: a Region's are about 500 KB, the one of all Regions 59 MB."""
_STORAGE = "TimedStorage-ByteHrs"


class _Wanted(NamedTuple):
    """One price: a usage type behind the Region's prefix, exactly, and its operation; the empty one means absent."""

    usage: str
    unit: str
    operations: tuple[str, ...] = ("",)
    volume: str = ""


_GB, _MONTH, _ASKED = "GB", "GB-Mo", "Requests"
_COPY = _Wanted(_STORAGE, _MONTH, volume="Standard")
_REDUCED = _Wanted("TimedStorage-RRS-ByteHrs", _MONTH)
_RATES = {
    "list_per_1000": _Wanted("Requests-Tier1", _ASKED),
    "head_per_1000": _Wanted("Requests-Tier2", _ASKED),
    "frequent_per_gib_month": _Wanted("TimedStorage-INT-FA-ByteHrs", _MONTH),
    "infrequent_per_gib_month": _Wanted("TimedStorage-INT-IA-ByteHrs", _MONTH),
}
_RESTORE, _OF_DEEP = ("RestoreObject",), ("DeepArchiveRestoreObject",)
_RETRIEVAL = {
    ("GLACIER", Tier.EXPEDITED): (_Wanted("Expedited-Retrieval-Bytes", _GB), _Wanted("Requests-Tier6", _ASKED)),
    ("GLACIER", Tier.STANDARD): (
        _Wanted("Standard-Retrieval-Bytes", _GB, _RESTORE), _Wanted("Requests-Tier3", _ASKED, _RESTORE)
    ),
    ("GLACIER", Tier.BULK): (_Wanted("Bulk-Retrieval-Bytes", _GB, _RESTORE), _Wanted("Requests-Tier5", _ASKED)),
    ("DEEP_ARCHIVE", Tier.STANDARD): (
        _Wanted("Standard-Retrieval-Bytes", _GB, _OF_DEEP), _Wanted("Requests-GDA-Tier3", _ASKED, ("", *_OF_DEEP))
    ),
    ("DEEP_ARCHIVE", Tier.BULK): (
        _Wanted("Bulk-Retrieval-Bytes", _GB, _OF_DEEP),
        _Wanted("Requests-GDA-Tier5", _ASKED, ("", *_OF_DEEP, "DeepArchiveRestoreObjectBulk")),
    ),
}  # fmt: skip
"""By GB, and by request."""
_TIERED = {"ARCHIVE_ACCESS": ("INT-AA-RestoreObject", "S3-API-INT-AA-TIER6"), "DEEP_ARCHIVE_ACCESS": ("", "")}
"""Groups of Intelligent-Tiering's Expedited, by GB and by request; its other tiers are free by documentation."""


class PriceList(Struct, frozen=True):
    """One offer file."""

    name: str
    """Where it was read from."""
    offer: str
    version: str
    published: str
    products: Mapping[str, Any]
    terms: Mapping[str, Any]


class RegionPrices(Struct):
    """What the files tell of one Region."""

    region: str
    table: dict[str, Any]
    """As a prices file holds it."""
    missing: list[str] = field(default_factory=list)
    """What was not found, and so stays without a price."""


def read_price_list(name: str, data: bytes) -> PriceList:
    """One file; ``UsageError`` when it is none of ``OFFERS``, or too large to be one Region's."""
    if len(data) > MOST_BYTES:
        raise UsageError(f"{name} is more than {MOST_BYTES >> 20} MiB: it is the list of all Regions", _REGIONAL)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise UsageError(f"{name} is not JSON", _REGIONAL) from None
    offer = document.get("offerCode") if isinstance(document, dict) else None
    if offer == "AmazonGlacier":
        raise UsageError(f"{name} has the prices of Glacier's vaults, which are not those of S3", _REGIONAL)
    if offer not in OFFERS:
        raise UsageError(f"{name} is none of the files that are needed: its offerCode is {shown(offer)}", _REGIONAL)
    products, terms = document.get("products"), document.get("terms")
    on_demand = terms.get("OnDemand") if isinstance(terms, dict) else None
    if not isinstance(products, dict) or not isinstance(on_demand, dict):
        raise UsageError(f"{name} has no products or no OnDemand terms", _REGIONAL)
    version, published = (str(document.get(key, "")) for key in ("version", "publicationDate"))
    if not published:
        raise UsageError(f"{name} does not say its publicationDate", _REGIONAL)
    return PriceList(name, offer, version, published, products, on_demand)


_REGIONAL = f"give the files of one Region each, of {', '.join(OFFERS)}: .../current/REGION/index.json"


def region_prices(lists: Sequence[PriceList]) -> list[RegionPrices]:
    """A table for each Region of which there is an ``AmazonS3`` file; ``UsageError`` names what cannot be meant."""
    found: dict[str, RegionPrices] = {}
    for one in lists:
        if one.offer != S3:
            continue
        region, location, prefix = _whose(one)
        if region in found:
            raise UsageError(f"{one.name} is a second {S3} file of {region}", "give one of each")
        found[region] = _Reader([one, *(more for more in lists if more.offer != S3)], region, location, prefix).read()
    if not found:
        raise UsageError(f"there is no {S3} file among these", _REGIONAL)
    return list(found.values())


def _attributes(product: object) -> Mapping[str, str]:
    attributes = product.get("attributes") if isinstance(product, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _whose(one: PriceList) -> tuple[str, str, str]:
    """Region, location and usage prefix, from the one product that every Region has: Standard storage."""
    whose = set()
    for product in one.products.values():
        about = _attributes(product)
        kind = product.get("productFamily") if isinstance(product, dict) else None
        if (kind, about.get("volumeType"), about.get("storageClass")) == ("Storage", "Standard", "General Purpose"):
            usage = about.get("usagetype", "")
            if not usage.endswith(_STORAGE):
                raise UsageError(f"{one.name} bills Standard storage as {shown(usage)}", _REGIONAL)
            whose.add((about.get("regionCode", ""), about.get("location", ""), usage.removesuffix(_STORAGE)))
    if not whose:
        raise UsageError(f"{one.name} has no price of Standard storage: it is of no Region that has S3", _REGIONAL)
    if len(whose) > 1:
        raise UsageError(f"{one.name} holds more than one Region", _REGIONAL)
    region, location, prefix = whose.pop()
    if not re.fullmatch("[a-z0-9-]{1,64}", region):
        raise UsageError(f"{one.name} does not say its regionCode", _REGIONAL)
    return region, location, prefix


class _Reader:
    """Looks up the prices of one Region."""

    def __init__(self, lists: Sequence[PriceList], region: str, location: str, prefix: str) -> None:
        self._lists = lists
        self._region = region
        self._location = location
        self._prefix = prefix
        self._currency = ""
        self._by_usage: dict[str, list[tuple[PriceList, str, Mapping[str, str]]]] = defaultdict(list)
        for one in lists:
            for sku, product in one.products.items():
                about = _attributes(product)
                if one.offer == TRANSFER or about.get("regionCode", region) == region:
                    self._by_usage[about.get("usagetype", "")].append((one, sku, about))

    def read(self) -> RegionPrices:
        main = self._lists[0]
        copies = [price for wanted in (_COPY, _REDUCED) if (price := self._price(wanted)) is not None]
        if not copies:
            raise UsageError(f"{main.name} has no price of Standard storage that begins at 0", _REGIONAL)
        table: dict[str, Any] = {"copy_per_gib_month": min(copies)}
        missing = []
        for name, wanted in _RATES.items():
            price = self._price(wanted)
            if price is None:
                missing.append(name)
            else:
                table[name] = price
        egress = self._egress()
        if egress is None:
            missing.append("egress_per_gib")
        else:
            table["egress_per_gib"] = egress
        table["retrieval"] = self._retrieval(missing)
        sources = ", ".join(f"{one.offer} {one.version}" for one in self._lists if self._is_used(one))
        about = {
            "scheme": DEFAULT_SCHEME, "regions": [self._region], "date": main.published[:10],
            "currency": self._currency, "source": f"AWS's price list: {sources}",
            "copy_free": list(_TIERED),
        }  # fmt: skip
        return RegionPrices(self._region, about | table, missing)

    def _is_used(self, one: PriceList) -> bool:
        return any(self._is_ours(_attributes(product)) for product in one.products.values())

    def _is_ours(self, about: Mapping[str, str]) -> bool:
        place = about.get("fromRegionCode") or about.get("regionCode")
        return place == self._region if place else about.get("fromLocation", self._location) == self._location

    def _retrieval(self, missing: list[str]) -> dict[str, Any]:
        prices: dict[str, Any] = defaultdict(dict)
        for (archive, tier), (by_gib, by_request) in _RETRIEVAL.items():
            per_gib, per_1000 = self._price(by_gib), self._price(by_request)
            if per_gib is None:
                missing.append(f"{archive} {tier}")
                continue
            prices[archive][tier] = {"per_gib": per_gib} | ({} if per_1000 is None else {"per_1000": per_1000})
            if per_1000 is None:
                missing.append(f"{archive} {tier} request fee")
        for archive, (by_gib_group, by_request_group) in _TIERED.items():
            for tier in (Tier.STANDARD, Tier.BULK):
                prices[archive][tier] = {"per_gib": Decimal(0), "per_1000": Decimal(0)}
            per_gib = self._of_group(by_gib_group, _GB, "Expedited INT Retrieval")
            per_1000 = self._of_group(by_request_group, _ASKED)
            if per_gib is not None:
                prices[archive][Tier.EXPEDITED] = {"per_gib": per_gib}
                if per_1000 is not None:
                    prices[archive][Tier.EXPEDITED]["per_1000"] = per_1000
        return dict(prices)

    # --- single prices

    def _price(self, wanted: _Wanted) -> Decimal | None:
        usage = self._prefix + wanted.usage
        matching = (
            (one, sku)
            for one, sku, about in self._by_usage.get(usage, ())
            if one.offer != TRANSFER
            and about.get("operation", "") in wanted.operations
            and (not wanted.volume or about.get("volumeType") == wanted.volume)
        )
        return self._one(matching, wanted.unit, usage)

    def _of_group(self, group: str, unit: str, description: str = "") -> Decimal | None:
        matching = (
            (one, sku)
            for rows in self._by_usage.values()
            for one, sku, about in rows
            if group
            and about.get("group") == group
            and (not description or about.get("groupDescription") == description)
        )
        return self._one(matching, unit, group)

    def _egress(self) -> Decimal | None:
        """The first GB to the Internet: S3's own DataTransfer-Out-Bytes is something else.

        Rows of nothing stand beside the true one, of free amounts and of what other rows bill.
        """
        prices = [
            price
            for rows in self._by_usage.values()
            for one, sku, about in rows
            if one.offer == TRANSFER
            and (about.get("toLocation"), about.get("transferType")) == ("External", "AWS Outbound")
            and about.get("fromLocationType", "AWS Region") == "AWS Region"
            and "Global-" not in about.get("usagetype", "")
            and ("fromRegionCode" in about or "fromLocation" in about)
            and self._is_ours(about)
            for price in self._first(one, sku, _GB)
        ]
        return max((price for price in prices if price), default=None)

    def _one(self, matching: Iterator[tuple[PriceList, str]], unit: str, what: str) -> Decimal | None:
        found: dict[Decimal, str] = {}
        for one, sku in matching:
            for price in self._first(one, sku, unit):
                found[price] = sku
        if len(found) > 1:
            raise UsageError(
                f"the price list has two prices for {what} in {self._region} (products {', '.join(found.values())})",
                "nothing is guessed: the prices known so far stay as they are",
            )
        return next(iter(found)) * (1000 if unit == _ASKED else 1) if found else None

    def _first(self, one: PriceList, sku: str, unit: str) -> Iterator[Decimal]:
        """The prices of a product from the first unit on; later ones are of larger amounts."""
        terms = one.terms.get(sku)
        for term in terms.values() if isinstance(terms, dict) else ():
            dimensions = term.get("priceDimensions") if isinstance(term, dict) else None
            for dimension in dimensions.values() if isinstance(dimensions, dict) else ():
                if not isinstance(dimension, dict) or dimension.get("beginRange", "0") not in ("", "0"):
                    continue
                prices = dimension.get("pricePerUnit")
                if dimension.get("unit") != unit or not isinstance(prices, dict) or len(prices) != 1:
                    continue
                ((currency, price),) = prices.items()
                if self._currency not in ("", currency):
                    raise UsageError(f"{one.name} has prices in {self._currency} and in {shown(currency)}", _REGIONAL)
                self._currency = currency
                yield money(f"{one.name}: the price of {sku}", price)
