"""The two threads: work committed together fails apart, a full disk loses nothing, a cancelled query stops."""

import asyncio
import sqlite3
from collections.abc import Awaitable
from contextlib import closing
from pathlib import Path

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerDamaged, LedgerError
from restoretui.core.model import Page, State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.records import Scope
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.store import connections
from restoretui.ledger.store.writer import Tx
from tests.ledger.helpers import BUCKET, CLOUD, entry, keys, listed, now_of, planned, started


async def test_one_failure_leaves_the_others_standing(ledger: Ledger) -> None:
    await ledger._writer.do(lambda tx: tx.run("CREATE TABLE note (x UNIQUE)"))

    def insert(value: int) -> Awaitable[int]:
        return ledger._writer.do(lambda tx: tx.run("INSERT INTO note VALUES (?)", (value,)))

    def half_done(tx: Tx) -> None:
        tx.run("INSERT INTO note VALUES (77)")
        raise ValueError("on purpose")

    results = await asyncio.gather(
        insert(1),
        insert(1),
        ledger._writer.do(half_done),
        insert(2),
        ledger._writer.do(lambda tx: tx.run("INSERT INTO nowhere VALUES (1)")),
        insert(3),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [int, LedgerError, ValueError, int, LedgerDamaged, int]
    assert await ledger._writer.do(lambda tx: tx.rows("SELECT x FROM note ORDER BY x")) == [(1,), (2,), (3,)]
    with pytest.raises(ValueError, match="on purpose"):
        await ledger._writer.do(half_done)  # alone, which has no savepoint to go back to
    assert await insert(4) == 1
    assert await ledger._writer.do(lambda tx: tx.rows("SELECT x FROM note WHERE x > 3")) == [(4,)]


async def test_work_that_is_alone_has_no_savepoint(ledger: Ledger) -> None:
    """For one SQLite copies each page before it changes, to a file: as much again as is written at all."""
    said: list[str] = []
    ledger._connections.writer.set_trace_callback(said.append)
    await ledger._writer.do(lambda tx: tx.run("UPDATE run SET note = ''"))
    ledger._connections.writer.set_trace_callback(None)
    assert "COMMIT" in said
    assert not [text for text in said if "SAVEPOINT" in text]


def limit(ledger: Ledger, name: str, spare: int) -> None:
    """Let the file grow by only so many pages."""
    writer = ledger._connections.writer
    (pages,) = writer.execute(f"PRAGMA {name}.page_count").fetchone()
    writer.execute(f"PRAGMA {name}.max_page_count = {pages + spare}")


def unlimit(ledger: Ledger, name: str) -> None:
    ledger._connections.writer.execute(f"PRAGMA {name}.max_page_count = 1000000")


async def test_a_full_disk_while_confirming(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key * 20) for key in keys(5000)])
    await ledger.selections.add_under(1, listing.id)
    plan = await planned(ledger)
    small = await started(ledger, [entry("small")])
    limit(ledger, "main", 20)
    (job,) = await ledger.runs.claim(small.id, 1)
    confirmed, applied = await asyncio.gather(
        ledger.runs.confirm(1, ConfirmedPlan(CLOUD, plan, Tier.BULK, {})),
        ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger))]),
        return_exceptions=True,
    )
    assert isinstance(confirmed, LedgerError)
    assert "disk is full" in str(confirmed)
    assert "free some space" in confirmed.hint
    # Queued together with what was too much, and all the same recorded.
    assert applied == [job.id]
    assert [run.id for run in await ledger.runs.list()] == [small.id]
    unlimit(ledger, "main")
    run = await ledger.runs.confirm(1, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}))
    assert run.objects == 5000


async def test_a_full_disk_while_listing(ledger: Ledger) -> None:
    begun = await ledger.catalog.begin(Scope(CLOUD, BUCKET, recursive=True))
    limit(ledger, "catalog", 10)
    with ledger.changes.subscribe() as changed:
        ledger.catalog.append(begun.id, Page([entry(key * 20) for key in keys(5000)], [], "more"))
        async for topics in changed:
            if "ledger" in topics:
                break
    assert ledger.problem is not None
    assert "disk is full" in str(ledger.problem)
    with pytest.raises(LedgerError, match="disk is full"):
        ledger.catalog.append(begun.id, Page([entry("z")], [], None))
    unlimit(ledger, "catalog")
    with pytest.raises(LedgerError, match="disk is full"):
        await ledger.catalog.finish(begun.id)
    after = ledger.catalog.peek(begun.id)
    assert (after.objects, after.is_complete) == (0, False)
    await ledger.catalog.resume(begun.id)
    ledger.catalog.append(begun.id, Page([entry("a")], [], None))
    assert (await ledger.catalog.finish(begun.id)).is_complete
    assert ledger.problem is None


async def test_opening_does_not_wait_for_anothers_work(
    state_dir: Path, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        run = await started(ledger, [entry("a")])
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.0)
    with closing(sqlite3.connect(state_dir / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with await Ledger.open(state_dir, manual_clock) as ledger:
            assert await ledger.runs.list() == [run]
        other.execute("ROLLBACK")


async def test_a_database_that_breaks_while_open(ledger: Ledger, state_dir: Path) -> None:
    run = await started(ledger, [entry(key) for key in keys(3000)])
    await ledger._writer.do(lambda tx: None)
    ledger._connections.writer.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
    path = state_dir / "ledger.db"
    with path.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xff" * 4096 * 30)
    view = await ledger.runs.view(run.id)
    with pytest.raises(LedgerError) as caught:
        view.rows(0, 3000)
    assert "damaged" in str(caught.value)
    assert "ledger check" in caught.value.hint


async def test_nothing_works_after_closing(state_dir: Path, manual_clock: ManualClock) -> None:
    ledger = await Ledger.open(state_dir, manual_clock)
    listing = await listed(ledger, [entry("a")])
    view = await ledger.catalog.browse(listing.id)
    await ledger.aclose()
    await ledger.aclose()
    with pytest.raises(LedgerError, match="closed"):
        await ledger.activity.add("network", "hello")
    with pytest.raises(LedgerError, match="closed"):
        await ledger.selections.facts(1)
    with pytest.raises(LedgerError, match="closed"):
        view.rows(0, 1)


async def test_closing_writes_what_is_queued(state_dir: Path, manual_clock: ManualClock) -> None:
    ledger = await Ledger.open(state_dir, manual_clock)
    begun = await ledger.catalog.begin(Scope(CLOUD, BUCKET, recursive=True))
    for key in keys(20):
        ledger.catalog.append(begun.id, Page([entry(key)], [], key))
    await ledger.aclose()
    async with await Ledger.open(state_dir, manual_clock) as again:
        left = await again.catalog.get(begun.id)
        assert (left.objects, left.resume_token, left.ended_at) == (20, "k00019", None)


async def test_cancelling_stops_the_query(ledger: Ledger) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    running = asyncio.create_task(ledger._reader.run(lambda connection: connection.execute(endless).fetchone()))
    queued = asyncio.create_task(ledger._reader.run(lambda connection: connection.execute("SELECT 1").fetchone()))
    never = asyncio.create_task(ledger._reader.run(lambda connection: connection.execute(endless).fetchone()))
    await asyncio.sleep(0)
    never.cancel()
    running.cancel()
    assert await queued == (1,)
    for task in (running, never):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_closing_stops_a_query(state_dir: Path, manual_clock: ManualClock) -> None:
    ledger = await Ledger.open(state_dir, manual_clock)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    running = asyncio.create_task(ledger._reader.run(lambda connection: connection.execute(endless).fetchone()))
    await asyncio.sleep(0)
    await ledger.aclose()
    with pytest.raises(LedgerError):
        await running


async def test_an_abandoned_wait_does_not_undo_the_work(ledger: Ledger) -> None:
    adding = asyncio.create_task(ledger.activity.add("network", "still written"))
    await asyncio.sleep(0)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    await ledger.activity.add("network", "after it")
    assert [told.text for told in await ledger.activity.since(0, 10)] == ["still written", "after it"]
