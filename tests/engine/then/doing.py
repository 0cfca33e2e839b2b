"""A run with then-steps, from its plan to the end of what is done with its objects."""

from collections.abc import Sequence
from typing import Any

from restoretui.core.model import Tier
from restoretui.core.then.said import read_steps
from restoretui.ledger.run_records import Run
from restoretui.ledger.then_records import TaskRow
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.engine.clock_control import turn
from tests.engine.test_pursuit import choose

GLACIER: dict[str, Any] = {"storage_class": "GLACIER"}


async def planned(session: Session, steps: Sequence[str], *places: str, days: int = 30, **said: Any) -> Run:
    sel = await choose(session, *(places or ("s3://cold",)))
    plan = await session.then.planned(await session.plan(sel, days), read_steps(steps, **said))
    return await session.confirm(sel, plan, Tier.BULK)


async def finished(session: Session, run: Run) -> Run:
    """Turn the clock until nothing of the run is left to do."""

    async def over() -> bool:
        now = await session.ledger.runs.get(run.id)
        return not now.is_open and not now.then_open

    await turn(session.clock, over)
    return await session.ledger.runs.get(run.id)


async def done(session: Session, steps: Sequence[str], *places: str, **said: Any) -> Run:
    """``said`` is of the steps, and of the plan its ``days``."""
    run = await planned(session, steps, *places, **said)
    session.start_engine()
    return await finished(session, run)


async def tasks(session: Session, run: Run) -> dict[tuple[str, str], TaskRow]:
    """By step and key."""
    return {(row.kind, row.key): row for _, row in await session.ledger.then.rows(run.id)}


def sent(running: RunningSandbox) -> dict[str, int]:
    requests: dict[str, int] = running.control.snapshot()["requests"]
    return requests
