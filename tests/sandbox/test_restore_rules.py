"""RestoreObject for every class, tier and state (FACTS 1.1, 1.2, 1.4, 1.5)."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from restoretui.core.model import State, Tier
from restoretui.core.rules.s3 import S3
from tests.conftest import StartSandbox
from tests.narrowing import there
from tests.sandbox.conftest import Connect, SandboxAndClient, next_midnight

HOUR, DAY = 3600, 86400
FLEXIBLE = {"Expedited", "Standard", "Bulk"}
DEEP = {"Standard", "Bulk"}
ARCHIVES = {
    ("GLACIER", None): FLEXIBLE,
    ("DEEP_ARCHIVE", None): DEEP,
    ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS"): FLEXIBLE,
    ("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS"): DEEP,
}
ONLINE = ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "REDUCED_REDUNDANCY", "GLACIER_IR"]
TIERS = ["Expedited", "Standard", "Bulk"]


def request(tier: str | None = None, days: int | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if days is not None:
        body["Days"] = days
    if tier is not None:
        body["GlacierJobParameters"] = {"Tier": tier}
    return body


async def ask(s3: Any, key: str, tier: str | None = "Standard", days: int | None = 2, **more: Any) -> tuple[int, str]:
    """Status and error code of one restore request."""
    try:
        answer = await s3.restore_object(Bucket="b", Key=key, RestoreRequest=request(tier, days), **more)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], ""


@pytest.fixture
async def archive(sandbox: StartSandbox, connect: Connect) -> SandboxAndClient:
    """An empty bucket ``b``, and the SDK."""
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    return running, await connect(running)


@pytest.mark.parametrize(("kind", "tier"), list(itertools.product(ARCHIVES, TIERS)), ids=str)
async def test_first_request(archive: SandboxAndClient, kind: tuple[str, str | None], tier: str) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", size=1000, storage_class=kind[0], archive_status=kind[1])
    days = None if kind[1] else 2
    if tier not in ARCHIVES[kind]:
        assert await ask(s3, "k", tier, days) == (403, "InvalidTier")
        assert running.cloud.state("b", "k") is State.ARCHIVED
        return
    asked_at = running.cloud.now()
    assert await ask(s3, "k", tier, days) == (202, "")
    restore = there(running.cloud.restore_of("b", "k"))
    window = S3.archives[kind[1] or kind[0]].windows[Tier(tier.lower())]
    assert window.shortest.total_seconds() <= restore.ready - asked_at <= window.longest.total_seconds()
    head = await s3.head_object(Bucket="b", Key="k")
    assert head["Restore"] == 'ongoing-request="true"'
    assert head["StorageClass"] == kind[0]
    assert head.get("ArchiveStatus") == kind[1]
    await running.advance(restore.ready - asked_at - 1)
    assert running.cloud.state("b", "k") is State.RESTORING
    await running.advance(1)
    assert running.cloud.state("b", "k") is (State.ONLINE if kind[1] else State.AVAILABLE)
    head = await s3.head_object(Bucket="b", Key="k")
    assert "ArchiveStatus" not in head
    if kind[1]:
        assert "Restore" not in head
    else:
        assert head["Restore"].startswith('ongoing-request="false", expiry-date="')


@pytest.mark.parametrize(
    ("kind", "first", "second", "same_days"),
    [
        case
        for case in itertools.product(ARCHIVES, TIERS, TIERS, [True, False])
        if {case[1], case[2]} <= ARCHIVES[case[0]] and (case[3] or case[0][1] is None)
    ],
    ids=str,
)
async def test_second_request_while_restoring(
    archive: SandboxAndClient, kind: tuple[str, str | None], first: str, second: str, same_days: bool
) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", size=1000, storage_class=kind[0], archive_status=kind[1])
    days = None if kind[1] else 2
    assert await ask(s3, "k", first, days) == (202, "")
    before = there(running.cloud.restore_of("b", "k"))
    await running.advance(10)
    faster = TIERS.index(second) < TIERS.index(first)
    answer = await ask(s3, "k", second, days if same_days else 5)
    after = there(running.cloud.restore_of("b", "k"))
    if faster and same_days:
        assert answer == (202, "")
        assert after.ready <= before.ready
        assert after.tier is Tier(second.lower())
        assert (after.asked, after.until) == (before.asked, before.until)
    else:
        assert answer == (409, "RestoreAlreadyInProgress")
        assert after == before


@pytest.mark.parametrize(("kind", "tier"), list(itertools.product(["GLACIER", "DEEP_ARCHIVE"], TIERS)))
async def test_request_while_restored_changes_the_period(archive: SandboxAndClient, kind: str, tier: str) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", size=1000, storage_class=kind)
    assert await ask(s3, "k", "Bulk", 10) == (202, "")
    await running.advance(2 * DAY)
    assert running.cloud.state("b", "k") is State.AVAILABLE
    if tier not in ARCHIVES[kind, None]:
        assert await ask(s3, "k", tier, 1) == (403, "InvalidTier")
        return
    assert await ask(s3, "k", tier, 1) == (200, "")
    page = await s3.list_objects_v2(Bucket="b", OptionalObjectAttributes=["RestoreStatus"])
    # Asked on 17 January at 12:00 for one day: shortened, to the midnight after the 18th at 12:00.
    assert page["Contents"][0]["RestoreStatus"] == {
        "IsRestoreInProgress": False,
        "RestoreExpiryDate": next_midnight(running.clock.now() + timedelta(days=1)),
    }


@pytest.mark.parametrize(("kind", "tier", "days"), list(itertools.product(ONLINE, TIERS, [None, 1])))
async def test_online_classes_are_not_restored(
    archive: SandboxAndClient, kind: str, tier: str, days: int | None
) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class=kind)
    assert await ask(s3, "k", tier, days) == (403, "InvalidObjectState")
    assert running.cloud.state("b", "k") is State.ONLINE


async def test_online_tiering_object_is_in_an_active_tier(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class="INTELLIGENT_TIERING")
    with pytest.raises(s3.exceptions.ObjectAlreadyInActiveTierError):
        await s3.restore_object(Bucket="b", Key="k", RestoreRequest={})


async def test_restored_tiering_object_stays_online(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class="INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS")
    assert await ask(s3, "k", None, None) == (202, "")
    await running.advance(5 * HOUR)
    await running.advance(400 * DAY)
    assert running.cloud.state("b", "k") is State.ONLINE
    assert await ask(s3, "k", None, None) == (403, "ObjectAlreadyInActiveTierError")


async def test_tier_defaults_to_standard(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    assert await ask(s3, "k", None, 1) == (202, "")
    assert there(running.cloud.restore_of("b", "k")).tier is Tier.STANDARD


@pytest.mark.parametrize(
    "body",
    [
        {"Days": 1, "Description": "for the audit"},
        {"Days": 1, "Tier": "Standard"},
        {"Days": 1, "OutputLocation": {"S3": {"BucketName": "b", "Prefix": "p"}}},
        {"Days": 1, "Type": "SELECT"},
        {"Days": 1, "GlacierJobParameters": {"Tier": "Fast"}},
        {"GlacierJobParameters": {"Tier": "Standard"}},
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["GLACIER", "DEEP_ARCHIVE"])
async def test_malformed_requests(archive: SandboxAndClient, kind: str, body: dict[str, Any]) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class=kind)
    with pytest.raises(ClientError) as caught:
        await s3.restore_object(Bucket="b", Key="k", RestoreRequest=body)
    assert caught.value.response["Error"]["Code"] == "MalformedXML"
    assert running.cloud.state("b", "k") is State.ARCHIVED


@pytest.mark.parametrize("days", [0, -1])
async def test_days_below_one(archive: SandboxAndClient, days: int) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    assert await ask(s3, "k", "Bulk", days) == (400, "InvalidArgument")


async def test_very_many_days_do_not_break_the_calendar(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    assert await ask(s3, "k", "Expedited", 2_147_483_647) == (202, "")
    await running.advance(HOUR)
    head = await s3.head_object(Bucket="b", Key="k")
    assert "31 Dec 9999" in head["Restore"]


@pytest.mark.parametrize("status", [None, "ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"])
async def test_days_are_not_for_tiering(archive: SandboxAndClient, status: str | None) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class="INTELLIGENT_TIERING", archive_status=status)
    with pytest.raises(ClientError, match="not subject to restore expiry") as caught:
        await s3.restore_object(Bucket="b", Key="k", RestoreRequest={"Days": 1})
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"


async def test_missing_things(archive: SandboxAndClient) -> None:
    running, s3 = archive
    assert await ask(s3, "nothing") == (404, "NoSuchKey")
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    assert await ask(s3, "k", VersionId="abcdef") == (404, "NoSuchVersion")
    assert await ask(s3, "k", VersionId="null") == (202, "")


async def test_delete_markers_answer_405(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.cloud.add_bucket("v", versioning=True)
    old = running.cloud.put("v", "k", b"x", storage_class="GLACIER")
    running.cloud.delete("v", "k")
    marker = (await s3.list_object_versions(Bucket="v"))["DeleteMarkers"][0]["VersionId"]
    for version in ({}, {"VersionId": marker}):
        with pytest.raises(ClientError) as caught:
            await s3.restore_object(Bucket="v", Key="k", RestoreRequest={"Days": 1}, **version)
        answer = caught.value.response
        assert answer["Error"]["Code"] == "MethodNotAllowed"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 405
        assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    answer = await s3.restore_object(Bucket="v", Key="k", RestoreRequest={"Days": 1}, VersionId=old)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202


async def test_a_version_is_restored_alone(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.cloud.add_bucket("v", versioning=True)
    old = running.cloud.put("v", "k", b"old", storage_class="GLACIER")
    new = running.cloud.put("v", "k", b"newer", storage_class="GLACIER")
    await s3.restore_object(Bucket="v", Key="k", RestoreRequest={"Days": 1}, VersionId=old)
    assert running.cloud.state("v", "k", old) is State.RESTORING
    assert running.cloud.state("v", "k", new) is State.ARCHIVED
    assert running.cloud.state("v", "k") is State.ARCHIVED


@pytest.mark.parametrize(
    ("asked", "days", "expiry"),
    [
        # The guide's own examples (FACTS 1.5), and both sides of a midnight.
        ("2026-10-15T10:30:00", 3, "2026-10-19T00:00:00"),
        ("2026-10-16T11:00:00", 1, "2026-10-18T00:00:00"),
        ("2026-10-16T00:00:00", 1, "2026-10-17T00:00:00"),
        ("2026-10-16T00:00:01", 1, "2026-10-18T00:00:00"),
        ("2026-12-31T23:59:59", 1, "2027-01-02T00:00:00"),
    ],
)
async def test_expiry_is_the_next_midnight(archive: SandboxAndClient, asked: str, days: int, expiry: str) -> None:
    running, s3 = archive
    at = datetime.fromisoformat(asked).replace(tzinfo=UTC)
    end = datetime.fromisoformat(expiry).replace(tzinfo=UTC)
    await running.advance((at - running.clock.now()).total_seconds())
    running.cloud.put("b", "k", b"content", storage_class="GLACIER")
    assert await ask(s3, "k", "Expedited", days) == (202, "")
    await running.advance(300)
    page = await s3.list_objects_v2(Bucket="b", OptionalObjectAttributes=["RestoreStatus"])
    assert page["Contents"][0]["RestoreStatus"]["RestoreExpiryDate"] == end
    await running.advance((end - running.clock.now()).total_seconds() - 1)
    assert (await (await s3.get_object(Bucket="b", Key="k"))["Body"].read()) == b"content"
    await running.advance(1)
    with pytest.raises(ClientError, match="InvalidObjectState"):
        await s3.get_object(Bucket="b", Key="k")
    page = await s3.list_objects_v2(Bucket="b", OptionalObjectAttributes=["RestoreStatus"])
    assert "RestoreStatus" not in page["Contents"][0]
    assert await ask(s3, "k", "Expedited", days) == (202, "")


async def test_a_copy_that_took_longer_than_its_period_still_comes(archive: SandboxAndClient) -> None:
    running, s3 = archive
    for number in range(20):
        running.cloud.put("b", f"k{number}", b"x", storage_class="DEEP_ARCHIVE")
        assert await ask(s3, f"k{number}", "Bulk", 1) == (202, "")
        restore = there(running.cloud.restore_of("b", f"k{number}"))
        assert restore.until > restore.ready


async def test_same_seed_same_times(sandbox: StartSandbox) -> None:
    times = []
    for seed in (1, 1, 2):
        running = await sandbox(empty=True, seed=seed)
        running.cloud.add_bucket("b")
        running.cloud.put("b", "k", b"x", storage_class="GLACIER")
        running.cloud.restore("b", "k", days=1)
        times.append(there(running.cloud.restore_of("b", "k")).ready)
    assert times[0] == times[1] != times[2]


async def test_expedited_takes_longer_for_large_objects(archive: SandboxAndClient) -> None:
    running, _ = archive
    running.cloud.put("b", "k", size=600_000_000_000, storage_class="GLACIER")
    running.cloud.restore("b", "k", days=1, tier=Tier.EXPEDITED)
    restore = there(running.cloud.restore_of("b", "k"))
    assert restore.ready - restore.asked > 2000


async def test_reads_are_refused_while_archived_and_while_restoring(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            await s3.get_object(Bucket="b", Key="k")
        assert caught.value.response["Error"]["Code"] == "InvalidObjectState"
        assert caught.value.response["Error"]["StorageClass"] == "GLACIER"
        with pytest.raises(s3.exceptions.ObjectNotInActiveTierError):
            await s3.copy_object(Bucket="b", Key="copy", CopySource={"Bucket": "b", "Key": "k"})
        await ask(s3, "k")


async def test_judged_requests_are_on_record(archive: SandboxAndClient) -> None:
    running, s3 = archive
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    await ask(s3, "k")
    await ask(s3, "k")
    (record,) = running.control.restores()
    assert (record["key"], record["statuses"]) == ("k", [202, 409])
    assert running.control.snapshot()["restores"] == {"objects": 1, "requests": 2, "accepted": 1, "repeated": 1}


async def test_what_is_sped_up_and_then_extended_was_not_asked_for_twice(archive: SandboxAndClient) -> None:
    running, _ = archive
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    for days, tier in ((3, Tier.BULK), (3, Tier.STANDARD)):
        running.cloud.restore("b", "k", days=days, tier=tier)
    await running.advance(6 * 3600)
    running.cloud.restore("b", "k", days=7, tier=Tier.STANDARD)
    (record,) = running.control.restores()
    assert record["statuses"] == [202, 202, 200]
    assert running.control.snapshot()["restores"]["repeated"] == 0
    running.cloud.restore("b", "k", days=7, tier=Tier.STANDARD)
    assert running.control.snapshot()["restores"]["repeated"] == 1
