"""What it costs to watch objects that lie dense: ``python -m tests.bench.watching.dense [OBJECTS] [TIER]``.

A run of so many objects of one prefix, at that tier or at each, on the sandbox and a clock that is turned: hours of
the cloud pass as quickly as looks are answered. Prints LIST and HEAD requests until all can be read, and how many an
object.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from restoretui import Settings, open_session, parse_location
from restoretui.core.model import Tier
from restoretui.sandbox.server import SandboxOptions, serve
from tests.engine.clock_control import TurnedClock, turn

STEP_S = 30.0
"""Cloud seconds turned at a time: less than lies between two looks."""


async def watched(objects: int, tier: Tier) -> None:
    """One run."""
    clock = TurnedClock()
    async with await serve(SandboxOptions(empty=True), clock=clock) as running:
        running.cloud.add_bucket("dense")
        for number in range(objects):
            running.cloud.put("dense", f"scans/{number:07}.tif", size=1 << 20, storage_class="GLACIER")
        os.environ.update(running.env)
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(state_dir=Path(folder), endpoint_url=running.url, clock=clock)
            async with open_session(settings) as session:
                sel = await session.ledger.selections.create()
                await session.selecting.under(sel, parse_location("s3://dense/"), refresh=True)
                run = await session.confirm(sel, await session.plan(sel, 7), tier)
                session.start_engine([run.id])
                began, runs = clock.now(), session.ledger.runs

                async def is_done() -> bool:
                    return not (await runs.get(run.id)).is_open

                await turn(clock, is_done, step=STEP_S, most=1_000_000)
                done, took = await runs.get(run.id), clock.now() - began
        requests = done.list_calls + done.head_calls
        print(
            f"{objects:,} objects, {tier.value:9} {done.list_calls:,} LIST, {done.head_calls:,} HEAD in {took}:"
            f" {requests / objects:.4f} an object",
            flush=True,
        )


async def main() -> None:
    objects = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for tier in [Tier(sys.argv[2])] if len(sys.argv) > 2 else Tier:
        await watched(objects, tier)


if __name__ == "__main__":
    asyncio.run(main())
