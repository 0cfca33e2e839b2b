"""A plan says what lifecycle rules delete before its copies would end; it does without where they cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

from restoretui.core.model import Tier
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.state.bucket import Expiration
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose


async def bucket(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold", expirations=[Expiration("old-logs", "logs/", 400)])
    now = datetime.fromtimestamp(running.cloud.now(), UTC)
    for number, key in enumerate(["logs/a", "logs/b", "logs/c", "films/a"]):
        running.cloud.put("cold", key, size=10, storage_class="GLACIER", modified=now - timedelta(days=number))
    running.cloud.put("cold", "logs/online", size=10, storage_class="STANDARD")
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
    assert (one.bucket, one.rule.name, one.objects) == ("cold", "old-logs", 3)
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
