"""Done is only ever done as of a time: copies are removed and overwritten by anybody (FACTS 1.5)."""

import io
import json

import pytest
from msgspec.structs import replace

from restoretui.commands.output import LINES, Output, Seen
from restoretui.core.model import ObjectRef, Tier
from restoretui.ledger.run_records import Run
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose, fill


async def done(session: Session, clock: TurnedClock) -> Run:
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.EXPEDITED)
    session.start_engine()

    async def settled() -> bool:
        return (await session.ledger.runs.get(run.id)).waiting == 0

    await turn(clock, settled)
    return await session.ledger.runs.get(run.id)


@pytest.mark.parametrize("looked", [True, False])
async def test_a_run_with_copies_says_as_of_when_unless_it_was_just_looked_at(
    sandbox: StartSandbox, session_on: OpenSession, *, looked: bool
) -> None:
    clock = TurnedClock()
    running = await sandbox(empty=True, clock=clock)
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", size=10, storage_class="GLACIER")
    session = await session_on(running)
    run = await done(session, clock)
    as_of = session.ledger.runs.as_of(run)
    assert run.created_at < as_of <= session.clock.now()
    out = io.StringIO()
    Output(out=out, err=io.StringIO()).run(run, None, Seen(as_of, looked=looked))
    assert (f"1 available (as of {as_of:%Y-%m-%d %H:%M} UTC)" in out.getvalue()) is not looked


async def test_a_plan_says_as_of_when_it_holds_where_that_is_not_now(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    clock = TurnedClock()
    running = await sandbox(empty=True, clock=clock)
    await fill(running, ["a", "b"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    listed = session.clock.now()
    assert not (await session.plan(sel, 1)).is_of_before
    await running.advance(7200)
    await session.selecting.keys(sel, [ObjectRef("cold", "b")])
    plan = await session.plan(sel, 1)
    assert abs((plan.as_of - listed).total_seconds()) < 60, "the older of both looks"
    assert plan.is_of_before
    out, err = io.StringIO(), io.StringIO()
    output = Output(out=out, err=err)
    output.plan_note(plan)
    assert f"as of {plan.as_of:%Y-%m-%d %H:%M} UTC" in err.getvalue()
    output = Output(LINES, out=out, err=err)
    output.plan(plan, Tier.BULK)
    told = json.loads(out.getvalue())
    assert min(group["seen_at"] for group in told["groups"]) == told["as_of"]
    assert plan.identity(Tier.BULK) == replace(plan, made_at=plan.as_of).identity(Tier.BULK), (
        "no part of what is sent"
    )
