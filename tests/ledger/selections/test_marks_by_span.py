"""Marks by span say what marks one by one say, whatever is done to them; and what only they can do."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random
from sqlite3 import Connection
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.errors import UsageError
from restoretui.core.filter.tree import Word
from restoretui.core.model import Entry, ObjectRef, Page, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.marks import doubts, following, span_changes, whole_listings
from restoretui.ledger.marks.doubts import Doubt
from restoretui.ledger.marks.marked_places import PartOfPlace, marked_places
from restoretui.ledger.records import CatalogBounds, Listing, Origin, Query, Scope, SelectionSummary
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.selections import changes, mark_runs, selections, taking_in
from restoretui.ledger.upkeep import integrity_check
from restoretui.ledger.views import ids_in_order, materialised_order
from tests.ledger.helpers import (
    BUCKET,
    CLOUD,
    clock_of,
    entry,
    jobs_in,
    keys,
    ledger_for_examples,
    listed,
    look,
    marks_in,
    now_of,
    planned,
)

FOLDERS = ["", "a/", "b/", "b/c/"]
CLASSES = ["GLACIER", "STANDARD", "INTELLIGENT_TIERING"]
STEPS = [
    "all", "found", "under", "range", "rows", "toggle", "invert", "invert found", "unprefix", "unhere", "unmark",
    "looks", "relist", "folder", "clear", "undo", "redo", "set",
]  # fmt: skip


def objects_of(dice: Random) -> list[Entry]:
    names = sorted({f"{dice.choice(FOLDERS)}{dice.randrange(6)}" for _ in range(dice.randrange(1, 14))})
    return [
        entry(
            name, dice.choice(CLASSES), size=dice.randrange(1, 9), in_progress=dice.choice([None, None, True, False])
        )
        for name in names
    ]


class Marker:
    """Does the same things to one ledger as another does to another."""

    def __init__(self, ledger: Ledger, *, by_span: bool) -> None:
        self.ledger = ledger
        self.by_span = by_span
        self.listings: list[Listing] = []
        self.spans = 0
        """So often something was marked by span."""

    @contextmanager
    def form(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            if not self.by_span:
                patch.setattr(whole_listings, "ordered_segments", lambda *_: None)
            yield

    @property
    def sel(self) -> int:
        return self.ledger.selections.shown

    async def list(self, bucket: str, rows: list[Entry], prefix: str = "", prefixes: tuple[str, ...] = ()) -> None:
        await clock_of(self.ledger).advance(10)
        self.listings.append(await listed(self.ledger, rows, bucket=bucket, prefix=prefix, prefixes=prefixes))
        await clock_of(self.ledger).advance(10)

    async def do(self, step: str, bucket: str, dice: Random) -> None:
        selections, sel = self.ledger.selections, self.sel
        listing = dice.choice(self.listings)
        some = [number for number in range(1, listing.objects + 1) if dice.random() < 0.4]
        folder = dice.choice(FOLDERS)
        refs = [ObjectRef(bucket, f"{folder}{dice.randrange(6)}") for _ in range(2)]
        rows = objects_of(dice)
        first, last = dice.randrange(14), dice.randrange(14)
        found = Query(Word.of("a"), dice.choice(["key", "size"]), dice.random() < 0.3)
        view = await self.ledger.catalog.browse(listing.id, found if step in ("found", "invert found") else Query())
        match step:
            case "all" | "found":
                await selections.add_view(sel, view)
            case "under":
                await selections.add_under(sel, listing.id)
            case "range":
                await selections.add_range(sel, view, first, last)
            case "rows":
                await selections.add_rows(sel, listing.id, some)
            case "toggle":
                await selections.toggle_rows(sel, listing.id, some)
            case "invert" | "invert found":
                await selections.invert_view(sel, view)
            case "unprefix":
                await selections.remove_under(sel, PartOfPlace(CLOUD, bucket, folder))
            case "unhere":
                await selections.remove_under(sel, PartOfPlace(CLOUD, bucket, folder, whole=False))
            case "unmark":
                await selections.remove_refs(sel, CLOUD, refs)
            case "looks":
                looks = [look(ref.key, now_of(self.ledger), size=99) for ref in refs]
                await selections.add_observed(sel, CLOUD, bucket, looks)
            case "relist":
                await self.list(bucket, rows)
            case "folder":
                below = [row for row in rows if row.key.startswith(folder) and "/" not in row.key[len(folder) :]]
                await self.list(bucket, below, folder, (f"{folder}z/",))
            case "clear":
                await selections.clear(sel)
            case "undo" if selections.can_undo:
                await selections.undo()
            case "redo" if selections.can_redo:
                await selections.redo()
            case "set":
                own = await selections.create()
                await selections.add_under(own, listing.id)
                await selections.add_selection(sel, own)
                await selections.drop(own)
        await view.aclose()

    async def seen(self, bucket: str) -> dict[str, Any]:
        """All that anybody can see of the marks."""
        selections, sel, ledger = self.ledger.selections, self.sel, self.ledger
        summary = await selections.summary(sel)
        facts = await selections.facts(sel)
        views: dict[str, Any] = {}
        for number, listing in enumerate(self.listings):
            view = await ledger.catalog.browse(listing.id)
            views[f"view {number}"] = [(row.ref.key, row.marked) for row in view.rows(0, 50)]
            views[f"hidden {number}"] = await selections.hidden(sel, view)
            await view.aclose()
        parts = [PartOfPlace(CLOUD, bucket, "b/"), PartOfPlace(CLOUD, bucket, "", whole=False)]
        of_parts = [sorted(map(repr, await ledger.mark_sets.facts_of(part))) for part in parts]
        marks = await ledger.mark_sets.by_prefix()
        rows = marks.rows(0, 99)
        assert len(rows) == marks.count
        for position, row in enumerate(rows):
            assert marks.position(row.id) == position
            assert [one[1:] for one in marks.rows(position, 2)] == [one[1:] for one in rows[position : position + 2]]

        def read(connection: Connection) -> list[Any]:
            (path,) = connection.execute("SELECT file FROM pragma_database_list WHERE name = 'catalog'").fetchone()
            with closing(sqlite3.connect(path)) as catalog:
                assert not list(integrity_check._marks(catalog))
            self.spans += connection.execute("SELECT count(*) FROM selection_span").fetchone()[0]
            doubted: list[Any] = []
            for place in marked_places(connection, sel, now_of(ledger), 0.0):
                for doubt in Doubt:
                    after = ("", "")
                    while found := doubts.unlooked(connection, place, 2, doubt, after):
                        doubted.append((doubt, found))
                        after = found[-1]
            return doubted

        return {
            "marks": await marks_in(ledger, sel), "summary": (summary.objects, summary.size_bytes),
            "facts": {cloud: sorted(map(repr, groups)) for cloud, groups in facts.items()}, "parts": of_parts,
            "samples": [await selections.sample(sel, CLOUD, bucket, one.facts, 3) for one in _sorted(facts)],
            "refs": await selections.refs(sel, CLOUD, 5), "rows": [row[1:] for row in rows],
            "doubts": await ledger._reader.run(read), "undo": (selections.can_undo, selections.can_redo), **views,
        }  # fmt: skip


def _sorted(facts: dict[Any, Any]) -> list[Any]:
    return sorted((group for groups in facts.values() for group in groups), key=repr)


def test_in_spans_or_one_by_one() -> None:
    """Random changes, listings and undoing: in both forms all looks the same after each."""
    plans = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2**32)), min_size=1, max_size=9)
    with ledger_for_examples() as (runner, one), ledger_for_examples() as (other_runner, two):
        markers = (Marker(one, by_span=True), runner), (Marker(two, by_span=False), other_runner)
        number = iter(range(10**6))

        @settings(max_examples=60, deadline=None)
        @given(st.integers(0, 2**32), st.sampled_from([2, 500]), st.sampled_from([1, 99]), plans)
        def check(seed: int, few: int, in_a_range: int, plan: list[tuple[str, int]]) -> None:
            bucket = f"b-{next(number)}"
            with pytest.MonkeyPatch.context() as patch:
                for module in (span_changes, whole_listings, selections, taking_in):
                    patch.setattr(module, "FEW", few)
                patch.setattr(taking_in, "ROWS", few)
                patch.setattr(taking_in, "STEP_S", 0.0)
                patch.setattr(doubts, "MOST_SEARCHED", 9)
                patch.setattr(span_changes, "MOST_CUT", few)
                patch.setattr(following, "MOST_RUNS", few)
                patch.setattr(mark_runs, "ROWS", few)
                for module in (selections, changes):
                    patch.setattr(module, "ROWS_A_STEP", few)
                patch.setattr(materialised_order, "HEAD_ROWS", few)
                patch.setattr(ids_in_order, "ROWS_A_RANGE", in_a_range)
                for marker, run in markers:
                    marker.listings.clear()
                    run.run(marker.ledger.mark_sets.begin())
                    run.run(marker.list(bucket, objects_of(Random(seed))))
                for step, dice in plan:
                    found = []
                    for marker, run in markers:
                        with marker.form():
                            run.run(marker.do(step, bucket, Random(dice)))
                        found.append(run.run(marker.seen(bucket)))
                    assert found[0] == found[1]

        check()
        assert markers[0][0].spans > 0
        assert markers[1][0].spans == 0


async def span_count(ledger: Ledger, sel: int) -> int:
    def read(connection: Connection) -> int:
        row: tuple[int] = connection.execute("SELECT count(*) FROM selection_span WHERE sel = ?", (sel,)).fetchone()
        return row[0]

    return await ledger._reader.run(read)


async def test_a_whole_listing_is_one_span_and_what_is_unmarked_splits_it(ledger: Ledger) -> None:
    await ledger.mark_sets.begin()
    sel = ledger.selections.shown
    listing = await listed(ledger, [entry(key, size=3) for key in keys(1000)])
    view = await ledger.catalog.browse(listing.id)
    assert (await ledger.selections.add_view(sel, view)).size_bytes == 3000
    assert await span_count(ledger, sel) == 1
    told = await ledger.selections.toggle_rows(sel, listing.id, [1, 500])
    assert (told.objects, told.size_bytes, await span_count(ledger, sel)) == (998, 2994, 2)
    assert [row.marked for row in view.rows(498, 3)] == [True, False, True]
    await ledger.selections.undo()
    await ledger.selections.undo()
    assert (await ledger.selections.summary(sel)).objects == 0
    assert (await ledger.selections.redo()).objects == 1000


async def test_what_a_filter_matches_is_marked_in_ranges_or_in_steps_and_undone_as_one(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (selections, changes):
        monkeypatch.setattr(module, "ROWS_A_STEP", 10)
    monkeypatch.setattr(materialised_order, "HEAD_ROWS", 5)
    monkeypatch.setattr(ids_in_order, "ROWS_A_RANGE", 5)
    await ledger.mark_sets.begin()
    marks, sel = ledger.selections, ledger.selections.shown
    listing = await listed(ledger, [entry(f"k{n:03}{'x' if n % 3 else 'y'}", size=2) for n in range(120)])
    view = await ledger.catalog.browse(listing.id, Query(Word.of("k0")))
    assert (await marks.add_view(sel, view)).objects == 100
    assert await span_count(ledger, sel) == 1, "they stand side by side"
    await marks.undo()
    view = await ledger.catalog.browse(listing.id, Query(Word.of("x"), "size"))
    told, asked = list[int](), list[asyncio.Task[SelectionSummary]]()

    def tell(done: int) -> None:
        told.append(done)
        if not asked:  # A key that is pressed meanwhile: it is about what all of them will be.
            asked.append(asyncio.create_task(marks.toggle_rows(sel, listing.id, [120])))

    assert (await marks.add_view(sel, view, tell)).objects == 80
    assert told == list(range(10, 90, 10))
    assert [(one.objects, one.size_bytes) for one in await asyncio.gather(*asked)] == [(79, 158)]
    assert await span_count(ledger, marks.shown) == 0, "they lie scattered"
    for number in (80, 0):
        assert (await marks.undo()).objects == number
    assert (await marks.redo()).objects == 80
    # What a command marked goes in steps, too.
    own = await marks.create()
    await marks.add_view(own, view)
    await marks.drop(own)
    assert await span_count(ledger, own) == len(await marks_in(ledger, own)) == 0
    # Beside other marks it is undone row by row.
    view = await ledger.catalog.browse(listing.id, Query(Word.of("y")))
    assert (await marks.add_view(sel, view)).objects == 120
    assert (await marks.undo()).objects == 80
    assert [row.marked for row in view.rows(0, 2)] == [False, False]
    await marks.clear(sel)
    assert [(await marks.undo()).objects for _ in range(2)] == [80, 0]


async def test_a_newer_listing_takes_marks_over_and_leaves_what_it_lacks(ledger: Ledger) -> None:
    await ledger.mark_sets.begin()
    sel = ledger.selections.shown
    old = await listed(ledger, [entry(key, size=3) for key in keys(100)])
    await ledger.selections.add_under(sel, old.id)
    await clock_of(ledger).advance(60)
    newer = [entry(key, size=5) for key in keys(100) if not key.endswith("50")] + [entry("z", size=5)]
    new = await listed(ledger, newer)
    summary = await ledger.selections.summary(sel)
    assert (summary.objects, summary.size_bytes) == (100, 99 * 5 + 3)
    view = await ledger.catalog.browse(new.id)
    assert [row.marked for row in view.rows(0, 100)] == [True] * 99 + [False]
    assert await span_count(ledger, sel) == 3, "no object was marked by itself for it"


async def test_a_listing_stays_while_something_of_it_is_marked(ledger: Ledger) -> None:
    sel = await ledger.selections.create()
    first = await listed(ledger, [entry(key) for key in keys(10)])
    await ledger.selections.add_under(sel, first.id)
    for number in range(12):  # More than a process remembers of its own.
        await listed(ledger, [entry("a")], bucket=f"other-{number}")
    bounds = CatalogBounds(listings=0, age_s=0.0)
    await clock_of(ledger).advance(1000)
    await ledger.catalog.tidy(bounds)
    assert (await ledger.selections.facts(sel))[CLOUD][0].objects == 10
    await ledger.selections.drop(sel)
    await ledger.catalog.tidy(bounds)
    assert await ledger.catalog.latest(first.scope) is None


async def test_a_saved_set_outlives_the_listing_it_was_marked_in(ledger: Ledger) -> None:
    await ledger.mark_sets.begin()
    listing = await listed(ledger, [entry(key) for key in keys(10)])
    await ledger.selections.add_under(ledger.selections.shown, listing.id)
    saved = await ledger.mark_sets.save("kept")
    assert (saved.objects, await span_count(ledger, saved.sel)) == (10, 0)
    assert len(await ledger.mark_sets.refs(saved.sel, CLOUD, BUCKET, "")) == 10
    with pytest.raises(UsageError):
        ledger.mark_sets.named("other")


async def test_what_a_store_repeats_is_marked_once(ledger: Ledger) -> None:
    sel = await ledger.selections.create()
    listing = await listed(ledger, [entry("a"), entry("a"), entry("b")])
    assert (await ledger.selections.add_under(sel, listing.id)).objects == 2
    assert await span_count(ledger, sel) == 0


async def test_jobs_of_a_span_stand_in_key_order(ledger: Ledger) -> None:
    sel = await ledger.selections.create()
    listing = await listed(ledger, [entry(key) for key in keys(50)])
    await ledger.selections.add_under(sel, listing.id)
    await ledger.selections.toggle_rows(sel, listing.id, [20])
    run = await ledger.runs.confirm(sel, ConfirmedPlan(CLOUD, await planned(ledger, sel), Tier.BULK, {}))
    jobs = await jobs_in(ledger, run.id)
    assert [job.ref.key for job in jobs] == [key for key in keys(50) if key != keys(50)[19]]


async def test_what_is_marked_of_an_inventory_is_to_be_looked_at(ledger: Ledger) -> None:
    origin = Origin("inventory", "manifest", clock_of(ledger).now())
    listing = await ledger.catalog.begin(Scope(CLOUD, BUCKET, recursive=True), origin)
    ledger.catalog.append(listing.id, Page([entry(key) for key in keys(20)], (), None))
    await ledger.catalog.finish(listing.id)
    for text in ("", "1"):
        sel = await ledger.selections.create()
        view = await ledger.catalog.browse(listing.id, Query(Word.of(text)))
        await ledger.selections.add_view(sel, view)
        marks = await marks_in(ledger, sel)
        assert len(marks) == view.objects
        assert {silent for _, _, _, silent, *_ in marks} == {1}
        await view.aclose()


async def test_marks_of_a_listing_that_begins_anew_stay(ledger: Ledger) -> None:
    sel = await ledger.selections.create()
    listing = await listed(ledger, [entry(key) for key in keys(5)])
    await ledger.selections.add_under(sel, listing.id)
    await ledger.catalog.restart(listing.id)
    assert len(await marks_in(ledger, sel)) == 5
