"""What a run plans that nobody can pursue is taken over by a new one: that is said before, and it is sent once."""

from restoretui.core.model import State, Tier
from restoretui.core.provider import Connection
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.test_pursuit import choose
from tests.tui.conftest import StartWalk
from tests.tui.dialogs.test_restoring import confirm, dialog

HANDED_OVER_S = 12.0
"""Machine seconds after which a run just confirmed is nobody's."""


async def of_somebody_gone(session: Session, running: RunningSandbox) -> int:
    """A run made through a profile that is there no more, as it is in the ledger after its process was killed."""
    sel = await choose(session, "s3://cold")
    gone = Connection(profile="gone", endpoint_url=running.url)
    cloud = session.cloud_of("s3")
    plan = await session.plan(sel, 3)
    run = await session.ledger.runs.confirm(sel, ConfirmedPlan(cloud, plan, Tier.STANDARD, gone.to_mapping()))
    await session.ledger.selections.drop(sel)
    return run.id


async def test_a_run_that_cannot_be_pursued_is_free_and_the_dialog_says_what_becomes_of_it(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold")
    for number in range(3):
        running.cloud.put("cold", f"k{number}", size=10, storage_class="GLACIER")
    async with walk("s3://cold", running=running) as on:
        first = await of_somebody_gone(on.session, running)
        await on.until(lambda: "held up" in on.session.health.text or "gone" in on.session.health.text)
        await on.clock.advance(HANDED_OVER_S)
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("a")
        await dialog(on)
        await on.sees(f"3 objects of run {first}, not sent there: taken over", "Restore 3")
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        runs = {run.id: run for run in on.session.ledger.runs.peek_all()}
        assert runs[first].counts == {State.CANCELLED: 3}
        await on.clock.advance(60)
        await on.until(lambda: "gone" not in on.session.health.text)
        assert on.posts() == 3
