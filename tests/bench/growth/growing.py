"""What is done with a large bucket, piece by piece, each with what it costs: ``python growing.py BUCKET``.

The settings come from the environment, as for the program itself. The last line of output is one JSON object.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[3]))

from restoretui.cli import tune
from restoretui.config.loading import load_settings
from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.batch.planned_jobs import as_batch
from restoretui.core.filter.parser import parse_filter
from restoretui.core.location import Location
from restoretui.core.model import State, Tier
from restoretui.ledger.catalog.browse_view import BrowseView
from restoretui.ledger.records import Listing, Query
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.providers.s3.batch.manifest_csv import ManifestParts
from restoretui.session.session import Session, open_session
from tests.bench.harness.endpoint import Endpoint
from tests.bench.harness.ours import accept
from tests.bench.harness.works import objects_in

T = TypeVar("T")
MACHINE = "a file as large"
BYTES_OF_A_JOB = 420
"""In the ledger and, until that is checkpointed, in its WAL."""
ROLE = "arn:aws:iam::123456789012:role/benchmark"
STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
"""Linux: the most memory this process took, and where that is counted anew (proc(5))."""


class Ledger:
    """Keeps what each piece of work cost."""

    def __init__(self) -> None:
        self.costs: dict[str, dict[str, float]] = {}

    async def note(self, work: str, doing: Awaitable[T]) -> T:
        """Do it, and note its cost."""
        CLEAR_REFS.write_text("5")
        began, cpu, kernel = time.perf_counter(), time.process_time(), os.times().system
        result = await doing
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        kernel = os.times().system - kernel
        self.costs[work] = {"wall_s": took, "cpu_s": cpu, "kernel_s": kernel, "peak_mib": peak_mib()}
        print(f"{work}: {took:.2f} s, CPU {cpu:.2f} s, of it kernel {kernel:.2f} s", file=sys.stderr, flush=True)
        return result


def peak_mib() -> float:
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


async def look(session: Session, kept: Ledger, place: Location) -> Listing:
    """What somebody does who only looks."""
    opened = await session.open_listing(place, recursive=True, refresh=True)
    listing = await kept.note("list", session.listed(opened))
    size = sum(file.stat().st_size for file in session.settings.state_dir.glob("catalog.db*"))
    kept.costs["list"]["bytes_an_object"] = size / listing.objects
    for name, query in (
        ("filter, 1 in 10 match", Query(parse_filter("site-07"))),
        ("filter, all match", Query(parse_filter("TIF"))),
        ("filter by three terms", Query(parse_filter("class:deep size>1M !*77*"))),
        ("sort by size", Query(sort="size", descending=True)),
    ):
        view = await kept.note(name, whole(session, listing, query))
        await view.aclose()
    await mark_through(session, kept, listing)
    await kept.note("totals of three levels", totals(session, listing))
    return listing


async def mark_through(session: Session, kept: Ledger, listing: Listing) -> None:
    """One in five objects, which lie scattered among the others."""
    selections = session.ledger.selections
    view, own = await whole(session, listing, Query(parse_filter("class:deep"))), await selections.create()
    await kept.note("mark 1 in 5 through a filter", selections.add_view(own, view))
    await view.aclose()
    await kept.note("drop these", selections.drop(own))


async def whole(session: Session, listing: Listing, query: Query) -> BrowseView:
    """A view, once all of it is there."""
    view = await session.ledger.catalog.browse(listing.id, query)
    await view.wait()
    return view


async def totals(session: Session, listing: Listing) -> None:
    await session.ledger.totals.settle()
    session.ledger.totals.of(listing)
    for depth in (1, 2, 3):
        await session.ledger.totals.below(listing, depth=depth)


async def act(session: Session, kept: Ledger, listing: Listing) -> None:
    """What somebody does who restores all of it: by a job, which is given up, and then by us."""
    ledger, scheme = session.ledger, listing.scope.cloud.scheme
    cloud, connection = session.clouds[scheme], session.clouds[scheme].connection
    marks = ledger.selections.MARKS
    view = await whole(session, listing, Query())
    await kept.note("mark all", ledger.selections.add_view(marks, view))
    await view.aclose()
    await kept.note("marks by prefix", session.ledger.mark_sets.by_prefix())
    plan = await kept.note("plan", session.plan(marks, 7))
    by_job = as_batch(plan, cloud.rules)
    confirming = ledger.batches.confirm(
        marks, ConfirmedPlan(listing.scope.cloud, by_job, Tier.BULK, connection.to_mapping()), BatchOptions(ROLE)
    )
    given_up = await kept.note("confirm, by a job", confirming)
    await kept.note("manifest", manifest(session, given_up))
    (batch,) = ledger.batches.peek_of_run(given_up)
    at = session.clock.now().timestamp()
    await kept.note("cancel the job", ledger.batches.settle(batch, State.CANCELLED, "given up", at))
    plan = await session.plan(marks, 7)
    run = await kept.note("confirm", session.confirm(marks, plan, Tier.BULK))
    await kept.note("answers", accept(session, run))
    Endpoint(connection.endpoint_url or "").prepare(listing.scope.bucket, asked=run.objects)
    await kept.note("status round", session.look_now(run))
    await kept.note("unmark all", ledger.selections.clear(marks))
    await kept.note(MACHINE, machine(session, listing.objects))


async def machine(session: Session, objects: int) -> None:
    """Writes what the ledger writes for a run, in pages as it does, into a file of nothing."""
    page = bytes(4096)
    with tempfile.TemporaryFile(dir=session.settings.state_dir, buffering=0) as file:
        for _ in range(objects * BYTES_OF_A_JOB // len(page)):
            file.write(page)


async def manifest(session: Session, run_id: int) -> None:
    """Made, and thrown away."""
    (batch,) = session.ledger.batches.peek_of_run(run_id)
    parts = ManifestParts(batch.bucket, versions=batch.versions)
    async for rows in session.ledger.batches.rows(batch):
        for _ in parts.add(rows):
            pass
    parts.rest()


async def main() -> dict[str, dict[str, float]]:
    (bucket,) = sys.argv[1:]
    kept = Ledger()
    async with open_session(load_settings({}, os.environ)) as session:
        listing = await look(session, kept, Location("s3", bucket))
        if listing.objects != objects_in(bucket):
            raise SystemExit(f"{listing.objects:,} objects were listed")
        await act(session, kept, listing)
    return kept.costs


if __name__ == "__main__":
    tune()
    print(json.dumps(asyncio.run(main())))
