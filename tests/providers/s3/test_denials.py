"""What only some requests suffer: denied prefixes, no Expedited capacity, a cloud that is away for a while."""

import pytest

from restoretui.core.errors import (
    AccessDenied,
    ConnectionLost,
    Unreachable,
)
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Outcome

WISH = RestoreRequest(2, Tier.STANDARD)


@pytest.fixture
async def cloud(sandbox, monkeypatch):
    """A sandbox with two archived objects."""
    running = await sandbox(empty=True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, running.env[name])
    running.cloud.add_bucket("bkt")
    for key in ("open/k", "shut/k"):
        running.cloud.put("bkt", key, storage_class="GLACIER")
    return running


@pytest.fixture
async def s3(cloud, open_s3):
    provider = await open_s3(endpoint_url=cloud.url, clock=cloud.clock)
    await provider.bucket_region("bkt")
    return provider


def strike(cloud, kind, **fault):
    cloud.faults.add({"kind": kind, **fault}, cloud.cloud.now())


OPEN, SHUT = ObjectRef("bkt", "open/k"), ObjectRef("bkt", "shut/k")


async def test_a_denied_prefix_leaves_the_rest_alone(cloud, s3):
    strike(cloud, "deny", prefix="shut/")
    with pytest.raises(AccessDenied) as caught:
        await s3.list_page("bkt", "shut/")
    assert "s3:ListBucket" in caught.value.hint
    with pytest.raises(AccessDenied):
        await s3.head_object(SHUT)
    answer = await s3.restore_object(SHUT, WISH, "GLACIER")
    assert (answer.outcome, answer.code) == (Outcome.DENIED, "AccessDenied")
    assert answer.request_id
    assert (await s3.restore_object(OPEN, WISH, "GLACIER")).outcome is Outcome.ACCEPTED


async def test_no_expedited_capacity_is_an_outcome(cloud, s3):
    strike(cloud, "no-expedited")
    answer = await s3.restore_object(OPEN, RestoreRequest(1, Tier.EXPEDITED), "GLACIER")
    assert (answer.outcome, answer.status) == (Outcome.NO_CAPACITY, 503)
    assert (await s3.restore_object(OPEN, WISH, "GLACIER")).outcome is Outcome.ACCEPTED


async def test_a_cloud_that_is_down_is_unreachable_and_comes_back(cloud, s3):
    await cloud.go_down()
    for _ in range(2):
        with pytest.raises((Unreachable, ConnectionLost)):
            await s3.restore_object(OPEN, WISH, "GLACIER")
    with pytest.raises(Unreachable):
        await s3.head_object(OPEN)
    await cloud.come_back()
    assert (await s3.restore_object(OPEN, WISH, "GLACIER")).outcome is Outcome.ACCEPTED
    assert cloud.stats.requests["RestoreObject"] == 1


async def test_listings_that_tell_nothing_are_noticed(cloud, s3):
    strike(cloud, "quirk", name="no-restore-status")
    await s3.restore_object(OPEN, WISH, "GLACIER")
    assert await s3.check_listings(OPEN) is False
    assert not s3.capabilities.restore_status_in_list


async def test_a_permanent_copy_has_no_expiry(cloud, s3):
    strike(cloud, "quirk", name="no-expiry")
    await s3.restore_object(OPEN, WISH, "GLACIER")
    await cloud.advance(6 * 3600)
    seen = (await s3.head_object(OPEN)).restore
    assert seen is not None
    assert (seen.in_progress, seen.expiry) == (False, None)
    (entry,) = (await s3.list_page("bkt", "open/")).entries
    assert (entry.in_progress, entry.expiry) == (False, None)


async def test_a_first_200_is_taken_for_what_it_is(cloud, s3):
    strike(cloud, "quirk", name="first-200")
    answer = await s3.restore_object(OPEN, WISH, "GLACIER")
    assert (answer.outcome, answer.status) == (Outcome.UPDATED, 200)


async def test_a_listing_costs_one_request_a_page_and_a_restore_one(cloud, s3):
    await s3.restore_object(OPEN, WISH, "GLACIER")
    await s3.head_object(OPEN)
    await s3.list_page("bkt")
    await s3.list_page("bkt", versions=True)
    assert dict(cloud.stats.requests) == {
        "HeadBucket": 1,
        "RestoreObject": 1,
        "HeadObject": 1,
        "ListObjectsV2": 1,
        "ListObjectVersions": 1,
    }
