"""The line below the table of Browse: how much is there, how fresh it is, what is filtered, where the cursor is."""

from datetime import datetime
from typing import NamedTuple

from textual.content import Content

from restoretui.ledger.records import Listing, Query
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt


class Listed(NamedTuple):
    """All that line is about."""

    listing: Listing | None
    query: Query
    now: datetime
    cursor: int
    rows: int
    complete: bool
    buckets: int | None


def status(shown: Listed) -> list[Content]:
    """Left and right part, the right one in two lengths."""
    if shown.buckets is not None:
        return [
            said((fmt.plural(shown.buckets, "bucket"), "dim")),
            said(("enter opens · g goes to a location", "dim")),
        ]
    if shown.listing is None:
        return [said(("listing …", "dim"))]
    more = "" if shown.complete else "+"
    place: Part = (f"{shown.cursor + 1:,} of {shown.rows:,}{more}" if shown.rows else "", "dim")
    return [said(*_left(shown)), said(place), said()]


def _left(shown: Listed) -> list[Part]:
    listing = shown.listing
    if listing is None:
        return []
    amounts = [fmt.plural(listing.objects, "object")]
    if listing.prefixes:
        amounts.append(fmt.plural(listing.prefixes, "prefix", "prefixes"))
    amounts.append(fmt.size(listing.size_bytes))
    parts: list[Part] = [" · ".join(amounts)]
    if listing.ended_at is None:
        parts = [("◑ listing ", "busy"), *parts, (" · esc stops", "dim")]
    elif listing.error:
        parts.append((" · stopped early, R lists again", "warn"))
    else:
        parts.append((f" · seen {fmt.ago((shown.now - listing.ended_at).total_seconds())}", "dim"))
    query = shown.query
    limits = [query.text, *sorted(query.states), *sorted(query.storage_classes)]
    said_limits = " ".join(limit for limit in limits if limit)
    if said_limits:
        more = "" if shown.complete else "+"
        parts.append((f" · {shown.rows:,}{more} match {said_limits}", "mark"))
    return parts
