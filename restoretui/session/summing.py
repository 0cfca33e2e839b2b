"""What lies below a location, and below each prefix there: from a flat listing, made only where there is none yet."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from restoretui.core.location import Location
from restoretui.ledger.records import Listing
from restoretui.ledger.totals.counted_listing import nodes_of
from restoretui.ledger.volumes import PrefixTotals, Volume

if TYPE_CHECKING:
    from restoretui.session.session import Session

Split = Literal["class", "state", "age", "year"]
SPLITS: tuple[Split, ...] = ("class", "state", "age", "year")
UNDATED = "unknown"
_DAY = 86_400
_AGES = ((5 * 365, "5 years or more"), (3 * 365, "3 to 5 years"), (365, "1 to 3 years"), (90, "90 days to 1 year"),
         (30, "30 to 90 days"))  # fmt: skip
"""Days since an object was written, from which on it counts as that old; the oldest first."""
_YOUNGEST = "less than 30 days"
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class Summed(Struct, frozen=True):
    """One prefix, and how far below the location it is."""

    depth: int
    totals: PrefixTotals
    parts: Mapping[str, Volume] = field(default_factory=dict)
    """What it was asked to be split into."""
    direct: Volume | None = None
    """Objects at the location itself, below none of its prefixes; None of prefixes below it."""


def covering(session: "Session", place: Location, *, versions: bool = False) -> Listing | None:
    """The newest flat listing that the ledger has of all that is there, however old; or of what a set has, where one
    stands in for the bucket.
    """
    if place.key is not None or not place.bucket:
        return None
    cloud = session.cloud_of(place.scheme)
    standing = session.listings.inventory_of(cloud, place.bucket)
    origin = standing.origin if standing is not None else None
    of_set = origin.source if origin is not None and origin.kind == "set" else ""
    return session.ledger.totals.covering(cloud, place.bucket, place.prefix, versions=versions, of_set=of_set)


async def flat_listing(
    session: "Session", place: Location, *, versions: bool = False, refresh: bool = False
) -> Listing:
    """A whole flat listing of ``place``: a fresh one that the ledger has of it or of more, or else a new one."""
    known = None if refresh else covering(session, place, versions=versions)
    if known is None or known.is_stale(session.clock.now()):
        opened = await session.open_listing(place, recursive=True, versions=versions, refresh=refresh)
        known = await session.listed(opened)
    return known


async def sums(
    session: "Session", listing: Listing, place: Location, depth: int, split: Split | None = None
) -> list[Summed]:
    """``place`` itself, then the prefixes of so many levels below it, in key order; parents before what they hold."""
    totals = session.ledger.totals
    await totals.settle()
    prefix = place.key if place.key is not None else place.prefix
    whole = totals.of(listing, prefix) or PrefixTotals(prefix, {})
    below: list[tuple[int, PrefixTotals]] = []
    for level in range(1, depth + 1):
        found = [each for each in await totals.below(listing, prefix, depth=level) if each.whole.objects]
        below += [(level, each) for each in found]
    first = [each for level, each in below if level == 1]
    direct = whole.less(first).whole if first else None
    parts = await _parts(session, listing, prefix, split) if split in ("age", "year") else None

    def summed(level: int, each: PrefixTotals, direct: Volume | None = None) -> Summed:
        if parts is not None:
            return Summed(level, each, parts.get((level, each.prefix), {}), direct)
        named = each.by_class() if split == "class" else each.by_state() if split == "state" else {}
        return Summed(level, each, named, direct)

    below.sort(key=lambda pair: pair[1].prefix)
    return [summed(0, whole, direct), *(summed(level, each) for level, each in below)]


async def _parts(
    session: "Session", listing: Listing, prefix: str, split: Split | None
) -> dict[tuple[int, str], dict[str, Volume]]:
    """By level and prefix, for all levels that have totals."""
    cuts, name = _years() if split == "year" else _ages(session.clock.now())
    found: dict[tuple[int, str], dict[str, Volume]] = {}
    for folder, parts in (await session.ledger.totals.dated(listing, prefix, cuts, name)).items():
        for node in nodes_of(folder, prefix):
            sums = found.setdefault(node, {})
            for called, volume in parts.items():
                sums[called] = sums.get(called, Volume()).plus(volume)
    order = [*(called for _, called in reversed(_AGES))] if split == "age" else []
    rank = {called: at for at, called in enumerate([_YOUNGEST, *order])}
    return {
        node: dict(sorted(parts.items(), key=lambda part: (part[0] == UNDATED, rank.get(part[0], 0), part[0])))
        for node, parts in found.items()
    }


def _years() -> tuple[Sequence[int], Callable[[int | None], str]]:
    years = range(_FIRST_YEAR, _LAST_YEAR)
    cuts = [int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in years]

    def name(rank: int | None) -> str:
        if rank is None:
            return UNDATED
        return f"before {years[0]}" if rank == 0 else str(years[rank - 1])

    return cuts, name


def _ages(now: datetime) -> tuple[Sequence[int], Callable[[int | None], str]]:
    cuts = [int(now.timestamp()) - days * _DAY + 1 for days, _ in _AGES]
    names = [*(called for _, called in _AGES), _YOUNGEST]
    return cuts, lambda rank: UNDATED if rank is None else names[rank]
