"""Marks of one session: whose they are, what undoes a change of them, and sets with a name."""

import threading
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from random import Random
from sqlite3 import Connection
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError, UsageError
from restoretui.core.model import ObjectRef
from restoretui.ledger import Ledger
from restoretui.ledger.marks import marking
from restoretui.ledger.marks.in_key_order import MarksInOrder
from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.selections import mark_runs, marks_view, milestones
from restoretui.ledger.selections.mark_runs import MarkRuns
from restoretui.ledger.selections.mark_sets import set_name
from restoretui.ledger.selections.marks_view import MarkRow, MarksView
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.upkeep.integrity_check import check_folder
from tests.ledger.helpers import BUCKET, CLOUD, entry, ledger_for_examples, listed, marks_in
from tests.narrowing import there

Keys = frozenset[tuple[str, str]]


async def marks_of(ledger: Ledger) -> Keys:
    """Bucket and key of all that is marked on screen; what is counted is what is there."""
    rows = [(str(row[0]), str(row[1])) for row in await marks_in(ledger, ledger.mark_sets.shown)]
    summary = await ledger.selections.summary(ledger.mark_sets.shown)
    assert summary.objects == len(rows)
    return frozenset(rows)


def test_undo_and_redo_lead_through_every_state_that_was() -> None:
    operation = st.sampled_from(["rows", "toggle", "view", "invert", "unprefix", "clear", "undo", "redo", "refs"])
    steps = st.lists(st.tuples(operation, st.randoms(use_true_random=False)), max_size=14)
    names = [f"{folder}{name}" for folder in ("", "a/", "a/b/") for name in "xyz"]

    with ledger_for_examples() as (runner, ledger):

        @settings(max_examples=60)
        @given(steps)
        def check(plan: list[tuple[str, Random]]) -> None:
            runner.run(walk(plan))

        async def walk(plan: list[tuple[str, Random]]) -> None:
            await ledger.mark_sets.begin()
            selections = ledger.selections
            listing = await listed(ledger, [entry(name) for name in sorted(names)])
            other = await listed(ledger, [entry(name) for name in "pq"], bucket="other")
            view = await ledger.catalog.browse(listing.id)
            was, now, to_come = [await marks_of(ledger)], 0, 0
            for name, chance in plan:
                sel = ledger.mark_sets.shown
                match name:
                    case "undo" | "redo":
                        can = now > 0 if name == "undo" else to_come > 0
                        assert (selections.can_undo if name == "undo" else selections.can_redo) is can
                        if not can:
                            with pytest.raises(UsageError):
                                await (selections.undo() if name == "undo" else selections.redo())
                            continue
                        await (selections.undo() if name == "undo" else selections.redo())
                        by = -1 if name == "undo" else 1
                        now, to_come = now + by, to_come - by
                        assert await marks_of(ledger) == was[now]
                        continue
                    case "rows":
                        await selections.add_rows(sel, other.id, [1, 2])
                    case "toggle":
                        ids = [there(view.row_id(at)) for at in chance.sample(range(9), 3)]
                        await selections.toggle_rows(sel, listing.id, ids)
                    case "view":
                        await selections.add_view(sel, view)
                    case "invert":
                        await selections.invert_view(sel, view)
                    case "unprefix":
                        await selections.remove_under(sel, PartOfPlace(CLOUD, BUCKET, "a/", chance.random() < 0.5))
                    case "refs":
                        await selections.remove_refs(sel, CLOUD, [ObjectRef(BUCKET, chance.choice(names))])
                    case "clear":
                        if not was[now]:
                            continue
                        await selections.clear(sel)
                if await marks_of(ledger) == was[now]:
                    continue  # What changes nothing is no step.
                was, to_come = [*was[: now + 1], await marks_of(ledger)], 0
                now += 1
            await view.aclose()

        check()
        assert not check_folder(ledger.folder).findings


async def opened(folder: Path, clock: ManualClock) -> Ledger:
    ledger = await Ledger.open(folder, clock)
    await ledger.mark_sets.begin()
    return ledger


async def test_two_sessions_mark_apart_and_what_one_left_is_offered_with_its_age(
    state_dir: Path, manual_clock: ManualClock
) -> None:
    first, second = await opened(state_dir, manual_clock), await opened(state_dir, manual_clock)
    try:
        listing = await listed(first, [entry(name) for name in "abc"])
        await first.selections.add_rows(first.mark_sets.shown, listing.id, [1, 2])
        assert not await marks_of(second)
        assert not await second.mark_sets.left(), "the first session is not over"
        await second.selections.clear(second.mark_sets.shown)
        assert len(await marks_of(first)) == 2
        left_at = manual_clock.now()
        await first.aclose()
        await manual_clock.advance(timedelta(days=2).total_seconds())
        third = await opened(state_dir, manual_clock)
        try:
            await third.mark_sets.tidy()
            (left,) = await third.mark_sets.left()
            assert (left.objects, left.at) == (2, left_at)
            assert not await marks_of(third), "nothing comes back unasked"
            assert (await third.mark_sets.keep(left.sel)).objects == 2
            assert await marks_of(third) == {(BUCKET, "a"), (BUCKET, "b")}
            assert not await second.mark_sets.left()
            with pytest.raises(LedgerError, match="another session has taken them"):
                await second.mark_sets.keep(left.sel)
            # What was kept is this session's to undo from here on.
            await third.selections.clear(third.mark_sets.shown)
            await third.selections.undo()
            assert len(await marks_of(third)) == 2
        finally:
            await third.aclose()
        (left,) = await second.mark_sets.left()
        await second.mark_sets.drop(left.sel)
        assert not await second.mark_sets.left()
    finally:
        await first.aclose()
        await second.aclose()


async def test_a_set_is_saved_by_name_replaced_and_read_by_its_keys(
    state_dir: Path, manual_clock: ManualClock
) -> None:
    ledger = await opened(state_dir, manual_clock)
    try:
        sets, selections = ledger.mark_sets, ledger.selections
        with pytest.raises(UsageError, match="nothing is marked"):
            await sets.save("friday")
        listing = await listed(ledger, [entry(name) for name in ("a/x", "a/y", "b")])
        await selections.add_rows(sets.shown, listing.id, [1, 2, 3])
        assert (await sets.save("@friday")).objects == 3
        saved = sets.named("friday")
        assert [ref.key for ref in await sets.refs(saved.sel, CLOUD, BUCKET, "a/")] == ["a/x", "a/y"]
        assert not await sets.refs(saved.sel, CLOUD, "other", "")
        await selections.clear(sets.shown)
        await selections.add_rows(sets.shown, listing.id, [3])
        assert [one.objects for one in ([await sets.save("friday")] and sets.saved())] == [1]
        with pytest.raises(UsageError, match="no set is called @monday") as none:
            sets.named("monday")
        assert "@friday" in none.value.hint
        await sets.drop(sets.named("friday").sel)
        assert not sets.saved()
    finally:
        await ledger.aclose()


@pytest.mark.parametrize("text", ["", "@", "a b", "../x", "-x", "x" * 65, "ü"])
def test_what_cannot_be_a_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        set_name(text)


async def test_groups_are_summed_and_every_row_is_found_again(state_dir: Path, manual_clock: ManualClock) -> None:
    ledger = await opened(state_dir, manual_clock)
    try:
        names = [f"{folder}{name:02d}" for folder in ("", "a/", "a/b/", "c/") for name in range(15)]
        listing = await listed(ledger, [entry(name, size=10) for name in sorted(names)])
        other = await listed(ledger, [entry("z/only", size=5)], bucket="other")
        await ledger.selections.add_under(ledger.mark_sets.shown, listing.id)
        await ledger.selections.add_under(ledger.mark_sets.shown, other.id)
        view = await ledger.mark_sets.by_prefix()
        rows = view.rows(0, view.count)
        headings = {(row.bucket, row.prefix, row.is_top): (row.objects, row.size) for row in rows if row.ref is None}
        assert headings[BUCKET, "", True] == (60, 600)
        assert headings[BUCKET, "a/", False] == (15, 150), "what lies in a/b/ is summed there"
        assert headings["other", "z/", True] == (1, 5)
        assert {row.ref.key for row in rows if row.ref is not None} == {*names, "z/only"}
        _found_again(view, rows)
        for start in (0, 7, 17, 40, view.count - 3):
            assert view.rows(start, 5) == rows[start : start + 5]
        assert view.position(10**6) is None
        # Folded away and dropped, the others move up.
        view.fold(next(row for row in rows if row.prefix == "a/b/" and row.ref is None))
        assert view.count == len(rows) - 15
        _found_again(view, view.rows(0, view.count))
        gone = next(row for row in view.rows(0, view.count) if row.ref is not None and row.ref.key == "a/03")
        await ledger.selections.remove_refs(ledger.mark_sets.shown, CLOUD, [there(gone.ref)])
        view.left(gone)
        assert view.position(gone.id) is None
        _found_again(view, view.rows(0, view.count))
        again = await ledger.mark_sets.by_prefix(view)
        assert [row[1:] for row in again.rows(0, 99)] == [row[1:] for row in view.rows(0, 99)]
    finally:
        await ledger.aclose()


@pytest.mark.parametrize("by_span", [True, False])
async def test_marks_are_added_up_in_steps_and_are_those_of_one_moment(
    state_dir: Path, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch, by_span: bool
) -> None:
    """A few rows at a time, above and below folders; a change on the way has all of it counted anew."""
    monkeypatch.setattr(mark_runs, "ROWS", 3)
    monkeypatch.setattr(mark_runs, "STEP_S", 0.0)
    ledger = await opened(state_dir, manual_clock)
    selections, sel = ledger.selections, ledger.mark_sets.shown
    try:
        names = ["a/1", "a/2", "a/b/1", "a/b/c/1", "a/b/c/2", "a/z", "b", "c/1", "c/2", "c/3", "c/4", "c/5", "d"]
        listing = await listed(ledger, [entry(name, size=10) for name in names])
        if by_span:
            await selections.add_under(sel, listing.id)
        else:
            await selections.add_rows(sel, listing.id, range(1, len(names) + 1))
        versions = [entry("v", size=2**62, version_id=str(number)) for number in range(8)]
        more = await listed(ledger, [*versions, entry("w", version_id="0")], bucket="other", versions=True)
        await selections.add_under(sel, more.id)
        whole = await ledger.mark_sets.by_bucket()
        assert [(row.bucket, row.objects) for row in whole.rows(0, 99) if row.ref is None] == [
            (BUCKET, 13), ("other", 9),
        ]  # fmt: skip
        assert not whole.added_up
        counted, changed, steps = list[int](), threading.Event(), count(1)
        step = MarkRuns.step

        def unmark(tx: Tx) -> None:
            marking.set_rows(tx, sel, listing.id, [7], lambda _marked: False)
            tx.run("UPDATE selection_set SET revision = revision + 1 WHERE id = ?", (sel,))

        def step_and_unmark(self: MarkRuns, connection: Connection) -> mark_runs.RunsFound:
            found = step(self, connection)
            if next(steps) == 5:
                selections.threads[0].post(unmark, lambda _failed: changed.set())
                assert changed.wait(60)
            return found

        monkeypatch.setattr(MarkRuns, "step", step_and_unmark)
        view = await ledger.mark_sets.by_prefix(whole, counted.append)
        assert sum(after < before for before, after in pairwise(counted)) == 1, counted
        rows = view.rows(0, 99)
        assert [(row.prefix, row.objects, row.size) for row in rows if row.ref is None] == [
            ("", 12, 120), ("", 1, 10), ("a/", 3, 30), ("a/b/", 1, 10), ("a/b/c/", 2, 20), ("c/", 5, 50),
            ("", 9, 2**63 - 1),
        ]  # fmt: skip
        _found_again(view, rows)
        # Whoever stood on an object before stands on it now.
        for row in whole.rows(0, 99):
            at = view.position(row.id)
            assert row.ref is None or (there(at) and view.rows(there(at), 1)[0].ref == row.ref)
    finally:
        await ledger.aclose()


@pytest.mark.parametrize("by_span", [True, False])
async def test_no_place_among_many_marks_is_counted_from_the_first(
    state_dir: Path, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch, by_span: bool
) -> None:
    """On the event loop at most as many are gone through as lie between two milestones, whatever was dropped."""
    monkeypatch.setattr(milestones, "EVERY", 4)
    monkeypatch.setattr(milestones, "STEP_S", 0.0)
    monkeypatch.setattr(marks_view, "MOST_GROUPS", 2)
    ledger = await opened(state_dir, manual_clock)
    selections, sel = ledger.selections, ledger.mark_sets.shown
    try:
        listing = await listed(ledger, [entry(f"{number // 50}/{number:03d}", size=10) for number in range(150)])
        versions = [entry("v", version_id=f"{number:02d}") for number in range(60)]
        more = await listed(ledger, versions, bucket="other", versions=True)
        await selections.add_under(sel, more.id)
        if by_span:
            await selections.add_under(sel, listing.id)
            await selections.toggle_rows(sel, listing.id, range(1, 151, 7))
        else:
            await selections.add_rows(sel, listing.id, range(2, 151, 2))
        passed, some, count_of = list[int](), MarksInOrder.some, MarksInOrder.count

        def skipping(self: MarksInOrder, after: tuple[str, str], skip: int, most: int) -> list[tuple[Any, ...]]:
            passed.append(skip)
            return some(self, after, skip, most)

        def counting(self: MarksInOrder, after: tuple[str, str], until: tuple[str, str]) -> int:
            passed.append(count_of(self, after, until))
            return passed[-1]

        monkeypatch.setattr(MarksInOrder, "some", skipping)
        monkeypatch.setattr(MarksInOrder, "count", counting)
        for view in (await ledger.mark_sets.by_bucket(), await ledger.mark_sets.by_prefix()):
            assert [row.bucket for row in view.rows(0, view.count) if row.ref is None] == [BUCKET, "other"]
            known = [list(group.known) for group in view.groups]
            for at in reversed(range(view.count)):
                row_id = there(view.row_id(at))
                for group, places in zip(view.groups, known, strict=True):
                    group.known = list(places)  # Not what this look has found.
                assert view.position(row_id) == at
            _found_again(view, view.rows(0, view.count))
            if not by_span:
                assert max(passed) <= milestones.EVERY
        for at in (view.count - 1, 41, 40, 1):
            row = view.rows(at, 1)[0]
            await selections.remove_refs(sel, CLOUD, [there(row.ref)])
            view.left(row)
            assert all(len(group.known) > group.objects // 10 for group in view.groups if not by_span)
            _found_again(view, view.rows(0, view.count))
    finally:
        await ledger.aclose()


def _found_again(view: MarksView, rows: list[MarkRow]) -> None:
    assert len(rows) == view.count == len({row.id for row in rows})
    assert [view.position(row.id) for row in rows] == list(range(len(rows)))
    assert [view.row_id(at) for at in range(len(rows))] == [row.id for row in rows]
