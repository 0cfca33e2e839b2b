"""No command spends unseen: each tells what it would cost, is held by the guards, and asks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Serve, Served

BUCKET = "s3://acme-genomics-cold"
ROLE = "arn:aws:iam::123456789012:role/restoretui-batch"
SENDING = ("RestoreObject", "CreateJob", "UpdateJobStatus", "CleanRestoredObject")


@pytest.fixture
def with_job(serve: Serve, run: Run) -> tuple[Served, str]:
    """A run through a job of which some objects have failed, and a suspended clone of its job; the job's id."""
    served = serve("--objects", "60", "--speed", "14400", "--scenario", "failing-tasks")
    served.ask("/_sandbox/faults", {"faults": [{"kind": "task-failure", "chance": 0.1}]}, "POST")
    ran = run(
        served, "restore", BUCKET, "--days", "40", "--tier", "bulk", "--engine", "batch", "--yes", "--wait", "--json"
    )
    assert ran.summary["failed"] > 0, ran.err
    return served, ran.of("job")[-1]["job"]


@pytest.fixture
def world(with_job: tuple[Served, str]) -> Served:
    return with_job[0]


@pytest.fixture
def job(with_job: tuple[Served, str]) -> str:
    return with_job[1]


def sent(served: Served) -> list[int]:
    return [served.stats["requests"].get(name, 0) for name in SENDING]


SPENDS: dict[str, Callable[[str], list[str]]] = {
    "restore": lambda _job: ["restore", "s3://acme-media-archive", "--days", "1", "--tier", "bulk"],
    "batch retry": lambda _job: ["batch", "retry", "last"],
    "batch clone": lambda job: ["batch", "clone", job],
    "batch confirm": lambda job: ["batch", "confirm", job],
}


def test_every_command_that_spends_is_guarded_and_asks(run: Run, world: Served, job: str, tmp_path: Path) -> None:
    before = sent(world)
    config = tmp_path / "config"
    config.mkdir()
    for name, line in SPENDS.items():
        for more, says in (
            ([], "not confirmed"),
            (["--yes", "--max-cost", "0"], "more than the 0.00 USD allowed"),
            (["--yes", "--max-cost", "100CNY"], "priced in USD"),
            (["--yes", "--read-only"], "read-only"),
        ):
            ran = run(world, *line(job), *more, "--json")
            assert ran.code == 5, (name, more, ran.err)
            assert says in ran.err, (name, more)
            plan = ran.of("plan")[0]
            assert plan["requests"] > 0, name
            assert plan["cost"]["total"] > 0, name
        (config / "config.toml").write_text("budget = 0.00000001\n")
        ran = run(world, *line(job), "--yes")
        assert (ran.code, "more than" in ran.err) == (5, True), name
        (config / "config.toml").write_text('budget = "1000 KWD"\n')
        assert "the limit is in KWD" in run(world, *line(job), "--yes").err, name
        (config / "config.toml").write_text("")
        assert run(world, *line(job), "--yes", "--max-cost", "1", "--max-cost", "2").code == 2, name
    assert sent(world) == before


def test_what_is_agreed_to_is_sent(run: Run, world: Served) -> None:
    cost = run(world, "batch", "retry", "last", "--json").of("plan")[0]["cost"]
    assert cost["currency"] == "USD"
    within = str(cost["total"] + 0.01)
    again = run(
        world, "batch", "retry", "last", "--yes", "--max-cost", within, "--max-cost", "5CNY", "--wait", "--json"
    )
    assert again.code == 0, again.err
    assert again.summary["failed"] == 0
    nothing = run(world, "batch", "retry", "last", "--json")
    assert (nothing.code, nothing.summary["retried"]) == (0, 0), "there is nothing to agree to"


def test_two_clouds_are_each_held_in_their_own_currency(run: Run, served: Served) -> None:
    line = ["restore", "s3://acme-media-archive", "oss://acme-oss-films", "--storage-class", "GLACIER"]
    line += ["--storage-class", "ColdArchive", "--days", "1", "--tier", "bulk", "--yes", "--json"]
    before = sent(served)
    one = run(served, *line, "--max-cost", "1000")
    assert one.code == 5
    assert "priced in CNY" in one.err
    tight = run(served, *line, "--max-cost", "1000", "--max-cost", "0.01CNY")
    assert tight.code == 5
    assert "CNY, more than the 0.01 CNY allowed" in tight.err
    assert sent(served) == before
    both = run(served, *line, "--max-cost", "1000", "--max-cost", "1000CNY")
    assert both.code == 0, both.err
    assert len(both.of("run")) == 2


def test_a_rate_that_is_not_reached_is_said(run: Run, served: Served, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("rate = 5000\n")
    ran = run(served, "restore", "s3://acme-odd-names", "--days", "1", "--tier", "bulk", "--yes")
    assert ran.code == 0, ran.err
    assert "rate = 5000 is more than s3:// takes" in ran.err


def test_small_costs_are_told_in_digits_that_tell(run: Run, served: Served) -> None:
    keys = [row["key"] for row in run(served, "ls", BUCKET, "--state", "archived", "--json").of("object")]
    ran = run(served, "restore", f"{BUCKET}/{keys[0]}", "--days", "1", "--tier", "bulk", "--yes", "--max-cost", "0")
    assert ran.code == 5
    assert "about 0.00 USD" not in ran.err
    assert "more than the 0.00 USD allowed" in ran.err


def test_what_already_restores_is_watched_without_a_question(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "60")
    first = ["restore", "s3://acme-media-archive", "--storage-class", "GLACIER", "--state", "archived", "--days", "1"]
    assert run(served, *first, "--tier", "bulk", "--yes").code == 0
    before = sent(served)
    rows = run(served, "ls", "s3://acme-media-archive", "--state", "restoring", "--json").of("object")
    rows += run(served, "ls", "s3://acme-media-archive", "--state", "requested", "--json").of("object")
    again = run(served, "restore", rows[0]["location"], "--days", "1", "--tier", "bulk", "--max-cost", "0", "--json")
    assert again.code == 0, again.err
    assert "nothing is sent: 1 restore already under way will be watched" in again.err
    assert "[y/N]" not in again.err
    assert sent(served) == before
