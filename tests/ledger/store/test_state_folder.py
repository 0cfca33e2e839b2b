"""The files: private, never replaced silently, and clear about what is wrong with them."""

import asyncio
import importlib
import multiprocessing
import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.ledger import Ledger
from tests.ledger.helpers import entry, listed, started


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def closed_ledger(folder: Path, clock: ManualClock) -> None:
    async with await Ledger.open(folder, clock) as ledger:
        await started(ledger, [entry("a")])


async def refusal(folder: Path, clock: ManualClock) -> LedgerError:
    with pytest.raises(LedgerError) as caught:
        await Ledger.open(folder, clock)
    assert str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


async def test_every_file_is_private_whatever_the_umask(state_dir: Path, manual_clock: ManualClock) -> None:
    before = os.umask(0)
    try:
        async with await Ledger.open(state_dir, manual_clock) as ledger:
            await started(ledger, [entry("a")])
            files = [path for path in state_dir.rglob("*") if path.is_file()]
            assert {path.name for path in files} >= {"ledger.db", "ledger.db-wal", "ledger.db-shm", "catalog.db-wal"}
            assert {mode(path) for path in files} == {0o600}
            assert {mode(path) for path in [state_dir, *state_dir.rglob("*")] if path.is_dir()} == {0o700}
    finally:
        os.umask(before)


async def test_laxer_modes_of_before_are_tightened(state_dir: Path, manual_clock: ManualClock) -> None:
    await closed_ledger(state_dir, manual_clock)
    state_dir.chmod(0o755)
    for path in state_dir.glob("*.db"):
        path.chmod(0o644)
    await closed_ledger(state_dir, manual_clock)
    assert mode(state_dir) == 0o700
    assert {mode(path) for path in state_dir.glob("*.db")} == {0o600}


async def test_a_folder_with_other_things_in_it_keeps_its_mode(state_dir: Path, manual_clock: ManualClock) -> None:
    state_dir.mkdir()
    state_dir.chmod(0o755)
    (state_dir / "letter.txt").write_text("mine")
    await closed_ledger(state_dir, manual_clock)
    assert mode(state_dir) == 0o755


async def test_closing_leaves_no_side_files(state_dir: Path, manual_clock: ManualClock) -> None:
    await closed_ledger(state_dir, manual_clock)
    assert {path.name for path in state_dir.rglob("*") if path.is_file()} == {"ledger.db", "catalog.db"}


async def test_scratch_of_a_dead_process_is_cleared_away(state_dir: Path, manual_clock: ManualClock) -> None:
    left = state_dir / "scratch" / "1-dead"
    left.mkdir(parents=True)
    (left / "views.db").write_bytes(b"x" * 100)
    async with await Ledger.open(state_dir, manual_clock):
        assert not left.exists()
        async with await Ledger.open(state_dir, manual_clock):
            assert len(list((state_dir / "scratch").iterdir())) == 2


@pytest.mark.parametrize("damage", ["header", "schema", "garbage"])
async def test_a_damaged_ledger_is_named_and_not_touched(
    state_dir: Path, manual_clock: ManualClock, damage: str
) -> None:
    await closed_ledger(state_dir, manual_clock)
    path = state_dir / "ledger.db"
    content = bytearray(path.read_bytes())
    if damage == "header":
        content[:16] = b"not a database!!"
    elif damage == "schema":
        content[100:4000] = os.urandom(3900)
    else:
        content[:] = b"\xff" * 5000
    path.write_bytes(content)
    error = await refusal(state_dir, manual_clock)
    assert "damaged" in str(error)
    assert "mv " in error.hint
    assert path.read_bytes() == bytes(content)


async def test_a_newer_ledger_is_refused_and_not_touched(state_dir: Path, manual_clock: ManualClock) -> None:
    await closed_ledger(state_dir, manual_clock)
    path = state_dir / "ledger.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    error = await refusal(state_dir, manual_clock)
    assert "newer" in str(error)
    assert "upgrade" in error.hint
    assert path.read_bytes() == before


async def test_another_programs_database_is_refused(state_dir: Path, manual_clock: ManualClock) -> None:
    state_dir.mkdir()
    with closing(sqlite3.connect(state_dir / "ledger.db")) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    error = await refusal(state_dir, manual_clock)
    assert "another program" in str(error)


@pytest.mark.parametrize("content", [b"\xff" * 8192, None], ids=["garbage", "foreign"])
async def test_a_catalog_that_is_none_is_set_aside_and_made_anew(
    state_dir: Path, manual_clock: ManualClock, content: bytes | None
) -> None:
    await closed_ledger(state_dir, manual_clock)
    path = state_dir / "catalog.db"
    path.unlink()
    if content is None:
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE recipes (name TEXT)")
    else:
        path.write_bytes(content)
    damaged = path.read_bytes()
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert ledger.set_aside is not None
        assert ledger.set_aside.read_bytes() == damaged
        assert mode(path) == 0o600
        assert [run.id for run in await ledger.runs.list()] == [1]
        await listed(ledger, [entry("a")])
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        assert ledger.set_aside is None


async def test_a_deleted_catalog_costs_nothing_confirmed(state_dir: Path, manual_clock: ManualClock) -> None:
    await closed_ledger(state_dir, manual_clock)
    (state_dir / "catalog.db").unlink()
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        (run,) = await ledger.runs.list()
        assert run.objects == 1
        assert (await ledger.runs.view(run.id)).rows(0, 1)[0].ref.key == "a"


async def test_a_file_where_the_folder_should_be(tmp_path: Path, manual_clock: ManualClock) -> None:
    (tmp_path / "state").write_text("")
    error = await refusal(tmp_path / "state", manual_clock)
    assert "cannot be used" in str(error)


async def test_a_folder_where_the_ledger_should_be(state_dir: Path, manual_clock: ManualClock) -> None:
    (state_dir / "ledger.db").mkdir(parents=True)
    await refusal(state_dir, manual_clock)


async def test_an_odd_folder_name_is_no_trouble(tmp_path: Path, manual_clock: ManualClock) -> None:
    await closed_ledger(tmp_path / "50% of? #it é \n'\"", manual_clock)
    await closed_ledger(tmp_path / "50% of? #it é \n'\"", manual_clock)


def _open_as_nobody(folder: str, answers: "multiprocessing.Queue[tuple[str, str]]") -> None:
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)

    async def open_it() -> None:
        try:
            ledger = await Ledger.open(Path(folder), ManualClock())
        except LedgerError as error:
            answers.put((str(error), error.hint))
        else:
            await ledger.aclose()
            answers.put(("", ""))

    asyncio.run(open_it())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 warns of forks beside threads
def test_a_read_only_folder_is_named() -> None:
    # As root every folder is writable, so another user tries, who may not be able to read what is not loaded yet.
    importlib.import_module("concurrent.futures.thread")
    folder = tempfile.mkdtemp(dir="/tmp")
    try:
        Path(folder).chmod(0o555)
        context = multiprocessing.get_context("fork")
        answers: multiprocessing.Queue[tuple[str, str]] = context.Queue()
        child = context.Process(target=_open_as_nobody, args=(folder, answers))
        child.start()
        message, hint = answers.get(timeout=60)
        child.join()
        assert folder in message
        assert "writable" in hint
    finally:
        shutil.rmtree(folder)
