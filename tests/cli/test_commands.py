"""Each command's bytes and exit codes on the sandbox."""

import csv
import io
import os
import re
from collections import Counter
from pathlib import Path

import click
import pytest

import restoretui
from restoretui.cli.app import cli
from tests.cli.conftest import Run, Serve, Served

BUCKET = "s3://acme-media-archive"
STATES = {
    "online",
    "archived",
    "planned",
    "requested",
    "restoring",
    "available",
    "expired",
    "skipped",
    "failed",
    "cancelled",
    "unknown",
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def test_version_and_help_are_plain(run: Run) -> None:
    assert run(None, "--version").out.startswith("restoretui")
    shown = run(None, "--help")
    assert shown.code == 0
    for word in ("demo", "sandbox", "ls", "plan", "restore", "status", "watch", "export", "Exit codes"):
        assert word in shown.out


def test_ls_lists_objects_with_their_state(run: Run, served: Served) -> None:
    ran = run(served, "ls", BUCKET, "--json")
    assert ran.code == 0, ran.err
    objects = ran.of("object")
    assert len(objects) == 60 == ran.summary["objects"]
    for row in objects:
        assert row["state"] in STATES
        assert row["location"] == f"{BUCKET}/{row['key']}"
        assert isinstance(row["size"], int)
        assert "expiry" not in row or INSTANT.fullmatch(row["expiry"])
    assert [row["key"] for row in objects] == sorted(row["key"] for row in objects)


def test_ls_filters(run: Run, served: Served) -> None:
    everything = run(served, "ls", BUCKET, "--json").of("object")
    archived = run(served, "ls", BUCKET, "--state", "archived", "--json").of("object")
    assert {row["state"] for row in archived} == {"archived"}
    classes = Counter(row["storage_class"] for row in everything)
    one = next(iter(classes))
    assert len(run(served, "ls", BUCKET, "--storage-class", one, "--json").of("object")) == classes[one]
    assert run(served, "ls", BUCKET, "--match", "no-such-key-*", "--json").of("object") == []


def test_ls_of_hostile_names_sends_no_control_byte(run: Run, served: Served) -> None:
    shown = run(served, "ls", "s3://acme-odd-names")
    assert shown.code == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown.out)
    as_json = run(served, "ls", "s3://acme-odd-names", "--json")
    assert as_json.out.isascii()
    assert any("\x1b" in row["key"] for row in as_json.of("object"))


@pytest.mark.dated
def test_plan_shows_every_tier_and_sends_nothing(run: Run, served: Served) -> None:
    ran = run(served, "plan", BUCKET, "--days", "2", "--json")
    assert ran.code in (0, 1)
    plans = {line["tier"]: line for line in ran.of("plan")}
    assert set(plans) == {"expedited", "standard", "bulk"}
    for line in plans.values():
        assert sum(line["actions"].values()) == 60 == ran.summary["objects"]
        assert line["cost"]["currency"] == "USD"
    assert plans["expedited"]["cost"]["total"] > plans["bulk"]["cost"]["total"]
    assert served.stats["requests"].get("RestoreObject", 0) == 0


def test_restore_waits_until_available_and_its_counts_match(run: Run, served: Served) -> None:
    planned = run(served, "plan", BUCKET, "--days", "9", "--tier", "bulk", "--json").of("plan")[0]
    ran = run(served, "restore", BUCKET, "--days", "300", "--tier", "bulk", "--yes", "--wait", "--json", timeout=110)
    assert ran.code == 0, ran.err
    summary = ran.summary
    assert summary["objects"] == 60
    assert sum(summary[state] for state in STATES) == 60
    assert summary["planned"] == summary["requested"] == summary["restoring"] == summary["unknown"] == 0
    assert summary["available"] >= planned["requests"]
    assert served.stats["requests"]["RestoreObject"] == planned["requests"]
    last = {line["key"]: line["state"] for line in ran.of("change")}
    assert Counter(last.values())["available"] == summary["available"]
    assert served.stats["requests"].get("HeadObject", 0) < 60
    price = 0.005 * summary["list_calls"] / 1000 + 0.0004 * summary["head_calls"] / 1000
    assert summary["costs"][0]["looks"] == pytest.approx(price, abs=1e-6)

    listed = run(served, "ls", BUCKET, "--state", "available", "--json").of("object")
    tiered = sum(g["objects"] for g in planned["groups"] if g["storage_class"] == "INTELLIGENT_TIERING")
    assert len(listed) >= planned["requests"] - tiered, "a listing cannot tell what came back to Intelligent-Tiering"

    again = run(served, "restore", BUCKET, "--days", "1", "--tier", "bulk", "--yes", "--json")
    assert again.code == 0
    assert again.summary["requests"] == 0
    assert "nothing to send" in again.err
    assert served.stats["requests"]["RestoreObject"] == planned["requests"]


def test_restore_without_wait_ends_when_all_is_requested_and_watch_goes_on(run: Run, served: Served) -> None:
    # So many days that no copy ends while we look, however long the commands take: half an hour of the machine's.
    ran = run(served, "restore", BUCKET, "--days", "300", "--tier", "standard", "--yes", "--json")
    assert ran.code == 0, ran.err
    assert ran.summary["planned"] == 0
    sent = served.stats["requests"]["RestoreObject"]
    watched = run(served, "watch", "--json", timeout=110)
    assert watched.code == 0, watched.err
    assert watched.summary["available"] >= sent
    assert served.stats["requests"]["RestoreObject"] == sent, "watching sends nothing twice"
    shown = run(served, "status", "last", "--json")
    assert shown.summary["available"] == watched.summary["available"]
    assert len(shown.of("object")) == 60
    assert run(served, "status").code == 0


def test_one_object_and_key_lists(run: Run, served: Served, tmp_path: Path) -> None:
    archived = run(served, "ls", BUCKET, "--state", "archived", "--json").of("object")
    keys = [row["key"] for row in archived][:3]
    one = run(served, "restore", f"{BUCKET}/{keys[0]}", "--days", "1", "--tier", "standard", "--yes", "--json")
    assert (one.code, one.summary["objects"]) == (0, 1)
    listed = tmp_path / "keys.txt"
    listed.write_text("\n".join([*keys[1:], "no/such/key", ""]))
    some = run(
        served, "restore", BUCKET, "--keys-from", str(listed), "--days", "1", "--tier", "standard", "--yes", "--json"
    )
    assert some.code == 1, "a key that is not there is not done"
    assert some.summary["missing"] == 1
    assert some.summary["objects"] == 2
    piped = run(served, "plan", BUCKET, "--keys-from", "-", "--days", "1", "--json", stdin="\n".join(keys))
    assert piped.summary["objects"] == 3


def test_export_as_csv_and_json(run: Run, served: Served, tmp_path: Path) -> None:
    run(served, "restore", "s3://acme-odd-names", "--days", "1", "--tier", "bulk", "--yes", "--json")
    as_json = [line["key"] for line in run(served, "export", "last", "--format", "jsonl").of("object")]
    target = tmp_path / "out.csv"
    assert run(served, "export", "last", "--format", "csv", "-o", str(target)).code == 0
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(io.StringIO(file.read(), newline="")))
    assert [row["key"] for row in rows] == as_json
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["ls", "nonsense"], 2, "not a location"),
        (["ls", "gs://bucket"], 2, "unknown scheme"),
        (["ls", "s3://no-such-bucket-anywhere"], 1, "bucket"),
        (["plan", BUCKET, "--days", "0"], 2, "at least 1 day"),
        (["restore", BUCKET, "--days", "-3", "--tier", "bulk", "--yes"], 2, "at least 1 day"),
        (["restore", BUCKET, "--days", "1", "--tier", "warp"], 2, "warp"),
        (["restore", BUCKET, "--tier", "bulk"], 2, "--days"),
        (["restore", BUCKET, "--days", "1", "--tier", "bulk"], 5, "not confirmed"),
        (["restore", BUCKET, "--days", "1", "--tier", "bulk", "--yes", "--read-only"], 5, "read-only"),
        (
            ["restore", BUCKET, "--days", "1", "--tier", "expedited", "--yes", "--max-cost", "0.000001"],
            5,
            "more than",
        ),
        (["restore", f"{BUCKET}/no/such/key", "--days", "1", "--tier", "bulk", "--yes"], 1, "no/such/key"),
        (["status", "77"], 2, "no run"),
        (["export", "77"], 2, "no run"),
        (["restore", "s3://acme-empty", "--days", "1", "--tier", "bulk", "--yes"], 0, "nothing to send"),
    ],
)
def test_bad_input_is_one_clear_sentence(run: Run, served: Served, args: list[str], code: int, says: str) -> None:
    ran = run(served, *args)
    assert ran.code == code, ran.err
    assert says in ran.err
    assert served.stats["requests"].get("RestoreObject", 0) == 0
    if code and "--tier" not in args[:2] and args[0] != "export" and "Usage" not in ran.err:
        last = run(served, *args, "--json").lines[-1]
        assert last["type"] == "summary" or last["exit_code"] == code


def test_credentials_and_network_have_their_own_words(run: Run, served: Served) -> None:
    none = run(served, "ls", BUCKET, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert none.code == 4, none.err
    assert "credentials" in none.err
    gone = run(served, "ls", BUCKET, "--endpoint-url", "http://127.0.0.1:9", "--patience", "2s", timeout=60)
    assert gone.code == 1, gone.err
    assert "127.0.0.1:9" in gone.err


def test_an_impossible_tier_is_refused_before_anything_is_sent(run: Run, served: Served) -> None:
    ran = run(
        served, "restore", "s3://acme-genomics-cold", "--storage-class", "DEEP_ARCHIVE", "--state", "archived",
        "--days", "1", "--tier", "expedited", "--yes", "--json",
    )  # fmt: skip
    assert ran.code == 1
    assert "DEEP_ARCHIVE does not offer" in ran.err
    assert served.stats["requests"].get("RestoreObject", 0) == 0


def test_waiting_can_time_out_and_be_taken_up_again(run: Run, serve: Serve) -> None:
    slow = serve("--objects", "20", "--speed", "60")
    ran = run(
        slow, "restore", BUCKET, "--days", "1", "--tier", "bulk", "--yes", "--wait", "--timeout", "2s", "--json"
    )
    assert ran.code == 3, ran.err
    assert ran.summary["timed_out"]
    assert "watch" in ran.err


def test_the_sandbox_ends_cleanly(serve: Serve) -> None:
    served = serve("--objects", "10")
    assert {"s3", "s3control", "sts", "sqs", "oss", "env", "buckets"} <= set(served.contract)
    assert served.contract["buckets"][0]["objects"] == 10
    assert served.close() == 0


def test_without_expedited_capacity_the_same_restore_at_another_tier_is_offered(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "14400", "--scenario", "no-expedited")
    restore = ["restore", BUCKET, "--days", "1", "--storage-class", "GLACIER", "--yes"]
    ran = run(served, *restore, "--tier", "expedited")
    assert ran.code == 1
    assert "found no Expedited capacity: the same restore with --tier standard asks for those alone" in ran.err
    again = run(served, *restore, "--tier", "standard", "--json")
    assert again.code == 0, again.err
    assert again.summary["failed"] == 0


def test_after_twenty_refusals_in_a_row_the_rest_stays_planned(run: Run, serve: Serve) -> None:
    served = serve("--objects", "200", "--speed", "14400", "--scenario", "no-expedited")
    restore = [
        "restore",
        BUCKET,
        "--days",
        "1",
        "--storage-class",
        "GLACIER",
        "--yes",
        "--tier",
        "expedited",
        "--wait",
    ]
    ran = run(served, *restore, "--json")
    assert ran.code == 1
    assert "20 requests in a row found no Expedited capacity" in ran.err
    planned = ran.summary["planned"]
    assert (ran.summary["failed"], planned > 0) == (20, True)
    again = run(served, *restore[:7], "--tier", "standard", "--json")
    assert (again.code, again.summary["planned"]) == (0, 0)
    first = run(served, "status", "1", "--json").summary
    # What restores already waits for its arrival, to be extended then, and is no restore to be taken over.
    assert first["planned"] <= 1
    assert first["planned"] + first["cancelled"] == planned, "nothing is asked for twice"


def test_the_shell_is_told_what_could_be_typed_next(run: Run) -> None:
    for shell in ("bash", "zsh", "fish"):
        script = run(None, _RESTORETUI_COMPLETE=f"{shell}_source")
        assert script.code == 0, script.err
        assert "_RESTORETUI_COMPLETE" in script.out
    asked = {"_RESTORETUI_COMPLETE": "bash_complete", "COMP_WORDS": "restoretui re", "COMP_CWORD": "1"}
    assert "restore" in run(None, **asked).out


def test_every_command_that_a_sentence_names_is_one() -> None:
    named = set()
    for file in Path(restoretui.__file__).parent.rglob("*.py"):
        named |= set(re.findall(r"`restoretui ([a-z][a-z -]*)", file.read_text()))
    assert len(named) > 10
    for text in named:
        first, *rest = text.split()
        assert first in cli.commands, text
        group = cli.commands[first]
        if isinstance(group, click.Group) and rest:
            assert rest[0] in group.commands, text


def test_status_of_a_run_tells_how_it_goes(run: Run, served: Served, tmp_path: Path) -> None:
    ran = run(
        served, "restore", BUCKET, "--days", "300", "--tier", "standard", "--yes", "--wait", "--json", timeout=110
    )
    assert ran.code == 0, ran.err
    told = run(served, "status", "last", "--json")
    (line,) = told.of("run")
    goes = line["progress"]
    assert (goes["done"], goes["to_do"]) == (ran.summary["objects"] - ran.summary["skipped"],) * 2
    assert goes["back_bytes"] == goes["asked_bytes"] > 0
    assert (goes["unsent"], goes["overdue"], goes["overdue_seconds"]) == (0, 0, 0)
    assert goes["first_arrival_at"] <= goes["last_arrival_at"]
    assert sum(goes["arrivals"]) > 0
    assert goes["copies_cost"] >= 0
    assert goes["copies_cost_per_day"] > 0
    assert line["cost"]["currency"] == "USD"
    assert "progress" not in run(served, "status", "--json").of("run")[0], (
        "that of one run is asked for by its number"
    )
    text = run(served, "status", "last").err
    for words in ("objects done, ", " back; ", " came ", "copies cost "):
        assert words in text
    exported = run(served, "export", "last", "-o", os.path.relpath(tmp_path / "here.csv"))
    assert re.search(rf"written to /.*{re.escape(str(tmp_path.name))}/here\.csv", exported.err), "the whole path"
