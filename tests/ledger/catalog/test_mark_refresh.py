"""Single marks take over what a newer listing tells, wherever they lie in it, and others write meanwhile."""

import asyncio
from random import Random

import pytest

from restoretui.core.model import Entry, Page
from restoretui.ledger import Ledger
from restoretui.ledger.catalog import mark_refresh
from restoretui.ledger.records import Listing, Scope
from tests.ledger.helpers import BUCKET, CLOUD, clock_of, entry, keys, listed, look, marks_in, now_of

KEYS = keys(400)
SCATTERED = [KEYS[at] for at in (0, 3, 4, *range(90, 140), 200, *range(201, 260, 3), 398)]
"""Dense, sparse, side by side, at a segment's end and beginning."""


async def listed_in_segments(ledger: Ledger, entries: list[Entry], dice: Random) -> Listing:
    """In ranges of keys, numbered as they come."""
    ends = sorted(dice.sample(range(len(entries)), 6))
    parts = [entries[first:last] for first, last in zip([0, *ends], [*ends, len(entries)], strict=True)]
    dice.shuffle(parts)
    listing = await ledger.catalog.begin(Scope(CLOUD, BUCKET, recursive=True))
    for number, part in enumerate(parts):
        ledger.catalog.append(listing.id, Page(part, (), None), segment=number)
    return await ledger.catalog.finish(listing.id)


@pytest.mark.parametrize("seed", range(2))
async def test_marks_know_what_was_seen_last(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(mark_refresh, "FEW", 2)
    monkeypatch.setattr(mark_refresh, "MANY", 16)
    monkeypatch.setattr(mark_refresh, "STEP_S", 0.0)
    dice, selections = Random(seed), ledger.selections
    sel = await selections.create()
    marked = dice.sample(KEYS, 40) if seed else SCATTERED
    await selections.add_observed(sel, CLOUD, BUCKET, [look(key, now_of(ledger), size=7) for key in marked])
    await clock_of(ledger).advance(10)
    there = [key for key in KEYS if key not in marked[::5]]
    await listed_in_segments(ledger, [entry(key, "DEEP_ARCHIVE", size=9) for key in there], dice)
    known = {str(row[1]): (row[4], row[5]) for row in await marks_in(ledger, sel)}
    assert known == {key: ("GLACIER", 7) if key in marked[::5] else ("DEEP_ARCHIVE", 9) for key in marked}
    sizes = sum(7 if key in marked[::5] else 9 for key in marked)
    summary = await selections.summary(sel)
    assert (summary.objects, summary.size_bytes) == (len(marked), sizes)


async def test_others_write_in_between(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mark_refresh, "STEP_S", 0.0)
    selections = ledger.selections
    sel = await selections.create()
    await selections.add_observed(sel, CLOUD, BUCKET, [look(key, now_of(ledger), size=7) for key in SCATTERED])
    await clock_of(ledger).advance(10)
    listing = await ledger.catalog.begin(Scope(CLOUD, BUCKET, recursive=True))
    ledger.catalog.append(listing.id, Page([entry(key, size=9) for key in KEYS], (), None))
    ending = asyncio.create_task(ledger.catalog.finish(listing.id))
    written = 0
    while not ending.done():
        await selections.create()
        written += 1
    assert written > 2  # One set fits in before it, and one behind.
    assert (await selections.summary(sel)).size_bytes == 9 * len(SCATTERED)


async def test_who_leaves_does_not_wait_for_it(ledger: Ledger) -> None:
    selections = ledger.selections
    sel = await selections.create()
    await selections.add_observed(sel, CLOUD, BUCKET, [look("k00001", now_of(ledger), size=7)])
    await clock_of(ledger).advance(10)
    ledger.catalog.leave()
    assert (await listed(ledger, [entry(key, size=9) for key in KEYS])).is_complete
    assert (await selections.summary(sel)).size_bytes == 7  # As it was last seen.
