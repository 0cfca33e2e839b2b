"""Single marks as they are stored, and the totals of all marks by bucket, within a transaction."""

from typing import NamedTuple

from restoretui.ledger.marks.span_changes import (
    keep_spans_aside,
)
from restoretui.ledger.marks.spans import spans_between
from restoretui.ledger.marks.whole_listings import bytes_of
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.sqlite_errors import listing_replaced
from restoretui.ledger.store.unknown_values import OF_KNOWN, added, saturated
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK
from restoretui.ledger.views.row_order import Span

INSERT = f"INSERT INTO selection (step, sel, place_id, key, version_id, {', '.join(FACTS_OF_LOOK)}, silent)"


STEP = "(SELECT step FROM selection_set WHERE id = :sel)"
"""The change under way, by whose number what it adds can be taken back: see ``selections.history``."""
# An upsert: an object that is marked already takes the facts of a newer look at it.


IF_NEWER = (
    "ON CONFLICT (sel, place_id, key, version_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*FACTS_OF_LOOK, "silent"))
    + " WHERE excluded.seen_at > seen_at"
)


class ListingPlace(NamedTuple):
    """Where the rows of a listing lie."""

    listing_id: int
    place_id: int
    started_at: float
    silent: bool = False
    """It tells of no restores: it is from an inventory, or a set."""


def listing_place(tx: Tx, listing_id: int) -> ListingPlace:
    """Where a listing lies; ``LedgerError`` if it was pruned."""
    row = tx.row(
        "SELECT place_id, started_at, origin IN ('inventory', 'set') FROM listing WHERE id = ?", (listing_id,)
    )
    if row is None:
        raise listing_replaced()
    return ListingPlace(listing_id, *row)


def add_span(tx: Tx, sel: int, place: ListingPlace, span: Span) -> int:
    """Mark the rows of a span; how many were marked or brought up to date. The totals must be recounted after it."""
    return tx.run(
        f"{INSERT} SELECT {STEP}, :sel, :place, l.key, coalesce(l.version_id, ''), l.storage_class,"
        " l.size, l.modified, NULL, 0, l.in_progress, l.expiry, :started + l.seen, l.etag,"
        " NULL, NULL, NULL, NULL, :silent"
        f" FROM {span.source} WHERE {span.where} {IF_NEWER}",
        {
            **span.args,
            "sel": sel,
            "place": place.place_id,
            "started": place.started_at,
            "silent": int(place.silent),
        },
    )


def add_to_totals(tx: Tx, sel: int, place: int, objects: int, size_bytes: int) -> None:
    """Keep the totals of one bucket true by a difference."""
    tx.run(
        "INSERT INTO selection_total (sel, place_id, objects, size_bytes) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (sel, place_id) DO UPDATE SET"
        f" objects = objects + excluded.objects, size_bytes = {added('size_bytes', 'excluded.size_bytes')}",
        (sel, place, objects, saturated(size_bytes)),
    )


def copy_totals(tx: Tx, source: int, target: int, place: int) -> None:
    """In one bucket the same is marked in both."""
    tx.run(
        "INSERT OR REPLACE INTO selection_total (sel, place_id, objects, size_bytes)"
        " SELECT ?, place_id, objects, size_bytes FROM selection_total WHERE sel = ? AND place_id = ?",
        (target, source, place),
    )


def take(tx: Tx, sel: int, place: int, where: str, args: dict[str, object]) -> int:
    """Unmark what ``where`` says of one bucket; kept aside where somebody may want it back. How many."""
    args = {**args, "sel": sel, "place": place}
    where = f"sel = :sel AND place_id = :place AND {where}"
    keep_aside(tx, sel, where, args)
    return tx.run(f"DELETE FROM selection WHERE {where}", args)


def keep_aside(tx: Tx, sel: int, where: str, args: dict[str, object]) -> None:
    """Copy marks that are about to go to the set that the change under way puts them into, if it does."""
    row = tx.row("SELECT trash FROM selection_set WHERE id = ?", (sel,))
    if row is not None and row[0] is not None:
        columns = f"place_id, key, version_id, {', '.join(FACTS_OF_LOOK)}, silent, step"
        kept = f"SELECT :trash, {columns} FROM selection WHERE {where}"
        tx.run(f"INSERT OR REPLACE INTO selection (sel, {columns}) {kept}", {**args, "trash": row[0]})


def total_of(tx: Tx, sel: int, place: int) -> int:
    """How many objects are marked in one bucket."""
    row = tx.row("SELECT objects FROM selection_total WHERE sel = ? AND place_id = ?", (sel, place))
    return 0 if row is None else int(row[0])


def remove_place(tx: Tx, sel: int, place: int) -> None:
    """Unmark everything in one bucket."""
    tx.run("DELETE FROM selection_total WHERE sel = ? AND place_id = ?", (sel, place))
    args: dict[str, object] = {"sel": sel, "place": place}
    keep_aside(tx, sel, "sel = :sel AND place_id = :place", args)
    keep_spans_aside(tx, sel, spans_between(tx, sel, place))
    tx.run("DELETE FROM selection_span WHERE sel = :sel AND place_id = :place", args)
    others = ("selection WHERE sel < :sel", "selection WHERE sel > :sel", "selection_total WHERE objects > 0")
    if all(tx.row(f"SELECT 1 FROM {rows} LIMIT 1", args) is None for rows in others):
        # No other marks in the table: emptying it as a whole is quickest.
        tx.run("DELETE FROM selection")
    else:
        tx.run("DELETE FROM selection WHERE sel = :sel AND place_id = :place", args)


def recount(tx: Tx, sel: int, place: int) -> None:
    """Make the totals of one bucket true again after a change in bulk."""
    spans = spans_between(tx, sel, place)
    tx.run(
        "INSERT OR REPLACE INTO selection_total (sel, place_id, objects, size_bytes)"
        f" SELECT :sel, :place, count(*) + :objects, {added(f'CAST(total(size) {OF_KNOWN} AS INTEGER)', ':size')}"
        " FROM selection WHERE sel = :sel AND place_id = :place",
        {"sel": sel, "place": place, "objects": sum(span.objects for span in spans), "size": bytes_of(tx, spans)},
    )


def clear(tx: Tx, sel: int) -> None:
    """Unmark everything."""
    for (place,) in tx.rows("SELECT place_id FROM selection_total WHERE sel = ?", (sel,)):
        remove_place(tx, sel, place)
    tx.touch(change_feed.selection_topic(sel))
