"""``--then`` by commands: planned with its cost, waited for, picked up by ``watch``, told by ``status``."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run, Served

BUCKET = "s3://acme-genomics-cold"


def then_of(ran_line: dict[str, object]) -> dict[str, object]:
    told = ran_line["then"]
    assert isinstance(told, list)
    (step,) = told
    return dict(step)


def test_a_plan_says_what_a_step_costs(run: Run, served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    ran = run(served, "plan", BUCKET, "--days", "3", "--tier", "bulk", "--then", f"download:{folder}", "--json")
    step = then_of(ran.of("plan")[0])
    assert step["step"] == "download"
    assert step["objects"] > 0  # type: ignore[operator]
    assert step["cost_total"] > 0  # type: ignore[operator]
    assert ran.of("plan")[0]["cost"]["afterwards"] == step["cost_total"]
    assert not folder.exists()
    table = run(served, "plan", BUCKET, "--days", "3", "--tier", "bulk", "--then", "copy")
    assert "then keep a copy in STANDARD, in place" in table.out
    assert "a month after" in table.out
    assert "not their access control lists" in table.err
    other = run(
        served, "plan", BUCKET, "--days", "3", "--tier", "bulk", "--then", "copy", "--delete-archived", "7",
        "--keep-until-done", "2",
    )  # fmt: skip
    assert other.code == 5
    assert "then remove the archived versions for good" in other.out
    assert "are extended by up to 2 days" in other.out
    assert "archived versions would be removed for good, not 7" in other.err
    dear = run(
        served, "plan", BUCKET, "--days", "3", "--tier", "bulk", "--then", "copy", "--copy-class", "STANDARD_IA",
        "--json",
    )  # fmt: skip
    step = then_of(dear.of("plan")[0])
    assert step["unpriced"] == step["objects"]


@pytest.mark.timeout(180)
def test_wait_is_for_what_is_done_then_too(run: Run, served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    restore = ("restore", BUCKET, "--days", "30", "--tier", "standard", "--yes", "--max-cost", "100")
    ran = run(
        served,
        *restore,
        "--match",
        "*.bai",
        "--then",
        f"download:{folder}",
        "--bandwidth",
        "500M",
        "--wait",
        "--json",
    )
    assert ran.code == 0, ran.err
    done = ran.summary["then_done"]
    assert done > 0
    assert (ran.summary["then_failed"], ran.summary["then_open"]) == (0, 0)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == done
    status = run(served, "status", "last", "--json")
    assert then_of(status.of("run")[0])["then_done"] == done
    assert {line["then_stands"] for line in status.of("object")} == {"download done"}
    again = run(served, "status")
    assert f"then download {done} of {done}" in again.out


@pytest.mark.timeout(180)
def test_what_is_not_waited_for_is_done_by_watch(run: Run, served: Served, tmp_path: Path) -> None:
    restore = ("restore", BUCKET, "--days", "30", "--tier", "standard", "--yes", "--match", "*.bai")
    ran = run(served, *restore, "--then", "exec:false")
    assert "done while `restoretui watch` or the screens are running" in ran.err
    watched = run(served, "watch", "--json")
    assert watched.code == 1
    assert watched.summary["then_failed"] > 0
    assert watched.summary["failed"] == 0
    (cause,) = watched.summary["then_causes"]
    assert (cause["step"], cause["objects"]) == ("exec", watched.summary["then_failed"])
    assert cause["reason"] == "false failed: exit code 1"
    assert "Why" in run(served, "report", "last").out.partition("Not done")[2]
    told = run(served, "status", "last").err
    assert f"exec failed for {cause['objects']} objects: false failed: exit code 1" in told
    assert "`restoretui retry 1` does once more what failed" in told
    assert "nothing is under way" in run(served, "watch").err


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (["--then", "burn"], "there is no step 'burn'"),
        (["--then", "copy:s3://no-such-bucket-here/"], "there is no bucket 'no-such-bucket-here'"),
        (["--then", "exec:no-such-command"], "there is no command 'no-such-command'"),
        (["--then", "webhook:nobody"], "there is no webhook 'nobody'"),
        (["--then", "copy", "--copy-class", "DEEP_ARCHIVE"], "no class that can be read without a restore"),
        (["--bandwidth", "5M"], "--bandwidth is about --then download"),
        (["--keep-until-done", "3"], "no --then reads an object"),
        (["--delete-archived", "3"], "and there is none"),
        (["--on", "late=exec:true"], "that is no event of a run"),
        (["--on", "failed=notify:nobody"], "there is no notice 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(run: Run, served: Served, said: list[str], why: str) -> None:
    ran = run(served, "restore", BUCKET, "--days", "3", "--tier", "bulk", "--yes", *said)
    assert ran.code == 2
    assert why in ran.err
    assert "RestoreObject" not in served.stats["requests"]
