"""One filter grammar for every command that chooses among objects; the shorthands say the same."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.filter.matcher import FilterRow, row_matches
from restoretui.core.filter.parser import parse_filter
from tests.cli.conftest import Run, Serve, Served

BUCKET = "s3://acme-media-archive"
NOW = 1_768_478_400
"""When it is in the world, about: no object is so near a limit below that it matters."""


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve("--objects", "60", "--speed", "60")


@pytest.fixture
def listed(run: Run, served: Served) -> list[dict[str, Any]]:
    return list(run(served, "ls", BUCKET, "--json").of("object"))


def told(row: dict[str, Any]) -> FilterRow:
    from datetime import datetime

    modified = datetime.fromisoformat(row["modified_at"]).timestamp()
    return FilterRow((row["key"],), storage_class=row["storage_class"], size=row["size"], modified=modified,
                     state=row["state"])  # fmt: skip


def matching(rows: list[dict[str, Any]], text: str) -> set[str]:
    classes = ("GLACIER", "DEEP_ARCHIVE", "GLACIER_IR", "STANDARD")
    return {row["key"] for row in rows if row_matches(parse_filter(text), told(row), NOW, classes)}


FILTERS = (
    "state:archived class:deep",
    "size>100M age>1y !*cam-01* | README",
    "modified<2025 class:glacier",
    '"cam-02/" size<=1G',
)


def test_ls_and_plan_take_any_filter(run: Run, served: Served, listed: list[dict[str, Any]]) -> None:
    for text in FILTERS:
        wanted = matching(listed, text)
        assert 0 < len(wanted) < len(listed), text
        assert {row["key"] for row in run(served, "ls", BUCKET, "--where", text, "--json").of("object")} == wanted
    text = FILTERS[0]
    plan = ["--days", "1", "--json"]
    assert run(served, "plan", BUCKET, "--where", text, *plan).summary["objects"] == len(matching(listed, text))
    keys = "\n".join(row["key"] for row in listed)
    named = run(served, "plan", BUCKET, "--where", text, "--keys-from", "-", *plan, stdin=keys).summary
    assert (named["objects"], named["left_out"]) == (
        len(matching(listed, text)), len(listed) - len(matching(listed, text)),
    )  # fmt: skip


def test_shorthands_say_the_same(run: Run, served: Served, listed: list[dict[str, Any]]) -> None:
    said = ["--match", "*.{mov,txt}", "--exclude", "*cam-01*", "--exclude", "*000000*", "--larger-than", "1K",
            "--smaller-than", "1.5G", "--older-than", "30d", "--newer-than", "9y",
            "--where", "!class:deep"]  # fmt: skip
    text = "*.{mov,txt} !*cam-01* !*000000* size>1K size<1.5G age>30d age<9y !class:deep"
    wanted = matching(listed, text)
    assert 0 < len(wanted) < len(listed)
    assert {row["key"] for row in run(served, "ls", BUCKET, *said, "--json").of("object")} == wanted


def test_a_run_is_shown_and_written_in_part(run: Run, served: Served, tmp_path: Path) -> None:
    restore = ["--days", "1", "--tier", "bulk", "--yes", "--json"]
    made = run(served, "restore", BUCKET, "--where", "state:archived class:GLACIER", *restore)
    assert made.code in (0, 1), made.err
    rows = run(served, "status", "last", "--json").of("object")
    one = rows[0]["key"].rpartition("/")[2]
    wanted = {row["key"] for row in rows if one in row["key"] and row.get("tier") == "bulk"}
    assert 0 < len(wanted) < len(rows)
    text = f"{one} tier:bulk run:{made.of('run')[0]['run']} changed<9y"
    assert {row["key"] for row in run(served, "status", "last", "--where", text, "--json").of("object")} == wanted
    written = run(served, "export", "last", "--where", text).out
    assert {row["key"] for row in csv.DictReader(io.StringIO(written))} == wanted
    target = tmp_path / "part.csv"
    assert f"{len(wanted)} object" in run(served, "export", "last", "--where", text, "-o", str(target)).err
    assert run(served, "status", "--where", "x").code == 2
    told = run(served, "watch", "last", "--where", f"{one} state:requested", "--json", "--timeout", "1s").of("change")
    assert told
    assert {(row["key"] in wanted, row["state"]) for row in told} == {(True, "requested")}
    assert run(served, "watch", "last", "--where", "x").code == 2


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["ls", BUCKET, "--where", "cam sizze>1G"], ["did you mean size?", "  cam sizze>1G\n      ^^^^^"]),
        (["restore", BUCKET, "--where", "state:archvied"], ["did you mean archived?", "        ^^^^^^^^"]),
        (["plan", BUCKET, "--days", "1", "--where", "!class:depe"], ["no storage class here has 'depe' in its name"]),
        (["ls", BUCKET, "--larger-than", "big"], ["'big' is no size"]),
        (["ls", BUCKET, "--match", ""], ["'--match': it is empty, as an unset variable is"]),
        (["plan", BUCKET, "--days", "1", "--exclude", "a", "--exclude", ""], ["'--exclude': it is empty"]),
        (["ls", BUCKET, "--where", " "], ["'--where': it is empty"]),
        (["doctor", "@friday"], ["@friday is a set, and this is about places"]),
        (["ls", BUCKET, "--older-than", "6M"], ["'6M' may be months or minutes"]),
        (["ls", BUCKET, "--older-than", "2"], ["'2' is no span of time"]),
        (["ls", "s3://", "--where", "size>1"], ["is a list of buckets"]),
    ],
)
def test_what_cannot_be_meant_is_said_below_its_word(
    run: Run, served: Served, args: list[str], says: list[str]
) -> None:
    ran = run(served, *args)
    assert ran.code == 2
    for text in says:
        assert text in ran.err
