"""Between two long answers the event loop does something else, whatever cloud they are of."""

import asyncio
from typing import Any

import pytest

from restoretui.core.provider import Provider
from restoretui.providers.reading_turns import LONG, TURNS, ReadingTurns
from tests.providers.conftest import Asked, OpenOss, OpenS3, StartServer

ROW = (
    "<Contents><Key>k{0:05}</Key><LastModified>2024-02-03T04:05:06.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
    "<Size>7</Size><StorageClass>{1}</StorageClass></Contents>"
)
WHERE = b"<LocationConstraint>oss-cn-hangzhou</LocationConstraint>"
PAGE = "<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>"


async def test_a_key_of_a_few_callbacks_gets_through_between_two_pages() -> None:
    turns, done, keys = ReadingTurns(), list[str](), list[asyncio.Task[None]]()

    async def key() -> None:
        for _ in range(TURNS - 1):
            await asyncio.sleep(0)
        done.append("key")

    async def page() -> None:
        await turns.wait(LONG + 1)
        done.append("page")
        keys.append(asyncio.create_task(key()))

    async def short() -> None:
        await turns.wait(LONG)
        done.append("short")

    await asyncio.gather(page(), page(), page(), short())
    await asyncio.gather(*keys)
    assert done == ["short", "page", "key", "page", "key", "page", "key"]


@pytest.mark.parametrize("scheme", ["s3", "oss"])
async def test_pages_wait_for_their_turn(
    scripted: StartServer, open_s3: OpenS3, open_oss: OpenOss, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    waited: list[int] = []

    async def wait(_turns: ReadingTurns, size: int) -> None:
        waited.append(size)

    monkeypatch.setattr(ReadingTurns, "wait", wait)
    kind = {"s3": "GLACIER", "oss": "Archive"}[scheme]
    body = PAGE.format("".join(ROW.format(at, kind) for at in range(500))).encode()

    def script(asked: Asked) -> dict[str, Any]:
        if asked.method == "HEAD":
            return {"headers": {"x-amz-bucket-region": "us-east-1"}}
        return {"body": WHERE if "location" in asked.query else body}

    url = (await scripted(script)).url
    cloud: Provider
    if scheme == "s3":
        cloud = await open_s3(endpoint_url=url)
    else:
        for name in ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"):
            monkeypatch.setenv(name, "x")
        cloud = await open_oss(endpoint_url=url, path_style=True)
    assert len((await cloud.list_page("bkt")).entries) == 500
    assert waited[-1] == len(body) > LONG
