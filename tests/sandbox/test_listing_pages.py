"""Listings against a sorted model, through the SDK, with keys as hostile as they come."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aioboto3.session import Session
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.sandbox import SandboxOptions, serve
from restoretui.sandbox.world.odd_names import ODD_KEYS
from tests.conftest import StartSandbox
from tests.sandbox.conftest import Connect

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
STRUCTURED = st.text(st.sampled_from("ab/-%+ é😀\U0010ffff\n\x1b"), min_size=1, max_size=7)
KEYS = st.lists(st.one_of(ANYTHING, STRUCTURED, st.sampled_from(ODD_KEYS)), unique=True, max_size=25).map(sorted)


class Lane:
    """A sandbox and a client in a loop of their own, so that one pair serves many examples."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.stack = AsyncExitStack()
        self.running = await self.stack.enter_async_context(
            await serve(SandboxOptions(empty=True), clock=ManualClock())
        )
        client = Session().client("s3", **self.running.client_options)
        self.s3 = await self.stack.enter_async_context(client)

    def fill(self, keys: list[str]) -> None:
        self.running.cloud.add_bucket("b")
        for key in keys:
            self.running.cloud.put("b", key, size=len(key), storage_class="GLACIER")

    def close(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    lane = Lane()
    yield lane
    lane.close()


def model(keys: list[str], prefix: str, delimiter: str) -> list[tuple[str, str]]:
    """What a listing shows: keys and common prefixes, in one order."""
    shown = []
    for key in keys:
        if key.startswith(prefix):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            item = ("prefix", key[: cut + len(delimiter)]) if cut >= 0 else ("key", key)
            if item not in shown:
                shown.append(item)
    return shown


async def pages_v2(s3: Any, page_size: int, **asked: Any) -> list[tuple[str, str]]:
    shown, token, count = [], None, 0
    while True:
        more: dict[str, Any] = {"ContinuationToken": token} if token else {}
        page = await s3.list_objects_v2(Bucket="b", MaxKeys=page_size, **asked, **more)
        items = [("key", entry["Key"]) for entry in page.get("Contents", [])]
        items += [("prefix", entry["Prefix"]) for entry in page.get("CommonPrefixes", [])]
        assert page["KeyCount"] == len(items) <= page_size
        shown += sorted(items, key=lambda item: item[1])
        count += 1
        if not page["IsTruncated"]:
            return shown
        assert items, "a truncated page must get somewhere"
        assert count < 100
        token = page["NextContinuationToken"]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=KEYS,
    page_size=st.integers(1, 6),
    prefix=st.sampled_from(["", "a", "a/", "é", "folder/", "\U0010ffff"]),
    delimiter=st.sampled_from(["", "/", "a", "%", "😀/"]),
)
@example(sorted(ODD_KEYS), 3, "", "/")
@example(["\U0010ffff", "\U0010ffff\U0010ffff"], 1, "\U0010ffff", "\U0010ffff")
def test_pages_join_to_the_whole(lane: Lane, keys: list[str], page_size: int, prefix: str, delimiter: str) -> None:
    lane.fill(keys)
    asked = {"Prefix": prefix, "Delimiter": delimiter}
    assert lane.runner.run(pages_v2(lane.s3, page_size, **asked)) == model(keys, prefix, delimiter)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=KEYS, start=st.one_of(ANYTHING, STRUCTURED), prefix=st.sampled_from(["", "a"]))
def test_start_after(lane: Lane, keys: list[str], start: str, prefix: str) -> None:
    lane.fill(keys)
    shown = lane.runner.run(pages_v2(lane.s3, 4, StartAfter=start, Prefix=prefix))
    assert [key for _, key in shown] == [key for key in keys if key > start and key.startswith(prefix)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=KEYS,
    page_size=st.integers(1, 6),
    prefix=st.sampled_from(["", "a", "folder/"]),
    delimiter=st.sampled_from(["", "/", "a"]),
)
def test_first_version_of_the_api(lane: Lane, keys: list[str], page_size: int, prefix: str, delimiter: str) -> None:
    lane.fill(keys)

    async def read() -> list[tuple[str, str]]:
        shown = []
        pages = lane.s3.get_paginator("list_objects").paginate(
            Bucket="b", Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": page_size}
        )
        async for page in pages:
            items = [("key", entry["Key"]) for entry in page.get("Contents", [])]
            items += [("prefix", entry["Prefix"]) for entry in page.get("CommonPrefixes", [])]
            shown += sorted(items, key=lambda item: item[1])
        return shown

    assert lane.runner.run(read()) == model(keys, prefix, delimiter)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=KEYS)
def test_every_key_can_be_looked_at_restored_and_deleted(lane: Lane, keys: list[str]) -> None:
    lane.fill(keys)

    async def visit() -> list[str]:
        for key in keys:
            head = await lane.s3.head_object(Bucket="b", Key=key)
            assert head["ContentLength"] == len(key)
            await lane.s3.restore_object(Bucket="b", Key=key, RestoreRequest={"Days": 1})
        asked = [entry["key"] for entry in lane.running.control.restores("b")]
        assert asked == keys
        for key in keys[::2]:
            await lane.s3.delete_object(Bucket="b", Key=key)
        if keys[1::2]:
            gone = {"Objects": [{"Key": key} for key in keys[1::2] if key.isprintable()]}
            if gone["Objects"]:
                await lane.s3.delete_objects(Bucket="b", Delete=gone)
        return [row.key for row in lane.running.cloud.buckets["b"].rows()]

    assert lane.runner.run(visit()) == [key for key in keys[1::2] if not key.isprintable()]


async def test_odd_names_survive_without_url_encoding(sandbox: StartSandbox) -> None:
    # What a client sees that asks for plain XML: all that XML 1.0 can hold, as it is.
    from restoretui.sandbox.s3.lists import list_objects_v2
    from restoretui.sandbox.wire.call_reply import Call, parse_xml

    running = await sandbox(empty=True)
    bucket = running.cloud.add_bucket("b")
    keys = [
        key for key in ODD_KEYS if not any(ord(c) < 32 and c not in "\t\n\r" for c in key) and "\ufffe" not in key
    ]
    for key in keys:
        running.cloud.put("b", key, b"")
    reply = list_objects_v2(bucket, Call("GET", "/b", {}, {}), running.cloud.now())
    assert [item.findtext("Key") for item in parse_xml(reply.body, "ListBucketResult").iter("Contents")] == sorted(
        keys
    )


async def test_restore_status_only_when_asked(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    s3 = await connect(running)
    running.cloud.put("b", "k", b"x", storage_class="GLACIER")
    running.cloud.put("b", "never", b"x", storage_class="GLACIER")
    running.cloud.restore("b", "k", days=1)
    page = await s3.list_objects_v2(Bucket="b")
    assert all("RestoreStatus" not in entry for entry in page["Contents"])
    page = await s3.list_objects_v2(Bucket="b", OptionalObjectAttributes=["RestoreStatus"])
    assert page["Contents"][0]["RestoreStatus"] == {"IsRestoreInProgress": True}
    assert "RestoreStatus" not in page["Contents"][1]
    with pytest.raises(ClientError) as caught:
        await s3.list_objects_v2(Bucket="b", OptionalObjectAttributes=["ArchiveStatus"])
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"


async def test_bad_arguments(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    s3 = await connect(running)
    for asked in ({"ContinuationToken": "???"}, {"ContinuationToken": "AAAA"}, {"MaxKeys": -1}):
        with pytest.raises(ClientError, match="InvalidArgument"):
            await s3.list_objects_v2(Bucket="b", **asked)
    page = await s3.list_objects_v2(Bucket="b", MaxKeys=0)
    assert (page["KeyCount"], page["IsTruncated"]) == (0, False)
    with pytest.raises(s3.exceptions.NoSuchBucket):
        await s3.list_objects_v2(Bucket="nothing")


async def test_a_page_holds_a_thousand(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox(objects=2500)
    s3 = await connect(running)
    sizes = []
    async for page in s3.get_paginator("list_objects_v2").paginate(Bucket="acme-media-archive"):
        sizes.append(page["KeyCount"])
    assert sizes == [1000, 1000, 500]
    page = await s3.list_objects_v2(Bucket="acme-media-archive", MaxKeys=5000)
    assert page["KeyCount"] == 1000
