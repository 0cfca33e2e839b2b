"""Two processes on one folder, here two ledgers: both work, and each hears of the other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.model import Page, State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.records import CatalogBounds, Query, Scope
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.store.change_feed import Subscription
from tests.ledger.helpers import BUCKET, CLOUD, entry, keys, listed, now_of, planned, started


@pytest.fixture
async def pair(state_dir: Path, manual_clock: ManualClock) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two ledgers on one folder that look for each other often."""
    opening = [Ledger.open(state_dir, manual_clock, poll_s=0.01) for _ in range(2)]
    one, two = await asyncio.gather(*opening)
    yield one, two
    await asyncio.gather(one.aclose(), two.aclose())


async def hears(changed: Subscription, *wanted: str) -> None:
    left = set(wanted)
    async for topics in changed:
        left -= topics
        if not left:
            return


async def test_each_hears_of_the_others_commits(pair: tuple[Ledger, Ledger]) -> None:
    one, two = pair
    with two.changes.subscribe() as changed:
        listing = await listed(one, [entry("a"), entry("b")])
        await hears(changed, "catalog", f"listing:{listing.id}")
        await one.selections.add_rows(1, listing.id, [1])
        await hears(changed, "selection:1")
        run = await one.runs.confirm(1, ConfirmedPlan(CLOUD, await planned(one), Tier.BULK, {}))
        await hears(changed, "runs", f"run:{run.id}", "activity")
        (job,) = await one.runs.claim(run.id, 1)
        await one.runs.apply([JobChange(job.id, State.REQUESTED, now_of(one))])
        await hears(changed, "runs", f"run:{run.id}", "activity")
    assert (await two.runs.get(run.id)).counts == {State.REQUESTED: 1}
    assert (await two.selections.summary(1)).objects == 1
    view = await two.catalog.browse(listing.id)
    assert [(row.state, row.marked) for row in view.rows(0, 2)] == [(State.REQUESTED, True), (State.ARCHIVED, False)]


async def test_what_was_committed_before_anybody_listened_is_told_too(pair: tuple[Ledger, Ledger]) -> None:
    one, two = pair
    listing = await listed(one, [entry("a"), entry("b")])
    assert (await two.selections.summary(1)).objects == 0
    await one.selections.add_rows(1, listing.id, [1])
    run = await one.runs.confirm(1, ConfirmedPlan(CLOUD, await planned(one), Tier.BULK, {}))
    await asyncio.sleep(0.05)
    with two.changes.subscribe() as changed:
        await hears(changed, "runs", f"run:{run.id}", "catalog", f"listing:{listing.id}", "selection:1")


async def test_ones_own_commits_are_not_anothers(pair: tuple[Ledger, Ledger]) -> None:
    one, two = pair
    run = await started(one, [entry("a"), entry("b")])
    with one.changes.subscribe() as changed:
        jobs = await one.runs.claim(run.id, 2)
        await one.runs.apply([JobChange(jobs[0].id, State.REQUESTED, now_of(one))])
        assert await anext(changed) == {"runs", f"run:{run.id}", "activity"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(changed), 0.1)
        await two.activity.add("network", "from the other")
        assert "activity" in await anext(changed)


async def test_both_claim_and_nobody_twice(pair: tuple[Ledger, Ledger]) -> None:
    one, two = pair
    run = await started(one, [entry(key) for key in keys(300)])

    async def work(ledger: Ledger) -> list[int]:
        mine: list[int] = []
        while jobs := await ledger.runs.claim(run.id, 7):
            mine += [job.id for job in jobs]
            await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger)) for job in jobs])
        return mine

    first, second = await asyncio.gather(work(one), work(two))
    assert len(first + second) == len({*first, *second}) == 300
    assert (await two.runs.get(run.id)).counts == {State.REQUESTED: 300}


async def test_one_lists_while_the_other_confirms(pair: tuple[Ledger, Ledger]) -> None:
    one, two = pair
    small = await listed(two, [entry("a")], bucket="small")
    await two.selections.add_under(1, small.id)
    begun = await one.catalog.begin(Scope(CLOUD, BUCKET, recursive=True))

    async def list_all() -> None:
        for number in range(100):
            ordered = [entry(f"{number:03d}/{key}") for key in keys(100)]
            one.catalog.append(begun.id, Page(ordered, [], None))
            await one.catalog.room()
            await asyncio.sleep(0)
        await one.catalog.finish(begun.id)

    async def confirm_often() -> None:
        plan = await planned(two)
        for _ in range(20):
            await two.runs.confirm(1, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}))

    await asyncio.gather(list_all(), confirm_often())
    assert (await two.catalog.get(begun.id)).objects == 10_000
    assert len(await one.runs.list()) == 20
    assert sum(run.counts.get(State.PLANNED, 0) for run in await one.runs.list()) == 1


async def test_a_lease_holds_between_them(pair: tuple[Ledger, Ledger], manual_clock: ManualClock) -> None:
    one, two = pair
    got = await asyncio.gather(one.leases.acquire("run:1", "one", 10), two.leases.acquire("run:1", "two", 10))
    assert sorted(got) == [False, True]
    await manual_clock.advance(10)
    assert await two.leases.acquire("run:1", "two", 10)
    assert not await one.leases.renew("run:1", "one", 10)


async def test_each_has_views_of_its_own(pair: tuple[Ledger, Ledger]) -> None:
    one, two = pair
    listing = await listed(one, [entry(key, size=at) for at, key in enumerate(keys(50))])
    up = await one.catalog.browse(listing.id, Query(sort="size"))
    down = await two.catalog.browse(listing.id, Query(sort="size", descending=True))
    assert [row.size for row in up.rows(0, 3)] == [0, 1, 2]
    assert [row.size for row in down.rows(0, 3)] == [49, 48, 47]


async def test_what_the_other_shows_is_not_removed_and_what_it_showed_is_named(pair: tuple[Ledger, Ledger]) -> None:
    one, two = pair
    listing = await listed(one, [entry("a")])
    view = await two.catalog.browse(listing.id)
    await listed(one, [entry("a")])
    one.catalog._recent.clear()
    assert (await one.catalog.tidy(CatalogBounds(listings=1))).listings == 0
    assert view.rows(0, 1)[0].ref.key == "a"
    await view.aclose()
    two.catalog._recent.clear()
    await two.catalog.tidy(CatalogBounds(listings=9))
    assert (await one.catalog.tidy(CatalogBounds(listings=1))).listings == 1
    with pytest.raises(LedgerError, match="replaced"):
        await two.catalog.browse(listing.id)
