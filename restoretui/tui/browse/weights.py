"""How much of what: totals of what Browse shows, by state and class, and the bytes of what a filter matches."""

from typing import TYPE_CHECKING

from restoretui.ledger.records import Listing
from restoretui.ledger.volumes import PrefixTotals, Volume
from restoretui.tui.browse.listing_source import ListingSource

if TYPE_CHECKING:
    from restoretui.ledger.catalog.browse_view import BrowseView
    from restoretui.session.session import Session


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
        if view.query.filters:
            match = await view.weigh()
            self.match, self._weighed = match, view
