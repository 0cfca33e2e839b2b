"""A dry run tells what would be done, is held by the same guards, and changes nothing, here or in the cloud."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from restoretui.cli.app import cli
from restoretui.core.model import State
from tests.cli.conftest import Run, Serve, Served
from tests.cli.test_options import commands

ARCHIVE = "s3://acme-media-archive"
CHANGES = (
    "RestoreObject", "CreateJob", "UpdateJobStatus", "UpdateJobPriority", "CleanRestoredObject", "PutObject",
    "DeleteObject",
)  # fmt: skip
LOOKS = {
    "open", "ls", "du", "plan", "status", "export", "report", "demo", "sandbox", "batch ls", "batch show",
    "batch follow",
    "batch report", "batch policy", "ledger info", "ledger check", "ledger backup", "prices show",
    "doctor", "config show", "completion", "man", "schema", "import",
    "set ls", "set show", "set export", "set diff",
}  # fmt: skip
"""Commands that end nothing, send nothing and remove nothing, or write but what they are told to."""


def changed(served: Served) -> list[int]:
    return [served.stats["requests"].get(name, 0) for name in CHANGES]


def test_every_command_that_changes_something_has_one() -> None:
    without = {
        name
        for name, command in commands(cli)
        if not any(isinstance(param, click.Option) and "--dry-run" in param.opts for param in command.params)
    }
    assert without <= LOOKS


def test_a_plan_takes_every_option_of_a_restore() -> None:
    plan, restore = (
        {spelling for param in cli.commands[name].params for spelling in param.opts} for name in ("plan", "restore")
    )
    assert restore == plan


def test_a_dry_restore_is_a_plan(run: Run, served: Served) -> None:
    before = changed(served)
    said = [ARCHIVE, "--days", "2", "--tier", "bulk", "--where", "size>1K", "--json"]
    dry, plan = run(served, "restore", *said, "-n"), run(served, "plan", *said)
    assert dry.code == plan.code == 0
    assert [line["requests"] for line in dry.of("plan")] == [line["requests"] for line in plan.of("plan")]
    assert {**dry.summary, **plan.summary, "command": "restore"} == dry.summary
    assert "it would ask, send" in dry.err
    assert "it would not ask, send" in run(served, "plan", *said, "--yes", "--wait").err
    assert changed(served) == before
    assert "no runs yet" in run(served, "status").err


@pytest.mark.parametrize(
    ("more", "says"),
    [(["--max-objects", "3"], "more than the 3 allowed"), (["--max-cost", "0"], "more than the 0.00 USD allowed")],
)
def test_the_guards_of_a_restore_hold_its_plan(run: Run, served: Served, more: list[str], says: str) -> None:
    said = [ARCHIVE, "--days", "2", "--tier", "bulk", *more]
    for line in (["plan", *said], ["restore", *said, "--dry-run"], ["restore", *said, "--yes"]):
        ran = run(served, *line)
        assert ran.code == 5, line
        assert says in ran.err
    assert changed(served)[0] == 0


def test_without_a_tier_what_passes_at_one_is_no_error(run: Run, served: Served, tmp_path: Path) -> None:
    ran = run(served, "plan", ARCHIVE, "--days", "2", "--max-cost", "0.1")
    assert ran.code == 0
    assert "a restore at expedited would be stopped" in ran.err
    assert "a restore at bulk would be stopped" not in ran.err
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("budget = 0.0001\n")
    ran = run(served, "plan", ARCHIVE, "--days", "2", "--tier", "bulk")
    assert (ran.code, "a restore at bulk would be stopped" in ran.err) == (0, True), "the budget was not named here"


def test_a_plan_through_jobs_hears_their_options(run: Run, served: Served) -> None:
    said = [ARCHIVE, "--days", "2", "--tier", "standard"]
    auto = run(served, "plan", *said, "--engine", "auto")
    assert "engine for standard: direct: " in auto.err
    generated = run(served, "plan", *said, "--engine", "batch", "--manifest", "generated", "--json").of("plan")[0]
    written = run(served, "plan", *said, "--engine", "batch", "--json").of("plan")[0]
    assert generated["cost"]["request_fees"] > written["cost"]["request_fees"]
    assert run(served, "plan", *said, "--priority", "3").code == 2, "they mean nothing to single requests"
    no_role = run(served, "plan", *said, "--engine", "batch", "--role-arn", "arn:aws:iam::123456789012:role/nobody")
    assert "no job could be made" in no_role.err
    assert run(served, "plan", *said, "--engine", "batch", "--fail-fast").code == 2
    assert changed(served)[:2] == [0, 0]


ON_A_JOB: dict[str, Callable[[str], list[str]]] = {
    "retry": lambda _job: ["retry", "last"],
    "cancel": lambda _job: ["cancel", "last"],
    "watch": lambda _job: ["watch", "last"],
    "batch retry": lambda _job: ["batch", "retry", "last"],
    "batch clone": lambda job: ["batch", "clone", job],
    "batch confirm": lambda job: ["batch", "confirm", job],
    "batch cancel": lambda job: ["batch", "cancel", job],
    "batch priority": lambda job: ["batch", "priority", job, "7"],
    "batch clean": lambda job: ["batch", "clean", job],
}


def test_dry_runs_about_runs_and_jobs(run: Run, serve: Serve) -> None:
    served = serve("--objects", "60", "--speed", "14400", "--scenario", "failing-tasks")
    served.ask("/_sandbox/faults", {"faults": [{"kind": "task-failure", "chance": 0.1}]}, "POST")
    through = ["restore", "s3://acme-genomics-cold", "--days", "40", "--tier", "bulk", "--engine", "batch", "--yes"]
    job = run(served, *through, "--wait", "--json").of("job")[-1]["job"]
    before, runs = changed(served), run(served, "status", "--json").of("run")
    for name, line in ON_A_JOB.items():
        ran = run(served, *line(job), "--dry-run", "--json")
        assert ran.code == 0, (name, ran.err)
        assert "dry run: nothing was sent or changed" in ran.err, name
        assert ran.summary, name
    assert "retry through jobs of run 1: " in run(served, "batch", "retry", "last", "-n").err
    assert run(served, "retry", "last", "-n", "--max-objects", "1").code == 5
    assert run(served, "batch", "retry", "last", "-n", "--max-cost", "0").code == 5
    assert changed(served) == before
    after = run(served, "status", "--json").of("run")
    states = ["run", *(state.value for state in State)]
    assert [[one[name] for name in states] for one in after] == [[one[name] for name in states] for one in runs]


def test_dry_runs_of_what_removes_and_ends(run: Run, served: Served) -> None:
    said = ["oss://acme-oss-films", "--storage-class", "ColdArchive", "--days", "30", "--tier", "bulk"]
    assert run(served, "restore", *said, "--yes", "--wait").code == 0
    dry = run(served, "clean", "oss://acme-oss-films", "-n", "--json")
    copies = dry.of("object")
    assert dry.code == 0
    assert (len(copies), dry.summary["copies"], dry.summary["ended"]) == (len(copies), dry.summary["copies"], 0)
    assert copies
    assert {row["reason"] for row in copies} == {"would be ended early"}
    assert run(served, "clean", "oss://acme-oss-films", "--yes", "--max-objects", "1").code == 5
    assert changed(served)[CHANGES.index("CleanRestoredObject")] == 0
    assert run(served, "clean", "oss://acme-oss-films", "--yes").code == 0
    assert run(served, "watch", "--timeout", "60s").code in (0, 1)
    dry = run(served, "ledger", "prune", "--keep", "0", "--listings", "--dry-run", "--json")
    assert dry.code == 0
    assert (dry.summary["runs"], len(dry.summary["would_go"]) + sum(dry.summary["staying"].values())) == ([], 1)
    assert len(run(served, "status", "--json").of("run")) == 1
    room = run(served, "ledger", "vacuum", "--dry-run", "--json")
    assert room.summary["freed_bytes"] == 0
    assert "would be given back" in room.err


def test_what_a_dry_run_would_cost_is_its_row_in_any_form(run: Run, served: Served) -> None:
    line = ("restore", "s3://acme-odd-names", "--days", "2", "--tier", "bulk", "--dry-run")
    for form in ("csv", "wide"):
        head, row = run(served, *line, "--format", form, "-q").out.splitlines()
        assert head.upper().startswith("ACT")
        assert row.startswith("restore")
    assert "TIER  REQUESTS" in run(served, *line, "--columns", "tier,requests").out
    assert run(served, *line[:-1], "--columns", "tier,requests").code == 2, "rows of what is sent are changes"
