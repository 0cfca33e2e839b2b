"""S3 Batch Operations on the sandbox, through the real SDK."""

import csv
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from restoretui.core.model import State, Tier
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from tests.conftest import StartSandbox
from tests.narrowing import there
from tests.sandbox.conftest import Connect

ACCOUNT = "123456789012"
CSV = "S3BatchOperations_CSV_20180820"


@pytest.fixture
async def control(connect: Connect) -> Connect:
    async def make(running: RunningSandbox, service: str = "s3control", **changes: Any) -> Any:
        client = await connect(running, service, **changes)

        def to_endpoint(request: Any, **_: Any) -> None:
            _, _, rest = request.url.partition("//")[2].partition(".")
            request.url = f"http://{rest}"

        client.meta.events.register_first("before-sign.s3-control", to_endpoint)
        return client

    return make


class World:
    """A bucket of ``n`` archived objects, and both clients."""

    def __init__(self, running: RunningSandbox, s3: Any, control: Any) -> None:
        self.running, self.s3, self.control = running, s3, control
        self.tokens = 0

    async def manifest(self, rows: list[str], key: str = "manifest.csv") -> str:
        answer = await self.s3.put_object(Bucket="b", Key=key, Body="".join(f"{row}\n" for row in rows).encode())
        return str(answer["ETag"]).strip('"')

    async def create(self, etag: str = "", **changes: Any) -> str:
        self.tokens += 1
        asked: dict[str, Any] = {
            "AccountId": ACCOUNT,
            "ConfirmationRequired": False,
            "ClientRequestToken": f"token-{self.tokens}",
            "Priority": 10,
            "RoleArn": BATCH_ROLE_ARN,
            "Operation": {"S3InitiateRestoreObject": {"ExpirationInDays": 3, "GlacierJobTier": "STANDARD"}},
            "Report": {
                "Enabled": True, "Bucket": "arn:aws:s3:::b", "Format": "Report_CSV_20180820", "Prefix": "r",
                "ReportScope": "AllTasks",
            },
        }  # fmt: skip
        if "ManifestGenerator" not in changes:
            asked["Manifest"] = {
                "Spec": {"Format": CSV, "Fields": ["Bucket", "Key"]},
                "Location": {"ObjectArn": "arn:aws:s3:::b/manifest.csv", "ETag": etag},
            }
        return str((await self.control.create_job(**{**asked, **changes}))["JobId"])

    async def job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = (await self.control.describe_job(AccountId=ACCOUNT, JobId=job_id))["Job"]
        return job

    async def until(self, job_id: str, *statuses: str, step: float = 5.0) -> dict[str, Any]:
        for _ in range(200):
            job = await self.job(job_id)
            if job["Status"] in statuses:
                return job
            await self.running.advance(step)
        raise AssertionError(job["Status"])

    async def report(self, job_id: str) -> tuple[dict[str, Any], list[list[str]]]:
        body = await self.s3.get_object(Bucket="b", Key=f"r/job-{job_id}/manifest.json")
        manifest = json.loads(await body["Body"].read())
        rows = []
        for result in manifest["Results"]:
            body = await self.s3.get_object(Bucket=result["Bucket"], Key=result["Key"])
            rows += list(csv.reader(io.StringIO((await body["Body"].read()).decode())))
        return manifest, rows


@pytest.fixture
async def world(sandbox: StartSandbox, connect: Connect, control: Connect) -> World:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    for number in range(10):
        running.cloud.put("b", f"k {number}", size=100, storage_class="GLACIER")
    return World(running, await connect(running), await control(running))


def rows(numbers: range = range(10)) -> list[str]:
    return [f"b,k%20{number}" for number in numbers]


async def test_a_job_runs_its_course_and_reports(world: World) -> None:
    job_id = await world.create(await world.manifest(rows()), Description="mine", Tags=[{"Key": "a", "Value": "b"}])
    job = await world.job(job_id)
    assert job["Status"] == "New"
    assert job["Description"] == "mine"
    assert job["Operation"]["S3InitiateRestoreObject"] == {"ExpirationInDays": 3, "GlacierJobTier": "STANDARD"}
    assert (await world.until(job_id, "Preparing"))["ProgressSummary"]["TotalNumberOfTasks"] == 0
    job = await world.until(job_id, "Complete")
    assert job["ProgressSummary"]["NumberOfTasksSucceeded"] == 10
    assert job["TerminationDate"] > job["CreationTime"]
    assert world.running.cloud.state("b", "k 3") is State.RESTORING
    manifest, found = await world.report(job_id)
    assert manifest["ReportSchema"].startswith("Bucket, Key, VersionId, TaskStatus, ErrorCode")
    assert [result["TaskExecutionStatus"] for result in manifest["Results"]] == ["succeeded"]
    assert found[3] == ["b", "k+3", "", "succeeded", "200", "", "Successful"]
    tags = await world.control.get_job_tagging(AccountId=ACCOUNT, JobId=job_id)
    assert tags["Tags"] == [{"Key": "a", "Value": "b"}]
    await world.control.put_job_tagging(AccountId=ACCOUNT, JobId=job_id, Tags=[{"Key": "c", "Value": ""}])
    assert (await world.control.get_job_tagging(AccountId=ACCOUNT, JobId=job_id))["Tags"][0]["Key"] == "c"
    await world.control.delete_job_tagging(AccountId=ACCOUNT, JobId=job_id)
    assert not (await world.control.get_job_tagging(AccountId=ACCOUNT, JobId=job_id)).get("Tags")


async def test_standard_restores_of_a_job_begin_within_minutes(world: World) -> None:
    etag = await world.manifest(rows())
    job_id = await world.create(etag)
    await world.until(job_id, "Complete")
    await world.running.advance(3 * 3600 - 60)
    states = {world.running.cloud.state("b", f"k {number}") for number in range(10)}
    assert State.AVAILABLE in states


async def test_confirmation_holds_a_job_and_runs_out(world: World) -> None:
    etag = await world.manifest(rows())
    held, forgotten = [await world.create(etag, ConfirmationRequired=True) for _ in range(2)]
    job = await world.until(held, "Suspended")
    assert job["SuspendedCause"]
    assert job["ProgressSummary"]["TotalNumberOfTasks"] == 10
    await world.control.update_job_status(AccountId=ACCOUNT, JobId=held, RequestedJobStatus="Ready")
    await world.until(held, "Complete")
    with pytest.raises(ClientError, match="JobStatusException"):
        await world.control.update_job_status(AccountId=ACCOUNT, JobId=held, RequestedJobStatus="Cancelled")
    await world.running.advance(31 * 86400)
    job = await world.until(forgotten, "Failed")
    assert job["FailureReasons"]
    with pytest.raises(ClientError):  # No task ran, so there is no report.
        await world.report(forgotten)


async def test_a_token_makes_one_job(world: World) -> None:
    etag = await world.manifest(rows())
    first = await world.create(etag, ClientRequestToken="same")
    assert await world.create(etag, ClientRequestToken="same") == first
    with pytest.raises(ClientError, match="IdempotencyException"):
        await world.create(etag, ClientRequestToken="same", Priority=11)
    assert len((await world.control.list_jobs(AccountId=ACCOUNT))["Jobs"]) == 1


async def test_a_job_can_be_cancelled_at_any_time_and_reports_what_it_did(world: World) -> None:
    for number in range(10, 4000):
        world.running.cloud.put("b", f"k {number}", size=1, storage_class="GLACIER")
    job_id = await world.create(await world.manifest(rows(range(4000))))
    await world.until(job_id, "Active", step=1)
    await world.running.advance(2)
    await world.control.update_job_status(AccountId=ACCOUNT, JobId=job_id, RequestedJobStatus="Cancelled")
    job = await world.until(job_id, "Cancelled")
    done = job["ProgressSummary"]["NumberOfTasksSucceeded"]
    assert 0 < done < 4000
    assert len((await world.report(job_id))[1]) == done


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (["b,a,b"], "InvalidManifestContent"),
        (["b,k%200", "c,k%201"], "InvalidManifestContent"),
        ([], "InvalidManifestContent"),
    ],
)
async def test_a_bad_manifest_fails_the_job(world: World, content: list[str], code: str) -> None:
    job_id = await world.create(await world.manifest(content))
    job = await world.until(job_id, "Failed")
    assert job["FailureReasons"][0]["FailureCode"] == code


async def test_another_etag_or_no_manifest_fails_the_job(world: World) -> None:
    await world.manifest(rows())
    job = await world.until(await world.create("0" * 32), "Failed")
    assert job["FailureReasons"][0] == {
        "FailureCode": "ManifestNotFound", "FailureReason": "Etag mismatch reading manifest",
    }  # fmt: skip
    world.running.cloud.delete("b", "manifest.csv")
    job = await world.until(await world.create("0" * 32), "Failed")
    assert job["FailureReasons"][0]["FailureCode"] == "ManifestNotFound"


async def test_a_manifest_encrypted_by_kms_fails_the_job(world: World) -> None:
    answer = await world.s3.put_object(
        Bucket="b", Key="manifest.csv", Body=b"b,k%200\n", ServerSideEncryption="aws:kms"
    )
    assert answer["ServerSideEncryption"] == "aws:kms"
    job = await world.until(await world.create(answer["ETag"].strip('"')), "Failed")
    assert "KMS" in job["FailureReasons"][0]["FailureReason"]


@pytest.mark.parametrize(
    ("role", "outcome"),
    [
        ("batch-without-trust", "Failed"),
        ("batch-without-manifest", "Failed"),
        ("batch-without-restore", "AccessDenied"),
        ("batch-without-report", "no report"),
        ("batch-without-passrole", "iam:PassRole"),
        ("nobody", "iam:PassRole"),
    ],
)
async def test_roles_that_lack_something(world: World, role: str, outcome: str) -> None:
    etag = await world.manifest(rows())
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    if outcome == "iam:PassRole":
        with pytest.raises(ClientError, match="iam:PassRole") as caught:
            await world.create(etag, RoleArn=arn)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        return
    job_id = await world.create(etag, RoleArn=arn)
    job = await world.until(job_id, "Complete", "Failed")
    if outcome == "Failed":
        assert job["FailureReasons"][0]["FailureCode"] == "AccessDenied"
    elif outcome == "AccessDenied":
        assert job["ProgressSummary"]["NumberOfTasksFailed"] == 10
        assert {row[5] for row in (await world.report(job_id))[1]} == {"AccessDenied"}
    else:
        with pytest.raises(ClientError, match="NoSuchKey"):
            await world.report(job_id)


@pytest.mark.parametrize(
    ("tier", "days", "works"), [("STANDARD", 3, True), ("STANDARD", 4, False), ("BULK", 3, False)]
)
async def test_overlap_with_a_restore_in_progress(world: World, tier: str, days: int, works: bool) -> None:
    world.running.cloud.restore("b", "k 0", days=3, tier=Tier.BULK)
    operation = {"S3InitiateRestoreObject": {"ExpirationInDays": days, "GlacierJobTier": tier}}
    job_id = await world.create(await world.manifest(rows(range(1))), Operation=operation)
    progress = (await world.until(job_id, "Complete"))["ProgressSummary"]
    assert (progress["NumberOfTasksSucceeded"], progress["NumberOfTasksFailed"]) == ((1, 0) if works else (0, 1))
    row = (await world.report(job_id))[1][0]
    if not works:
        assert row[3:6] == ["failed", "409", "RestoreAlreadyInProgress"]
        assert "Error Code: RestoreAlreadyInProgress" in row[6]


async def test_overlap_with_a_restored_copy_changes_its_expiry(world: World) -> None:
    world.running.cloud.restore("b", "k 0", days=3)
    await world.running.advance(6 * 3600)
    before = there(world.running.cloud.restore_of("b", "k 0")).until
    operation = {"S3InitiateRestoreObject": {"ExpirationInDays": 9, "GlacierJobTier": "BULK"}}
    await world.until(await world.create(await world.manifest(rows(range(1))), Operation=operation), "Complete")
    assert there(world.running.cloud.restore_of("b", "k 0")).until > before


async def test_tiering_needs_a_job_of_its_own(world: World) -> None:
    world.running.cloud.put("b", "t", size=1, storage_class="INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS")
    etag = await world.manifest(["b,t"])
    await world.until(await world.create(etag), "Complete")
    assert world.running.cloud.state("b", "t") is State.ARCHIVED
    operation = {"S3InitiateRestoreObject": {"GlacierJobTier": "STANDARD"}}
    await world.until(await world.create(etag, Operation=operation), "Complete")
    assert world.running.cloud.state("b", "t") is State.RESTORING


async def test_versions_are_restored_as_named(sandbox: StartSandbox, connect: Connect, control: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b", versioning=True)
    old = running.cloud.put("b", "v", size=1, storage_class="GLACIER")
    new = running.cloud.put("b", "v", size=2, storage_class="GLACIER")
    world = World(running, await connect(running), await control(running))
    etag = await world.manifest([f"b,v,{old}"])
    manifest: dict[str, Any] = {
        "Spec": {"Format": CSV, "Fields": ["Bucket", "Key", "VersionId"]},
        "Location": {"ObjectArn": "arn:aws:s3:::b/manifest.csv", "ETag": etag},
    }
    job_id = await world.create(Manifest=manifest)
    await world.until(job_id, "Complete")
    assert running.cloud.state("b", "v", old) is State.RESTORING
    assert running.cloud.state("b", "v", new) is State.ARCHIVED
    assert (await world.report(job_id))[1][0][2] == old
    mixed = await world.manifest([f"b,v,{old}", "b,v,"])
    manifest["Location"]["ETag"] = mixed
    job = await world.until(await world.create(Manifest=manifest), "Failed")
    assert "version id" in job["FailureReasons"][0]["FailureReason"]


async def test_most_tasks_failing_ends_the_job(world: World) -> None:
    job_id = await world.create(await world.manifest([f"b,gone-{number}" for number in range(1500)]))
    job = await world.until(job_id, "Failed")
    assert job["ProgressSummary"]["NumberOfTasksFailed"] == 1000
    assert "50%" in job["FailureReasons"][0]["FailureReason"]
    assert len((await world.report(job_id))[1]) == 1000
    few = await world.create(await world.manifest([f"b,gone-{number}" for number in range(999)]))
    assert (await world.until(few, "Complete"))["ProgressSummary"]["NumberOfTasksFailed"] == 999


async def test_higher_priority_pauses_a_job_which_goes_on_where_it_stood(world: World) -> None:
    for number in range(10, 30_000):
        world.running.cloud.put("b", f"k {number}", size=1, storage_class="GLACIER")
    parts = [range(10_000), range(10_000, 20_000), range(20_000, 30_000)]
    ids = []
    for part, priority in zip(parts, (1, 1, 5), strict=True):
        ids.append(await world.create(await world.manifest(rows(part)), Priority=priority, ConfirmationRequired=True))
        await world.until(ids[-1], "Suspended")
    *first, high = ids
    for job_id in first:
        await world.control.update_job_status(AccountId=ACCOUNT, JobId=job_id, RequestedJobStatus="Ready")
    await world.running.advance(5)
    await world.control.update_job_status(AccountId=ACCOUNT, JobId=high, RequestedJobStatus="Ready")
    paused = None
    for _ in range(200):
        await world.running.advance(0.5)
        states = {job: (await world.job(job))["Status"] for job in ids}
        paused = next((job for job in first if states[job] == "Paused"), None)
        if paused:
            break
    assert paused
    assert states[high] == "Active"
    stood = (await world.job(paused))["ProgressSummary"]["NumberOfTasksSucceeded"]
    await world.control.update_job_status(AccountId=ACCOUNT, JobId=high, RequestedJobStatus="Cancelled")
    assert (await world.until(paused, "Active"))["ProgressSummary"]["NumberOfTasksSucceeded"] >= stood
    assert (await world.until(paused, "Complete"))["ProgressSummary"]["NumberOfTasksSucceeded"] == 10_000


async def test_listing_pages_and_filters(world: World) -> None:
    etag = await world.manifest(rows())
    ids = []
    for _ in range(5):
        ids.append(await world.create(etag, ConfirmationRequired=True))
        await world.running.advance(1)
    for job_id in ids:
        await world.until(job_id, "Suspended")
    found: list[str] = []
    page: dict[str, Any] = {}
    while page.get("NextToken") or not found:
        more = {"NextToken": page["NextToken"]} if page else {}
        page = await world.control.list_jobs(AccountId=ACCOUNT, MaxResults=2, **more)
        found += [job["JobId"] for job in page["Jobs"]]
    assert found == ids[::-1]
    await world.control.update_job_status(AccountId=ACCOUNT, JobId=ids[0], RequestedJobStatus="Ready")
    await world.until(ids[0], "Complete")
    listed = await world.control.list_jobs(AccountId=ACCOUNT, JobStatuses=["Complete", "Failed"])
    assert [job["JobId"] for job in listed["Jobs"]] == [ids[0]]
    assert listed["Jobs"][0]["Operation"] == "S3InitiateRestoreObject"


async def test_an_ended_job_is_forgotten_after_90_days(world: World) -> None:
    job_id = await world.create(await world.manifest(rows()))
    await world.until(job_id, "Complete")
    await world.running.advance(91 * 86400)
    with pytest.raises(ClientError, match="NoSuchJob"):
        await world.job(job_id)
    assert not (await world.control.list_jobs(AccountId=ACCOUNT)).get("Jobs")


async def test_a_generated_manifest_filters(world: World) -> None:
    world.running.cloud.put("b", "k other", size=5, storage_class="DEEP_ARCHIVE")
    world.running.cloud.put("b", "else", size=5, storage_class="GLACIER")
    generator = {
        "S3JobManifestGenerator": {
            "SourceBucket": "arn:aws:s3:::b",
            "EnableManifestOutput": True,
            "ManifestOutputLocation": {
                "Bucket": "arn:aws:s3:::b", "ManifestPrefix": "made",
                "ManifestFormat": "S3InventoryReport_CSV_20211130",
            },
            "Filter": {"KeyNameConstraint": {"MatchAnyPrefix": ["k "]}, "MatchAnyStorageClass": ["GLACIER"]},
        }
    }  # fmt: skip
    job_id = await world.create(ManifestGenerator=generator)
    job = await world.until(job_id, "Complete")
    assert job["ProgressSummary"]["NumberOfTasksSucceeded"] == 10
    assert job["GeneratedManifestDescriptor"]["Location"]["ObjectArn"].startswith("arn:aws:s3:::b/made/")


async def test_an_inventory_is_a_manifest(world: World) -> None:
    await world.s3.put_object(Bucket="b", Key="inv/data.csv", Body=b'"b","k+1","1"\n"b","k%202","1"\n')
    content = json.dumps({"fileSchema": "Bucket, Key, Size", "files": [{"key": "inv/data.csv"}]})
    etag = (await world.s3.put_object(Bucket="b", Key="inv/manifest.json", Body=content.encode()))["ETag"]
    manifest: dict[str, Any] = {
        "Spec": {"Format": "S3InventoryReport_CSV_20161130"},
        "Location": {"ObjectArn": "arn:aws:s3:::b/inv/manifest.json", "ETag": etag.strip('"')},
    }
    await world.until(await world.create(Manifest=manifest), "Complete")
    assert world.running.cloud.state("b", "k 1") is State.RESTORING
    assert world.running.cloud.state("b", "k 2") is State.RESTORING


async def test_injected_task_failures_strike_each_object_once(world: World) -> None:
    world.running.faults.set([{"kind": "task-failure", "chance": 0.5}], world.running.cloud.now())
    etag = await world.manifest(rows())
    first = await world.until(await world.create(etag), "Complete")
    failed = first["ProgressSummary"]["NumberOfTasksFailed"]
    assert 0 < failed < 10
    again = await world.create(etag)
    progress = (await world.until(again, "Complete"))["ProgressSummary"]
    assert progress["NumberOfTasksSucceeded"] == failed  # The others are restoring already.


async def test_a_job_of_another_region_does_not_reach_the_bucket(world: World, control: Connect) -> None:
    there = await control(world.running, region_name="eu-central-1")
    world.control = there
    job_id = await world.create(await world.manifest(rows()))
    job = await world.until(job_id, "Complete")
    assert job["ProgressSummary"]["NumberOfTasksFailed"] == 10
    assert {row[5] for row in (await world.report(job_id))[1]} == {"PermanentRedirect"}


async def test_what_is_refused_at_once(world: World) -> None:
    etag = await world.manifest(rows())
    refused: list[dict[str, Any]] = [
        {"Operation": {"S3InitiateRestoreObject": {"ExpirationInDays": 1, "GlacierJobTier": "EXPEDITED"}}},
        {"Operation": {"S3DeleteObjectTagging": {}}},
        {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]},
    ]
    for changes in refused:
        with pytest.raises(ClientError) as caught:
            await world.create(etag, **changes)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match="AccessDenied"):
        await world.control.list_jobs(AccountId="999999999999")
