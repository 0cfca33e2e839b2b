"""Every kind of fault, as the SDK meets it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from restoretui.core.clock import ManualClock
from restoretui.core.errors import UsageError
from restoretui.core.model import State, Tier
from restoretui.sandbox import RunningSandbox, list_scenarios, load_scenario
from restoretui.sandbox.faults.fault import KINDS, OF_OBJECTS, read_fault
from tests.conftest import StartSandbox
from tests.narrowing import a, there
from tests.sandbox.conftest import Connect, SandboxAndClient
from tests.settling import next_due

HOUR, DAY = 3600, 86400


@pytest.fixture
async def archive(sandbox: StartSandbox, connect: Connect) -> SandboxAndClient:
    """A bucket ``b`` of a hundred archived keys, and the SDK."""
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    for number in range(100):
        running.cloud.put("b", f"{'left' if number % 2 else 'right'}/{number:02d}", b"x", storage_class="GLACIER")
    return running, await connect(running)


def keys(running: RunningSandbox) -> list[str]:
    return [row.key for row in running.cloud.buckets["b"].rows()]


async def restore(s3: Any, key: str, tier: str = "Standard", days: int = 1) -> str:
    """``202``, or the error's status and code."""
    try:
        await s3.restore_object(
            Bucket="b", Key=key, RestoreRequest={"Days": days, "GlacierJobParameters": {"Tier": tier}}
        )
    except ClientError as error:
        return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"
    return "202"


async def post(running: RunningSandbox, path: str, content: object = None) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.post(f"{running.url}/_sandbox/{path}", json=content) as reply:
        return reply.status, await reply.json()


async def get(running: RunningSandbox, path: str) -> Any:
    async with aiohttp.ClientSession() as http, http.get(f"{running.url}/_sandbox/{path}") as reply:
        return await reply.json()


async def test_throttling_above_a_rate(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "throttle", "rate": 5, "operations": ["RestoreObject"]}], running.cloud.now())
    answers = [await restore(s3, key) for key in keys(running)[:10]]
    assert answers == ["202"] * 5 + ["503 SlowDown"] * 5
    assert (await s3.list_objects_v2(Bucket="b"))["KeyCount"] == 100
    await running.advance(1)
    assert [await restore(s3, key) for key in keys(running)[5:12]] == ["202"] * 5 + ["503 SlowDown"] * 2


async def test_throttled_requests_have_no_effect(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "throttle", "rate": 0, "burst": 1, "skip": 1}], running.cloud.now())
    outcomes = [await restore(s3, key) for key in keys(running)[:4]]
    assert outcomes == ["202", "202", "503 SlowDown", "503 SlowDown"]
    assert running.control.snapshot()["restores"]["requests"] == 2


async def test_no_expedited_capacity(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "no-expedited", "prefix": "left/"}], running.cloud.now())
    assert await restore(s3, "left/01", "Expedited") == "503 GlacierExpeditedRetrievalNotAvailable"
    assert await restore(s3, "left/01", "Standard") == "202"
    assert await restore(s3, "left/01", "Expedited") == "503 GlacierExpeditedRetrievalNotAvailable"
    assert await restore(s3, "right/00", "Expedited") == "202"


async def test_denied_prefix_names_the_action(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "deny", "prefix": "left/"}], running.cloud.now())
    assert await restore(s3, "left/01") == "403 AccessDenied"
    assert await restore(s3, "right/00") == "202"
    await s3.list_objects_v2(Bucket="b")
    with pytest.raises(ClientError, match="not authorized to perform: s3:ListBucket on resource"):
        await s3.list_objects_v2(Bucket="b", Prefix="left/")
    with pytest.raises(ClientError, match="403"):
        await s3.head_object(Bucket="b", Key="left/01")


async def test_slow_restores(archive: SandboxAndClient) -> None:
    running, s3 = archive
    await restore(s3, "left/01")
    quick = there(running.cloud.restore_of("b", "left/01"))
    running.cloud.buckets["b"].restores.clear()
    running.faults.set([{"kind": "slow", "factor": 3}], running.cloud.now())
    await restore(s3, "left/01")
    slow = there(running.cloud.restore_of("b", "left/01"))
    assert slow.ready - slow.asked == pytest.approx(3 * (quick.ready - quick.asked))


async def test_stuck_restores(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "stuck", "prefix": "left/"}], running.cloud.now())
    await restore(s3, "left/01")
    await restore(s3, "right/00")
    await running.advance(365 * DAY)
    assert running.cloud.state("b", "left/01") is State.RESTORING
    assert await restore(s3, "left/01") == "409 RestoreAlreadyInProgress"
    assert running.cloud.state("b", "right/00") is State.ARCHIVED


async def test_a_share_of_the_objects(archive: SandboxAndClient) -> None:
    running, _ = archive
    running.faults.set([{"kind": "stuck", "chance": 0.3}], running.cloud.now())
    for key in keys(running):
        running.cloud.restore("b", key, days=10)
    await running.advance(2 * DAY)
    stuck = [key for key in keys(running) if running.cloud.state("b", key) is State.RESTORING]
    assert 15 < len(stuck) < 45


@pytest.mark.parametrize("versioning", [False, True])
@pytest.mark.parametrize("action", ["delete", "overwrite", "cancel"])
async def test_what_befalls_objects_halfway(sandbox: StartSandbox, action: str, versioning: bool) -> None:
    running = await sandbox(empty=True)
    cloud = running.cloud
    cloud.add_bucket("b", versioning=versioning)
    first = cloud.put("b", "k", b"x", storage_class="GLACIER")
    running.faults.set([{"kind": action, "moment": 0.5}], cloud.now())
    cloud.restore("b", "k", days=2)
    restore = there(cloud.restore_of("b", "k"))
    await running.advance((restore.ready - restore.asked) / 2 - 1)
    assert cloud.state("b", "k") is State.RESTORING
    await running.advance(2)
    assert cloud.state("b", "k") is (None if action == "delete" else State.ARCHIVED)
    if action == "overwrite":
        assert there(cloud.buckets["b"].newest("k")).size == 2
    if versioning and action != "cancel":
        assert cloud.state("b", "k", first) is State.RESTORING
        await running.advance(5 * HOUR)
        assert cloud.state("b", "k", first) is State.AVAILABLE


async def test_expired_credentials_for_a_while(archive: SandboxAndClient, connect: Connect) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "expired-token", "from": HOUR, "until": 2 * HOUR}], running.cloud.now())
    sts = await connect(running, "sts")
    assert await restore(s3, "left/01") == "202"
    await running.advance(HOUR)
    assert await restore(s3, "left/03") == "400 ExpiredToken"
    with pytest.raises(ClientError, match="ExpiredToken"):
        await sts.get_caller_identity()
    await running.advance(HOUR)
    assert await restore(s3, "left/03") == "202"
    assert (await sts.get_caller_identity())["Account"] == "123456789012"


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"kind": "unknown-key"}, "403 InvalidAccessKeyId"),
        ({"kind": "clock-skew"}, "403 RequestTimeTooSkewed"),
        ({"kind": "error"}, "500 InternalError"),
        ({"kind": "error", "status": 503, "code": "ServiceUnavailable"}, "503 ServiceUnavailable"),
        ({"kind": "throttle", "rate": 0, "burst": 0.5, "code": "ThrottlingException"}, "503 ThrottlingException"),
    ],
    ids=str,
)
async def test_refusals(archive: SandboxAndClient, fault: dict[str, Any], answer: str) -> None:
    running, s3 = archive
    running.faults.set([fault], running.cloud.now())
    assert await restore(s3, "left/01") == answer
    running.faults.clear()
    assert await restore(s3, "left/01") == "202"


@pytest.mark.parametrize(("when", "applied"), [("before", False), ("after", True), ("middle", True)])
async def test_dropped_connections(archive: SandboxAndClient, when: str, applied: bool) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "drop", "when": when, "times": 1}], running.cloud.now())
    with pytest.raises(ConnectionClosedError):
        await restore(s3, "left/01")
    assert running.cloud.state("b", "left/01") is (State.RESTORING if applied else State.ARCHIVED)
    assert await restore(s3, "left/01") == ("409 RestoreAlreadyInProgress" if applied else "202")
    running.faults.set([{"kind": "drop", "when": when}], running.cloud.now())
    with pytest.raises(ConnectionClosedError):
        await s3.list_objects_v2(Bucket="b")
    with pytest.raises(ConnectionClosedError):
        await s3.head_object(Bucket="b", Key="left/01")
    # The HTTP client itself repeats GET and HEAD on a kept connection that breaks; never the restore request.
    assert running.stats.requests["RestoreObject"] == 2
    assert running.stats.requests.total() == running.stats.answers.total()


@pytest.mark.parametrize("kind", ["truncate", "malformed"])
async def test_unreadable_answers(archive: SandboxAndClient, kind: str) -> None:
    running, _ = archive
    running.faults.set([{"kind": kind}], running.cloud.now())
    scope = "AWS4-HMAC-SHA256 Credential=A/20260115/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    async with (
        aiohttp.ClientSession(headers={"Authorization": scope}) as http,
        http.get(f"{running.url}/b?list-type=2") as reply,
    ):
        text = await reply.text()
    assert reply.status == 200
    assert ("</ListBucketResult>" in text) == (kind == "malformed")
    assert ("<<&" in text) == (kind == "malformed")


async def test_latency_passes_on_the_clock(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "latency", "seconds": 2, "jitter": 1}], running.cloud.now())
    asking = asyncio.create_task(restore(s3, "left/01"))
    clock = a(ManualClock, running.clock)
    while not next_due(clock):
        await asyncio.sleep(0.001)
    assert 2 <= there(next_due(clock)) <= 3
    await running.advance(3)
    assert await asking == "202"


async def test_outage_for_a_span(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "outage", "from": 60, "until": 120}], running.cloud.now())
    await s3.list_objects_v2(Bucket="b")
    await running.advance(60)
    with pytest.raises(ConnectionClosedError):
        await s3.list_objects_v2(Bucket="b")
    await running.advance(60)
    await s3.list_objects_v2(Bucket="b")


async def test_endpoint_that_cannot_be_connected_to(archive: SandboxAndClient) -> None:
    running, s3 = archive
    await s3.list_objects_v2(Bucket="b")
    await running.go_down()
    with pytest.raises(EndpointConnectionError):
        await s3.list_objects_v2(Bucket="b")
    await running.come_back()
    assert (await s3.list_objects_v2(Bucket="b"))["KeyCount"] == 100


async def test_endpoint_taken_down_by_lever(archive: SandboxAndClient) -> None:
    running, s3 = archive
    assert await post(running, "down?seconds=30") == (200, {"down": 30.0})
    clock = a(ManualClock, running.clock)
    while not next_due(clock):
        await asyncio.sleep(0.005)
    with pytest.raises(EndpointConnectionError):
        await s3.list_objects_v2(Bucket="b")
    await running.advance(30)
    assert (await s3.list_objects_v2(Bucket="b"))["KeyCount"] == 100


async def test_chance_is_the_same_again(sandbox: StartSandbox, connect: Connect) -> None:
    histories = []
    for seed in (1, 1, 2):
        running = await sandbox(empty=True, seed=seed)
        running.cloud.add_bucket("b")
        running.faults.set([{"kind": "error", "chance": 0.4}], running.cloud.now())
        s3 = await connect(running)
        history = []
        for _ in range(30):
            try:
                await s3.list_objects_v2(Bucket="b")
                history.append(1)
            except ClientError:
                history.append(0)
        histories.append(history)
    assert histories[0] == histories[1] != histories[2]
    assert 8 < sum(histories[0]) < 28


async def test_skip_and_times(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.faults.set([{"kind": "error", "skip": 2, "times": 3}], running.cloud.now())
    answers = [await restore(s3, key) for key in keys(running)[:7]]
    assert [answer == "202" for answer in answers] == [True, True, False, False, False, True, True]


async def test_faults_change_on_the_fly(archive: SandboxAndClient) -> None:
    running, s3 = archive
    status, answer = await post(running, "faults", {"faults": [{"kind": "deny"}]})
    assert (status, answer["faults"][0]["kind"]) == (200, "deny")
    assert await restore(s3, "left/01") == "403 AccessDenied"
    await post(running, "faults", {"add": [{"kind": "error", "operations": ["HeadObject"]}]})
    assert [fault["struck"] for fault in (await get(running, "faults"))["faults"]] == [1, 0]
    await post(running, "faults", {"scenario": "no-expedited"})
    assert await restore(s3, "left/01", "Expedited") == "503 GlacierExpeditedRetrievalNotAvailable"
    await post(running, "faults", {})
    assert await restore(s3, "left/01", "Expedited") == "202"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([], "JSON object"),
        ({"fault": []}, "unknown settings: fault"),
        ({"faults": {}}, "list of objects"),
        ({"faults": ["deny"]}, "list of objects"),
        ({"faults": [{"kind": "rain"}]}, "'rain' is not a kind of fault"),
        ({"faults": [{"kind": "deny", "factor": 2}]}, "no 'factor'"),
        ({"faults": [{"kind": "slow", "factor": "two"}]}, "must be a number"),
        ({"faults": [{"kind": "slow", "factor": -1}]}, "zero or more"),
        ({"faults": [{"kind": "deny", "chance": 2}]}, "between 0 and 1"),
        ({"faults": [{"kind": "drop", "when": "never"}]}, "before"),
        ({"faults": [{"kind": "deny", "operations": "HeadObject"}]}, "list of names"),
        ({"faults": [{"kind": "deny", "prefix": 3}]}, "must be str"),
        ({"faults": [{"kind": "error", "status": 500.5}]}, "must be int"),
        ({"scenario": "sunshine"}, "no scenario 'sunshine'"),
        ({"scenario": "/nowhere/at-all.toml"}, "cannot be read"),
    ],
    ids=str,
)
async def test_bad_faults_are_explained(
    archive: SandboxAndClient, content: dict[str, Any] | list[Any], says: str
) -> None:
    running, s3 = archive
    status, answer = await post(running, "faults", content)
    assert status == 400
    assert says in answer["error"]
    assert await restore(s3, "left/01") == "202"


def test_scenarios_that_ship() -> None:
    scenarios = list_scenarios()
    names = [scenario.name for scenario in scenarios]
    assert names == sorted(names)
    assert {
        "slow-down",
        "no-expedited",
        "access-denied",
        "stuck-restores",
        "expired-credentials",
        "rough-day",
    } <= set(names)
    assert all(scenario.about and scenario.faults for scenario in scenarios)
    used = {fault["kind"] for scenario in scenarios for fault in scenario.faults}
    assert used == set(KINDS), "every kind is shown in some scenario"


@pytest.mark.parametrize("name", [scenario.name for scenario in list_scenarios()])
async def test_every_scenario_starts(sandbox: StartSandbox, name: str) -> None:
    running = await sandbox(scenario=name)
    assert running.faults.describe()


async def test_scenario_from_a_file(sandbox: StartSandbox, connect: Connect, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('about = "mine"\n[[fault]]\nkind = "error"\nstatus = 418\ncode = "Teapot"\n')
    running = await sandbox(scenario=file)
    s3 = await connect(running)
    with pytest.raises(ClientError, match="Teapot"):
        await s3.list_buckets()


@pytest.mark.parametrize(
    "text", ["[[fault]\n", "[[fault]]\nkind='no'\n", "faults=1\n", "fault=1\n", b"\xff"], ids=str
)
def test_scenario_files_that_cannot_be_meant(tmp_path: Path, text: bytes | str) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError):
        load_scenario(file)
    with pytest.raises(UsageError):
        load_scenario(str(file))


def test_every_kind_reads() -> None:
    for kind in KINDS:
        name = {"name": "unsorted"} if kind == "quirk" else {}
        assert read_fault({"kind": kind, "from": 1, "until": 2.5, "bucket": "b", **name}).covers("b", "k", 2)
    assert set(KINDS) > OF_OBJECTS


async def test_upgrade_of_a_stuck_restore_is_judged_anew(archive: SandboxAndClient) -> None:
    running, _ = archive
    running.faults.set([{"kind": "stuck", "times": 1}], running.cloud.now())
    running.cloud.restore("b", "left/01", days=1, tier=Tier.BULK)
    assert running.cloud.restore("b", "left/01", days=1, tier=Tier.STANDARD) == 202
    await running.advance(5 * HOUR)
    assert running.cloud.state("b", "left/01") is State.AVAILABLE


def test_scenario_json_and_toml_are_the_same_shape() -> None:
    for scenario in list_scenarios():
        assert json.loads(json.dumps(list(scenario.faults))) == list(scenario.faults)


async def listed(s3: Any, **asked: Any) -> tuple[dict[str, Any], list[str]]:
    page = await s3.list_objects_v2(Bucket="b", OptionalObjectAttributes=["RestoreStatus"], **asked)
    return page, [entry["Key"] for entry in page["Contents"]]


async def test_quirks_of_compatible_stores(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True, scenario="compatible-store")
    running.cloud.add_bucket("b")
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    s3 = await connect(running)
    answer = await s3.restore_object(Bucket="b", Key="k", RestoreRequest={"Days": 1})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    await running.advance(5 * HOUR)
    page, _ = await listed(s3)
    assert "RestoreStatus" not in page["Contents"][0]
    assert (await s3.head_object(Bucket="b", Key="k"))["Restore"] == 'ongoing-request="false"'
    running.faults.set([{"kind": "quirk", "name": "no-expiry"}], running.cloud.now())
    page, _ = await listed(s3)
    assert page["Contents"][0]["RestoreStatus"] == {"IsRestoreInProgress": False}


async def test_tiering_status_may_be_unlisted(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    for key, status in (("archive", "ARCHIVE_ACCESS"), ("deep", "DEEP_ARCHIVE_ACCESS")):
        running.cloud.put("b", key, b"x", storage_class="INTELLIGENT_TIERING", archive_status=status)
        running.cloud.restore("b", key)
    s3 = await connect(running)
    page, _ = await listed(s3)
    assert all(entry["RestoreStatus"]["IsRestoreInProgress"] for entry in page["Contents"])
    running.faults.set([{"kind": "quirk", "name": "tiering-unlisted"}], running.cloud.now())
    page, _ = await listed(s3)
    assert not any("RestoreStatus" in entry for entry in page["Contents"])


async def test_quirks_of_broken_listings(archive: SandboxAndClient) -> None:
    running, s3 = archive
    every = keys(running)
    running.faults.set([{"kind": "quirk", "name": "ignore-start-after"}], running.cloud.now())
    assert (await listed(s3, StartAfter=every[50]))[1] == every
    running.faults.set([{"kind": "quirk", "name": "unsorted"}], running.cloud.now())
    assert (await listed(s3))[1] == every[::-1]
    running.faults.set([{"kind": "quirk", "name": "repeat-token"}], running.cloud.now())
    first, _ = await listed(s3, MaxKeys=10)
    token = first["NextContinuationToken"]
    second, shown = await listed(s3, MaxKeys=10, ContinuationToken=token)
    assert (second["NextContinuationToken"], shown) == (token, every[10:20])
    with pytest.raises(UsageError, match="not a quirk"):
        running.faults.set([{"kind": "quirk", "name": "polite"}], running.cloud.now())
