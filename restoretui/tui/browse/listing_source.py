"""What Browse shows: a place, listed flat or by prefix, with or without old versions, filtered and ordered."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from restoretui.core.location import Location
from restoretui.ledger.records import BELOW, Listing, Query
from restoretui.session import summing

if TYPE_CHECKING:
    from restoretui.ledger.catalog.browse_view import BrowseView
    from restoretui.session.session import Session

_BY_SUMS = frozenset({BELOW, "size", "archived", "restoring", "readable"})


@dataclass
class ListingSource:
    """No widget in it; ``listing`` is None until there is one."""

    location: Location
    flat: bool = False
    versions: bool = False
    sums: bool = False
    """Of each prefix it is shown what lies below it."""
    query: Query = field(default_factory=Query)
    listing: Listing | None = None

    @property
    def is_bucket(self) -> bool:
        """Objects are shown, not buckets."""
        return bool(self.location.bucket)

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

    def ask(self, **changes: Any) -> None:
        """Filter or order differently."""
        self.query = replace(self.query, **changes)

    def everything(self) -> None:
        """Drop every filter; the order stays."""
        self.ask(where=None)

    def is_summed(self, session: "Session", place: Location) -> bool:
        """The ledger has what lies below the prefixes there."""
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

    async def list(self, session: "Session", *, refresh: bool = False) -> Listing:
        """A listing of the place, made or found."""
        return await session.open_listing(self.location, recursive=self.flat, versions=self.versions, refresh=refresh)

    async def view(self, session: "Session", listing: Listing) -> "BrowseView":
        """A listing through filter and order."""
        return await session.ledger.catalog.browse(listing.id, self.query)
