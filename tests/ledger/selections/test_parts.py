"""A part of what is marked is unmarked, however much it is."""

from functools import partial

import pytest

from restoretui.ledger import Ledger
from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.selections import selections
from restoretui.ledger.store.writer import Tx
from tests.ledger.helpers import BUCKET, CLOUD, entry, listed, marks_in


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
