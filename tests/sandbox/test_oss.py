"""The OSS part, spoken to by the real SDK: each class, tier and state, errors as OSS writes them, signatures."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import aiohttp
import alibabacloud_oss_v2 as oss
import alibabacloud_oss_v2.aio as oss_aio
import pytest

from restoretui.core.model import State
from restoretui.sandbox import RunningSandbox
from tests.conftest import StartSandbox
from tests.narrowing import there

HOUR = 3600
DAY = 24 * HOUR
REGION = "cn-hangzhou"


class OssClients(Protocol):
    """What the fixture ``connect`` is here. The SDK says too little of its types."""

    def __call__(
        self, running: RunningSandbox, *, region: str = REGION, secret: str | None = None, **options: Any
    ) -> Any: ...


@pytest.fixture
async def connect() -> AsyncIterator[OssClients]:
    opened = []

    def client(running: RunningSandbox, *, region: str = REGION, secret: str | None = None, **options: Any) -> Any:
        config = oss.config.load_default()
        config.region, config.endpoint = region, running.env["OSS_ENDPOINT"]
        config.retry_max_attempts = 1
        key, own = running.env["OSS_ACCESS_KEY_ID"], running.env["OSS_ACCESS_KEY_SECRET"]
        config.credentials_provider = oss.credentials.StaticCredentialsProvider(key, secret or own)
        for name, value in options.items():
            setattr(config, name, value)
        opened.append(oss_aio.AsyncClient(config))
        return opened[-1]

    yield client
    for each in opened:
        await each.close()


@pytest.fixture
async def served(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold", scheme="oss", region=REGION)
    return running


def put(running: RunningSandbox, key: str, storage_class: str, bucket: str = "cold") -> str | None:
    return running.cloud.put(bucket, key, b"x", storage_class=storage_class)


async def restore(
    client: Any,
    key: str,
    days: int | None = None,
    tier: str | None = None,
    bucket: str = "cold",
    version_id: str | None = None,
) -> Any:
    request = None
    if days is not None or tier is not None:
        request = oss.RestoreRequest(days=days, job_parameters=oss.JobParameters(tier=tier) if tier else None)
    asked = oss.RestoreObjectRequest(bucket=bucket, key=key, version_id=version_id, restore_request=request)
    return await client.restore_object(asked)


async def head(client: Any, key: str, bucket: str = "cold") -> Any:
    return await client.head_object(oss.HeadObjectRequest(bucket=bucket, key=key))


async def refusal(awaited: Awaitable[Any]) -> tuple[int, str, str]:
    with pytest.raises(oss.exceptions.OperationError) as caught:
        await awaited
    error = caught.value.unwrap()
    assert isinstance(error, oss.exceptions.ServiceError)
    assert error.request_id
    return error.status_code, error.code, error.ec


@pytest.mark.parametrize(
    ("storage_class", "days", "tier", "answer"),
    [
        ("Standard", 1, None, (400, "OperationNotSupported", "0010-00000001")),
        ("IA", None, None, (400, "OperationNotSupported", "0010-00000001")),
        ("Archive", None, None, 202),
        ("Archive", 7, None, 202),
        ("Archive", 8, None, (400, "MalformedXML", "0016-00000704")),
        ("Archive", 0, None, (400, "MalformedXML", "0016-00000704")),
        ("Archive", 1, "Standard", (400, "MalformedXML", "0016-00000703")),
        ("ColdArchive", None, None, 202),
        ("ColdArchive", 365, "Bulk", 202),
        ("ColdArchive", 1, "Expedited", 202),
        ("ColdArchive", 366, "Bulk", (400, "MalformedXML", "0016-00000704")),
        ("ColdArchive", 1, "Fastest", (400, "MalformedXML", "0016-00000703")),
        ("DeepColdArchive", 365, "Standard", 202),
        ("DeepColdArchive", 1, "Expedited", 202),
        ("DeepColdArchive", 1, "Bulk", (400, "MalformedXML", "0016-00000703")),
    ],
)
async def test_a_first_restore(
    served: RunningSandbox,
    connect: OssClients,
    storage_class: str,
    days: int | None,
    tier: str | None,
    answer: int | tuple[int, str, str],
) -> None:
    put(served, "k", storage_class)
    client = connect(served)
    if answer != 202:
        assert await refusal(restore(client, "k", days, tier)) == answer
        return
    told = await restore(client, "k", days, tier)
    assert told.status_code == 202
    assert told.request_id
    assert told.restore_priority == (None if storage_class == "Archive" else tier or "Standard")
    assert served.cloud.state("cold", "k") is State.RESTORING
    assert (await head(client, "k")).restore == 'ongoing-request="true"'


async def test_a_copy_lasts_exactly_its_days_and_repeats_add_to_it(
    served: RunningSandbox, connect: OssClients
) -> None:
    put(served, "k", "ColdArchive")
    client = connect(served)
    await restore(client, "k", 2, "Bulk")
    assert (await refusal(restore(client, "k", 2, "Bulk")))[:2] == (409, "RestoreAlreadyInProgress")
    await served.advance(12 * HOUR)
    ready = there(served.cloud.restore_of("cold", "k")).ready
    assert (await head(client, "k")).restore == f'ongoing-request="false", expiry-date="{http(ready + 2 * DAY)}"'
    assert (await restore(client, "k", 3, "Bulk")).status_code == 200
    assert (await head(client, "k")).restore == f'ongoing-request="false", expiry-date="{http(ready + 5 * DAY)}"'
    await restore(client, "k", 365)
    assert there(served.cloud.restore_of("cold", "k")).until == ready + 365 * DAY
    await served.advance(366 * DAY)
    assert (await head(client, "k")).restore is None


def http(seconds: float) -> str:
    return (datetime.fromtimestamp(int(seconds), UTC)).strftime("%a, %d %b %Y %H:%M:%S GMT")


async def test_archive_lasts_seven_days_at_most(served: RunningSandbox, connect: OssClients) -> None:
    put(served, "k", "Archive")
    client = connect(served)
    await restore(client, "k")
    await served.advance(10 * 60)
    restored = there(served.cloud.restore_of("cold", "k"))
    assert restored.until == restored.ready + DAY
    await restore(client, "k", 7)
    assert there(served.cloud.restore_of("cold", "k")).until == restored.ready + 7 * DAY


async def test_only_a_higher_priority_is_taken_while_restoring(served: RunningSandbox, connect: OssClients) -> None:
    put(served, "k", "ColdArchive")
    client = connect(served)
    await restore(client, "k", 5, "Standard")
    before = there(served.cloud.restore_of("cold", "k"))
    assert await refusal(restore(client, "k", 5, "Bulk")) == (409, "RestoreAlreadyInProgress", "0016-00000715")
    assert (await refusal(restore(client, "k", 9, "Standard")))[:2] == (409, "RestoreAlreadyInProgress")
    assert (await restore(client, "k", 5, "Expedited")).status_code == 202
    assert there(served.cloud.restore_of("cold", "k")).ready < before.ready


async def test_clean_ends_a_copy(served: RunningSandbox, connect: OssClients) -> None:
    client = connect(served)
    for key, storage_class in (("cold", "ColdArchive"), ("warm", "Archive"), ("standard", "Standard")):
        put(served, key, storage_class)

    async def clean(key: str) -> Any:
        return await client.invoke_operation(
            oss.OperationInput(
                op_name="CleanRestoredObject", method="POST", bucket="cold", key=key,
                headers=oss.CaseInsensitiveDict(), parameters={"cleanRestoredObject": ""},
            )
        )  # fmt: skip

    assert (await refusal(clean("cold")))[:2] == (409, "ArchiveRestoreFileStale")
    await restore(client, "cold", 30, "Expedited")
    assert (await refusal(clean("cold")))[:2] == (409, "ArchiveRestoreFileStale")
    await served.advance(HOUR)
    assert (await clean("cold")).status_code == 200
    assert served.cloud.state("cold", "cold") is State.ARCHIVED
    assert (await refusal(clean("warm")))[:2] == (400, "OperationNotSupported")
    assert (await refusal(clean("standard")))[:2] == (400, "OperationNotSupported")
    assert (await refusal(clean("nothing")))[:2] == (404, "NoSuchKey")


async def test_reading_needs_a_copy_or_direct_read(served: RunningSandbox, connect: OssClients) -> None:
    put(served, "k", "Archive")
    put(served, "deep", "DeepColdArchive")
    client = connect(served)

    async def get(key: str) -> bytes:
        found = await client.get_object(oss.GetObjectRequest(bucket="cold", key=key))
        return bytes(await found.body.read())

    assert (await refusal(get("k")))[:2] == (403, "InvalidObjectState")
    served.cloud.buckets["cold"].direct_read = True
    assert await get("k") == b"x"
    assert (await refusal(get("deep")))[:2] == (403, "InvalidObjectState")


async def test_listings_tell_class_and_restore_unasked(served: RunningSandbox, connect: OssClients) -> None:
    client = connect(served)
    keys = ["a b/+%20", "a b/1", "b\n\x1b[1m", "ü/1", "ü/2"]
    for number, key in enumerate(keys):
        put(served, key, ("Archive", "ColdArchive")[number % 2])
    await restore(client, "ü/2", 2)
    rows = []
    async for page in client.list_objects_v2_paginator().iter_page(
        oss.ListObjectsV2Request(bucket="cold", max_keys=2)
    ):
        rows += page.contents
    assert [row.key for row in rows] == keys
    assert [row.storage_class for row in rows] == ["Archive", "ColdArchive", "Archive", "ColdArchive", "Archive"]
    assert [row.restore_info for row in rows] == [None] * 4 + ['ongoing-request="true"']
    await served.advance(5 * 60)
    page = await client.list_objects_v2(oss.ListObjectsV2Request(bucket="cold", prefix="ü/", delimiter="/"))
    assert page.contents[1].restore_info.startswith('ongoing-request="false", expiry-date="')
    page = await client.list_objects_v2(oss.ListObjectsV2Request(bucket="cold", delimiter="/"))
    assert [common.prefix for common in page.common_prefixes] == ["a b/", "ü/"]
    page = await client.list_objects_v2(oss.ListObjectsV2Request(bucket="cold", start_after="a b/1"))
    assert [row.key for row in page.contents] == keys[2:]


async def test_versions_and_delete_markers(sandbox: StartSandbox, connect: OssClients) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold", scheme="oss", region=REGION, versioning=True)
    first = put(running, "k", "ColdArchive")
    put(running, "k", "ColdArchive")
    running.cloud.delete("cold", "k")
    client = connect(running)
    page = await client.list_object_versions(oss.ListObjectVersionsRequest(bucket="cold"))
    assert [version.is_latest for version in page.version] == [False, False]
    assert page.version[1].version_id == first
    assert [marker.is_latest for marker in page.delete_marker] == [True]
    assert (await refusal(restore(client, "k", 1, "Bulk")))[:2] == (404, "NoSuchKey")
    told = await restore(client, "k", 1, "Bulk", version_id=first)
    assert (told.status_code, told.version_id) == (202, first)
    assert (await refusal(restore(client, "k", 1, version_id="no-such")))[:2] == (404, "NoSuchVersion")
    page = await client.list_object_versions(oss.ListObjectVersionsRequest(bucket="cold"))
    assert [version.restore_info for version in page.version] == [None, 'ongoing-request="true"']


async def test_each_cloud_sees_its_own_buckets(sandbox: StartSandbox, connect: OssClients) -> None:
    running = await sandbox()
    client = connect(running)
    listed = await client.list_buckets(oss.ListBucketsRequest())
    assert [bucket.name for bucket in listed.buckets] == ["acme-oss-direct-read", "acme-oss-films"]
    assert {bucket.location for bucket in listed.buckets} == {"oss-cn-hangzhou"}
    assert (await refusal(head(client, "k", "acme-media-archive")))[:2] == (404, "NoSuchBucket")
    locations = [entry["location"] for entry in running.buckets]
    assert locations[0] == "s3://acme-media-archive"
    assert locations[-2:] == ["oss://acme-oss-films", "oss://acme-oss-direct-read"]


async def test_another_regions_endpoint_names_the_right_one(served: RunningSandbox, connect: OssClients) -> None:
    put(served, "k", "Archive")
    client = connect(served, region="cn-beijing")
    with pytest.raises(oss.exceptions.OperationError) as caught:
        await restore(client, "k", 1)
    error = caught.value.unwrap()
    assert (error.status_code, error.code) == (403, "AccessDenied")
    assert error.error_fileds["Endpoint"] == "oss-cn-hangzhou.aliyuncs.com"
    located = await client.get_bucket_location(oss.GetBucketLocationRequest(bucket="cold"))
    assert located.location == "oss-cn-hangzhou"


async def test_signatures_are_checked(served: RunningSandbox, connect: OssClients) -> None:
    put(served, "k+ü %/~", "Archive")
    assert (await restore(connect(served), "k+ü %/~", 1)).status_code == 202
    wrong = connect(served, secret="wrong")
    assert (await refusal(restore(wrong, "k+ü %/~", 1)))[:2] == (403, "SignatureDoesNotMatch")
    old = connect(served, signature_version="v1")
    assert (await refusal(head(old, "k+ü %/~")))[:2] == (400, "InvalidArgument")
    async with (
        aiohttp.ClientSession() as http_session,
        http_session.get(f"{served.url}/cold", headers={"Authorization": "OSS4-HMAC-SHA256 x"}) as reply,
    ):
        assert reply.status == 400
        assert reply.headers["x-oss-ec"] == "0002-00000205"


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"kind": "throttle", "rate": 0}, (503, "QpsLimitExceeded", "0004-00000302")),
        ({"kind": "deny"}, (403, "AccessDenied", "0003-00000001")),
        ({"kind": "expired-token"}, (403, "SecurityTokenExpired", "0010-00000001")),
        ({"kind": "unknown-key"}, (403, "InvalidAccessKeyId", "0002-00000902")),
        ({"kind": "clock-skew"}, (403, "RequestTimeTooSkewed", "0010-00000001")),
        ({"kind": "error"}, (500, "InternalError", "0010-00000001")),
    ],
)
async def test_faults_in_their_own_words(
    served: RunningSandbox, connect: OssClients, fault: dict[str, Any], answer: tuple[int, str, str]
) -> None:
    put(served, "k", "Archive")
    client = connect(served)
    if fault["kind"] == "throttle":
        fault = {**fault, "burst": 1, "rate": 0.001}
        await restore(client, "k", 1)
    served.faults.add({**fault, "operations": ["RestoreObject", "HeadObject"]}, served.cloud.now())
    if fault["kind"] == "throttle":
        await refusal(restore(client, "k", 1))
    assert await refusal(restore(client, "k", 1)) == answer
    assert await refusal(head(client, "k")) == answer


async def test_the_seeded_bucket_shows_every_class_and_state(sandbox: StartSandbox) -> None:
    running = await sandbox()
    build = running.cloud.buckets["acme-oss-films"]
    states = Counter(running.cloud.state("acme-oss-films", row.key) for row in build.rows())
    assert set(states) == {State.ONLINE, State.ARCHIVED, State.RESTORING, State.AVAILABLE}
    assert min(states.values()) >= 3
    ends = [restore.until - running.cloud.now() for restore in build.restores.values()]
    assert min(ends) < timedelta(days=1).total_seconds() < max(ends)
