"""One status round: every job is seen, at the price of at most one request per page or per key."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.core.errors import AccessDenied, ObjectNotFound
from restoretui.core.model import Entry, Look, ObjectDetail, ObjectRef, Page, RestoreStatus, State, Tier
from restoretui.core.provider import Capabilities
from restoretui.core.rules.s3 import S3
from restoretui.core.rules.verdicts import Action
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.engine.watching.sweep import Habits, Sight, Sweeper, just_before
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import RestoreJob
from restoretui.ledger.runs.watch_queries import AwaitedColumns

PAGE = 10


class ListedCloud:
    """Sorted keys in one bucket, pages of ten; counts what it is asked."""

    capabilities = Capabilities(max_rate=1000.0)

    def __init__(self, keys: Sequence[str], *, storage_class: str = "GLACIER", lists_status: bool = True) -> None:
        self.keys = sorted(set(keys))
        self.storage_class = storage_class
        self.lists_status = lists_status
        self.deny_list = False
        self.gone: set[str] = set()
        self.lists = self.heads = 0

    async def list_page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", versions: bool = False
    ) -> Page:
        self.lists += 1
        if self.deny_list:
            raise AccessDenied("no s3:ListBucket", code="AccessDenied", status=403)
        keys = [key for key in self.keys if key.startswith(prefix)]
        at = bisect_right(keys, start_after)
        page = keys[at : at + PAGE]
        status = False if self.lists_status else None
        entries = [Entry(key, None, 1, 0, self.storage_class, status, 2_000_000_000) for key in page]
        return Page(entries, [], "more" if at + PAGE < len(keys) else None)

    async def head_object(self, ref: ObjectRef) -> ObjectDetail:
        self.heads += 1
        if ref.key in self.gone:
            raise ObjectNotFound("no such key", code="404", status=404)
        return ObjectDetail(ref, 1, None, self.storage_class, RestoreStatus(True))


def job(number: int, key: str, state: State = State.RESTORING, storage_class: str = "GLACIER") -> RestoreJob:
    return RestoreJob(
        number, 1, CloudId("s3"), ObjectRef("b", key), 1, storage_class, storage_class, Action.START, state,
        Tier.BULK, 1, 0.0, 0.0, None, False,
    )  # fmt: skip


def look(cloud: ListedCloud, keys: Sequence[str], habits: Habits | None = None, **fields: object) -> list[Sight]:
    clock = ManualClock()
    reader = RetryingReads(clock, CircuitBreaker(clock), HealthBoard(lambda: None))
    counted = [0, 0]

    def count(lists: int, heads: int) -> None:
        counted[0] += lists
        counted[1] += heads

    jobs = [job(number, key, **fields) for number, key in enumerate(sorted(keys))]  # type: ignore[arg-type]
    some = AwaitedColumns(
        [job.ref.key for job in jobs],
        [""] * len(jobs),
        [job.id for job in jobs],
        ["r" if job.state is State.RESTORING else "" for job in jobs],
    )

    async def whole(ids: Sequence[int]) -> list[RestoreJob]:
        return [job for job in jobs if job.id in set(ids)]

    habits = habits if habits is not None else Habits()
    sweeper = Sweeper(cloud, S3, clock, reader, count, whole, habits)  # type: ignore[arg-type]

    async def go() -> list[Sight]:
        return [sight async for sights in sweeper.sweep("b", some) for sight in sights]

    before = (cloud.lists, cloud.heads)
    seen = asyncio.run(go())
    if not cloud.deny_list:
        assert (cloud.lists - before[0], cloud.heads - before[1]) == tuple(counted)
    return seen


KEYS = st.sets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), min_size=1, max_size=120)


@settings(max_examples=150, deadline=None)
@given(keys=KEYS, data=st.data())
def test_a_round_sees_every_job_for_at_most_one_request_per_page_or_key(keys: set[str], data: st.DataObject) -> None:
    ordered = sorted(keys)
    tracked = data.draw(st.lists(st.sampled_from(ordered), unique=True, min_size=1))
    cloud = ListedCloud(ordered)
    habits = Habits()
    pages = len({ordered.index(key) // PAGE for key in tracked})
    for _ in range(3):
        before = cloud.lists + cloud.heads
        seen = look(cloud, tracked, habits)
        assert sorted(sight.job.ref.key for sight in seen) == sorted(tracked)
        assert all(sight.seen is not None for sight in seen)
        assert cloud.lists + cloud.heads - before <= min(pages, len(tracked))


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8))
def test_just_before_sorts_below_the_key_and_above_its_siblings(key: str) -> None:
    start = just_before(key)
    assert start.encode() < key.encode()
    assert len(start.encode()) <= max(len(key.encode()), 1024)


@pytest.mark.parametrize("key", ["a\x00", "\x00", "\ue000x\ue000", "z" * 1024, "é" * 512])
def test_just_before_holds_at_the_edges(key: str) -> None:
    assert just_before(key).encode() < key.encode()
    assert len(just_before(key).encode()) <= 1024


def test_a_key_alone_in_its_page_is_looked_at_by_head_from_then_on() -> None:
    cloud = ListedCloud([f"k{n:03}" for n in range(100)])
    habits = Habits()
    assert {sight.look for sight in look(cloud, ["k005", "k095"], habits)} == {Look.LIST}
    assert {sight.look for sight in look(cloud, ["k005", "k095"], habits)} == {Look.HEAD}


def test_listing_denied_falls_back_to_heads() -> None:
    cloud = ListedCloud(["a", "b", "c"])
    cloud.deny_list = True
    habits = Habits()
    assert [sight.look for sight in look(cloud, ["a", "b", "c"], habits)] == [Look.HEAD] * 3
    assert cloud.lists == 1, "it is not asked again"
    look(cloud, ["a", "b", "c"], habits)
    assert cloud.lists == 1


def test_a_store_that_lists_no_status_is_noticed_and_headed() -> None:
    cloud = ListedCloud([f"k{n}" for n in range(5)], lists_status=False)
    habits = Habits()
    assert {sight.look for sight in look(cloud, cloud.keys, habits)} == {Look.HEAD}
    assert habits.status_unlisted
    lists = cloud.lists
    look(cloud, cloud.keys, habits)
    assert cloud.lists == lists


def test_intelligent_tiering_needs_a_head_when_the_listing_is_silent() -> None:
    cloud = ListedCloud(["a", "b"], storage_class="INTELLIGENT_TIERING", lists_status=False)
    seen = look(cloud, ["a", "b"], storage_class="INTELLIGENT_TIERING")
    assert {sight.look for sight in seen} == {Look.HEAD}


def test_a_vanished_key_is_looked_for_and_seen_to_be_gone() -> None:
    cloud = ListedCloud(["a", "c"])
    cloud.gone.add("b")
    gone = {sight.job.ref.key: sight.seen.gone for sight in look(cloud, ["a", "b", "c"]) if sight.seen}
    assert gone == {"a": False, "b": True, "c": False}


def test_a_server_that_ignores_start_after_is_not_looped_on() -> None:
    class Stubborn(ListedCloud):
        async def list_page(self, bucket: str, prefix: str = "", **_: object) -> Page:
            self.lists += 1
            return Page([Entry(key, None, 1, 0, "GLACIER", False, 2) for key in self.keys[:PAGE]], [], "more")

    cloud = Stubborn([f"k{n:03}" for n in range(100)])
    seen = look(cloud, cloud.keys[50:])
    assert len(seen) == 50
    assert cloud.lists < 5


class Briefly(ListedCloud):
    """A cloud of which pages can be read for what is being restored."""

    capabilities = Capabilities(max_rate=1000.0, lists_restores=True)
    briefly = 0

    async def restores_page(self, bucket: str, prefix: str, *, start_after: str) -> Page:
        self.briefly += 1
        return await self.list_page(bucket, prefix, start_after=start_after)


def test_pages_are_read_briefly_where_all_that_is_awaited_is_being_restored() -> None:
    cloud = Briefly([f"k{n:03}" for n in range(30)])
    assert len(look(cloud, cloud.keys)) == 30
    assert (cloud.briefly, cloud.lists) == (3, 3)
    look(cloud, cloud.keys, state=State.REQUESTED)
    assert (cloud.briefly, cloud.lists) == (3, 6), "what an object is has to be told of each"
