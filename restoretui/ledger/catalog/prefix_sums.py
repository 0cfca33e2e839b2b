"""What the newest whole flat listing tells of prefixes: for a row of another listing, and to order its rows by."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from restoretui.ledger.records import BELOW, CloudId, Listing, Origin, Query, Scope
from restoretui.ledger.store.decoding import Shape, decodes
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.totals.counted_listing import depth_of
from restoretui.ledger.views.fact_sql import names
from restoretui.ledger.views.row_order import Select
from restoretui.ledger.volumes import ARCHIVED, GONE, HALF, READABLE, RESTORING, PrefixTotals, Volume

GROUPS = "SELECT prefix, storage_class, state, objects, high, low, unsized FROM t{} WHERE objects > 0 AND depth = "
# prefix class state objects high low unsized
SHAPE = Shape("the totals of a listing", "tttiiii")
_OF = {"archived": ARCHIVED, "restoring": RESTORING, "readable": READABLE}


def volume_of(row: tuple[Any, ...]) -> Volume:
    """Of a row of ``GROUPS``."""
    return Volume(row[3], (row[4] << HALF) + row[5], row[6])


def covering(
    quick: QuickReads, cloud: CloudId, bucket: str, prefix: str, *, versions: bool, of_set: str = ""
) -> Listing | None:
    """The newest whole flat listing with totals for ``prefix``, however old; None if there is none.

    ``of_set``: of what that set has there, as its listing's origin names it; else of all that is there.
    """
    whose = "g.origin = 'set' AND g.source = ?" if of_set else "g.origin IN ('', 'inventory') AND g.only = ?"
    rows = quick.rows(
        "SELECT g.id, g.prefix, g.objects, g.size_bytes, g.started_at, g.ended_at,"
        " g.origin, g.source, g.as_of FROM listing g"
        " JOIN place p ON p.id = g.place_id WHERE p.scheme = ? AND p.endpoint = ? AND p.bucket = ? AND g.counted"
        f" AND {whose}"
        " AND g.recursive AND NOT g.single AND g.versions = ? AND g.ended_at IS NOT NULL AND g.error = ''"
        " AND substr(?, 1, length(g.prefix)) = g.prefix ORDER BY g.ended_at DESC, g.id DESC",
        (*cloud, bucket, of_set, versions, prefix),
    )
    for listing_id, start, objects, size_bytes, started_at, ended_at, origin, source, as_of in rows:
        if depth_of(prefix, start) is not None:
            scope = Scope(cloud, bucket, start, recursive=True, versions=versions)
            began, ended = (datetime.fromtimestamp(at, UTC) for at in (started_at, ended_at))
            of = Origin(origin, source, datetime.fromtimestamp(as_of, UTC)) if origin else None
            return Listing(listing_id, scope, objects, 0, size_bytes, began, ended, None, "", of)
    return None


@decodes("the totals of a listing")
def totals_of(quick: QuickReads, listing: Listing, prefix: str) -> PrefixTotals | None:
    """What lies below one prefix: quick enough for a repaint. None where no totals are kept."""
    depth = depth_of(prefix, listing.scope.prefix)
    kept = quick.row("SELECT counted FROM listing WHERE id = ?", (listing.id,))
    if depth is None or kept is None or not kept[0]:
        return None
    rows = quick.rows(GROUPS.format(listing.id) + "? AND prefix = ?", (depth, prefix))
    SHAPE.check(rows)
    return PrefixTotals(prefix, {(row[1], row[2]): volume_of(row) for row in rows})


class PrefixSums:
    """Of the prefixes that one listing shows."""

    def __init__(self, quick: QuickReads, of: Listing) -> None:
        self._quick, self._scope = quick, of.scope
        self._of_set = of.origin.source if of.origin is not None and of.origin.kind == "set" else ""
        self.listing = self._newest()
        """The flat listing they are from; None if there is none."""

    def _newest(self) -> Listing | None:
        scope = self._scope
        if scope.recursive or scope.single:
            return None
        return covering(
            self._quick, scope.cloud, scope.bucket, scope.prefix, versions=scope.versions, of_set=self._of_set
        )

    @property
    def is_outdated(self) -> bool:
        """Another listing tells of them by now: a view made anew would have it."""
        newest = self._newest()
        return (None if newest is None else newest.id) != (None if self.listing is None else self.listing.id)

    def of(self, prefix: str) -> PrefixTotals | None:
        """What lies below it; None where that is not known."""
        return None if self.listing is None else totals_of(self._quick, self.listing, prefix)

    def order(self, listing: Listing, query: Query, match: tuple[str, Mapping[str, object]]) -> Select:
        """The prefixes of ``listing`` that ``match``, by what lies below them."""
        table, prefix, sort = f"p{listing.id}", listing.scope.prefix, query.sort
        direction = "DESC" if query.descending else "ASC"
        where, args = match
        if self.listing is None:
            return Select(f"SELECT id FROM {table} WHERE {where} ORDER BY id", args)
        depth = (depth_of(prefix, self.listing.scope.prefix) or 0) + 1
        states = f"state IN ({names(_OF[sort])})" if sort in _OF else f"state <> '{GONE}'"
        amount = "sum(objects)" if sort == BELOW else f"sum(high) * {float(1 << HALF)} + sum(low)"
        sums = f"SELECT prefix AS name, {amount} AS amount FROM t{self.listing.id} WHERE depth = :depth AND {states}"
        return Select(
            f"SELECT id FROM {table} LEFT JOIN ({sums} GROUP BY prefix) ON name = prefix WHERE {where}"
            f" ORDER BY coalesce(amount, 0) {direction}, id",
            {**args, "depth": depth},
        )
