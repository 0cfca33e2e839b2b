"""Marks a whole listing by span where most of it is marked one by one: what a span says of these need not stay.

Two million objects that a filter matched are single marks. Marking all wrote the other eight million beside them, one
by one, in one transaction, and undoing that took them away again. So the listing is gone through against the marks,
in steps that only read: of single marks that it tells of, and as newly, none is kept. What is left is few or this is
not the way. Then the old set is put aside, and the new one is a span.
"""

import time
from collections.abc import Callable, Iterator
from sqlite3 import Connection
from typing import NamedTuple

from restoretui.ledger.marks.span_sql import SpanListing
from restoretui.ledger.marks.spans import FEW, MarkedSpan, Reads, has_spans, key_of, ordered_segments
from restoretui.ledger.marks.stored_marks import ListingPlace, recount, total_of
from restoretui.ledger.marks.whole_listings import add_whole
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK

ROWS = 100_000
"""That are held against the marks at a time."""
STEP_S = 0.05
"""Seconds that others who read wait for one step, at least."""

Name = tuple[str, str]
"""Key and version."""
_FACTS = (*FACTS_OF_LOOK, "silent")
_COLUMNS = f"place_id, key, version_id, {', '.join(_FACTS)}, step"
_MARKS = "selection WHERE sel = :sel AND place_id = :place"


class CannotSay(Exception):
    """Spans cannot say it, or it changes nothing: nothing is done."""


class _Held(NamedTuple):
    """What some rows do not tell of, held against the marks."""

    rows: int
    others: list[Name]


class _Chunk(NamedTuple):
    first: int
    last: int
    low: str
    """The last key before it."""
    high: str


def is_worth_it(reads: Reads, sel: int, place: int) -> bool:
    """There are many single marks, and no others anywhere."""
    if has_spans(reads, sel):
        return False
    elsewhere = "SELECT 1 FROM selection_total WHERE sel = ? AND place_id <> ? AND objects > 0"
    many = f"SELECT 1 FROM {_MARKS} LIMIT 1 OFFSET :few"
    return (
        reads.row(elsewhere, (sel, place)) is None
        and reads.row(many, {"sel": sel, "place": place, "few": FEW}) is not None
    )


async def others(
    reader: ReaderThread, sel: int, of: ListingPlace, told: Callable[[int], None] | None
) -> list[Name] | None:
    """Single marks that a listing does not tell of, or not as newly; None where those are not few.

    ``told`` hears how many of its rows were gone through.
    """
    rest: Iterator[_Held | None] | None = None

    def step(connection: Connection) -> list[_Held | None]:
        nonlocal rest
        until, some = time.monotonic() + STEP_S, list[_Held | None]()
        if rest is None:
            rest = _others(Tx(connection), sel, of)
        for one in rest:
            some.append(one)
            if time.monotonic() >= until:
                break
        return some

    found, done = list[Name](), 0
    while some := await reader.run(step):
        for held in some:
            if held is None or len(found) + len(held.others) > FEW:
                return None
            found += held.others
            done += held.rows
        if told is not None:
            told(done)
    return found


def _others(reads: Reads, sel: int, of: ListingPlace) -> Iterator[_Held | None]:
    segments = ordered_segments(reads, of.listing_id)
    if not segments:
        yield None
        return
    listing = SpanListing(of.listing_id, of.started_at, of.silent)
    facts, told = (", ".join(f"{of}.{name}" for name in _FACTS) for of in "ms")
    alike = (
        f"FROM {listing.between()} CROSS JOIN selection m ON m.sel = :sel AND m.place_id = :place AND m.key = s.key"
        f" AND m.version_id = s.version_id WHERE m.seen_at < s.seen_at OR ({facts}) IS ({told})"
    )
    args: dict[str, object] = {"sel": sel, "place": of.place_id, "few": FEW}
    for chunk in _chunks(reads, segments):
        args |= {"first": chunk.first, "last": chunk.last, "low": chunk.low, "high": chunk.high}
        within = f"{_MARKS} AND key > :low AND key <= :high"
        ((marked,),) = reads.rows(f"SELECT count(*) FROM {within}", args)
        ((said,),) = reads.rows(f"SELECT count(*) {alike}", args) if marked else ((0,),)
        if marked - said > FEW:
            yield None
            return
        names = f"SELECT key, version_id FROM {within} EXCEPT SELECT m.key, m.version_id {alike}"
        yield _Held(chunk.last - chunk.first + 1, reads.rows(names, args) if marked > said else [])
    behind = reads.rows(f"SELECT key, version_id FROM {_MARKS} AND key > :high LIMIT :few + 1", args)
    yield _Held(0, behind)


def _chunks(reads: Reads, segments: list[MarkedSpan]) -> Iterator[_Chunk]:
    low = ""
    for segment in segments:
        for first in range(segment.first_id, segment.last_id + 1, ROWS):
            last = min(segment.last_id, first + ROWS - 1)
            high = key_of(reads, segment.listing, last)
            yield _Chunk(first, last, low, high)
            low = high


def take_in(tx: Tx, old: int, new: int, of: ListingPlace, names: list[Name]) -> None:
    """Mark all of a listing in an empty set, and what of the ``old`` one it does not tell of; ``CannotSay``."""
    kept = "sel = ? AND place_id = ? AND key = ? AND version_id = ?"
    for name in names:
        tx.run(
            f"INSERT INTO selection (sel, {_COLUMNS}) SELECT ?, {_COLUMNS} FROM selection WHERE {kept}",
            (new, old, of.place_id, *name),
        )
    if add_whole(tx, new, of.listing_id) is None:
        raise CannotSay
    recount(tx, new, of.place_id)
    if total_of(tx, new, of.place_id) == total_of(tx, old, of.place_id):
        raise CannotSay  # All of it was marked: there is nothing to undo.
