"""A listing whose totals are kept, and what has to be known of it to count its rows within a transaction."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from restoretui.ledger.records import CloudId

if TYPE_CHECKING:  # the screens count levels of prefixes before anything is written
    from restoretui.ledger.store.writer import Tx

DEEPEST = 16
"""Levels below a listing's prefix that have totals of their own: a key of a thousand slashes is counted in these."""

COLUMNS = (
    "g.id, g.place_id, g.prefix, g.recursive, g.started_at, p.scheme, p.endpoint, p.bucket,"
    " g.origin IN ('inventory', 'set')"
)
SOURCE = "listing g JOIN place p ON p.id = g.place_id"


class CountedListing(NamedTuple):
    """Ids in both files, and what of the bucket may make its objects something other than the listing told."""

    id: int
    place_id: int
    prefix: str
    recursive: bool
    started_at: float
    cloud: CloudId
    bucket_id: int
    """The ledger's; 0 if no run ever touched the bucket."""
    has_looks: bool
    silent: bool = False
    """It tells of no restores: it is from an inventory."""

    def holds(self, key: str) -> bool:
        """The key would be in this listing."""
        return key.startswith(self.prefix) and (bool(self.recursive) or "/" not in key[len(self.prefix) :])


def nodes_of(folder: str, prefix: str) -> list[tuple[int, str]]:
    """What an object right in ``folder`` counts for, with depths: ``prefix``, and what lies on the way from there."""
    start = len(prefix)
    found = [(0, prefix)]
    end = folder.find("/", start) if len(folder) > start else -1
    while end >= 0 and len(found) <= DEEPEST:
        found.append((len(found), folder[: end + 1]))
        end = folder.find("/", end + 1)
    return found


def depth_of(prefix: str, listing_prefix: str) -> int | None:
    """At which depth of a listing ``prefix`` has totals; None when it has none there."""
    if prefix == listing_prefix:
        return 0
    if not prefix.endswith("/") or not prefix.startswith(listing_prefix):
        return None
    depth = prefix.count("/", len(listing_prefix))
    return depth if depth <= DEEPEST else None


def counted(tx: "Tx", where: str, args: Sequence[object] = ()) -> list[CountedListing]:
    """Listings with totals that meet ``where``, of ``SOURCE``."""
    return [_read(tx, row) for row in tx.rows(f"SELECT {COLUMNS} FROM {SOURCE} WHERE g.counted AND {where}", args)]


def _read(tx: "Tx", row: tuple[Any, ...]) -> CountedListing:
    bucket = tx.row("SELECT id FROM bucket WHERE scheme = ? AND endpoint = ? AND name = ?", row[5:8])
    looks = tx.row("SELECT 1 FROM observation WHERE place_id = ? LIMIT 1", (row[1],))
    return CountedListing(
        row[0], row[1], row[2], bool(row[3]), row[4], CloudId(row[5], row[6]), bucket[0] if bucket else 0,
        looks is not None, bool(row[8]),
    )  # fmt: skip
