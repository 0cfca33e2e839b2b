"""While nothing of a large run is expected, a page tells that for all of it; what comes early is found anyway."""

from restoretui.core.model import State, Tier
from restoretui.sandbox import RunningSandbox
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose, fill, sent, settled

HOUR = 3600.0


def pages(running: RunningSandbox) -> int:
    return int(running.control.snapshot()["requests"].get("ListObjectsV2", 0))


async def test_until_something_is_expected_a_large_run_is_watched_by_a_page(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, [f"p/{number:05}.bin" for number in range(2_500)])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 2), Tier.BULK)
    session.start_engine([run.id])
    await turn(running.clock, lambda: sent(session, run))
    began = running.clock.now()

    async def all_seen() -> bool:
        return (await session.ledger.runs.get(run.id)).counts == {State.RESTORING: 2_500}

    def passed(hours: float) -> bool:
        return (running.clock.now() - began).total_seconds() >= hours * HOUR

    await turn(running.clock, all_seen, step=5)
    before = pages(running)
    await turn(running.clock, lambda: passed(3), step=300)
    assert 10 < pages(running) - before < 50, "one page each time"
    bucket = running.cloud.bucket("cold")
    for tag, restore in list(bucket.restores.items()):
        bucket.restores[tag] = restore._replace(ready=running.cloud.now())
    # In small steps: one that is taken while a page is on its way makes the look before it older than it was.
    await turn(running.clock, lambda: settled(session, run), step=60)
    assert not passed(3.5), "none was waited for until the window opens, five hours after the request"
    measured = await session.ledger.runs.measured(run.cloud)
    assert measured["GLACIER", Tier.BULK].restores == 1000, "those that had been looked at just before"
