"""Choosing objects: below a location, by their keys, from a run; and the looks that judging them takes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError, ObjectNotFound
from restoretui.core.location import Location
from restoretui.core.model import ObjectDetail, ObjectRef, State
from restoretui.core.provider import Provider
from restoretui.engine.gate import NO_ANSWER
from restoretui.engine.reads import Reader, all_of
from restoretui.engine.speaker import Tally, Works
from restoretui.engine.sweep import looked_at
from restoretui.ledger import Ledger
from restoretui.ledger.records import Cloud, JobRow, Observation, Query, SelectionSummary
from restoretui.listings import Listings

LOOKS_AT_ONCE = 64
LOOKS_BATCH = 512


class Choosing:
    """Fills selections; what HEAD tells on the way is kept in the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        clouds: Mapping[str, Cloud],
        provider: Callable[[str], Awaitable[Provider]],
        readers: Mapping[str, Reader],
        listings: Listings,
        works: Works,
    ) -> None:
        self._works = works
        self._ledger = ledger
        self._clock = clock
        self._clouds = clouds
        self._provider = provider
        self._readers = readers
        self._listings = listings

    async def inspect(self, ref: ObjectRef, scheme: str = "s3") -> ObjectDetail:
        """All that HEAD tells of one object; what it tells is kept."""
        provider, cloud = await self._provider(scheme), self._clouds[scheme]
        try:
            detail = await self._readers[scheme](lambda: provider.head_object(ref))
        except ObjectNotFound:
            await self._ledger.catalog.observe(cloud, ref.bucket, [self._gone(ref)])
            raise
        seen = looked_at(detail, ref.version_id, self._clock.now().timestamp())
        await self._ledger.catalog.observe(cloud, ref.bucket, [seen])
        return detail

    def _gone(self, ref: ObjectRef) -> Observation:
        return Observation(
            ref.key, ref.version_id, "", 0, None, None, True, None, None, self._clock.now().timestamp(), gone=True
        )

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
        if location.key is not None:
            return await self.keys(sel, [ObjectRef(location.bucket, location.key)], scheme=location.scheme)
        listing = await self._listings.at(location, recursive=True, versions=versions, refresh=refresh)
        listing = await self._listings.whole(listing)
        if query is None or query == Query():
            return await self._ledger.selections.add_under(sel, listing.id)
        view = await self._ledger.catalog.browse(listing.id, query)
        try:
            await view.wait()
            return await self._ledger.selections.add_view(sel, view)
        finally:
            await view.aclose()

    async def keys(
        self,
        sel: int,
        refs: Iterable[ObjectRef],
        missing: Callable[[ObjectRef, CloudError], None] | None = None,
        scheme: str = "s3",
    ) -> SelectionSummary:
        """Mark these very objects, each looked at by HEAD. One that cannot be seen goes to ``missing``, or raises.

        Where no answer can be had at all, that raises in any case: it says nothing about the object.
        """
        todo = list(refs)
        tally = Tally()
        with self._works.telling(lambda: tally.text(f"of {len(todo):,} objects looked at so far")):
            for at in range(0, len(todo), LOOKS_BATCH):
                batch = todo[at : at + LOOKS_BATCH]
                for ref, found in await self._heads(batch, scheme, tally):
                    if isinstance(found, Observation):
                        await self._ledger.selections.add_observed(sel, self._clouds[scheme], ref.bucket, [found])
                    elif missing is None:
                        raise found
                    else:
                        missing(ref, found)
        return await self._ledger.selections.summary(sel)

    async def jobs(self, sel: int, rows: Iterable[JobRow], scheme: str = "s3") -> SelectionSummary:
        """Mark the objects of these jobs, with what their jobs know of them."""
        by_bucket: dict[str, list[Observation]] = {}
        for row in rows:
            tiered = row.storage_class == self._clouds[scheme].rules.tiered_class
            status = {State.RESTORING: True, State.REQUESTED: True, State.AVAILABLE: False}.get(row.state)
            seen = Observation(
                row.ref.key, row.ref.version_id, row.storage_class, row.size, None,
                row.archive if tiered and row.state is not State.AVAILABLE else None, tiered,
                status, row.expiry, row.changed_at,
            )  # fmt: skip
            by_bucket.setdefault(row.ref.bucket, []).append(seen)
        for bucket, looks in by_bucket.items():
            await self._ledger.selections.add_observed(sel, self._clouds[scheme], bucket, looks)
        return await self._ledger.selections.summary(sel)

    async def look(self, sel: int, progress: Callable[[int], None] | None = None) -> int:
        """HEAD every marked object that only a HEAD can judge; returns how many could not be looked at."""
        looked: set[ObjectRef] = set()
        tally = Tally()
        with self._works.telling(lambda: tally.text("Intelligent-Tiering objects looked at so far")):
            return await self._look(sel, looked, tally, progress)

    async def _look(
        self, sel: int, looked: set[ObjectRef], tally: Tally, progress: Callable[[int], None] | None
    ) -> int:
        unseen = 0
        while todo := [
            ref for cloud, ref in await self._ledger.selections.unlooked(sel, LOOKS_BATCH + len(looked))
            if cloud == self._clouds["s3"] and ref not in looked
        ]:  # fmt: skip
            batch = todo[:LOOKS_BATCH]
            looked.update(batch)
            found: dict[str, list[Observation]] = {}
            for ref, seen in await self._heads(batch, "s3", tally):
                if isinstance(seen, Observation):
                    found.setdefault(ref.bucket, []).append(seen)
                elif isinstance(seen, ObjectNotFound):
                    found.setdefault(ref.bucket, []).append(self._gone(ref))
                else:
                    unseen += 1
            for bucket, looks in found.items():
                await self._ledger.catalog.observe(self._clouds["s3"], bucket, looks)
            if progress is not None:
                progress(len(looked))
        return unseen

    async def _heads(
        self, refs: Sequence[ObjectRef], scheme: str, tally: Tally
    ) -> list[tuple[ObjectRef, Observation | CloudError]]:
        provider = await self._provider(scheme)
        room = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def head(ref: ObjectRef) -> tuple[ObjectRef, Observation | CloudError]:
            async with room:
                try:
                    detail = await self._readers[scheme](lambda: provider.head_object(ref))
                except NO_ANSWER:
                    raise
                except CloudError as error:
                    return ref, error
                finally:
                    tally.number += 1
            return ref, looked_at(detail, ref.version_id, self._clock.now().timestamp())

        return await all_of([head(ref) for ref in refs])
