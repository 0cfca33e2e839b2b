"""What a restore costs, from a dated price table that names its regions (FACTS 3).

Money is in the table's currency as ``Decimal``; a GB is 2**30 bytes, as the clouds bill it.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.money import DOLLARS
from restoretui.core.plan.price_values import bad, currency, money, money_if_known, names, only, section
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.verdicts import Action

GIB = Decimal(2**30)
ZERO = Decimal(0)
FREQUENT_DAYS = 30
"""So long what came back for good is billed as frequently accessed, if nobody reads it again (FACTS 1.5)."""


class RetrievalPrice(Struct, frozen=True):
    """Of one archive and tier: per GB retrieved and per 1,000 requests; None where the fee is not known."""

    per_gib: Decimal
    per_1000: Decimal | None


class PriceTable(Struct, frozen=True):
    """One price list; ``retrieval`` is by archive (``core.rules``) and tier. What it lacks is unknown, not free."""

    scheme: str
    regions: Sequence[str]
    date: str
    currency: str = DOLLARS
    retrieval: Mapping[tuple[str, Tier], RetrievalPrice] = field(default_factory=dict)
    copy_per_gib_month: Decimal = ZERO
    copy_free: frozenset[str] = frozenset()
    """Archives whose restore makes no temporary copy to pay for."""
    list_per_1000: Decimal | None = None
    head_per_1000: Decimal | None = None
    """What a look costs; None where it is not known."""
    put_per_1000: Decimal = ZERO
    """What each restore request costs besides its own fee: OSS bills it as a PUT request as well (FACTS 4.4)."""
    frequent_per_gib_month: Decimal | None = None
    infrequent_per_gib_month: Decimal | None = None
    """Storage of what comes back for good: its first ``FREQUENT_DAYS`` days, and the time after (FACTS 1.5)."""
    egress_per_gib: Decimal | None = None
    """Downloading to the Internet, at the rate of the first GB of a month; None where it is not known."""
    archived_per_gib_month: Mapping[str, Decimal] = field(default_factory=dict)
    """Storage in each archive: what is billed for the rest of its shortest time when something leaves it early."""
    no_estimate_for: Sequence[str] = ()
    """Beginnings of Regions that this table, were it the first of its cloud, does not stand for: another currency,
    or a list that holds nowhere else. The empty beginning is that of all."""
    source: str = ""
    store: str = ""
    """The kind of compatible store it is of (``core.stores``); empty for the vendor's own cloud."""

    def looks(self, lists: int, heads: int) -> Decimal | None:
        """What so many LIST and HEAD requests cost; None where a price that is needed is not known."""
        priced = [(lists, self.list_per_1000), (heads, self.head_per_1000)]
        known = [count * per_1000 / 1000 for count, per_1000 in priced if count and per_1000 is not None]
        return sum(known, ZERO) if len(known) == sum(bool(count) for count, _ in priced) else None

    def stay(self, size_bytes: int, days: int) -> Decimal | None:
        """Storage of so much that came back for good, in its first ``days`` if nobody reads it; None if not known."""
        often = min(days, FREQUENT_DAYS)
        priced = [(often, self.frequent_per_gib_month), (days - often, self.infrequent_per_gib_month)]
        if any(part and rate is None for part, rate in priced):
            return None
        return sum((Decimal(size_bytes) / GIB * rate * part / 30 for part, rate in priced if rate), ZERO)

    def copy_rate(self, archive: str, tier: Tier) -> Decimal | None:
        """A GiB-month of the temporary copy of a restore; None where the table does not price that restore."""
        if (archive, tier) not in self.retrieval:
            return None
        return ZERO if archive in self.copy_free else self.copy_per_gib_month

    def egress(self, size_bytes: int) -> Decimal | None:
        """Downloading so much once, to the Internet: no part of a restore. None where it is not known."""
        rate = self.egress_per_gib
        return None if rate is None else Decimal(size_bytes) / GIB * rate


def told_together(tables: Sequence[PriceTable]) -> PriceTable:
    """What is told of several tables' prices: all their Regions, and the oldest date. Nothing is priced by it."""
    first = tables[0]
    regions = dict.fromkeys(region for table in tables for region in table.regions)
    dates = sorted(table.date for table in tables if table.date)
    return replace(first, regions=tuple(regions), date=dates[0] if dates else "")


class Cost(Struct, frozen=True):
    """An estimate. ``unpriced`` objects are not in it, or not with all they cost: the table lacks
    their price, or the store does not tell their size.
    """

    retrieval: Decimal = ZERO
    requests: Decimal = ZERO
    copy: Decimal = ZERO
    unpriced: int = 0
    storage: Decimal = ZERO
    """The first ``FREQUENT_DAYS`` days of what comes back for good, at the higher price of where it then is."""
    then: Decimal = ZERO
    """What is done with it afterwards: copies and their first ``FREQUENT_DAYS`` days, downloads."""
    fees_unknown: int = 0
    """Of the ``unpriced``, those of which only the request's own fee is not known: all else they cost is in it."""

    @property
    def total(self) -> Decimal:
        """All that could be priced; the least it costs where ``unpriced`` is not 0."""
        return self.retrieval + self.requests + self.copy + self.storage + self.then

    @property
    def unknown(self) -> int:
        """Objects that are unpriced for more than their request's fee."""
        return self.unpriced - self.fees_unknown

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.retrieval + other.retrieval,
            self.requests + other.requests,
            self.copy + other.copy,
            self.unpriced + other.unpriced,
            self.storage + other.storage,
            self.then + other.then,
            self.fees_unknown + other.fees_unknown,
        )

    def beside(self, other: "Cost") -> "Cost":
        """Both, where they are of the same objects: what lacks a price in either is one object, not two."""
        unpriced, unknown = max(self.unpriced, other.unpriced), max(self.unknown, other.unknown)
        return replace(self + other, unpriced=unpriced, fees_unknown=unpriced - unknown)

    def unsized(self, objects: int) -> "Cost":
        """The same, where the store does not tell the size of so many of the objects: their price is not known."""
        unpriced = max(self.unpriced, objects)
        return Cost(
            self.retrieval, self.requests, self.copy, unpriced, self.storage, self.then,
            min(self.fees_unknown, unpriced - objects),
        )  # fmt: skip


def estimate(
    table: PriceTable,
    archive: str,
    tier: Tier,
    action: Action,
    objects: int,
    size_bytes: int,
    days: int,
    *,
    endless: bool = False,
) -> Cost:
    """What one kind of action adds to the bill, for ``objects`` of together ``size_bytes`` (FACTS 1.5, 3).

    Starting and speeding up pay retrieval and request; an extension pays its request only, at the tier's rate.
    ``days`` are those by which the action lengthens the life of the temporary copy, which is billed as storage.
    What is ``endless`` has no such copy: starting it moves the object itself to where storage costs more.
    """
    price = table.retrieval.get((archive, tier))
    if price is None:
        return Cost(unpriced=objects)
    gib = Decimal(size_bytes) / GIB
    fee = None if price.per_1000 is None else price.per_1000 + table.put_per_1000
    stay = table.stay(size_bytes, FREQUENT_DAYS) if endless and action is Action.START else ZERO
    return Cost(
        retrieval=gib * price.per_gib if action.retrieves else ZERO,
        requests=objects * (table.put_per_1000 if fee is None else fee) / 1000,
        copy=ZERO if endless or archive in table.copy_free else gib * table.copy_per_gib_month * days / 30,
        unpriced=objects if fee is None or stay is None else 0,
        storage=ZERO if stay is None else stay,
        fees_unknown=objects if fee is None and stay is not None else 0,
    )


class PriceBook(Struct, frozen=True):
    """All known tables; later ones win, so a user's own come last."""

    tables: Sequence[PriceTable]

    def table_for(self, scheme: str, region: str, store: str = "") -> tuple[PriceTable, bool]:
        """The table to use in ``region``, and whether it is that region's own (else an estimate by another's).

        A compatible store is priced by its own tables only: without any, nothing of it has a price.

        Other regions are estimated by the first region of the first table, as the last table that names it has it;
        those that it is ``no_estimate_for`` have no price.
        """
        ours = [table for table in self.tables if (table.scheme, table.store) == (scheme, store)]
        if not ours and store:
            return PriceTable(scheme, (), "", store=store), True
        if not ours:
            raise UsageError(f"no price table for {scheme}:// is known", "add one to the prices file")

        def latest(region: str) -> PriceTable | None:
            return next((table for table in reversed(ours) if region in table.regions), None)

        own = latest(region)
        if own is not None:
            return own, True
        first = ours[0]
        if region.startswith(tuple(first.no_estimate_for)):
            return PriceTable(scheme, (), "", first.currency, store=store), True
        return latest(first.regions[0]) or first, False


def read_price_book(documents: Iterable[Mapping[str, Any]]) -> PriceBook:
    """Price tables from parsed TOML documents; ``UsageError`` names the value that cannot be meant."""
    tables: list[PriceTable] = []
    for document in documents:
        only(document, {"table"}, "a prices file")
        raws = document.get("table", [])
        if not isinstance(raws, list) or not all(isinstance(raw, Mapping) for raw in raws):
            raise bad("tables are written [[table]], with two brackets")
        tables += [_read_table(raw) for raw in raws]
    return PriceBook(tables)


_NEEDED = {"scheme", "regions", "date", "retrieval", "copy_per_gib_month"}
RATES = ("list_per_1000", "head_per_1000", "frequent_per_gib_month", "infrequent_per_gib_month", "egress_per_gib")
"""Values of a table that may be left out, and are not known then."""
_OPTIONAL = {"store", "currency", "copy_free", "source", "put_per_1000", "no_estimate_for", "archived", *RATES}


def _read_table(raw: Mapping[str, Any]) -> PriceTable:
    only(raw, _NEEDED | _OPTIONAL, "a price table")
    for name in sorted(_NEEDED - raw.keys()):
        raise bad(f"a price table lacks {name!r}")
    if raw["scheme"] not in CLOUDS:
        raise bad(f"scheme = {raw['scheme']!r} is none of {', '.join(CLOUDS)}")
    regions = names(raw, "regions")
    if not regions:
        raise bad("regions = [] names no region")
    return PriceTable(
        scheme=raw["scheme"],
        store=str(raw.get("store", "")),
        regions=regions,
        date=str(raw["date"]),
        currency=currency(raw.get("currency", DOLLARS)),
        retrieval=_read_retrieval(raw["retrieval"]),
        copy_per_gib_month=money("copy_per_gib_month", raw["copy_per_gib_month"]),
        copy_free=frozenset(names(raw, "copy_free")),
        put_per_1000=money("put_per_1000", raw.get("put_per_1000", 0)),
        archived_per_gib_month={
            archive: money(f"archived.{archive}", value)
            for archive, value in section("archived", raw.get("archived", {})).items()
        },
        no_estimate_for=names(raw, "no_estimate_for"),
        source=str(raw.get("source", "")),
        **{name: money_if_known(raw, name) for name in RATES},
    )


def _read_retrieval(raw: object) -> dict[tuple[str, Tier], RetrievalPrice]:
    prices = {}
    for archive, tiers in section("retrieval", raw).items():
        for tier, price in section(f"retrieval.{archive}", tiers).items():
            where = f"retrieval.{archive}.{tier}"
            if tier not in list(Tier):
                raise bad(f"{where}: {tier!r} is none of {', '.join(Tier)}")
            values = section(where, price)
            only(values, {"per_gib", "per_1000"}, where)
            prices[archive, Tier(tier)] = RetrievalPrice(
                money(f"{where}.per_gib", values.get("per_gib")), money_if_known(values, "per_1000", f"{where}.")
            )
    return prices
