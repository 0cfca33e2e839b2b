"""Versions and delete markers, through the SDK."""

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.listing import After, list_versions
from tests.conftest import StartSandbox
from tests.sandbox.conftest import Connect, SandboxAndClient

HOUR = 3600


@pytest.fixture
async def versioned(sandbox: StartSandbox, connect: Connect) -> SandboxAndClient:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("v", versioning=True)
    return running, await connect(running)


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


async def test_life_of_a_versioned_key(versioned: SandboxAndClient) -> None:
    _running, s3 = versioned
    first = (await s3.put_object(Bucket="v", Key="k", Body=b"1"))["VersionId"]
    second = (await s3.put_object(Bucket="v", Key="k", Body=b"22", StorageClass="GLACIER"))["VersionId"]
    assert first != second
    assert (await s3.head_object(Bucket="v", Key="k"))["VersionId"] == second
    gone = await s3.delete_object(Bucket="v", Key="k")
    assert gone["DeleteMarker"] is True
    listed = await s3.list_object_versions(Bucket="v")
    assert [(v["VersionId"], v["IsLatest"], v["Size"], v["StorageClass"]) for v in listed["Versions"]] == [
        (second, False, 2, "GLACIER"),
        (first, False, 1, "STANDARD"),
    ]
    (marker,) = listed["DeleteMarkers"]
    assert (marker["VersionId"], marker["IsLatest"]) == (gone["VersionId"], True)
    assert "Contents" not in await s3.list_objects_v2(Bucket="v")
    with pytest.raises(ClientError) as caught:
        await s3.head_object(Bucket="v", Key="k")
    assert code(caught) == "404"
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    with pytest.raises(ClientError) as caught:
        await s3.get_object(Bucket="v", Key="k", VersionId=gone["VersionId"])
    assert code(caught) == "MethodNotAllowed"
    got = await s3.get_object(Bucket="v", Key="k", VersionId=first)
    assert await got["Body"].read() == b"1"
    # Deleting the marker brings the newest version back; deleting versions is for good.
    undone = await s3.delete_object(Bucket="v", Key="k", VersionId=gone["VersionId"])
    assert undone["DeleteMarker"] is True
    assert (await s3.list_objects_v2(Bucket="v"))["Contents"][0]["Size"] == 2
    await s3.delete_object(Bucket="v", Key="k", VersionId=second)
    assert (await s3.head_object(Bucket="v", Key="k"))["ContentLength"] == 1
    with pytest.raises(ClientError) as caught:
        await s3.get_object(Bucket="v", Key="k", VersionId=second)
    assert code(caught) == "NoSuchVersion"
    await s3.delete_object(Bucket="v", Key="k", VersionId=second)


async def test_versioning_switched_on_and_suspended(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    s3 = await connect(running)
    assert "Status" not in await s3.get_bucket_versioning(Bucket="b")
    assert "VersionId" not in await s3.put_object(Bucket="b", Key="k", Body=b"0")
    await s3.put_bucket_versioning(Bucket="b", VersioningConfiguration={"Status": "Enabled"})
    assert (await s3.get_bucket_versioning(Bucket="b"))["Status"] == "Enabled"
    assert (await s3.head_object(Bucket="b", Key="k"))["VersionId"] == "null"
    second = (await s3.put_object(Bucket="b", Key="k", Body=b"1"))["VersionId"]
    await s3.put_bucket_versioning(Bucket="b", VersioningConfiguration={"Status": "Suspended"})
    third = await s3.put_object(Bucket="b", Key="k", Body=b"22")
    assert third["VersionId"] == "null"
    versions = (await s3.list_object_versions(Bucket="b"))["Versions"]
    assert [(v["VersionId"], v["Size"]) for v in versions] == [("null", 2), (second, 1)]
    gone = await s3.delete_object(Bucket="b", Key="k")
    assert (gone["VersionId"], gone["DeleteMarker"]) == ("null", True)
    listed = await s3.list_object_versions(Bucket="b")
    assert [v["VersionId"] for v in listed["Versions"]] == [second]
    assert [v["VersionId"] for v in listed["DeleteMarkers"]] == ["null"]


async def test_restore_status_of_versions(versioned: SandboxAndClient) -> None:
    running, s3 = versioned
    old = running.cloud.put("v", "k", b"1", storage_class="GLACIER")
    running.cloud.put("v", "k", b"2", storage_class="GLACIER")
    running.cloud.restore("v", "k", old, days=1)
    await running.advance(5 * HOUR)
    listed = await s3.list_object_versions(Bucket="v", OptionalObjectAttributes=["RestoreStatus"])
    assert ["RestoreStatus" in version for version in listed["Versions"]] == [False, True]
    assert listed["Versions"][1]["RestoreStatus"]["IsRestoreInProgress"] is False
    listed = await s3.list_object_versions(Bucket="v")
    assert not any("RestoreStatus" in version for version in listed["Versions"])


@pytest.mark.parametrize("page_size", [1, 2, 3, 7])
@pytest.mark.parametrize("delimiter", ["", "/"])
async def test_pages_of_versions_join_to_the_whole(
    versioned: SandboxAndClient, page_size: int, delimiter: str
) -> None:
    running, s3 = versioned
    expected: list[tuple[str, str | None]] = []
    for key in sorted(["a", "a b", "dir/1", "dir/2", "é\n", "z[x]"]):
        ids = [running.cloud.put("v", key, b"x") for _ in range(3)]
        if key in ("a", "dir/2"):
            running.cloud.delete("v", key)
            ids.append("marker")
        if delimiter and "/" in key:
            if ("dir/", "") not in expected:
                expected.append(("dir/", ""))
        else:
            expected += [(key, version) for version in reversed(ids)]
    shown = []
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket="v", Delimiter=delimiter, PaginationConfig={"PageSize": page_size}
    )
    async for page in pages:
        versions = [(item["Key"], item["VersionId"]) for item in page.get("Versions", [])]
        markers = [(item["Key"], "marker") for item in page.get("DeleteMarkers", [])]
        prefixes = [(item["Prefix"], "") for item in page.get("CommonPrefixes", [])]
        assert len(versions) + len(markers) + len(prefixes) <= page_size
        found = versions + markers + prefixes
        assert set(found) <= set(expected)
        shown += sorted(found, key=expected.index)
    assert shown == expected


async def test_bad_markers(versioned: SandboxAndClient) -> None:
    running, s3 = versioned
    running.cloud.put("v", "k", b"x")
    with pytest.raises(ClientError, match="InvalidArgument"):
        await s3.list_object_versions(Bucket="v", VersionIdMarker="abc")
    with pytest.raises(ClientError, match="InvalidArgument"):
        await s3.list_object_versions(Bucket="v", KeyMarker="k", VersionIdMarker="abc")


async def test_delete_objects_makes_markers(versioned: SandboxAndClient) -> None:
    running, s3 = versioned
    old = running.cloud.put("v", "k", b"x")
    answer = await s3.delete_objects(Bucket="v", Delete={"Objects": [{"Key": "k"}, {"Key": "k", "VersionId": old}]})
    assert answer["Deleted"][0]["DeleteMarker"] is True
    assert answer["Deleted"][1] == {"Key": "k", "VersionId": old}
    quiet = await s3.delete_objects(Bucket="v", Delete={"Objects": [{"Key": "k"}], "Quiet": True})
    assert "Deleted" not in quiet


def version_of(written: str | None) -> str:
    assert written is not None
    return written


def erased(bucket: BucketState, key: str, now: float) -> str:
    """The delete marker's version."""
    marker = bucket.erase(key, None, now)
    assert marker
    return version_of(marker.version_id)


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "delete version"]), st.sampled_from("abc"), st.integers(0, 3)),
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.integers(1, 4))
def test_any_history_is_listed_newest_first(steps: list[tuple[str, str, int]], page_size: int) -> None:
    cloud = Cloud(ManualClock())
    bucket = cloud.add_bucket("v", versioning=True)
    model: dict[str, list[str]] = {}
    for action, key, which in steps:
        if action == "put":
            model.setdefault(key, []).insert(0, version_of(cloud.put("v", key, b"x")))
        elif action == "delete":
            model.setdefault(key, []).insert(0, erased(bucket, key, cloud.now()))
        elif which < len(model.get(key, [])):
            cloud.delete("v", key, model[key].pop(which))
    expected = [(key, version) for key in sorted(model) for version in model[key]]
    shown, after, version = [], After(""), None
    while True:
        page = list_versions(bucket, "", "", after, version, page_size)
        for at, latest in enumerate(page.rows.latest):
            row = page.rows.row(at)
            shown.append((row.key, bucket.version_id(row)))
            assert latest == (model[row.key][0] == shown[-1][1])
        if page.next is None:
            break
        after, version = page.next, page.next_version
    assert shown == expected
    assert bucket.current_objects() == sum(
        1 for key, versions in model.items() if versions and cloud.state("v", key) is not None
    )
