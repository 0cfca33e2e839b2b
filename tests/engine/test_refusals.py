"""A refusal that may mean two things is judged by a look at the object, and never passed over in silence."""

import pytest

from restoretui.core.model import State, Tier
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, hands, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose, fill, sent, settled

IN_WAY = "The operation is not valid for the object's current state"
NOT_ALLOWED = "Restore is not allowed for the object's current storage class"


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (409, "InvalidObjectState", IN_WAY),
        (403, "InvalidObjectState", IN_WAY),
        (403, "InvalidObjectState", NOT_ALLOWED),
        (409, "ObjectRestoreInProgress", "busy"),
        (400, "RestoreAlreadyInProgress", "Object restore is already in progress"),
    ],
)
async def test_what_restores_already_is_followed_whatever_the_word_for_it(
    sandbox: StartSandbox, session_on: OpenSession, status: int, code: str, message: str
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["restoring", "copied"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    plan = await session.plan(sel, 2)
    running.cloud.restore("cold", "restoring", days=2, tier=Tier.STANDARD)
    running.cloud.restore("cold", "copied", days=9, tier=Tier.EXPEDITED)
    await hands(running.clock).advance(1800)
    refusal = {
        "kind": "error", "status": status, "code": code, "message": message, "operations": ["RestoreObject"],
    }  # fmt: skip
    running.faults.set([refusal], running.cloud.now())
    run = await session.confirm(sel, plan, Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    assert (await session.ledger.runs.get(run.id)).counts == {State.AVAILABLE: 2}


@pytest.mark.parametrize(
    ("status", "message", "state", "says"),
    [
        (409, IN_WAY, State.FAILED, "a look shows it archived"),
        (403, IN_WAY, State.FAILED, "a look shows it archived"),
        (403, NOT_ALLOWED, State.SKIPPED, "not archived, says the cloud"),
    ],
)
async def test_what_is_archived_all_along_is_not_said_to_be_readable(
    sandbox: StartSandbox, session_on: OpenSession, status: int, message: str, state: State, says: str
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["archived"])
    refusal = {
        "kind": "error", "status": status, "code": "InvalidObjectState", "message": message,
        "operations": ["RestoreObject"],
    }  # fmt: skip
    running.faults.set([refusal], running.cloud.now())
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 2), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: sent(session, run))
    (row,) = (await session.run_views.job_view(run.id)).rows(0, 1)
    assert (row.state, says in row.reason) == (state, True), row.reason


@pytest.mark.parametrize(("status", "state"), [(403, State.SKIPPED), (409, State.FAILED)])
async def test_where_nobody_may_look_only_the_vendors_own_word_counts(
    sandbox: StartSandbox, session_on: OpenSession, status: int, state: State
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["k"])
    refusal = {"kind": "error", "status": status, "code": "InvalidObjectState", "operations": ["RestoreObject"]}
    deny = {"kind": "error", "status": 403, "code": "AccessDenied", "operations": ["HeadObject"]}
    running.faults.set([refusal, deny], running.cloud.now())
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 2), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: sent(session, run))
    assert (await session.ledger.runs.get(run.id)).counts == {state: 1}
