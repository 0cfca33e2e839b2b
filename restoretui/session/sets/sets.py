"""The repository of named sets, for commands and screens; each set is marks that were kept (``ledger.mark_sets``)."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final

from restoretui.core.clock import Clock
from restoretui.core.errors import UsageError
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef
from restoretui.core.rows import Rows
from restoretui.engine.traffic.speaker import Works
from restoretui.ledger import Ledger
from restoretui.ledger.records import Listing, Observation, Origin, Scope
from restoretui.ledger.selections.mark_sets import MarkSet
from restoretui.ledger.selections.set_contents import START, Differing, Place, SetPart, Side
from restoretui.session.clouds import Clouds
from restoretui.session.inventory.written import Put, write_listing

KIND: Final = "set"
PAGE = 4096
REFS = 100_000
"""Objects of a set that are held in memory at a time by their names."""


class Sets:
    """Part of a session, as ``session.sets``."""

    def __init__(self, ledger: Ledger, clock: Clock, clouds: Clouds, works: Works) -> None:
        self._ledger = ledger
        self._clock = clock
        self._clouds = clouds
        self._works = works

    def saved(self) -> list[MarkSet]:
        """All that have a name, by it; quick enough for a repaint."""
        return self._ledger.mark_sets.saved()

    def named(self, name: str) -> MarkSet:
        """The set of that name, with or without its ``@``; ``UsageError`` if there is none."""
        return self._ledger.mark_sets.named(name)

    async def parts(self, one: MarkSet) -> list[SetPart]:
        """What of it lies where."""
        return await self._ledger.mark_sets.inside.parts(one.sel)

    async def reached(self, one: MarkSet) -> list[SetPart]:
        """The same; ``UsageError`` where some of it lies in a store that these settings do not reach.

        Buckets of two stores may have one name: nothing is asked of another than the one that it was saved from.
        """
        parts = await self.parts(one)
        for part in parts:
            here = self._clouds[part.cloud.scheme].ledger_cloud
            if here != part.cloud:
                whose = part.cloud.endpoint.partition("#")[0] or f"the vendor's own {part.cloud.scheme}://"
                raise UsageError(
                    f"@{one.name} has objects of {part.bucket} at {whose}, which these settings do not reach",
                    "say --endpoint-url (and --profile) as when it was saved",
                )
            self._clouds.reach_as_placed(part.cloud.scheme, part.bucket)
        return parts

    async def refs(self, one: MarkSet, part: SetPart) -> AsyncIterator[Sequence[ObjectRef]]:
        """The objects of one part in key order, some at a time."""
        after: Place = START
        while refs := await self._ledger.mark_sets.inside.refs(one.sel, part, after, REFS):
            yield refs
            after = refs[-1].key, refs[-1].version_id or ""

    async def page(self, one: MarkSet, part: SetPart, after: Place, limit: int) -> Rows:
        """Some of a part, as a listing would show it."""
        return await self._ledger.mark_sets.inside.page(one.sel, part, after, limit)

    async def differing(
        self, sides: tuple[MarkSet, MarkSet], part: SetPart, kind: Side
    ) -> AsyncIterator[Sequence[Differing]]:
        """In what two sets differ in one bucket, in key order, some at a time."""
        after: Place = START
        one, two = sides
        contents = self._ledger.mark_sets.inside
        while rows := await contents.differing(one.sel, two.sel, part, kind, after, PAGE):
            yield rows
            after = rows[-1].ref.key, rows[-1].ref.version_id or ""

    async def classes(self, one: MarkSet, part: SetPart) -> list[tuple[str, int, int]]:
        """Storage classes of one part, with objects and bytes."""
        return await self._ledger.mark_sets.inside.classes(one.sel, part)

    async def listings(self, name: str) -> list[Listing]:
        """The set as listings, one for the current objects and one for the versions of each bucket.

        They say what was known when each object was last seen. No request is sent.
        """
        one = self.named(name)
        revision = await self._ledger.selections.revision(one.sel)
        with self._works.telling(lambda: f"reading the set @{one.name}"):
            return [await self._listing(one, part, revision) for part in await self.reached(one)]

    async def listing_in(self, name: str, bucket: str = "") -> tuple[Location, list[Listing]]:
        """What of a set lies in one bucket, which must be named where there are several."""
        listings = await self.listings(name)
        places = dict.fromkeys((one.scope.cloud.scheme, one.scope.bucket) for one in listings)
        chosen = [place for place in places if bucket in ("", place[1])]
        if len(chosen) != 1:
            there = ", ".join(f"@{self.named(name).name}/{known}" for _, known in places)
            what = f"has objects in {len(places)} buckets" if not bucket else f"has nothing in {bucket[:80]!r}"
            raise UsageError(f"@{self.named(name).name} {what}", f"go to {there}" if there else "it is empty")
        of = [one for one in listings if (one.scope.cloud.scheme, one.scope.bucket) == chosen[0]]
        return Location(*chosen[0]), of

    async def _listing(self, one: MarkSet, part: SetPart, revision: int) -> Listing:
        scope = Scope(part.cloud, part.bucket, recursive=True, versions=part.versions)
        as_of = datetime.fromtimestamp(part.as_of, UTC) if part.as_of else one.at
        origin = Origin(KIND, f"@{one.name}#{one.sel}.{revision}", as_of, one.name)
        for known in self._ledger.catalog.of_origin(part.cloud, part.bucket, KIND):
            if known.scope == scope and known.origin is not None and known.origin.source == origin.source:
                return known
        contents = self._ledger.mark_sets.inside

        async def pages(put: Put) -> None:
            after: Place = START
            while rows := await contents.page(one.sel, part, after, PAGE):
                await put(rows)
                last = rows[len(rows) - 1]
                after = last.key, last.version_id or ""

        return await write_listing(self._ledger, scope, origin, pages)

    # --- changes, of what this machine remembers alone

    async def keep(self, name: str, sel: int, *, replace: bool) -> MarkSet:
        """Give a selection a name: it is a set from now on, and nobody's work any more."""
        return await self._ledger.mark_sets.keep_as(name, sel, replace=replace)

    async def hold(self, sel: int) -> None:
        """Keep a selection as it is, whatever is listed from now on; to be dropped by who made it."""
        await self._ledger.mark_sets.hold(sel)

    async def add_told(self, sel: int, scheme: str, bucket: str, told: Sequence[Observation]) -> None:
        """Put objects into a selection that a file tells of, and nobody has looked at."""
        cloud = self._clouds[scheme].ledger_cloud
        await self._ledger.selections.add_told(sel, cloud, bucket, told)

    async def drop(self, one: MarkSet) -> None:
        """Forget it; its objects are as they were."""
        await self._ledger.mark_sets.drop(one.sel)
