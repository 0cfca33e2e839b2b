"""A run that is given up while it is being sent: what was claimed and had not left is cancelled, and stays so."""

from restoretui.core.model import State, Tier
from tests.conftest import StartSandbox
from tests.engine.agreeing import retry
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import asked, choose, fill, settled


async def test_what_was_claimed_and_not_sent_is_cancelled_too(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, [f"film-{number:03}" for number in range(400)])
    session = await session_on(running, concurrency=2, rate=20.0)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.BULK)
    session.start_engine()

    async def some_sent() -> bool:
        return len(asked(running)) > 10

    await turn(running.clock, some_sent, step=0.1)
    await session.cancel(run.id)

    async def nothing_planned() -> bool:
        counts = (await session.ledger.runs.get(run.id)).counts
        return not counts.get(State.PLANNED) and not counts.get(State.UNKNOWN)

    await turn(running.clock, nothing_planned, step=0.1)
    counts = (await session.ledger.runs.get(run.id)).counts
    sent = len(asked(running))
    assert sent < 200
    assert counts[State.CANCELLED] == 400 - sent, counts
    await turn(running.clock, lambda: settled(session, run))
    assert len(asked(running)) == sent


async def test_a_retry_takes_it_up_again(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock(), scenario="no-expedited")
    await fill(running, ["a", "b"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.EXPEDITED)
    session.start_engine()

    async def failed() -> bool:
        return (await session.ledger.runs.get(run.id)).counts.get(State.FAILED) == 2

    await turn(running.clock, failed, step=1.0)
    assert await session.cancel(run.id) == 0
    running.faults.set([], running.cloud.now())
    assert await retry(session, run.id) == 2
    await turn(running.clock, lambda: settled(session, run))
    assert (await session.ledger.runs.get(run.id)).counts == {State.AVAILABLE: 2}
