"""One contract for every cloud: the same body against the sandbox's S3 and OSS, and against moto where moto is right.

What moto gets wrong is named in ``NOT_ASSERTED_ON_MOTO``, what OSS has not in ``NOT_ON_OSS``, and is skipped by name.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest

from restoretui.core.errors import BucketNotFound, ObjectNotFound
from restoretui.core.model import Entry, ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Outcome, Provider
from restoretui.core.rules.clouds import CLOUDS
from tests.conftest import StartSandbox
from tests.narrowing import there
from tests.providers.conftest import OpenOss, OpenS3
from tests.providers.stages import (
    NO_STATUS,
    STORES,
    MotoStage,
    OssStage,
    SandboxStage,
    Stage,
    StoreStage,
)

HOSTILE_KEYS = [
    "a b+c%20d",
    "quote'\"&<>.txt",
    "\x1b[31mred\x1b[0m",
    "line\nbreak\r\n\ttab",
    "[bold]markup[/bold]",
    "\u202eright-to-left",
    "emoji/\U0001f9ca\U0001f525",
    "/leading//double/",
    "./../dots",
    "~tilde*(paren)!$,;:@=",
    "q?x=1#frag",
    "漢" * 341,
]


@pytest.fixture(params=["sandbox", "sandbox by sdk", "oss", "moto", "moto by sdk", *STORES])
async def stage(
    request: pytest.FixtureRequest, sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    where, _, client = request.param.partition(" by ")
    if client:
        monkeypatch.setenv("RESTORETUI_HTTP", client)
        for ours in (
            "restoretui.providers.s3.client.transport.ConnectionPool",
            "restoretui.providers.s3.client.request_builder.Recipe",
        ):
            monkeypatch.setattr(ours, None)  # nothing of ours is in the way
    if where != "moto":
        store = where if where in STORES else ""
        running = await sandbox(empty=True, scenario=f"store-{store}" if store else None)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"):
            monkeypatch.setenv(name, running.env[name])  # under its own keys the sandbox checks signatures
        if store:
            yield StoreStage(running, store)
        else:
            yield OssStage(running) if where == "oss" else SandboxStage(running)
        return
    url = request.getfixturevalue("moto_url")
    urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()
    staged = MotoStage(url)
    yield staged
    staged.s3.close()


@pytest.fixture
async def cloud(stage: Stage, open_s3: OpenS3, open_oss: OpenOss) -> Provider:
    if stage.scheme == "oss":
        return await open_oss(endpoint_url=stage.url, clock=stage.clock)
    store = stage.store.spec if stage.store else None
    return await open_s3(endpoint_url=stage.url, clock=stage.clock, store=store)


async def every_page(cloud: Provider, bucket: str, **options: Any) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    prefixes: list[str] = []
    token = None
    while True:
        page = await cloud.list_page(bucket, token=token, **options)
        entries += page.entries
        prefixes += page.prefixes
        token = page.next_token
        if token is None:
            return entries, prefixes


async def test_who_we_are(stage: Stage, cloud: Provider) -> None:
    who = await cloud.identity()
    assert who.account == "123456789012"
    assert who.arn.startswith("arn:aws:" if stage.scheme == "s3" else "")
    assert who.region == stage.home


async def test_buckets_in_name_order_with_their_regions(stage: Stage, cloud: Provider) -> None:
    await stage.bucket("zebra")
    await stage.bucket("alpha-eu", region=stage.abroad)
    assert [bucket.name for bucket in await cloud.list_buckets()] == ["alpha-eu", "zebra"]
    assert await cloud.bucket_region("alpha-eu") == stage.abroad
    assert await cloud.bucket_region("zebra") == stage.home
    with pytest.raises(BucketNotFound, match="'nowhere-at-all'"):
        await cloud.bucket_region("nowhere-at-all")
    with pytest.raises(BucketNotFound):
        await cloud.list_page("nowhere-at-all")


async def test_every_key_comes_as_it_is_in_binary_order(stage: Stage, cloud: Provider) -> None:
    await stage.bucket("keys")
    keys = [key for key in HOSTILE_KEYS if stage.takes(key)]
    for key in keys:
        await stage.put("keys", key)
    entries, prefixes = await every_page(cloud, "keys", max_keys=5)
    assert [entry.key for entry in entries] == sorted(keys, key=str.encode)
    assert prefixes == []
    assert {entry.storage_class for entry in entries} == {stage.cold}
    assert {entry.size for entry in entries} == {1}
    assert {entry.etag for entry in entries} == {"9dd4e461268c8034f5c8564e155c67a6"}
    now = stage.clock.now().timestamp()
    assert all(abs(there(entry.modified) - now) < 60 for entry in entries)


@pytest.mark.parametrize("key", HOSTILE_KEYS)
async def test_every_key_can_be_looked_at_and_restored(stage: Stage, cloud: Provider, key: str) -> None:
    if not stage.takes(key):
        stage.asserts("line breaks in keys")
    await stage.bucket("keys")
    await stage.put("keys", key)
    ref = ObjectRef("keys", key)
    seen = await cloud.head_object(ref)
    assert (seen.ref, seen.size, seen.storage_class, seen.restore) == (ref, 1, stage.cold, None)
    assert seen.modified is not None
    assert dict(seen.headers)["content-length"] == "1"
    answer = await cloud.restore_object(ref, RestoreRequest(2, Tier.BULK), stage.cold)
    assert (answer.outcome, answer.status) == stage.first_answer
    assert (await cloud.head_object(ref)).restore is not None


async def test_prefix_delimiter_and_start_after(stage: Stage, cloud: Provider) -> None:
    await stage.bucket("tree")
    for key in ("a/1", "a/2", "a b/1", "b", "c/ü/1", "d"):
        await stage.put("tree", key, stage.standard)
    entries, prefixes = await every_page(cloud, "tree", delimiter="/", max_keys=2)
    assert [entry.key for entry in entries] == ["b", "d"]
    assert prefixes == ["a b/", "a/", "c/"]
    entries, prefixes = await every_page(cloud, "tree", prefix="c/", delimiter="/")
    assert (entries, prefixes) == ([], ["c/ü/"])
    entries, _ = await every_page(cloud, "tree", start_after="a/2")
    assert [entry.key for entry in entries] == ["b", "c/ü/1", "d"]
    entries, _ = await every_page(cloud, "tree", prefix="nothing/")
    assert entries == []


async def test_versions_newest_first_without_delete_markers(stage: Stage, cloud: Provider) -> None:
    await stage.bucket("history", versioning=True)
    first = await stage.put("history", "k")
    await stage.put("history", "k")
    await stage.put("history", "gone/ü +")
    await stage.delete("history", "gone/ü +")
    await stage.put("history", "z", stage.standard)
    entries, _ = await every_page(cloud, "history", versions=True, max_keys=2)
    assert [entry.key for entry in entries] == ["gone/ü +", "k", "k", "z"]
    assert entries[2].version_id == first
    assert [entry.is_latest for entry in entries] == [False, True, False, True]
    assert len({entry.version_id for entry in entries}) == 4
    entries, _ = await every_page(cloud, "history", versions=True, start_after="gone/ü +")
    assert [entry.key for entry in entries] == ["k", "k", "z"]
    plain, _ = await every_page(cloud, "history")
    assert [(entry.key, entry.version_id) for entry in plain] == [("k", None), ("z", None)]
    seen = await cloud.head_object(ObjectRef("history", "k", first))
    assert seen.version_id == first


async def test_missing_things_are_missing(stage: Stage, cloud: Provider) -> None:
    await stage.bucket("some", versioning=True)
    await stage.put("some", "deleted")
    await stage.delete("some", "deleted")
    for key in ("never-was", "deleted"):
        with pytest.raises(ObjectNotFound) as caught:
            await cloud.head_object(ObjectRef("some", key))
        assert caught.value.hint
        answer = await cloud.restore_object(ObjectRef("some", key), RestoreRequest(1, Tier.STANDARD), stage.cold)
        assert answer.outcome is Outcome.GONE


async def test_what_can_be_read_is_not_restored(stage: Stage, cloud: Provider) -> None:
    await stage.bucket("some")
    await stage.put("some", "warm", stage.standard)
    answer = await cloud.restore_object(ObjectRef("some", "warm"), RestoreRequest(1, Tier.STANDARD), stage.standard)
    assert (answer.outcome, answer.status, answer.code) == (Outcome.NOT_ARCHIVED, *stage.not_archived)
    assert answer.message


async def test_a_second_restore_is_already_restoring(stage: Stage, cloud: Provider) -> None:
    stage.asserts("409 while restoring")
    await stage.bucket("some")
    await stage.put("some", "k")
    ref = ObjectRef("some", "k")
    await cloud.restore_object(ref, RestoreRequest(1, Tier.STANDARD), stage.cold)
    answer = await cloud.restore_object(ref, RestoreRequest(1, Tier.STANDARD), stage.cold)
    assert (answer.outcome, answer.status) == (Outcome.ALREADY_RESTORING, 409)
    status = (await cloud.head_object(ref)).restore
    assert status is not None
    assert status.in_progress


async def test_a_faster_tier_speeds_up(stage: Stage, cloud: Provider) -> None:
    stage.asserts("sped up while restoring")
    await stage.bucket("some")
    await stage.put("some", "k")
    ref = ObjectRef("some", "k")
    await cloud.restore_object(ref, RestoreRequest(1, Tier.BULK), stage.cold)
    answer = await cloud.restore_object(ref, RestoreRequest(1, Tier.EXPEDITED), stage.cold)
    assert answer.outcome is Outcome.ACCEPTED


async def test_a_restored_copy_becomes_available_and_goes_cold(stage: Stage, cloud: Provider) -> None:
    stage.asserts("copies expire")
    await stage.bucket("some")
    await stage.put("some", "k")
    ref = ObjectRef("some", "k")
    # The days run from the request, and some stores take two of them: asked for late on a day, two would not do.
    await cloud.restore_object(ref, RestoreRequest(3, Tier.STANDARD), stage.cold)
    rules = stage.store.rules if stage.store else CLOUDS[stage.scheme].rules
    rule = rules.archive_named(stage.cold)
    assert rule is not None
    await stage.advance(rule.windows[Tier.STANDARD].longest.total_seconds() + 3600)
    seen = await cloud.head_object(ref)
    assert seen.restore is not None
    assert not seen.restore.in_progress
    expiry = seen.restore.expiry
    assert expiry is not None
    if not stage.store:
        assert ((expiry.hour, expiry.minute) == (0, 0)) == rules.expiry_at_midnight
    assert timedelta(0) < expiry - stage.clock.now() < timedelta(days=4)
    answer = await cloud.restore_object(ref, RestoreRequest(5, Tier.STANDARD), stage.cold)
    assert (answer.outcome, answer.status) == (Outcome.UPDATED, 200)
    await stage.advance(9 * 86400)
    assert (await cloud.head_object(ref)).restore is None


async def test_listings_tell_of_restores(stage: Stage, cloud: Provider) -> None:
    stage.asserts("restore status in listings")
    await stage.bucket("some")
    for key in ("a", "b", "c"):
        await stage.put("some", key)
    await cloud.restore_object(ObjectRef("some", "b"), RestoreRequest(2, Tier.STANDARD), stage.cold)
    entries, _ = await every_page(cloud, "some")
    assert [entry.in_progress for entry in entries] == [None, True, None]
    await stage.advance(6 * 3600)
    entries, _ = await every_page(cloud, "some")
    assert [entry.in_progress for entry in entries] == [None, False, None]
    head = await cloud.head_object(ObjectRef("some", "b"))
    assert head.restore is not None
    assert head.restore.expiry == datetime.fromtimestamp(there(entries[1].expiry), UTC)
    assert cloud.capabilities.restore_status_in_list


async def test_listed_versions_tell_of_restores(stage: Stage, cloud: Provider) -> None:
    stage.asserts("version id on restore")
    await stage.bucket("history", versioning=True)
    first = await stage.put("history", "k")
    await stage.put("history", "k")
    answer = await cloud.restore_object(ObjectRef("history", "k", first), RestoreRequest(2, Tier.BULK), stage.cold)
    assert answer.outcome is stage.first_answer[0]
    if stage.store is None or stage.store.name not in NO_STATUS:
        entries, _ = await every_page(cloud, "history", versions=True)
        assert [entry.in_progress for entry in entries] == [None, True]
    answer = await cloud.restore_object(
        ObjectRef("history", "k", "no-such"), RestoreRequest(2, Tier.BULK), stage.cold
    )
    assert answer.outcome in (Outcome.GONE, Outcome.REFUSED)


async def test_intelligent_tiering_takes_no_days(stage: Stage, cloud: Provider) -> None:
    stage.asserts("Intelligent-Tiering archives")
    await stage.bucket("smart")
    await stage.put("smart", "cold", "INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS")
    await stage.put("smart", "warm", "INTELLIGENT_TIERING")
    seen = await cloud.head_object(ObjectRef("smart", "cold"))
    assert (seen.storage_class, seen.archive_status) == ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS")
    request = RestoreRequest(7, Tier.STANDARD)
    answer = await cloud.restore_object(ObjectRef("smart", "cold"), request, "INTELLIGENT_TIERING")
    assert answer.outcome is Outcome.ACCEPTED
    await stage.advance(6 * 3600)
    seen = await cloud.head_object(ObjectRef("smart", "cold"))
    assert (seen.archive_status, seen.restore) == (None, None)
    answer = await cloud.restore_object(ObjectRef("smart", "warm"), request, "INTELLIGENT_TIERING")
    assert answer.outcome is Outcome.NOT_ARCHIVED


async def test_a_tier_the_class_does_not_take_is_refused(stage: Stage, cloud: Provider) -> None:
    stage.asserts("tiers and days are checked")
    await stage.bucket("some")
    await stage.put("some", "deep", stage.deep)
    answer = await cloud.restore_object(
        ObjectRef("some", "deep"), RestoreRequest(1, there(stage.missing_tier)), stage.deep
    )
    assert answer.outcome is Outcome.REFUSED
    assert answer.code


async def test_many_at_once(stage: Stage, cloud: Provider) -> None:
    await stage.bucket("many")
    for number in range(40):
        await stage.put("many", f"k{number:02d}")
    refs = [ObjectRef("many", f"k{number:02d}") for number in range(40)]
    answers = await asyncio.gather(
        *(cloud.restore_object(ref, RestoreRequest(1, Tier.STANDARD), stage.cold) for ref in refs)
    )
    assert {answer.outcome for answer in answers} == {stage.first_answer[0]}
    assert all(seen.restore for seen in await asyncio.gather(*(cloud.head_object(ref) for ref in refs)))
