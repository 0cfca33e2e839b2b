"""From the ledger to a manifest's parts: rows a second and peak memory for a run of ROWS objects.

``python tests/bench/bench_batch_run.py [ROWS]``
"""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.batch.planned_jobs import as_batch
from restoretui.core.clock import SystemClock
from restoretui.core.model import Entry, Page, Tier
from restoretui.core.plan.plan import make_plan
from restoretui.core.rules.s3 import S3
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Scope
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.providers.s3.batch.manifest_csv import ManifestParts


def pages(rows: int) -> Iterator[Page]:
    for start in range(0, rows, 1000):
        entries = [
            Entry(f"archive/2021/03/cam 07/clip-{n:09d}.mov", None, 1000, 1_700_000_000, "GLACIER")
            for n in range(start, start + 1000)
        ]
        yield Page(entries, (), None)


async def measure(rows: int, folder: Path) -> None:
    clock = SystemClock()
    async with await Ledger.open(folder, clock) as ledger:
        listing = await ledger.catalog.begin(Scope(CloudId("s3"), "acme-media-archive", "", recursive=True))
        for page in pages(rows):
            ledger.catalog.append(listing.id, page)
            await ledger.catalog.room()
        await ledger.catalog.finish(listing.id)
        sel = await ledger.selections.create()
        await ledger.selections.add_under(sel, listing.id)
        groups = (await ledger.selections.facts(sel))[CloudId("s3")]
        prices = Settings().prices().table_for("s3", "us-east-1")
        plan = as_batch(make_plan(S3, groups, 3, clock.now(), prices), S3)
        began = time.perf_counter()
        options = BatchOptions("arn:aws:iam::123456789012:role/x")
        run_id = await ledger.batches.confirm(sel, ConfirmedPlan(CloudId("s3"), plan, Tier.BULK, {}), options)
        print(f"confirmed in {time.perf_counter() - began:.1f} s")
        (batch,) = ledger.batches.peek_of_run(run_id)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        parts = ManifestParts(batch.bucket, versions=batch.versions)
        began, size = time.perf_counter(), 0
        async for some in ledger.batches.rows(batch):
            size += sum(len(part) for part in parts.add(some))
        size += len(parts.rest())
        spent = time.perf_counter() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"{parts.rows / spent:,.0f} rows/s, {size / 2**20:.0f} MiB, peak memory grew by {grown:.0f} MiB")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, Path(folder)))
