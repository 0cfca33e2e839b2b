"""What of marked objects only a HEAD can tell, and which those are."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from restoretui.core.model import UNTOLD_CLASS, State
from restoretui.ledger.marks.kinds import ONE_OF_KIND, kind_args, kinds_perhaps
from restoretui.ledger.marks.marked_places import MarkedPlace
from restoretui.ledger.marks.span_sql import SpanListing
from restoretui.ledger.marks.spans import first_at, spans_between
from restoretui.ledger.store.writer import Tx

MOST_JUDGED = 50
"""Kinds of what is marked by span that are judged before its rows are read."""
SEARCHED = 20_000
"""Rows that are marked by span are gone through so many at a time, at least."""


class Doubt(StrEnum):
    """Why a HEAD has to tell of an object what its listing does not."""

    CLASS = "storage class"
    """The listing says none, and what that means at this endpoint is not known (FACTS 5)."""
    TIER = "archive tier"
    """Inside Intelligent-Tiering (``CloudRules.needs_look``): without it there is no verdict."""
    RESTORED = "restored"
    """The listing tells of no restores: there may be a copy, which another request could shorten (FACTS 1.5)."""
    FOREIGN = "somebody else's restore"
    """It restores by nobody's request that we know: its tier and days are in its headers, where they are told."""


def unlooked(
    connection: sqlite3.Connection,
    place: MarkedPlace,
    limit: int,
    doubt: Doubt = Doubt.TIER,
    after: tuple[str, str] = ("", ""),
) -> list[tuple[str, str]]:
    """Keys and versions of objects that only a HEAD can judge, in key order, behind ``after``."""
    args = {**place.args, "tiered": place.rules.tiered_class or "", "limit": limit}
    if doubt is Doubt.CLASS:
        if place.rules.lists_class and not place.imported:
            return []
        where = f"storage_class = '{UNTOLD_CLASS}' AND state = '{State.UNKNOWN}'"
    elif doubt is Doubt.TIER:
        if place.rules.tiered_class is None:
            return []
        where = (
            "storage_class = :tiered AND NOT looked AND coalesce(archive_status, '') = '' AND in_progress IS NOT 1"
        )
    elif doubt is Doubt.RESTORED:
        if place.rules.lists_status and not place.imported:
            return []
        # What an inventory lists nothing newer tells of: a look at it is good for as long as a listing would be.
        old = "OR told_long_ago" if place.imported else ""
        where = f"(untold {old}) AND storage_class <> :tiered"
    else:
        where = "in_progress = 1 AND NOT is_ours AND NOT looked"
    marked = "1"
    if not (place.has_looks or place.bucket_id):
        # Nothing else is known than what stands in the marks: most are passed over by one column.
        marked = {
            Doubt.CLASS: f"s.storage_class = '{UNTOLD_CLASS}'",
            Doubt.TIER: "s.storage_class = :tiered",
            Doubt.RESTORED: "s.storage_class <> :tiered",
            Doubt.FOREIGN: "s.in_progress = 1",
        }[doubt]
    args |= {"after_key": after[0], "after_version": after[1]}

    def some(source: str, within: str, more: Mapping[str, object]) -> list[tuple[str, str]]:
        marks = place.objects(where=within, source=source)
        sql = (
            f"SELECT key, version_id FROM ({marks}) WHERE NOT gone AND {where} ORDER BY key, version_id LIMIT :limit"
        )
        return connection.execute(sql, {**args, **more}).fetchall()

    behind = f"(s.key, s.version_id) > (:after_key, :after_version) AND {marked}"
    singles = some("selection s", behind, {}) if place.has_singles else []
    in_spans: list[tuple[str, str]] = []
    if place.listings and _may_be(connection, place, where, args):
        for listing, first, last in _pieces(connection, place, after, max(SEARCHED, 8 * limit)):
            if len(in_spans) >= limit:
                break
            in_spans += some(listing.between(), marked, {"first": first, "last": last})
    # Keys compare as in the files: by code point, which is the order of their UTF-8 bytes.
    return sorted(singles + in_spans)[:limit] if singles and in_spans else (singles or in_spans)[:limit]


def _may_be(connection: sqlite3.Connection, place: MarkedPlace, where: str, args: Mapping[str, object]) -> bool:
    """Of what is marked by span, something may meet ``where``: by the kinds of it, where those are all to know."""
    if place.has_looks or place.bucket_id or place.imported:
        return True
    kinds = kinds_perhaps(connection, place, MOST_JUDGED)
    sql = f"SELECT 1 FROM ({place.objects(source=ONE_OF_KIND)}) WHERE NOT gone AND {where}"
    return kinds is None or any(connection.execute(sql, {**args, **kind_args(kind)}).fetchone() for kind in kinds)


def _pieces(
    connection: sqlite3.Connection, place: MarkedPlace, after: tuple[str, str], rows: int
) -> Iterator[tuple[SpanListing, int, int]]:
    """What is marked by span behind ``after``, in key order, so many rows at a time: listing, first and last id."""
    if not place.listings:
        return
    reads, listings = Tx(connection), {listing.id: listing for listing in place.listings}
    for span in spans_between(reads, place.sel, place.place_id, after[0]):
        first = span.first_id
        if span.first_key <= after[0]:
            first = first_at(reads, span.listing, first, span.last_id, after[0])
            named = f"SELECT key, coalesce(version_id, '') FROM l{span.listing} WHERE id = ?"
            first += reads.rows(named, (first,))[0] <= after
        for at in range(first, span.last_id + 1, rows):
            yield listings[span.listing], at, min(at + rows - 1, span.last_id)


def named_classes(connection: sqlite3.Connection, place: MarkedPlace) -> Collection[str]:
    """The storage classes that listings named of marked objects."""
    rows = connection.execute(
        f"SELECT DISTINCT storage_class FROM {place.source} WHERE sel = :sel AND place_id = :place AND NOT looked"
        f" AND storage_class <> '{UNTOLD_CLASS}'",
        {"sel": place.sel, "place": place.place_id},
    )
    return {name for (name,) in rows}


NAME_CLASS = (
    "UPDATE selection SET storage_class = :name WHERE sel = :sel AND place_id IN"
    " (SELECT id FROM place WHERE scheme = :scheme AND endpoint = :endpoint)"
    f" AND storage_class = '{UNTOLD_CLASS}' AND NOT looked"
)
"""Single marks without a class are of one from now on."""
