"""The listings of a session: one for each scope, streaming in behind, reused while fresh, resumed when cut short."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError, RestoreTuiError
from restoretui.core.location import Location
from restoretui.core.model import Page
from restoretui.core.provider import Provider
from restoretui.core.rows import Rows
from restoretui.engine.listing.lister import Left, Lister, Source
from restoretui.engine.listing.pages_in_order import PagesInOrder
from restoretui.engine.traffic.listing_traits import ListingTraits
from restoretui.engine.traffic.retrying_reads import once
from restoretui.engine.traffic.speaker import Works
from restoretui.ledger import Ledger
from restoretui.ledger.records import CatalogBounds, CloudId, Listing, Scope
from restoretui.session.clouds import Clouds

log = logging.getLogger(__name__)

LEAVE_S = 2.0
"""Seconds that the end of a session waits for old listings to be cleared away; the next session goes on with it."""
STREAMS = 32
"""Ranges of one flat listing under way at a time."""
STREAMS_IN_ORDER = 8
"""The same where pages are wanted in their order: what comes early has to wait, and printing is no quicker."""
BUG_HINT = "start again: nothing is lost; and please report it"


def _holds(kept: Scope, wanted: Scope) -> bool:
    """A flat listing of one scope has all of the other."""
    return kept.versions == wanted.versions and wanted.prefix.startswith(kept.prefix)


class _LedgerSink:
    """Pages of one listing on their way into the ledger."""

    def __init__(self, ledger: Ledger, listing_id: int) -> None:
        self._ledger = ledger
        self._listing_id = listing_id
        self.objects = 0

    async def put(self, page: Page, segment: int, left: Left) -> None:
        self.objects += len(page.entries)
        self._ledger.catalog.append(self._listing_id, page, str(left), segment=segment)
        await self._ledger.catalog.room()

    async def restart(self) -> None:
        self.objects = 0
        await self._ledger.catalog.restart(self._listing_id)


class Listings:
    """Begins, shares and ends listings; their pages are in the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        clouds: Clouds,
        bounds: CatalogBounds,
        works: Works,
    ) -> None:
        """``works`` hears of what takes its time."""
        self._bounds = bounds
        self._works = works
        self._ledger = ledger
        self._clock = clock
        self._clouds = clouds
        self._ids: dict[Scope, int] = {}
        self._inventories: dict[tuple[CloudId, str], tuple[Listing, ...]] = {}
        """By bucket, inventories and sets that stand in for the cloud."""
        self._asked: set[tuple[CloudId, str]] = set()
        """Buckets that somebody wants to see as the cloud has them."""
        self._cut: dict[tuple[int, Scope], int] = {}
        """What was listed out of an inventory."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._tidying: set[asyncio.Task[None]] = set()
        self._problems: dict[int, RestoreTuiError] = {}

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Those under way."""
        return list(self._tasks.values())

    async def at(self, location: Location, *, recursive: bool, versions: bool, refresh: bool) -> Listing:
        """See ``Session.open_listing``."""
        scope = self._scope(location, recursive=recursive, versions=versions)
        standing = self._inventories.get((scope.cloud, scope.bucket), ())
        inventory = next((one for one in standing if _holds(one.scope, scope)), None)
        if inventory is not None and not refresh:
            return await self._cut_out(inventory, scope)
        known = None if refresh else await self._known(scope)
        if known is not None and (known.is_complete or known.id in self._tasks):
            return known
        await self._clouds[scope.cloud.scheme].region(scope.bucket)
        catalog = self._ledger.catalog
        listing = await catalog.begin(scope) if known is None else await catalog.resume(known.id)
        self._problems.pop(listing.id, None)
        self._ids[scope] = listing.id
        self._tasks[listing.id] = asyncio.create_task(self._list(listing), name=f"listing {listing.id}")
        # While pages come: the room of the oldest is what they are written to.
        self._tidy(scope)
        return listing

    def _scope(self, location: Location, *, recursive: bool, versions: bool) -> Scope:
        return Scope(
            self._clouds[location.scheme].ledger_cloud,
            location.bucket,
            location.key if location.key is not None else location.prefix,
            recursive,
            versions,
            single=location.key is not None,
        )

    async def is_wanted(self, location: Location, *, versions: bool) -> bool:
        """All below a place is listed, or is to be: there is a listing that is shown, or somebody asked for one."""
        scope = self._scope(location, recursive=True, versions=versions)
        return (scope.cloud, scope.bucket) in self._asked or await self._known(scope) is not None

    def by_inventory(self, *standing: Listing) -> None:
        """From now on a bucket is listed out of this inventory, or set, or of what was there at an instant.

        Until it is listed anew or ``by_cloud``. Several are of one bucket: of its current objects, and of versions.
        """
        self._inventories[standing[0].scope.cloud, standing[0].scope.bucket] = standing

    def by_cloud(self, cloud: CloudId, bucket: str, *, for_good: bool = False) -> None:
        """The cloud is asked again what is in a bucket; ``for_good``: whatever inventory there is."""
        self._inventories.pop((cloud, bucket), None)
        if for_good:
            self._asked.add((cloud, bucket))

    def inventory_of(self, cloud: CloudId, bucket: str) -> Listing | None:
        """The inventory, or set, that stands in for the cloud there."""
        return next(iter(self._inventories.get((cloud, bucket), ())), None)

    async def _cut_out(self, inventory: Listing, scope: Scope) -> Listing:
        """What an inventory has at a place: no request is sent."""
        if scope == inventory.scope:
            return inventory
        with contextlib.suppress(KeyError, LedgerError):
            return await self._ledger.catalog.get(self._cut[inventory.id, scope])
        listing = await self._ledger.catalog.begin(scope, inventory.origin)
        self._cut[inventory.id, scope] = listing.id
        source = Source(cast("Provider", self._ledger.catalog.flat_pages(inventory)), once, ListingTraits(known=True))
        self._tasks[listing.id] = asyncio.create_task(self._list(listing, source), name=f"listing {listing.id}")
        return listing

    async def _known(self, scope: Scope) -> Listing | None:
        """The newest listing of the scope worth showing or going on with."""
        catalog = self._ledger.catalog
        if scope in self._ids:
            with contextlib.suppress(LedgerError):  # It may have made room for a newer one, of another process.
                known = await catalog.get(self._ids[scope])
                if known.id in self._tasks or self._is_worth_it(known):
                    return known
        latest = await catalog.latest(scope)
        if latest is None or not self._is_worth_it(latest):
            return None
        self._ids[scope] = latest.id
        return latest

    def _is_worth_it(self, listing: Listing) -> bool:
        return not listing.is_stale(self._clock.now()) and bool(listing.is_complete or listing.resume_token)

    async def is_bare(self, location: Location) -> bool:
        """A listing of that bucket made now is all that is known of its objects."""
        return await self._ledger.catalog.is_bare(self._clouds[location.scheme].ledger_cloud, location.bucket)

    @asynccontextmanager
    async def pages(self, location: Location, *, versions: bool = False) -> AsyncIterator[AsyncIterator[Rows]]:
        """All objects at ``location`` as they are now, in key order, page by page as they come; nothing is kept.

        Where the cloud does not promise an order, they may come in the server's own. Raises what ends it early.
        """
        cloud = self._clouds[location.scheme]
        single = location.key is not None
        prefix = location.prefix if location.key is None else location.key
        scope = Scope(cloud.ledger_cloud, location.bucket, prefix, recursive=True, versions=versions, single=single)
        await cloud.region(scope.bucket)
        provider = await cloud.provider()
        traits = cloud.channel.listing_traits(provider)
        pages = PagesInOrder(self._ledger.folder, may_restart=lambda: not traits.known)
        lister = Lister(
            Source(provider, cloud.of(scope.bucket).read, traits),
            scope,
            pages,
            STREAMS_IN_ORDER,
            self._clock.monotonic,
        )
        where = str(Location(scope.cloud.scheme, scope.bucket, scope.prefix))
        task = asyncio.create_task(lister.list_all(), name=f"listing {where}")
        try:
            with self._works.telling(lambda: f"listing {where}: {pages.objects:,} objects so far"):
                yield pages.taken(task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            pages.close()
        if cloud.rules.lists_status is None and (pages.tells or provider.capabilities.says_vendor):
            await self._ledger.catalog.listings_tell(scope.cloud, scope.bucket)

    async def _list(self, listing: Listing, kept: Source | None = None) -> None:
        """Out of the cloud, or of what is ``kept``."""
        error: RestoreTuiError | None = None
        scope, sink = listing.scope, _LedgerSink(self._ledger, listing.id)
        where = str(Location(scope.cloud.scheme, scope.bucket, scope.prefix))
        try:
            source = kept
            if source is None:
                cloud = self._clouds[scope.cloud.scheme]
                provider = await cloud.provider()
                source = Source(provider, cloud.of(scope.bucket).read, cloud.channel.listing_traits(provider))
            lister = Lister(source, scope, sink, STREAMS if kept is None else 1, self._clock.monotonic)
            with self._works.telling(lambda: f"listing {where}: {sink.objects:,} objects so far"):
                await lister.list_all(listing.resume_token)
            if kept is None and source.provider.capabilities.says_vendor:
                await self._ledger.catalog.listings_tell(scope.cloud, scope.bucket)
        except RestoreTuiError as problem:
            error = problem
            self._problems[listing.id] = problem
        except asyncio.CancelledError:
            error = RestoreTuiError("stopped")
            raise
        except Exception as problem:  # boundary: a defect must not pass for a complete listing
            log.exception("listing %s", listing.id)
            error = self._problems[listing.id] = RestoreTuiError(f"the listing met a defect: {problem!r}", BUG_HINT)
        finally:
            self._tasks.pop(listing.id, None)
            ending = asyncio.create_task(self._end(listing, str(error) if error else ""))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            await asyncio.shield(ending)

    async def _end(self, listing: Listing, problem: str) -> None:
        await self._ledger.catalog.finish(listing.id, problem)
        self._tidy()

    def _tidy(self, making: Scope | None = None) -> None:
        task = asyncio.create_task(self._clear(making), name="upkeep")
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    async def _clear(self, making: Scope | None) -> None:
        try:
            await self._ledger.catalog.tidy(self._bounds, making)
            await self._ledger.pruner.finish()
        except LedgerError as problem:
            # Nothing that anybody asked for failed; what cannot be written is told by the next who writes.
            log.warning("old listings could not be cleared away: %s", problem)

    async def ended(self) -> None:
        """Until the ends of listings are written down; the ledger must not be closed before."""
        while self._endings:
            await asyncio.gather(*self._endings)
        if self._tidying:
            _, left = await asyncio.wait(self._tidying, timeout=LEAVE_S)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def problem(self, listing_id: int) -> RestoreTuiError | None:
        """Why the listing ended early; None while it runs and when it is whole."""
        return self._problems.get(listing_id)

    async def stop(self, listing_id: int) -> None:
        """Stop listing; what was listed stays."""
        task = self._tasks.get(listing_id)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def whole(self, listing: Listing) -> Listing:
        """The listing once it is whole; raises what ended it early."""
        task = self._tasks.get(listing.id)
        if task is not None:
            await asyncio.shield(task)
        problem = self._problems.get(listing.id)
        if problem is not None:
            raise problem
        return await self._ledger.catalog.get(listing.id)
