"""``restore --engine batch|auto`` and ``batch ...`` as a shell sees them."""

import csv
import io
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.conftest import Ran, Run, Serve, Served

BUCKET = "s3://acme-genomics-cold"
ROLES = "arn:aws:iam::123456789012:role/"


@pytest.fixture
def world(serve: Serve) -> Served:
    return serve("--objects", "60", "--speed", "14400")


def restored(run: Run, served: Served, *more: str, where: str = BUCKET, code: int | None = 0) -> Ran:
    ran = run(
        served, "restore", where, "--days", "40", "--tier", "bulk", "--engine", "batch", "--yes", "--json", *more
    )
    if code is not None:
        assert ran.code == code, ran.err
    return ran


def test_restore_through_jobs_goes_all_the_way(run: Run, world: Served) -> None:
    ran = restored(run, world, "--wait", "--priority", "7", "--description", "a restore", "--tag", "team=x")
    assert ran.summary["available"] > 100
    assert ran.summary["planned"] == ran.summary["failed"] == 0
    statuses = [line["status"] for line in ran.of("job")]
    assert statuses[-1] == "Complete"
    # What restored for fewer days already is in no job: it is extended by a request of its own once it is there.
    # What changed while the plan was made is planned anew, and what came and went between two looks is over.
    later = ran.of("plan")[-1]["actions"].get("extend_on_arrival", 0)
    assert world.stats["requests"].get("RestoreObject", 0) == later - ran.summary["expired"]
    job_id = ran.of("job")[-1]["job"]
    assert {line["engine"] for line in (*ran.of("plan"), *ran.of("run"))} == {"batch"}
    listed = run(world, "batch", "--region", "us-east-1", "ls", "--json")  # between them, too
    assert [line["job"] for line in listed.of("job")] == [job_id]
    assert listed.summary["statuses"] == {"Complete": 1}
    shown = run(world, "batch", "show", job_id, "--json").of("job")[0]
    assert (shown["priority"], shown["tier"], shown["days"], shown["run"]) == (7, "bulk", 40, 1)
    assert shown["description"].startswith("a restore")
    assert shown["report"] == "s3://acme-genomics-cold/restoretui/reports"
    plain = run(world, "batch", "show", job_id)
    assert plain.code == 0
    assert "Complete" in plain.out
    report = run(world, "batch", "report", job_id, "--json")
    assert report.code == 0
    assert len(report.of("object")) == report.summary["succeeded"] == shown["succeeded"]
    table = list(csv.DictReader(io.StringIO(run(world, "batch", "report", job_id, "--csv").out)))
    assert len(table) == shown["succeeded"]
    assert {row["state"] for row in table} == {"requested"}
    cleaned = run(world, "batch", "clean", job_id, "--json")
    assert cleaned.summary["deleted"] == 4
    gone = run(world, "batch", "report", job_id, "--json")
    assert gone.code == 1
    assert "no completion report" in gone.of("error")[0]["reason"]


def test_a_whole_prefix_is_left_to_s3_to_find(run: Run, world: Served) -> None:
    a_run = run(world, "ls", BUCKET, "--match", "*/bam/*", "--json").of("object")[0]["location"].split("/bam/")[0]
    ran = restored(run, world, "--wait", "--manifest", "generated", where=f"{a_run}/bam/")
    job_id = ran.of("job")[-1]["job"]
    shown = run(world, "batch", "show", job_id, "--json").of("job")[0]
    assert shown["generated_from"]["storage_classes"] == ["DEEP_ARCHIVE"]
    assert shown["succeeded"] == ran.summary["available"] > 10
    assert "generated   from s3://" in run(world, "batch", "show", job_id).out
    assert world.stats["requests"].get("PutObject", 0) == 0
    again = restored(
        run, world, "--manifest", "generated", "--match", "*1*", "--storage-class", "DEEP_ARCHIVE", code=2
    )
    assert "--manifest written" in again.err


def test_failed_tasks_give_exit_code_1_and_are_retried(run: Run, serve: Serve) -> None:
    world = serve("--objects", "60", "--speed", "14400", "--scenario", "failing-tasks")
    world.ask("/_sandbox/faults", {"faults": [{"kind": "task-failure", "chance": 0.1}]}, "POST")
    ran = restored(run, world, "--wait", code=1)
    failed = ran.summary["failed"]
    assert failed > 0
    report = run(world, "batch", "report", ran.of("job")[-1]["job"], "--failed", "--json")
    assert report.code == 1
    assert len(report.of("object")) == failed
    assert {row["code"] for row in report.of("object")} == {"InternalError"}
    assert "no whole prefix" in run(world, "batch", "retry", "last", "--manifest", "generated").err
    again = run(world, "batch", "retry", "last", "--wait", "--yes", "--json")
    assert again.code == 0, again.err
    assert again.summary["failed"] == 0
    assert {line["status"] for line in again.of("job")} >= {"Complete"}


def test_auto_says_why_it_chose(run: Run, world: Served) -> None:
    ran = run(world, "restore", f"{BUCKET}/runs/", "--days", "1", "--tier", "bulk", "--engine", "auto", "--yes")
    assert ran.code == 0
    assert "engine: direct: " in ran.err


def test_a_plan_through_jobs_has_their_fees_and_no_expedited(run: Run, world: Served) -> None:
    direct, jobs = (
        {line["tier"]: line for line in run(world, "plan", BUCKET, "--days", "1", *more, "--json").of("plan")}
        for more in ((), ("--engine", "batch"))
    )
    assert jobs["bulk"]["cost"]["total"] > direct["bulk"]["cost"]["total"] + 0.25
    assert jobs["expedited"]["requests"] == 0
    assert world.stats["requests"].get("CreateJob", 0) == 0


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--engine", "direct", "--priority", "3"], 2, "--engine direct"),
        (["--tier", "expedited"], 2, "expedited"),
        (["--manifest", "generated", "--manifest-location", "s3://acme-empty"], 2, "not written anywhere"),
        (["--role-arn", "nonsense"], 2, "not a role's ARN"),
        (["--tag", "nonsense"], 2, "KEY=VALUE"),
        (["--manifest-location", "oss://some-bucket"], 2, "no place to write to"),
        (["--role-arn", f"{ROLES}batch-without-passrole"], 4, "iam:PassRole"),
        (["--role-arn", f"{ROLES}batch-without-trust"], 1, "does not trust S3 Batch Operations"),
        (["--role-arn", f"{ROLES}nobody"], 1, "no role 'nobody'"),
        (["--manifest-location", "s3://not-there-at-all"], 1, "does not exist"),
    ],
)
def test_what_does_not_do_is_said_in_a_sentence(
    run: Run, world: Served, options: list[str], code: int, words: str
) -> None:
    ran = restored(run, world, *options, code=code)
    assert words in ran.err + ran.out
    assert not [ask for ask in world.ask("/_sandbox/restores")["restores"] if 202 in ask["statuses"]]


def test_no_role_is_a_question_of_configuration(run: Run, world: Served) -> None:
    ran = run(
        world, "restore", BUCKET, "--days", "1", "--tier", "bulk", "--engine", "batch", "--yes",
        RESTORETUI_BATCH_ROLE_ARN="",
    )  # fmt: skip
    assert ran.code == 2
    assert "batch policy" in ran.err


def test_not_confirmed_and_read_only_make_no_job(run: Run, world: Served) -> None:
    asked = run(world, "restore", BUCKET, "--days", "1", "--tier", "bulk", "--engine", "batch")
    assert asked.code == 5
    assert "1 job of S3 Batch Operations" in asked.err
    restored(run, world, "--read-only", code=5)
    restored(run, world, "--max-cost", "0.01", code=5)
    assert run(world, "batch", "cancel", "nobody", "--read-only").code == 5
    assert world.stats["requests"].get("CreateJob", 0) == 0


def test_jobs_are_confirmed_cancelled_cloned_and_given_a_priority(run: Run, world: Served) -> None:
    job_id = restored(run, world).of("job")[-1]["job"]
    clone = run(world, "batch", "clone", job_id, "--yes", "--json").of("job")[0]["job"]
    for _ in range(50):
        if run(world, "batch", "show", clone, "--json").of("job")[0]["status"] == "Suspended":
            break
    assert run(world, "batch", "priority", clone, "99", "--json").of("job")[0]["priority"] == 99
    assert run(world, "--region", "us-east-1", "batch", "confirm", clone, "--yes", "--json").code == 0
    other = run(world, "batch", "clone", job_id, "--yes", "--json").of("job")[0]["job"]
    assert run(world, "batch", "cancel", other, "--json").of("job")[0]["status"] in ("Cancelling", "Cancelled")
    assert run(world, "batch", "clean", other).code == 2
    listed = run(world, "batch", "ls")
    assert listed.code == 0
    assert listed.out.count("\n") == 4
    gone = run(world, "batch", "show", "nobody-knows", "--json")
    assert gone.code == 1
    assert "no job nobody-knows" in gone.of("error")[0]["reason"]
    slip = run(world, "batch", "show", "nope")
    assert (slip.code, "cannot be a job's id" in slip.err) == (2, True)


def test_policies_are_ready_to_paste(run: Run) -> None:
    for only, word in (("trust", "sts:AssumeRole"), ("role", "s3:RestoreObject"), ("caller", "iam:PassRole")):
        ran = run(None, "batch", "policy", "s3://one", "s3://two/x/", "--only", only, "--role-arn", f"{ROLES}x")
        assert ran.code == 0, ran.err
        assert word in json.dumps(json.loads(ran.out))
        told = run(
            None, "batch", "policy", "s3://one", "s3://two/x/", "--only", only, "--role-arn", f"{ROLES}x", "--json"
        )
        assert [line["document"] for line in told.of("policy")] == [json.loads(ran.out)]
        assert (told.of("policy")[0]["policy_of"], told.summary["buckets"]) == (only, ["one", "two"])
    china = run(None, "batch", "policy", "s3://one", "--only", "role", "--region", "cn-north-1")
    assert ("arn:aws-cn:s3:::one/*" in china.out, china.err) == (True, "")
    generated = run(None, "batch", "policy", "s3://one", "--only", "role", "--manifest", "generated")
    assert "s3:PutInventoryConfiguration" in generated.out
    assert "GetObject" not in generated.out
    whole = run(
        None, "batch", "policy", "s3://one", "--report-scope", "none", "--manifest-location", "s3://manifests/p/"
    )
    assert "arn:aws:s3:::manifests/p/*" in whole.out
    assert "reports" not in whole.out
    assert run(None, "batch", "policy", "nonsense").code == 2


def test_the_config_holds_defaults(run: Run, world: Served, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(
        'batch_priority = 3\nbatch_report_location = "s3://acme-empty/r/"\nbatch_report_scope = "failed"\n'
    )
    job_id = restored(run, world).of("job")[-1]["job"]
    shown = run(world, "batch", "show", job_id, "--json").of("job")[0]
    assert (shown["priority"], shown["report"]) == (3, "s3://acme-empty/r")
    (tmp_path / "config" / "config.toml").write_text('batch_report_scope = "some"\n')
    assert "batch_report_scope" in run(world, "batch", "ls").err


def test_a_job_is_left_for_a_person_and_followed_by_a_colleague(run: Run, world: Served, tmp_path: Path) -> None:
    made = restored(run, world, "--confirm", "later", "--tag", "team=x", where="s3://acme-frankfurt-archive")
    (job_id,) = made.summary["to_confirm"]
    assert f"`restoretui batch confirm {job_id}` lets it run" in made.err
    listed = run(world, "batch", "ls", "--json")
    assert [(line["job"], line["region"]) for line in listed.of("job")] == [(job_id, "eu-central-1")]
    assert run(world, "batch", "ls", "--json", "--region", "us-east-1").of("job") == []
    assert run(world, "batch", "show", job_id, "--json").of("job")[0]["tags"] == {"team": "x"}
    let_run = run(world, "batch", "confirm", job_id, "--yes")
    assert (let_run.code, f"confirm of job {job_id}: " in let_run.err) == (0, True), let_run.err
    elsewhere = "--state-dir", str(tmp_path / "colleague"), "--region", "eu-central-1"
    # What restored for fewer days already may be extended by its own requests; nothing here sends any more.
    sent = world.stats["requests"].get("RestoreObject", 0)
    followed = run(world, "batch", "follow", job_id, "--wait", "--json", *elsewhere)
    assert followed.code == 0, followed.err
    assert followed.summary["available"] == made.summary["planned"]
    assert "nothing is sent" in followed.err
    assert "not known: sizes" in followed.err
    assert run(world, "status", *elsewhere).out.splitlines()[1].split()[6] == "?", "not 0 B"
    assert run(world, "batch", "clean", job_id, *elsewhere).code == 2
    assert world.stats["requests"].get("RestoreObject", 0) == sent
    assert world.stats["requests"]["CreateJob"] == 1
    run(world, "watch")
    assert run(world, "batch", "clean", job_id, "--json").summary["deleted"] > 0
    assert run(world, "batch", "clean", job_id, "--json").summary["deleted"] == 0
    for more in ((), elsewhere):
        refused = run(world, "batch", "clone", job_id, "--yes", "--json", *more)
        assert refused.code == 1
        assert "the manifest of job" in refused.of("error")[0]["reason"]
    assert world.stats["requests"]["CreateJob"] == 1


def test_requesters_who_pay_get_no_jobs(run: Run, world: Served) -> None:
    where = "s3://acme-requester-pays", "--requester-pays", "--days", "2", "--tier", "bulk"
    for command in (("plan", *where), ("restore", *where, "--yes")):
        refused = run(world, *command, "--engine", "batch", "--json")
        assert refused.code == 2
        assert "cannot agree to requester pays" in refused.of("error")[0]["reason"]
    direct = run(world, "restore", *where, "--yes", "--engine", "auto")
    assert direct.code == 0, direct.err
    assert "engine: direct: S3 Batch Operations cannot agree to requester pays" in direct.err
    later = run(world, "restore", "s3://acme-frankfurt-archive", "--days", "2", "--tier", "bulk", "--yes", "--engine",
                "auto", "--confirm", "later", "--json")  # fmt: skip
    assert later.code == 2
    assert "would be asked for at once" in later.of("error")[0]["reason"]


def test_a_report_of_failures_alone_is_counted_by_the_jobs_own_count(run: Run, world: Served) -> None:
    world.ask("/_sandbox/faults", {"faults": [{"kind": "task-failure", "chance": 0.2}]}, "POST")
    made = restored(run, world, "--report-scope", "failed", code=None)
    job_id, failed = made.of("job")[-1]["job"], made.summary["failed"]
    assert failed
    told = run(world, "batch", "report", job_id, "--json")
    assert told.code == 1
    assert (told.summary["failed"], len(told.of("object"))) == (failed, failed)
    assert told.summary["succeeded"] == made.of("job")[-1]["succeeded"] > 0


def test_a_manifest_that_exists_is_planned_restored_and_kept(run: Run, world: Served, tmp_path: Path) -> None:
    listed = run(world, "ls", BUCKET, "--storage-class", "DEEP_ARCHIVE", "--state", "archived", "--json").of("object")
    path = tmp_path / "mine.csv"
    path.write_text("".join(f"acme-genomics-cold,{quote(one['key'], safe='/')}\n" for one in listed))
    said = ["--manifest", str(path), "--engine", "batch", "--days", "40", "--tier", "bulk"]
    plan = run(world, "plan", *said, "--json")
    assert (plan.code, plan.summary["requests"], plan.summary["manifest"]) == (0, len(listed), str(path))
    (told,) = plan.of("plan")
    assert (told["engine"], told["cost"]["unpriced"], told["size"]) == ("batch", len(listed), 0)
    assert told["cost"]["total"] == pytest.approx(0.25 + len(listed) / 1e6)
    assert "looked at 20 of them: 20 archived (DEEP_ARCHIVE)" in plan.err
    assert "not known: the size of all" in plan.err
    for more, says in (
        (["--max-cost", "20"], "the price of"), (["--max-objects", "3"], "more than the 3 allowed"),
    ):  # fmt: skip
        for command in ("plan", "restore"):
            held = run(world, command, *said, *more, *(["--yes"] if command == "restore" else []))
            assert held.code == 5, held.err
            assert says in held.err
    for words, says in (
        (["--match", "x"], "a job asks for every row of its manifest"),
        (["s3://acme-empty"], "is about the bucket 'acme-genomics-cold', and not about 'acme-empty'"),
        (["--engine", "direct"], "options of jobs mean nothing to --engine direct"),
        (["--engine", "auto"], "a manifest that exists is run by a job"),
        (["--manifest", str(tmp_path / "none")], "--manifest names no file"),
    ):
        refused = run(world, "plan", *said, *words)
        assert (refused.code, refused.out) == (2, ""), words
        assert says in refused.err
    assert world.stats["requests"].get("CreateJob", 0) == 0
    ran = run(world, "restore", *said, "--yes", "--wait", "--json")
    assert ran.code == 0, ran.err
    assert ran.summary["available"] == len(listed)
    assert world.stats["requests"]["CreateJob"] == 1
    again = run(world, "status", "last", "--json").of("run")[0]["command_line"]
    assert f"--manifest {path}" in again
