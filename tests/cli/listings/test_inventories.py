"""Commands on a bucket that is never listed: by its inventory."""

import re
from pathlib import Path

from tests.cli.conftest import Run, Serve, Served

BUCKET = "s3://acme-media-archive"
INVENTORIES = "s3://acme-inventories/"


def asked(served: Served) -> dict[str, int]:
    return {name: count for name, count in served.stats["requests"].items() if name.startswith("List")}


def test_a_bucket_is_seen_and_restored_by_its_inventory(serve: Serve, run: Run) -> None:
    served = serve("--objects", "600", "--speed", "14400", "--inventories")
    took = run(served, "import", BUCKET, "--from-inventory", INVENTORIES, "--json")
    assert (took.code, took.summary["objects"], took.summary["rows"]) == (0, 600, 600)
    assert re.search(r"as of the inventory of \d{4}-\d\d-\d\d 00:00 UTC", took.err)
    served.ask("/_sandbox/reset-stats", method="POST")
    sums = run(served, "du", BUCKET, "--from-inventory", "imported", "--json").summary
    assert sums["objects"] == 600
    archived = run(
        served, "ls", f"{BUCKET}/archive/", "--from-inventory", "imported", "--state", "archived", "--json"
    )
    assert 0 < archived.summary["objects"] < 600
    assert not asked(served), "nothing was listed"
    only = ("--storage-class", "glacier", "--days", "2", "--tier", "expedited")
    plan = run(served, "plan", BUCKET, "--from-inventory", "imported", *only)
    assert "looked at what is chosen by" in plan.err
    done = run(served, "restore", BUCKET, "--from-inventory", "imported", *only, "--yes", "--wait", "--json")
    assert done.code == 0, done.err
    assert done.summary["available"] > 0
    assert served.stats["restores"]["repeated"] == 0


def test_what_does_not_go_together_is_refused(served: Served, run: Run, tmp_path: Path) -> None:
    for words, reason in {
        ("ls", f"{BUCKET}/key.mov", "--from-inventory", "x"): "an inventory is of a bucket",
        ("ls", BUCKET, "s3://acme-empty", "--from-inventory", "x"): "several are named",
        ("plan", BUCKET, "--days", "1", "--keys-from", "f", "--from-inventory", "x"): "both say which objects",
        ("du", BUCKET, "--refresh", "--from-inventory", "x"): "--refresh lists anew",
        ("ls", BUCKET, "--from-inventory", "imported"): "no inventory of acme-media-archive was imported",
        ("import", BUCKET, "--from-inventory", "x", "--where", "state:archived"): "tells nothing of state",
        ("import", BUCKET, "--from-inventory", str(tmp_path)): "there is no inventory in",
    }.items():
        ran = run(served, *words)
        assert (ran.code, ran.out) == (2, ""), words
        assert reason in ran.err


def test_a_kept_command_names_the_inventory(serve: Serve, run: Run) -> None:
    served = serve("--objects", "60", "--inventories")
    run(served, "restore", BUCKET, "--from-inventory", INVENTORIES, "--days", "1", "--tier", "bulk", "--yes")
    assert f"--from-inventory {INVENTORIES}" in run(served, "status", "last", "--json").out
