"""A bucket shown by its inventory in place of listings, and what is said of that.

Prefix by prefix the cloud is asked: a level is a page or two, and says what is there now. All keys below a place are
another thing where they are many: as long as nobody has listed them, an inventory that was imported is shown, and
that is said; ``I`` lists.
"""

from datetime import datetime

from restoretui.core.errors import UsageError
from restoretui.core.location import Location
from restoretui.ledger.records import Listing
from restoretui.session.session import Session
from restoretui.wording import format as fmt

LONG = 50_000
"""Objects that are listed in some seconds where the cloud is near, and in a minute where it is not."""


def turn_inventory(session: Session, place: Location, *, versions: bool) -> None:
    """Use the newest inventory of the bucket, or none any more; ``UsageError`` where there is none to use."""
    cloud = session.cloud_of(place.scheme)
    if session.listings.inventory_of(cloud, place.bucket) is not None:
        session.listings.by_cloud(cloud, place.bucket, for_good=True)
        return
    kept = session.inventories.kept(place, versions=versions)
    if kept is None:
        bucket = Location(place.scheme, place.bucket)
        raise UsageError(
            f"no inventory of {bucket} was imported, and it has none configured that lists all of this",
            f"restoretui import {bucket} --from-inventory LOCATION",
        )
    session.listings.by_inventory(kept)


def offered(session: Session, place: Location, *, versions: bool) -> Listing | None:
    """An inventory that could be shown in place of a listing that takes its time."""
    if session.listings.inventory_of(session.cloud_of(place.scheme), place.bucket) is not None:
        return None
    return session.inventories.kept(place, versions=versions)


async def take_unlisted(
    session: Session, place: Location, unasked: Location | None, *, flat: bool, versions: bool
) -> Location | None:
    """Show a place by its inventory where nobody has listed it, and that would take long; the place, if it is so.

    ``unasked``: where that was so until now.
    """
    if unasked is not None:
        session.listings.by_cloud(session.cloud_of(unasked.scheme), unasked.bucket)
    if not flat or place.key is not None or await session.listings.is_wanted(place, versions=versions):
        return None
    kept = offered(session, place, versions=versions)
    if kept is None or session.inventories.number_below(kept, place) < LONG:
        return None
    session.listings.by_inventory(kept)
    return place


def unasked_words(listing: Listing, now: datetime, key: str) -> str:
    """How old what is shown is, though nobody asked for it, and the key that lists."""
    return f" · inventory of {fmt.ago((now - listing.started_at).total_seconds())}, {key} lists"


def offer_words(made_at: datetime, now: datetime, key: str) -> str:
    """How old it is, and the key that takes it."""
    return f" · {key}: inventory of {fmt.ago((now - made_at).total_seconds())}"
