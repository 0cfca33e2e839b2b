"""Schemas go forward, step by step, each step whole or not at all."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.ledger import Ledger
from restoretui.ledger.store import backups as copies
from restoretui.ledger.store import schema
from restoretui.ledger.store.migrations import ForeignFile, Migration, NewerSchema, migrate, version_of

ID = 0x1234
STEPS = (
    Migration("one", ("CREATE TABLE a (x)", "INSERT INTO a VALUES (1)")),
    Migration("two", ("ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = x + 1")),
    Migration("three", ("CREATE TABLE b AS SELECT y FROM a",)),
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "some.db", isolation_level=None)) as connection:
        yield connection


def test_all_steps_from_nothing(database: sqlite3.Connection) -> None:
    assert migrate(database, STEPS, ID, 5.0) == ["one", "two", "three"]
    assert database.execute("SELECT * FROM b").fetchall() == [(2,)]
    assert database.execute("SELECT * FROM migration").fetchall() == [
        (1, "one", 5.0),
        (2, "two", 5.0),
        (3, "three", 5.0),
    ]
    assert version_of(database, ID, 3) == 3


@pytest.mark.parametrize("known", [0, 1, 2, 3])
def test_only_what_is_missing(database: sqlite3.Connection, known: int) -> None:
    migrate(database, STEPS[:known], ID, 1.0)
    assert migrate(database, STEPS, ID, 2.0) == ["one", "two", "three"][known:]
    assert migrate(database, STEPS, ID, 3.0) == []


def test_a_step_that_fails_leaves_those_before_it(database: sqlite3.Connection) -> None:
    broken = (*STEPS[:2], Migration("three", ("CREATE TABLE b (z)", "INSERT INTO nowhere VALUES (1)")))
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, broken, ID, 1.0)
    assert not database.in_transaction
    assert version_of(database, ID, 3) == 2
    assert database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'b'").fetchone() == (0,)
    assert migrate(database, STEPS, ID, 2.0) == ["three"]


def test_a_full_disk_of_a_copy_is_not_that_of_the_ledger(tmp_path: Path) -> None:
    class Full:
        def backup(self, copy: sqlite3.Connection) -> None:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    with pytest.raises(LedgerError, match=r"copy.db cannot be written: the disk is full"):
        copies.copy_whole(cast("sqlite3.Connection", Full()), tmp_path / "copy.db")
    assert not list(tmp_path.iterdir())


def test_newer_and_foreign_files_are_left_alone(database: sqlite3.Connection) -> None:
    migrate(database, STEPS, ID, 1.0)
    with pytest.raises(NewerSchema):
        migrate(database, STEPS[:2], ID, 2.0)
    with pytest.raises(ForeignFile):
        migrate(database, STEPS, ID + 1, 2.0)
    assert not database.in_transaction


def of_old(path: Path) -> None:
    """A ledger as the first schema had it, with one run."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        migrate(old, schema.LEDGER[:1], schema.APPLICATION_ID, 1.0)
        old.execute("INSERT INTO bucket VALUES (1, 's3', '', 'b')")
        old.execute(
            "INSERT INTO run (scheme, endpoint, connection, purpose, tier, days, note, created_at, objects,"
            " size_bytes, first_job, estimate, currency, unpriced)"
            " VALUES ('s3', '', '{}', 'restore', 'bulk', 3, 'of old', 1, 1, 5, 1, '0.5', 'USD', 0)"
        )
        old.execute("INSERT INTO line VALUES (1, 1, 'GLACIER', 'GLACIER', 'start', 'archived', 'bulk', 3)")
        old.execute(
            "INSERT INTO job (run_id, line_id, bucket_id, key, version_id, size, state, changed_at, adopted)"
            " VALUES (1, 1, 1, 'k', '', 5, 'planned', 1, 0)"
        )
        old.execute("INSERT INTO run_count VALUES (1, 'planned', 1, 5)")


async def test_an_old_ledger_keeps_its_runs_and_a_copy_is_made(state_dir: Path, manual_clock: ManualClock) -> None:
    await asyncio.to_thread(of_old, state_dir / "ledger.db")
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        (run,) = await ledger.runs.open_runs()
        assert (run.note, run.waiting) == ("of old", 1)
        assert [job.ref.key for job in await ledger.runs.claim(run.id, 10)] == ["k"]
        await ledger.activity.add("run", "still here", run_id=run.id)
    (copy,) = state_dir.glob("ledger.db.schema-*")
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (1,)
        assert kept.execute("SELECT note FROM run").fetchall() == [("of old",)]


async def test_without_room_for_a_copy_the_schema_changes_all_the_same_and_that_is_said(
    state_dir: Path, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(of_old, state_dir / "ledger.db")
    monkeypatch.setattr(copies, "room_for", lambda _folder, _size: False)
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert "without a copy" in ledger.note
        assert len(await ledger.runs.open_runs()) == 1
    assert list(state_dir.glob("ledger.db.schema-*")) == []


async def test_of_copies_the_last_one_stays_once_the_schema_has_changed(
    state_dir: Path, manual_clock: ManualClock
) -> None:
    await asyncio.to_thread(of_old, state_dir / "ledger.db")
    (state_dir / "ledger.db.schema-0").write_bytes(b"an older copy")
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert ledger.note == ""
    assert [path.name for path in state_dir.glob("ledger.db.schema-*")] == ["ledger.db.schema-1"]
