"""restoretui driven through its session, where the commands would measure printing, or cannot be asked.

    python ours.py list BUCKET [STREAMS]    a listing into the ledger
    python ours.py track BUCKET N           a run of N objects being restored, written straight into the ledger
    python ours.py lag load|list|restore|watch BUCKET
                                            how late the event loop is meanwhile, as a screen would feel it

The settings come from the environment, as for the program itself. The last line of output is one JSON object.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

from measure import percentile

from restoretui import listings
from restoretui.config import load_settings
from restoretui.core.location import Location
from restoretui.core.model import State, Tier
from restoretui.ledger.records import JobChange, Run
from restoretui.session import Session, open_session

TICK = 0.002
CHUNK = 20_000


async def list_(session: Session, bucket: str) -> int:
    listing = await session.open_listing(Location("s3", bucket), recursive=True, refresh=True)
    return (await session.listed(listing)).objects


async def intend(session: Session, bucket: str) -> Run:
    """A confirmed run over the whole bucket, of which nothing was sent."""
    sel = await session.ledger.selections.create()
    await session.mark_under(sel, Location("s3", bucket))
    plan = await session.plan(sel, 7)
    run = await session.confirm(sel, plan, Tier.BULK)
    await session.ledger.selections.drop(sel)
    return run


async def track(session: Session, bucket: str, objects: int) -> int:
    run = await intend(session, bucket)
    runs = session.ledger.runs
    last = done = 0
    while done < objects and (jobs := await runs.jobs(run.id, after_id=last, limit=min(CHUNK, objects - done))):
        now = session.clock.now().timestamp()
        await runs.apply(
            [
                JobChange(
                    job.id, State.RESTORING, now, outcome="accepted", reason="restoring", request_id=f"{job.id:016X}"
                )
                for job in jobs
            ]
        )
        last = jobs[-1].id
        done += len(jobs)
    return done


async def send(session: Session, bucket: str) -> int:
    run = await intend(session, bucket)
    session.start_engine([run.id])
    [run] = await session.wait_for([run.id], lambda run: not run.counts.get(State.PLANNED))
    return run.objects


async def watch(session: Session, bucket: str) -> int:
    [run] = await session.ledger.runs.open_runs()
    await session.look_now(run)
    return run.objects


async def load(session: Session, bucket: str) -> int:
    """The SDK, and the bucket's region by it."""
    await session.region(bucket)
    return 0


JOBS = {"load": load, "list": list_, "restore": send, "watch": watch}


async def lag(session: Session, job: str, bucket: str) -> dict[str, Any]:
    """Delays of a short sleep in the same loop, in ms; loading the SDK is a job of its own."""
    if job != "load":
        await load(session, bucket)
    delays: list[float] = []
    task = asyncio.create_task(JOBS[job](session, bucket))
    while not task.done():
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        delays.append((time.perf_counter() - due) * 1000)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {"objects": task.result(), **{name: round(percentile(delays, share), 2) for name, share in shares.items()}}


async def main() -> dict[str, Any]:
    job, *rest = sys.argv[1:]
    async with open_session(load_settings({}, os.environ)) as session:
        match job, rest:
            case "list", [bucket, *streams]:
                if streams:
                    listings.STREAMS = int(streams[0])
                return {"objects": await list_(session, bucket)}
            case "track", [bucket, objects]:
                return {"objects": await track(session, bucket, int(objects))}
            case "lag", [kind, bucket]:
                return await lag(session, kind, bucket)
    raise SystemExit(__doc__)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
