"""HEAD, GET, PUT, COPY, multipart, tags and lifecycle, through the SDK."""

from datetime import timedelta
from email.utils import format_datetime
from hashlib import md5
from typing import Any

import pytest
from botocore.exceptions import ClientError

from restoretui.sandbox.state.bucket import Expiration
from tests.conftest import StartSandbox
from tests.sandbox.conftest import Connect, SandboxAndClient, next_midnight

MIB = 2**20
HOUR, DAY = 3600, 86400


@pytest.fixture
async def shelf(sandbox: StartSandbox, connect: Connect) -> SandboxAndClient:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    return running, await connect(running)


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


async def test_content_and_metadata_come_back(shelf: SandboxAndClient) -> None:
    running, s3 = shelf
    body = bytes(range(256)) * 999
    put = await s3.put_object(
        Bucket="b", Key="k", Body=body, ContentType="image/jp2", Metadata={"camera": "7"}, Tagging="a=1&b=x%20y"
    )
    assert put["ETag"] == f'"{md5(body).hexdigest()}"'
    got = await s3.get_object(Bucket="b", Key="k")
    assert await got["Body"].read() == body
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("image/jp2", {"camera": "7"}, 2)
    head = await s3.head_object(Bucket="b", Key="k")
    assert (head["ContentLength"], head["ETag"], head["ContentType"]) == (len(body), put["ETag"], "image/jp2")
    assert "StorageClass" not in head
    assert head["LastModified"] == running.clock.now()
    tags = await s3.get_object_tagging(Bucket="b", Key="k")
    assert tags["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "x y"}]
    await s3.put_object_tagging(Bucket="b", Key="k", Tagging={"TagSet": [{"Key": "<&>", "Value": "é"}]})
    assert (await s3.get_object_tagging(Bucket="b", Key="k"))["TagSet"] == [{"Key": "<&>", "Value": "é"}]
    await s3.delete_object_tagging(Bucket="b", Key="k")
    assert (await s3.get_object_tagging(Bucket="b", Key="k"))["TagSet"] == []


@pytest.mark.parametrize("content", ["real", "generated"])
async def test_ranges(shelf: SandboxAndClient, content: str) -> None:
    running, s3 = shelf
    size = 3 * MIB + 17
    if content == "real":
        running.cloud.put("b", "k", bytes(size // 17 + 1) + b"tail")
        size = size // 17 + 5
    else:
        running.cloud.put("b", "k", size=size)
    whole = await (await s3.get_object(Bucket="b", Key="k"))["Body"].read()
    assert len(whole) == size
    for asked, part in {
        "bytes=0-0": whole[:1],
        "bytes=5-99": whole[5:100],
        "bytes=65530-65540": whole[65530:65541],
        f"bytes={size - 3}-": whole[-3:],
        "bytes=-7": whole[-7:],
        f"bytes=100-{size * 2}": whole[100:],
    }.items():
        got = await s3.get_object(Bucket="b", Key="k", Range=asked)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert await got["Body"].read() == part, asked
    with pytest.raises(ClientError) as caught:
        await s3.get_object(Bucket="b", Key="k", Range=f"bytes={size}-")
    assert code(caught) == "InvalidRange"


async def test_generated_content_is_the_same_again(sandbox: StartSandbox, connect: Connect) -> None:
    bodies = []
    for seed in (1, 1, 2):
        running = await sandbox(empty=True, seed=seed)
        running.cloud.add_bucket("b")
        running.cloud.put("b", "k", size=100_000)
        s3 = await connect(running)
        bodies.append(await (await s3.get_object(Bucket="b", Key="k"))["Body"].read())
    assert bodies[0] == bodies[1] != bodies[2]


async def test_empty_object(shelf: SandboxAndClient) -> None:
    _, s3 = shelf
    await s3.put_object(Bucket="b", Key="empty", Body=b"")
    got = await s3.get_object(Bucket="b", Key="empty")
    assert await got["Body"].read() == b""
    assert (await s3.head_object(Bucket="b", Key="empty"))["ContentLength"] == 0


async def test_conditions(shelf: SandboxAndClient) -> None:
    _, s3 = shelf
    etag = (await s3.put_object(Bucket="b", Key="k", Body=b"x"))["ETag"]
    await s3.get_object(Bucket="b", Key="k", IfMatch=etag)
    with pytest.raises(ClientError) as caught:
        await s3.get_object(Bucket="b", Key="k", IfMatch='"other"')
    assert code(caught) == "PreconditionFailed"
    with pytest.raises(ClientError) as caught:
        await s3.get_object(Bucket="b", Key="k", IfNoneMatch=etag)
    assert code(caught) == "304"
    with pytest.raises(ClientError) as caught:
        await s3.put_object(Bucket="b", Key="k", Body=b"y", IfNoneMatch="*")
    assert code(caught) == "PreconditionFailed"
    await s3.put_object(Bucket="b", Key="new", Body=b"y", IfNoneMatch="*")


@pytest.mark.parametrize(
    "storage_class", ["GLACIER", "DEEP_ARCHIVE", "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"]
)
async def test_storage_class_headers(shelf: SandboxAndClient, storage_class: str) -> None:
    _, s3 = shelf
    await s3.put_object(Bucket="b", Key="k", Body=b"x", StorageClass=storage_class)
    assert (await s3.head_object(Bucket="b", Key="k"))["StorageClass"] == storage_class


async def test_refused_writes(shelf: SandboxAndClient) -> None:
    _, s3 = shelf
    with pytest.raises(ClientError, match="InvalidStorageClass"):
        await s3.put_object(Bucket="b", Key="k", Body=b"x", StorageClass="LUKEWARM")
    with pytest.raises(ClientError, match="KeyTooLong"):
        await s3.put_object(Bucket="b", Key="ü" * 513, Body=b"x")
    await s3.put_object(Bucket="b", Key="ü" * 512, Body=b"x")


async def test_copy_of_a_restored_object_is_permanent(shelf: SandboxAndClient) -> None:
    running, s3 = shelf
    await s3.put_object(
        Bucket="b", Key="a b+c", Body=b"content", StorageClass="GLACIER", Metadata={"x": "y"}, Tagging="t=1"
    )
    await s3.restore_object(Bucket="b", Key="a b+c", RestoreRequest={"Days": 1})
    await running.advance(5 * HOUR)
    copied = await s3.copy_object(Bucket="b", Key="kept", CopySource={"Bucket": "b", "Key": "a b+c"})
    head = await s3.head_object(Bucket="b", Key="kept")
    assert "StorageClass" not in head
    assert (head["Metadata"], head["ETag"]) == ({"x": "y"}, copied["CopyObjectResult"]["ETag"])
    assert (await s3.get_object_tagging(Bucket="b", Key="kept"))["TagSet"] == [{"Key": "t", "Value": "1"}]
    with pytest.raises(ClientError, match="copy an object to itself"):
        await s3.copy_object(Bucket="b", Key="kept", CopySource={"Bucket": "b", "Key": "kept"})
    await s3.copy_object(
        Bucket="b", Key="a b+c", CopySource={"Bucket": "b", "Key": "a b+c"}, StorageClass="STANDARD_IA"
    )
    await running.advance(30 * DAY)
    for key in ("kept", "a b+c"):
        assert await (await s3.get_object(Bucket="b", Key=key))["Body"].read() == b"content"


async def test_copy_names_a_version_and_a_condition(shelf: SandboxAndClient) -> None:
    running, s3 = shelf
    running.cloud.add_bucket("v", versioning=True)
    old = running.cloud.put("v", "k", b"old")
    running.cloud.put("v", "k", b"new")
    source = {"Bucket": "v", "Key": "k", "VersionId": old}
    copied = await s3.copy_object(Bucket="b", Key="c", CopySource=source)
    assert copied["CopySourceVersionId"] == old
    assert await (await s3.get_object(Bucket="b", Key="c"))["Body"].read() == b"old"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await s3.copy_object(Bucket="b", Key="c", CopySource=source, CopySourceIfMatch='"no"')
    with pytest.raises(ClientError, match="NoSuchKey"):
        await s3.copy_object(Bucket="b", Key="c", CopySource={"Bucket": "v", "Key": "nothing"})


async def test_large_copies_go_in_parts(shelf: SandboxAndClient) -> None:
    running, s3 = shelf
    size = 6 * 2**30
    running.cloud.put("b", "huge", size=size)
    with pytest.raises(ClientError, match="larger than the maximum"):
        await s3.copy_object(Bucket="b", Key="copy", CopySource={"Bucket": "b", "Key": "huge"})
    upload = (await s3.create_multipart_upload(Bucket="b", Key="copy", Metadata={"m": "1"}))["UploadId"]
    parts = []
    half = size // 2
    for number, extent in enumerate([f"bytes=0-{half - 1}", f"bytes={half}-{size - 1}"], 1):
        part = await s3.upload_part_copy(
            Bucket="b",
            Key="copy",
            UploadId=upload,
            PartNumber=number,
            CopySource={"Bucket": "b", "Key": "huge"},
            CopySourceRange=extent,
        )
        parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
    listed = await s3.list_parts(Bucket="b", Key="copy", UploadId=upload)
    assert [part["Size"] for part in listed["Parts"]] == [half, half]
    done = await s3.complete_multipart_upload(
        Bucket="b", Key="copy", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert done["ETag"].endswith('-2"')
    head = await s3.head_object(Bucket="b", Key="copy")
    assert (head["ContentLength"], head["Metadata"]) == (size, {"m": "1"})
    extent = f"bytes={half - 50}-{half + 49}"
    ends = [await (await s3.get_object(Bucket="b", Key=key, Range=extent))["Body"].read() for key in ("huge", "copy")]
    assert ends[0] == ends[1]
    assert len(ends[0]) == 100


async def test_upload_in_parts(shelf: SandboxAndClient) -> None:
    _, s3 = shelf
    upload = (await s3.create_multipart_upload(Bucket="b", Key="k", StorageClass="GLACIER"))["UploadId"]
    bodies = [b"a" * 5 * MIB, b"b" * 5 * MIB, b"end"]
    parts = []
    for number, body in enumerate(bodies, 1):
        part = await s3.upload_part(Bucket="b", Key="k", UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})

    async def complete(parts: list[dict[str, Any]]) -> dict[str, Any]:
        done: dict[str, Any] = await s3.complete_multipart_upload(
            Bucket="b", Key="k", UploadId=upload, MultipartUpload={"Parts": parts}
        )
        return done

    with pytest.raises(ClientError, match="InvalidPartOrder"):
        await complete(parts[::-1])
    with pytest.raises(ClientError, match="InvalidPart"):
        await complete([{"PartNumber": 9, "ETag": '"x"'}])
    assert [item["Key"] for item in (await s3.list_multipart_uploads(Bucket="b"))["Uploads"]] == ["k"]
    done = await complete(parts)
    digests = b"".join(md5(body).digest() for body in bodies)
    assert done["ETag"] == f'"{md5(digests).hexdigest()}-3"'
    assert (await s3.head_object(Bucket="b", Key="k"))["StorageClass"] == "GLACIER"
    with pytest.raises(ClientError, match="NoSuchUpload"):
        await complete(parts)


async def test_aborted_upload(shelf: SandboxAndClient) -> None:
    _, s3 = shelf
    upload = (await s3.create_multipart_upload(Bucket="b", Key="k"))["UploadId"]
    await s3.upload_part(Bucket="b", Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    await s3.abort_multipart_upload(Bucket="b", Key="k", UploadId=upload)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        await s3.upload_part(Bucket="b", Key="k", UploadId=upload, PartNumber=2, Body=b"x")
    assert "Contents" not in await s3.list_objects_v2(Bucket="b")


@pytest.mark.dated
async def test_lifecycle_expiration_overrides_a_restore(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    running.cloud.expire("b", [Expiration("clean up", "logs/", 10)])
    modified = running.clock.now() - timedelta(days=8)
    gone_at = format_datetime(next_midnight(modified + timedelta(days=10)), usegmt=True)
    for key in ("logs/1", "kept/1"):
        running.cloud.put("b", key, b"x", storage_class="GLACIER", modified=modified)
    s3 = await connect(running)
    head = await s3.head_object(Bucket="b", Key="logs/1")
    assert head["Expiration"] == f'expiry-date="{gone_at}", rule-id="clean up"'
    assert "Expiration" not in await s3.head_object(Bucket="b", Key="kept/1")
    await s3.restore_object(Bucket="b", Key="logs/1", RestoreRequest={"Days": 30})
    await running.advance(2 * DAY)
    assert "true" not in (await s3.head_object(Bucket="b", Key="logs/1"))["Restore"]
    await running.advance(DAY)
    with pytest.raises(ClientError, match="404"):
        await s3.head_object(Bucket="b", Key="logs/1")
    assert [entry["Key"] for entry in (await s3.list_objects_v2(Bucket="b"))["Contents"]] == ["kept/1"]
    rules = await s3.get_bucket_lifecycle_configuration(Bucket="b")
    assert rules["Rules"][0]["Expiration"] == {"Days": 10}
