"""What a restore costs, from a dated price table that names its regions (FACTS 3).

Money is in the table's currency as ``Decimal``; a GB is 2**30 bytes, as the clouds bill it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.rules import Action

GIB = Decimal(2**30)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class RetrievalPrice:
    """Of one archive and tier: per GB retrieved and per 1,000 requests."""

    per_gib: Decimal
    per_1000: Decimal


@dataclass(frozen=True, slots=True)
class PriceTable:
    """One price list; ``retrieval`` is by archive (``core.rules``) and tier. What it lacks is unknown, not free."""

    scheme: str
    regions: Sequence[str]
    date: str
    currency: str
    retrieval: Mapping[tuple[str, Tier], RetrievalPrice]
    copy_per_gib_month: Decimal
    copy_free: frozenset[str]
    """Archives whose restore makes no temporary copy to pay for."""
    list_per_1000: Decimal
    head_per_1000: Decimal
    source: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate. ``unpriced`` objects are not in it: their price is not in the table."""

    retrieval: Decimal = ZERO
    requests: Decimal = ZERO
    copy: Decimal = ZERO
    unpriced: int = 0

    @property
    def total(self) -> Decimal:
        """All that could be priced."""
        return self.retrieval + self.requests + self.copy

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.retrieval + other.retrieval,
            self.requests + other.requests,
            self.copy + other.copy,
            self.unpriced + other.unpriced,
        )


def estimate(
    table: PriceTable, archive: str, tier: Tier, action: Action, objects: int, size_bytes: int, days: int
) -> Cost:
    """The cost of one kind of action on ``objects`` of together ``size_bytes``, kept for ``days``.

    Starting and speeding up pay retrieval, request and the temporary copy; an extension pays its request (billed at
    the tier's rate) and the copy.
    """
    price = table.retrieval.get((archive, tier))
    if price is None:
        return Cost(unpriced=objects)
    gib = Decimal(size_bytes) / GIB
    return Cost(
        retrieval=gib * price.per_gib if action.retrieves else ZERO,
        requests=objects * price.per_1000 / 1000,
        copy=ZERO if archive in table.copy_free else gib * table.copy_per_gib_month * days / 30,
    )


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All known tables; later ones win, so a user's own come last."""

    tables: Sequence[PriceTable]

    def table_for(self, scheme: str, region: str) -> tuple[PriceTable, bool]:
        """The table to use in ``region``, and whether it is that region's own (else an estimate by another's)."""
        ours = [table for table in self.tables if table.scheme == scheme]
        if not ours:
            raise UsageError(f"no price table for {scheme}:// is known", "add one to the prices file")
        for table in reversed(ours):
            if region in table.regions:
                return table, True
        return ours[0], False


def read_price_book(documents: Iterable[Mapping[str, Any]]) -> PriceBook:
    """Price tables from parsed TOML documents; ``UsageError`` names the value that cannot be a price."""
    return PriceBook([_read_table(raw) for document in documents for raw in document.get("table", [])])


def _read_table(raw: Mapping[str, Any]) -> PriceTable:
    def money(where: str, value: object) -> Decimal:
        try:
            price = Decimal(str(value))
        except InvalidOperation:
            price = Decimal(-1)
        if not price.is_finite() or price < 0:
            raise UsageError(f"price {where} = {value!r} is not an amount of money", "mend the prices file")
        return price

    try:
        retrieval = {
            (archive, Tier(tier)): RetrievalPrice(
                money(f"{archive}.{tier}.per_gib", price["per_gib"]),
                money(f"{archive}.{tier}.per_1000", price["per_1000"]),
            )
            for archive, tiers in raw["retrieval"].items()
            for tier, price in tiers.items()
        }
        return PriceTable(
            scheme=str(raw["scheme"]),
            regions=tuple(raw["regions"]),
            date=str(raw["date"]),
            currency=str(raw.get("currency", "USD")),
            retrieval=retrieval,
            copy_per_gib_month=money("copy_per_gib_month", raw["copy_per_gib_month"]),
            copy_free=frozenset(raw.get("copy_free", ())),
            list_per_1000=money("list_per_1000", raw["list_per_1000"]),
            head_per_1000=money("head_per_1000", raw["head_per_1000"]),
            source=str(raw.get("source", "")),
        )
    except KeyError as missing:
        raise UsageError(f"a price table lacks {missing}", "mend the prices file") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"a price table cannot be read: {error}", "mend the prices file") from None
