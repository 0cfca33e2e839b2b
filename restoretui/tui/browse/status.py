"""The line below the table of Browse: how much is there, how fresh it is, what is filtered, where the cursor is."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from textual.content import Content

from restoretui.ledger.records import Listing, Query
from restoretui.ledger.volumes import PrefixTotals, Volume
from restoretui.tui.browse.listing_source import Weights
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.session.past.past import PastListing


class ListingStatus(Struct, frozen=True):
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
    weights: Weights | None = None
    """How much of what it is; None while something else is being listed."""
    sums: bool = False
    """What lies below the prefixes is what is shown."""
    sums_key: str = ""
    """What sums up prefixes, where that is not known yet."""
    offer: str = ""
    """What could be shown at once, in place of what is being listed."""
    reading: str = ""
    """How far an inventory of it has been read."""


def longer(shown: ListingStatus) -> list[Content]:
    """Left parts that say more, the longest first: for where there is room."""
    weights = shown.weights
    if weights is None or weights.totals is None or shown.buckets is not None or shown.listing is None:
        return []
    beside = _sums_of(shown) if not shown.sums else None
    age = [] if beside is None or not beside.is_stale(shown.now) else [_age("sums ", beside, shown.now)]
    if _limits(shown.query):
        if weights.match is None or not shown.complete:
            return []
        match = f" · {fmt.sizes(weights.match.size_bytes, weights.match.unsized)}"
        return [said(*_left(shown, match=match)), said(*_left(shown, match=match, seen=""))]
    return [said(*_left(shown, more), *age) for more in _more(weights.totals)]


def status(shown: ListingStatus) -> list[Content]:
    """Left and right part, the right one in two lengths."""
    nothing_came = shown.buckets == 0 if shown.buckets is not None else shown.listing is None
    if nothing_came and shown.failed:
        return [said(("not listed", "warn"))]
    if nothing_came and (shown.asking or (shown.listing is None and shown.buckets is None)):
        return [said(("listing …", "dim"), (" · esc stops", "dim"))]
    if shown.buckets is not None:
        missing = f" · {', '.join(shown.unlisted)} not listed" if shown.unlisted else ""
        limits = _limits(shown.query)
        return [
            said(
                (fmt.plural(shown.buckets, "bucket"), "dim"),
                (f" {'matches' if shown.buckets == 1 else 'match'} {limits}" if limits else "", "mark"),
                (missing, "warn"),
            ),
            said(("enter opens · g goes to a location", "dim")),
        ]
    so_far = "" if shown.complete else " so far"
    place: Part = (f"{shown.cursor + 1:,} of {shown.rows:,}{so_far}" if shown.rows else "", "dim")
    return [said(*_left(shown)), said(place), said()]


def _left(shown: ListingStatus, more: Sequence[Part] = (), *, match: str = "", seen: str = "seen ") -> list[Part]:
    listing = shown.listing
    if listing is None:
        return []
    parts: list[Part] = [_amounts(shown, listing), *more]
    if shown.reading:
        return [(shown.reading, "busy"), " · ", *parts]
    if listing.ended_at is None:
        parts = [("◑ listing ", "busy"), *parts, (" · esc stops", "dim"), (shown.offer, "mark")]
    elif listing.error:
        parts.append((" · stopped early, R lists again", "warn"))
    elif shown.asking:
        parts.append((" · listing again …", "busy"))
    else:
        parts.append(_age(seen, (_sums_of(shown) if shown.sums else None) or listing, shown.now))
        if shown.failed:
            parts.append((", and not since", "warn"))
        if shown.weights is not None and _sums_of(shown) is None and listing.prefixes and shown.sums_key:
            parts.append((f" · {shown.sums_key} sums up", "dim"))
    limits = _limits(shown.query)
    if limits:
        so_far = "" if shown.complete else " so far"
        parts.append((f" · {shown.rows:,}{so_far} match {limits}{match}", "mark"))
    if shown.wanted != shown.query:
        parts.append((f" · {_wanted(shown.query, shown.wanted)} …", "busy"))
    return parts


def _amounts(shown: ListingStatus, listing: Listing) -> str:
    """What is listed here; where it is known, with all that lies below."""
    sums = shown.weights.totals if shown.weights is not None and shown.weights.listing is not None else None
    whole = Volume(listing.objects, listing.size_bytes) if sums is None else sums.whole
    amounts = [fmt.plural(whole.objects, "object")]
    if listing.prefixes:
        amounts.append(fmt.plural(listing.prefixes, "prefix", "prefixes"))
    amounts.append(fmt.sizes(whole.size_bytes, whole.unsized))
    return " · ".join(amounts)


def _more(totals: PrefixTotals) -> list[list[Part]]:
    """By class and state, by state, and only how much is archived, in two lengths."""

    def part(name: str, volume: Volume, style: str) -> list[Part]:
        if not volume.objects:
            return []
        return [(f" · {name} {volume.objects:,}", style), f" · {fmt.sizes(volume.size_bytes, volume.unsized)}"]

    archived = part("archived", totals.archived, "cold")
    states = [
        *archived, *part("restoring", totals.restoring, "busy"), *part("readable", totals.readable, "ok"),
        *part("not seen", totals.unseen, "dim"),
    ]  # fmt: skip
    named = ((name, volume) for name, volume in totals.by_class().items() if name)
    classes: list[Part] = [
        (f" · {name} {fmt.sizes(volume.size_bytes, volume.unsized)}", "dim") for name, volume in named
    ]
    if not archived:
        return [[*states, *classes]]
    short: list[Part] = [
        (" · archived", "cold"),
        f" {fmt.sizes(totals.archived.size_bytes, totals.archived.unsized)}",
    ]
    return [[*states, *classes], states, archived, short]


def _sums_of(shown: ListingStatus) -> Listing | None:
    return shown.weights.listing if shown.weights is not None else None


def _age(what: str, listing: Listing, now: datetime) -> Part:
    if listing.origin is not None and listing.origin.is_silent:
        # It is that old by nature, and knows of no restored copy.
        if listing.origin.kind == "set":
            return (f" · @{listing.origin.only} of {fmt.ago((now - listing.started_at).total_seconds())}", "warn")
        return (f" · inventory of {fmt.ago((now - listing.started_at).total_seconds())}", "warn")
    text = f" · {what}{fmt.ago((now - (listing.ended_at or listing.started_at)).total_seconds())}"
    return (f"{text} · R", "warn") if listing.is_stale(now) else (text, "dim")


def _limits(query: Query) -> str:
    if query.where is None:
        return ""
    from restoretui.core.filter.printer import filter_text

    return filter_text(query.where)


def _wanted(query: Query, wanted: Query) -> str:
    limits = _limits(wanted)
    if limits == _limits(query):
        return "sorting"
    return f"looking for {limits}" if limits else "looking for all"


def time_parts(listing: Listing | None, past: "PastListing | None", now: datetime, key: str) -> list[Part]:
    """What the bar above the rows says; nothing where they are what is there now."""
    if listing is None or listing.origin is None or listing.origin.kind != "as-of":
        return []
    ago = fmt.ago((now - listing.origin.as_of).total_seconds())
    parts: list[Part] = [("◷ ", "mark"), (listing.origin.source, "strong"), (f" ({ago})", "dim")]
    if past is not None and past.deleted:
        parts.append((f" · {fmt.plural(past.deleted, 'key')} deleted then", "dim"))
    if past is not None and (doubts := past.counts.total()):
        parts.append((f" · {doubts:,} not told", "warn"))
    return [*parts, (f" · {key} another", "dim")]
