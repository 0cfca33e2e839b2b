"""A plan says what capacity for Expedited the account owns, where that may be read; it does without elsewhere."""

import asyncio

import pytest

from restoretui.commands.output.plan_words import cost_remarks
from restoretui.core.model import Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.sandbox import RunningSandbox
from restoretui.session.planning import CAPACITY_WITHIN_S
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose

SAID = "2 units of provisioned capacity in us-east-1: Expedited takes at least 6 requests in 5 minutes"


async def cold(sandbox: StartSandbox, storage_class: str = "GLACIER") -> RunningSandbox:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", size=10, storage_class=storage_class)
    running.cloud.capacity_units = 2
    return running


async def planned(session: Session) -> RestorePlan:
    return await session.with_capacity(await session.plan(await choose(session, "s3://cold"), 3))


def remarks(plan: RestorePlan, tier: Tier) -> str:
    return "\n".join(cost_remarks(plan, plan.tiers[tier]))


async def test_it_stands_beside_expedited_alone_and_is_asked_for_once(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await cold(sandbox)
    session = await session_on(running)
    for _ in range(2):
        plan = await planned(session)
        assert SAID in remarks(plan, Tier.EXPEDITED)
        assert "provisioned" not in remarks(plan, Tier.STANDARD)
    assert running.stats.requests["ListProvisionedCapacity"] == 1
    running.cloud.capacity_units = 0
    await session.aclose()


@pytest.mark.parametrize("fault", [
    {"kind": "deny"},
    {"kind": "error", "status": 503, "code": "ServiceUnavailableException"},
    {"kind": "drop", "when": "before"},
])  # fmt: skip
async def test_no_answer_is_no_obstacle(
    sandbox: StartSandbox, session_on: OpenSession, fault: dict[str, object]
) -> None:
    running = await cold(sandbox)
    running.faults.set([{"operations": ["ListProvisionedCapacity"], **fault}], running.cloud.now())
    session = await session_on(running)
    plan = await planned(session)
    assert (dict(plan.capacity), plan.tiers[Tier.EXPEDITED].requests) == ({}, 1)
    assert "provisioned" not in remarks(plan, Tier.EXPEDITED)


async def test_nobody_waits_for_long(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await cold(sandbox)
    running.faults.set(
        [{"kind": "latency", "operations": ["ListProvisionedCapacity"], "seconds": 600.0}], running.cloud.now()
    )
    session = await session_on(running)
    plan = asyncio.create_task(planned(session))
    while not running.stats.requests["ListProvisionedCapacity"]:
        await asyncio.sleep(0.01)
    await running.advance(CAPACITY_WITHIN_S)
    assert (await asyncio.wait_for(plan, 5)).capacity == {}


async def test_where_nothing_goes_by_expedited_nobody_asks(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await cold(sandbox, "DEEP_ARCHIVE")
    assert (await planned(await session_on(running))).capacity == {}
    assert not running.stats.requests["ListProvisionedCapacity"]
