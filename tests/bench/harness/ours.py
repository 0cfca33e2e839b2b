"""restoretui driven through its session, where the commands would measure printing, or cannot be asked.

    python ours.py list BUCKET [STREAMS]    a listing into the ledger
    python ours.py track PLACE              a run of all objects at PLACE, all being restored, written straight into
                                            the ledger; PLACE is a bucket, or s3://BUCKET/PREFIX/
    python ours.py lag load|list|restore|watch BUCKET
                                            how late the event loop is meanwhile, as a screen would feel it

The settings come from the environment, as for the program itself. The last line of output is one JSON object.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from restoretui.cli import tune
from restoretui.config.loading import load_settings
from restoretui.core.location import Location, parse_location
from restoretui.core.model import State, Tier
from restoretui.ledger.run_records import JobChange, Run
from restoretui.session import listings
from restoretui.session.session import Session, open_session
from tests.bench.harness.measure import percentile
from tests.ledger.helpers import jobs_in

TICK = 0.002
CHUNK = 20_000


async def list_(session: Session, bucket: str) -> int:
    listing = await session.open_listing(Location("s3", bucket), recursive=True, refresh=True)
    return (await session.listed(listing)).objects


async def intend(session: Session, place: Location) -> Run:
    """A confirmed run over everything there, of which nothing was sent."""
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, place)
    plan = await session.plan(sel, 7)
    run = await session.confirm(sel, plan, Tier.BULK)
    await session.ledger.selections.drop(sel)
    return run


async def track(session: Session, place: str) -> int:
    run = await intend(session, parse_location(place) if "://" in place else Location("s3", place))
    return await accept(session, run)


async def accept(session: Session, run: Run) -> int:
    """As if the cloud had said of all its objects that they are being restored; how many."""
    runs = session.ledger.runs
    last = done = 0
    while jobs := await jobs_in(session.ledger, run.id, after_id=last, limit=CHUNK):
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
    run = await intend(session, Location("s3", bucket))
    session.start_engine([run.id])
    [run] = await session.wait_for([run.id], lambda run: not run.counts.get(State.PLANNED))
    return run.objects


async def watch(session: Session, bucket: str) -> int:
    [run] = await session.ledger.runs.open_runs()
    await session.look_now(run)
    return run.objects


async def load(session: Session, bucket: str) -> int:
    """The SDK, and the bucket's region by it; and of the ledger what the screens load before they open it."""
    await session.region(bucket)
    await session.ledger.catalog.tidy()
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
            case "track", [place]:
                return {"objects": await track(session, place)}
            case "lag", [kind, bucket]:
                return await lag(session, kind, bucket)
    raise SystemExit(__doc__)


if __name__ == "__main__":
    tune()
    print(json.dumps(asyncio.run(main())))
