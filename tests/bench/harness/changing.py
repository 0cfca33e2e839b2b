"""The screens as they are, on a ledger that changes all the time, as our own engine's records change it.

    python changing.py screens LOCATION RATE spread|top    the screens, and in the same program RATE changes a second
    python changing.py outside RATE spread|top             only the changes, into the ledger of another program

The changes turn jobs of the only open run from restoring to available and back: any of them (``spread``), or the
forty that its table shows first (``top``). Nobody else pursues that run meanwhile.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from restoretui.config.loading import load_settings
from restoretui.config.settings import Settings
from restoretui.core.location import parse_location
from restoretui.core.model import State
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import JobChange
from restoretui.session.session import Session, open_session
from restoretui.tui.app import RestoreApp
from tests.ledger.helpers import jobs_in

STEP_S = 0.1
"""As often as our submitter records outcomes."""
TOP = 40
DAYS_3 = 3 * 86_400


async def change(ledger: Ledger, settings: Settings, rate: float, where: str) -> None:
    """Until cancelled."""
    [run] = await ledger.runs.open_runs()
    await ledger.leases.acquire(f"run:{run.id}", "benchmark", 86_400)
    [first, *_] = await jobs_in(ledger, run.id, limit=1)
    jobs = range(first.id, first.id + (TOP if where == "top" else run.objects - run.counts.get(State.PLANNED, 0)))
    available: set[int] = set()
    chance = Random(1)
    owed = 0.0
    while True:
        owed += rate * STEP_S
        now = settings.clock.now().timestamp()
        turned = chance.sample(jobs, min(len(jobs), int(owed)))
        owed -= int(owed)
        available.symmetric_difference_update(turned)
        await ledger.runs.apply(
            [
                JobChange(job, State.AVAILABLE, now, reason="the copy can be read", expiry=int(now) + DAYS_3)
                if job in available
                else JobChange(job, State.RESTORING, now, reason="restoring")
                for job in turned
            ]
        )
        await asyncio.sleep(STEP_S)


def screens(settings: Settings, location: str, rate: float, where: str) -> None:
    @asynccontextmanager
    async def changing() -> AsyncIterator[Session]:
        async with open_session(settings) as session:
            task = asyncio.create_task(change(session.ledger, settings, rate, where))
            try:
                yield session
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    RestoreApp(changing, parse_location(location), settings=settings).run()


async def outside(settings: Settings, rate: float, where: str) -> None:
    async with await Ledger.open(settings.state_dir, settings.clock) as ledger:
        await change(ledger, settings, rate, where)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["screens", place, rate, where]:
            screens(load_settings({}, os.environ), place, float(rate), where)
        case ["outside", rate, where]:
            asyncio.run(outside(load_settings({}, os.environ), float(rate), where))
        case _:
            raise SystemExit(__doc__)
