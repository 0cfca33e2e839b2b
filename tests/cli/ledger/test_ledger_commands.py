"""``restoretui ledger``: what it says, what it changes, and how it ends."""

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from restoretui.core.model import State
from tests.bench import damage
from tests.cli.checked_lines import whats_wrong
from tests.cli.conftest import Run, Served

PLACE = "s3://acme-media-archive"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def restored(run: Run, served: Served) -> Served:
    """A run under way."""
    done = run(served, "restore", f"{PLACE}/", "--days", "2", "--tier", "bulk", "--yes", "--json")
    assert done.code == 0, done.err
    return served


def end_runs(state: Path) -> None:
    """As if all of it had come to nothing, a year ago."""
    with closing(sqlite3.connect(state / "ledger.db")) as database, database:
        database.execute("UPDATE job SET state = 'failed'")
        database.execute("UPDATE run SET ended_at = created_at - 365 * 86400")
        database.execute("DELETE FROM run_count")
        database.execute(
            "INSERT INTO run_count SELECT run_id, state, count(*), sum(size) FROM job GROUP BY run_id, state"
        )
        database.execute("DELETE FROM lease")


@pytest.mark.parametrize("command", ["info", "check", "vacuum", "prune"])
def test_where_there_is_no_ledger_none_is_made(run: Run, state: Path, command: str) -> None:
    more = ("--older-than", "1d") if command == "prune" else ()
    done = run(None, "ledger", command, *more, "--json")
    assert done.code == 0
    assert done.summary
    assert "no ledger yet" in done.err
    assert not (state / "ledger.db").exists()


def test_info_says_how_much_there_is_of_what(run: Run, restored: Served, state: Path) -> None:
    told = run(restored, "ledger", "info", "--json").summary
    assert told["runs"] == [1]
    assert told["runs_by_state"] == {"under_way": 1}
    assert sum(told[state] for state in State) == told["objects"] == 60
    assert told["listings"] >= 1
    assert {Path(entry["file"]).name for entry in told["files"]} == {"ledger.db", "catalog.db"}
    pages = sum(entry["size"] for entry in told["files"])
    assert 0.8 * pages <= sum(told["sizes"].values()) <= pages
    assert told["gives_back"]
    text = run(restored, "ledger", "info").out
    assert "60 objects of runs" in text
    assert str(state / "ledger.db") in text


def test_prune_takes_nothing_that_is_under_way(run: Run, restored: Served) -> None:
    done = run(restored, "ledger", "prune", "--older-than", "0", "--yes", "--json")
    assert done.code == 0
    assert done.summary["runs"] == []
    assert done.summary["staying"] == {"not_over": 1}
    assert run(restored, "ledger", "info", "--json").summary["objects"] == 60


def test_prune_says_what_goes_asks_and_exports_first(run: Run, restored: Served, state: Path, tmp_path: Path) -> None:
    end_runs(state)
    refused = run(restored, "ledger", "prune", "--older-than", "30d", "--json")
    assert refused.code == 5
    assert [line["run"] for line in refused.of("run")] == [1]
    assert run(restored, "ledger", "info", "--json").summary["runs"] == [1]
    kept = run(restored, "ledger", "prune", "--older-than", "30d", "--keep", "1", "--yes", "--json")
    assert kept.summary["staying"] == {"too_young": 1}
    done = run(restored, "ledger", "prune", "--older-than", "30d", "--export", str(tmp_path / "out"), "--yes")
    assert done.code == 0, done.err
    assert "60" in done.out
    assert "removed run 1: 60 objects" in done.err
    objects = [json.loads(line) for line in (tmp_path / "out" / "run-1.jsonl").read_text().splitlines()]
    assert len(objects) == 60
    trail = [json.loads(line) for line in (tmp_path / "out" / "run-1-trail.jsonl").read_text().splitlines()]
    assert trail[0]["reason"].startswith("confirmed:")
    assert not [wrong for line in objects + trail if (wrong := whats_wrong(line))]
    after = run(restored, "ledger", "info", "--json").summary
    assert (after["runs"], after["objects"], after["entries"]) == ([], 0, 1)
    assert run(restored, "ledger", "check").code == 0
    assert "no runs" in run(restored, "status").err


def test_an_export_that_fails_keeps_what_was_to_go(run: Run, restored: Served, state: Path) -> None:
    end_runs(state)
    done = run(restored, "ledger", "prune", "--older-than", "1d", "--export", "/proc/nowhere", "--yes", "--json")
    assert done.code == 2
    assert run(restored, "ledger", "info", "--json").summary["runs"] == [1]


@pytest.mark.parametrize("options", [(), ("--yes",), ("--listings", "--export", "out"), ("--older-than", "soon")])
def test_prune_wants_to_know_what(run: Run, options: tuple[str, ...]) -> None:
    done = run(None, "ledger", "prune", *options)
    assert done.code == 2
    assert done.err


def test_prune_of_listings(run: Run, restored: Served) -> None:
    before = run(restored, "ledger", "info", "--json").summary["listings"]
    assert before
    done = run(restored, "ledger", "prune", "--listings", "--older-than", "0", "--yes", "--json")
    assert done.code == 0
    assert done.summary["listings"] + run(restored, "ledger", "info", "--json").summary["listings"] == before


def test_a_backup_is_whole_private_and_a_ledger(run: Run, restored: Served, state: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    done = run(restored, "ledger", "backup", str(target), "--json")
    assert done.code == 0, done.err
    assert (done.summary["file"], done.summary["size"]) == (str(target), target.stat().st_size)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("copy.db")] == ["copy.db"]
    assert run(restored, "ledger", "backup", str(target)).code == 0, "an earlier copy may be replaced"
    shutil.rmtree(state)
    state.mkdir(mode=0o700)
    shutil.copy(target, state / "ledger.db")
    assert len(run(restored, "status", "--json").of("run")) == 1
    assert run(restored, "ledger", "check").code == 0


def test_a_backup_goes_nowhere_it_should_not(run: Run, restored: Served, state: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    (tmp_path / "link").symlink_to(state / "ledger.db")
    before = (state / "ledger.db").read_bytes()
    for target in (state / "ledger.db", state / "catalog.db-wal", tmp_path / "link", tmp_path / "letter.txt",
                   tmp_path, tmp_path / "no" / "where.db", Path("/dev/null")):  # fmt: skip
        done = run(restored, "ledger", "backup", str(target))
        assert done.code == 2, target
        assert done.err.startswith("restoretui: "), target
    assert (tmp_path / "letter.txt").read_text() == "mine"
    assert (state / "ledger.db").read_bytes() == before
    assert Path("/dev/null").is_char_device()


def test_vacuum_gives_room_back_and_makes_old_files_able_to(run: Run, restored: Served, state: Path) -> None:
    with closing(sqlite3.connect(state / "ledger.db", isolation_level=None)) as database:
        database.execute("PRAGMA auto_vacuum = NONE")
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")
        database.execute("CREATE TABLE ballast AS SELECT zeroblob(3000000) AS x")
        database.execute("DROP TABLE ballast")
    assert not run(restored, "ledger", "info", "--json").summary["gives_back"]
    done = run(restored, "ledger", "vacuum", "--json")
    assert done.code == 0, done.err
    assert done.summary["freed_bytes"] > 2_900_000
    assert run(restored, "ledger", "info", "--json").summary["gives_back"]
    assert run(restored, "ledger", "check").code == 0


def test_vacuum_waits_for_nobody(run: Run, restored: Served, state: Path) -> None:
    with closing(sqlite3.connect(state / "ledger.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        done = run(restored, "ledger", "vacuum")
        assert done.code == 2
        assert "to itself" in done.err
        database.execute("ROLLBACK")


def test_check_names_what_is_damaged(run: Run, restored: Served, state: Path) -> None:
    sound = run(restored, "ledger", "check", "--json")
    assert sound.code == 0
    assert [line["ok"] for line in sound.of("check")] == [True, True]
    with closing(sqlite3.connect(state / "ledger.db")) as database, database:
        database.execute("UPDATE job SET state = 'equestedA' WHERE id = 3")
    done = run(restored, "ledger", "check", "--json")
    assert done.code == 1
    problems = [line for line in done.of("check") if not line["ok"]]
    assert {line["file"] for line in problems} == {"ledger.db"}
    assert "job" in {line["what"] for line in problems}
    assert done.summary["problems"] == len(problems)
    assert "ledger backup" in done.err
    for command in (("status", "last"), ("watch",), ("export", "last")):
        ended = run(restored, *command)
        assert ended.code == 2, command
        assert "damaged" in ended.err
        assert "restoretui ledger check" in ended.err


@pytest.mark.parametrize("number", range(6))
def test_no_damage_ends_in_a_traceback_or_a_request(
    run: Run, restored: Served, state: Path, tmp_path: Path, number: int
) -> None:
    """Some of what ``tests/bench/damage.py`` does at large."""
    sound = tmp_path / "sound"
    shutil.copytree(state, sound)
    before = restored.stats["requests"]["RestoreObject"]
    env = damage.environment(tmp_path, restored.contract["env"]) | {"RESTORETUI_STATE_DIR": str(state)}
    for command in (("status",), ("ledger", "check"), ("ls", PLACE), ("watch", "--timeout", "1s")):
        shutil.rmtree(state)
        shutil.copytree(sound, state)
        how = damage.damage(state, Random(f"{number} {command}"))
        done = damage.run(env, *command)
        assert damage.judge(done) == "", (how, command, done.stderr[-3000:])
    assert restored.stats["requests"]["RestoreObject"] == before
