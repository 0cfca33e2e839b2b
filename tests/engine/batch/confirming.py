"""Runs confirmed as jobs of S3 Batch Operations, and what became of them."""

from typing import Any

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.session.session import Session
from tests.engine.clock_control import turn

OPTIONS = BatchOptions(BATCH_ROLE_ARN)


async def confirmed(
    session: Session,
    where: str = "s3://cold",
    options: BatchOptions = OPTIONS,
    tier: Tier = Tier.STANDARD,
    days: int = 3,
) -> int:
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location(where), refresh=True)
    await session.selecting.look(sel)
    plan = session.batch.plan(await session.plan(sel, days))
    run = await session.confirm(sel, plan, tier, batch=options)
    await session.ledger.selections.drop(sel)
    return run.id


async def counts(session: Session, run_id: int) -> dict[State, int]:
    return {state: n for state, n in (await session.ledger.runs.get(run_id)).counts.items() if n}


async def until(session: Session, run_id: int, *states: State, step: float = 30.0) -> dict[State, int]:
    session.start_engine()

    async def done() -> bool:
        return set(await counts(session, run_id)) <= set(states)

    await turn(session.clock, done, step=step)
    return await counts(session, run_id)


async def jobs(session: Session) -> list[Any]:
    return [job async for page in session.batch.jobs("us-east-1") for job in page]
