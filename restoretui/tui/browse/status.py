"""The line below the table of Browse: how much is there, how fresh it is, what is filtered, where the cursor is."""

from datetime import datetime
from typing import NamedTuple

from textual.content import Content

from restoretui.ledger.records import Listing, Query
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt


class ListingStatus(NamedTuple):
    """All that line is about."""

    listing: Listing | None
    query: Query
    """What the rows shown were asked for by."""
    wanted: Query
    """What was asked for since, if it is not the same."""
    now: datetime
    cursor: int
    rows: int
    complete: bool
    buckets: int | None
    asking: bool = False
    """Something to show has been asked for."""
    failed: bool = False
    """And did not come, or not all of it."""
    unlisted: tuple[str, ...] = ()
    """Clouds whose buckets are missing."""


def status(shown: ListingStatus) -> list[Content]:
    """Left and right part, the right one in two lengths."""
    nothing_came = shown.buckets == 0 if shown.buckets is not None else shown.listing is None
    if nothing_came and shown.failed:
        return [said(("not listed", "warn"))]
    if nothing_came and (shown.asking or (shown.listing is None and shown.buckets is None)):
        return [said(("listing …", "dim"), (" · esc stops", "dim"))]
    if shown.buckets is not None:
        missing = f" · {', '.join(shown.unlisted)} not listed" if shown.unlisted else ""
        return [
            said((fmt.plural(shown.buckets, "bucket"), "dim"), (missing, "warn")),
            said(("enter opens · g goes to a location", "dim")),
        ]
    so_far = "" if shown.complete else " so far"
    place: Part = (f"{shown.cursor + 1:,} of {shown.rows:,}{so_far}" if shown.rows else "", "dim")
    return [said(*_left(shown)), said(place), said()]


def _left(shown: ListingStatus) -> list[Part]:
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
    elif shown.asking:
        parts.append((" · listing again …", "busy"))
    else:
        seen = f" · seen {fmt.ago((shown.now - listing.ended_at).total_seconds())}"
        parts.append((f"{seen} · R", "warn") if listing.is_stale(shown.now) else (seen, "dim"))
        if shown.failed:
            parts.append((", and not since", "warn"))
    limits = _limits(shown.query)
    if limits:
        so_far = "" if shown.complete else " so far"
        parts.append((f" · {shown.rows:,}{so_far} match {limits}", "mark"))
    if shown.wanted != shown.query:
        parts.append((f" · {_wanted(shown.query, shown.wanted)} …", "busy"))
    return parts


def _limits(query: Query) -> str:
    limits = [query.text, *sorted(query.states), *sorted(query.storage_classes)]
    return " ".join(limit for limit in limits if limit)


def _wanted(query: Query, wanted: Query) -> str:
    limits = _limits(wanted)
    if limits == _limits(query):
        return "sorting"
    return f"looking for {limits}" if limits else "looking for all"
