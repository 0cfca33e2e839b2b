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
    """What the rows shown were asked for by."""
    wanted: Query
    """What was asked for since, if it is not the same."""
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
    so_far = "" if shown.complete else " so far"
    place: Part = (f"{shown.cursor + 1:,} of {shown.rows:,}{so_far}" if shown.rows else "", "dim")
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
        seen = f" · seen {fmt.ago((shown.now - listing.ended_at).total_seconds())}"
        parts.append((f"{seen} · R", "warn") if listing.is_stale(shown.now) else (seen, "dim"))
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
