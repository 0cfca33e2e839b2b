"""The archived version goes once its copy is verified, by its number alone, and never what is not that version."""

from decimal import Decimal
from typing import Any

import pytest

from restoretui.core.errors import GuardStopped, UsageError
from restoretui.core.model import State, Tier
from restoretui.core.plan.offers import offer_of
from restoretui.core.then.parts import GIB
from restoretui.core.then.said import read_steps, words_of
from restoretui.core.then.steps import ThenKind, ThenStep
from restoretui.sandbox.world.oss import REGION
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose
from tests.engine.then.doing import GLACIER, done, finished, planned, sent, tasks


def versions(bucket: Any) -> dict[str, list[int]]:
    """By key, the kinds of its versions, the newest first."""
    found: dict[str, list[int]] = {}
    for row in bucket.rows():
        found.setdefault(row.key, []).append(row.kind)
    return found


async def test_the_version_that_was_copied_is_removed_and_no_other(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    bucket = running.cloud.add_bucket("kept", versioning=True)
    running.cloud.put("kept", "two", body=b"older", **GLACIER)
    for key in ("plain", "two", "locked", "denied"):
        running.cloud.put("kept", key, body=key.encode(), **GLACIER)
    running.cloud.put("kept", "film", size=6 * GIB, **GLACIER)
    running.cloud.put("kept", "warm", body=b"warm")
    _, row = bucket.find("locked", None)
    bucket.retained[row.tag] = running.cloud.now() + 900 * 86_400
    running.faults.set(
        [
            {"kind": "drop", "when": "after", "operations": ["DeleteObject"], "prefix": "plain", "times": 1},
            {"kind": "deny", "operations": ["DeleteObject"], "prefix": "denied"},
        ],
        running.cloud.now(),
    )
    session = await session_on(running)
    with pytest.raises(GuardStopped, match="5 archived versions would be removed for good, not 4") as stopped:
        await planned(session, ["copy"], "s3://kept", delete_archived=4)
    assert "--delete-archived 5" in stopped.value.hint
    run = await planned(session, ["copy"], "s3://kept", delete_archived=5)
    session.start_engine()
    run = await finished(session, run)
    copies, removed = run.then
    found = await tasks(session, run)
    assert (copies.done, removed.done, removed.failed) == (5, 3, 2), found
    assert "Object Lock keeps it until" in found["delete-archived", "locked"].reason
    assert "s3:DeleteObjectVersion is missing" in found["delete-archived", "denied"].reason
    left = versions(bucket)
    assert {key: len(kinds) for key, kinds in left.items()} == {
        "plain": 1, "film": 1, "two": 2, "locked": 2, "denied": 2, "warm": 1,
    }  # fmt: skip
    assert running.cloud.state("kept", "plain") is State.ONLINE
    assert sent(running)["DeleteObject"] == 4  # Of what is locked none is asked; the lost answer is looked up.
    running.faults.clear()
    offer = await session.spending.offer_then(run.id)
    await session.spending.retry_then(await session.spending.agree([offer]), run.id)
    run = await finished(session, run)
    assert (run.then[1].done, run.then[1].failed) == (4, 1)


async def test_elsewhere_it_goes_from_where_it_was_and_stays_where_the_copy_is_not_ours(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    cold, warm = (running.cloud.add_bucket(name, region=REGION, scheme="oss") for name in ("cold", "warm"))
    for key in ("a", "b"):
        running.cloud.put("cold", key, body=key.encode(), storage_class="ColdArchive")
    running.cloud.put("warm", "k/b", body=b"somebody's", storage_class="Standard")
    session = await session_on(running, oss_endpoint=running.url)
    run = await done(session, ["copy:oss://warm/k/"], "oss://cold", delete_archived=2)
    found = await tasks(session, run)
    assert found["delete-archived", "a"].state.value == "done", found
    assert found["delete-archived", "b"].reason == "not begun: the step before it failed"
    assert sorted(versions(cold)) == ["b"]
    assert sorted(versions(warm)) == ["k/a", "k/b"]


async def test_it_is_priced_as_if_it_came_today_and_without_versions_there_is_nothing_to_remove(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for key, storage_class in (("a", "GLACIER"), ("b", "DEEP_ARCHIVE")):
        running.cloud.put("cold", key, size=GIB, storage_class=storage_class)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    plan = await session.then.planned(await session.plan(sel, 5), read_steps(["copy"], delete_archived=2))
    _, fee = plan.tiers[Tier.BULK].then
    per_gib = 1 + Decimal(32) / (1 << 20)
    assert fee.cost.then == per_gib * (Decimal("0.0036") * 3 + Decimal("0.00099") * 6)
    assert fee.cost.total < offer_of(plan, Tier.BULK).cost
    assert any("the archived version that was copied" in text for text in await session.then.remarks(plan))
    run = await done(session, ["copy"], delete_archived=2)
    assert {row.reason for (kind, _), row in (await tasks(session, run)).items() if kind == "delete-archived"} == {
        "the copy took its place: no archived version is left"
    }
    # Where versions are no longer kept, a copy takes the place of the one without an id, too.
    bucket = running.cloud.add_bucket("paused", versioning=True)
    bucket.set_versioning("Suspended")
    running.cloud.put("paused", "a", body=b"a", **GLACIER)
    run = await done(session, ["copy"], "s3://paused", delete_archived=1)
    assert [step.done for step in run.then] == [1, 1], await tasks(session, run)
    assert running.cloud.state("paused", "a") is State.ONLINE
    assert "DeleteObject" not in sent(running)


def test_it_is_said_with_its_number() -> None:
    steps = read_steps(["copy", "presign", "exec:true"], delete_archived=7)
    assert [step.kind for step in steps] == [ThenKind.COPY, ThenKind.PRESIGN, ThenKind.EXEC, ThenKind.DISCARD]
    assert words_of(steps) == ["--then", "copy", "--then", "presign", "--then", "exec:true", "--delete-archived", "7"]
    assert ThenStep.from_mapping(steps[3].kind, "", steps[3].to_mapping()) == steps[3]
    with pytest.raises(UsageError, match="which jobs do not tell"):
        read_steps(["copy"], delete_archived=7, copy_engine="batch")
    with pytest.raises(UsageError, match="and there is none"):
        read_steps(["exec:true"], delete_archived=7)
    with pytest.raises(UsageError, match="no step 'delete-archived'"):
        read_steps(["delete-archived"])
