"""What the screens do with runs, without a terminal: every open run of the ledger is pursued, whoever began it.

``python -m tests.bench.harness.screens LOCATION DAYS``: begins one there, if none was begun, and waits until all are
settled. Ends with exit code 130 by a signal, as the program does.
"""

import asyncio
import signal
import sys

from restoretui import load_settings, open_session, parse_location
from restoretui.core.model import Tier
from restoretui.core.saying.on_behalf import OnBehalf
from tests.bench.harness.kill_points import SOFT


async def pursue(location: str, days: int) -> None:
    async with open_session(load_settings({})) as session:
        session.start_engine()
        runs = await session.ledger.runs.list()
        if not any(run.note == location for run in runs):
            sel = await session.ledger.selections.create()
            await session.selecting.under(sel, parse_location(location), refresh=True)
            await session.selecting.look(sel)
            await session.confirm(sel, await session.plan(sel, days), Tier.STANDARD, behalf=OnBehalf(note=location))
        runs = await session.ledger.runs.list()
        await session.wait_for([run.id for run in runs], lambda run: not run.is_open)


async def main() -> int:
    task = asyncio.create_task(pursue(sys.argv[1], int(sys.argv[2])))
    for sign in SOFT:
        asyncio.get_running_loop().add_signal_handler(signal.Signals(sign), task.cancel)
    await asyncio.wait([task])
    if task.cancelled():
        return 130
    task.result()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
