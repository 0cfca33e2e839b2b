"""Single marks take over what a newer listing tells of their objects: in steps, since marks and rows may be many.

Both are in key order. Where marks are few, the row of the next one is looked for; where they are dense, rows are gone
through side by side, more of them at a time as long as it stays so. Marks by span follow by themselves
(``marks.following``).
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from restoretui.ledger.marks.marking import changing_sets, renew
from restoretui.ledger.marks.spans import first_at, key_of
from restoretui.ledger.marks.stored_marks import ListingPlace, listing_place
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.row_order import PLACE_BITS

STEP_S = 0.05
"""Seconds that others who write wait for one step."""
FEW, MANY = 32, 8192
"""Rows that are gone through at a time: finding the next mark takes as long as a few dozen of them."""


class _RowSpan(NamedTuple):
    """Rows of one segment, from one id to another, of which a set may have marked some."""

    sel: int
    first_id: int
    last_id: int


class _Left(NamedTuple):
    """What is left to do."""

    stretches: Sequence[_RowSpan]
    rows: int = FEW
    """To be gone through next."""


async def refresh_marks(writer: Writer, listing_id: int, goes_on: Callable[[], bool]) -> None:
    """Bring single marks up to date; what is left when it no longer ``goes_on`` stays as it was last seen."""
    left = await writer.do(lambda tx: _begin(tx, listing_id))
    while left.stretches and goes_on():
        left = await writer.do(partial(_step, listing_id=listing_id, left=left))


def _begin(tx: Tx, listing_id: int) -> _Left:
    place = listing_place(tx, listing_id).place_id
    segments = tx.rows("SELECT number, rows FROM segment WHERE listing_id = ? AND rows > 0", (listing_id,))
    single = "SELECT 1 FROM selection WHERE sel = ? AND place_id = ? LIMIT 1"
    return _Left(
        [
            _RowSpan(sel, (number << PLACE_BITS) + 1, (number << PLACE_BITS) + rows)
            for sel in changing_sets(tx, place)
            if tx.row(single, (sel, place)) is not None
            for number, rows in segments
        ]
    )


def _step(tx: Tx, listing_id: int, left: _Left) -> _Left:
    place, until = listing_place(tx, listing_id), time.monotonic() + STEP_S
    while left.stretches:
        (sel, first, last), *others = left.stretches
        first, rows = _next(tx, sel, place, first, last, left.rows)
        stop = min(last, first + rows - 1)
        if first <= stop:
            renew(tx, sel, place, first, stop)
        left = _Left([_RowSpan(sel, stop + 1, last), *others] if stop < last else others, rows)
        if time.monotonic() >= until:
            break
    return left


def _next(tx: Tx, sel: int, place: ListingPlace, first: int, last: int, rows: int) -> tuple[int, int]:
    """From which row on the next mark may be, ``last + 1`` for none, and how many rows to go through from there."""
    listing = place.listing_id
    mark = tx.row(
        "SELECT key FROM selection WHERE sel = ? AND place_id = ? AND key >= ? ORDER BY key LIMIT 1",
        (sel, place.place_id, key_of(tx, listing, first)),
    )
    if mark is None:
        return last + 1, rows
    ahead = min(last, first + rows - 1)
    if key_of(tx, listing, ahead) >= mark[0]:
        return first, min(MANY, 2 * rows)
    return first_at(tx, listing, ahead + 1, last, mark[0]), FEW
