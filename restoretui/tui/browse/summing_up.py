"""``S``: what lies below each prefix, from the flat listing there is, or else from one made now."""

from typing import TYPE_CHECKING

from restoretui.core.location import Location
from restoretui.ledger.records import BELOW
from restoretui.session import summing

if TYPE_CHECKING:
    from restoretui.session.session import Session
    from restoretui.tui.browse.listing_board import ListingBoard
    from restoretui.tui.browse.listing_source import ListingSource

_BY_SUMS = frozenset({BELOW, "archived", "restoring", "readable"})


def is_summed(session: "Session", source: "ListingSource", place: Location) -> bool:
    """The ledger has what lies below the prefixes there."""
    return summing.covering(session, place, versions=source.versions) is not None


def begin(source: "ListingSource") -> None:
    """Show sums, the largest first unless another order was chosen."""
    source.sums, source.flat = True, False
    if source.query.sort == "key":
        source.ask(sort="size", descending=True)


def end(source: "ListingSource") -> None:
    """Show objects again, by key."""
    source.sums = False
    if source.query.sort in (*_BY_SUMS, "size"):
        source.ask(sort="key", descending=False)


async def sum_up(board: "ListingBoard", *, refresh: bool = False) -> None:
    """List all keys below the place shown, if need be; the status line tells how far that is, and escape stops it."""
    session, source = board.session, board.source
    place = source.location
    if refresh or not is_summed(session, source, place):
        listing = await session.open_listing(place, recursive=True, versions=source.versions, refresh=refresh)
        board.following = listing.id
        board.say()
        try:
            await session.listed(listing)
        finally:
            board.following = None
            board.say()
    await session.ledger.totals.settle()
    if not is_summed(session, source, place):
        board.shell.say("warning", "stopped: nothing is summed up", f"{board.shell.key_for('sums')} goes on with it")
        return
    was_flat = source.flat
    begin(source)
    board.table.set_columns(board.columns())
    if was_flat or source.listing is None:
        board.go(place)
    else:
        board.requery(from_top=True)
