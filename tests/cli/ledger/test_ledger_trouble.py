"""When the local state cannot be used: one sentence, what to do, exit code 2, and nothing replaced."""

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Run, Serve, Served
from tests.cli.living import Living, environment

PLACE = "s3://acme-media-archive"
RESTORE = ("restore", PLACE, "--days", "30", "--tier", "standard", "--yes", "--json")


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tempfile.mkdtemp(prefix="restoretui-disk-")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield Path(folder)
    subprocess.run(["umount", "-l", folder], check=False)
    Path(folder).rmdir()


def fill(disk: Path) -> Path:
    """Leave no room on it."""
    target = disk / "filler"
    with target.open("ab") as file:
        for size in (65536, 4096, 512):
            try:
                while True:
                    os.write(file.fileno(), bytes(size))
            except OSError:
                continue
    return target


def is_clear(ran: Ran, *words: str) -> None:
    assert ran.code == 2, ran.err
    message, hint = ran.err.strip().splitlines()[-2:]
    assert message.startswith("restoretui: ")
    assert hint.startswith("  ")
    for word in words:
        assert word in ran.err
    (error,) = ran.of("error")
    assert error["type"] == "error"
    assert error["exit_code"] == 2
    assert error["hint"]


def test_a_full_disk_before_anything_is_confirmed(run: Run, served: Served, disk: Path) -> None:
    run(served, "status", RESTORETUI_STATE_DIR=str(disk / "state"))
    fill(disk)
    is_clear(run(served, *RESTORE, RESTORETUI_STATE_DIR=str(disk / "state")), "free", "space")
    assert served.stats["requests"].get("RestoreObject", 0) == 0, "nothing is sent that cannot be written down"


def test_a_disk_that_fills_up_meanwhile_loses_nothing(run: Run, serve: Serve, disk: Path, tmp_path: Path) -> None:
    served = serve("--objects", "60", "--speed", "14400")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("rate = 20\n")
    env = environment(served, tmp_path) | {"RESTORETUI_STATE_DIR": str(disk / "state")}
    child = Living(env, *RESTORE, "--wait")
    child.until(lambda: served.stats["requests"].get("RestoreObject", 0) > 5)
    filler = fill(disk)
    assert child.wait() == 2, child.err
    assert "disk is full" in "".join(child.err)
    filler.unlink()
    done = run(served, "watch", "--json", RESTORETUI_STATE_DIR=str(disk / "state"))
    assert done.summary["planned"] == done.summary["unknown"] == done.summary["failed"] == 0
    restores = served.ask("/_sandbox/restores?bucket=acme-media-archive")["restores"]
    assert [entry for entry in restores if len(entry["statuses"]) > 1] == []


def test_a_read_only_disk(run: Run, served: Served, disk: Path) -> None:
    state = str(disk / "state")
    run(served, "status", RESTORETUI_STATE_DIR=state)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    is_clear(run(served, *RESTORE, RESTORETUI_STATE_DIR=state), state)
    assert served.stats["requests"].get("RestoreObject", 0) == 0


@pytest.mark.parametrize("place", ["/proc/restoretui", "/dev/null/state", "/etc/hostname"])
def test_a_folder_that_cannot_be(run: Run, served: Served, place: str) -> None:
    is_clear(run(served, *RESTORE, "--state-dir", place), place, "--state-dir")


@pytest.mark.parametrize("command", [RESTORE, ("status", "--json"), ("watch", "--json"), ("ls", PLACE, "--json")])
@pytest.mark.parametrize("trouble", ["corrupt", "newer"])
def test_a_ledger_that_cannot_be_read_is_never_replaced(
    run: Run, served: Served, tmp_path: Path, trouble: str, command: tuple[str, ...]
) -> None:
    ledger = tmp_path / "state" / "ledger.db"
    assert run(served, "status").code == 0
    if trouble == "corrupt":
        ledger.write_bytes(b"\xff" * 8192)
    else:
        with closing(sqlite3.connect(ledger)) as database:
            database.execute("PRAGMA user_version = 99")
    before = ledger.read_bytes()
    is_clear(run(served, *command), "damaged" if trouble == "corrupt" else "newer", str(tmp_path / "state"))
    assert ledger.read_bytes() == before
    assert served.stats["requests"].get("RestoreObject", 0) == 0
