"""S3 Batch Operations through the provider, on the sandbox."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from restoretui.core.batch.jobs import JobInfo, JobOrder, Manifest, Place, ReportScope
from restoretui.core.errors import (
    AccessDenied,
    BucketNotFound,
    CloudError,
    InvalidRequest,
    JobNotFound,
    ObjectNotFound,
    ReportUnreadable,
    Unsupported,
)
from restoretui.core.model import State, Tier
from restoretui.core.provider import Connection
from restoretui.providers.s3.batch import manifest_csv as manifests
from restoretui.providers.s3.batch.client import S3Batch
from restoretui.providers.s3.provider import S3Provider
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from tests.conftest import StartSandbox
from tests.narrowing import a

REGION = "us-east-1"
REPORTS = Place("b", "r")


class World:
    def __init__(self, running: RunningSandbox, batch: S3Batch) -> None:
        self.running, self.batch = running, batch
        self.keys = [f"a b/{number}+ü,\n" for number in range(20)]

    async def upload(self, keys: Sequence[str] = (), bucket: str = "b") -> Manifest:
        async def rows() -> AsyncIterator[list[tuple[str, str]]]:
            for key in keys or self.keys:
                yield [(key, "")]

        return await self.batch.upload_manifest(Place(bucket, "m"), "x.csv", "b", rows(), versions=False)

    def order(self, manifest: Manifest, **changes: Any) -> JobOrder:
        order = JobOrder(
            REGION, "token", BATCH_ROLE_ARN, Tier.BULK, 3, 7, "about", {"k": "v"}, manifest, Place("b", "r"),
            ReportScope.ALL,
        )  # fmt: skip
        return replace(order, **changes)

    async def until(self, job_id: str, *statuses: str) -> JobInfo:
        for _ in range(100):
            job = await self.batch.describe_job(REGION, job_id)
            if job.status in statuses:
                return job
            await self.running.advance(10)
        raise AssertionError(job.status)

    async def report(self, job_id: str, place: Place = REPORTS) -> list[Any]:
        return [row async for rows in self.batch.read_report(place, job_id) for row in rows]


@pytest.fixture
async def world(sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    running = await sandbox(empty=True)
    for name, value in running.env.items():
        monkeypatch.setenv(name, value)
    running.cloud.add_bucket("b")
    for number in range(20):
        running.cloud.put("b", f"a b/{number}+ü,\n", size=10, storage_class="GLACIER")
    provider = await S3Provider.open(Connection(endpoint_url=running.url))
    yield World(running, a(S3Batch, provider.batch()))
    await provider.aclose()


async def test_a_job_from_manifest_to_report(world: World) -> None:
    uploaded = await world.upload()
    assert uploaded.key == "m/x.csv"
    job_id = await world.batch.create_job(world.order(uploaded))
    assert await world.batch.create_job(world.order(uploaded)) == job_id
    job = await world.until(job_id, "Suspended")
    assert (job.total, job.priority, job.tier, job.days) == (20, 7, Tier.BULK, 3)
    assert (job.manifest, job.report, job.scope) == ("s3://b/m/x.csv", Place("b", "r"), ReportScope.ALL)
    assert job.operation == "S3InitiateRestoreObject"
    await world.batch.set_priority(REGION, job_id, 9)
    assert await world.batch.confirm_job(REGION, job_id) == "Ready"
    job = await world.until(job_id, "Complete")
    assert (job.succeeded, job.failed, job.priority, job.is_over) == (20, 0, 9, True)
    assert world.running.cloud.state("b", world.keys[3]) is State.RESTORING
    rows = await world.report(job_id)
    assert len(rows) == 20
    assert all(row.succeeded and row.status == 200 for row in rows)
    listed = [job async for page in world.batch.list_jobs(REGION, ["Complete"]) for job in page]
    assert [(job.job_id, job.description) for job in listed] == [(job_id, "about")]
    assert [job async for page in world.batch.list_jobs("eu-central-1") for job in page] == []
    assert await world.batch.delete_written(Place("b", "r"), job_id) == 3
    await world.batch.delete_object("b", "m/x.csv")
    assert world.running.cloud.state("b", "m/x.csv") is None


async def test_a_large_manifest_goes_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests.ManifestParts.__init__, "__kwdefaults__", {"part_bytes": 5 * 2**20})
    keys = [f"{'x' * 900}{number:06d}" for number in range(12_000)]
    uploaded = await world.upload(keys)
    requests = world.running.stats.requests
    assert requests["UploadPart"] == 3
    assert requests["PutObject"] == 0
    job_id = await world.batch.create_job(world.order(uploaded))
    assert (await world.until(job_id, "Suspended")).total == 12_000


async def test_an_upload_that_fails_leaves_no_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests.ManifestParts.__init__, "__kwdefaults__", {"part_bytes": 100})
    fault = {"kind": "error", "operations": ["UploadPart"], "skip": 1, "status": 403, "code": "AccessDenied"}
    world.running.faults.set([fault], world.running.cloud.now())
    with pytest.raises(AccessDenied) as caught:
        await world.upload()
    assert "SSE-S3" in caught.value.hint
    assert not world.running.cloud.buckets["b"].uploads


async def test_a_bucket_that_turns_a_large_manifest_to_kms_is_refused_before_any_part(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests.ManifestParts.__init__, "__kwdefaults__", {"part_bytes": 100})
    asked = world.batch._files.ask

    async def by_kms(operation: str, bucket: str, fields: Any) -> dict[str, Any]:
        return await asked(operation, bucket, fields) | {"ServerSideEncryption": "aws:kms"}

    monkeypatch.setattr(world.batch._files, "ask", by_kms)
    with pytest.raises(InvalidRequest, match="'b' encrypts by KMS") as caught:
        await world.upload()
    assert "--manifest-location" in caught.value.hint
    assert world.running.stats.requests["UploadPart"] == 0
    assert not world.running.cloud.buckets["b"].uploads


async def test_only_what_a_report_consists_of_is_deleted_with_it(world: World) -> None:
    job_id = await world.batch.create_job(world.order(await world.upload()))
    await world.until(job_id, "Suspended")
    await world.batch.confirm_job(REGION, job_id)
    await world.until(job_id, "Complete")
    theirs = [f"r/job-{job_id}/{name}" for name in ("notes.txt", "results/mine.txt", "results/old/a.csv")]
    for key in theirs:
        world.running.cloud.put("b", key, size=1)
    assert await world.batch.delete_written(REPORTS, job_id) == 3
    assert [world.running.cloud.state("b", key) for key in theirs] == [State.ONLINE] * 3


async def test_a_missing_manifest_bucket_is_said_so(world: World) -> None:
    with pytest.raises(BucketNotFound, match="manifest's bucket 'nowhere'") as caught:
        await world.upload(bucket="nowhere")
    assert "--manifest-location" in caught.value.hint


async def test_the_role_that_may_not_be_passed_is_named(world: World) -> None:
    uploaded = await world.upload()
    arn = "arn:aws:iam::123456789012:role/batch-without-passrole"
    with pytest.raises(AccessDenied, match="iam:PassRole") as caught:
        await world.batch.create_job(world.order(uploaded, role_arn=arn))
    assert arn in str(caught.value)
    assert "policy" in caught.value.hint


async def test_a_token_used_for_something_else(world: World) -> None:
    uploaded = await world.upload()
    await world.batch.create_job(world.order(uploaded))
    with pytest.raises(InvalidRequest) as caught:
        await world.batch.create_job(world.order(uploaded, priority=1))
    assert caught.value.code == "IdempotencyException"


async def test_jobs_that_are_not_there_or_no_longer(world: World) -> None:
    with pytest.raises(JobNotFound, match="no job nobody"):
        await world.batch.describe_job(REGION, "nobody")
    job_id = await world.batch.create_job(world.order(await world.upload()))
    with pytest.raises(JobNotFound, match="eu-central-1"):
        await world.batch.describe_job("eu-central-1", job_id)
    with pytest.raises(CloudError) as caught:
        await world.batch.confirm_job(REGION, job_id)  # Not suspended yet.
    assert caught.value.code == "JobStatusException"


async def test_missing_and_half_written_reports(world: World) -> None:
    with pytest.raises(ObjectNotFound, match="no completion report"):
        await world.report("nobody")
    cloud = world.running.cloud
    cloud.put("b", "r/job-half/results/x.csv", b"")
    with pytest.raises(ReportUnreadable, match=r"lacks its manifest.json"):
        await world.report("half")
    cloud.put("b", "r/job-half/report.json", b'{"Results": [{"Bucket": "b", "Key": "r/job-half/results/x.csv"}]}')
    assert await world.report("half") == []
    cloud.put("b", "r/job-half/results/x.csv", b"b,k,,failed")
    with pytest.raises(ReportUnreadable, match="half-written"):
        await world.report("half")


async def test_a_report_of_many_pieces_is_read_as_it_comes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restoretui.providers.s3.client.files.READ_BYTES", 97)
    job_id = await world.batch.create_job(world.order(await world.upload()))
    await world.until(job_id, "Suspended")
    await world.batch.confirm_job(REGION, job_id)
    await world.until(job_id, "Complete")
    assert len(await world.report(job_id)) == 20


async def test_a_report_only_of_failures(world: World) -> None:
    world.running.faults.set([{"kind": "task-failure", "chance": 0.3}], world.running.cloud.now())
    order = world.order(await world.upload(), scope=ReportScope.FAILED)
    job_id = await world.batch.create_job(order)
    await world.until(job_id, "Suspended")
    await world.batch.confirm_job(REGION, job_id)
    job = await world.until(job_id, "Complete")
    rows = await world.report(job_id)
    assert 0 < len(rows) == job.failed
    assert {(row.status, row.code) for row in rows} == {(500, "InternalError")}


@pytest.mark.parametrize("size", [100, 7 * 2**20])
async def test_a_manifest_goes_into_a_bucket_with_object_lock(world: World, size: int) -> None:
    world.running.cloud.add_bucket("locked", object_lock=True)
    keys = [f"{'x' * 900}{number:06d}" for number in range(max(1, size // 1000))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifests.ManifestParts.__init__, "__kwdefaults__", {"part_bytes": 5 * 2**20})
        uploaded = await world.upload(keys, bucket="locked")
    assert uploaded.etag
    assert (world.running.stats.requests["UploadPart"] > 0) is (size > 5 * 2**20)


async def complete(world: World, **changes: Any) -> JobInfo:
    job_id = await world.batch.create_job(world.order(await world.upload(), **changes))
    await world.until(job_id, "Suspended")
    await world.batch.confirm_job(REGION, job_id)
    return await world.until(job_id, "Complete")


async def test_a_report_lies_below_its_prefix_as_told_or_without_a_doubled_slash(world: World) -> None:
    job = await complete(world, report=Place("b", "p/"))
    assert job.report == Place("b", "p/")
    assert world.running.cloud.state("b", f"p//job-{job.job_id}/manifest.json") is State.ONLINE
    assert len(await world.report(job.job_id, Place("b", "p/"))) == 20
    tidy = await complete(world, report=Place("b", "q"), token="other")
    assert len(await world.report(tidy.job_id, Place("b", "q/"))) == 20


async def test_a_report_whose_manifest_is_not_what_its_checksum_says_is_refused(world: World) -> None:
    job = await complete(world)
    key = f"r/job-{job.job_id}/manifest.json.md5"
    await world.batch._files.ask("PutObject", "b", {"Key": key, "Body": b"0" * 32})
    with pytest.raises(ReportUnreadable, match="not what its checksum says"):
        await world.report(job.job_id)
    await world.batch.delete_object("b", key)
    assert len(await world.report(job.job_id)) == 20


async def test_the_manifest_of_a_job_is_read_as_it_was_when_the_job_was_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await complete(world)
    assert await world.batch.job_tags(REGION, job.job_id) == {"k": "v"}
    monkeypatch.setattr("restoretui.providers.s3.client.files.READ_BYTES", 50)
    rows = [row async for some in world.batch.read_manifest(job) for row in some]
    assert [(row.bucket, row.key, row.version_id) for row in rows] == [("b", key, None) for key in world.keys]
    assert await world.batch.has_manifest(job)
    await world.upload(["other"])
    assert not await world.batch.has_manifest(job)
    with pytest.raises(InvalidRequest, match="another ETag"):
        [row async for some in world.batch.read_manifest(job) for row in some]
    await world.batch.delete_object("b", "m/x.csv")
    with pytest.raises(ObjectNotFound):
        await world.batch.has_manifest(job)
    with pytest.raises(Unsupported, match="inventory"):
        [row async for some in world.batch.read_manifest(replace(job, manifest_fields=())) for row in some]
