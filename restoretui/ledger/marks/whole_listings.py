"""Marks all rows of a listing by span, and turns their marks: the work of what is already marked, not of the rows."""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import NamedTuple

from restoretui.ledger.marks.span_changes import insert_spans, keep_spans_aside, part_of, remove_span_row
from restoretui.ledger.marks.spans import FEW, MarkedSpan, Reads, first_at, ordered_segments, spans_between
from restoretui.ledger.store.unknown_values import OF_KNOWN, saturated
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views import row_kinds
from restoretui.ledger.views.ids_in_order import IdRange
from restoretui.ledger.views.row_order import PLACE_BITS
from restoretui.ledger.volumes import HALF


class Unmarked(NamedTuple):
    """What of a listing is not marked, and how what is stands in it."""

    parts: list[MarkedSpan]
    spans: list[MarkedSpan]
    """Marks by span of this listing."""
    singles: list[tuple[int, str, str]]
    """Single marks of objects that it has: row id, key and version."""

    @property
    def objects(self) -> int:
        """How many are not marked."""
        return sum(part.objects for part in self.parts)


def unmarked(tx: Tx, sel: int, listing: int) -> Unmarked | None:
    """None where spans cannot say it: keys do not rise, marks of other listings, or very many single ones."""
    segments = ordered_segments(tx, listing)
    if not segments:
        return None
    place, low, high = segments[0].place, segments[0].first_key, segments[-1].last_key
    spans = spans_between(tx, sel, place, low, high)
    singles = tx.rows(
        "SELECT key, version_id FROM selection WHERE sel = ? AND place_id = ? AND key BETWEEN ? AND ? LIMIT ?",
        (sel, place, low, high, FEW + 1),
    )
    if len(singles) > FEW or any(span.listing != listing for span in spans):
        return None
    found: list[tuple[int, str, str]] = []
    taken = [(span.first_id, span.last_id) for span in spans]
    for key, version_id in singles:
        segment = max((one for one in segments if one.first_key <= key), key=lambda one: one.first_key)
        row_id = first_at(tx, listing, segment.first_id, segment.last_id, key)
        row = tx.row(f"SELECT key, coalesce(version_id, '') FROM l{listing} WHERE id = ?", (row_id,))
        if row_id > segment.last_id or row is None or row[0] != key:
            taken.append((row_id, row_id - 1))  # It stands between two rows.
        elif row[1] == version_id:
            taken.append((row_id, row_id))
            found.append((row_id, key, version_id))
        else:
            return None
    return Unmarked(_between(tx, segments, taken), spans, found)


def _between(tx: Tx, segments: list[MarkedSpan], taken: list[tuple[int, int]]) -> list[MarkedSpan]:
    parts: list[MarkedSpan | None] = []
    for segment in segments:
        at = segment.first_id
        for first, last in sorted(taken):
            if segment.first_id <= first <= segment.last_id:
                parts.append(part_of(tx, segment, at, first - 1))
                at = last + 1
        parts.append(part_of(tx, segment, at, segment.last_id))
    return [part for part in parts if part is not None]


def add_whole(tx: Tx, sel: int, listing: int) -> Unmarked | None:
    """Mark what of a listing is not marked yet; what that was, None where spans cannot say it."""
    left = unmarked(tx, sel, listing)
    if left is not None:
        _insert(tx, sel, left.parts)
    return left


def add_ranges(tx: Tx, sel: int, listing: int, ranges: Sequence[IdRange]) -> Unmarked | None:
    """Mark what of these rows of a listing is not marked yet; what that was, None where spans cannot say it."""
    left = unmarked(tx, sel, listing)
    if left is None:
        return None
    parts: list[MarkedSpan | None] = []
    todo, at = sorted(left.parts, key=attrgetter("first_id")), 0
    for first, last in (rising := sorted(ranges)):
        while at < len(todo) and todo[at].last_id < first:
            at += 1
        for part in todo[at:]:
            if part.first_id > last:
                break
            parts.append(part_of(tx, part, max(first, part.first_id), min(last, part.last_id)))
    found = [part for part in parts if part is not None]
    _insert(tx, sel, found)
    return left._replace(parts=found, singles=[single for single in left.singles if _is_in(single[0], rising)])


def _is_in(row_id: int, rising: Sequence[IdRange]) -> bool:
    at = bisect_right(rising, row_id, key=itemgetter(0)) - 1
    return at >= 0 and row_id <= rising[at][1]


def invert_whole(tx: Tx, sel: int, listing: int) -> Unmarked | None:
    """Unmark what is marked of it by span, mark what is not; single marks are left to whoever asks."""
    left = unmarked(tx, sel, listing)
    if left is not None:
        for span in left.spans:
            remove_span_row(tx, sel, span)
        keep_spans_aside(tx, sel, left.spans)
        _insert(tx, sel, left.parts)
    return left


def _insert(tx: Tx, sel: int, parts: list[MarkedSpan]) -> None:
    row = tx.row("SELECT step FROM selection_set WHERE id = ?", (sel,))
    step = 0 if row is None else int(row[0])
    insert_spans(tx, sel, [part._replace(step=step) for part in parts])


def bytes_of(tx: Tx, spans: list[MarkedSpan]) -> int:
    """What their objects take together, of which sizes are known.

    Of a segment that is mostly in them the sum is known, and only what is not in them is gone through.
    """
    by_segment: dict[tuple[int, int], list[MarkedSpan]] = {}
    for span in spans:
        by_segment.setdefault((span.listing, span.first_id >> PLACE_BITS), []).append(span)
    return saturated(sum(_bytes_of(tx, *of, some) for of, some in by_segment.items()))


def _bytes_of(tx: Tx, listing: int, number: int, spans: list[MarkedSpan]) -> int:
    row = tx.row("SELECT rows, kinds FROM segment WHERE listing_id = ? AND number = ?", (listing, number))
    kinds = None if row is None else row_kinds.read(row[1])
    parts = [(span.first_id, span.last_id) for span in spans]
    if row is None or kinds is None or 2 * sum(span.objects for span in spans) < row[0]:
        return sum(bytes_between(tx, listing, *part) for part in parts)
    at, end, rest = (number << PLACE_BITS) + 1, (number << PLACE_BITS) + row[0], 0
    for first, last in [*sorted(parts), (end + 1, end)]:
        rest += bytes_between(tx, listing, at, first - 1) if at < first else 0
        at = last + 1
    return sum(sums.size_bytes for sums in kinds.values()) - rest


def bytes_between(reads: Reads, listing: int, first: int, last: int) -> int:
    """What the rows of a listing between two ids take together, of which sizes are known."""
    sizes = f"SELECT total(size >> {HALF}) {OF_KNOWN}, total(size & {(1 << HALF) - 1}) {OF_KNOWN}"
    ((high, low),) = reads.rows(f"{sizes} FROM l{listing} WHERE id BETWEEN ? AND ?", (first, last))
    return (int(high) << HALF) + int(low)
