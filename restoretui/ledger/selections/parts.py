"""Unmarks a part of what is marked, within transactions: all below a prefix, or only what lies right at it."""

from typing import NamedTuple

from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.marks.span_changes import cut_prefix
from restoretui.ledger.marks.spans import Reads
from restoretui.ledger.marks.stored_marks import add_to_totals, recount, take
from restoretui.ledger.store.unknown_values import OF_KNOWN
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.filter_sql import end_of_prefix

_PLACE = "SELECT id FROM place WHERE scheme = :scheme AND endpoint = :endpoint AND bucket = :bucket"
_MARKS = f"selection WHERE sel = :sel AND place_id = ({_PLACE})"
_SPANS = f"selection_span WHERE sel = :sel AND place_id = ({_PLACE})"


class Removed(NamedTuple):
    """What one step has unmarked."""

    objects: int
    after: tuple[str, str]
    """Key and version from which the next goes on."""
    is_last: bool


def _args(sel: int, part: PartOfPlace) -> dict[str, object]:
    return {
        "sel": sel, "scheme": part.cloud.scheme, "endpoint": part.cloud.endpoint, "bucket": part.bucket,
        "low": part.prefix, "high": end_of_prefix(part.prefix),
    }  # fmt: skip


def _range(part: PartOfPlace) -> str:
    where = "key >= :low AND key < :high" if part.prefix else "1"
    return where if part.whole else f"{where} AND instr(substr(key, length(:low) + 1), '/') = 0"


def is_all(tx: Tx, sel: int, part: PartOfPlace) -> bool:
    """Nothing else is marked."""
    if not part.whole:
        return False
    others = [f"selection_total WHERE sel = :sel AND objects > 0 AND place_id <> coalesce(({_PLACE}), 0)"]
    if part.prefix:
        others += [f"{_MARKS} AND key < :low", f"{_MARKS} AND key >= :high"]
        others += [f"{_SPANS} AND first_key < :low", f"{_SPANS} AND last_key >= :high"]
    return not any(tx.row(f"SELECT 1 FROM {rows} LIMIT 1", _args(sel, part)) for rows in others)


def has_singles(reads: Reads, sel: int, part: PartOfPlace, most: int) -> bool:
    """More objects than that are marked by themselves below its prefix."""
    rows = f"SELECT 1 FROM {_MARKS} AND key >= :low AND key < :high LIMIT 1 OFFSET :most"
    return reads.row(rows, {**_args(sel, part), "most": most}) is not None


def remove(tx: Tx, sel: int, place: int, part: PartOfPlace) -> None:
    """Unmark all of it."""
    args = _args(sel, part)
    cut_prefix(tx, sel, place, part.prefix, str(args["high"]), only_here=not part.whole)
    take(tx, sel, place, _range(part), args)
    recount(tx, sel, place)


def remove_some(tx: Tx, sel: int, place: int, part: PartOfPlace, after: tuple[str, str], rows: int) -> Removed:
    """Of what is marked by itself in it, unmark what there is among so many rows; keeps the totals by difference."""
    args = {**_args(sel, part), "place": place, "key": after[0], "version": after[1], "rows": rows}
    begun = "sel = :sel AND place_id = :place AND (key, version_id) >= (:key, :version)"
    beyond = tx.row(
        f"SELECT key, version_id FROM selection WHERE {begun} AND key < :high ORDER BY place_id, key, version_id"
        " LIMIT 1 OFFSET :rows",
        args,
    )
    args["end"], args["end_version"] = beyond or (args["high"], "")
    where = f"(key, version_id) >= (:key, :version) AND (key, version_id) < (:end, :end_version) AND {_range(part)}"
    sums = f"SELECT count(*), CAST(total(size) {OF_KNOWN} AS INTEGER) FROM selection"
    ((objects, size_bytes),) = tx.rows(f"{sums} WHERE sel = :sel AND place_id = :place AND {where}", args)
    take(tx, sel, place, where, args)
    add_to_totals(tx, sel, place, -objects, -size_bytes)
    return Removed(objects, beyond or after, beyond is None)
