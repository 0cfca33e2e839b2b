"""Buckets of several Regions: each is priced by its own, and the total is their sum, whichever comes first."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from restoretui.core.errors import GuardStopped
from restoretui.core.model import State, Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.pricing import Cost
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose

WHERE = {"a-paulo": "sa-east-1", "b-virginia": "us-east-1", "c-oregon": "us-west-2"}


async def buckets(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    for bucket, region in WHERE.items():
        running.cloud.add_bucket(bucket, region=region)
        running.cloud.put(bucket, "cold", size=2**40, storage_class="GLACIER")
        running.cloud.put(
            bucket, "tiered", size=2**40, storage_class="INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS"
        )
    return running


async def planned(session: Session, *names: str) -> RestorePlan:
    sel = await choose(session, *(f"s3://{name}" for name in names))
    await session.selecting.look(sel)
    return await session.plan(sel, 30)


@pytest.mark.parametrize("tier", list(Tier))
async def test_a_plan_of_several_costs_what_the_plans_of_each_do(
    sandbox: StartSandbox, session_on: OpenSession, tier: Tier
) -> None:
    session = await session_on(await buckets(sandbox))
    single = [await planned(session, name) for name in WHERE]
    together = await planned(session, *reversed(WHERE))
    assert together.tiers[tier].cost == sum((one.tiers[tier].cost for one in single), Cost())
    assert together.prices_exact
    assert set(WHERE.values()) <= set(together.prices.regions)
    assert together.prices.date == min(one.prices.date for one in single)
    for name in ("storage_90_days", "egress"):
        parts = [getattr(one, name)(tier) for one in single]
        assert getattr(together, name)(tier) == (None if None in parts else sum(parts, Decimal(0))), name
    paulo, virginia, _ = single
    assert paulo.tiers[Tier.STANDARD].cost.copy > virginia.tiers[Tier.STANDARD].cost.copy, "they do differ"


async def test_limits_and_retries_go_by_the_sum(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await buckets(sandbox)
    session = await session_on(running)
    names = ("b-virginia", "c-oregon")
    sel = await choose(session, *(f"s3://{name}" for name in names))
    await session.selecting.look(sel)
    plan = await session.plan(sel, 30)
    cost = plan.tiers[Tier.STANDARD].cost.total
    with pytest.raises(GuardStopped, match="more than"):
        await session.confirm(sel, plan, Tier.STANDARD, max_cost=cost - Decimal("0.01"))
    running.faults.set([{"kind": "deny", "operations": ["RestoreObject"]}], running.cloud.now())
    run = await session.confirm(sel, plan, Tier.STANDARD, max_cost=cost + Decimal("0.01"))
    session.start_engine()

    async def over() -> bool:
        return (await session.ledger.runs.get(run.id)).counts == {State.FAILED: 4}

    await turn(running.clock, over)
    assert (await session.spending.offer_retry(run.id)).cost == cost


async def test_looks_cost_what_they_do_in_the_buckets_own_region(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await buckets(sandbox)
    session = await session_on(running, region="us-east-1")
    costs: dict[str, Decimal | None] = {}
    for names in (("a-paulo",), ("b-virginia",), ("b-virginia", "a-paulo")):
        sel = await choose(session, *(f"s3://{name}/cold" for name in names))
        run = await session.confirm(sel, await session.plan(sel, 30), Tier.EXPEDITED)
        kept = await session.ledger.runs.get(run.id)
        assert kept.regions == tuple(sorted(WHERE[name] for name in names))
        costs["+".join(names)] = session.looks_cost(replace(kept, list_calls=1000, head_calls=0))
        await session.cancel(run.id)
    assert costs == {
        "a-paulo": Decimal("0.007"), "b-virginia": Decimal("0.005"), "b-virginia+a-paulo": Decimal("0.007"),
    }  # fmt: skip
