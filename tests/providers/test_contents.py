"""Reading and copying what objects contain: the same body against the sandbox and against moto, judged by boto3."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import boto3
import pytest

from restoretui.core.errors import CloudError, InvalidRequest, MalformedAnswer, ObjectNotFound, Throttled
from restoretui.core.model import ObjectRef
from restoretui.core.then.contents import Contents, CopyTarget
from tests.providers.conftest import OpenS3, Served, StartServer

CONTENT = bytes(range(256)) * 48 * 1024  # 12 MiB
MIB = 1 << 20


class Place:
    """A server with a bucket ``from`` and a bucket ``to``, as boto3 and as we see it."""

    def __init__(self, s3: Any, contents: Contents, *, is_moto: bool) -> None:
        self.s3 = s3
        self.is_moto = is_moto
        self.contents = contents


@pytest.fixture
async def place(served: Served, open_s3: OpenS3) -> AsyncIterator[Place]:
    s3 = boto3.client("s3", endpoint_url=served.url, region_name="us-east-1")
    for bucket in ("from-here", "to-there"):
        await asyncio.to_thread(s3.create_bucket, Bucket=bucket)
    provider = await open_s3(endpoint_url=served.url, region="us-east-1")
    yield Place(s3, provider.contents(), is_moto=served.is_moto)
    for bucket in ("from-here", "to-there"):
        listed = await asyncio.to_thread(s3.list_objects_v2, Bucket=bucket)
        for entry in listed.get("Contents", ()):
            await asyncio.to_thread(s3.delete_object, Bucket=bucket, Key=entry["Key"])
        await asyncio.to_thread(s3.delete_bucket, Bucket=bucket)


async def put(place: Place, key: str, content: bytes = b"0123456789") -> ObjectRef:
    await asyncio.to_thread(
        place.s3.put_object, Bucket="from-here", Key=key, Body=content, ContentType="image/tiff",
        Metadata={"from": "tape 7"}, Tagging="project=a%20b",
    )  # fmt: skip
    return ObjectRef("from-here", key)


async def as_boto3_sees(place: Place, key: str) -> tuple[dict[str, Any], bytes, list[dict[str, str]]]:
    def see() -> tuple[dict[str, Any], bytes, list[dict[str, str]]]:
        got = place.s3.get_object(Bucket="to-there", Key=key)
        tags = place.s3.get_object_tagging(Bucket="to-there", Key=key)["TagSet"]
        return got, got["Body"].read(), tags

    return await asyncio.to_thread(see)


async def test_a_copy_has_the_content_metadata_and_tags(place: Place) -> None:
    seen = await place.contents.look(await put(place, "a b/ü+&.tif"))
    written = await place.contents.copy(seen, CopyTarget("to-there", "kept/a b", "STANDARD_IA", only_new=True))
    assert written.etag == seen.etag
    got, content, tags = await as_boto3_sees(place, "kept/a b")
    assert content == b"0123456789"
    assert (got["StorageClass"], got["ContentType"]) == ("STANDARD_IA", "image/tiff")
    assert got["Metadata"] == {"from": "tape 7"}
    assert tags == [{"Key": "project", "Value": "a b"}]


async def test_parts_make_the_same_object(place: Place) -> None:
    seen = await place.contents.look(await put(place, "large", CONTENT))
    contents, target = place.contents, CopyTarget("to-there", "large", "STANDARD")
    upload_id = await contents.begin_upload(seen, target, await contents.tags(seen.ref))
    assert [one.upload_id for one in await contents.uploads(target)] == [upload_id]
    second = await contents.copy_part(seen, target, upload_id, 2, (6 * MIB, 12 * MIB))
    first = await contents.copy_part(seen, target, upload_id, 1, (0, 6 * MIB))
    assert [part.etag for part in await contents.parts(target, upload_id)] == [first.etag, second.etag]
    assert (await contents.end_upload(target, upload_id, [first, second], 12 * MIB)).etag.endswith("-2")
    got, content, tags = await as_boto3_sees(place, "large")
    assert content == CONTENT
    assert (got["ContentType"], got["Metadata"]) == ("image/tiff", {"from": "tape 7"})
    assert tags == [{"Key": "project", "Value": "a b"}]
    with pytest.raises(ObjectNotFound):
        await contents.parts(target, upload_id)


async def test_an_upload_that_is_given_up_is_gone_and_can_be_given_up_again(place: Place) -> None:
    seen = await place.contents.look(await put(place, "large"))
    target = CopyTarget("to-there", "large", "STANDARD")
    upload_id = await place.contents.begin_upload(seen, target, {})
    await place.contents.abort_upload(target, upload_id)
    await place.contents.abort_upload(target, upload_id)
    assert not await place.contents.uploads(target)


async def test_ranges_are_of_exactly_the_object_that_was_seen(place: Place) -> None:
    ref = await put(place, "k")
    seen = await place.contents.look(ref)
    assert await place.contents.read(ref, seen.etag, 2, 5) == b"234"
    await put(place, "k", b"another one")
    with pytest.raises(InvalidRequest) as raised:
        await place.contents.read(ref, seen.etag, 2, 5)
    assert raised.value.code in ("PreconditionFailed", "412")
    if place.is_moto:
        return  # It copies whatever is there, without a look at the condition.
    with pytest.raises(CloudError) as refused:
        await place.contents.copy(seen, CopyTarget("to-there", "k", "STANDARD"))
    assert refused.value.code in ("PreconditionFailed", "412")


async def test_versioning_is_told(place: Place) -> None:
    assert not await place.contents.is_versioned("from-here")
    await asyncio.to_thread(
        place.s3.put_bucket_versioning, Bucket="from-here", VersioningConfiguration={"Status": "Enabled"}
    )
    assert await place.contents.is_versioned("from-here")
    await asyncio.to_thread(
        place.s3.put_bucket_versioning, Bucket="from-here", VersioningConfiguration={"Status": "Suspended"}
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<Error><Code>SlowDown</Code><Message>m</Message></Error>", Throttled),
        (b'<?xml version="1.0"?>', MalformedAnswer),
        (b"", MalformedAnswer),
        (b"<html>hello</html>", MalformedAnswer),
    ],
)
async def test_a_200_is_no_success_by_itself(
    scripted: StartServer, open_s3: OpenS3, body: bytes, error: type[CloudError]
) -> None:
    headers = {"x-amz-request-id": "R", "ETag": '"e"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    server = await scripted(lambda asked: {"headers": headers, "body": body if asked.method == "PUT" else b""})
    contents = (await open_s3(endpoint_url=server.url, region="us-east-1")).contents()
    seen = await contents.look(ObjectRef("bucket", "k"))
    with pytest.raises(error):
        await contents.copy(seen, CopyTarget("bucket", "k", "STANDARD"))
    assert sum(asked.method == "PUT" for asked in server.asked) == 1


@pytest.mark.parametrize("headers", [{"Content-Range": "bytes 0-2/9"}, {}])
async def test_another_range_than_was_asked_for_is_not_taken(
    scripted: StartServer, open_s3: OpenS3, headers: dict[str, str]
) -> None:
    told = {"x-amz-request-id": "R", "ETag": '"e"', **headers}
    server = await scripted(lambda _asked: {"status": 206, "headers": told, "body": b"0123"})
    contents = (await open_s3(endpoint_url=server.url, region="us-east-1")).contents()
    with pytest.raises(MalformedAnswer):
        await contents.read(ObjectRef("bucket", "k"), "e", 5, 8)
