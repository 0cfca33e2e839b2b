"""S3 Batch Operations in a true terminal, by keys: marks become jobs, are confirmed, fail in part, are retried."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cli.conftest import Served
from tests.e2e.conftest import NEEDS_TMUX, Open

pytestmark = [NEEDS_TMUX, pytest.mark.terminal, pytest.mark.timeout(300)]

RESTORING = 2
"""Objects of that bucket which somebody else has asked for."""


def asks_for(jobs: int, text: str) -> bool:
    return f"{jobs} to confirm" in text if jobs else "to confirm" not in text


@pytest.fixture
def served() -> Iterator[Served]:
    running = Served("--objects", "200", "--speed", "1800", "--scenario", "failing-tasks")
    running.ask("/_sandbox/faults", {"faults": [{"kind": "task-failure", "chance": 0.1}]}, "POST")
    yield running
    running.close()


def test_from_marks_through_jobs_to_copies(terminal: Open, served: Served, tmp_path: Path) -> None:
    screen = terminal("s3://acme-media-archive", **served.contract["env"])
    screen.wait("archive/")
    screen.type("d")
    screen.wait("flat")
    screen.wait("of 200")
    screen.type("a")
    screen.wait("200 marked")
    screen.type("r")
    screen.wait("Engine ◉ direct", "standard", "$")
    screen.type("Tab", "Right")
    screen.wait("2 jobs, fees of", "report below restoretui/reports/", "restoretui-batch", "Manifest ◉ written")
    screen.type("Tab", "Tab", "Tab", "Tab", "Right")
    screen.wait("◉ after review")
    screen.type("Tab")
    screen.write("for the audit")
    screen.type("Tab", "Tab")
    screen.write("team=media")
    screen.type("Tab", "Tab")
    screen.decide("Enter", "Run #1", "▲ to confirm", "▲ Suspended")
    # What restores already for fewer days is extended on arrival, by a request of its own.
    assert served.stats["requests"].get("RestoreObject", 0) <= RESTORING

    screen.type("3")
    screen.wait("2 to confirm")
    for left in (1, 0):
        screen.type("y")
        screen.wait("Confirm job", "$")
        screen.type("Left")
        screen.decide("Enter", partial(asks_for, left))
        screen.type("Down")
    screen.wait(lambda text: text.count("✓ Complete") == 2)
    screen.type("Enter")
    screen.wait("✗ InternalError", re.compile(r"report: \d+ failed task").search)
    screen.type("x")
    screen.wait("Write the report")
    screen.type("C-u")
    screen.write(str(tmp_path / "r.csv"))
    screen.type("Enter")
    screen.wait("tasks written to")
    assert "InternalError" in (tmp_path / "r.csv").read_text()
    screen.type("t")
    screen.wait(re.compile(r"Send the \d+ failed objects? of run 1 again").search)
    screen.type("Left")
    screen.decide("Enter", re.compile(r"run 1: \d+ objects? will be sent again").search)
    screen.type("b")
    # One of those that are sent again may fail again, as the first time.
    screen.wait(re.compile(r"Run #1 (?:● available|✗ [1-3] failed)").search, seconds=120)
    assert served.stats["requests"].get("RestoreObject", 0) <= RESTORING, (
        "all but an extension on arrival went through jobs"
    )
    screen.type("q")
    screen.wait_dead()
