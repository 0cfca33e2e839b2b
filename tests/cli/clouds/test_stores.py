"""S3-compatible stores by command: restored by their own rules, also by a later start that is not told of them."""

import pytest

from tests.cli.conftest import Run, Serve, Served

PLACE = "s3://acme-frankfurt-archive"


@pytest.mark.parametrize("store", ["scaleway", "ibm", "ceph"])
def test_a_restore_goes_by_the_stores_rules(run: Run, serve: Serve, store: str) -> None:
    served = serve("--objects", "20", "--speed", "14400", "--scenario", f"store-{store}")
    args = (PLACE, "--days", "40", "--tier", "bulk", "--storage-class", "GLACIER", "--store", store)
    planned = run(served, "plan", *args, "--json").of("plan")[0]
    assert all("one speed" in group["reason"] for group in planned["groups"] if group["action"] == "start")
    assert planned["cost"]["unpriced"] == planned["requests"] > 0
    ran = run(served, "restore", *args, "--yes", "--json")
    assert ran.code == 0, ran.err
    followed = run(served, "watch", "last", "--json", timeout=110)
    # The cloud's time runs on between two commands, so the restore's own plan counts.
    assert followed.summary["available"] == ran.of("plan")[0]["requests"], followed.err


def test_what_a_store_does_not_have_is_said(run: Run, served: Served) -> None:
    args = (PLACE, "--days", "2", "--tier", "bulk", "--yes", "--store", "minio")
    ran = run(served, "restore", *args, "--engine", "batch", "--role-arn", "arn:aws:iam::123456789012:role/r")
    assert (ran.code, "minio has no jobs" in ran.err) == (2, True)
    unknown = run(served, "ls", PLACE, "--store", "nobody")
    assert (unknown.code, "no store 'nobody'" in unknown.err, "ceph, cos (untested)," in unknown.err) == (
        2,
        True,
        True,
    )
