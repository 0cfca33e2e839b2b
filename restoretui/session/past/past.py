"""A bucket as it was at an instant, as a listing: each key's version that was current then (FACTS 9)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from msgspec import Struct, field

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError, RestoreTuiError, Unsupported, UsageError
from restoretui.core.location import Location
from restoretui.core.model import MARKER_CLASS, Entry, ObjectRef, Page
from restoretui.core.past.history import Amiss, PastWish, is_marker, look_back
from restoretui.core.provider import Provider, TellsExpirations, TellsHistory
from restoretui.core.rows import Rows
from restoretui.engine.listing.lister import Left, Lister, Source
from restoretui.engine.traffic.speaker import Works
from restoretui.engine.undeleter import Covered
from restoretui.engine.watching.observations import found_gone
from restoretui.ledger import Ledger
from restoretui.ledger.records import Listing, Origin, Scope
from restoretui.session.clouds import CloudAccess, Clouds

STREAMS = 16
MOST_NAMED = 20
"""Keys of which it cannot be told what was there are named up to here, then counted."""


class PastListing(Struct):
    """A place as of an instant."""

    listing: Listing
    amiss: list[tuple[str, Amiss]] = field(default_factory=list)
    """The first keys that are left out because nobody can tell."""
    counts: Counter[Amiss] = field(default_factory=Counter)
    """How many there are."""
    deleted: int = 0
    """Keys whose newest entry then was a delete marker: rows of the listing, where those were asked for."""
    has_markers: bool = False
    """Those are rows."""
    covered: list[Covered] = field(default_factory=list)
    """Versions of it that lie right beneath a current delete marker."""
    removed_after: timedelta | None = None
    """A lifecycle rule removes versions so long after they were replaced, without a trace."""

    def no_trace_before(self, now: datetime) -> datetime | None:
        """What was replaced before then may be gone; None where no rule says so."""
        return None if self.removed_after is None else now - self.removed_after


class Past:
    """Part of a session, as ``session.past``."""

    def __init__(self, ledger: Ledger, clock: Clock, clouds: Clouds, works: Works) -> None:
        self._ledger = ledger
        self._clock = clock
        self._clouds = clouds
        self._works = works

    async def at(
        self,
        place: Location,
        moment: datetime | None = None,
        deleted_since: datetime | None = None,
        *,
        markers: bool = False,
    ) -> PastListing:
        """What was at ``place`` at ``moment``, or what was deleted since then; one of both must be said.

        ``markers``: of keys that were deleted then the marker is a row, known to be gone, for whoever only looks.
        ``UsageError`` for an instant that is not over yet, ``Unsupported`` where a cloud tells of no delete markers.
        """
        now = self._clock.now()
        for said in (moment, deleted_since):
            if said is not None and said > now:
                raise UsageError(f"{_shown(said)} is not over yet", "name an instant of the past")
        cloud = self._clouds[place.scheme]
        provider = await cloud.provider()
        if not provider.capabilities.history:
            raise Unsupported(f"what was at {place} before is not told by this cloud", "list its --versions")
        await cloud.region(place.bucket)
        scope = Scope(
            cloud.ledger_cloud, place.bucket, place.key if place.key is not None else place.prefix,
            recursive=True, versions=True, single=place.key is not None,
        )  # fmt: skip
        wish = PastWish(_second(moment), _second(deleted_since))
        origin = Origin("as-of", said_of(moment, deleted_since), moment or now)
        listing = await self._ledger.catalog.begin(scope, origin)
        sink = _PastSink(self._ledger, listing, wish, self._clock if markers else None)
        try:
            with self._works.telling(lambda: f"looking back over {place}: {sink.seen:,} versions so far"):
                await self._look_back(cloud, provider, scope, sink)
        except RestoreTuiError as error:
            await self._ledger.catalog.finish(listing.id, str(error))
            raise
        except BaseException:
            await self._ledger.catalog.finish(listing.id, "stopped")
            raise
        whole = await self._ledger.catalog.finish(listing.id)
        found = PastListing(whole, sink.amiss, sink.counts, sink.deleted, markers, sink.covered)
        found.removed_after = await _removed_after(cloud, provider, scope)
        return found

    async def _look_back(self, cloud: CloudAccess, provider: Provider, scope: Scope, sink: "_PastSink") -> None:
        traits = cloud.channel.listing_traits(provider)
        source = Source(cast("Provider", _History(provider)), cloud.of(scope.bucket).read, traits)
        await Lister(source, scope, sink, STREAMS, self._clock.monotonic).list_all()
        if not traits.ordered:
            raise Unsupported(
                "this store lists versions out of order, so that what was there cannot be told", "list its --versions"
            )
        await sink.end()


def said_of(moment: datetime | None, deleted_since: datetime | None) -> str:
    """What was asked for, in words."""
    words = [f"as of {_shown(moment)}"] if moment is not None else []
    words += [f"deleted since {_shown(deleted_since)}"] if deleted_since is not None else []
    return ", ".join(words)


def _second(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.astimezone(UTC).timestamp())


class _History:
    """A provider whose listings of versions have the delete markers, too."""

    def __init__(self, provider: Provider) -> None:
        self._provider = cast("TellsHistory", provider)
        self.capabilities = provider.capabilities

    async def list_page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None,
        max_keys: int = 1000, **_more: Any,
    ) -> Page:  # fmt: skip
        return await self._provider.history_page(
            bucket, prefix, start_after=start_after, token=token, max_keys=max_keys
        )


class _PastSink:
    """Takes versions and markers, key by key, and keeps of each what was there."""

    def __init__(self, ledger: Ledger, listing: Listing, wish: PastWish, seen_by: Clock | None) -> None:
        """``seen_by`` tells when a marker was seen, where those are rows, too."""
        self._seen_by = seen_by
        self._ledger = ledger
        self._listing = listing
        self._wish = wish
        self._open: dict[int, list[Entry]] = {}
        """By segment: the last key's, which may go on over the page's end."""
        self.seen = 0
        self.amiss: list[tuple[str, Amiss]] = []
        self.counts: Counter[Amiss] = Counter()
        self.deleted = 0
        self.covered: list[Covered] = []

    async def put(self, page: Page, segment: int, left: Left) -> None:
        del left
        kept: list[Entry] = []
        self.seen += len(page.entries)
        last = self._open.get(segment, [])
        for entry in page.entries:
            if last and last[0].key != entry.key:
                kept += self._settled(last)
                last = []
            last.append(entry)
        self._open[segment] = last
        await self._keep(segment, kept)

    async def end(self) -> None:
        """Nothing comes any more."""
        for segment, entries in self._open.items():
            await self._keep(segment, self._settled(entries) if entries else [])
        self._open.clear()

    async def restart(self) -> None:
        self._open.clear()
        self.seen = self.deleted = 0
        self.amiss, self.counts, self.covered = [], Counter(), []
        await self._ledger.catalog.restart(self._listing.id)

    async def _keep(self, segment: int, entries: Sequence[Entry]) -> None:
        if entries:
            self._ledger.catalog.append(self._listing.id, Page(Rows.of(entries), (), None), "", segment=segment)
            await self._ledger.catalog.room()
            scope, seen = self._listing.scope, self._seen_by.now().timestamp() if self._seen_by else 0.0
            gone = [
                found_gone(ObjectRef(scope.bucket, entry.key, entry.version_id), seen)._replace(
                    storage_class=MARKER_CLASS, modified=entry.modified
                )
                for entry in entries
                if is_marker(entry)
            ]
            await self._ledger.catalog.observe(scope.cloud, scope.bucket, gone)

    def _settled(self, entries: Sequence[Entry]) -> list[Entry]:
        found = look_back(entries, self._wish)
        if found.amiss is not None:
            self.counts[found.amiss] += 1
            if len(self.amiss) < MOST_NAMED:
                self.amiss.append((entries[0].key, found.amiss))
        self.deleted += found.deleted is not None
        if found.entry is None:
            return [found.deleted] if found.deleted is not None and self._seen_by is not None else []
        entry = found.entry
        if found.marker is not None:
            ref = ObjectRef(self._listing.scope.bucket, entry.key, entry.version_id)
            marker = found.marker.version_id or "null"
            self.covered.append(Covered(ref, marker, entry.storage_class, entry.size))
        return [entry]


async def _removed_after(cloud: CloudAccess, provider: Provider, scope: Scope) -> timedelta | None:
    """The shortest time after which a lifecycle rule removes old versions there; None where none is told."""
    if not provider.capabilities.expirations:
        return None
    telling = cast("TellsExpirations", provider)
    try:
        rules = await cloud.of(scope.bucket).read(lambda: telling.expirations(scope.bucket))
    except CloudError:
        return None  # Whoever may not read the rules learns nothing of them; the listing stands.
    days = [found for rule in rules if (found := _days_of(rule)) is not None]
    return timedelta(days=min(days)) if days else None


def _days_of(rule: Mapping[str, Any]) -> int | None:
    kept = rule.get("NoncurrentVersionExpiration")
    days = kept.get("NoncurrentDays") if isinstance(kept, Mapping) and rule.get("Status") == "Enabled" else None
    return days if isinstance(days, int) and days >= 0 else None


def _shown(at: datetime) -> str:
    """``2026-03-03 12:00:00 UTC``; years before 1000, too, have four digits."""
    return f"{at.isoformat(' ')[:19]} UTC"
