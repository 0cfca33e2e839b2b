"""What Browse shows: a place, listed flat or by prefix, with or without old versions, filtered and ordered."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.core.location import Location
from restoretui.ledger.queries import BELOW, Query

if TYPE_CHECKING:
    from restoretui.config.places import Account
    from restoretui.config.settings import Settings
    from restoretui.ledger.catalog.browse_view import BrowseView
    from restoretui.ledger.places import PlaceLook
    from restoretui.ledger.records import Listing
    from restoretui.ledger.volumes import PrefixTotals, Volume
    from restoretui.session.session import Session

_BY_SUMS = frozenset({BELOW, "size", "archived", "restoring", "readable"})


class Stop(NamedTuple):
    """A place, and as whom it was reached; None: as whoever the settings say."""

    place: Location
    account: "Account | None"


class Travels(Struct):
    """Where Browse was before the place shown, and how each place was shown."""

    behind: list[Stop] = field(default_factory=list)
    ahead: list[Stop] = field(default_factory=list)
    account: "Account | None" = None
    """As whom the place shown is reached."""
    _looks: "dict[Location, PlaceLook]" = field(default_factory=dict)

    def left(self, here: Location, to: Location) -> None:
        """Somebody goes from one place to another."""
        if here != to:
            self.behind.append(Stop(here, self.account))
            self.ahead.clear()

    def arrived(self, settings: "Settings", there: Location) -> bool:
        """Somebody is there now; tells whether as somebody else than before."""
        before, self.account = self.account, settings.account_of(there.scheme, there.bucket)
        return before != self.account

    def step(self, settings: "Settings", here: Location, *, back: bool) -> Location | None:
        """One place back, or forward again, as whoever it was reached as; None where that ends."""
        come_from, gone_to = (self.behind, self.ahead) if back else (self.ahead, self.behind)
        if not come_from:
            return None
        gone_to.append(Stop(here, self.account))
        stop = come_from.pop()
        settings.reach_again(stop.place.scheme, stop.place.bucket, stop.account)
        return stop.place

    def keep(self, source: "ListingSource") -> "PlaceLook | None":
        """Remember how the place is shown; None where that is not to be kept."""
        if not source.is_bucket or source.sums:
            return None
        look = self._looks[source.location] = source.look
        return look

    def recall(self, source: "ListingSource", here: Location, kept: "Callable[[Location], PlaceLook | None]") -> None:
        """Show the place as it was shown before, in this session or as it was ``kept`` by an earlier one.

        Else like the place before, but another bucket than ``here`` by prefix and by key.
        """
        there = source.location
        if source.sums or not source.is_bucket:
            return
        from restoretui.ledger.places import PlaceLook

        is_other = (there.scheme, there.bucket) != (here.scheme, here.bucket)
        look = self._looks.get(there) or kept(there) or (PlaceLook() if is_other else source.look)
        source.flat = look.flat
        source.ask(sort=look.sort, descending=look.descending)


class ListingSource(Struct):
    """No widget in it; ``listing`` is None until there is one."""

    location: Location
    flat: bool = False
    versions: bool = False
    sums: bool = False
    """Of each prefix it is shown what lies below it."""
    query: Query = field(default_factory=Query)
    listing: "Listing | None" = None
    unasked: Location | None = None
    """Where an inventory is shown though nobody asked for it: to list all that is there would take long."""
    direct: frozenset[str] = frozenset()
    """Archives that the bucket lets anybody read without a restore, as far as that is known."""

    @property
    def is_bucket(self) -> bool:
        """Objects are shown, not buckets."""
        return bool(self.location.bucket)

    @property
    def look(self) -> "PlaceLook":
        """How the place is shown, of what is remembered."""
        from restoretui.ledger.places import PlaceLook  # nobody has gone anywhere before the first paint

        return PlaceLook(self.flat, self.query.sort, self.query.descending)

    @property
    def base(self) -> str:
        """What all keys shown begin with, up to its last slash."""
        prefix = self.location.prefix
        return prefix[: prefix.rfind("/") + 1]

    @property
    def is_listing(self) -> bool:
        """Pages are still coming in."""
        return self.listing is not None and self.listing.ended_at is None

    @property
    def is_filtered(self) -> bool:
        """Not everything is shown."""
        return self.query.where is not None

    @property
    def is_anchored(self) -> bool:
        """What is looked for is a glob over whole keys."""
        from restoretui.core.filter.tree import is_anchored  # nobody filters before the first paint

        return is_anchored(self.query.where)

    def ask(self, **changes: Any) -> None:
        """Filter or order differently."""
        self.query = replace(self.query, **changes)

    def everything(self) -> None:
        """Drop every filter; the order stays."""
        self.ask(where=None)

    def is_summed(self, session: "Session", place: Location) -> bool:
        """The ledger has what lies below the prefixes there."""
        from restoretui.session import summing  # not before the first paint

        return summing.covering(session, place, versions=self.versions) is not None

    def begin_sums(self) -> None:
        """Show sums, the largest first unless another order was chosen."""
        self.sums, self.flat = True, False
        if self.query.sort == "key":
            self.ask(sort="size", descending=True)

    def end_sums(self) -> None:
        """Show objects again, by key."""
        self.sums = False
        if self.query.sort in _BY_SUMS:
            self.ask(sort="key", descending=False)

    async def list(self, session: "Session", *, refresh: bool = False) -> "Listing":
        """A listing of the place, made or found."""
        from restoretui.tui.acts.inventory import take_unlisted  # not before the first paint

        is_flat = self.flat and not refresh
        self.unasked = await take_unlisted(session, self.location, self.unasked, flat=is_flat, versions=self.versions)
        return await session.open_listing(self.location, recursive=self.flat, versions=self.versions, refresh=refresh)

    async def view(self, session: "Session", listing: "Listing") -> "BrowseView":
        """A listing through filter and order."""
        return await session.ledger.catalog.browse(listing.id, self.query)


class Weights:
    """Read again when it is told that something was counted anew, and not with each key."""

    def __init__(self) -> None:
        self.totals: PrefixTotals | None = None
        """Of the place shown, with all that is below it where that is known."""
        self.listing: Listing | None = None
        """The flat listing they are of, if that is not the one shown."""
        self.match: Volume | None = None
        """What the filter matches; None until it has been added up."""
        self._weighed: BrowseView | None = None

    def look(self, session: "Session", source: ListingSource, view: "BrowseView | None") -> None:
        """At the totals of what is shown now."""
        listing = source.listing
        if view is not self._weighed:
            self.match = self._weighed = None
        self.totals = self.listing = None
        if view is not None and view.sums.listing is not None:
            self.totals = view.sums.of(view.listing.scope.prefix)
            self.listing = view.sums.listing
        elif listing is not None:
            self.totals = session.ledger.totals.of(listing)

    async def weigh(self, view: "BrowseView") -> None:
        """Add up what the filter of a view matches."""
        if view.query.where is not None:
            match = await view.weigh()
            self.match, self._weighed = match, view
