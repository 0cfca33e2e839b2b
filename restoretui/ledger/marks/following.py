"""Marks by span follow a newer listing: of the objects that both have, what the newer one tells is what counts.

Two listings of one place are mostly alike, so they are compared run by run: from two rows with one key on, as far as
their keys stay the same. What only the older one has stays marked, as it was last seen.
"""

from typing import NamedTuple

from restoretui.ledger.marks.span_changes import in_rows, insert_spans, part_of, remove_span_row
from restoretui.ledger.marks.spans import MarkedSpan, first_at, key_of, ordered_segments, spans_between
from restoretui.ledger.store.writer import Tx

MOST_RUNS = 20_000
"""Of two listings that differ in more places, the marks of the older become single ones."""


class _Run(NamedTuple):
    """Rows of an older and a newer listing that are of the same objects."""

    first: int
    last: int
    newer: int
    """The id of the first in the newer one."""


def follow(tx: Tx, sel: int, place: int, listing: int) -> bool:
    """Let the spans of a set be of this listing, as far as it is newer and has their objects; whether any are."""
    there = ordered_segments(tx, listing)
    if there == []:
        return False
    low, high = ("", None) if there is None else (there[0].first_key, there[-1].last_key)
    spans = [span for span in spans_between(tx, sel, place, low, high) if span.listing != listing]
    kinds = {older: _is_newer(tx, listing, older) for older in {span.listing for span in spans}}
    if True not in kinds.values() and None not in kinds.values():
        return False
    moved = False
    for span in spans:
        if kinds[span.listing] is False:
            continue
        runs = None if there is None or kinds[span.listing] is None else _runs(tx, span, there)
        if runs is None:
            in_rows(tx, sel, place)
            return True
        moved = moved or bool(runs)
        _move(tx, sel, span, listing, runs)
    return moved


def _is_newer(tx: Tx, listing: int, older: int) -> bool | None:
    """Whether all it tells is newer; False if nothing is; None for some of it."""
    times = "SELECT started_at, coalesce(ended_at, started_at) FROM listing WHERE id = ?"
    ((begun, ended),), ((begun_before, ended_before),) = tx.rows(times, (listing,)), tx.rows(times, (older,))
    if begun > ended_before:
        return True
    return False if ended <= begun_before else None


def _runs(tx: Tx, span: MarkedSpan, there: list[MarkedSpan]) -> list[_Run] | None:
    """What of a span stands in the segments of the newer listing; None where that is in too many pieces."""
    found: list[_Run] = []
    for segment in there:
        if segment.last_key < span.first_key or segment.first_key > span.last_key:
            continue
        old = first_at(tx, span.listing, span.first_id, span.last_id, segment.first_key)
        new = first_at(tx, segment.listing, segment.first_id, segment.last_id, span.first_key)
        while old <= span.last_id and new <= segment.last_id:
            if len(found) > MOST_RUNS:
                return None
            alike = _alike(tx, span, old, segment, new)
            if alike:
                found.append(_Run(old, old + alike - 1, new))
            old, new = old + alike, new + alike
            if old > span.last_id or new > segment.last_id:
                break
            left, right = key_of(tx, span.listing, old), key_of(tx, segment.listing, new)
            if left < right:
                old = first_at(tx, span.listing, old, span.last_id, right)
            elif right < left:
                new = first_at(tx, segment.listing, new, segment.last_id, left)
            else:  # Another version of the object: what was marked is that one.
                old, new = old + 1, new + 1
    return found


def _alike(tx: Tx, span: MarkedSpan, old: int, segment: MarkedSpan, new: int) -> int:
    """How many rows from here on are of the same objects in both."""
    rows = min(span.last_id - old, segment.last_id - new) + 1
    row = tx.row(
        f"SELECT o.id FROM l{span.listing} o CROSS JOIN l{segment.listing} n ON n.id = o.id + :ahead"
        " WHERE o.id BETWEEN :first AND :last AND"
        " (o.key <> n.key OR coalesce(o.version_id, '') <> coalesce(n.version_id, '')) ORDER BY o.id LIMIT 1",
        {"ahead": new - old, "first": old, "last": old + rows - 1},
    )
    return rows if row is None else int(row[0]) - old


def _move(tx: Tx, sel: int, span: MarkedSpan, listing: int, runs: list[_Run]) -> None:
    if not runs:
        return
    parts: list[MarkedSpan | None] = []
    at = span.first_id
    for run in runs:
        parts.append(part_of(tx, span, at, run.first - 1))
        same = part_of(tx, span, run.first, run.last)
        if same is not None:
            ends = run.newer, run.newer + run.last - run.first
            parts.append(same._replace(listing=listing, first_id=ends[0], last_id=ends[1]))
        at = run.last + 1
    parts.append(part_of(tx, span, at, span.last_id))
    remove_span_row(tx, sel, span)
    insert_spans(tx, sel, [part for part in parts if part is not None])
