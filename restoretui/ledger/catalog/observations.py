"""Upserts observations of single objects (HEAD, LIST, event), and their buckets, within a transaction."""

from collections.abc import Sequence

from restoretui.ledger.marks.span_changes import all_in_rows
from restoretui.ledger.records import CloudId, Observation
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK, values_of

# A look without HEAD does not know the archive tier inside Intelligent-Tiering: what a HEAD told of the same object
# stays true until another HEAD.
_SAME_OBJECT = (
    "(NOT excluded.looked AND storage_class = excluded.storage_class"
    " AND modified IS coalesce(excluded.modified, modified))"
)
_LOOK = f"INSERT INTO observation (place_id, key, version_id, {', '.join(FACTS_OF_LOOK)}, gone)"
_NEWER_WINS = (
    "ON CONFLICT (place_id, key, version_id) DO UPDATE SET"
    f" archive_status = CASE WHEN {_SAME_OBJECT} THEN archive_status ELSE excluded.archive_status END,"
    f" looked = CASE WHEN {_SAME_OBJECT} THEN looked ELSE excluded.looked END,"
    " storage_class = excluded.storage_class, size = excluded.size, modified = coalesce(excluded.modified, modified),"
    " etag = excluded.etag,"
    + "".join(
        f" {name} = CASE WHEN NOT excluded.looked AND in_progress AND excluded.in_progress THEN {name}"
        f" ELSE excluded.{name} END,"
        for name in ("told_tier", "told_days", "told_asked")
    )
    + " lapses = CASE WHEN excluded.looked THEN excluded.lapses ELSE lapses END,"
    " in_progress = excluded.in_progress, expiry = excluded.expiry,"
    " seen_at = excluded.seen_at, gone = excluded.gone"
    # One from the future was written before the clock was set back. It must not shut out what is seen until then.
    " WHERE excluded.seen_at >= seen_at OR seen_at > ?"
)


def place_id(tx: Tx, cloud: CloudId, bucket: str) -> int:
    """Get or create the catalog's id of a bucket."""
    named = (*cloud, bucket)
    tx.run("INSERT OR IGNORE INTO place (scheme, endpoint, bucket) VALUES (?, ?, ?)", named)
    row = tx.row("SELECT id FROM place WHERE scheme = ? AND endpoint = ? AND bucket = ?", named)
    return int(row[0]) if row else 0


def void_looks_ahead(tx: Tx, place: int, now: float) -> None:
    """Before a listing: a look of the future is one of now at the latest, so that what is listed next is newer.

    The facts that marks keep are such looks, too. Only where the clock was set back, which listings tell: the looks
    of a bucket may be a million.
    """
    if tx.row("SELECT 1 FROM listing WHERE max(started_at, coalesce(ended_at, 0)) > ? LIMIT 1", (now,)):
        all_in_rows(tx, "place_id = :place", {"place": place})
        for table in ("observation", "selection"):
            tx.run(f"UPDATE {table} SET seen_at = ? WHERE place_id = ? AND seen_at > ?", (now - 1, place, now))


def record_looks(tx: Tx, cloud: CloudId, bucket: str, looks: Sequence[Observation], now: float) -> None:
    """Upsert looks within a transaction: the newest of each object stays. ``now`` in seconds since the epoch."""
    place = place_id(tx, cloud, bucket)
    latest = max(now, *(look.seen_at for look in looks))
    tx.values(_LOOK, [(place, *values_of(look), look.gone) for look in looks], _NEWER_WINS, (latest,))
    if any(look.in_progress is not None and not look.looked for look in looks):
        listings_tell(tx, place)
    tx.touch(change_feed.CATALOG)


def listings_tell(tx: Tx, place: int) -> None:
    """A page of a listing of this bucket told of a restore."""
    if not tx.run("UPDATE place SET tells = 1 WHERE id = ? AND tells IS NOT 1", (place,)):
        return
    ((scheme, endpoint),) = tx.rows("SELECT scheme, endpoint FROM place WHERE id = ?", (place,))
    if CloudId(scheme, endpoint).rules.lists_status is None:
        # What listings there say nothing of has no restore from now on: what was counted may be something else.
        tx.run(
            "UPDATE listing SET recount = 0 WHERE counted AND place_id IN"
            " (SELECT id FROM place WHERE scheme = ? AND endpoint = ?)",
            (scheme, endpoint),
        )
