"""A cut or flipped ledger is named as damaged, everywhere it is read, and ``check`` says what is."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerDamaged, LedgerError
from restoretui.core.filter.tree import Word
from restoretui.core.model import State
from restoretui.ledger import Ledger
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.upkeep.integrity_check import check_folder
from tests.ledger.helpers import CLOUD, entry, jobs_in, keys, now_of, started

LEDGER, CATALOG = "ledger.db", "catalog.db"


async def filled(folder: Path, clock: ManualClock, objects: int = 200) -> None:
    async with await Ledger.open(folder, clock) as ledger:
        run = await started(ledger, [entry(key) for key in keys(objects, "some/prefix/{:06d}")])
        jobs = await jobs_in(ledger, run.id, limit=objects)
        now = now_of(ledger)
        await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now, "accepted") for job in jobs])
        await ledger.runs.apply([JobChange(job.id, State.RESTORING, now) for job in jobs[::2]])
        await ledger.runs.apply(
            [JobChange(job.id, State.AVAILABLE, now, expiry=int(now) + 86_400) for job in jobs[::3]]
        )


async def read_everything(ledger: Ledger) -> None:
    """What screens, commands, submitter and watcher read."""
    for run in await ledger.runs.list():
        view = await ledger.runs.view(run.id)
        view.rows(0, 1000)
        await view.aclose()
        await (await ledger.runs.view(run.id, Query(Word.of("some"), sort="state"))).wait()
        await jobs_in(ledger, run.id)
        await ledger.runs.recover(run.id)
        await ledger.runs.claim(run.id, 5)
        await ledger.runs.awaited(
            run.id, CLOUD, "archive", versions=False, states={State.RESTORING, State.AVAILABLE}, limit=500
        )
        jobs = await jobs_in(ledger, run.id)
        await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now_of(ledger)) for job in jobs])
    await ledger.runs.open_runs()
    await ledger.runs.tracked()
    ledger.batches.peek_all()
    await ledger.activity.since(0, 1000)
    (await ledger.activity.view()).rows(0, 1000)
    shown = await ledger.catalog.browse(1)
    shown.rows(0, 1000)
    await ledger.selections.add_view(1, shown)
    await (await ledger.catalog.browse(1, Query(Word.of("some"), sort="state"))).wait()
    await ledger.selections.facts(1)
    await ledger.vitals()


Change = tuple[str, str]
CHANGES: list[Change] = [
    ("job", "UPDATE job SET state = 'equestedA' WHERE id = 7"),
    ("job", "UPDATE job SET size = 'many' WHERE id = 7"),
    ("job", "UPDATE job SET changed_at = 1e300 WHERE id = 7"),
    ("job", "UPDATE job SET expiry = 'x' WHERE id = 1"),
    ("job", "UPDATE job SET expiry = 999999999999999 WHERE id = 1"),
    ("job", "UPDATE job SET key = CAST(x'fffe' AS TEXT) WHERE id = 7"),
    ("job", "UPDATE job SET key = x'00' WHERE id = 7"),
    ("line", "UPDATE line SET action = 'tart'"),
    ("line", "UPDATE line SET tier = 'bull'"),
    ("line", "UPDATE line SET days = 123456789012"),
    ("run", "UPDATE run SET purpose = 'restorf'"),
    ("run", "UPDATE run SET tier = ''"),
    ("run", "UPDATE run SET connection = '{\"scheme'"),
    ("run", "UPDATE run SET connection = '[1]'"),
    ("run", "UPDATE run SET connection = '{\"profile\": 7}'"),
    ("run", "UPDATE run SET connection = '{\"buckets\": [7]}'"),
    ("run", 'UPDATE run SET connection = \'{"buckets": {"b": {"profile": 7}}}\''),
    ("run", "UPDATE run SET estimate = '1o'"),
    ("run", "UPDATE run SET estimate = 'NaN'"),
    ("run", "UPDATE run SET created_at = -1e18"),
    ("run", "UPDATE run SET objects = 'three'"),
    ("run_count", "UPDATE run_count SET state = 'estoring' WHERE state = 'restoring'"),
    ("run_count", "UPDATE run_count SET jobs = 'x' WHERE state = 'restoring'"),
]


@pytest.mark.parametrize(("table", "sql"), CHANGES, ids=[sql for _, sql in CHANGES])
async def test_a_value_that_was_never_written_is_named_and_so_is_its_table(
    state_dir: Path, manual_clock: ManualClock, table: str, sql: str
) -> None:
    await filled(state_dir, manual_clock, 20)
    assert (await asyncio.to_thread(check_folder, state_dir)).findings == []
    with closing(sqlite3.connect(state_dir / LEDGER)) as database, database:
        database.execute(sql)
    findings = (await asyncio.to_thread(check_folder, state_dir)).findings
    assert table in {finding.what for finding in findings}, findings
    assert {finding.file for finding in findings} == {LEDGER}
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        with pytest.raises(LedgerDamaged) as caught:
            await read_everything(ledger)
    assert "damaged" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "restoretui ledger check" in caught.value.hint


@pytest.mark.parametrize("version", [-(2**31), -1, 0, 1, 3])
async def test_a_schema_number_that_is_not_its_own_changes_nothing(
    state_dir: Path, manual_clock: ManualClock, version: int
) -> None:
    await filled(state_dir, manual_clock, 5)
    kept = state_dir / f"{LEDGER}.schema-1"
    shutil.copy(state_dir / LEDGER, kept)
    with closing(sqlite3.connect(state_dir / LEDGER)) as database:
        (true,) = database.execute("PRAGMA user_version").fetchone()
        database.execute(f"PRAGMA user_version = {version}")
    assert (await asyncio.to_thread(check_folder, state_dir)).findings
    with pytest.raises(LedgerDamaged):
        await Ledger.open(state_dir, manual_clock)
    assert kept.exists()
    with closing(sqlite3.connect(state_dir / LEDGER)) as database:
        database.execute(f"PRAGMA user_version = {true}")
    assert (await asyncio.to_thread(check_folder, state_dir)).findings == []


async def test_counts_that_do_not_agree_are_found(state_dir: Path, manual_clock: ManualClock) -> None:
    await filled(state_dir, manual_clock, 20)
    with closing(sqlite3.connect(state_dir / LEDGER)) as database, database:
        database.execute("UPDATE run_count SET jobs = jobs + 1 WHERE state = 'available'")
    (finding,) = (await asyncio.to_thread(check_folder, state_dir)).findings
    assert (finding.what, finding.problem) == ("run_count", "the counts of run 1 are not those of its objects")


@pytest.mark.parametrize("name", ["job_object", "activity_is_not_deleted", "lease"])
async def test_what_is_missing_of_the_schema_is_found(state_dir: Path, manual_clock: ManualClock, name: str) -> None:
    await filled(state_dir, manual_clock, 20)
    with closing(sqlite3.connect(state_dir / LEDGER)) as database, database:
        (kind,) = database.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        database.execute(f"DROP {kind} {name}")
    assert (name, "it is not there") in {
        (finding.what, finding.problem) for finding in (await asyncio.to_thread(check_folder, state_dir)).findings
    }


async def test_a_listing_without_its_rows_is_found(state_dir: Path, manual_clock: ManualClock) -> None:
    await filled(state_dir, manual_clock, 20)
    with closing(sqlite3.connect(state_dir / CATALOG)) as database, database:
        database.execute("DELETE FROM l1 WHERE id = 3")
    (finding,) = (await asyncio.to_thread(check_folder, state_dir)).findings
    assert (finding.file, finding.what) == (CATALOG, "l1")


@pytest.mark.parametrize("left", [0, 1, 50, 4096, -1000, -1])
async def test_a_ledger_cut_short_is_noticed_at_once(state_dir: Path, manual_clock: ManualClock, left: int) -> None:
    await filled(state_dir, manual_clock)
    path = state_dir / LEDGER
    content = path.read_bytes()[: left or None] if left else b""
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged) as caught:
        await Ledger.open(state_dir, manual_clock)
    assert "damaged" in str(caught.value)
    assert "ledger check" in caught.value.hint
    assert path.read_bytes() == content
    findings = (await asyncio.to_thread(check_folder, state_dir)).findings
    assert LEDGER in {finding.file for finding in findings}


async def test_a_ledger_is_never_empty_unless_it_was_emptied(state_dir: Path, manual_clock: ManualClock) -> None:
    """It appears whole under its name, so that an empty one beside a catalog tells."""
    await asyncio.gather(*(filled(state_dir / str(number), manual_clock, 5) for number in range(3)))
    async with await Ledger.open(state_dir / "0", manual_clock) as ledger:
        assert len(await ledger.runs.list()) == 1
    assert sorted(path.name for path in (state_dir / "0").iterdir()) == [CATALOG, LEDGER, "scratch"]
    (state_dir / "0" / LEDGER).unlink()
    async with await Ledger.open(state_dir / "0", manual_clock) as ledger:
        assert await ledger.runs.list() == [], "one that was moved away is begun anew"


async def test_a_cut_catalog_is_set_aside_and_that_is_said(state_dir: Path, manual_clock: ManualClock) -> None:
    await filled(state_dir, manual_clock)
    path = state_dir / CATALOG
    path.write_bytes(path.read_bytes()[:-1000])
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert ledger.set_aside is not None
        assert ledger.set_aside.name in ledger.note


def flip(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if dice.random() < 0.2:
        del content[-dice.randrange(1, len(content)) :]
    else:
        full = [at for at, byte in enumerate(content) if byte]
        for _ in range(dice.choice((1, 1, 5, 40))):
            content[dice.choice(full)] ^= 1 << dice.randrange(8)
    path.write_bytes(content)


async def test_any_flip_is_an_error_with_a_name_or_goes_unnoticed(tmp_path: Path, manual_clock: ManualClock) -> None:
    """Never a defect of whoever reads it, and never a run that something was sent for twice."""
    sound = tmp_path / "sound"
    await filled(sound, manual_clock, 120)
    async with await Ledger.open(sound, manual_clock) as ledger:
        await read_everything(ledger)
    for number in range(60):
        dice = random.Random(number)
        folder = tmp_path / str(number)
        await asyncio.to_thread(shutil.copytree, sound, folder)
        await asyncio.to_thread(flip, folder / dice.choice((LEDGER, LEDGER, LEDGER, CATALOG)), dice)
        for finding in (await asyncio.to_thread(check_folder, folder)).findings:
            assert finding.what
            assert finding.problem
        error = await what_becomes(partial(Ledger.open, folder, manual_clock))
        assert error is None or isinstance(error, LedgerError), (number, error)
        await asyncio.to_thread(shutil.rmtree, folder)


async def what_becomes(open_it: Callable[[], Awaitable[Ledger]]) -> Exception | None:
    try:
        async with await open_it() as ledger:
            await read_everything(ledger)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is asked about
        return error
    return None


async def test_what_is_in_the_way_of_reading_is_no_damage(tmp_path: Path, manual_clock: ManualClock) -> None:
    await filled(tmp_path, manual_clock, 1)
    for name in (LEDGER, CATALOG):
        (tmp_path / f"{name}-shm").symlink_to(
            "/nowhere/at/all"
        )  # As little can be made beside it as on a file system for reading only.
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        await asyncio.to_thread(check_folder, tmp_path)
