"""The commands on OSS: list, plan, restore and watch, end a copy early, and both clouds in one command."""

from collections import Counter

import pytest

from tests.cli.conftest import Run, Serve, Served

FILMS = "oss://acme-oss-films"


@pytest.mark.dated
def test_ls_shows_buckets_and_objects(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "60")  # What is being restored is to be so while it is looked at.
    ran = run(served, "ls", "oss://", "--json")
    assert [line["location"] for line in ran.of("bucket")] == ["oss://acme-oss-direct-read", FILMS]
    ran = run(served, "ls", FILMS, "--json")
    objects = ran.of("object")
    assert {row["storage_class"] for row in objects} == {
        "Standard",
        "IA",
        "Archive",
        "ColdArchive",
        "DeepColdArchive",
    }
    assert {row["state"] for row in objects} == {"online", "archived", "restoring", "available"}
    assert objects[0]["location"].startswith(f"{FILMS}/")
    assert served.stats["requests"].get("HeadObject", 0) == 0


def test_plan_refuses_what_the_classes_do_not_take(run: Run, served: Served) -> None:
    ran = run(served, "plan", f"{FILMS}/films/", "--days", "30", "--json")
    assert ran.code == 1
    plans = {line["tier"]: line for line in ran.of("plan")}
    why = {tier: {group["reason"] for group in line["groups"]} for tier, line in plans.items()}
    assert "Archive keeps a copy for at most 7 days" in why["standard"]
    assert "DeepColdArchive does not offer the bulk tier" in why["bulk"]
    assert "DeepColdArchive does not offer the bulk tier" not in why["standard"]
    assert plans["bulk"]["cost"]["currency"] == "CNY"
    assert plans["standard"]["cost"]["unpriced"] > 0
    assert served.stats["requests"].get("RestoreObject", 0) == 0


def test_direct_read_needs_no_restore(run: Run, served: Served) -> None:
    where = "oss://acme-oss-direct-read/scans/"
    ran = run(served, "plan", where, "--days", "3", "--tier", "standard", "--json")
    (line,) = ran.of("plan")
    assert line["actions"] == {"nothing_to_do": 30, "start": 10}
    assert any("archive direct read is on" in group["reason"] for group in line["groups"])


def test_restore_waits_extend_and_clean(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "3600")  # Seven days, Archive's most, are to outlast all commands.
    where = f"{FILMS}/films/2019/"
    ran = run(
        served, "restore", where, "--days", "7", "--tier", "expedited", "--yes", "--wait", "--json", timeout=240
    )
    assert ran.code == 0, ran.err
    (summary,) = ran.of("summary")
    assert summary["available"] == summary["objects"]
    assert served.stats["answers"].get("RestoreObject 409", 0) == 0
    rows = [row for row in run(served, "ls", where, "--json").of("object") if row["state"] == "available"]
    assert len(rows) == 30
    cold = [row for row in rows if row["storage_class"] != "Archive"]

    asked = run(served, "clean", where)
    assert asked.code == 5
    assert "not confirmed" in asked.err
    assert served.stats["requests"].get("CleanRestoredObject", 0) == 0

    ended = run(served, "clean", "last", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert {row["reason"] for row in ended.of("object")} == {"ended early"}
    assert {row["state"] for row in ended.of("object")} == {"archived"}
    assert ended.of("summary")[0]["ended"] == len(cold) == len(ended.of("object"))
    assert served.stats["requests"]["CleanRestoredObject"] == len(cold)
    states = Counter(row["state"] for row in run(served, "status", "last", "--json").of("object"))
    assert states["expired"] == len(cold)
    again = run(served, "clean", where, "--yes", "--storage-class", "ColdArchive", "--json")
    assert (again.code, again.of("summary")[0]["ended"]) == (0, 0)


def test_both_clouds_in_one_command(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "7200")  # The first copies are to outlast the last restore.
    places = ("s3://acme-legal-versions/matters/2016-0001/", f"{FILMS}/films/2020/")
    args = ("--days", "5", "--tier", "standard")
    limited = run(served, "restore", *places, *args, "--max-cost", "100", "--yes")
    assert (limited.code, "one cloud at a time" in limited.err) == (5, True)
    ran = run(served, "restore", *places, *args, "--yes", "--wait", "--json", timeout=240)
    assert ran.code == 0, ran.err
    assert {line["cost"]["currency"] for line in ran.of("plan")} == {"USD", "CNY"}
    (summary,) = ran.of("summary")
    assert len(summary["runs"]) == 2
    assert {line["location"].partition(":")[0] for line in ran.of("change")} == {"s3", "oss"}
    assert summary["available"] + summary["skipped"] == summary["objects"]


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("clean", "s3://acme-genomics-cold", "--yes"), 0, "no restored copy to end"),
        (("clean", "oss://", "--yes"), 2, "oss:// names no bucket"),
        (("clean", "17"), 2, "there is no run '17'"),
        (("clean", FILMS, "--yes", "--read-only"), 5, "read-only"),
        (("ls", "oss://no-such-bucket"), 1, "there is no bucket 'no-such-bucket'"),
        (("restore", f"{FILMS}/films/", "--days", "3", "--tier", "bulk", "--yes", "--max-cost", "1"), 5, "nothing"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    run: Run, served: Served, args: tuple[str, ...], code: int, says: str
) -> None:
    ran = run(served, *args)
    assert ran.code == code, ran.err
    assert says in ran.err
    assert served.stats["requests"].get("RestoreObject", 0) == 0
    assert served.stats["requests"].get("CleanRestoredObject", 0) == 0


def test_credentials_of_oss_have_their_own_words(run: Run, served: Served) -> None:
    ran = run(served, "plan", FILMS, "--days", "3", timeout=30, OSS_PROFILE="nobody")
    assert ran.code == 2
    assert "has no profile 'nobody'" in ran.err
