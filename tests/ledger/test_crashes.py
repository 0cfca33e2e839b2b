"""Killed at any instant, the ledger keeps what it promised, and nothing is sent twice."""

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledger.crash_child import OBJECTS

KILLS = 20
MANY = 100_000


class Promises:
    """What the children said before they were killed."""

    def __init__(self) -> None:
        self.runs: set[int] = set()
        self.claimed: set[int] = set()
        self.applied: set[int] = set()

    def hear(self, line: str) -> None:
        word, *numbers = line.split()
        heard = {"confirmed": self.runs, "claimed": self.claimed, "applied": self.applied}.get(word)
        if heard is not None:
            heard.update(map(int, numbers))


def live(folder: Path, promises: Promises, lines: int, moment: float, runs: int) -> str:
    """Run a child until it has said so many lines and a moment has passed; its last word."""
    command = [sys.executable, "-m", "tests.ledger.crash_child", str(folder), str(runs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        last = ""
        for number, line in enumerate(child.stdout):
            promises.hear(line)
            last = line.strip()
            if number == lines:
                # Not to wait for anything: to be killed in the midst of something.
                time.sleep(moment)
                child.kill()
        for line in child.stdout:
            promises.hear(line)
        child.wait()
    return last


def check(folder: Path, promises: Promises) -> None:
    with closing(sqlite3.connect(folder / "state" / "ledger.db")) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        jobs = ledger.execute(
            "SELECT j.id, run_id, state, size, attempt_at, request_id, b.name || '/' || key FROM job j"
            " JOIN bucket b ON b.id = bucket_id"
        ).fetchall()
        counts = ledger.execute("SELECT run_id, state, jobs, size_bytes FROM run_count WHERE jobs > 0").fetchall()
        runs = {row[0]: row[1] for row in ledger.execute("SELECT id, objects FROM run")}
    assert promises.runs <= set(runs)
    assert set(runs.values()) <= {OBJECTS}
    assert Counter(row[1] for row in jobs) == runs
    by_id = {row[0]: row for row in jobs}
    assert all(by_id[job_id][2] == "requested" for job_id in promises.applied)
    sent = Counter((folder / "sent").read_text().split())
    assert set(sent.values()) <= {1}
    for _, _, state, _, attempt_at, _, name in jobs:
        if sent[name]:
            # Whatever was sent had been claimed, on disk, before.
            assert state in {"requested", "unknown"} or attempt_at is not None
        elif state == "requested":
            pytest.fail(f"{name} was never sent")
    recount: Counter[tuple[int, str]] = Counter()
    sizes: Counter[tuple[int, str]] = Counter()
    for _, run_id, state, size, *_ in jobs:
        recount[run_id, state] += 1
        sizes[run_id, state] += size
    assert {(run_id, state): (number, size) for run_id, state, number, size in counts} == {
        key: (number, sizes[key]) for key, number in recount.items()
    }


def test_killed_at_random_instants(tmp_path: Path) -> None:
    dice = random.Random(20)
    promises = Promises()
    for _ in range(KILLS):
        live(tmp_path, promises, dice.randrange(1, 14), dice.choice([0, 0.001, 0.003, 0.01]), MANY)
        check(tmp_path, promises)
    runs = len(promises.runs) + 1
    assert live(tmp_path, promises, MANY, 0, runs) == "done"
    check(tmp_path, promises)
    sent = Counter((tmp_path / "sent").read_text().split())
    with closing(sqlite3.connect(tmp_path / "state" / "ledger.db")) as ledger:
        left = ledger.execute("SELECT state, count(*) FROM job GROUP BY state").fetchall()
    # Every confirmed intent was sent in the end, once.
    assert left == [("requested", len(sent))]
    assert set(sent.values()) == {1}
