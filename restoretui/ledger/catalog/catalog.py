"""The catalog, a cache of what listings and looks showed: losing it costs another look."""

import asyncio
import weakref
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from restoretui.core.clock import Clock
from restoretui.core.inventory.columns import FREQUENT_FOR_S
from restoretui.core.model import ObjectRef, Page
from restoretui.ledger.catalog.bare_listings import is_bare
from restoretui.ledger.catalog.browse_view import BrowseContext, BrowseView
from restoretui.ledger.catalog.flat_pages import FlatPages
from restoretui.ledger.catalog.mark_refresh import refresh_marks
from restoretui.ledger.catalog.observations import listings_tell, place_id, record_looks, void_looks_ahead
from restoretui.ledger.catalog.page_queue import PageQueue
from restoretui.ledger.catalog.retention import Freed, Retention
from restoretui.ledger.catalog.segments import Segments
from restoretui.ledger.marks.marking import follow_listing
from restoretui.ledger.marks.span_changes import all_in_rows
from restoretui.ledger.records import EVERYTHING, CatalogBounds, CloudId, Listing, Observation, Origin, Query, Scope
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.decoding import Shape, decodes
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.schema import listing_tables
from restoretui.ledger.store.sqlite_errors import listing_replaced
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.totals.counting import begin_anew

_LISTING = (
    "SELECT g.id, p.scheme, p.endpoint, p.bucket, g.prefix, g.recursive, g.versions, g.single, g.objects, g.prefixes,"
    " g.size_bytes, g.started_at, g.ended_at, g.resume_token, g.error, g.origin, g.source, g.as_of, g.only,"
    " g.place_id"
    " FROM listing g JOIN place p ON p.id = g.place_id"
)

DEFAULT_BOUNDS = CatalogBounds()
_RECENT = 8
"""Listings of this process that nobody may remove though no view shows them: one is about to be opened."""


class Catalog:
    """The repository of listings and observations, and of views over them; its methods run on the event loop."""

    def __init__(
        self,
        writer: Writer,
        quick: QuickReads,
        clock: Clock,
        views: BrowseContext,
        pages: PageQueue,
        upkeep: Retention,
    ) -> None:
        self._writer = writer
        self._quick = quick
        self._clock = clock
        self._views = views
        self._pages = pages
        self._live: set[int] = set()
        self._upkeep = upkeep
        self._tidying = asyncio.Lock()
        self._is_leaving = False
        self._held: set[int] = set()
        """Listings that the catalog knows to be used by this process."""
        self._recent: deque[int] = deque(maxlen=_RECENT)
        self._in_view: weakref.WeakSet[BrowseView] = weakref.WeakSet()

    async def begin(self, scope: Scope, origin: Origin | None = None) -> Listing:
        """Start a new listing of ``scope``; what earlier ones showed stays until it is pruned.

        What an inventory tells is as old as that, and counts as older than whatever was looked at since.
        """
        now = self._clock.now().timestamp()
        of_old = origin is not None and origin.is_silent
        began = origin.as_of.timestamp() if origin is not None and of_old else now
        told = ("", "", None, "") if origin is None else (
            origin.kind, origin.source, origin.as_of.timestamp(), origin.only
        )  # fmt: skip

        def insert(tx: Tx) -> int:
            place = place_id(tx, scope.cloud, scope.bucket)
            void_looks_ahead(tx, place, now)
            listing_id = tx.insert(
                "INSERT INTO listing (place_id, prefix, recursive, versions, single, started_at, counted,"
                " origin, source, as_of, only, made_at) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
                (place, scope.prefix, scope.recursive, scope.versions, scope.single, began, *told, now),
            )
            if of_old:
                tx.run("UPDATE place SET imported = 1 WHERE id = ?", (place,))
            for statement in listing_tables(listing_id):
                tx.run(statement)
            self._upkeep.hold(tx, listing_id)
            tx.touch(change_feed.CATALOG, change_feed.listing_topic(listing_id))
            return listing_id

        listing_id = await self._writer.do(insert)
        self._held.add(listing_id)
        self._live.add(listing_id)
        return self.peek(listing_id)

    def append(self, listing_id: int, page: Page, resume_token: str | None = None, *, segment: int = 0) -> None:
        """Add a page behind those of its ``segment``; it is on disk within a moment, with where to go on.

        Rows of one segment come in key order, and segments (numbered from 0 in every attempt at a listing) do not
        overlap. ``resume_token`` stands in for the page's own token where there is more than one sequence. Raises
        ``LedgerError`` once an earlier page could not be written.
        """
        seen_at = self._clock.now().timestamp()
        token = page.next_token if resume_token is None else resume_token
        self._pages.put(listing_id, page, segment, token, seen_at)

    async def room(self) -> None:
        """Backpressure: return at once while few pages wait for the writer, and otherwise when it has caught up."""
        await self._pages.room()

    async def finish(self, listing_id: int, error: str = "") -> Listing:
        """The listing has reached its end, or stopped early with ``error``.

        Raises ``LedgerError`` if a page could not be written; the listing then counts as interrupted.
        """
        await self._pages.written()
        lost = self._pages.failure(listing_id)
        now = self._clock.now().timestamp()

        def end(tx: Tx) -> None:
            tx.run(
                "UPDATE listing SET ended_at ="
                " CASE WHEN origin IN ('inventory', 'set') THEN started_at ELSE :now END, error = :error,"
                " resume_token = CASE WHEN :error = '' THEN NULL ELSE resume_token END WHERE id = :id",
                {"now": now, "error": error or str(lost or ""), "id": listing_id},
            )
            if not self._is_leaving:
                follow_listing(tx, listing_id)
            tx.touch(change_feed.CATALOG, change_feed.listing_topic(listing_id))

        self._live.discard(listing_id)
        self._used(listing_id)
        await self._writer.do(end)
        await refresh_marks(self._writer, listing_id, lambda: not self._is_leaving)
        if lost is not None:
            raise lost
        return self.peek(listing_id)

    def leave(self) -> None:
        """The session ends: marks stay as they were last seen, until a listing is whole again."""
        self._is_leaving = True

    async def resume(self, listing_id: int) -> Listing:
        """Open an interrupted listing again, to go on at its ``resume_token``."""

        def reopen(tx: Tx) -> None:
            if not self._upkeep.hold(tx, listing_id):
                raise listing_replaced()
            tx.run(
                "UPDATE listing SET ended_at = NULL, error = '', first_segment ="
                " (SELECT coalesce(max(number) + 1, 0) FROM segment WHERE listing_id = listing.id) WHERE id = ?",
                (listing_id,),
            )
            tx.touch(change_feed.CATALOG, change_feed.listing_topic(listing_id))

        self.peek(listing_id)
        self._pages.forgive(listing_id)
        await self._writer.do(reopen)
        self._held.add(listing_id)
        self._live.add(listing_id)
        return self.peek(listing_id)

    async def restart(self, listing_id: int) -> None:
        """Forget the pages of a listing that is under way: it begins anew."""
        await self._pages.written()

        def empty(tx: Tx) -> None:
            all_in_rows(tx, "listing_id = :listing", {"listing": listing_id})
            tx.run(f"DELETE FROM l{listing_id}")
            tx.run(f"DELETE FROM p{listing_id}")
            if tx.row("SELECT 1 FROM listing WHERE id = ? AND counted", (listing_id,)):
                begin_anew(tx, listing_id)
            tx.run("DELETE FROM segment WHERE listing_id = ?", (listing_id,))
            tx.run(
                "UPDATE listing SET objects = 0, prefixes = 0, size_bytes = 0, resume_token = NULL, first_segment = 0"
                " WHERE id = ?",
                (listing_id,),
            )
            tx.touch(change_feed.CATALOG, change_feed.listing_topic(listing_id))

        await self._writer.do(empty)

    async def latest(self, scope: Scope) -> Listing | None:
        """The newest complete listing of exactly this scope; failing that, the newest interrupted one."""
        row = self._quick.row(
            f"{_LISTING} WHERE p.scheme = ? AND p.endpoint = ? AND p.bucket = ? AND g.prefix = ? AND g.recursive = ?"
            " AND g.versions = ? AND g.single = ? AND g.origin = ''"
            " ORDER BY g.ended_at IS NOT NULL AND g.error = '' DESC, g.id DESC LIMIT 1",
            (*scope.cloud, scope.bucket, scope.prefix, scope.recursive, scope.versions, scope.single),
        )
        return None if row is None else _listing(row)

    def of_origin(self, cloud: CloudId, bucket: str, kind: str) -> list[Listing]:
        """Whole listings of such an origin in a bucket, the newest first."""
        rows = self._quick.rows(
            f"{_LISTING} WHERE p.scheme = ? AND p.endpoint = ? AND p.bucket = ? AND g.origin = ?"
            " AND g.ended_at IS NOT NULL AND g.error = '' ORDER BY g.as_of DESC, g.id DESC",
            (*cloud, bucket, kind),
        )
        return [_listing(row) for row in rows]

    def flat_pages(self, listing: Listing) -> FlatPages:
        """The pages of a whole flat listing, as a cloud would answer them."""
        return FlatPages(self._quick, listing.id, listing.scope.bucket, versions=listing.scope.versions)

    def inventory_pages(self, cloud: CloudId, bucket: str, *, versions: bool) -> FlatPages | None:
        """Those of the newest inventory of a whole bucket; None where there is none."""
        for listing in self.of_origin(cloud, bucket, "inventory"):
            scope = listing.scope
            if scope.recursive and scope.versions == versions and not scope.prefix:
                return self.flat_pages(listing)
        return None

    async def note_in_use(self, listing_id: int, positions: Sequence[int]) -> None:
        """These rows of an inventory, by their place in key order, were in no archive when it was made."""

        def note(tx: Tx) -> None:
            tx.run(f"CREATE TABLE IF NOT EXISTS catalog.h{listing_id} (id INTEGER PRIMARY KEY)")
            tx.values(f"INSERT OR IGNORE INTO h{listing_id} (id)", [(at + 1,) for at in positions])

        await self._writer.do(note)

    def in_use(self, cloud: CloudId, refs: Sequence[ObjectRef]) -> list[Observation]:
        """Of these objects of one bucket, those that its newest inventory tells to be in no archive until now."""
        inventory = next(iter(self.of_origin(cloud, refs[0].bucket, "inventory")), None) if refs else None
        now = self._clock.now().timestamp()
        if inventory is None or inventory.started_at.timestamp() + FREQUENT_FOR_S < now:
            return []
        if self._quick.row("SELECT 1 FROM catalog.sqlite_master WHERE name = ?", (f"h{inventory.id}",)) is None:
            return []
        flat, found = self.flat_pages(inventory), list[Observation]()
        for ref in refs:
            for row_id, version, size, modified, storage_class, etag in flat.rows_of(ref.key):
                noted = self._quick.row(f"SELECT 1 FROM h{inventory.id} WHERE id = ?", (row_id,))
                if noted is not None and version == ref.version_id and storage_class == cloud.rules.tiered_class:
                    seen = inventory.started_at.timestamp()
                    found.append(
                        Observation(
                            ref.key, ref.version_id, storage_class, size, modified, None, True, None, None, seen,
                            etag=etag,
                        )
                    )  # fmt: skip
        return found

    async def get(self, listing_id: int) -> Listing:
        """The listing as it is now; ``LedgerError`` if it was pruned."""
        return self.peek(listing_id)

    def peek(self, listing_id: int) -> Listing:
        """The same, for a repaint."""
        return _listing(self._row(listing_id))

    async def tidy(self, bounds: CatalogBounds = DEFAULT_BOUNDS, making: Scope | None = None) -> Freed:
        """Forget listings beyond ``bounds`` that no living process shows or makes; what was freed.

        Of a scope with a complete listing, older interrupted ones go first. With a listing of ``making`` under way,
        the oldest of that scope makes room for it.
        """
        async with self._tidying:
            shown = [view for view in self._in_view if not view.is_closed]
            in_use = self._live | {view.listing.id for view in shown}
            in_use |= {view.sums.listing.id for view in shown if view.sums.listing is not None}
            in_use |= set(self._recent)
            release = self._held - in_use
            # Before the wait: who opens one of them meanwhile must take hold of it anew.
            self._held -= release
            return await self._upkeep.tidy(bounds, release, in_use, making)

    async def _hold(self, listing_id: int) -> None:
        if listing_id not in self._held:
            if not await self._writer.do(lambda tx: self._upkeep.hold(tx, listing_id)):
                raise listing_replaced()
            self._held.add(listing_id)

    def _used(self, listing_id: int) -> None:
        if listing_id in self._recent:
            self._recent.remove(listing_id)
        self._recent.append(listing_id)

    async def is_bare(self, cloud: CloudId, bucket: str) -> bool:
        """A listing of the bucket that is made now is all that is known: no job of ours, no look shows in it."""
        now = self._clock.now().timestamp()
        return await self._views.reader.run(lambda connection: is_bare(connection, cloud, bucket, now))

    async def listings_tell(self, cloud: CloudId, bucket: str) -> None:
        """Listings there are known to tell of restores."""
        await self._writer.do(lambda tx: listings_tell(tx, place_id(tx, cloud, bucket)))

    async def observe(self, cloud: CloudId, bucket: str, looks: Sequence[Observation]) -> None:
        """Record looks at single objects. The newest wins over every listing and selection that shows the object."""
        if looks:
            now = self._clock.now().timestamp()
            await self._writer.do(lambda tx: record_looks(tx, cloud, bucket, looks, now))

    async def browse(self, listing_id: int, query: Query = EVERYTHING) -> BrowseView:
        """A view of the listing. Large filtered or sorted ones come with their first rows and complete themselves."""
        await self._hold(listing_id)
        self._used(listing_id)
        row = self._row(listing_id)
        view = BrowseView(self._views, _listing(row), row[-1], query)
        if view.sums.listing is not None:
            await self._hold(view.sums.listing.id)
        self._in_view.add(view)
        await view.prepare()
        return view

    def find(
        self, listing_id: int, key: str, version_id: str | None = None, *, is_prefix: bool = False
    ) -> int | None:
        """The row id of an object or common prefix in a listing, by a search in key order; None if there is none."""
        if is_prefix:
            return self._find_prefix(listing_id, key)
        segments = Segments(self._quick, listing_id, lambda: self.peek(listing_id).objects)
        return segments.find(key, version_id)

    def _find_prefix(self, listing_id: int, prefix: str) -> int | None:
        def prefix_at(row_id: int) -> str:
            row = self._quick.row(f"SELECT prefix FROM p{listing_id} WHERE id = ?", (row_id,))
            return "" if row is None else str(row[0])

        ids = range(1, self.peek(listing_id).prefixes + 1)
        found = bisect_left(ids, prefix, key=prefix_at)
        return -ids[found] if found < len(ids) and prefix_at(ids[found]) == prefix else None

    def _row(self, listing_id: int) -> tuple[Any, ...]:
        row = self._quick.row(f"{_LISTING} WHERE g.id = ?", (listing_id,))
        if row is None:
            raise listing_replaced()
        return row


# id scheme endpoint bucket prefix recursive versions single objects prefixes size started ended token error
# origin source as_of only place
_SHAPE = Shape("a listing", "ittttiiiiiisSTtttSti")


@decodes("a listing")
def _listing(row: tuple[Any, ...]) -> Listing:
    _SHAPE.check([row])
    scope = Scope(CloudId(row[1], row[2]), row[3], row[4], bool(row[5]), bool(row[6]), bool(row[7]))
    ended_at = None if row[12] is None else datetime.fromtimestamp(row[12], UTC)
    started_at = datetime.fromtimestamp(row[11], UTC)
    origin = None
    if row[15]:
        origin = Origin(row[15], row[16], datetime.fromtimestamp(row[17] or 0.0, UTC), row[18])
    return Listing(row[0], scope, row[8], row[9], row[10], started_at, ended_at, row[13], row[14], origin)
