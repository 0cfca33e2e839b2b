"""Why a restore failed stands in what it prints, and decides its exit code; a refused account stops it."""

from tests.cli.conftest import Run, Served

ARCHIVE = "s3://acme-media-archive"
TAIL = ("--days", "1", "--tier", "bulk", "--yes")
DENY = (
    'User: arn:aws:iam::123456789012:user/me is not authorized to perform: s3:RestoreObject on resource: "x" with an '
    "explicit deny in a service control policy"
)


def strike(served: Served, **fault: object) -> None:
    entry = {"kind": "error", "operations": ["RestoreObject"], "status": 403, **fault}
    served.ask("/_sandbox/faults", {"faults": [entry]}, "POST")


def test_causes_are_counted_and_decide(run: Run, served: Served) -> None:
    strike(served, code="AccessDenied", message=DENY)
    ran = run(served, "restore", ARCHIVE, *TAIL, "--json")
    failed, skipped = ran.summary["failed"], ran.summary["skipped"]
    assert (failed > 0, skipped > 0) == (True, True)
    assert ran.code == 4, "all that failed did so for want of rights, whatever was skipped beside"
    (cause,) = ran.summary["causes"]
    assert (cause["state"], cause["code"], cause["objects"], cause["of_rights"]) == (
        "failed", "AccessDenied", failed, True,
    )  # fmt: skip
    assert "s3:RestoreObject is forbidden by an explicit deny in a service control policy" in cause["reason"]
    assert f"{failed} objects failed: not allowed: s3:RestoreObject is forbidden by an explicit deny" in ran.err
    # One of another kind beside them: mixed.
    strike(served, code="AccessDenied", message=DENY, prefix="archive/")
    served.ask("/_sandbox/faults", {"add": [
        {"kind": "error", "operations": ["RestoreObject"], "status": 400, "code": "KMS.DisabledException",
         "message": "arn:aws:kms:us-east-1:1:key/k is disabled."},
    ]}, "POST")  # fmt: skip
    ran = run(served, "restore", "s3://acme-legal-versions", ARCHIVE, *TAIL)
    assert ran.code == 1
    assert "objects failed: the cloud refused the request: the KMS key arn:aws:kms:us-east-1:1:key/k" in ran.err
    assert "objects failed: not allowed: s3:RestoreObject is forbidden" in ran.err


def test_a_refused_account_stops_the_run(run: Run, served: Served) -> None:
    strike(served, code="AccountProblem", message="There is a problem.", skip=3)
    ran = run(served, "restore", "s3://acme-genomics-cold", *TAIL, "--json", "--wait", timeout=40)
    assert ran.code == 4
    assert ran.summary["planned"] > 200
    assert ran.summary["failed"] == 0
    (error,) = ran.of("error")
    assert (error["code"], error["exit_code"]) == ("AccountProblem", 4)
    assert "AWS has a problem with the account itself" in error["reason"]
    assert "no permission is missing" in error["hint"]
    assert "`restoretui watch 1`" in error["hint"]
    assert served.stats["requests"]["RestoreObject"] < 200, "those under way, and no more"
    served.ask("/_sandbox/faults", {"faults": []}, "POST")
    assert run(served, "watch", "1", "--timeout", "60s", "--json").summary["planned"] == 0


def test_what_a_stopped_run_has_not_sent_is_taken_over_by_the_next_and_sent_once(run: Run, served: Served) -> None:
    place = "s3://acme-genomics-cold"
    # Copies of one day would be over, and asked for again, before a busy machine has come to the second run.
    tail = ("--days", "90", "--tier", "bulk", "--yes")
    strike(served, code="AccountProblem", message="There is a problem.", skip=3)
    stopped = run(served, "restore", place, *tail, "--json", "--wait", timeout=40)
    unsent = stopped.summary["planned"]
    assert (stopped.code, unsent > 200) == (4, True)
    served.ask("/_sandbox/faults", {"faults": []}, "POST")
    plan = run(served, "plan", place, "--days", "90", "--tier", "bulk")
    assert "waits in run 1, not sent yet: taken over from there" in plan.out
    again = run(served, "restore", place, *tail, "--json", "--wait", "--timeout", "60s", timeout=80)
    assert again.summary["failed"] == 0
    assert again.summary["planned"] == 0
    runs = {row["run"]: row for row in run(served, "status", "--json").of("run")}
    # What had been under way when the first gave up may be unsent, too; and what it begins with again is its own.
    assert runs[1]["cancelled"] > 0
    asked = served.ask("/_sandbox/restores")["restores"]
    accepted = {one["key"]: [status for status in one["statuses"] if status in (200, 202)] for one in asked}
    assert {key: statuses for key, statuses in accepted.items() if len(statuses) > 1} == {}
    assert sum(map(len, accepted.values())) >= unsent + stopped.summary["requested"]


def test_a_refused_account_is_told_at_once(run: Run, served: Served) -> None:
    strike(served, operations=["ListObjectsV2", "RestoreObject"], code="AllAccessDisabled", message="No.")
    for command in (("ls", ARCHIVE), ("plan", ARCHIVE, "--days", "1"), ("restore", ARCHIVE, *TAIL)):
        ran = run(served, *command, timeout=20)
        assert ran.code == 4
        assert "all access to this place has been disabled by AWS (AllAccessDisabled)" in ran.err


def test_regions_and_ways_of_oss(run: Run, served: Served) -> None:
    ran = run(served, "ls", "oss://acme-oss-films", OSS_REGION="oss-cn-hangzhou")
    assert ran.code == 2
    assert "$OSS_REGION: 'oss-cn-hangzhou' is no Region of OSS" in ran.err
    assert "write it as cn-hangzhou" in ran.err
    ran = run(served, "ls", "oss://acme-oss-films", OSS_CNAME="perhaps")
    assert (ran.code, "$OSS_CNAME: oss_cname must be true or false" in ran.err) == (2, True)
    assert run(served, "ls", "oss://acme-oss-films", "--requester-pays").code == 0
    assert run(served, "ls", "oss://acme-oss-films", "--path-style").code == 2
