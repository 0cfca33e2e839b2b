"""Another process that writes for long: waited for as long as it lives, by name, and held against nobody's lease."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerBusy
from restoretui.core.model import State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.store import connections, write_lock
from restoretui.ledger.store.migrations import migrate
from restoretui.ledger.store.schema import APPLICATION_ID, LEDGER
from restoretui.ledger.store.write_lock import WriteLock, who_writes
from restoretui.ledger.store.writer import Tx
from tests.ledger.helpers import CLOUD, entry, keys, last_entry, listed, planned, started

HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.01)
    monkeypatch.setattr(write_lock, "TOLD_AFTER_S", 0.0)
    monkeypatch.setattr(write_lock, "LEAVING_S", 0.0)


@contextmanager
def held(state_dir: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else writes meanwhile, in this process."""
    with closing(sqlite3.connect(state_dir / "ledger.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        with suppress(sqlite3.OperationalError):  # It may have ended it by itself.
            other.execute("ROLLBACK")


@contextmanager
def held_by_another(state_dir: Path) -> Iterator[int]:
    """The same in a process of its own, whose number it gives."""
    command = [sys.executable, "-c", HOLD, str(state_dir / "ledger.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid


async def until_long(ledger: Ledger) -> None:
    with ledger.changes.subscribe() as changed:
        while not (ledger.lock.is_long and ledger.lock.locked_out_for):
            await anext(changed)


async def test_it_is_waited_for_as_long_as_it_takes(state_dir: Path, manual_clock: ManualClock) -> None:
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        with held(state_dir):
            adding = asyncio.create_task(ledger.activity.add("network", "hello"))
            await until_long(ledger)
            for _ in range(5):  # many times what SQLite itself waits
                await asyncio.sleep(0.02)
                assert not adding.done()
            assert ledger.lock.gives_up_in is None
        await adding
        assert await last_entry(ledger) == 1
        assert not ledger.lock.locked_out_for


async def test_whoever_listens_hears_when_it_is_over(state_dir: Path, manual_clock: ManualClock) -> None:
    async with await Ledger.open(state_dir, manual_clock) as ledger, AsyncExitStack() as stack:
        with held(state_dir):
            adding = asyncio.create_task(ledger.activity.add("network", "hello"))
            await until_long(ledger)
            changed = stack.enter_context(ledger.changes.subscribe())
        assert "ledger" in await anext(changed)
        assert not ledger.lock.locked_out_for
        await adding


async def test_who_ends_waits_no_longer(state_dir: Path, manual_clock: ManualClock) -> None:
    ledger = await Ledger.open(state_dir, manual_clock)
    with held(state_dir):
        adding = asyncio.create_task(ledger.activity.add("network", "hello"))
        await until_long(ledger)
        ledger.leave()
        with pytest.raises(LedgerBusy, match="not written"):
            await adding
        await ledger.aclose()
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert await ledger.activity.since(0, 10) == []


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not tell who has a lock")
async def test_its_process_is_told(state_dir: Path, manual_clock: ManualClock) -> None:
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert await asyncio.to_thread(who_writes, state_dir / "ledger.db") == ""
        with held_by_another(state_dir) as pid:
            assert await asyncio.to_thread(who_writes, state_dir / "ledger.db") == f"process {pid} writes to it"
            adding = asyncio.create_task(ledger.activity.add("network", "hello"))
            await until_long(ledger)
            assert ledger.lock.locked_out_by == f"process {pid} writes to it"
        await adding


async def test_opening_waits_for_who_has_the_file_to_himself(state_dir: Path, manual_clock: ManualClock) -> None:
    async with await Ledger.open(state_dir, manual_clock):
        pass
    with closing(sqlite3.connect(state_dir / "ledger.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        opening = asyncio.create_task(Ledger.open(state_dir, manual_clock))
        await asyncio.sleep(0.1)
        assert not opening.done()
    await (await opening).aclose()


async def test_a_migration_is_waited_for_and_what_it_left_is_copied_once(
    state_dir: Path, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Ledger.open(state_dir, manual_clock):
        pass
    (state_dir / "ledger.db").unlink()
    with closing(sqlite3.connect(state_dir / "ledger.db", isolation_level=None, check_same_thread=False)) as older:
        await asyncio.to_thread(migrate, older, LEDGER[:-1], APPLICATION_ID, 0.0)
        older.execute("PRAGMA journal_mode = WAL")
    with held(state_dir) as other:
        opening = asyncio.create_task(Ledger.open(state_dir, manual_clock))
        await asyncio.sleep(0.1)
        assert not opening.done()
        assert not list(state_dir.glob("*.schema-*")), "the other one makes the copy"
        other.execute("ROLLBACK")
        await asyncio.to_thread(migrate, other, LEDGER, APPLICATION_ID, 0.0)
    await (await opening).aclose()


async def test_a_confirmation_that_waits_is_taken_back(state_dir: Path, manual_clock: ManualClock) -> None:
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        listing = await listed(ledger, [entry(key) for key in keys(3)])
        await ledger.selections.add_under(1, listing.id)
        agreed = ConfirmedPlan(CLOUD, await planned(ledger), Tier.BULK, {})
        with held(state_dir):
            confirming = asyncio.create_task(ledger.runs.confirm(1, agreed))
            await until_long(ledger)
            confirming.cancel()
            with pytest.raises(asyncio.CancelledError):
                await confirming
        assert await ledger.runs.list() == []
        assert (await ledger.runs.confirm(1, agreed)).objects == 3


async def test_a_confirmation_under_way_is_taken_back(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(20_000)])
    await ledger.selections.add_under(1, listing.id)
    agreed = ConfirmedPlan(CLOUD, await planned(ledger), Tier.BULK, {})
    confirming = asyncio.create_task(ledger.runs.confirm(1, agreed))
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def said(sql: str) -> None:
        if sql.startswith("INSERT INTO job "):
            loop.call_soon_threadsafe(begun.set)

    ledger._connections.writer.set_trace_callback(said)
    await begun.wait()
    confirming.cancel()
    with suppress(asyncio.CancelledError):  # It may have been too late.
        assert (await confirming).objects == 20_000
    runs = await ledger.runs.list()
    assert [run.objects for run in runs] == ([] if confirming.cancelled() else [20_000])
    if not runs:
        assert (await ledger.runs.confirm(1, agreed)).objects == 20_000


async def test_work_that_is_not_wanted_any_more_leaves_nothing(ledger: Ledger) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    begun, loop = asyncio.Event(), asyncio.get_running_loop()

    def work(tx: Tx) -> None:
        tx.run("INSERT INTO activity (at, kind, text) VALUES (0, 'run', 'half of it')")
        loop.call_soon_threadsafe(begun.set)
        tx.run(endless)

    working = asyncio.create_task(ledger._writer.do(work, undoable=True))
    await begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await ledger.activity.since(0, 10) == []


async def test_what_was_rolled_back_gives_its_room_back(
    ledger: Ledger, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_WAL_LIMIT", 1 << 16)
    log = state_dir / "ledger.db-wal"

    def work(tx: Tx) -> None:
        tx.run("CREATE TABLE much (x)")
        tx.run("PRAGMA cache_size = 10")
        tx.run(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 3000)"
            " INSERT INTO much SELECT zeroblob(1000) FROM n"
        )
        assert log.stat().st_size > 1 << 20
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await ledger._writer.do(work)
    await ledger.activity.add("network", "hello")
    assert log.stat().st_size < 1 << 20


async def test_a_run_is_cancelled_in_parts(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restoretui.ledger.runs.claims._SOME", 7)
    run = await started(ledger, [entry(key) for key in keys(50)])
    await ledger.runs.claim(run.id, 1)
    assert await ledger.runs.set_cancelled(run.id) == 49
    after = await ledger.runs.get(run.id)
    assert after.counts == {State.PLANNED: 1, State.CANCELLED: 49}


async def test_nothing_leaves_once_the_first_part_is_cancelled(ledger: Ledger, state_dir: Path) -> None:
    """As a process leaves it that was killed behind the first transaction."""
    run = await started(ledger, [entry(key) for key in keys(50)])
    await ledger._writer.do(lambda tx: tx.run("UPDATE run SET given_up_at = 1"))
    assert await ledger.runs.claim(run.id, 10) == []
    assert await ledger.runs.reset_failed(run.id) == 0
    assert (await ledger.runs.get(run.id)).counts == {State.CANCELLED: 50}


def test_what_one_process_wrote_for_long_is_counted_from_its_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("restoretui.ledger.store.write_lock.time.monotonic", lambda: now)
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as connection:
        lock = WriteLock(tmp_path, lambda *_: None)
        assert lock.standstill == 0

        def write(seconds: float) -> None:
            nonlocal now
            lock.take(connection)
            now += seconds
            connection.execute("ROLLBACK")
            lock.free()

        write(1)
        assert lock.standstill == 0
        write(60)
        now += 1
        assert lock.standstill == 61
        lock.take(connection)
        now += 30
        assert lock.standstill == 91, "nobody came between the two"
        connection.execute("ROLLBACK")
        lock.free()
        now += 10
        assert lock.standstill == 0


async def test_a_lease_that_could_not_be_renewed_is_left_a_moment(
    ledger: Ledger, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    standstill = 0.0
    monkeypatch.setattr(WriteLock, "standstill", property(lambda _self: standstill))
    assert await ledger.leases.acquire("run:1", "one", 10)
    await manual_clock.advance(60)
    standstill = 60.0
    assert not await ledger.leases.acquire("run:1", "two", 10)
    assert await ledger.leases.renew("run:1", "one", 10)
    await manual_clock.advance(15)
    standstill = 2.0
    assert await ledger.leases.acquire("run:1", "two", 10), "it had lapsed before the standstill"
