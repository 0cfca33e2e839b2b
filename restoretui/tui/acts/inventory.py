"""A bucket shown by its inventory in place of listings, and what is said of that."""

from datetime import datetime

from restoretui.core.errors import UsageError
from restoretui.core.location import Location
from restoretui.ledger.records import Listing
from restoretui.session.session import Session
from restoretui.wording import format as fmt


def turn_inventory(session: Session, place: Location, *, versions: bool) -> None:
    """Use the newest inventory of the bucket, or none any more; ``UsageError`` where there is none to use."""
    cloud = session.cloud_of(place.scheme)
    if session.listings.inventory_of(cloud, place.bucket) is not None:
        session.listings.by_cloud(cloud, place.bucket)
        return
    kept = session.inventories.kept(place, versions=versions)
    if kept is None:
        bucket = Location(place.scheme, place.bucket)
        raise UsageError(
            f"no inventory of {bucket} was imported", f"restoretui import {bucket} --from-inventory LOCATION"
        )
    session.listings.by_inventory(kept)


def offered(session: Session, place: Location, *, versions: bool) -> Listing | None:
    """An inventory that could be shown in place of a listing that takes its time."""
    if session.listings.inventory_of(session.cloud_of(place.scheme), place.bucket) is not None:
        return None
    return session.inventories.kept(place, versions=versions)


def offer_words(listing: Listing, now: datetime, key: str) -> str:
    """How old it is, and the key that takes it."""
    return f" · {key}: the inventory of {fmt.ago((now - listing.started_at).total_seconds())}"
