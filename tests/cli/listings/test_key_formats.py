"""Feeding output back: what ls, status and export print names the same objects to plan, restore and clean."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Served

ODD = "s3://acme-odd-names"
PLAN = ("--days", "1", "--json")


def test_what_is_printed_is_chosen_again(run: Run, served: Served, tmp_path: Path) -> None:
    listed = run(served, "ls", ODD, "--json")
    locations = {row["location"] for row in listed.of("object")}
    assert len(locations) > 40
    done = run(served, "restore", ODD, "--days", "1", "--tier", "bulk", "--yes")
    assert done.code == 0, done.err
    printed = {
        "ls": listed.out,
        "status": run(served, "status", "last", "--json").out,
        "json": run(served, "export", "last", "--format", "jsonl").out,
    }
    # Through no pipe of a test's, which would take a key's own CR for a line end.
    assert run(served, "export", "last", "-o", str(tmp_path / "csv")).code == 0
    for name, text in {**printed, "csv": ""}.items():
        path = tmp_path / name
        if text:
            path.write_text(text)
        plan = run(served, "plan", "--keys-from", str(path), *PLAN)
        assert plan.code == 0, (name, plan.err)
        assert (plan.summary["objects"], plan.summary["missing"]) == (len(locations), 0), name
        assert "--keys-format plain takes each line as a key" in plan.err


def test_versions_and_several_buckets_read_back(run: Run, served: Served, tmp_path: Path) -> None:
    places = ("s3://acme-legal-versions/matters/2015-0008/", "s3://acme-odd-names", "oss://acme-oss-films/")
    listed = run(served, "ls", *places, "--versions", "--json")
    rows = [row for row in listed.of("object") if row["state"] == "archived"]
    assert len({row["bucket"] for row in rows}) == 3
    old = next(row for row in rows if row.get("version_id"))
    named = f"s3://{old['bucket']}/{old['key']}", "--version-id", old["version_id"]
    assert [row["version_id"] for row in run(served, "ls", *named, "--json").of("object")] == [old["version_id"]]
    path = tmp_path / "list"
    path.write_text("\n".join(row["location"] for row in rows if "\n" not in row["key"]))
    count = len({row["location"] for row in rows if "\n" not in row["key"]})
    plan = run(served, "plan", "--keys-from", str(path), *PLAN)
    assert sum(line["objects"] for line in plan.of("plan")[0]["groups"]) > 0
    assert (plan.summary["objects"], plan.summary["missing"]) == (count, 0), plan.err
    one = run(served, "plan", "s3://acme-odd-names", "--keys-from", str(path), "--keys-format", "uri", *PLAN)
    inside = len({row["location"] for row in rows if row["bucket"] == "acme-odd-names" and "\n" not in row["key"]})
    assert (one.summary["objects"], one.summary["left_out"]) == (inside, count - inside)
    assert f"{count - inside} objects of the key list" in one.err
    account = run(served, "plan", "s3://", "--keys-from", str(path), "--keys-format", "uri", *PLAN)
    assert account.summary["objects"] == len({row["location"] for row in rows if row["location"].startswith("s3")
                                              and "\n" not in row["key"]})  # fmt: skip


def test_a_restore_of_a_list_over_several_buckets(run: Run, served: Served, tmp_path: Path) -> None:
    rows = run(served, "ls", "s3://acme-media-archive", ODD, "--state", "archived", "--json").of("object")
    chosen = [*rows[:2], *rows[-2:]]
    text = "\n".join(row["location"] for row in chosen)
    done = run(served, "restore", "--keys-from", "-", "--days", "1", "--tier", "bulk", "--yes", "--json", stdin=text)
    assert done.code == 0, done.err
    assert done.summary["requested"] == 4
    path = tmp_path / "keys"
    path.write_bytes(b"\0".join(row["key"].encode() for row in chosen[:2]))
    again = run(served, "restore", "s3://acme-media-archive", "--keys-from", str(path), "-0", "--days", "1",
                "--tier", "bulk", "--yes", "--json")  # fmt: skip
    assert again.summary["objects"] == 2
    command = run(served, "status", "last", "--json").of("run")[0]["command_line"]
    assert f"--keys-from {path} -0" in command


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ([ODD, "--keys-format", "csv"], "say how --keys-from is written"),
        ([ODD, "-0"], "say how --keys-from is written"),
        (["--keys-from", "-"], "holds keys, and no bucket was named"),
        (["--keys-from", "-", "--keys-format", "plain"], "needs exactly one location"),
        ([f"{ODD}/a/key", "--keys-from", "-"], "so a location beside it is not one"),
        ([ODD, "--keys-from", "-", "-0", "--keys-format", "csv"], "-0 is about plain keys"),
        ([ODD, "--keys-from", "-", "--keys-format", "jsonl"], "line 1 of the key list on stdin is no JSON object"),
        ([], "Missing argument 'LOCATION...'"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, served: Served, line: list[str], says: str) -> None:
    ran = run(served, "plan", *line, "--days", "1", stdin="plain.txt\n")
    assert ran.code == 2
    assert says in ran.err


def test_a_plain_list_stays_verbatim(run: Run, served: Served) -> None:
    ran = run(served, "plan", ODD, "--keys-from", "-", *PLAN, stdin="s3://acme-odd-names/plain.txt\na,b\n")
    assert (ran.code, ran.summary["missing"]) == (1, 2)
    assert "is taken as a key, verbatim" in ran.err


def test_clean_takes_lists_too(run: Run, served: Served) -> None:
    said = ["oss://acme-oss-films", "--storage-class", "ColdArchive", "--days", "30", "--tier", "bulk"]
    done = run(served, "restore", *said, "--yes", "--wait", "--json")
    assert done.code == 0, done.err
    text = run(served, "export", "last", "--format", "jsonl").out
    dry = run(served, "clean", "--keys-from", "-", "-n", "--json", stdin=text)
    assert dry.code == 0, dry.err
    assert dry.summary["copies"] == done.summary["available"]


def test_a_missing_key_is_an_error_and_overlaps_count_once(run: Run, served: Served) -> None:
    whole = run(served, "ls", ODD, "--json").summary["objects"]
    gone = run(served, "ls", f"{ODD}/nobody-has-this", "--json")
    assert (gone.code, gone.summary["objects"], gone.summary["missing"]) == (1, 0, 1)
    assert gone.of("missing")[0]["location"] == f"{ODD}/nobody-has-this"
    twice = run(served, "ls", ODD, f"{ODD}/plain.txt", ODD, f"{ODD}/plain*", f"{ODD}/nobody-has-this", "--json")
    assert (twice.code, twice.summary["objects"], twice.summary["missing"]) == (1, whole, 1)
    assert run(served, "ls", f"{ODD}/no-such-prefix/").code == 0, "an empty prefix is no missing object"
    filtered = run(served, "ls", f"{ODD}/plain.txt", "--match", "zzz", "--json")
    assert (filtered.code, filtered.summary["objects"]) == (0, 0)
    sums = run(served, "du", ODD, f"{ODD}/plain*", "--json")
    assert sums.summary["objects"] == whole


def test_an_array_of_lines_and_bare_json_objects_are_read_without_a_format(
    run: Run, served: Served, tmp_path: Path
) -> None:
    array = run(served, "ls", ODD, "--format", "json").out
    objects = sum(row["type"] == "object" for row in json.loads(array))
    for line in ((), (ODD,)):
        plan = run(served, "plan", *line, "--keys-from", "-", *PLAN, stdin=array)
        assert (plan.code, plan.summary["objects"], plan.summary["missing"]) == (0, objects, 0), plan.err
    bare = '{"bucket":"acme-odd-names","key":"plain.txt"}\n{"Key": "with space.txt", "Bucket": "acme-odd-names"}\n'
    plan = run(served, "plan", "--keys-from", "-", *PLAN, stdin=bare)
    assert (plan.code, plan.summary["objects"]) == (0, 2), plan.err
    key = run(served, "plan", ODD, "--keys-from", "-", *PLAN, stdin="[\nplain.txt\n")
    assert (key.code, key.summary["objects"], key.summary["missing"]) == (1, 1, 1), "brackets may be keys"
