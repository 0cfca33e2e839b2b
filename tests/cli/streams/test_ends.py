"""However the program is ended, it says so, and the next start goes on where it stood."""

import os
import pty
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Serve, Served
from tests.cli.living import Living, environment

RESTORE = ("--days", "30", "--tier", "standard", "--yes", "--wait", "--json")
PLACE = "s3://acme-media-archive"


def asked(served: Served) -> list[list[int]]:
    """Statuses of every object's restore requests in the bucket."""
    found = served.ask("/_sandbox/restores?bucket=acme-media-archive")["restores"]
    return [entry["statuses"] for entry in found]


@pytest.fixture
def slowly(serve: Serve, tmp_path: Path) -> Served:
    """A cloud that takes its time, and a config that sends 30 requests a second."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("rate = 30\n")
    return serve("--objects", "80", "--speed", "7200")


@pytest.mark.parametrize(
    ("sign", "moment"), [(signal.SIGTERM, "sending"), (signal.SIGINT, "sending"), (signal.SIGHUP, "watching")]
)
def test_a_signal_ends_it_with_130_and_watch_goes_on(
    slowly: Served, run: Run, tmp_path: Path, sign: signal.Signals, moment: str
) -> None:
    child = Living(environment(slowly, tmp_path), "restore", PLACE, *RESTORE)
    if moment == "sending":
        child.until(lambda: len(asked(slowly)) > 5)
    else:
        child.until(lambda: child.said("change", state="restoring"))
    assert child.end(sign) == 130
    assert "watch" in "".join(child.err), "it says how to go on"
    done = run(slowly, "watch", "--json")
    assert done.code in (0, 1), done.err
    assert done.summary["planned"] == done.summary["unknown"] == done.summary["failed"] == 0
    assert [found for found in asked(slowly) if len(found) > 1] == [], "none was asked for twice"
    objects = run(slowly, "ls", PLACE, "--json").of("object")
    assert {row["state"] for row in objects} <= {"available", "online", "restoring"}


def test_impatience_changes_nothing(slowly: Served, run: Run, tmp_path: Path) -> None:
    child = Living(environment(slowly, tmp_path), "restore", PLACE, *RESTORE)
    child.until(lambda: len(asked(slowly)) > 5)
    for _ in range(5):
        child.process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    child.wait()
    assert child.process.returncode == 130
    done = run(slowly, "watch", "--json")
    assert done.summary["planned"] == done.summary["unknown"] == done.summary["failed"] == 0
    assert [found for found in asked(slowly) if len(found) > 1] == []


def test_the_line_drops(slowly: Served, run: Run, tmp_path: Path) -> None:
    """The terminal goes away for good, as when ssh drops: what is written to it fails from then on."""
    child, terminal = pty.fork()
    if child == 0:
        arguments = ["-m", "restoretui", "restore", PLACE, "--days", "30", "--tier", "standard", "--yes", "--wait"]
        os.execve(sys.executable, [sys.executable, *arguments], environment(slowly, tmp_path))
    give_up = time.monotonic() + 60
    while len(asked(slowly)) <= 5 and time.monotonic() < give_up:
        os.read(terminal, 1000)
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    done = run(slowly, "watch", "--json")
    assert done.summary["planned"] == done.summary["unknown"] == done.summary["failed"] == 0
    assert [found for found in asked(slowly) if len(found) > 1] == []
