"""Inventories as listings: read once, kept in the catalog, and what is below a prefix of them."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final, NamedTuple, cast

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.blocking import beside
from restoretui.core.clock import Clock
from restoretui.core.errors import (
    AccessDenied,
    BucketNotFound,
    InvalidRequest,
    InventoryUnreadable,
    RestoreTuiError,
    UsageError,
)
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import LISTED, Filter, all_of, conjuncts, fields_of
from restoretui.core.inventory.columns import InventoryColumn
from restoretui.core.inventory.csv_rows import PlusIsBlank, WantedRows
from restoretui.core.inventory.manifest import KeyWriting
from restoretui.core.inventory.rules import InventoryRule, TellsInventories
from restoretui.core.location import Location
from restoretui.core.model import Page
from restoretui.core.provider import Provider
from restoretui.core.rows import Rows
from restoretui.engine.listing.lister import Left, Lister, Source
from restoretui.engine.traffic.listing_traits import ListingTraits
from restoretui.engine.traffic.speaker import Works
from restoretui.ledger import Ledger
from restoretui.ledger.catalog.row_sorter import RowSorter
from restoretui.ledger.records import Listing, Origin, Scope
from restoretui.session.clouds import Clouds
from restoretui.session.inventory.finding import FoundInventory, find_inventory
from restoretui.session.inventory.reading import ReadSoFar, read_rows
from restoretui.session.inventory.written import Put, write_listing

IMPORTED = "imported"
"""In the place of a location: the inventory of the bucket that was read last."""
CONFIGURED = "configured"
"""In the place of a location: the newest inventory that the bucket's own configuration has had written."""
OF_EACH = frozenset({IMPORTED, CONFIGURED})
"""Words that mean of each bucket its own."""
KIND: Final = "inventory"


class Imported(Struct, frozen=True):
    """An inventory as a listing."""

    listing: Listing
    seen: int
    """Rows that were read for it now; 0: it was there."""
    is_checked: bool = True
    repeated: int = 0
    """Of these, rows that name again what another names, and count for nothing."""


class _Kept(NamedTuple):
    """What is asked of an inventory."""

    place: Location
    versions: bool
    only: str

    def is_in(self, listing: Listing) -> bool:
        """The listing has all of it."""
        scope, origin = listing.scope, listing.origin
        return (
            origin is not None
            and scope.recursive
            and scope.versions == self.versions
            and self.place.prefix.startswith(scope.prefix)
            and origin.only in ("", self.only)
        )


class Inventories:
    """Part of a session, as ``session.inventories``."""

    def __init__(self, ledger: Ledger, clock: Clock, clouds: Clouds, works: Works) -> None:
        self._ledger = ledger
        self._clock = clock
        self._clouds = clouds
        self._works = works
        self._text: Callable[[], str] | None = None

    @property
    def under_way(self) -> str:
        """How far one is read, or looked for; empty while none is."""
        return "" if self._text is None else self._text()

    @contextmanager
    def _telling(self, text: Callable[[], str]) -> Iterator[None]:
        before, self._text = self._text, text
        try:
            with self._works.telling(text):
                yield
        finally:
            self._text = before

    def kept(self, place: Location, *, versions: bool = False) -> Listing | None:
        """The newest inventory in the catalog that has all that is below ``place``; quick enough for a repaint."""
        wanted = _Kept(place, versions, "")
        cloud = self._clouds[place.scheme].ledger_cloud
        return next(filter(wanted.is_in, self._ledger.catalog.of_origin(cloud, place.bucket, KIND)), None)

    def number_below(self, listing: Listing, place: Location) -> int:
        """How many of an inventory's rows lie below a place; quick, however many they are."""
        if place.prefix == listing.scope.prefix:
            return listing.objects
        flat = self._ledger.catalog.flat_pages(listing)
        return flat.position(f"{place.prefix}\U0010ffff") - flat.position(place.prefix)

    async def configured(self, place: Location, *, versions: bool = False) -> FoundInventory | None:
        """The newest whole inventory of all below ``place``, by where the bucket says that they are written.

        None where it says of none. Where none of those it names can be read, the error of the first.
        """
        cloud = self._clouds[place.scheme]
        provider = await cloud.provider()
        if not provider.capabilities.inventory_rules:
            return None
        telling = cast("TellsInventories", provider)
        rules = await cloud.of(place.bucket).read(lambda: telling.inventory_rules(place.bucket))
        found: list[FoundInventory] = []
        failed: list[RestoreTuiError] = []
        for rule in rules:
            if rule.covers(place, versions=versions):
                try:
                    found.append(await self._newest(place, rule))
                except (UsageError, InventoryUnreadable, AccessDenied, BucketNotFound, InvalidRequest) as error:
                    failed.append(error)
        if failed and not found:
            raise failed[0]
        return max(found, key=lambda one: one.inventory.made_at, default=None)

    async def _newest(self, place: Location, rule: InventoryRule) -> FoundInventory:
        """Of one rule."""
        first: UsageError | None = None
        for folder in rule.folders(place.bucket):
            try:
                return await find_inventory(
                    self._clouds, f"{place.scheme}://{rule.written_to}/{folder}", place.bucket
                )
            except UsageError as error:  # Not there, or not there yet.
                first = first or error
        raise first or UsageError(f"the inventory {rule.name!r} names no place", "look at the bucket's configuration")

    async def at(
        self, place: Location, named: str, *, versions: bool = False, where: Filter | None = None
    ) -> Imported:
        """A listing of all below ``place``, from the inventory ``named``; read only where it is not in the catalog.

        Of ``where``, what the rows of an inventory can tell keeps the others out of the catalog; the listing may
        still hold more than matches.
        """
        if not place.bucket or place.key is not None:
            raise UsageError(
                f"{place} is no bucket or prefix", "an inventory is of a bucket: name that, or a prefix/"
            )
        tree = _told_by_rows(where)
        wanted = _Kept(place, versions, filter_text(tree))
        cloud = self._clouds[place.scheme].ledger_cloud
        known = [one for one in self._ledger.catalog.of_origin(cloud, place.bucket, KIND) if wanted.is_in(one)]
        if named == IMPORTED:
            if not known:
                raise UsageError(
                    f"no inventory of {place.bucket} was imported that has all of this",
                    f"restoretui import s3://{place.bucket} --from-inventory LOCATION".replace(
                        "s3:", f"{place.scheme}:"
                    ),
                )
            return Imported(await self._below(known[0], place), 0)
        with self._telling(lambda: f"looking for an inventory at {named}"):
            found = await self._named(place, named, versions=versions)
        if versions and not found.inventory.has_versions:
            raise UsageError(
                f"{found.called} lists current versions alone", "leave out --versions, or name one of all versions"
            )
        has = found.inventory.columns
        if not versions and InventoryColumn.VERSION in has and InventoryColumn.LATEST not in has:
            raise UsageError(
                f"{found.called} has a column VersionId and none IsLatest: which versions are current cannot be told",
                "let the bucket write an inventory with IsLatest, or one of current versions alone",
            )
        for one in known:
            if one.origin is not None and one.origin.source == found.source:
                return Imported(await self._below(one, place), 0, found.is_checked)
        return await self._import(found, wanted, tree)

    async def _named(self, place: Location, named: str, *, versions: bool) -> FoundInventory:
        if named != CONFIGURED:
            return await find_inventory(self._clouds, named, place.bucket)
        found = await self.configured(place, versions=versions)
        if found is None:
            raise UsageError(
                f"{place.bucket} has no inventory configured that lists all of this",
                "name one that is kept elsewhere: --from-inventory LOCATION",
            )
        return found

    async def _import(self, found: FoundInventory, wanted: _Kept, tree: Filter | None) -> Imported:
        try:
            return await self._read(found, wanted, tree)
        except PlusIsBlank:
            again = replace(found.inventory, keys=KeyWriting.FORM)
            return await self._read(found._replace(inventory=again), wanted, tree)

    async def _read(self, found: FoundInventory, wanted: _Kept, tree: Filter | None) -> Imported:
        place, tally = wanted.place, ReadSoFar()
        cloud = self._clouds[place.scheme]
        scope = Scope(cloud.ledger_cloud, place.bucket, place.prefix, recursive=True, versions=wanted.versions)
        origin = Origin(KIND, found.source, found.inventory.made_at, wanted.only)
        total = len(found.inventory.files)

        def text() -> str:
            return f"reading the inventory: {tally.seen:,} rows so far, {tally.files:,} of {total:,} files"

        scratch = self._ledger.scratch_folder
        sorter = await beside(lambda: RowSorter(scratch), "restoretui-sort")
        try:
            sorter.keep(tree, place.prefix, self._clock.now().timestamp(), tuple(cloud.rules.classes))
            with self._telling(text):
                await read_rows(found, WantedRows(wanted.versions, place.prefix), sorter.add, tally, scratch)
            done = [0]
            with self._telling(lambda: f"sorting the inventory: {done[0]:,} of {tally.kept:,} rows"):
                listing = await self._write(scope, origin, sorter, done)
        finally:
            await beside(sorter.close, "restoretui-sort")
        return Imported(listing, tally.seen, found.is_checked, sorter.repeated)

    async def _write(self, scope: Scope, origin: Origin, sorter: RowSorter, done: list[int]) -> Listing:
        rows = sorter.in_order()

        async def pages(put: Put) -> None:
            while (some := await beside(lambda: _few(rows), "restoretui-sort")) is not None:
                for page in some:
                    await put(page)
                    done[0] += len(page)

        return await write_listing(self._ledger, scope, origin, pages, hints=True)

    async def _below(self, listing: Listing, place: Location) -> Listing:
        """What of an inventory lies below a prefix, as a listing of its own, unless it is all of it."""
        if place.prefix == listing.scope.prefix or listing.origin is None:
            return listing
        scope = Scope(
            listing.scope.cloud, place.bucket, place.prefix, recursive=True, versions=listing.scope.versions
        )
        for one in self._ledger.catalog.of_origin(scope.cloud, place.bucket, KIND):
            if one.scope == scope and one.origin == listing.origin:
                return one
        flat = self._ledger.catalog.flat_pages(listing)

        async def pages(put: Put) -> None:
            sink = _Put(put)
            source = Source(cast("Provider", flat), _straight, ListingTraits(known=True))
            await Lister(source, scope, sink, 1, self._clock.monotonic).list_all()

        return await write_listing(self._ledger, scope, listing.origin, pages)


class _Put:
    """Hands on the pages of a lister."""

    def __init__(self, put: Put) -> None:
        self._put = put

    async def put(self, page: Page, segment: int, left: Left) -> None:
        del segment, left
        await self._put(Rows.of(page.entries))

    async def restart(self) -> None:
        raise UsageError("the inventory was replaced while it was read", "do it again")


async def _straight(ask: Callable[[], Awaitable[Page]]) -> Page:
    return await ask()


_PAGES_AT_A_TIME = 20


def _few(rows: Iterator[Rows]) -> list[Rows] | None:
    return list(islice(rows, _PAGES_AT_A_TIME)) or None


def _told_by_rows(where: Filter | None) -> Filter | None:
    """The part of a filter that an inventory's rows can tell, all of which must hold."""
    if where is None:
        return None
    return all_of(part for part in conjuncts(where) if fields_of(part) <= LISTED)
