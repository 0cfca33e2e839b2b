"""Filtered and sorted views against the same filter and sort written in Python, with and without later looks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.errors import LedgerError
from restoretui.core.filter.matcher import FilterRow, row_matches
from restoretui.core.filter.parser import parse_filter
from restoretui.core.filter.tree import Word
from restoretui.core.model import Entry, ObjectFacts, Page, State
from restoretui.core.rules.clouds import CLOUDS
from restoretui.ledger import Ledger
from restoretui.ledger.records import BrowseRow, Observation, Query, Scope
from restoretui.ledger.views import materialised_order as scratch
from restoretui.ledger.views import row_order as orders
from restoretui.ledger.views.fact_sql import _BY_INTEREST
from tests.core.filter.trees import TREES
from tests.ledger.helpers import (
    BUCKET,
    CLOUD,
    KEYS,
    busy,
    clock_of,
    entry,
    keys,
    ledger_for_examples,
    listed,
    look,
    now_of,
)

S3 = CLOUDS["s3"].rules
CLASSES = ("GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", "STANDARD", "NEW_CLASS")
NOW = 1_768_478_400  # where a ManualClock begins
SORTS = ("key", "size", "modified", "storage_class", "state", "expiry")

ENTRIES = st.builds(
    Entry,
    KEYS,
    st.none(),
    st.integers(0, 5),
    st.integers(1, 4),
    st.sampled_from(CLASSES),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, NOW - 5, NOW + 5, NOW + 50]),
    st.just('"e"'),
)
LISTINGS = st.lists(ENTRIES, max_size=30, unique_by=lambda row: row.key).map(lambda rows: sorted(rows))
QUERIES = st.builds(
    lambda *said: Query(*said),
    st.one_of(
        st.none(),
        st.sampled_from(["a", "A", "*a*", "[ab]*", "?", "\\*", "é", "%"]).map(Word.of),
        st.sampled_from(["class:GLACIER", "state:archived,online", "expires<1d | !class:g", "age>55y !a"]).map(
            parse_filter
        ),
        TREES,
    ),
    st.sampled_from(SORTS),
    st.booleans(),
)


@st.composite
def later_looks(draw: st.DrawFn, entries: Sequence[Entry]) -> list[Observation]:
    """Looks at some of the entries, some before they were listed, some after."""
    looks = []
    for row in entries:
        if draw(st.booleans()):
            continue
        changed = draw(st.booleans())
        looked = draw(st.booleans())
        looks.append(
            Observation(
                row.key,
                None,
                draw(st.sampled_from(CLASSES)) if changed else row.storage_class,
                row.size,
                99 if changed else row.modified,
                draw(st.sampled_from([None, "ARCHIVE_ACCESS"])) if looked else None,
                looked,
                draw(st.sampled_from([None, True, False])),
                draw(st.sampled_from([None, NOW - 5, NOW + 5])),
                NOW + draw(st.sampled_from([-10, 0, 10])),
                draw(st.booleans()),
            )
        )
    return looks


def facts_of(row: Entry, seen: Observation | None) -> tuple[ObjectFacts, bool]:
    """The entry, listed at ``NOW``, as a look corrects it; and whether it is gone."""
    newer = seen is not None and seen.seen_at >= NOW
    source: Any = seen if newer else row
    told = seen is not None and (
        newer or (seen.looked and seen.storage_class == row.storage_class and seen.modified == row.modified)
    )
    known = ObjectFacts(
        source.storage_class,
        seen.archive_status if seen is not None and told else None,
        seen.looked if seen is not None and told else False,
        source.in_progress,
        None if source.expiry is None else datetime.fromtimestamp(source.expiry, UTC),
    )
    return known, bool(seen is not None and newer and seen.gone)


def reference(entries: Sequence[Entry], looks: Sequence[Observation], query: Query) -> list[tuple[str, State]]:
    seen = {look.key: look for look in looks}
    rows: list[tuple[Entry, ObjectFacts, State]] = []
    for row in entries:
        known, gone = facts_of(row, seen.get(row.key))
        state = State.UNKNOWN if gone else S3.state_of(known, datetime.fromtimestamp(NOW, UTC))
        end = known.expiry.timestamp() if known.expiry is not None and state is State.AVAILABLE else None
        asked = FilterRow(
            (row.key,), storage_class=row.storage_class, size=row.size, modified=row.modified, state=state, expiry=end
        )
        if not row_matches(query.where, asked, NOW, tuple(S3.classes)):
            continue
        rows.append((row, known, state))
    # Ties stand in key order whichever way the sort goes.
    rows.sort(key=lambda each: each[0].key)
    down = query.descending
    match query.sort:
        case "key":
            rows.sort(key=lambda each: each[0].key, reverse=down)
        case "size":
            rows.sort(key=lambda each: each[0].size or 0, reverse=down)
        case "modified":
            rows.sort(key=lambda each: each[0].modified or 0, reverse=down)
        case "storage_class":
            rows.sort(key=lambda each: each[0].storage_class, reverse=down)
        case "state":
            rows.sort(key=lambda each: _BY_INTEREST.index(each[2]), reverse=down)
        case "expiry":
            with_end = [each for each in rows if each[1].expiry is not None]
            with_end.sort(key=lambda each: each[1].expiry or datetime.min.replace(tzinfo=UTC), reverse=down)
            rows = with_end + [each for each in rows if each[1].expiry is None]
    return [(row.key, state) for row, _, state in rows]


@pytest.mark.parametrize("in_steps", [False, True], ids=["at once", "in steps"])
def test_any_query_over_any_listing(monkeypatch: pytest.MonkeyPatch, in_steps: bool) -> None:
    if in_steps:
        monkeypatch.setattr(scratch, "LARGE", 1)
        monkeypatch.setattr(scratch, "HEAD_ROWS", 3)
        monkeypatch.setattr(orders, "SMALLEST_PIECE", 4)
    with ledger_for_examples() as (runner, ledger):
        bucket = iter(range(10**6))

        @settings(max_examples=150)
        @given(LISTINGS, QUERIES, st.data(), st.booleans())
        def check(entries: list[Entry], query: Query, data: st.DataObject, several: bool) -> None:
            looks = data.draw(later_looks(entries))
            runner.run(check_query(ledger, f"bucket-{next(bucket)}", entries, looks, query, several))

        check()


async def check_query(
    ledger: Ledger,
    bucket: str,
    entries: list[Entry],
    looks: list[Observation],
    query: Query,
    several: bool,
) -> None:
    listing = await ledger.catalog.begin(Scope(CLOUD, bucket, recursive=True))
    middle = len(entries) // 2 if several else len(entries)
    ledger.catalog.append(listing.id, Page(entries[middle:], [], None), segment=0)
    ledger.catalog.append(listing.id, Page(entries[:middle], [], None), segment=1)
    await ledger.catalog.finish(listing.id)
    await ledger.catalog.observe(CLOUD, bucket, looks)
    view = await ledger.catalog.browse(listing.id, query)
    wanted = reference(entries, looks, query)
    first = view.rows(0, 100)
    assert [(row.ref.key, row.state) for row in first] == wanted[: len(first)]
    assert [view.position(row.id) for row in first] == list(range(len(first)))
    await view.wait()
    rows = view.rows(0, 100)
    assert [(row.ref.key, row.state) for row in rows] == wanted
    assert view.count == len(wanted)
    assert [view.position(row.id) for row in rows] == list(range(len(rows)))
    assert [view.row_id(at) for at in range(len(rows))] == [row.id for row in rows]
    await view.aclose()


async def test_a_large_view_shows_its_head_first(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "LARGE", 1000)
    entries = [entry(key, size=number * 7919 % 5000) for number, key in enumerate(keys(5000))]
    listing = await listed(ledger, entries)
    with ledger.changes.subscribe() as changed:
        view = await ledger.catalog.browse(listing.id, Query(sort="size", descending=True))
        assert [row.size for row in view.rows(0, 3)] == [4999, 4998, 4997]
        assert view.count in (scratch.HEAD_ROWS, 5000)
        async for topics in changed:
            if view.topic in topics:
                break
        assert view.complete
    await view.wait()
    assert view.count == 5000
    assert [row.size for row in view.rows(2500, 2)] == [2499, 2498]
    assert [row.size for row in view.rows(4999, 9)] == [0]
    for at in (0, 1234, 4999):
        row_id = view.row_id(at)
        assert row_id is not None
        assert view.position(row_id) == at
    await view.aclose()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("segments", [1, 7])
async def test_a_filtered_view_grows_piece_by_piece(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, descending: bool, segments: int
) -> None:
    monkeypatch.setattr(scratch, "LARGE", 1000)
    monkeypatch.setattr(scratch, "GLANCE_S", 0.0)
    monkeypatch.setattr(orders, "SMALLEST_PIECE", 300)
    entries = [entry(key) for key in keys(5000)]
    listing = await ledger.catalog.begin(Scope(CLOUD, BUCKET, recursive=True))
    share = -(-len(entries) // segments)
    for number in reversed(range(segments)):
        page = Page(entries[number * share : (number + 1) * share], (), None)
        ledger.catalog.append(listing.id, page, segment=segments - number)
    await ledger.catalog.finish(listing.id)
    wanted = sorted((row.key for row in entries if "7" in row.key), reverse=descending)
    counts = []
    with ledger.changes.subscribe() as changed:
        view = await ledger.catalog.browse(listing.id, Query(Word.of("7"), descending=descending))

        def is_complete() -> bool:
            return view.complete

        assert not is_complete()
        counts.append(view.count)
        async for topics in changed:
            if view.topic in topics:
                count = view.count
                counts.append(count)
                rows = view.rows(0, count)
                assert [row.ref.key for row in rows] == wanted[:count]
                assert view.position(rows[-1].id) == count - 1
                assert view.row_id(count - 1) == rows[-1].id
                if is_complete():
                    break
    assert counts == sorted(counts)
    assert counts[0] < 300
    assert counts[-1] == len(wanted)
    assert len(set(counts)) > 2
    await view.aclose()


async def test_first_rows_wait_neither_for_counts_nor_for_other_views(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "LARGE", 1000)
    listing = await listed(ledger, [entry(key, size=5000 - number) for number, key in enumerate(keys(5000))])
    async with busy(ledger._reader), busy(ledger._builder):
        found = await ledger.catalog.browse(listing.id, Query(Word.of("K0")))
        by_size = await ledger.catalog.browse(listing.id, Query(sort="size"))
        assert [row.ref.key for row in found.rows(0, 2)] == ["k00000", "k00001"]
        assert [row.size for row in by_size.rows(0, 2)] == [1, 2]
        few = await ledger.catalog.browse(listing.id, Query(Word.of("k0001")))
        assert (few.complete, few.count) == (True, 10)
        none = await ledger.catalog.browse(listing.id, Query(Word.of("nothing")))
        assert (none.complete, none.count, none.rows(0, 9)) == (True, 0, [])
        await few.aclose()
        await none.aclose()
    for view in (found, by_size):
        await view.wait()
        assert view.count == 5000
        await view.aclose()


async def test_a_view_of_a_moment_is_not_shifted_by_pages_to_come(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "LARGE", 1000)
    monkeypatch.setattr(scratch, "GLANCE_S", 0.0)
    monkeypatch.setattr(orders, "SMALLEST_PIECE", 100)
    listing = await ledger.catalog.begin(Scope(CLOUD, BUCKET, recursive=True))
    ledger.catalog.append(listing.id, Page([entry(key) for key in keys(1000, "b{:05d}")], (), None), segment=1)
    ledger.catalog.append(listing.id, Page([entry(key) for key in keys(1000, "d{:05d}")], (), None), segment=3)
    await ledger.catalog._pages.written()
    async with busy(ledger._builder):
        view = await ledger.catalog.browse(listing.id, Query(Word.of("5")))
        for segment, form in enumerate(("a{:05d}", "b1{:05d}", "c{:05d}", "d1{:05d}")):
            page = Page([entry(key) for key in keys(500, form)], (), None)
            ledger.catalog.append(listing.id, page, segment=segment)
        await ledger.catalog._pages.written()
    await view.wait()
    shown = [row.ref.key for row in view.rows(0, 5000)]
    assert shown == sorted(set(shown))
    assert {key for key in shown if not key.startswith(("a", "c", "b1", "d1"))} == {
        key for form in ("b{:05d}", "d{:05d}") for key in keys(1000, form) if "5" in key
    }
    await view.aclose()


async def test_closing_a_view_that_is_still_being_built(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "LARGE", 1000)
    listing = await listed(ledger, [entry(key, size=number) for number, key in enumerate(keys(20_000))])
    for _ in range(5):
        view = await ledger.catalog.browse(listing.id, Query(sort="size", descending=True))
        await view.aclose()
        await view.aclose()
        with pytest.raises(LedgerError, match="closed"):
            view.rows(0, 1)
    left = await ledger._reader.run(
        lambda files: files.execute("SELECT count(*) FROM scratch.sqlite_master WHERE type = 'table'").fetchone()
    )
    assert left == (0,)


async def test_a_row_with_everything_in_it(ledger: Ledger) -> None:
    row = Entry("k\n[red]\x1b[2J", None, 7, 8, "GLACIER", False, NOW + 60, '"etag"')
    listing = await listed(ledger, [row])
    (shown,) = (await ledger.catalog.browse(listing.id)).rows(0, 5)
    assert shown == BrowseRow(
        id=1,
        is_prefix=False,
        ref=shown.ref,
        size=7,
        modified=8,
        storage_class="GLACIER",
        archive_status=None,
        state=State.AVAILABLE,
        expiry=NOW + 60,
        marked=False,
        tier=None,
        run_id=None,
        etag='"etag"',
        is_latest=True,
        gone=False,
    )
    assert shown.ref == (BUCKET, "k\n[red]\x1b[2J", None)


async def test_a_look_shows_at_once_in_every_view(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("a"), entry("b", "INTELLIGENT_TIERING")])
    view = await ledger.catalog.browse(listing.id)
    assert [row.state for row in view.rows(0, 2)] == [State.ARCHIVED, State.UNKNOWN]
    now = now_of(ledger)
    await ledger.catalog.observe(
        CLOUD,
        BUCKET,
        [look("a", now, in_progress=True), look("b", now, "INTELLIGENT_TIERING", looked=True)],
    )
    assert [row.state for row in view.rows(0, 2)] == [State.RESTORING, State.ONLINE]
    await ledger.catalog.observe(CLOUD, BUCKET, [look("a", now - 1), look("b", now, gone=True)])
    assert [(row.state, row.gone) for row in view.rows(0, 2)] == [(State.RESTORING, False), (State.UNKNOWN, True)]


async def test_what_head_told_outlives_a_later_listing(ledger: Ledger) -> None:
    """No listing names the archive tier inside Intelligent-Tiering; a HEAD of the same object did."""
    now = now_of(ledger)
    tiered = "INTELLIGENT_TIERING"
    await ledger.catalog.observe(
        CLOUD, BUCKET, [look("a", now - 50, tiered, looked=True, archive_status="ARCHIVE_ACCESS")]
    )
    same = await listed(ledger, [entry("a", tiered)])
    overwritten = await listed(ledger, [entry("a", tiered, modified=1_800_000_000)])
    for listing, state, status in (
        (same, State.ARCHIVED, "ARCHIVE_ACCESS"),
        (overwritten, State.UNKNOWN, None),
    ):
        (row,) = (await ledger.catalog.browse(listing.id)).rows(0, 1)
        assert (row.state, row.archive_status) == (state, status)
    await ledger.catalog.observe(CLOUD, BUCKET, [look("a", now + 1, tiered, in_progress=True)])
    (row,) = (await ledger.catalog.browse(same.id)).rows(0, 1)
    assert (row.state, row.archive_status) == (State.RESTORING, "ARCHIVE_ACCESS")
    await ledger.catalog.observe(CLOUD, BUCKET, [look("a", now + 2, tiered, looked=True)])
    (row,) = (await ledger.catalog.browse(same.id)).rows(0, 1)
    assert (row.state, row.archive_status) == (State.ONLINE, None)


async def test_a_look_from_before_the_clock_was_set_back_shuts_out_no_later_one(ledger: Ledger) -> None:
    now = now_of(ledger)
    ahead = await listed(ledger, [entry("a"), entry("b")])
    await ledger.catalog.observe(CLOUD, BUCKET, [look("a", now, in_progress=True), look("b", now, in_progress=True)])
    clock = clock_of(ledger)
    clock.time -= timedelta(hours=1)
    await ledger.catalog.observe(CLOUD, BUCKET, [look("a", now_of(ledger))])
    shown = (await ledger.catalog.browse(ahead.id)).rows(0, 2)
    assert [row.state for row in shown] == [State.ARCHIVED, State.RESTORING]
    later = await listed(ledger, [entry("a"), entry("b")])
    shown = (await ledger.catalog.browse(later.id)).rows(0, 2)
    assert [row.state for row in shown] == [State.ARCHIVED, State.ARCHIVED]
    await ledger.catalog.observe(CLOUD, BUCKET, [look("a", now_of(ledger) - 5, in_progress=True)])
    (row,) = (await ledger.catalog.browse(later.id)).rows(0, 1)
    assert row.state is State.ARCHIVED, "an older look still loses"
