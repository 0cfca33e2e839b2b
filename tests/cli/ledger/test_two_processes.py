"""Two processes on one ledger: one pursues, the other follows, and takes over when the first is gone."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Run, Serve
from tests.cli.living import Living, environment

PLACE = "s3://acme-media-archive"
HAND_OVER = 20.0
"""Seconds: a lease of ten, a look for free ones every three, and a busy machine."""


def holder(state: Path) -> str:
    with closing(sqlite3.connect(f"file:{state}/ledger.db?mode=ro", uri=True)) as ledger:
        row = ledger.execute("SELECT holder FROM lease WHERE name LIKE 'run:%'").fetchone()
    return row[0] if row else ""


def test_the_follower_takes_over_from_the_killed(serve: Serve, run: Run, tmp_path: Path) -> None:
    served = serve("--objects", "150", "--speed", "1440")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("rate = 8\n")
    env = environment(served, tmp_path)

    def asked() -> int:
        return int(served.stats["requests"].get("RestoreObject", 0))

    restore = ("restore", PLACE, "--days", "30", "--tier", "expedited", "--storage-class", "GLACIER")
    first = Living(env, *restore, "--yes", "--wait", "--json")
    first.until(lambda: asked() > 3)
    second = Living(env, "watch", "--json")
    second.until(lambda: second.said("change", state="requested"))
    pursued = f"run 1: another process pursues it ({first.process.pid} on "
    second.until(lambda: any(line.startswith(pursued) for line in second.err))
    held = holder(tmp_path / "state")
    assert f":{first.process.pid}:" in held
    first.process.kill()
    killed_at = time.monotonic()
    first.wait()
    before = asked()
    second.until(lambda: f":{second.process.pid}:" in holder(tmp_path / "state"), HAND_OVER)
    second.until(lambda: asked() > before, HAND_OVER)
    assert time.monotonic() - killed_at < HAND_OVER
    assert second.wait(90) in (0, 1)
    summary = second.lines[-1]
    assert summary["type"] == "summary"
    assert summary["planned"] == summary["unknown"] == summary["failed"] == 0
    restores = served.ask("/_sandbox/restores?bucket=acme-media-archive")["restores"]
    assert [entry for entry in restores if len(entry["statuses"]) > 1] == [], "none was asked for twice"
    assert sum(summary[state] for state in ("available", "expired")) >= len(restores)
