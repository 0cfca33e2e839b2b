"""A place as of an instant: seen, planned, restored where the versions lie, and undeleted; boto3 is the witness."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.cli.conftest import Run, Serve, Served

BUCKET = "past"


def client(served: Served) -> Any:
    env = served.contract["env"]
    return boto3.client(
        "s3", endpoint_url=served.contract["s3"], region_name="us-east-1",
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip


def later(served: Served, seconds: int) -> None:
    """So much later, there and here."""
    served.ask(f"/_sandbox/advance?seconds={seconds}", method="POST")
    served.contract["env"]["RESTORETUI_CLOCK"] = served.ask("/_sandbox/speed?seconds=1", method="POST")["clock"]


def deleted(serve: Serve, objects: int) -> Served:
    """A versioned bucket with archived objects, all but ten of which were deleted an hour later, by mistake."""
    served = serve("--objects", "10", "--speed", "1")
    s3 = client(served)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for number in range(objects):
        s3.put_object(Bucket=BUCKET, Key=f"data/{number:04d}", Body=b"x", StorageClass="GLACIER")
    later(served, 3600)
    for at in range(0, objects - 10, 1000):
        keys = [{"Key": f"data/{number:04d}"} for number in range(at, min(at + 1000, objects - 10))]
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys, "Quiet": True})
    later(served, 200)
    return served


@pytest.fixture
def served(serve: Serve) -> Served:
    return deleted(serve, 14)


def now(served: Served) -> datetime:
    return datetime.fromisoformat(served.stats["now"]).astimezone(UTC)


def test_a_mass_delete_is_undone_as_of_five_minutes_before(serve: Serve, run: Run) -> None:
    served = deleted(serve, 1100)
    place, s3 = f"s3://{BUCKET}/data/", client(served)
    # Something that a person made since, which must not be touched: a newer version, and a second marker.
    s3.put_object(Bucket=BUCKET, Key="data/0000", Body=b"new")
    s3.delete_object(Bucket=BUCKET, Key="data/0001")
    before = run(served, "ls", place, "--as-of", "5m", "--json")
    assert before.summary["objects"] == 1100
    assert run(served, "ls", place, "--json").summary["objects"] == 11
    assert before.summary["markers"] == 0
    since = run(served, "ls", f"{place}10*", "--as-of", "1m", "--where", "*/10[89]*", "--json")
    markers = since.of("marker")
    assert (since.summary["objects"], since.summary["markers"], len(markers)) == (10, 10, 10), since.out
    ids = {each["VersionId"] for each in s3.list_object_versions(Bucket=BUCKET, Prefix="data/108")["DeleteMarkers"]}
    assert {each["version_id"] for each in markers} <= ids
    assert (
        run(served, "plan", f"{place}10*", "--as-of", "1m", "--match", "*/10[89]*", "--days", "1", "--json").summary[
            "objects"
        ]
        == 10
    )
    gone = run(served, "ls", place, "--deleted-since", "5m", "--json")
    assert gone.summary["objects"] == 1089
    restored = run(
        served, "restore", place, "--as-of", "5m", "--match", "*/000[2-9]", "--days", "2", "--tier", "bulk", "--yes"
    )
    assert restored.code == 0, restored.err
    assert served.stats["restores"]["accepted"] == 8
    refused = run(served, "undelete", place, "--as-of", "5m", "--read-only", "--yes")
    assert refused.code == 5
    dry = run(served, "undelete", place, "--as-of", "5m", "--dry-run", "--json")
    assert (dry.code, dry.summary["objects"], dry.summary["undeleted"]) == (1, 1088, 0)
    assert run(served, "undelete", place, "--as-of", "5m", "--max-objects", "5", "--yes").code == 5
    assert run(served, "undelete", place, "--as-of", "5m", stdin="n\n").code in (2, 5)
    done = run(served, "undelete", place, "--as-of", "5m", "--yes", "--json")
    assert done.code == 1, "two are left out, and that is said"
    sums = {name: done.summary[name] for name in ("objects", "not_deleted", "replaced", "undeleted", "failed")}
    assert sums == {"objects": 1088, "not_deleted": 10, "replaced": 2, "undeleted": 1088, "failed": 0}
    assert "only a copy" in done.err
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    versions, markers = [], []
    for page in pages:
        versions += page.get("Versions", [])
        markers += page.get("DeleteMarkers", [])
    ids = {(line["key"], line["version_id"]) for line in before.of("object")}
    current = {(each["Key"], each["VersionId"]) for each in versions if each["IsLatest"]}
    assert len(ids - current) == 2, "all but the two are current again, by the very ids they had"
    assert {marker["Key"] for marker in markers} == {"data/0000", "data/0001"}
    assert len(versions) == 1101


def test_what_was_meant_and_what_came_of_it_is_in_the_trail(served: Served, run: Run, tmp_path: Path) -> None:
    place = f"s3://{BUCKET}/data/"
    assert run(served, "undelete", place, "--deleted-since", "1h", "--where", "*/0003", "--yes").code == 0
    with closing(sqlite3.connect(tmp_path / "state" / "ledger.db")) as ledger:
        lines = [row[0] for row in ledger.execute("SELECT text FROM activity WHERE kind = 'undelete' ORDER BY id")]
    assert [line.split(" ", 3)[3] for line in lines] == ["to be removed", "removed"]


def test_what_cannot_be_told_is_named_and_left_out(served: Served, run: Run) -> None:
    s3, place = client(served), f"s3://{BUCKET}/new/"
    s3.put_object(Bucket=BUCKET, Key="new/twice", Body=b"1", StorageClass="GLACIER")
    s3.delete_object(Bucket=BUCKET, Key="new/twice")
    moment = now(served)
    later(served, 5)
    s3.put_object(Bucket=BUCKET, Key="new/twice", Body=b"2")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=BUCKET, Key="new/untold", Body=b"1")
    seen = run(served, "ls", place, "--as-of", moment.isoformat(), "--json")
    assert seen.summary["objects"] == 0
    assert "new/untold: left out, for it was written or deleted since while versioning was off" in seen.err


def test_what_does_not_go_together_is_refused(served: Served, run: Run) -> None:
    place = f"s3://{BUCKET}/data/"
    for words, reason in {
        ("ls", place, "--as-of", "5m", "--versions"): "--as-of chooses the versions itself",
        ("ls", place, "--as-of", "2099-01-01"): "is not over yet",
        ("ls", place, "--as-of", "yesterday"): "is no instant",
        # Neither is taken for so many seconds ago.
        (
            "ls",
            place,
            "--as-of",
            "2024",
        ): "'2024' is no instant: write 2026-12-01T12:00Z, 2026-12-01, or how long",
        ("status", "--since", "1999"): "'1999' is no instant",
        ("ls", place, "--deleted-since", "20991224"): "is not over yet",
        ("ls", place, "--as-of", "0001-01-01T00:00+14:00"): "is no instant",
        ("undelete", place, "--yes"): "what is to be there again is not said",
        ("plan", place, "--days", "1", "--deleted-since", "1h", "--keys-from", "f"): "leave out one of them",
        ("ls", f"{place}0001?versionId=x", "--as-of", "5m"): "names one",
    }.items():
        ran = run(served, *words)
        assert (ran.code, ran.out) == (2, ""), words
        assert reason in ran.err


def test_a_kept_command_has_the_instant_that_was_meant(served: Served, run: Run) -> None:
    run(served, "restore", f"s3://{BUCKET}/data/0002", "--as-of", "5m", "--days", "1", "--tier", "bulk", "--yes")
    assert re.search(r"--as-of \d{4}-\d\d-\d\dT\d\d:", run(served, "status", "last", "--json").out)


def test_oss_tells_of_no_delete_markers(served: Served, run: Run) -> None:
    ran = run(served, "ls", "oss://acme-oss-films", "--as-of", "5m")
    assert ran.code == 1
    assert "is not told by this cloud" in ran.err
