"""Changes of what is marked by span, within a transaction: splitting, cutting out, and turning into single marks."""

from collections.abc import Sequence

from restoretui.ledger.marks.spans import (
    COLUMNS,
    FEW,
    MarkedSpan,
    find_in,
    first_at,
    has_spans,
    key_of,
    span_listings,
    span_over,
    spans_between,
)
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK

MOST_CUT = 20_000
"""Objects that are unmarked one run after the other."""


_INSERT = (
    f"INSERT OR IGNORE INTO selection (step, sel, place_id, key, version_id, {', '.join(FACTS_OF_LOOK)}, silent)"
)


def insert_spans(tx: Tx, sel: int, spans: Sequence[MarkedSpan]) -> None:
    """Mark these, which nothing that is marked reaches over."""
    tx.values(f"INSERT OR REPLACE INTO selection_span (sel, {COLUMNS})", [(sel, *span) for span in spans])


def part_of(tx: Tx, span: MarkedSpan, first: int, last: int) -> MarkedSpan | None:
    """The rows of a span from one id to another; None for none."""
    if first > last:
        return None
    low = span.first_key if first == span.first_id else key_of(tx, span.listing, first)
    high = span.last_key if last == span.last_id else low if last == first else key_of(tx, span.listing, last)
    return span._replace(first_key=low, last_key=high, first_id=first, last_id=last)


def split(tx: Tx, sel: int, span: MarkedSpan, first: int, last: int) -> MarkedSpan | None:
    """Take the rows between two ids out of a span; what was taken, None where ``first`` is behind ``last``."""
    parts = [part_of(tx, span, span.first_id, first - 1), part_of(tx, span, last + 1, span.last_id)]
    taken = part_of(tx, span, first, last)
    remove_span_row(tx, sel, span)
    insert_spans(tx, sel, [part for part in parts if part is not None])
    return taken


def remove_span_row(tx: Tx, sel: int, span: MarkedSpan) -> None:
    """It marks nothing any more."""
    where = "sel = ? AND place_id = ? AND first_key = ?"
    tx.run(f"DELETE FROM selection_span WHERE {where}", (sel, span.place, span.first_key))


def cut(tx: Tx, sel: int, span: MarkedSpan, first: int, last: int) -> None:
    """Unmark the rows between two ids of a span; kept aside where somebody may want them back."""
    taken = split(tx, sel, span, first, last)
    if taken is not None:
        keep_spans_aside(tx, sel, [taken])


def keep_spans_aside(tx: Tx, sel: int, spans: Sequence[MarkedSpan]) -> None:
    """Copy spans that are about to go to the set that the change under way puts them into, if it does."""
    row = tx.row("SELECT trash FROM selection_set WHERE id = ?", (sel,))
    if row is not None and row[0] is not None:
        insert_spans(tx, row[0], spans)


def in_rows(tx: Tx, sel: int, place: int | None = None) -> None:
    """Turn all spans of a set, or of one place in it, into single marks."""
    for (there,) in tx.rows("SELECT DISTINCT place_id FROM selection_span WHERE sel = ?", (sel,)):
        if place is not None and there != place:
            continue
        args: dict[str, object] = {"sel": sel, "place": there}
        for listing in span_listings(tx, sel, there):
            tx.run(f"{_INSERT} {listing.rows('g.step AS step, ')}", args)
        tx.run("DELETE FROM selection_span WHERE sel = :sel AND place_id = :place", args)


def all_in_rows(tx: Tx, where: str, args: dict[str, object]) -> None:
    """The same of all sets whose spans meet ``where``."""
    for sel, place in tx.rows(f"SELECT DISTINCT sel, place_id FROM selection_span WHERE {where}", args):
        in_rows(tx, sel, place)


def out_of_spans(tx: Tx, sel: int, place: int, keys: Sequence[str]) -> None:
    """Make objects of these keys single marks where a span marks them; no span reaches over the keys any more.

    Whoever marks single objects begins with it.
    """
    if not has_spans(tx, sel, place):
        return
    within = [key for key in keys if span_over(tx, sel, place, key) is not None]
    if len(within) > FEW:
        in_rows(tx, sel, place)
        return
    for key in within:
        span = span_over(tx, sel, place, key)  # Those before may have split it.
        if span is not None:
            _out_of(tx, sel, span, key)


def _out_of(tx: Tx, sel: int, span: MarkedSpan, key: str) -> None:
    row_id = first_at(tx, span.listing, span.first_id, span.last_id, key)
    alone = split(tx, sel, span, row_id, row_id if key_of(tx, span.listing, row_id) == key else row_id - 1)
    if alone is not None:
        insert_spans(tx, sel, [alone])
        args: dict[str, object] = {"sel": sel, "place": span.place, "first": alone.first_key}
        for listing in span_listings(tx, sel, span.place):
            if listing.id == span.listing:
                tx.run(f"{_INSERT} {listing.rows('g.step AS step, ', ' AND g.first_key = :first')}", args)
        remove_span_row(tx, sel, alone)


def cut_object(tx: Tx, sel: int, place: int, key: str, version_id: str) -> bool:
    """Unmark one object, if a span marks it."""
    span = span_over(tx, sel, place, key)
    row_id = None if span is None else find_in(tx, span, key, version_id)
    if span is None or row_id is None:
        return False
    cut(tx, sel, span, row_id, row_id)
    return True


def cut_prefix(tx: Tx, sel: int, place: int, low: str, high: str, *, only_here: bool) -> None:
    """Unmark what spans mark from ``low`` up to ``high`` (not included); ``only_here``: without a slash behind it."""
    for span in spans_between(tx, sel, place, low, high):
        first = first_at(tx, span.listing, span.first_id, span.last_id, low)
        last = first_at(tx, span.listing, span.first_id, span.last_id, high) - 1
        if first > last:
            continue
        if not only_here:
            cut(tx, sel, span, first, last)
            continue
        here = tx.rows(
            f"SELECT id FROM l{span.listing} WHERE id BETWEEN ? AND ? AND instr(substr(key, length(?) + 1), '/') = 0"
            f" ORDER BY id LIMIT {MOST_CUT + 1}",
            (first, last, low),
        )
        if len(here) > MOST_CUT:
            in_rows(tx, sel, place)
            return
        for begin, end in runs_of([row_id for (row_id,) in here]):
            over = span_over(tx, sel, place, key_of(tx, span.listing, begin))
            if over is not None:
                cut(tx, sel, over, begin, end)


def runs_of(ids: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as runs without a gap, each by its first and its last."""
    found: list[tuple[int, int]] = []
    for number in ids:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def copy_spans(tx: Tx, source: int, target: int, place: int) -> None:
    """Mark by span in ``target`` what ``source`` has so of one place: in the change under way."""
    row = tx.row("SELECT step FROM selection_set WHERE id = ?", (target,))
    step = 0 if row is None else int(row[0])
    found = spans_between(tx, source, place)
    insert_spans(tx, target, [span._replace(step=step) for span in found])
