"""Marks: a set of objects, whatever way they are added and removed, and what a planner gets to see of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.filter.tree import Word
from restoretui.core.model import Entry, Intent, IntentStage, ObjectFacts, ObjectRef, State, Tier
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.ledger import Ledger
from restoretui.ledger.catalog.browse_view import BrowseView
from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.records import BrowseRow, ObjectTally, Query, SelectionSummary
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.views import materialised_order as scratch
from tests.ledger.helpers import (
    BUCKET,
    CLOUD,
    ELSEWHERE,
    KEYS,
    busy,
    clock_of,
    entry,
    held,
    keys,
    ledger_for_examples,
    listed,
    look,
    marks_in,
    now_of,
    planned,
)

MARKS = 1


Marks = dict[tuple[str, str], int]
"""The size of each object by bucket and key."""


def size_of(row: Entry | BrowseRow) -> int:
    assert row.size is not None
    return row.size


async def marked_keys(ledger: Ledger, sel: int = MARKS) -> set[tuple[str, str]]:
    return {(str(bucket), str(key)) for bucket, key, *_ in await marks_in(ledger, sel)}


async def check_summary(ledger: Ledger, told: SelectionSummary, expected: Marks) -> None:
    assert await marked_keys(ledger) == set(expected)
    assert told == await ledger.selections.summary(MARKS)
    assert (told.objects, told.size_bytes) == (len(expected), sum(expected.values()))
    for (_, bucket), tally in told.by_bucket.items():
        of_bucket = [size for (name, _), size in expected.items() if name == bucket]
        assert tally == ObjectTally(len(of_bucket), sum(of_bucket))


def test_marking_is_set_arithmetic() -> None:
    """Random operations over two buckets against a Python set; totals are recounted after each."""
    names = st.sets(KEYS, min_size=1, max_size=12)
    operation = st.sampled_from(["rows", "toggle", "range", "view", "invert", "under", "unprefix", "looks", "clear"])
    steps = st.lists(st.tuples(operation, st.integers(0, 1), st.randoms(use_true_random=False)), max_size=8)

    with ledger_for_examples() as (runner, ledger):
        number = iter(range(10**6))

        @settings(max_examples=60)
        @given(names, names, st.sampled_from(["", "a", "*"]), steps)
        def check(first: set[str], second: set[str], text: str, plan: list[tuple[str, int, Random]]) -> None:
            runner.run(marking(ledger, f"{next(number)}", (first, second), text, plan))

        check()


async def marking(
    ledger: Ledger, tag: str, names: tuple[set[str], set[str]], text: str, steps: list[tuple[str, int, Random]]
) -> None:
    buckets = [f"one-{tag}", f"two-{tag}"]
    listings, views = [], []
    for bucket, of_bucket in zip(buckets, names, strict=True):
        rows = [entry(name, size=size) for size, name in enumerate(sorted(of_bucket), 1)]
        listings.append((await listed(ledger, rows, bucket=bucket), rows))
        views.append(await ledger.catalog.browse(listings[-1][0].id, Query(Word.of(text))))
    expected: Marks = {}
    await ledger.selections.clear(MARKS)
    for operation, which, dice in steps:
        listing, rows = listings[which]
        view, bucket = views[which], buckets[which]
        told = await STEPS[operation](ledger, listing.id, rows, view, bucket, expected, dice)
        await check_summary(ledger, told, expected)
        shown = {(row.ref.bucket, row.ref.key): row.marked for row in view.rows(0, 100)}
        assert shown == {ref: ref in expected for ref in shown}
        assert await ledger.selections.hidden(MARKS, view) == len(set(expected) - set(shown))
    for view in views:
        await view.aclose()


Step = Callable[[Ledger, int, list[Entry], BrowseView, str, Marks, Random], Awaitable[SelectionSummary]]
STEPS: dict[str, Step] = {}


def step(name: str) -> Callable[[Step], Step]:
    def register(function: Step) -> Step:
        STEPS[name] = function
        return function

    return register


def some(rows: list[Entry], dice: Random) -> dict[int, Entry]:
    return {number: row for number, row in enumerate(rows, 1) if dice.random() < 0.5}


@step("rows")
async def _rows(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    chosen = some(rows, dice)
    expected.update({(bucket, row.key): size_of(row) for row in chosen.values()})
    return await ledger.selections.add_rows(MARKS, listing, [*chosen, -1])


@step("toggle")
async def _toggle(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    chosen = some(rows, dice)
    for row in chosen.values():
        if expected.pop((bucket, row.key), None) is None:
            expected[bucket, row.key] = size_of(row)
    return await ledger.selections.toggle_rows(MARKS, listing, list(chosen))


@step("range")
async def _range(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    first, last = dice.randrange(view.count + 1), dice.randrange(view.count + 1)
    low, high = sorted((first, last))
    expected.update({(bucket, row.ref.key): size_of(row) for row in view.rows(low, high - low + 1)})
    return await ledger.selections.add_range(MARKS, view, first, last)


@step("view")
async def _view(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    expected.update({(bucket, row.ref.key): size_of(row) for row in view.rows(0, 100)})
    return await ledger.selections.add_view(MARKS, view)


@step("invert")
async def _invert(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    for row in view.rows(0, 100):
        if expected.pop((bucket, row.ref.key), None) is None:
            expected[bucket, row.ref.key] = size_of(row)
    return await ledger.selections.invert_view(MARKS, view)


@step("under")
async def _under(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    expected.update({(bucket, row.key): size_of(row) for row in rows})
    return await ledger.selections.add_under(MARKS, listing)


@step("unprefix")
async def _unprefix(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    prefix = dice.choice(rows).key[: dice.randrange(3)]
    for name in [name for name in expected if name[0] == bucket and name[1].startswith(prefix)]:
        del expected[name]
    return await ledger.selections.remove_under(MARKS, PartOfPlace(CLOUD, bucket, prefix))


@step("looks")
async def _looks(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    chosen = some(rows, dice).values()
    expected.update({(bucket, row.key): size_of(row) for row in chosen})
    now = now_of(ledger)
    seen = [look(row.key, now, size=row.size) for row in chosen]
    return await ledger.selections.add_observed(MARKS, CLOUD, bucket, [*seen, look("vanished", now, gone=True)])


@step("clear")
async def _clear(
    ledger: Ledger, listing: int, rows: list[Entry], view: BrowseView, bucket: str, expected: Marks, dice: Random
) -> SelectionSummary:
    expected.clear()
    return await ledger.selections.clear(MARKS)


async def test_marks_survive_a_restart(state_dir: Path, manual_clock: ManualClock) -> None:
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        listing = await listed(ledger, [entry("a"), entry("b")])
        await ledger.selections.add_rows(MARKS, listing.id, [1])
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert await marked_keys(ledger) == {(BUCKET, "a")}
        view = await ledger.catalog.browse(listing.id)
        assert [row.marked for row in view.rows(0, 2)] == [True, False]


async def test_a_prefix_is_marked_when_something_below_it_is(ledger: Ledger) -> None:
    deep = await listed(ledger, [entry("a/x"), entry("b/y")])
    level = await listed(ledger, [entry("z")], prefixes=["a/", "b/"])
    await ledger.selections.add_rows(MARKS, deep.id, [1])
    view = await ledger.catalog.browse(level.id)
    assert [row.marked for row in view.rows(0, 3)] == [True, False, False]


async def test_marks_on_their_way_show_as_such(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(100)], prefixes=["p/"])
    view = await ledger.catalog.browse(listing.id)
    none = [False] * 100
    ten = [True] * 10 + [False] * 90
    eleven = [*ten[:99], True]
    turned = [not marked for marked in eleven]
    before = none
    for change, after, concerned in (
        (ledger.selections.add_view(MARKS, view), [True] * 100, range(100)),
        (ledger.selections.invert_view(MARKS, view), none, range(100)),
        (ledger.selections.add_range(MARKS, view, 1, 10), ten, range(10)),
        (ledger.selections.add_rows(MARKS, listing.id, [100]), eleven, [99]),
        (ledger.selections.invert_view(MARKS, view), turned, range(100)),
        (ledger.selections.toggle_rows(MARKS, listing.id, [1]), [True, *turned[1:]], [0]),
        (ledger.selections.clear(MARKS), none, range(100)),
    ):
        async with held(ledger._writer):
            task = asyncio.create_task(change)
            await asyncio.sleep(0)
            rows = view.rows(1, 100)
            assert [row.marked for row in rows] == before, "on disk nothing has changed yet"
            assert [row.marking for row in rows] == [after[at] if at in concerned else None for at in range(100)]
        await task
        rows = view.rows(1, 100)
        assert [row.marked for row in rows] == after
        assert {row.marking for row in rows} == {None}
        before = after


async def test_what_is_queued_shows_as_it_will_be(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(3)])
    view = await ledger.catalog.browse(listing.id)
    async with held(ledger._writer):
        tasks = [
            asyncio.create_task(ledger.selections.add_view(MARKS, view)),
            asyncio.create_task(ledger.selections.toggle_rows(MARKS, listing.id, [2])),
        ]
        await asyncio.sleep(0)
        shown = [(row.marked, row.marking) for row in view.rows(0, 3)]
        assert shown == [(False, True), (False, False), (False, True)]
    await asyncio.gather(*tasks)
    assert [(row.marked, row.marking) for row in view.rows(0, 3)] == [(True, None), (False, None), (True, None)]


async def test_marks_on_their_way_show_in_every_view_of_the_listing(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(20)])
    other = await listed(ledger, [entry("elsewhere")], bucket="other")
    view, found, there = (
        await ledger.catalog.browse(listing.id),
        await ledger.catalog.browse(listing.id, Query(Word.of("7"))),
        await ledger.catalog.browse(other.id),
    )
    async with held(ledger._writer):
        task = asyncio.create_task(ledger.selections.add_view(MARKS, view))
        await asyncio.sleep(0)
        assert [row.marking for row in found.rows(0, 9)] == [True, True]
        assert [row.marking for row in there.rows(0, 9)] == [None]
    await task


async def test_marks_that_cannot_be_made_no_longer_show_as_on_their_way(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key * 20) for key in keys(5000)])
    view = await ledger.catalog.browse(listing.id, Query(Word.of("1")))
    writer = ledger._connections.writer
    (pages,) = writer.execute("PRAGMA catalog.page_count").fetchone()
    writer.execute(f"PRAGMA catalog.max_page_count = {pages + 5}")
    with pytest.raises(LedgerError, match="disk is full"):
        await ledger.selections.add_view(MARKS, view)
    assert {(row.marked, row.marking) for row in view.rows(0, 100)} == {(False, None)}


async def test_clearing_concerns_marked_prefixes_too(ledger: Ledger) -> None:
    deep = await listed(ledger, [entry("a/x")])
    level = await listed(ledger, [entry("z")], prefixes=["a/"])
    await ledger.selections.add_under(MARKS, deep.id)
    view = await ledger.catalog.browse(level.id)
    async with held(ledger._writer):
        task = asyncio.create_task(ledger.selections.clear(MARKS))
        await asyncio.sleep(0)
        assert [(row.marked, row.marking) for row in view.rows(0, 2)] == [(True, False), (False, False)]
    await task
    assert [(row.marked, row.marking) for row in view.rows(0, 2)] == [(False, None), (False, None)]


async def test_marking_all_does_not_wait_for_their_order(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "LARGE", 1000)
    listing = await listed(ledger, [entry(key, size=number) for number, key in enumerate(keys(2000))])
    async with busy(ledger._builder):
        by_size = await ledger.catalog.browse(listing.id, Query(sort="size"))
        assert not by_size.complete
        assert (by_size.objects, (await ledger.selections.add_view(MARKS, by_size)).objects) == (2000, 2000)
        assert await ledger.selections.hidden(MARKS, by_size) == 0


async def test_marking_what_is_still_looked_for_marks_all_of_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "LARGE", 1000)
    listing = await listed(ledger, [entry(key) for key in keys(2000)])
    async with busy(ledger._builder):
        found = await ledger.catalog.browse(listing.id, Query(Word.of("k")))
        assert (found.complete, found.count) == (False, scratch.HEAD_ROWS)
        task = asyncio.create_task(ledger.selections.add_view(MARKS, found))
        await asyncio.sleep(0)
        assert {(row.marked, row.marking) for row in found.rows(0, 2000)} == {(False, True)}
    assert (await task).objects == 2000
    assert {(row.marked, row.marking) for row in found.rows(0, 2000)} == {(True, None)}


async def test_a_set_of_ones_own(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("a"), entry("b")])
    await ledger.selections.add_rows(MARKS, listing.id, [1])
    own = await ledger.selections.create()
    assert own != MARKS
    await ledger.selections.add_under(own, listing.id)
    assert (await ledger.selections.summary(own)).objects == 2
    assert (await ledger.selections.summary(MARKS)).objects == 1
    await ledger.selections.drop(own)
    assert (await ledger.selections.summary(own)).objects == 0
    assert await marked_keys(ledger) == {(BUCKET, "a")}
    with pytest.raises(LedgerError, match="dropped"):
        await ledger.selections.add_under(own, listing.id)


async def test_sets_that_a_crash_left_go_after_a_day(ledger: Ledger, manual_clock: ManualClock) -> None:
    listing = await listed(ledger, [entry("a")])
    left = await ledger.selections.create()
    await ledger.selections.add_under(left, listing.id)
    await manual_clock.advance(90_000)
    await ledger.selections.create()
    assert await marked_keys(ledger, left) == set()


async def test_facts_are_grouped_by_what_decides(ledger: Ledger) -> None:
    listing = await listed(
        ledger,
        [
            entry("a", size=1),
            entry("b", size=2),
            entry("c", "DEEP_ARCHIVE", size=300_000_000),
            entry("d", "GLACIER", in_progress=False, expiry=1_800_000_000),
            entry("e", "INTELLIGENT_TIERING"),
            entry("f", "INTELLIGENT_TIERING"),
        ],
    )
    other = await listed(ledger, [entry("a", size=5)], cloud=ELSEWHERE)
    await ledger.selections.add_under(MARKS, listing.id)
    await ledger.selections.add_under(MARKS, other.id)
    await ledger.catalog.observe(
        CLOUD,
        BUCKET,
        [
            look("f", now_of(ledger), "INTELLIGENT_TIERING", looked=True, archive_status="ARCHIVE_ACCESS"),
            look("b", now_of(ledger), gone=True),
        ],
    )
    facts = await ledger.selections.facts(MARKS)
    expiry = datetime.fromtimestamp(1_800_000_000, UTC)
    assert {cloud: set(groups) for cloud, groups in facts.items()} == {
        CLOUD: {
            FactGroup(BUCKET, ObjectFacts("GLACIER"), 1, 1),
            FactGroup(BUCKET, ObjectFacts("DEEP_ARCHIVE"), 1, 300_000_000, 1),
            FactGroup(BUCKET, ObjectFacts("GLACIER", in_progress=False, expiry=expiry), 1, 10),
            FactGroup(BUCKET, ObjectFacts("INTELLIGENT_TIERING"), 1, 10),
            FactGroup(BUCKET, ObjectFacts("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", looked=True), 1, 10),
        },
        ELSEWHERE: {FactGroup(BUCKET, ObjectFacts("GLACIER", untold=True), 1, 5)},
    }
    for cloud, groups in facts.items():
        for group in groups:
            refs = await ledger.selections.sample(MARKS, cloud, BUCKET, group.facts, 10)
            assert len(refs) == group.objects
    assert await ledger.selections.unlooked(MARKS, CLOUD, 10) == [ObjectRef(BUCKET, "e")]
    assert await ledger.selections.sample(MARKS, CLOUD, "nowhere", ObjectFacts("GLACIER"), 1) == []


async def test_objects_we_are_restoring_say_so_with_tier_and_days(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("a"), entry("b")])
    await ledger.selections.add_rows(MARKS, listing.id, [1])
    run = await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, await planned(ledger, days=4), Tier.BULK, {}))
    await ledger.selections.add_rows(MARKS, listing.id, [2])
    unsent = (await ledger.selections.facts(MARKS))[CLOUD]
    assert set(unsent) == {
        FactGroup(BUCKET, ObjectFacts("GLACIER", intent=Intent(IntentStage.PURSUED, run.id)), 1, 10),
        FactGroup(BUCKET, ObjectFacts("GLACIER"), 1, 10),
    }
    for job in await ledger.runs.claim(run.id, 10):
        await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger))])
    facts = (await ledger.selections.facts(MARKS))[CLOUD]
    assert set(facts) == {
        FactGroup(BUCKET, ObjectFacts("GLACIER", in_progress=True, tier=Tier.BULK, days=4), 1, 10),
        FactGroup(BUCKET, ObjectFacts("GLACIER"), 1, 10),
    }


async def test_a_newer_listing_brings_marks_up_to_date(ledger: Ledger, manual_clock: ManualClock) -> None:
    listing = await listed(ledger, [entry("a", size=1), entry("b")])
    await ledger.selections.add_rows(MARKS, listing.id, [1])
    await manual_clock.advance(60)
    with ledger.changes.subscribe() as changed:
        await listed(ledger, [entry("a", size=2, in_progress=True), entry("b")])
        async for topics in changed:
            if "selection:1" in topics:
                break
    assert (await ledger.selections.facts(MARKS))[CLOUD] == [
        FactGroup(BUCKET, ObjectFacts("GLACIER", in_progress=True), 1, 2)
    ]
    assert (await ledger.selections.summary(MARKS)).size_bytes == 2


async def test_versions_are_marked_apart(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("k", version_id="2"), entry("k", version_id="1")], versions=True)
    told = await ledger.selections.add_rows(MARKS, listing.id, [2])
    assert told.objects == 1
    view = await ledger.catalog.browse(listing.id)
    assert [row.marked for row in view.rows(0, 2)] == [False, True]
    assert await ledger.selections.sample(MARKS, CLOUD, BUCKET, ObjectFacts("GLACIER"), 5) == [
        ObjectRef(BUCKET, "k", "1")
    ]


async def test_marks_follow_what_is_listed_after_the_clock_was_set_back(ledger: Ledger) -> None:
    first = await listed(ledger, [entry("a", size=1), entry("b", size=1)])
    marks = ledger.selections.MARKS
    await ledger.selections.add_under(marks, first.id)
    clock_of(ledger).time -= timedelta(hours=1)
    await listed(ledger, [entry("a", "STANDARD", size=7), entry("b", size=5)])
    summary = await ledger.selections.summary(marks)
    assert summary.objects == 2
    assert summary.size_bytes == 12, "the newer listing counts, though its stamp is the older one"
