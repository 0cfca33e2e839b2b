"""What is kept of listings: within bounds, never what is shown, marked or under way, and its room is given back."""

import asyncio
from pathlib import Path

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.model import Page
from restoretui.ledger import Ledger
from restoretui.ledger.catalog import retention
from restoretui.ledger.records import CatalogBounds, Scope
from tests.ledger.helpers import BUCKET, CLOUD, entry, keys, listed, started

SCOPE = Scope(CLOUD, BUCKET, recursive=True)
ROWS = [entry(key) for key in keys(3000, "a/rather/long/prefix/so/that/pages/fill/{:05d}")]
NOTHING = CatalogBounds(listings=0)


async def kept(ledger: Ledger) -> list[int]:
    return [row[0] for row in await ledger._writer.do(lambda tx: tx.rows("SELECT id FROM listing ORDER BY id"))]


async def tables(ledger: Ledger) -> set[str]:
    sql = "SELECT name FROM catalog.sqlite_master WHERE name GLOB '[lp][0-9]*'"
    return {row[0] for row in await ledger._writer.do(lambda tx: tx.rows(sql))}


def forget_recent(ledger: Ledger) -> None:
    """As if many other listings had been opened since."""
    ledger.catalog._recent.clear()


async def test_a_place_refreshed_again_and_again_takes_no_more_than_two_listings(
    state_dir: Path, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLACK_BYTES", 1 << 14)
    sizes = []
    for _ in range(12):
        async with await Ledger.open(state_dir, manual_clock) as ledger:
            begun = await ledger.catalog.begin(SCOPE)
            making = asyncio.create_task(ledger.catalog.tidy(making=SCOPE))
            ledger.catalog.append(begun.id, Page(ROWS, [], None))
            await ledger.catalog.finish(begun.id)
            await making
            await ledger.catalog.tidy()
            assert len(await kept(ledger)) <= 2
        sizes.append((await asyncio.to_thread((state_dir / "catalog.db").stat)).st_size)
    assert max(sizes[4:]) <= 2.5 * sizes[0], sizes


async def test_room_is_given_back_to_the_disk(
    state_dir: Path, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLACK_BYTES", 1 << 14)
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        for _ in range(3):
            await listed(ledger, ROWS)
        forget_recent(ledger)
        freed = await ledger.catalog.tidy(NOTHING)
        assert freed.listings == 3
        assert freed.size_bytes > 3 * 200_000
    assert (await asyncio.to_thread((state_dir / "catalog.db").stat)).st_size < 200_000


@pytest.mark.parametrize("recursive", [True, False])
async def test_old_ones_go_and_those_in_use_stay(ledger: Ledger, manual_clock: ManualClock, recursive: bool) -> None:
    prefixes = [] if recursive else ["b/"]
    old = await listed(ledger, [entry("a")], prefixes=prefixes)
    shown = await listed(ledger, [entry("a")], bucket="other", prefixes=prefixes)
    view = await ledger.catalog.browse(shown.id)
    await manual_clock.advance(31 * 86_400)
    new = await listed(ledger, [entry("a")], bucket="third", prefixes=prefixes)
    forget_recent(ledger)
    await ledger.catalog.tidy()
    assert await kept(ledger) == [shown.id, new.id]
    assert view.rows(0, 1)
    with pytest.raises(LedgerError, match="replaced"):
        await ledger.catalog.browse(old.id)


async def test_what_marks_or_runs_lie_in_outlives_its_age(ledger: Ledger, manual_clock: ManualClock) -> None:
    marked = await listed(ledger, [entry("m/1")], bucket="marked", prefix="m/")
    beside = await listed(ledger, [entry("x/1")], bucket="marked", prefix="x/")
    view = await ledger.catalog.browse(marked.id)
    await ledger.selections.add_view(ledger.selections.MARKS, view)
    await view.aclose()
    run = await started(ledger, [entry("r/1"), entry("r/2")])
    restored = await listed(ledger, [entry("r/1")], prefix="r/")
    elsewhere = await listed(ledger, [entry("s/1")], prefix="s/")
    await manual_clock.advance(31 * 86_400)
    forget_recent(ledger)
    await ledger.catalog.tidy()
    left = await kept(ledger)
    assert {marked.id, restored.id} <= set(left)
    assert not {beside.id, elsewhere.id} & set(left)
    await ledger.runs.set_cancelled(run.id)
    await ledger.selections.clear(ledger.selections.MARKS)
    await ledger.catalog.tidy()
    assert await kept(ledger) == []


async def test_beyond_the_budget_the_oldest_go_first(ledger: Ledger) -> None:
    ids = [(await listed(ledger, ROWS, bucket=f"bucket-{number}")).id for number in range(5)]
    forget_recent(ledger)
    one = (await ledger._writer.do(retention._sizes)).used_bytes / 5
    await ledger.catalog.tidy(CatalogBounds(size_bytes=int(one * 3.5)))
    assert await kept(ledger) == ids[2:]
    view = await ledger.catalog.browse(ids[2])
    forget_recent(ledger)
    await ledger.catalog.tidy(CatalogBounds(size_bytes=1))
    assert await kept(ledger) == [ids[2]], "what is shown stays, whatever the budget"
    await view.aclose()


async def test_rows_that_a_killed_process_left_are_cleared_away(ledger: Ledger) -> None:
    listing = await listed(ledger, ROWS)
    forget_recent(ledger)
    await ledger._writer.do(lambda tx: retention._forget(tx, listing.id))
    assert await tables(ledger) == {f"l{listing.id}", f"p{listing.id}"}
    await ledger.catalog.tidy()
    assert await tables(ledger) == set()


async def test_steps_are_short_and_let_others_write(ledger: Ledger) -> None:
    """No step removes more than its share, and what is to be written meanwhile is written in between."""
    await listed(ledger, ROWS)
    forget_recent(ledger)
    steps: list[int] = []
    rows_of = retention._clear_some

    def counted(tx: retention.Tx, rows: int) -> bool:
        steps.append(rows)
        return rows_of(tx, min(rows, 500))

    ledger_writes = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "_clear_some", counted)
        tidying = asyncio.create_task(ledger.catalog.tidy(NOTHING))
        while not tidying.done():
            await ledger.activity.add("look", "in between")
            ledger_writes += 1
        await tidying
    assert len(steps) >= 6
    assert ledger_writes >= 3


async def test_a_listing_of_this_session_becomes_stale_too(ledger: Ledger, manual_clock: ManualClock) -> None:
    listing = await listed(ledger, [entry("a")])
    assert not listing.is_stale(manual_clock.now())
    await manual_clock.advance(601)
    assert listing.is_stale(manual_clock.now())
