"""``--fail-fast``: after the first object that fails nothing more is sent, and what is unsent is given up."""

from pathlib import Path

from tests.cli.acting.test_retry_and_cancel import calm, strike
from tests.cli.conftest import Run, Served

COLD = "s3://acme-genomics-cold"
TAIL = ("--days", "1", "--tier", "bulk", "--yes", "--json")


def test_the_first_failure_stops_it(run: Run, served: Served, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("concurrency = 4\n")
    strike(served, skip=10)
    ran = run(served, "restore", COLD, *TAIL, "--fail-fast", "--wait")
    assert ran.code == 1, ran.err
    summary = ran.summary
    assert 1 <= summary["failed"] <= 5, "those under way, and no more"
    assert summary["cancelled"] > 100
    assert summary["planned"] == summary["unknown"] == 0
    assert "--fail-fast: an object failed, so what is not sent yet is given up" in ran.err
    sent = served.stats["requests"]["RestoreObject"]
    assert sent <= 10 + 5
    calm(served)
    assert run(served, "watch", "--json", "--timeout", "60s").summary["planned"] == 0
    assert served.stats["requests"]["RestoreObject"] == sent, "nobody sends what was given up"
    again = run(served, "restore", COLD, *TAIL, "--fail-fast")
    assert (again.code, again.summary["failed"]) == (0, 0)


def test_without_it_the_others_go_on(run: Run, served: Served) -> None:
    strike(served, skip=10, times=1)
    ran = run(served, "restore", COLD, *TAIL)
    assert (ran.summary["failed"], ran.summary["cancelled"]) == (1, 0)
    assert ran.summary["requested"] > 100


def test_an_object_that_cannot_be_seen_is_a_failure_before_anything_is_sent(run: Run, served: Served) -> None:
    rows = run(served, "ls", COLD, "--state", "archived", "--json").of("object")
    key = rows[0]["key"]
    said = ["restore", f"{COLD}/{key}", f"{COLD}/nobody-has-this", *TAIL]
    ran = run(served, *said, "--fail-fast")
    assert (ran.code, ran.summary["missing"], ran.summary["requests"]) == (1, 1, 0)
    assert served.stats["requests"].get("RestoreObject", 0) == 0
    assert run(served, *said).code == 1
    assert served.stats["requests"]["RestoreObject"] == 1


def test_a_retry_stops_at_the_first_failure_too(run: Run, served: Served, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("concurrency = 4\n")
    strike(served)
    failed = run(served, "restore", COLD, *TAIL).summary["failed"]
    ran = run(served, "retry", "last", "--yes", "--json", "--fail-fast")
    assert ran.summary["cancelled"] > failed - 10
    assert 1 <= ran.summary["failed"] <= 5
