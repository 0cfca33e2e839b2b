"""Listings: pages in, rows in key order out, whatever the number of streams; interrupted, resumed and pruned."""

import asyncio
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.model import Entry, Page
from restoretui.ledger import Ledger
from restoretui.ledger.records import EVERYTHING, CatalogBounds, Query, Scope
from tests.ledger.helpers import BUCKET, CLOUD, ELSEWHERE, KEYS, entry, held, keys, ledger_for_examples, listed

SCOPE = Scope(CLOUD, BUCKET, recursive=True)


async def test_a_listing_counts_what_came(ledger: Ledger) -> None:
    entries = [entry(key, size=number) for number, key in enumerate(keys(2500))]
    begun = await ledger.catalog.begin(SCOPE)
    assert (begun.objects, begun.ended_at, begun.resume_token, begun.is_complete) == (0, None, None, False)
    ledger.catalog.append(begun.id, Page(entries[:1000], ["p/", "q/"], "next"))
    ledger.catalog.append(begun.id, Page(entries[1000:], [], None))
    done = await ledger.catalog.finish(begun.id)
    assert (done.objects, done.prefixes, done.size_bytes) == (2500, 2, sum(range(2500)))
    assert done.is_complete
    assert done.scope == SCOPE
    assert await ledger.catalog.get(begun.id) == done == ledger.catalog.peek(begun.id)


async def test_the_resume_token_is_written_with_its_page(ledger: Ledger) -> None:
    begun = await ledger.catalog.begin(SCOPE)
    ledger.catalog.append(begun.id, Page([entry("a")], [], "its own"))
    with ledger.changes.subscribe() as changed:
        async for topics in changed:
            if f"listing:{begun.id}" in topics:
                break
    assert ledger.catalog.peek(begun.id).resume_token == "its own"
    ledger.catalog.append(begun.id, Page([entry("b")], [], "its own"), '["what is left"]')
    stopped = await ledger.catalog.finish(begun.id, "the line dropped")
    assert (stopped.resume_token, stopped.error, stopped.is_complete) == (
        '["what is left"]',
        "the line dropped",
        False,
    )


async def test_rows_are_there_while_the_listing_runs(ledger: Ledger) -> None:
    begun = await ledger.catalog.begin(SCOPE)
    view = await ledger.catalog.browse(begun.id)
    assert view.count == 0
    assert view.rows(0, 10) == []
    with ledger.changes.subscribe() as changed:
        for number in range(3):
            ledger.catalog.append(begun.id, Page([entry(f"k{number}")], [], "more"))
            async for topics in changed:
                if f"listing:{begun.id}" in topics:
                    break
            assert view.count == number + 1
            assert [row.ref.key for row in view.rows(0, 10)] == [f"k{at}" for at in range(number + 1)]
    await ledger.catalog.finish(begun.id)


async def test_latest_prefers_a_complete_one(ledger: Ledger) -> None:
    assert await ledger.catalog.latest(SCOPE) is None
    first = await listed(ledger, [entry("a")])
    second = await listed(ledger, [entry("a"), entry("b")])
    torn = await ledger.catalog.begin(SCOPE)
    await ledger.catalog.finish(torn.id, "timed out")
    assert await ledger.catalog.latest(SCOPE) == second != first
    for other in (
        Scope(ELSEWHERE, BUCKET, recursive=True),
        Scope(CLOUD, "other", recursive=True),
        Scope(CLOUD, BUCKET, "p/", recursive=True),
        Scope(CLOUD, BUCKET),
        Scope(CLOUD, BUCKET, recursive=True, versions=True),
        Scope(CLOUD, BUCKET, "", recursive=True, single=True),
    ):
        assert await ledger.catalog.latest(other) is None
    alone = await ledger.catalog.begin(Scope(CLOUD, "other", recursive=True))
    assert await ledger.catalog.latest(Scope(CLOUD, "other", recursive=True)) == alone


async def test_an_interrupted_listing_goes_on(ledger: Ledger) -> None:
    begun = await ledger.catalog.begin(SCOPE)
    ledger.catalog.append(begun.id, Page([entry("a"), entry("b")], [], "c"), segment=0)
    ledger.catalog.append(begun.id, Page([entry("p"), entry("q")], [], "r"), segment=1)
    await ledger.catalog.finish(begun.id, "stopped")
    view = await ledger.catalog.browse(begun.id)
    again = await ledger.catalog.resume(begun.id)
    assert (again.ended_at, again.error, again.resume_token) == (None, "", "r")
    ledger.catalog.append(begun.id, Page([entry("r")], [], "c"), segment=1)
    ledger.catalog.append(begun.id, Page([entry("c"), entry("d")], [], None), segment=0)
    done = await ledger.catalog.finish(begun.id)
    assert done.objects == 7
    assert "".join(row.ref.key for row in view.rows(0, 10)) == "abcdpqr"


async def test_pruning_keeps_the_newest_and_what_is_on_screen(ledger: Ledger) -> None:
    scope = Scope(CLOUD, BUCKET, recursive=True)
    old, shown, newer, newest = [await listed(ledger, [entry("a")]) for _ in range(4)]
    torn = await ledger.catalog.begin(scope)
    await ledger.catalog.finish(torn.id, "stopped")
    running = await ledger.catalog.begin(scope)
    elsewhere = await listed(ledger, [entry("a")], bucket="other")
    view = await ledger.catalog.browse(shown.id)
    ledger.catalog._recent.clear()  # as if many others had been opened since
    assert (await ledger.catalog.tidy(CatalogBounds(listings=2))).listings == 2
    for listing in (shown, newer, newest, running, elsewhere):
        assert (await ledger.catalog.get(listing.id)).id == listing.id
    for listing in (old, torn):
        with pytest.raises(LedgerError, match="replaced"):
            await ledger.catalog.get(listing.id)
    assert view.rows(0, 1)[0].ref.key == "a"
    await view.aclose()
    ledger.catalog._recent.clear()
    assert (await ledger.catalog.tidy(CatalogBounds(listings=2))).listings == 1
    with pytest.raises(LedgerError, match="closed"):
        view.rows(0, 1)


async def test_a_listing_that_a_dead_process_left_goes_once_others_outrank_it(
    state_dir: Path, manual_clock: ManualClock
) -> None:
    async with await Ledger.open(state_dir, manual_clock) as crashed:
        left = await crashed.catalog.begin(SCOPE)
        async with await Ledger.open(state_dir, manual_clock) as ledger:
            await listed(ledger, [entry("a")])
            assert (await ledger.catalog.tidy(CatalogBounds(listings=1))).listings == 0, "it is still being made"
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert (await ledger.catalog.tidy(CatalogBounds(listings=1))).listings == 1
        with pytest.raises(LedgerError):
            await ledger.catalog.get(left.id)


async def test_a_page_that_cannot_be_kept_stops_the_listing(ledger: Ledger) -> None:
    begun = await ledger.catalog.begin(SCOPE)
    ledger.catalog.append(begun.id, Page([entry("good")], [], "1"))
    ledger.catalog.append(begun.id, Page([entry("bad \udc80")], [], "2"))
    with pytest.raises(LedgerError, match="not valid Unicode"):
        await ledger.catalog.finish(begun.id)
    with pytest.raises(LedgerError, match="not valid Unicode"):
        ledger.catalog.append(begun.id, Page([entry("later")], [], "3"))
    after = await ledger.catalog.get(begun.id)
    assert not after.is_complete
    assert "Unicode" in after.error
    assert ledger.problem is not None


async def test_room_holds_a_fast_lister_back(ledger: Ledger) -> None:
    begun = await ledger.catalog.begin(SCOPE)
    gate = threading.Event()
    held = asyncio.create_task(ledger._writer.do(lambda _: gate.wait(20)))
    await asyncio.sleep(0)
    for number in range(200):
        ledger.catalog.append(begun.id, Page([entry(f"k{number:05d}")], [], None))
    waiting = asyncio.create_task(ledger.catalog.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    await held
    await waiting
    assert (await ledger.catalog.finish(begun.id)).objects == 200


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Entry], list[tuple[int, list[Entry]]], int]:
    """Entries in key order, the same as pages of several segments as they arrive, and how many at a time."""
    names = sorted(draw(st.sets(KEYS, max_size=40)))
    entries = [entry(name, size=number) for number, name in enumerate(names)]
    cuts = sorted(draw(st.lists(st.integers(0, len(names)), max_size=5)))
    ranges = [entries[a:b] for a, b in zip([0, *cuts], [*cuts, len(entries)], strict=True)]
    numbers = draw(st.permutations(range(len(ranges))))
    queues = {}
    for number, rows in zip(numbers, ranges, strict=True):
        size = draw(st.integers(1, 7))
        queues[number] = [rows[at : at + size] for at in range(0, len(rows), size)]
    arrivals = []
    while any(queues.values()):
        number = draw(st.sampled_from(sorted(number for number, queue in queues.items() if queue)))
        arrivals.append((number, queues[number].pop(0)))
    return entries, arrivals, draw(st.integers(1, 4))


def test_segments_stand_in_key_order_at_every_moment() -> None:
    with ledger_for_examples() as (runner, ledger):

        @settings(max_examples=60)
        @given(streams())
        def check(given_streams: tuple[list[Entry], list[tuple[int, list[Entry]]], int]) -> None:
            runner.run(check_streams(ledger, *given_streams))

        check()


async def check_streams(
    ledger: Ledger, entries: list[Entry], arrivals: list[tuple[int, list[Entry]]], together: int
) -> None:
    begun = await ledger.catalog.begin(SCOPE)
    view = await ledger.catalog.browse(begun.id)
    arrived: list[str] = []
    for at in range(0, len(arrivals), together):
        async with held(ledger._writer):
            for number, rows in arrivals[at : at + together]:
                ledger.catalog.append(begun.id, Page(rows, [], None), segment=number)
                arrived = sorted([*arrived, *(row.key for row in rows)])
        await ledger.catalog._pages.written()
        assert [row.ref.key for row in view.rows(0, 100)] == arrived
    await ledger.catalog.finish(begun.id)
    assert view.count == len(entries)
    for start in range(len(entries) + 1):
        rows_there = view.rows(start, 3)
        assert [row.ref.key for row in rows_there] == arrived[start : start + 3]
        for at, row in enumerate(rows_there, start):
            assert view.position(row.id) == at
            assert view.row_id(at) == row.id
            assert ledger.catalog.find(begun.id, row.ref.key) == row.id
    assert view.row_id(len(entries)) is None
    assert view.position(12345 << 32 | 1) is None
    assert ledger.catalog.find(begun.id, "no such key at all") is None
    backwards = await ledger.catalog.browse(begun.id, Query(sort="key", descending=True))
    assert [row.ref.key for row in backwards.rows(0, 100)] == arrived[::-1]
    for at in range(backwards.count):
        row_id = backwards.row_id(at)
        assert row_id is not None
        assert backwards.position(row_id) == at
    await backwards.aclose()
    await view.aclose()


async def test_versions_and_prefixes_are_found_by_name(ledger: Ledger) -> None:
    versions = [entry("k", version_id="new"), entry("k", version_id="old"), entry("l", version_id="only")]
    listing = await listed(ledger, versions, versions=True)
    view = await ledger.catalog.browse(listing.id)
    for at, row in enumerate(view.rows(0, 3)):
        found = ledger.catalog.find(listing.id, row.ref.key, row.ref.version_id)
        assert found is not None
        assert view.position(found) == at
    assert ledger.catalog.find(listing.id, "k", "older still") is None
    level = await listed(ledger, [entry("z")], prefixes=["a/", "b/", "c/"])
    assert [ledger.catalog.find(level.id, name, is_prefix=True) for name in ("a/", "b/", "c/", "d/")] == [
        -1,
        -2,
        -3,
        None,
    ]


async def test_prefixes_come_first_and_have_negative_ids(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("a0"), entry("z")], prefixes=["a/", "b/"])
    view = await ledger.catalog.browse(listing.id, EVERYTHING)
    rows = view.rows(0, 10)
    assert [(row.is_prefix, row.ref.key) for row in rows] == [(True, "a/"), (True, "b/"), (False, "a0"), (False, "z")]
    assert [row.id < 0 for row in rows] == [True, True, False, False]
    assert [view.position(row.id) for row in rows] == [0, 1, 2, 3]
    assert [view.row_id(at) for at in range(4)] == [row.id for row in rows]
    assert [row.ref.key for row in view.rows(1, 2)] == ["b/", "a0"]
    assert [row.ref.key for row in view.rows(-1, 2)] == ["a/"]


async def test_pages_of_many_ranges_take_few_statements(ledger: Ledger) -> None:
    """While the event loop is busy, the writer waits behind each of them."""
    begun = await ledger.catalog.begin(SCOPE)
    said: list[str] = []
    ledger._connections.writer.set_trace_callback(said.append)
    async with held(ledger._writer):
        for number in reversed(range(20)):
            rows = [entry(f"{number:02x}/{key}", size=number) for key in keys(250)]
            ledger.catalog.append(begun.id, Page(rows, [], None), segment=number)
    done = await ledger.catalog.finish(begun.id)
    ledger._connections.writer.set_trace_callback(None)
    assert (done.objects, done.size_bytes) == (5000, 250 * sum(range(20)))
    assert sum(text.startswith(f"INSERT INTO l{begun.id} ") for text in said) == 3
    assert sum(" segment " in text for text in said) <= 4
    assert len(said) < 35
