"""Pages one after the other: where they go on, and that many at once do not hold the event loop together."""

import asyncio
from itertools import pairwise

import pytest

from tests.providers.conftest import OpenS3, StartServer

PAGE = "".join(
    f"<Contents><Key>dir/{number:06}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
    f"<ETag>&quot;{number:032x}&quot;</ETag><Size>{number}</Size><StorageClass>GLACIER</StorageClass></Contents>"
    for number in range(1000)
)
BODY = f"<ListBucketResult><IsTruncated>false</IsTruncated>{PAGE}</ListBucketResult>".encode()


async def test_pages_are_read_one_in_each_turn_of_the_loop(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(lambda asked: {"body": BODY, "headers": {"x-amz-bucket-region": "us-east-1"}})
    s3 = await open_s3(endpoint_url=server.url)
    await s3.list_page("bkt")
    turn = 0

    async def count() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    async def read() -> int:
        page = await s3.list_page("bkt")
        assert len(page.entries) == 1000
        return turn

    counting = asyncio.create_task(count())
    turns = sorted(await asyncio.gather(*(read() for _ in range(20))))
    counting.cancel()
    assert all(later > earlier for earlier, later in pairwise(turns))


VERSIONS = (
    "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
    "<Version><Key>k</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest><LastModified>2024-01-01T00:00:00.000Z"
    "</LastModified><ETag>&quot;e&quot;</ETag><Size>5</Size><StorageClass>GLACIER</StorageClass></Version>{more}"
    "</ListVersionsResult>"
)
MARKER = "<DeleteMarker><Key>k</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest></DeleteMarker>"


@pytest.mark.parametrize(("more", "version"), [("", "v2"), (MARKER, "v1")], ids=["a version", "a delete marker"])
async def test_within_a_key_it_goes_on_behind_the_last_row_where_no_version_is_named(
    scripted: StartServer, open_s3: OpenS3, more: str, version: str
) -> None:
    """Taken at its word, the server would skip the versions of the key that did not fit on the page."""
    body = VERSIONS.format(more=more).encode()
    server = await scripted(lambda asked: {"body": body, "headers": {"x-amz-bucket-region": "us-east-1"}})
    s3 = await open_s3(endpoint_url=server.url)
    page = await s3.list_page("bkt", versions=True)
    await s3.list_page("bkt", versions=True, token=page.next_token)
    assert f"key-marker=k&version-id-marker={version}" in server.asked[-1].target
