"""The seeded world: what it shows, that it is the same again, and that it may be huge."""

import time
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from restoretui.core.clock import Clock, ManualClock
from restoretui.core.location import check_key
from restoretui.core.model import State
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER
from restoretui.sandbox.state.listing import After, list_current
from restoretui.sandbox.state.restore import Restore
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.world.odd_names import ODD_KEYS
from restoretui.sandbox.world.world import build_world

DAY = 86400


def world(seed: int = 1, objects: int | None = None, clock: Clock | None = None) -> Cloud:
    cloud = Cloud(clock or ManualClock(), seed)
    build_world(cloud, objects)
    return cloud


def picture(cloud: Cloud) -> dict[str, tuple[list[Row], dict[int, Restore]]]:
    return {name: (list(bucket.rows()), bucket.restores) for name, bucket in cloud.buckets.items()}


def states(cloud: Cloud, bucket: str) -> Counter[State | None]:
    return Counter(
        cloud.state(bucket, row.key) for row in cloud.buckets[bucket].rows() if row.kind & MARKER != MARKER
    )


def test_same_seed_same_world() -> None:
    assert picture(world(seed=3)) == picture(world(seed=3))
    assert picture(world(seed=3)) != picture(world(seed=4))


def test_every_state_and_class_is_there() -> None:
    cloud = world()
    for bucket in ("acme-media-archive", "acme-genomics-cold", "acme-odd-names", "acme-frankfurt-archive"):
        assert set(states(cloud, bucket)) >= {State.ARCHIVED, State.RESTORING, State.AVAILABLE, State.ONLINE}, bucket
    kinds = {row.kind for bucket in cloud.buckets.values() if bucket.scheme == "s3" for row in bucket.rows()}
    # All but the two classes nobody archives from.
    assert len(kinds - {MARKER}) == 8
    tiering = states(cloud, "acme-backups-tiering")
    assert tiering[State.ONLINE] > 10
    assert tiering[State.ARCHIVED] > 10
    assert tiering[State.RESTORING] > 2


@pytest.mark.dated
def test_the_world_is_whole_on_every_day(epoch: datetime) -> None:
    """Every state is there, and nothing was written after now."""
    cloud = world(clock=ManualClock(epoch))
    now = cloud.now()
    assert now == epoch.timestamp()
    for bucket in ("acme-media-archive", "acme-genomics-cold", "acme-odd-names", "acme-frankfurt-archive"):
        assert set(states(cloud, bucket)) >= {State.ARCHIVED, State.RESTORING, State.AVAILABLE, State.ONLINE}, bucket
    assert all(row.modified <= now for bucket in cloud.buckets.values() for row in bucket.rows())


def test_restored_copies_end_tonight_tomorrow_and_later() -> None:
    cloud = world()
    now = cloud.now()
    ends = {
        restore.until for restore in cloud.buckets["acme-media-archive"].restores.values() if restore.available(now)
    }
    assert {end % DAY for end in ends} == {0.0}
    assert min(ends) - now <= DAY < max(ends) - now


def test_versions_and_markers() -> None:
    cloud = world()
    bucket = cloud.buckets["acme-legal-versions"]
    rows = list(bucket.rows())
    noncurrent = [row for old, row in pairwise(rows) if old.key == row.key]
    assert any(row.kind & MARKER == MARKER for row in rows)
    assert len(noncurrent) > 50
    assert bucket.current_objects() < len({row.key for row in rows})


def test_nothing_is_from_the_future() -> None:
    for clock in (
        ManualClock(),
        ManualClock(datetime(2024, 2, 29, tzinfo=UTC)),
        ManualClock(datetime(2031, 7, 1, tzinfo=UTC)),
    ):
        cloud = world(clock=clock)
        for bucket in cloud.buckets.values():
            assert all(row.modified < cloud.now() for row in bucket.rows())
            assert all(restore.asked < cloud.now() for restore in bucket.restores.values())


def test_odd_keys_are_valid_and_all_there() -> None:
    assert len(set(ODD_KEYS)) == len(ODD_KEYS)
    assert all(check_key(key) for key in ODD_KEYS)
    assert len(ODD_KEYS[-1].encode()) == 1024
    assert [row.key for row in world().buckets["acme-odd-names"].rows()] == sorted(ODD_KEYS)


@pytest.mark.parametrize("objects", [0, 1, 5, 99, 100, 101, 777, 2000, 10_000])
def test_first_bucket_has_the_size_asked_for(objects: int) -> None:
    cloud = world(objects=objects)
    first, *others = cloud.buckets.values()
    assert first.name == "acme-media-archive"
    assert first.current_objects() == len(first.table) == objects
    assert all(len(bucket.table) < 500 for bucket in others)


def test_a_million_objects() -> None:
    began = time.perf_counter()
    cloud = world(objects=1_000_000)
    built = time.perf_counter() - began
    bucket = cloud.buckets["acme-media-archive"]
    assert len(bucket.table) == 1_000_000
    # Generous for a busy machine: half a second is usual.
    assert built < 10
    began = time.perf_counter()
    shown, after, pages = 0, After(""), 0
    while True:
        page = list_current(bucket, "", "", after, 1000)
        shown += len(page.rows.keys)
        pages += 1
        if page.next is None:
            break
        after = page.next
    assert (shown, pages) == (1_000_000, 1000)
    assert time.perf_counter() - began < 10
    first = list_current(bucket, "", "/", After(""), 1000)
    assert (list(first.rows.keys), first.prefixes) == (["README.txt"], ["archive/", "catalog/"])
    for number in range(1000):
        cloud.put("acme-media-archive", f"archive/2021/03/cam-07/extra-{number}", size=1, storage_class="GLACIER")
        cloud.restore("acme-media-archive", f"archive/2021/03/cam-07/extra-{number}", days=1)
    assert len(bucket.table) == 1_001_000
