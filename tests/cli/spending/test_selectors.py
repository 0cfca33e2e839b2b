"""What is said about which objects are meant holds, however they are named; what cannot hold is refused."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.clock import SystemClock
from restoretui.ledger import Ledger
from tests.cli.conftest import Ran, Run, Serve, Served

BUCKET = "s3://acme-media-archive"
ODD = "s3://acme-odd-names"
VERSIONED = "s3://acme-legal-versions"
PLAN = ["--days", "1", "--tier", "bulk", "--json"]


@pytest.fixture
def served(serve: Serve) -> Served:
    """A world in which no copy ends while a test compares what it lists with what it plans."""
    return serve("--objects", "60", "--speed", "60")


@pytest.fixture
def listed(run: Run, served: Served) -> list[dict[str, Any]]:
    return list(run(served, "ls", BUCKET, "--json").of("object"))


def chosen(ran: Ran) -> int:
    assert ran.code in (0, 1), ran.err
    return int(ran.summary["objects"])


def test_selectors_hold_for_key_lists_and_single_keys(
    run: Run, served: Served, listed: list[dict[str, Any]], tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    rows = listed[:40]
    keys.write_text("\n".join(row["key"] for row in rows))
    states, classes = {row["state"] for row in rows}, {row["storage_class"] for row in rows}
    assert len(states) > 1
    assert len(classes) > 2
    from_list = [BUCKET, "--keys-from", str(keys), *PLAN]
    for state in ("archived", "online", "available"):
        # A listing does not tell of Intelligent-Tiering; a look at the object does.
        plain = [row for row in rows if row["storage_class"] != "INTELLIGENT_TIERING"]
        expected = sum(row["state"] == state for row in plain)
        ran = run(served, "plan", *from_list, "--state", state, *(f"--storage-class={name}" for name in classes
                  if name != "INTELLIGENT_TIERING"))  # fmt: skip
        assert chosen(ran) == expected
        assert ran.summary["left_out"] == len(rows) - expected
    one = next(row for row in rows if row["state"] == "archived" and row["storage_class"] == "GLACIER")
    for name, expected in (
        ("glacier", sum(row["storage_class"] == "GLACIER" for row in rows)),
        ("STANDARD_IA", None),
    ):
        ran = run(served, "plan", *from_list, "--storage-class", name)
        wanted = sum(row["storage_class"] == name for row in rows) if expected is None else expected
        assert chosen(ran) == wanted
    part = one["key"].rpartition("/")[2]
    assert chosen(run(served, "plan", *from_list, "--match", part)) == sum(part in row["key"] for row in rows)
    assert chosen(run(served, "plan", *from_list, "--match", "nothing")) == 0

    alone = [one["location"], *PLAN]
    assert chosen(run(served, "plan", *alone)) == 1
    for selector in (["--state", "online"], ["--storage-class", "STANDARD"], ["--match", "zzz*"]):
        ran = run(served, "plan", *alone, *selector)
        assert (chosen(ran), ran.summary["left_out"], ran.summary["missing"]) == (0, 1, 0)
        assert "left out by the selectors" in ran.err
    assert (
        chosen(run(served, "plan", *alone, "--state", "archived", "--match", part, "--storage-class", "GLACIER")) == 1
    )


def test_a_belt_holds_before_anything_is_sent(
    run: Run, served: Served, listed: list[dict[str, Any]], tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("\n".join([*[row["key"] for row in listed if row["state"] == "archived"][:3], "no/such/key.x"]))
    ran = run(
        served, "restore", BUCKET, "--keys-from", str(keys), "--storage-class", "STANDARD", "--match", "*.mov",
        "--yes", *PLAN,
    )  # fmt: skip
    assert ran.summary["requests"] == 0
    assert ran.summary["missing"] == 0, "what the selectors leave out is not missing"
    assert served.stats["requests"].get("RestoreObject", 0) == 0
    assert served.stats["requests"].get("HeadObject", 0) <= 3, "nor is it looked at"


def test_match_may_be_repeated_and_means_any(run: Run, served: Served, listed: list[dict[str, Any]]) -> None:
    first, second = listed[0]["key"], listed[-1]["key"]
    ran = run(served, "ls", BUCKET, "--match", first, "--match", second, "--json")
    assert {row["key"] for row in ran.of("object")} == {first, second}
    assert chosen(run(served, "plan", BUCKET, "--match", first, "--match", second, *PLAN)) == 2
    assert chosen(run(served, "plan", listed[0]["location"], "--match", "zzz", "--match", first, *PLAN)) == 1


def test_versions_of_one_key_and_of_listed_keys(run: Run, served: Served) -> None:
    rows = run(served, "ls", VERSIONED, "--versions", "--json").of("object")
    several = next(row["key"] for row in rows if sum(other["key"] == row["key"] for other in rows) > 2)
    own = [row for row in rows if row["key"] == several]
    place = f"{VERSIONED}/{several}"
    assert [row["version_id"] for row in run(served, "ls", place, "--versions", "--json").of("object")] == [
        row["version_id"] for row in own
    ]
    assert chosen(run(served, "plan", place, *PLAN)) == 1
    assert chosen(run(served, "plan", place, "--versions", *PLAN)) == len(own)
    listed = run(served, "plan", VERSIONED, "--keys-from", "-", "--versions", *PLAN, stdin=f"{several}\nno/such\n")
    assert (listed.summary["objects"], listed.summary["missing"]) == (len(own), 1)
    one = own[-1]
    assert chosen(run(served, "plan", place, "--version-id", one["version_id"], *PLAN)) == 1
    assert chosen(run(served, "plan", one["location"], *PLAN)) == 1
    read = run(served, "ls", one["location"], "--json").of("object")
    assert [(row["key"], row["version_id"]) for row in read] == [(several, one["version_id"])]


def test_every_location_that_is_printed_is_read_as_that_very_object(run: Run, served: Served) -> None:
    rows = run(served, "ls", ODD, "--json").of("object")
    assert {"folder/", "star*"} <= {row["key"] for row in rows}
    for row in rows:
        if row["key"].endswith(("/", "*")):
            assert chosen(run(served, "plan", row["location"], *PLAN)) == 1
            read = run(served, "ls", row["location"], "--json").of("object")
            assert [other["key"] for other in read] == [row["key"]]
    assert chosen(run(served, "plan", *(row["location"] for row in rows), *PLAN)) == len(rows)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["plan", f"{BUCKET}/archive/", "--version-id", "x", *PLAN], "--version-id needs exactly one location"),
        (
            ["plan", f"{BUCKET}/a", f"{BUCKET}/b", "--version-id", "x", *PLAN],
            "--version-id needs exactly one location",
        ),
        (["plan", f"{BUCKET}/a", "--version-id", "x", "--versions", *PLAN], "--versions are all"),
        (["plan", f"{BUCKET}/a?versionId=y", "--version-id", "x", *PLAN], "another version"),
        (["plan", f"{BUCKET}/a?versionId=y", "--versions", *PLAN], "--versions are all"),
        (["ls", f"{BUCKET}/a?versionId=y", "--versions"], "--versions are all"),
        (["plan", f"{BUCKET}/arch*", "--keys-from", "-", *PLAN], "ends in the middle of a name"),
        (["plan", BUCKET, "--storage-class", "NONSENSE", *PLAN], "no storage class is called 'NONSENSE'"),
        (["ls", BUCKET, "--storage-class", "ColdArchive"], "known are AWS_BACKUP"),
        (["ls", "oss://bucket", "--storage-class", "GLACIER"], "known are Archive, ColdArchive"),
        (["clean", f"{BUCKET}/a/", "--version-id", "x", "--yes"], "--version-id needs exactly one location"),
        (["clean", "last", "--version-id", "x", "--yes"], "those of its own versions"),
        (["clean", "last", "--versions", "--yes"], "those of its own versions"),
        (["clean", f"{BUCKET}/a", "--storage-class", "cold", "--yes"], "no storage class is called 'cold'"),
        (["plan", BUCKET, "--days", "0"], "at least 1 day"),
        (["ls", "s3://", "--match", "x"], "is a list of buckets"),
        (["ls", "oss://", "--state", "archived"], "is a list of buckets"),
        (["demo", "--speed", "nan"], "'nan' is not a number"),
        (["sandbox", "--speed", "inf"], "'inf' is not a number"),
        (["restore", BUCKET, "--days", "99999999999999", "--tier", "bulk", "--yes"], "cannot last"),
        (["restore", BUCKET, *PLAN, "--timeout", "99999999999999h"], "longer than anybody"),
        (["ls", "oss://bucket", "--expected-bucket-owner", "123456789012"], "--expected-bucket-owner says how S3"),
        (["ls", "oss://bucket", "--virtual-host-style"], "--virtual-host-style says how S3"),
    ],
)
def test_what_cannot_hold_is_refused_before_the_cloud_is_asked(
    run: Run, served: Served, args: list[str], says: str
) -> None:
    ran = run(served, *args)
    assert ran.code == 2, ran.err
    assert says in " ".join(ran.err.split())
    assert not sum(served.stats["requests"].values())


def test_a_store_may_name_its_classes_as_it_likes(run: Run, served: Served, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text('[stores.tape]\nlike = "ceph"\nclasses = ["Tape"]\n')
    ran = run(served, "ls", BUCKET, "--store", "tape", "--storage-class", "TAPE")
    assert ran.code == 0, ran.err
    assert run(served, "ls", BUCKET, "--store", "minio", "--storage-class", "WARM").code == 0


def test_locations_in_a_key_list_are_hinted_at_and_many_missing_keys_are_counted(run: Run, served: Served) -> None:
    lines = "\n".join(f"{BUCKET}/no/{number}" for number in range(60))
    ran = run(served, "plan", BUCKET, "--keys-from", "-", *PLAN, stdin=lines)
    assert (ran.code, ran.summary["missing"]) == (1, 60)
    assert "taken as a key, verbatim" in ran.err
    assert "… and 40 objects more could not be seen" in ran.err
    assert ran.err.count("\n") < 30


def test_clean_hears_its_selectors_for_keys_and_runs(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "3600")  # Copies come in a second, and outlast all commands.
    rows = run(served, "ls", "oss://acme-oss-films", "--storage-class", "coldarchive", "--json").of("object")
    assert {row["storage_class"] for row in rows} == {"ColdArchive"}
    *keys, other = [row["key"] for row in rows if row["state"] == "archived"][:4]
    back = run(
        served, "restore", "oss://acme-oss-films", "--keys-from", "-", "--days", "9", "--tier", "expedited",
        "--yes", "--wait", "--json", stdin="\n".join((*keys, other)),
    )  # fmt: skip
    assert back.summary["available"] == 4, back.err
    one = f"oss://acme-oss-films/{keys[0]}"
    for nothing in ([one, "--match", "zzz"], [one, "--storage-class", "Archive"], ["last", "--match", "zzz"]):
        left = run(served, "clean", *nothing, "--yes", "--json")
        assert (left.code, left.summary["ended"]) == (0, 0), left.err
    assert run(served, "clean", one).code == 5, "it is asked about first"
    ended = run(served, "clean", one, "--match", keys[0], "--storage-class", "coldarchive", "--yes", "--json")
    assert ended.summary["ended"] == 1
    assert run(served, "clean", "last", "--keys-from", "-", "--yes").code == 2
    listed = ["clean", "oss://acme-oss-films", "--keys-from", "-", "--yes", "--json"]
    assert run(served, *listed, stdin=f"{keys[0]}\n").summary["ended"] == 0, "that copy is over"
    assert run(served, *listed, stdin=f"{keys[1]}\nnothing there\n").code == 1
    ended = run(served, *listed, stdin="\n".join((keys[2], keys[1], keys[0], keys[2])))
    assert {line["key"] for line in ended.of("object")} == {keys[1], keys[2]}
    assert ended.summary["ended"] == 2
    assert run(served, *listed, "--versions", stdin=f"{other}\nnothing there\n").code == 1
    ended = run(served, *listed, "--versions", stdin="\n".join((*keys, other, other)))
    assert ([line["key"] for line in ended.of("object")], ended.summary["ended"]) == ([other], 1)


def test_a_run_keeps_its_own_connection_and_says_so(run: Run, served: Served) -> None:
    sent = run(served, "restore", ODD, "--days", "1", "--tier", "bulk", "--yes", "--json")
    assert sent.code == 0, sent.err
    for command in (["status", "last"], ["export", "last"], ["watch", "last", "--timeout", "0"]):
        assert "--region changes nothing here" in run(served, *command, "--region", "eu-north-1").err
        assert "changes nothing" not in run(served, *command).err
    assert json.loads(run(served, "export", "last", "--format", "jsonl").out.splitlines()[0])


def test_a_set_of_marks_that_has_a_name_is_a_key_list(run: Run, served: Served, tmp_path: Path) -> None:
    """As ``M`` then ``w`` save it: of what is marked in several buckets, that counts which lies at the location."""

    async def save() -> int:
        ledger = await Ledger.open(tmp_path / "state", SystemClock())
        try:
            await ledger.mark_sets.begin()
            for ((listing,),) in [ledger._quick.rows("SELECT id FROM listing WHERE prefix = ''")]:
                view = await ledger.catalog.browse(listing)
                await ledger.selections.add_view(ledger.mark_sets.shown, view)
                await view.aclose()
            return (await ledger.mark_sets.save("friday")).objects
        finally:
            await ledger.aclose()

    assert run(served, "du", BUCKET, "--json").code == 0
    number = asyncio.run(save())
    assert chosen(run(served, "plan", BUCKET, "--keys-from", "@friday", *PLAN)) == number > 3
    elsewhere = run(served, "plan", ODD, "--keys-from", "@friday", *PLAN)
    assert (elsewhere.code, "nothing of @friday lies in" in elsewhere.err) == (2, True)
    unknown = run(served, "plan", BUCKET, "--keys-from", "@monday", *PLAN)
    assert (unknown.code, "@friday" in unknown.err) == (2, True)


def test_a_state_that_no_listing_tells_is_looked_at_before_it_selects(run: Run, served: Served) -> None:
    """Of Intelligent-Tiering a HEAD alone tells whether an object is archived."""
    where = "s3://acme-backups-tiering"
    listed = run(served, "ls", where, "--state", "archived")
    assert "no archive tier, which only a HEAD tells, in the listing: not judged, and left out" in listed.err
    asked = ("plan", where, "--days", "1", "--tier", "standard", "--json")
    everything, chosen = run(served, *asked), run(served, *asked, "--state", "archived")
    (plan,) = chosen.of("plan")
    assert chosen.code == 0
    assert plan["requests"] == everything.of("plan")[0]["requests"] > 0
    assert chosen.summary["objects"] == plan["requests"] < everything.summary["objects"]
    seen = run(served, "ls", where, "--state", "archived", "--json")
    assert (len(seen.of("object")), "left out" in seen.err) == (plan["requests"], False)
