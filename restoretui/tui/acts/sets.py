"""A set shown where a bucket is: as an inventory of it would be, until somebody leaves the bucket."""

from typing import TYPE_CHECKING, NamedTuple

from restoretui.core.location import Location

if TYPE_CHECKING:  # loaded before the first paint, which does without a session
    from restoretui.ledger.records import Listing
    from restoretui.session.session import Session


class ShownSet(NamedTuple):
    """What of a set is shown."""

    place: Location
    versions: bool
    """It names versions alone."""


async def show_set(session: "Session", text: str) -> ShownSet:
    """Have ``@NAME``, or ``@NAME/BUCKET``, stand in for its bucket; ``UsageError`` where that cannot be meant."""
    name, _, bucket = text.strip().removeprefix("@").partition("/")
    place, listings = await session.sets.listing_in(name, bucket.strip("/"))
    session.listings.by_inventory(*listings)
    return ShownSet(place, all(listing.scope.versions for listing in listings))


def leave_set(session: "Session", place: Location) -> None:
    """The bucket is what is there again, where a set stood in for it."""
    cloud = session.cloud_of(place.scheme)
    listing = session.listings.inventory_of(cloud, place.bucket)
    if listing is not None and is_of_set(listing):
        session.listings.by_cloud(cloud, place.bucket)


def is_of_set(listing: "Listing") -> bool:
    """It is what a set has in a bucket."""
    return listing.origin is not None and listing.origin.kind == "set"
