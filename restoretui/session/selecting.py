"""Selections of objects: below a location, by their keys, from a run; and the looks that judging them takes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from math import ceil

from msgspec.structs import replace

from restoretui.core.clock import Clock
from restoretui.core.errors import AccessDenied, CloudError, InvalidRequest, ObjectNotFound
from restoretui.core.filter.edits import without
from restoretui.core.filter.tree import is_about_keys
from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME, UNTOLD_CLASS, ObjectDetail, ObjectFacts, ObjectRef
from restoretui.core.provider import Provider
from restoretui.core.rows import Refs
from restoretui.engine.listing.lister import Lister, Source
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.retrying_reads import all_of
from restoretui.engine.traffic.speaker import Progress, Works
from restoretui.engine.watching.looks import DENSE, VersionsSeen, look_at_each
from restoretui.engine.watching.observations import found_gone, known_by_job, looked_at
from restoretui.engine.watching.silent_classes import settle
from restoretui.ledger import Ledger
from restoretui.ledger.marks.doubts import Doubt
from restoretui.ledger.records import CloudId, JobRow, Listing, Observation, Query, Scope, SelectionSummary
from restoretui.session.clouds import CloudAccess, Clouds
from restoretui.session.inventory.looks_made import LooksMade, not_in_use
from restoretui.session.listings import Listings

LOOKS_BATCH, PAGED_BATCH = 512, 8192
A_PAGE, PAGES_AT_ONCE, PAGES_A_BATCH = 1000, 4, 4
"""Named keys that a page shows at most; batches of them that are looked for side by side, each page of one behind the
one before; and so many keys at most a batch has, in pages: it is one change of the ledger."""
PROBED = 256
"""Restores of others that are looked at for their tier and days, of each endpoint."""
Missing = Callable[[ObjectRef, CloudError], None]
"""Told of an object that cannot be seen, and why."""


class Selecting:
    """Fills selections; what HEAD tells on the way is kept in the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock, clouds: Clouds, listings: Listings, works: Works) -> None:
        self._works = works
        self._ledger = ledger
        self._clock = clock
        self._clouds = clouds
        self._listings = listings
        self.looks = LooksMade()
        """Of the last ``look``."""

    async def inspect(self, ref: ObjectRef, scheme: str = DEFAULT_SCHEME) -> ObjectDetail:
        """All that HEAD tells of one object; what it tells is kept."""
        cloud = self._clouds[scheme]
        provider = await cloud.provider()
        try:
            detail = await cloud.of(ref.bucket).read(lambda: provider.head_object(ref))
        except ObjectNotFound:
            gone = found_gone(ref, self._clock.now().timestamp())
            await self._ledger.catalog.observe(cloud.ledger_cloud, ref.bucket, [gone])
            raise
        seen = looked_at(detail, ref.version_id, self._clock.now().timestamp())
        await self._ledger.catalog.observe(cloud.ledger_cloud, ref.bucket, [seen])
        return detail

    async def under(
        self,
        sel: int,
        location: Location,
        *,
        versions: bool = False,
        query: Query | None = None,
        refresh: bool = False,
    ) -> SelectionSummary:
        """Mark everything at ``location`` (that matches ``query``), listing it first; a key is looked at by HEAD."""
        if location.key is not None and not versions and query is None:
            ref = ObjectRef(location.bucket, location.key, location.version_id)
            return await self.keys(sel, [ref], scheme=location.scheme)
        listing = await self._listings.at(location, recursive=True, versions=versions, refresh=refresh)
        return await self.listed(sel, await self._listings.whole(listing), query)

    async def listed(self, sel: int, listing: Listing, query: Query | None = None) -> SelectionSummary:
        """Mark everything in a whole listing (that matches ``query``)."""
        query = query or Query()
        if unsure := await self._ledger.selections.unsure_of(listing, query):
            return await self._listed_once_seen(sel, listing, query, unsure)
        return await self._matching(sel, listing, query)

    async def _matching(self, sel: int, listing: Listing, query: Query) -> SelectionSummary:
        if query == Query():
            return await self._ledger.selections.add_under(sel, listing.id)
        tally = Progress()
        async with aclosing(await self._ledger.catalog.browse(listing.id, query)) as view:
            with self._works.telling(lambda: tally.text(f"of {view.objects:,} objects marked so far")):
                return await self._ledger.selections.add_view(sel, view, tally.reach)

    async def _listed_once_seen(
        self, sel: int, listing: Listing, query: Query, unsure: Collection[str]
    ) -> SelectionSummary:
        """By what HEADs tell; what may not be looked at is marked as it is, for a plan to doubt it."""
        selections = self._ledger.selections
        own, unseen = await selections.create(), list[ObjectRef]()
        try:
            await self._matching(own, listing, replace(query, where=without(query.where, unsure)))
            await self.look(own, missing=lambda _scheme, ref, _error: unseen.append(ref))
            await selections.keep(own, query, listing.scope.prefix)
            await self.unseen(own, unseen, listing.scope.cloud.scheme)
            return await selections.add_selection(sel, own)
        finally:
            await selections.drop(own)

    async def named(
        self,
        sel: int,
        refs: Iterable[ObjectRef],
        query: Query,
        missing: Missing,
        scheme: str = DEFAULT_SCHEME,
        *,
        prefix: str = "",
        versions: bool = False,
    ) -> int:
        """Mark those of these objects that ``query`` lets through; how many it left out.

        What its words leave out is not even looked at; what cannot be seen goes to ``missing``. With ``versions``,
        every version of each key.
        """
        chosen, left_out = Refs.of(refs).once(), 0
        if query.where is not None:
            matching = set(await self._ledger.selections.matching(chosen.keys, query, prefix))
            todo, chosen = chosen, chosen.those([key in matching for key in chosen.keys])
            left_out = len(todo) - len(chosen)
        if is_about_keys(query.where):
            await self._mark(sel, chosen, missing, scheme, versions=versions)
            return left_out
        selections = self._ledger.selections
        own = await selections.create()
        try:
            await self._mark(own, chosen, missing, scheme, versions=versions)
            left_out += await selections.keep(own, query, prefix)
            await selections.add_selection(sel, own)
        finally:
            await selections.drop(own)
        return left_out

    async def unseen(self, sel: int, refs: Iterable[ObjectRef], scheme: str) -> None:
        """Mark objects of which nothing is known, since nobody may look at them."""
        now = self._clock.now().timestamp()
        by_bucket: dict[str, list[Observation]] = {}
        for ref in refs:
            seen = Observation(ref.key, ref.version_id, UNTOLD_CLASS, None, None, None, True, None, None, now)
            by_bucket.setdefault(ref.bucket, []).append(seen)
        for bucket, looks in by_bucket.items():
            await self._ledger.selections.add_observed(sel, self._clouds[scheme].ledger_cloud, bucket, looks)

    async def keys(
        self, sel: int, refs: Iterable[ObjectRef], missing: Missing | None = None, scheme: str = DEFAULT_SCHEME
    ) -> SelectionSummary:
        """Mark these very objects, looked at first. One that cannot be seen goes to ``missing``, or raises.

        Where no answer can be had at all, that raises in any case: it says nothing about the object.
        """

        def told(ref: ObjectRef, error: CloudError) -> None:
            if missing is None:
                raise error
            missing(ref, error)

        await self._mark(sel, Refs.of(refs), told, scheme)
        return await self._ledger.selections.summary(sel)

    async def _mark(self, sel: int, refs: Refs, missing: Missing, scheme: str, *, versions: bool = False) -> None:
        """Look at all, some at a time, and mark what is there: one change of the selection a bucket and batch."""
        tally = Progress()
        with self._works.telling(lambda: tally.text(f"of {len(refs):,} objects looked at so far")):
            todo = refs
            if not versions and len(refs) >= DENSE:
                todo = refs.among(await self._mark_listed(sel, refs, scheme, tally))
            for at in range(0, len(todo), LOOKS_BATCH):
                batch = todo[at : at + LOOKS_BATCH]
                found = await (
                    self._versions(batch, scheme, tally) if versions else self._heads(batch, scheme, tally)
                )
                by_bucket: dict[str, list[Observation]] = {}
                for ref, seen in found:
                    if isinstance(seen, Observation):
                        by_bucket.setdefault(ref.bucket, []).append(seen)
                    else:
                        missing(ref, seen)
                for bucket, looks in by_bucket.items():
                    await self._ledger.selections.add_observed(sel, self._clouds[scheme].ledger_cloud, bucket, looks)

    async def _mark_listed(self, sel: int, refs: Refs, scheme: str, tally: Progress) -> set[ObjectRef]:
        """Mark what pages of listings show of these objects; those that are left to HEADs."""
        from restoretui.engine.watching.key_pages import KeyPages  # few commands are given so many keys

        cloud = self._clouds[scheme]
        provider = await cloud.provider()
        left: set[ObjectRef] = set()
        for some in refs.parts():
            bucket = some.buckets[0]
            pages = KeyPages(provider, cloud.of(bucket).read, cloud.rules, self._clock, bucket)

            size = A_PAGE * min(PAGES_A_BATCH, ceil(len(some) / (A_PAGE * PAGES_AT_ONCE)))
            batches = (some[start : start + size] for start in range(0, len(some), size))

            async def mark(batches: Iterator[Refs] = batches, pages: KeyPages = pages, bucket: str = bucket) -> None:
                for batch in batches:
                    seen, rest = await pages.look(batch)
                    left.update(rest)
                    await self._ledger.selections.add_listed(sel, cloud.ledger_cloud, bucket, seen.rows, seen.seen_at)
                    tally.number += len(seen.rows)

            await all_of([mark() for _ in range(PAGES_AT_ONCE)])
            if cloud.rules.lists_status is None and (pages.tells or provider.capabilities.says_vendor):
                await self._ledger.catalog.listings_tell(cloud.ledger_cloud, bucket)
        return left

    async def jobs(self, sel: int, rows: Iterable[JobRow], scheme: str = DEFAULT_SCHEME) -> SelectionSummary:
        """Mark the objects of these jobs, with what their jobs know of them."""
        by_bucket: dict[str, list[Observation]] = {}
        for row in rows:
            by_bucket.setdefault(row.ref.bucket, []).append(known_by_job(row, self._clouds[scheme].rules))
        for bucket, looks in by_bucket.items():
            await self._ledger.selections.add_observed(sel, self._clouds[scheme].ledger_cloud, bucket, looks)
        return await self._ledger.selections.summary(sel)

    async def look(
        self,
        sel: int,
        progress: Callable[[int], None] | None = None,
        missing: Callable[[str, ObjectRef, CloudError], None] | None = None,
    ) -> int:
        """HEAD every marked object that only a HEAD can judge; returns how many could not be looked at.

        Those go to ``missing`` with their scheme, too; they stay marked. Where listings tell of no restores, or may
        not, that is each archived object: one that is restored may not be asked for again unseen, which would shorten
        its copy. Of restores that nobody here asked for the first ``PROBED`` are looked at, for their tier and days.
        """
        tally, self.looks = Progress(), LooksMade()
        with self._works.telling(lambda: tally.text("objects looked at so far")):
            for cloud in self._clouds:
                heads = partial(self._heads, scheme=cloud.scheme, tally=tally, lists=False)
                if await settle(self._ledger, sel, cloud.ledger_cloud, heads):
                    cloud.channel.listing_traits(await cloud.provider()).unnamed = cloud.rules.unnamed
            self.looks = self.looks.plus(0, tally.number)
            doubts = Doubt.CLASS, Doubt.TIER, Doubt.RESTORED
            unseen = sum([await self._look(sel, doubt, tally, progress, missing) for doubt in doubts])
            await self._look(sel, Doubt.FOREIGN, tally, progress, None)
            return unseen

    async def _look(
        self,
        sel: int,
        doubt: Doubt,
        tally: Progress,
        progress: Callable[[int], None] | None,
        missing: Callable[[str, ObjectRef, CloudError], None] | None,
    ) -> int:
        unseen = 0
        for cloud in self._clouds:
            after: ObjectRef | None = None
            size = {Doubt.FOREIGN: PROBED, Doubt.RESTORED: PAGED_BATCH}.get(doubt, LOOKS_BATCH)
            # Each batch begins behind the one before: what no HEAD could tell of is not met again.
            while batch := await self._ledger.selections.unlooked(sel, cloud.ledger_cloud, size, doubt, after):
                by_head = await self._narrowed(sel, cloud, batch, after, doubt)
                after, tally.number = batch[-1], tally.number + len(batch) - len(by_head)
                for ref, error in await self._look_at(cloud, by_head, doubt, tally):
                    unseen += 1
                    if missing is not None:
                        missing(cloud.scheme, ref, error)
                if progress is not None:
                    progress(tally.number)
                if doubt is Doubt.FOREIGN:
                    break
        return unseen

    async def _narrowed(
        self, sel: int, cloud: CloudAccess, refs: Sequence[ObjectRef], after: ObjectRef | None, doubt: Doubt
    ) -> Sequence[ObjectRef]:
        """Those that only HEADs tell of: others an inventory tells of well enough, or pages do for less."""
        if doubt is Doubt.TIER:
            return await not_in_use(self._ledger, sel, cloud.ledger_cloud, refs, after)
        if doubt is not Doubt.RESTORED:
            return refs
        from restoretui.session.inventory.looks import look_by_pages

        left, pages = await look_by_pages(self._ledger, cloud, refs, self._clock)
        self.looks = self.looks.plus(pages, 0)
        return left

    async def _look_at(
        self, cloud: CloudAccess, refs: Sequence[ObjectRef], doubt: Doubt, tally: Progress
    ) -> list[tuple[ObjectRef, CloudError]]:
        """HEAD these and keep what is told; those that could not be looked at, and why."""
        unseen: list[tuple[ObjectRef, CloudError]] = []
        found: dict[str, list[Observation]] = {}
        self.looks = self.looks.plus(0, len(refs))
        for ref, seen in await self._heads(refs, cloud.scheme, tally, lists=False):
            if isinstance(seen, Observation):
                if doubt is Doubt.RESTORED and seen.in_progress is None:
                    seen = await self._classed(cloud.ledger_cloud, ref, seen)
                found.setdefault(ref.bucket, []).append(seen)
            elif isinstance(seen, ObjectNotFound):
                found.setdefault(ref.bucket, []).append(found_gone(ref, self._clock.now().timestamp()))
            elif isinstance(seen, InvalidRequest) and doubt is Doubt.RESTORED:
                found.setdefault(ref.bucket, []).append(await self._unaskable(cloud.ledger_cloud, ref, seen))
            else:
                unseen.append((ref, seen))
        for bucket, looks in found.items():
            await self._ledger.catalog.observe(cloud.ledger_cloud, bucket, looks)
        return unseen

    async def _heads(
        self, refs: Sequence[ObjectRef], scheme: str, tally: Progress, *, lists: bool = True
    ) -> list[tuple[ObjectRef, Observation | CloudError]]:
        cloud = self._clouds[scheme]
        provider = await cloud.provider()

        async def head(ref: ObjectRef) -> list[Observation]:
            try:
                detail = await cloud.of(ref.bucket).read(lambda: provider.head_object(ref))
            except (AccessDenied, InvalidRequest) as refused:
                if not lists:
                    raise
                # Whoever may not look at a key may perhaps list it: that tells all but an archive tier.
                return [await self._listed(cloud, provider, ref, refused)]
            return [looked_at(detail, ref.version_id, self._clock.now().timestamp())]

        return await look_at_each(refs, head, tally)

    async def _classed(self, cloud: CloudId, ref: ObjectRef, seen: Observation) -> Observation:
        """What a HEAD told of an object that was listed as archived, with the class that a listing has now.

        A store may leave the class out of its HEADs, which to AWS means STANDARD: nothing would be restored, and that
        would pass for a success.
        """
        if cloud.rules.archive_of(ObjectFacts(seen.storage_class, looked=True)) is not None:
            return seen
        access = self._clouds[cloud.scheme]
        try:
            listed = await self._listed(access, await access.provider(), ref, InvalidRequest("it is not listed"))
        except (AccessDenied, InvalidRequest, ObjectNotFound):
            return seen
        return seen._replace(storage_class=listed.storage_class or seen.storage_class)

    async def _unaskable(self, cloud: CloudId, ref: ObjectRef, refused: CloudError) -> Observation:
        """An object that no HEAD of ours can tell of (encrypted by its owner's own key, say), as it is listed."""
        access = self._clouds[cloud.scheme]
        listed = await self._listed(access, await access.provider(), ref, refused)
        return listed._replace(looked=True, seen_at=self._clock.now().timestamp())

    async def _listed(
        self, cloud: CloudAccess, provider: Provider, ref: ObjectRef, refused: CloudError
    ) -> Observation:
        """One object as a listing of its key shows it.

        Raises ``refused``, of its HEAD, where that may not be listed either.
        """
        versions = ref.version_id is not None
        pages, source = VersionsSeen(self._clock), Source(provider, cloud.of(ref.bucket).read)
        scope = Scope(cloud.ledger_cloud, ref.bucket, ref.key, recursive=True, versions=versions, single=True)
        try:
            await Lister(source, scope, pages, 1, self._clock.monotonic).list_all()
        except NO_ANSWER:
            raise
        except CloudError:
            raise refused from None
        for seen in pages.found:
            if seen.version_id == ref.version_id or not versions:
                return seen._replace(version_id=ref.version_id)
        raise ObjectNotFound("the object does not exist", "list its prefix again; it may have been deleted") from None

    async def _versions(
        self, refs: Sequence[ObjectRef], scheme: str, tally: Progress
    ) -> list[tuple[ObjectRef, Observation | CloudError]]:
        """Every version of these keys, each as a listing of its own key shows it."""
        cloud = self._clouds[scheme]
        provider = await cloud.provider()

        async def of_key(ref: ObjectRef) -> list[Observation]:
            pages = VersionsSeen(self._clock)
            scope = Scope(cloud.ledger_cloud, ref.bucket, ref.key, recursive=True, versions=True, single=True)
            source = Source(provider, cloud.of(ref.bucket).read, cloud.channel.listing_traits(provider))
            await Lister(source, scope, pages, 1, self._clock.monotonic).list_all()
            if not pages.found:
                raise ObjectNotFound("the object has no version", "check the key", code="NoSuchKey")
            return pages.found

        return await look_at_each(refs, of_key, tally)
