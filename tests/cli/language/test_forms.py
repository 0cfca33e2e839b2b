"""What is printed in which form: tables that fit, CSV, JSON, files, and how much is said beside them."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from restoretui.wording.safe import width
from tests.cli.checked_lines import check_lines
from tests.cli.conftest import Run, Served
from tests.cli.living import environment
from tests.cli.terminal import Terminal

PLACE, ODD = "s3://acme-media-archive", "s3://acme-odd-names"
RESTORE = ("restore", PLACE, "--days", "300", "--tier", "bulk", "--yes")


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_and_json_say_the_same_as_the_lines(run: Run, served: Served) -> None:
    lines = run(served, "ls", PLACE, ODD, "--format", "jsonl").of("object")
    rows = table(run(served, "ls", PLACE, ODD, "--format", "csv").out)
    # As text, a pipe has one kind of line end.
    assert [row["location"] for row in rows] == [line["location"].replace("\r", "\n") for line in lines]
    assert [row["size"] for row in rows] == [str(line["size"]) for line in lines]
    whole = json.loads(run(served, "ls", PLACE, ODD, "--format", "json").out)
    assert [line["location"] for line in whole[:-1]] == [line["location"] for line in lines]
    assert whole[-1]["type"] == "summary"


def test_columns_are_words_and_others_are_refused_before_anything_is_sent(run: Run, served: Served) -> None:
    rows = table(run(served, "ls", PLACE, "--format", "csv", "--columns", "key,state").out)
    assert set(rows[0]) == {"key", "state"}
    shown = run(served, "ls", PLACE, "--columns", "state,size,key").out.splitlines()
    assert shown[0].split() == ["STATE", "SIZE", "KEY"]
    assert len(shown) == 61
    plan = run(served, "plan", PLACE, "--days", "1", "--format", "csv", "--columns", "tier,cost.total").out
    assert [row["tier"] for row in table(plan)] == ["expedited", "standard", "bulk"]
    assert all(float(row["cost.total"]) > 0 for row in table(plan))
    wrong = run(served, *RESTORE, "--columns", "state,colour")
    assert (wrong.code, wrong.out) == (2, "")
    assert "no column 'colour'" in wrong.err
    assert served.stats["requests"].get("RestoreObject", 0) == 0
    assert run(served, "ls", PLACE, "--json", "--columns", "key").code == 2
    assert run(served, "ls", PLACE, "--json", "--format", "csv").code == 2


def test_a_table_without_rows_has_its_names(run: Run, served: Served) -> None:
    assert run(served, "ls", "s3://acme-empty", "--format", "csv", "--columns", "key").out == "key\n"
    assert json.loads(run(served, "ls", "s3://acme-empty", "--format", "json").out)[0]["objects"] == 0


def test_a_file_is_written_whole_or_not_at_all(run: Run, served: Served, tmp_path: Path) -> None:
    target = tmp_path / "out"
    done = run(served, "ls", PLACE, "--json", "-o", str(target))
    assert (done.code, done.out) == (0, "")
    lines = check_lines(target.read_text().splitlines())
    assert (len(lines), lines[-1]["type"]) == (61, "summary")
    assert target.stat().st_mode & 0o777 == 0o600
    target.write_text("before")
    assert run(served, "ls", "s3://no-such-bucket-anywhere", "--format", "csv", "-o", str(target)).code == 1
    assert target.read_text() == "before"
    assert run(served, "ls", "s3://no-such-bucket-anywhere", "--json", "-o", str(target)).code == 1
    assert [line["type"] for line in check_lines(target.read_text().splitlines())] == ["error", "summary"]
    assert [path.name for path in tmp_path.glob("*.part")] == []
    assert run(served, "ls", PLACE, "-o", str(tmp_path / "no" / "folder")).code == 2


def test_quiet_leaves_errors_and_what_was_asked_for(run: Run, served: Served) -> None:
    loud, quiet = run(served, "ls", PLACE), run(served, "ls", PLACE, "-q")
    assert len(loud.out.splitlines()) == len(quiet.out.splitlines()) == 61
    assert loud.err
    assert quiet.err == ""
    assert "not confirmed" in run(served, *RESTORE[:-1], "-q").err
    done = run(served, *RESTORE, "--no-progress")
    assert done.code == 0
    assert "requested" not in done.err.replace("requested, ", "", 1).partition("60 objects:")[0]


def test_tables_name_the_bucket_where_there_are_several(run: Run, served: Served) -> None:
    one, two = run(served, "ls", PLACE).out, run(served, "ls", PLACE, ODD).out
    assert PLACE not in one
    assert sum(f"{PLACE}/" in line for line in two.splitlines()) == 60
    assert f"{ODD}/" in two
    run(served, "restore", PLACE, ODD, "--days", "300", "--tier", "bulk", "--yes")
    rows = run(served, "status", "last").out.splitlines()[3:]
    assert all(f"{PLACE}/" in row or f"{ODD}/" in row for row in rows)


@pytest.mark.parametrize("columns", ["40", "80", "132"])
def test_tables_fit_the_terminal(run: Run, served: Served, tmp_path: Path, columns: str) -> None:
    run(served, *RESTORE)
    env = environment(served, tmp_path) | {"COLUMNS": columns}
    for line in (["ls", PLACE, ODD], ["status"], ["status", "last"], ["plan", PLACE, "--days", "1"], ["du", PLACE]):
        on = Terminal(env, *line, "-q")
        assert on.end() in (0, 1)
        shown = on.shown.decode().replace("\r\n", "\n")
        assert len(shown.splitlines()) > 1
        assert max(map(width, shown.splitlines())) <= int(columns), line
    wide = Terminal(env, "ls", PLACE, "--format", "wide", "-q")
    assert wide.end() == 0
    assert "clip-000000.mov" in wide.shown.decode()
    assert "…" not in wide.shown.decode()


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "latin-1"},
                                    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])  # fmt: skip
def test_tables_are_whole_in_any_locale(run: Run, served: Served, tmp_path: Path, locale: dict[str, str]) -> None:
    whole = len(run(served, "ls", ODD).out.splitlines())
    for more in ((), ("--format", "wide"), ("--format", "csv", "--columns", "size")):
        done = subprocess.run(
            [sys.executable, "-m", "restoretui", "ls", ODD, "-q", *more],
            env=environment(served, tmp_path) | locale, capture_output=True, check=False, timeout=90,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        assert len(done.stdout.splitlines()) == whole


def test_times_are_utc_and_local_where_asked_for(run: Run, served: Served) -> None:
    asked = ("ls", PLACE, "--columns", "modified_at", "-q")
    utc = run(served, *asked, TZ="Asia/Tokyo").out.splitlines()
    local = run(served, *asked, "--local", TZ="Asia/Tokyo").out.splitlines()
    assert utc[1:] != local[1:]
    told = run(served, "ls", PLACE, "--json").of("object")[0]["modified_at"]
    assert told.startswith(utc[1].replace(" ", "T"))
    assert "JST or later" in run(served, "plan", PLACE, "--days", "1", "--local", TZ="Asia/Tokyo").err
    assert run(served, "ls", PLACE, "--json", "--local").code == 2
    run(served, *RESTORE)
    for command in ("status", "watch"):
        goes = run(served, command, "last", "--local", TZ="Asia/Tokyo")
        assert "UTC" not in goes.out + goes.err, command
        assert command == "watch" or " JST" in goes.err


def test_status_lists_runs_and_of_one_its_objects(run: Run, served: Served) -> None:
    run(served, *RESTORE)
    run(served, "restore", ODD, "--days", "300", "--tier", "bulk", "--yes")
    runs = run(served, "status", "--json")
    assert {line["type"] for line in runs.lines} == {"run", "summary"}
    assert [row["run"] for row in table(run(served, "status", "--format", "csv").out)] == ["2", "1"]
    assert len(table(run(served, "status", "1", "--format", "csv", "--columns", "key,state").out)) == 60
    assert len(run(served, "status", "1", "--json").of("object")) == 60
    assert run(served, "status", "--since", "2020-01-01", "--json").summary["runs"] == runs.summary["runs"] == [2, 1]
    assert run(served, "status", "--since", "2100-01-01", "--json").summary["runs"] == []
    assert run(served, "status", "1", "--since", "2100-01-01", "--json").of("object") == []
    assert run(served, "status", "--since", "yesterday").code == 2


def test_watch_marks_what_was_before_it(run: Run, served: Served) -> None:
    before = run(served, *RESTORE, "--json").of("change")
    watched = run(served, "watch", "1", "--json", timeout=110)
    old = [line for line in watched.of("change") if line.get("history")]
    assert {(line["key"], line["at"]) for line in before} <= {(line["key"], line["at"]) for line in old}
    assert not [line for line in before if "history" in line]
    fresh = run(served, "watch", "1", "--json", "--since", "2100-01-01").of("change")
    assert fresh == []
