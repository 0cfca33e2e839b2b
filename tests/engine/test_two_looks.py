"""Two processes look at one run: what one of them found is void once the other has had it sent."""

import asyncio

import pytest

from restoretui.core.model import ObjectDetail, ObjectRef, State
from restoretui.core.provider import Connection
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, hands, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_holding_on import confirmed, counts, fill, statuses

SETTLED_S = 20.0
"""After which no trace of a request proves that it had no effect."""


async def test_a_look_that_others_have_overtaken_has_nothing_sent_again(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "cold", 3)
    running.faults.set([{"kind": "drop", "operations": ["RestoreObject"], "when": "before"}], running.cloud.now())
    sender = await session_on(running)
    run = await confirmed(sender, "s3://cold")
    sender.start_engine()
    await turn(running.clock, lambda: counts(sender, run) == {State.UNKNOWN: 3}, step=0.05)
    await sender.aclose()
    running.faults.set([], running.cloud.now())
    await hands(running.clock).advance(SETTLED_S)

    # `restoretui status` looks, and its answer is long in coming.
    onlooker = await session_on(running)
    provider = await onlooker._engine._channels.by(Connection.from_mapping(run.connection)).provider()
    head_object, is_answered, may_arrive = provider.head_object, asyncio.Event(), asyncio.Event()

    async def slow(ref: ObjectRef) -> ObjectDetail:
        detail = await head_object(ref)
        is_answered.set()
        await may_arrive.wait()
        return detail

    monkeypatch.setattr(provider, "head_object", slow)
    looking = asyncio.create_task(onlooker.look_now(run))
    await is_answered.wait()

    # Meanwhile whoever pursues the run finds the same, and sends.
    again = await session_on(running)
    again.start_engine()
    await turn(running.clock, lambda: State.PLANNED not in counts(again, run), step=0.5)
    await turn(running.clock, lambda: set(counts(again, run)) <= {State.REQUESTED, State.RESTORING}, step=0.5)
    may_arrive.set()
    await looking
    assert State.PLANNED not in counts(again, run)
    await turn(running.clock, lambda: counts(again, run) == {State.AVAILABLE: 3})
    assert set(map(tuple, statuses(running).values())) == {(202,)}
