"""``retry`` asks for what failed once more, ``cancel`` gives up what is unsent; both say what cannot be undone."""

import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Serve, Served
from tests.cli.living import Living, environment

ARCHIVE = "s3://acme-media-archive"
A_SECOND = 30
"""Requests that go out within one at most; and, where none was sent before, at once."""
TAIL = ("--days", "30", "--tier", "standard", "--yes", "--json")


def strike(served: Served, **fault: object) -> None:
    entry = {"kind": "error", "operations": ["RestoreObject"], "status": 403, "code": "AccessDenied", **fault}
    served.ask("/_sandbox/faults", {"faults": [entry]}, "POST")


def calm(served: Served) -> None:
    served.ask("/_sandbox/faults", {"faults": []}, "POST")


def asked(served: Served) -> list[int]:
    found = served.ask("/_sandbox/restores?bucket=acme-media-archive")["restores"]
    return [len(entry["statuses"]) for entry in found]


def test_what_failed_is_asked_for_again_and_nothing_else(run: Run, served: Served) -> None:
    strike(served, chance=0.4)
    first = run(served, "restore", ARCHIVE, *TAIL)
    failed, good = first.summary["failed"], first.summary["requested"]
    assert failed > 0
    assert good > 0
    calm(served)
    unasked = run(served, "retry", "last", "--json")
    assert unasked.code == 5, "it asks, and nobody is there to answer"
    (plan,) = unasked.of("plan")
    assert (plan["act"], plan["requests"]) == ("retry", failed)
    assert plan["cost"]["total"] > 0
    assert run(served, "retry", "1", "--yes", "--max-objects", str(failed - 1)).code == 5
    assert run(served, "retry", "1", "--yes", "--max-cost", "0").code == 5
    assert run(served, "retry", "1", "--yes", "--read-only").code == 5
    before = served.stats["requests"]["RestoreObject"]
    again = run(served, "retry", "last", "--yes", "--wait", "--json", "--max-objects", str(failed))
    assert again.code == 0, again.err
    assert (again.summary["failed"], again.summary["available"]) == (0, failed + good)
    assert served.stats["requests"]["RestoreObject"] - before == failed
    assert f"{failed} objects of run 1 go out again" in again.err
    nothing = run(served, "retry", "last", "--yes", "--json")
    assert (nothing.code, nothing.summary["retried"]) == (0, 0)
    assert run(served, "retry", "99").code == 2


@pytest.fixture
def slowly(serve: Serve, tmp_path: Path) -> Served:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f"rate = {A_SECOND}\n")
    return serve("--objects", "80", "--speed", "7200")


def test_what_is_unsent_is_given_up_and_never_sent(slowly: Served, run: Run, tmp_path: Path) -> None:
    child = Living(environment(slowly, tmp_path), "restore", ARCHIVE, *TAIL, "--wait")
    child.until(lambda: len(asked(slowly)) > 5)
    assert child.end(signal.SIGTERM) == 130
    before = run(slowly, "status", "last", "--json")
    planned = before.summary["planned"]
    assert planned > 0
    dry = run(slowly, "cancel", "last", "-n")
    assert f"{planned} unsent requests would be given up" in dry.err
    ran = run(slowly, "cancel", "last", "--json")
    assert ran.code == 0, ran.err
    given_up = ran.summary["given_up"]
    assert (ran.summary["cancelled"], ran.summary["planned"]) == (given_up, 0)
    # What was on its way when the first process ended is looked at, and perhaps was sent: a second's worth at most.
    assert planned - A_SECOND <= given_up <= planned
    sent = len(asked(slowly))
    done = run(slowly, "watch", "--json", "--timeout", "60s")
    assert done.summary["planned"] == 0
    assert len(asked(slowly)) == sent, "what was given up is not sent by anybody"
    again = run(slowly, "cancel", "last", "--json")
    assert (again.code, again.summary["given_up"]) == (0, 0)
    assert "nothing of it is unsent" in again.err


def test_a_living_run_is_cancelled_from_beside(slowly: Served, run: Run, tmp_path: Path) -> None:
    child = Living(environment(slowly, tmp_path), "restore", ARCHIVE, *TAIL)
    child.until(lambda: len(asked(slowly)) > 5)
    given_up = run(slowly, "cancel", "last", "--json").summary["given_up"]
    assert child.wait() == 1
    last = child.lines[-1]
    assert last["type"] == "summary"
    assert last["cancelled"] == given_up
    assert last["planned"] == last["unknown"] == 0
    assert len(asked(slowly)) == last["requested"] + last["restoring"] + last["available"]


def test_the_jobs_of_a_run_are_cancelled_with_it(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "600")
    held = run(served, "restore", ARCHIVE, *TAIL, "--engine", "batch", "--confirm", "later")
    jobs = held.summary["to_confirm"]
    assert jobs
    dry = run(served, "cancel", "last", "--dry-run")
    assert all(f"job {job} would be cancelled" in dry.err for job in jobs)
    ran = run(served, "cancel", "last", "--json", "--timeout", "60s")
    assert ran.code == 0, ran.err
    for job in jobs:
        assert run(served, "batch", "show", job, "--json").of("job")[0]["status"] in ("Cancelling", "Cancelled")
    assert served.stats["requests"].get("RestoreObject", 0) == 0
    assert run(served, "watch", "last", "--json", "--timeout", "60s").summary["cancelled"] > 0
