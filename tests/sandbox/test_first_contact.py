"""The SDK's calls reach the right operations."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from botocore.exceptions import ClientError

from tests.conftest import StartSandbox
from tests.sandbox.conftest import Connect, next_midnight


@pytest.mark.dated
async def test_put_archive_restore_read_and_go_cold(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    expiry = next_midnight(running.clock.now() + timedelta(days=2))
    running.cloud.add_bucket("b")
    s3 = await connect(running)
    await s3.put_object(Bucket="b", Key="dir/a b+c%.txt", Body=b"hello", StorageClass="GLACIER")
    with pytest.raises(ClientError) as caught:
        await s3.get_object(Bucket="b", Key="dir/a b+c%.txt")
    assert caught.value.response["Error"]["Code"] == "InvalidObjectState"
    answer = await s3.restore_object(
        Bucket="b", Key="dir/a b+c%.txt", RestoreRequest={"Days": 2, "GlacierJobParameters": {"Tier": "Standard"}}
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    head = await s3.head_object(Bucket="b", Key="dir/a b+c%.txt")
    assert head["Restore"] == 'ongoing-request="true"'
    assert head["StorageClass"] == "GLACIER"
    await running.advance(5 * 3600)
    head = await s3.head_object(Bucket="b", Key="dir/a b+c%.txt")
    assert head["Restore"] == f'ongoing-request="false", expiry-date="{format_datetime(expiry, usegmt=True)}"'
    got = await s3.get_object(Bucket="b", Key="dir/a b+c%.txt")
    assert await got["Body"].read() == b"hello"
    page = await s3.list_objects_v2(Bucket="b", OptionalObjectAttributes=["RestoreStatus"])
    (entry,) = page["Contents"]
    assert entry["Key"] == "dir/a b+c%.txt"
    assert entry["RestoreStatus"]["IsRestoreInProgress"] is False
    assert entry["RestoreStatus"]["RestoreExpiryDate"] == expiry
    await running.advance(3 * 86400)
    head = await s3.head_object(Bucket="b", Key="dir/a b+c%.txt")
    assert "Restore" not in head
    with pytest.raises(ClientError, match="InvalidObjectState"):
        await s3.get_object(Bucket="b", Key="dir/a b+c%.txt")
    assert running.stats.requests["RestoreObject"] == 1


async def test_identity(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    sts = await connect(running, "sts")
    assert (await sts.get_caller_identity())["Account"] == "123456789012"
    assumed = await sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/archivist", RoleSessionName="me")
    assert assumed["AssumedRoleUser"]["Arn"].endswith("assumed-role/archivist/me")
