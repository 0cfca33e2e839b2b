"""Whose request it is, and where it should have gone."""

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from tests.conftest import StartSandbox
from tests.sandbox.conftest import Connect

ONCE = {"retries": {"mode": "standard", "total_max_attempts": 1}}


def answer(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


async def test_buckets_of_the_account(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox()
    s3 = await connect(running)
    buckets = (await s3.list_buckets())["Buckets"]
    names = [bucket["Name"] for bucket in buckets]
    assert names == sorted(names)
    assert "acme-media-archive" in names
    assert "acme-requester-pays" not in names
    assert {bucket["Name"]: bucket["BucketRegion"] for bucket in buckets}["acme-frankfurt-archive"] == "eu-central-1"


async def test_region_of_a_bucket(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("here")
    running.cloud.add_bucket("there", region="eu-central-1")
    running.cloud.put("there", "k", b"x")
    s3 = await connect(running)
    head = await s3.head_bucket(Bucket="here")
    assert head["BucketRegion"] == "us-east-1"
    assert (await s3.get_bucket_location(Bucket="there"))["LocationConstraint"] == "eu-central-1"
    # The SDK finds the way by itself, from each of the two answers S3 has for it.
    assert (await s3.list_objects_v2(Bucket="there"))["KeyCount"] == 1
    assert running.stats.answers["ListObjectsV2 301"] == 1
    tokyo = await connect(running, region_name="ap-northeast-1")
    assert (await tokyo.head_object(Bucket="there", Key="k"))["ContentLength"] == 1
    with pytest.raises(ClientError, match="404"):
        await s3.head_bucket(Bucket="nowhere")


async def test_wrong_region_names_the_right_one(sandbox: StartSandbox) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("there", region="eu-central-1")
    for region, status, code in [
        ("us-east-1", 301, "PermanentRedirect"),
        ("us-west-2", 400, "AuthorizationHeaderMalformed"),
    ]:
        scope = f"AWS4-HMAC-SHA256 Credential=A/20260115/{region}/s3/aws4_request, SignedHeaders=host, Signature=0"
        async with aiohttp.ClientSession(headers={"Authorization": scope}) as http:
            for method in ("GET", "HEAD"):
                async with http.request(method, f"{running.url}/there", allow_redirects=False) as reply:
                    assert (reply.status, reply.headers["x-amz-bucket-region"]) == (status, "eu-central-1")
                    text = await reply.text()
                    assert (code in text) == (method == "GET")


async def test_requester_pays(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox()
    s3 = await connect(running)
    bucket = "acme-requester-pays"
    with pytest.raises(ClientError) as caught:
        await s3.list_objects_v2(Bucket=bucket)
    assert answer(caught) == (403, "AccessDenied")
    page = await s3.list_objects_v2(Bucket=bucket, RequestPayer="requester")
    assert page["RequestCharged"] == "requester"
    key = page["Contents"][0]["Key"]
    with pytest.raises(ClientError) as caught:
        await s3.restore_object(Bucket=bucket, Key=key, RestoreRequest={"Days": 1})
    assert answer(caught) == (403, "AccessDenied")
    answered = await s3.restore_object(Bucket=bucket, Key=key, RestoreRequest={"Days": 1}, RequestPayer="requester")
    assert answered["RequestCharged"] == "requester"
    await running.advance(13 * 3600)
    with pytest.raises(ClientError) as caught:
        await s3.copy_object(Bucket="acme-empty", Key="c", CopySource={"Bucket": bucket, "Key": key})
    assert answer(caught) == (403, "AccessDenied")
    await s3.copy_object(
        Bucket="acme-empty", Key="c", CopySource={"Bucket": bucket, "Key": key}, RequestPayer="requester"
    )


async def test_expected_owner(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    s3 = await connect(running)
    await s3.list_objects_v2(Bucket="b", ExpectedBucketOwner="123456789012")
    with pytest.raises(ClientError) as caught:
        await s3.list_objects_v2(Bucket="b", ExpectedBucketOwner="999999999999")
    assert answer(caught) == (403, "AccessDenied")


async def test_unsigned_requests_are_denied(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    s3 = await connect(running, config=AioConfig(signature_version=UNSIGNED, **ONCE))
    with pytest.raises(ClientError) as caught:
        await s3.list_objects_v2(Bucket="b")
    assert answer(caught) == (403, "AccessDenied")


@pytest.mark.parametrize("name", ["bucket", "bucket.with.dots"])
async def test_bucket_in_the_host_name(sandbox: StartSandbox, name: str) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket(name)
    running.cloud.put(name, "dir/k", b"content")
    scope = "AWS4-HMAC-SHA256 Credential=A/20260115/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"Authorization": scope, "Host": f"{name}.s3.localhost:{running.port}"}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(f"{running.url}/dir/k") as reply:
        assert await reply.read() == b"content"


async def test_presigned_url(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    running.cloud.put("b", "a b", b"content")
    s3 = await connect(running)
    url = await s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "a b"})
    async with aiohttp.ClientSession() as http, http.get(url) as reply:
        assert await reply.read() == b"content"


async def test_buckets_come_and_go(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    s3 = await connect(running)
    await s3.create_bucket(Bucket="mine")
    await s3.put_object(Bucket="mine", Key="k", Body=b"x")
    with pytest.raises(ClientError, match="BucketAlreadyOwnedByYou"):
        await s3.create_bucket(Bucket="mine")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        await s3.delete_bucket(Bucket="mine")
    await s3.delete_object(Bucket="mine", Key="k")
    await s3.delete_bucket(Bucket="mine")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        await s3.list_objects_v2(Bucket="mine")


async def test_operations_that_are_not_there(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    s3 = await connect(running)
    with pytest.raises(ClientError) as caught:
        await s3.get_bucket_policy(Bucket="b")
    assert answer(caught) == (501, "NotImplemented")
    sqs = await connect(running, "sqs")
    with pytest.raises(ClientError) as caught:
        await sqs.list_message_move_tasks(SourceArn="arn:aws:sqs:us-east-1:123456789012:none")
    assert answer(caught)[0] == 501
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{running.url}/v20180820/accesspoint") as reply:
            assert reply.status == 403  # S3 Control, unsigned
        async with http.get(f"{running.url}/b/%ff%fe") as reply:
            assert (reply.status, "InvalidURI" in await reply.text()) == (400, True)
