"""What a restore costs, from a dated price table that names its regions (FACTS 3).

Money is in the table's currency as ``Decimal``; a GB is 2**30 bytes, as the clouds bill it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from restoretui.core.bounds import shown
from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.money import DOLLARS, MOST
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import Action

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
    list_per_1000: Decimal | None
    head_per_1000: Decimal | None
    """What a look costs; None where it is not known."""
    source: str = ""
    store: str = ""
    """The kind of compatible store it is of (``core.stores``); empty for the vendor's own cloud."""

    def looks(self, lists: int, heads: int) -> Decimal | None:
        """What so many LIST and HEAD requests cost; None where a price that is needed is not known."""
        priced = [(lists, self.list_per_1000), (heads, self.head_per_1000)]
        known = [count * per_1000 / 1000 for count, per_1000 in priced if count and per_1000 is not None]
        return sum(known, ZERO) if len(known) == sum(bool(count) for count, _ in priced) else None


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate. ``unpriced`` objects are not in it, or not with all they cost: the table lacks
    their price, or the store does not tell their size.
    """

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
    """What one kind of action adds to the bill, for ``objects`` of together ``size_bytes`` (FACTS 1.5, 3).

    Starting and speeding up pay retrieval and request; an extension pays its request only, at the tier's rate.
    ``days`` are those by which the action lengthens the life of the temporary copy, which is billed as storage.
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

    def table_for(self, scheme: str, region: str, store: str = "") -> tuple[PriceTable, bool]:
        """The table to use in ``region``, and whether it is that region's own (else an estimate by another's).

        A compatible store is priced by its own tables only: without any, nothing of it has a price.

        Other regions are estimated by the first region of the first table, as the last table that names it has it.
        """
        ours = [table for table in self.tables if (table.scheme, table.store) == (scheme, store)]
        if not ours and store:
            return PriceTable(scheme, (), "", "USD", {}, ZERO, frozenset(), None, None, store=store), True
        if not ours:
            raise UsageError(f"no price table for {scheme}:// is known", "add one to the prices file")

        def latest(region: str) -> PriceTable | None:
            return next((table for table in reversed(ours) if region in table.regions), None)

        own = latest(region)
        if own is not None:
            return own, True
        return latest(ours[0].regions[0]) or ours[0], False


def read_price_book(documents: Iterable[Mapping[str, Any]]) -> PriceBook:
    """Price tables from parsed TOML documents; ``UsageError`` names the value that cannot be meant."""
    tables: list[PriceTable] = []
    for document in documents:
        _only(document, {"table"}, "a prices file")
        raws = document.get("table", [])
        if not isinstance(raws, list) or not all(isinstance(raw, Mapping) for raw in raws):
            raise _bad("tables are written [[table]], with two brackets")
        tables += [_read_table(raw) for raw in raws]
    return PriceBook(tables)


_NEEDED = {"scheme", "regions", "date", "retrieval", "copy_per_gib_month"}
_OPTIONAL = {"store", "currency", "copy_free", "source", "list_per_1000", "head_per_1000"}


def _read_table(raw: Mapping[str, Any]) -> PriceTable:
    # A misspelt optional name would otherwise silently mean its default, say dollars.
    _only(raw, _NEEDED | _OPTIONAL, "a price table")
    for name in sorted(_NEEDED - raw.keys()):
        raise _bad(f"a price table lacks {name!r}")
    if raw["scheme"] not in CLOUDS:
        raise _bad(f"scheme = {raw['scheme']!r} is none of {', '.join(CLOUDS)}")
    regions = _names(raw, "regions")
    if not regions:
        raise _bad("regions = [] names no region")
    return PriceTable(
        scheme=raw["scheme"],
        store=str(raw.get("store", "")),
        regions=regions,
        date=str(raw["date"]),
        currency=_currency(raw.get("currency", DOLLARS)),
        retrieval=_read_retrieval(raw["retrieval"]),
        copy_per_gib_month=_money("copy_per_gib_month", raw["copy_per_gib_month"]),
        copy_free=frozenset(_names(raw, "copy_free")),
        list_per_1000=_money_if_known(raw, "list_per_1000"),
        head_per_1000=_money_if_known(raw, "head_per_1000"),
        source=str(raw.get("source", "")),
    )


def _read_retrieval(raw: object) -> dict[tuple[str, Tier], RetrievalPrice]:
    prices = {}
    for archive, tiers in _section("retrieval", raw).items():
        for tier, price in _section(f"retrieval.{archive}", tiers).items():
            where = f"retrieval.{archive}.{tier}"
            if tier not in list(Tier):
                raise _bad(f"{where}: {tier!r} is none of {', '.join(Tier)}")
            values = _section(where, price)
            _only(values, {"per_gib", "per_1000"}, where)
            prices[archive, Tier(tier)] = RetrievalPrice(
                _money(f"{where}.per_gib", values.get("per_gib")), _money(f"{where}.per_1000", values.get("per_1000"))
            )
    return prices


def _money(where: str, value: object) -> Decimal:
    # Through its text, so that 0.023 is meant exactly; a string keeps more digits than TOML's numbers.
    try:
        price = Decimal(str(value))
    except (InvalidOperation, ValueError):  # no number, or a whole one of thousands of digits
        price = Decimal(-1)
    if not price.is_finite() or not 0 <= price <= MOST or isinstance(value, bool):
        raise _bad(f"{where} = {shown(value)} is not an amount of money")
    return price


def _currency(value: object) -> str:
    """As budgets name it, so that the two can be compared."""
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z]{3}", value):
        raise _bad(f"currency = {shown(value)} is not the three letters of one")
    return value.upper()


def _money_if_known(raw: Mapping[str, Any], name: str) -> Decimal | None:
    return _money(name, raw[name]) if name in raw else None


def _names(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = raw.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _bad(f"{name} = {value!r} is not a list of names")
    return tuple(value)


def _section(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _bad(f"{where} = {value!r} is not a section")
    return value


def _only(raw: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for name in sorted(raw.keys() - set(known)):
        raise _bad(f"{where} does not know {name!r}")


def _bad(message: str) -> UsageError:
    return UsageError(message, "mend the prices file")
