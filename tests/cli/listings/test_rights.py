"""Rights of one prefix, or of single keys, are enough for just that; what may not be looked at is named."""

from typing import Any

import pytest

from tests.cli.conftest import Run, Serve, Served

BUCKET = "s3://acme-media-archive"
RESTORE = ["restore", "--days", "1", "--tier", "bulk", "--yes", "--json"]


def strike(served: Served, *faults: dict[str, Any]) -> None:
    served.ask("/_sandbox/faults", {"faults": list(faults)}, "POST")


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve("--objects", "40", "--speed", "60")


def test_what_may_be_listed_is_listed_and_restored(run: Run, served: Served) -> None:
    keys = [row["key"] for row in run(served, "ls", BUCKET, "--json").of("object")]
    prefix = keys[0].partition("/")[0] + "/"
    mine = [key for key in keys if key.startswith(prefix)]
    strike(
        served,
        {"kind": "deny", "operations": ["HeadBucket"]},
        {"kind": "deny", "operations": ["ListObjectsV2"], "unless": prefix},
    )
    assert [row["key"] for row in run(served, "ls", f"{BUCKET}/{prefix}", "--json").of("object")] == mine
    ran = run(served, "plan", f"{BUCKET}/{prefix}", "--days", "1", "--tier", "bulk", "--json")
    assert ran.summary["objects"] == len(mine)
    denied = run(served, "ls", BUCKET)
    assert (denied.code, "s3:ListBucket" in denied.err) == (4, True)


def test_a_denied_head_is_a_doubt_and_may_be_asked_for_all_the_same(run: Run, served: Served) -> None:
    rows = run(served, "ls", BUCKET, "--json", "--state", "archived", "--storage-class", "glacier").of("object")
    seen, unseen = rows[0]["key"], rows[1]["key"]
    shut = [
        {"kind": "deny", "operations": ["HeadObject"], "prefix": unseen},
        {"kind": "deny", "operations": ["HeadBucket", "ListObjectsV2"]},
    ]
    strike(served, *shut)
    places = [f"{BUCKET}/{seen}", f"{BUCKET}/{unseen}"]
    planned = run(served, "plan", "--days", "1", "--tier", "bulk", *places)
    assert planned.code == 1
    assert f"{BUCKET}/{unseen}: its HEAD is denied: not allowed, or no such key; it is left out" in planned.err
    ran = run(served, *RESTORE, *places)
    (missing,) = ran.of("missing")
    assert (missing["key"], missing["doubted"], missing["asked"]) == (unseen, True, False)
    assert (ran.code, ran.summary["requested"], ran.summary["missing"]) == (1, 1, 1)
    ran = run(served, *RESTORE, "--ask-unseen", f"{BUCKET}/{unseen}")
    (missing,) = ran.of("missing")
    assert (missing["key"], missing["asked"]) == (unseen, True)
    assert (ran.code, ran.summary["requested"]) == (0, 1)
    assert ran.of("plan")[-1]["cost"]["unpriced"] == 1
    strike(served)
    (row,) = run(served, "ls", f"{BUCKET}/{unseen}", "--json").of("object")
    assert row["state"] == "restoring"


def test_a_store_of_other_manners_is_listed_whole(run: Run, served: Served) -> None:
    odd = "s3://acme-odd-names"
    keys = sorted(row["key"] for row in run(served, "ls", odd, "--json").of("object"))
    strike(
        served, *({"kind": "quirk", "name": name} for name in ("utf16-order", "inclusive-start-after", "no-dates"))
    )
    ran = run(served, "ls", odd, "--json")
    assert sorted(row["key"] for row in ran.of("object")) == keys
    assert {(row.get("size"), row.get("modified_at")) for row in ran.of("object")} == {(None, None)}
