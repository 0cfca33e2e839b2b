"""The language of the JSON lines: one schema, kept by every line of every command that any test runs."""

import json
import re
from collections.abc import Iterator
from typing import Any

import click
import jsonschema
import pytest

from restoretui.cli.app import cli
from restoretui.core.model import State
from restoretui.session.jsonlines.kinds import KINDS
from restoretui.session.jsonlines.schema import schema
from restoretui.session.jsonlines.summaries import ALSO, SUMMARIES
from restoretui.session.jsonlines.words import WORDS
from tests.cli.checked_lines import NO_LINES, check_lines, whats_wrong
from tests.cli.conftest import Run, Served

PLACE = "s3://acme-media-archive"
OBJECT = {
    "type": "object", "schema": 1, "scheme": "s3", "bucket": "b", "location": "s3://b/k", "key": "k",
    "state": "archived", "size": 5,
}  # fmt: skip
SUMMARY = {"type": "summary", "schema": 1, "command": "ledger vacuum", "exit_code": 0, "files": [], "freed_bytes": 0}


def test_the_schema_is_printed_and_is_one(run: Run) -> None:
    printed = json.loads(run(None, "schema").out)
    assert printed == json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(printed)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (OBJECT, ""),
        (SUMMARY, ""),
        ({**OBJECT, "type": "thing"}, "thing"),
        ({**OBJECT, "schema": 2}, "schema"),
        ({**OBJECT, "note": "no word of an object"}, "note"),
        ({**OBJECT, "size": None}, "size"),
        ({**OBJECT, "size": -1}, "size"),
        ({**OBJECT, "size": True}, "size"),
        ({**OBJECT, "reason": ""}, "reason"),
        ({**OBJECT, "expiry": "2026-01-01"}, "expiry"),
        ({**OBJECT, "state": "gone"}, "state"),
        ({name: value for name, value in OBJECT.items() if name != "bucket"}, "bucket"),
        ({**SUMMARY, "command": "ls"}, "locations"),
        ({**SUMMARY, "command": "dance"}, "dance"),
        ({**SUMMARY, "files": [{"size": 5}]}, "file"),
        ({name: value for name, value in SUMMARY.items() if name != "files"}, "files"),
    ],
)
def test_the_tests_own_validator_judges_as_json_schema_does(line: dict[str, Any], wrong: str) -> None:
    judged = jsonschema.Draft202012Validator(schema()).is_valid(line)
    found = whats_wrong(line)
    assert judged == (found is None) == (not wrong)
    assert found is None or wrong in found


def test_each_command_that_can_print_json_has_an_end() -> None:
    assert set(commands_with_json()) == set(SUMMARIES) - {"open"}
    assert set(ALSO) <= set(SUMMARIES)


def commands_with_json() -> Iterator[str]:
    def below(group: click.Group, before: str) -> Iterator[str]:
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from below(command, f"{before}{name} ")
            elif any("--json" in param.opts for param in command.params) and name not in NO_LINES:
                yield before + name

    return below(cli, "")


def test_each_word_is_used_and_each_used_word_is_one() -> None:
    used = {word for kind in KINDS.values() for word in kind.words}
    used |= {"command", "exit_code", *(word for end in SUMMARIES.values() for word in end)}
    used |= {word for words in ALSO.values() for word in words}
    inside = re.findall(r'#/\$defs/word\.(\w+)"', json.dumps({name: word.shape for name, word in WORDS.items()}))
    assert used | set(inside) == set(WORDS)


def test_names_of_instants_sizes_and_spans_say_so() -> None:
    for name, word in WORDS.items():
        if word.shape.get("type") == "string" and "T" in word.shape.get("pattern", ""):
            assert name.endswith("_at") or name in ("at", "as_of", "expiry", "expiry_not_before"), name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


# --- what the lines of a command come to, whatever becomes of it ---------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code", "reason"),
    [
        (["ls", "nonsense"], 2, "not a location"),
        (["ls"], 2, "Missing argument"),
        (["ls", "--bogus", PLACE], 2, "No such option"),
        (["plan", PLACE, "--days", "many"], 2, "many"),
        (["batch", "priority", "job-1", "high"], 2, "high"),
        (["ls", "s3://no-such-bucket-anywhere"], 1, "bucket"),
        (["restore", PLACE, "--days", "1", "--tier", "bulk"], 5, "not confirmed"),
        (["status", "77"], 2, "no run"),
        (["batch", "show", "nobody-knows"], 1, "nobody-knows"),
        (["lss", PLACE], 2, ""),
    ],
)
def test_an_error_is_a_line_and_the_end_has_its_usual_shape(
    run: Run, served: Served, args: list[str], code: int, reason: str
) -> None:
    ran = run(served, *args, "--json")
    assert ran.code == code
    (error,) = ran.of("error")
    assert reason in error["reason"]
    assert error["exit_code"] == code
    assert ran.lines[-2:] == [error, ran.summary]
    assert ran.summary["command"] == (" ".join(args[:2]) if args[0] == "batch" else args[0].replace("lss", "open"))


@pytest.mark.parametrize(
    "said", ["", "batch", "set", "ledger", "warm", "sandbox", "demo", "man", "completion", "nonsense"]
)
def test_what_has_no_lines_of_its_own_ends_as_the_program_does(run: Run, said: str) -> None:
    """The lines are held to the schema wherever ``run`` sees them."""
    ran = run(None, *said.split(), "--json", "--bogus")
    assert (ran.code, ran.summary["command"]) == (2, "open")
    (error,) = ran.of("error")
    assert check_lines(ran.out.splitlines())
    assert error["hint"].replace(" --help", "") in (f"restoretui {said}".strip(), "restoretui")


def test_the_end_of_ls_is_the_same_with_and_without_objects(run: Run, served: Served) -> None:
    full, empty, buckets = (run(served, "ls", place, "--json") for place in (PLACE, "s3://acme-empty", "s3://"))
    assert set(full.summary) == set(empty.summary) == set(buckets.summary)
    assert sum(full.summary[state.value] for state in State) == full.summary["objects"] == 60
    assert buckets.summary["buckets"] == [line["bucket"] for line in buckets.of("bucket")]
    assert len(buckets.summary["buckets"]) > 3


def test_a_key_that_is_not_there_has_its_line_and_exit_code_1(run: Run, served: Served) -> None:
    there = run(served, "ls", PLACE, "--json").of("object")[0]["location"]
    ran = run(served, "ls", there, f"{PLACE}/no/such/key", "--json")
    assert (ran.code, ran.summary["missing"], ran.summary["objects"]) == (1, 1, 1)
    assert [line["location"] for line in ran.of("missing")] == [f"{PLACE}/no/such/key"]
    left_out = run(served, "ls", there, "--match", "nothing-like-it", "--json")
    assert (left_out.code, left_out.summary["missing"], left_out.summary["objects"]) == (0, 0, 0)
    below = run(served, "ls", f"{PLACE}/no/such/prefix/", "--json")
    assert (below.code, below.summary["missing"]) == (0, 0)


def test_runs_say_which_buckets_they_are_about(run: Run, served: Served) -> None:
    others = ["s3://acme-frankfurt-archive", "s3://acme-logs-expiring"]
    ran = run(served, "restore", PLACE, *others, "--days", "2", "--tier", "bulk", "--yes", "--json")
    buckets = sorted(place.removeprefix("s3://") for place in [PLACE, *others])
    (line,) = ran.of("run")
    assert sorted(line["buckets"]) == buckets
    assert "bucket" not in line
    assert sorted(ran.of("plan")[0]["buckets"]) == buckets
    one = run(served, "restore", "s3://acme-odd-names", "--days", "2", "--tier", "bulk", "--yes", "--json")
    assert one.of("run")[0]["location"] == "s3://acme-odd-names"
    both = run(served, "status", "--json").of("run")
    assert [sorted(line["buckets"]) for line in both] == [["acme-odd-names"], buckets]
