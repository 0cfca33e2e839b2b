"""A plan says what lifecycle rules delete before its copies would end; it does without where they cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

from restoretui.core.model import ObjectRef, Tier
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.state.bucket import Expiration
from restoretui.session.planning import RULES_KNOWN_S
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose
from tests.narrowing import there


async def bucket(sandbox: StartSandbox, scheme: str = "s3") -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    region = "cn-hangzhou" if scheme == "oss" else "us-east-1"
    running.cloud.add_bucket("cold", region=region, scheme=scheme)
    running.cloud.expire("cold", [Expiration("old-logs", "logs/", 400)])
    now = datetime.fromtimestamp(running.cloud.now(), UTC)
    for number, key in enumerate(["logs/a", "logs/b", "logs/c", "films/a"]):
        archived = "ColdArchive" if scheme == "oss" else "GLACIER"
        running.cloud.put("cold", key, size=10, storage_class=archived, modified=now - timedelta(days=number))
    running.cloud.put("cold", "logs/online", size=10, storage_class="Standard" if scheme == "oss" else "STANDARD")
    return running


async def planned(session: Session, days: int) -> Any:
    return await session.plan(await choose(session, "s3://cold"), days)


async def test_archived_objects_that_a_rule_deletes_earlier_are_counted(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await bucket(sandbox)
    session = await session_on(running)
    assert not (await planned(session, 30)).expiring
    made = await planned(session, 500)
    (one,) = made.expiring
    assert (one.bucket, there(one.rule).name, one.objects) == ("cold", "old-logs", 3)
    assert one.first.hour == 0
    assert one.first < made.expiry
    assert made.tiers[Tier.BULK].requests == 4


async def test_where_the_rules_cannot_be_read_the_plan_is_made_all_the_same(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await bucket(sandbox)
    running.faults.set([{"kind": "deny", "operations": ["GetBucketLifecycleConfiguration"]}], running.cloud.now())
    session = await session_on(running)
    made = await planned(session, 500)
    assert (list(made.expiring), made.rules_unread) == ([], {"cold": "AccessDenied"})
    assert made.tiers[Tier.BULK].requests == 4


async def test_rules_of_oss_are_heard_too_and_their_denial_is_no_obstacle(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await bucket(sandbox, "oss")
    for days in (320, 360):
        late = datetime.fromtimestamp(running.cloud.now(), UTC) - timedelta(days=days)
        running.cloud.put("cold", f"logs/{days}", size=10, storage_class="ColdArchive", modified=late)
    session = await session_on(running, oss_endpoint=running.url, oss_region="cn-hangzhou")
    made = await session.plan(await choose(session, "oss://cold"), 60, scheme="oss")
    (one,) = made.expiring
    assert (one.bucket, there(one.rule).name, one.objects) == ("cold", "old-logs", 1)
    running.faults.set([{"kind": "deny", "operations": ["GetBucketLifecycle"]}], running.cloud.now())
    await running.advance(RULES_KNOWN_S + 1)
    made = await session.plan(await choose(session, "oss://cold"), 60, scheme="oss")
    assert (list(made.expiring), made.rules_unread) == ([], {"cold": "AccessDenied"})
    assert made.tiers[Tier.BULK].requests == 6


async def test_where_the_rules_cannot_be_read_a_head_that_tells_the_date_is_believed(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await bucket(sandbox)
    running.faults.set([{"kind": "deny", "operations": ["GetBucketLifecycleConfiguration"]}], running.cloud.now())
    session = await session_on(running)
    sel = await session.ledger.selections.create()
    await session.selecting.keys(sel, [ObjectRef("cold", key) for key in ("logs/a", "logs/b", "films/a")])
    assert not (await session.plan(sel, 30)).expiring
    made = await session.plan(sel, 500)
    (one,) = made.expiring
    assert (one.rule, one.objects) == (None, 2)
    assert one.first < made.expiry
    # A listing that is newer tells no such date, and takes none back.
    listed = await choose(session, "s3://cold")
    assert [one.objects for one in (await session.plan(listed, 500)).expiring] == [2]
