"""A part of what is marked is unmarked, and all is marked over a part, however much it is."""

from functools import partial
from random import Random
from sqlite3 import Connection
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.ledger import Ledger
from restoretui.ledger.marks import whole_listings
from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.records import Listing
from restoretui.ledger.selections import selections, taking_in
from restoretui.ledger.store.writer import Tx
from tests.ledger.helpers import BUCKET, CLOUD, clock_of, entry, ledger_for_examples, listed, look, marks_in, now_of


@pytest.mark.parametrize("whole", [True, False])
async def test_a_large_part_is_unmarked_in_steps_and_comes_back_as_one(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Others write meanwhile, and after each step what is counted is what is there; all there is goes at once."""
    monkeypatch.setattr(selections, "ROWS_A_STEP", 10)
    await ledger.mark_sets.begin()
    marks, sel = ledger.selections, ledger.selections.shown
    names = [f"a/{'b/' if n % 30 < 10 else 'x'}{n:03}" for n in range(90)] + [f"c{n:02}" for n in range(30)]
    listing = await listed(ledger, [entry(name, size=2) for name in sorted(names)])
    await marks.add_rows(sel, listing.id, range(1, 121))
    told, failures = list[int](), list[Exception | None]()
    part, gone = PartOfPlace(CLOUD, BUCKET, "a/", whole), 90 if whole else 60
    before = await marks_in(ledger, sel)

    def tell(done: int) -> None:
        told.append(done)
        marks.threads[0].post(partial(check, done=done), failures.append)

    def check(tx: Tx, done: int) -> None:
        ((objects, size_bytes),) = tx.rows("SELECT objects, size_bytes FROM selection_total WHERE sel = ?", (sel,))
        ((rows,),) = tx.rows("SELECT count(*) FROM selection WHERE sel = ?", (sel,))
        assert (objects, size_bytes, rows) == (120 - done, 2 * (120 - done), 120 - done)

    after = await marks.remove_under(sel, part, tell)
    assert (after.objects, after.size_bytes) == (120 - gone, 2 * (120 - gone))
    assert told[-1] == gone
    assert len(told) >= gone // 10
    assert failures == [None] * len(told)
    left = await marks_in(ledger, sel)
    assert all(not key.startswith("a/") or (not whole and "b/" in key) for key in (str(row[1]) for row in left))
    assert (await marks.undo()).objects == 120
    assert await marks_in(ledger, sel) == before
    assert (await marks.redo()).objects == 120 - gone
    assert await marks_in(ledger, sel) == left
    await marks.undo()
    # All that is marked: nothing is gone through.
    told.clear()
    assert (await marks.remove_under(sel, PartOfPlace(CLOUD, BUCKET, ""), tell)).objects == 0
    assert marks.shown != sel
    assert (await marks.undo()).objects == 120
    await marks.remove_under(sel, PartOfPlace(CLOUD, BUCKET, "c"), tell)
    assert (await marks.remove_under(sel, PartOfPlace(CLOUD, BUCKET, "a/"), told.append)).objects == 0
    assert told == [10, 20, 30]
    assert marks.shown != sel
    assert [(await marks.undo()).objects for _ in range(2)] == [90, 120]


async def test_all_is_marked_over_many_single_marks_by_span_and_undone_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the listing does not tell of, or not as newly, stays as it is; if that is much, all is marked as ever."""
    for module in (taking_in, whole_listings):
        monkeypatch.setattr(module, "FEW", 5)
    monkeypatch.setattr(taking_in, "ROWS", 7)
    monkeypatch.setattr(taking_in, "STEP_S", 0.0)
    await ledger.mark_sets.begin()
    marks, sel = ledger.selections, ledger.selections.shown
    listing = await listed(ledger, [entry(f"k{number:02}", size=2) for number in range(50)])
    await clock_of(ledger).advance(60)
    await marks.add_rows(sel, listing.id, range(1, 51, 3))
    looks = [
        look("a", now_of(ledger), size=3),
        look("k03", now_of(ledger), size=5),
        look("z", now_of(ledger), size=7),
    ]
    before = await marks.add_observed(sel, CLOUD, BUCKET, looks)
    assert (before.objects, before.size_bytes) == (19, 16 * 2 + 5 + 3 + 7)
    rows = await marks_in(ledger, sel)
    view, told = await ledger.catalog.browse(listing.id), list[int]()
    after = await marks.add_view(sel, view, told.append)
    assert (after.objects, after.size_bytes) == (52, 49 * 2 + 5 + 3 + 7)
    assert told[-1] == 50
    assert await singles(ledger, marks.shown) == ["a", "k03", "z"]
    assert {row.marked for row in view.rows(0, 50)} == {True}
    assert await marks.undo() == before
    assert await marks_in(ledger, marks.shown) == rows
    assert await marks.redo() == after
    await marks.undo()
    # Many that it does not tell of: each stays a mark by itself.
    await marks.add_observed(marks.shown, CLOUD, BUCKET, [look(f"y{n}", now_of(ledger), size=1) for n in range(9)])
    assert (await marks.add_view(marks.shown, view)).objects == 61
    assert len(await singles(ledger, marks.shown)) == 61
    # All of it again changes nothing that could be undone.
    await marks.add_view(marks.shown, view)
    assert [(await marks.undo()).objects for _ in range(2)] == [28, 19]


async def singles(ledger: Ledger, sel: int) -> list[str]:
    """The keys of what is marked by itself."""

    def read(connection: Connection) -> list[str]:
        return [key for (key,) in connection.execute("SELECT key FROM selection WHERE sel = ? ORDER BY key", (sel,))]

    return await ledger._reader.run(read)


def test_all_over_many_single_marks_is_what_it_is_one_by_one() -> None:
    """Of random listings, marks and looks, older and newer than what is marked by span over them."""
    number = iter(range(10**6))
    with ledger_for_examples() as (runner, one), ledger_for_examples() as (other_runner, two):
        taken = list[bool]()

        async def marks(ledger: Ledger, bucket: str, dice: Random) -> list[Any]:
            await ledger.mark_sets.begin()
            selections, listings = ledger.selections, list[Listing]()
            for _ in range(2):
                names = sorted({f"{dice.choice('abc')}{dice.randrange(9)}" for _ in range(18)})
                rows = [entry(name, dice.choice(["GLACIER", "STANDARD"]), size=dice.randrange(9)) for name in names]
                listings.append(await listed(ledger, rows, bucket=bucket))
                await clock_of(ledger).advance(60)
                if dice.random() < 0.5:
                    last = listings[-1]
                    ids = [row for row in range(1, last.objects + 1) if dice.random() < 0.6]
                    await selections.add_rows(selections.shown, last.id, ids)
            some = [f"{dice.choice('abcd')}{dice.randrange(9)}" for _ in range(dice.randrange(1, 4))]
            looks = [look(name, now_of(ledger)) for name in some]
            await selections.add_observed(selections.shown, CLOUD, bucket, looks)
            view = await ledger.catalog.browse(dice.choice(listings).id)
            before = selections.shown
            states = [await selections.summary(before), await selections.add_view(before, view)]
            taken.append(selections.shown != before)
            found: list[Any] = [await marks_in(ledger, selections.shown)]
            while selections.can_undo:
                states.append(await selections.undo())
                found.append(await marks_in(ledger, selections.shown))
            while selections.can_redo:
                states.append(await selections.redo())
            found += [await marks_in(ledger, selections.shown), states]
            await view.aclose()
            return found

        @settings(max_examples=60, deadline=None)
        @given(st.integers(0, 2**32))
        def check(seed: int) -> None:
            bucket = f"b-{next(number)}"
            with pytest.MonkeyPatch.context() as patch:
                for module in (taking_in, whole_listings):
                    patch.setattr(module, "FEW", 4)
                patch.setattr(taking_in, "ROWS", 3)
                patch.setattr(taking_in, "STEP_S", 0.0)
                by_span = runner.run(marks(one, bucket, Random(seed)))
                patch.setattr(taking_in, "is_worth_it", lambda *_: False)
                assert by_span == other_runner.run(marks(two, bucket, Random(seed)))

        check()
        assert sum(taken) > 5
