"""Totals at a million objects: ``python tests/bench/totals.py [--objects N] [--folder DIR]``.

Prints one line per piece of work; asserts nothing. ``once listed`` is what somebody waits for behind the listing.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[2]))

from restoretui.core.clock import SystemClock
from restoretui.core.filter.tree import Word
from restoretui.core.model import Entry, Page
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Observation, Query, Scope

T = TypeVar("T")
CLOUD, BUCKET = CloudId("s3"), "bucket"
CLASSES = ("STANDARD", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING")


def key(number: int) -> str:
    return f"projects/{2015 + number // 100_000}/run-{number // 1000:05d}/sample-{number % 1000:04d}.fastq.gz"


async def timed(name: str, work: Awaitable[T], per: int = 0) -> T:
    begun, cpu = time.perf_counter(), time.process_time()
    result = await work
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    rate = f"{per / took:>12,.0f} /s" if per else ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<56} {took * 1000:>10,.1f} ms  cpu {cpu * 1000:>10,.1f} ms {rate}  peak {peak:,.0f} MiB", flush=True
    )
    return result


async def bench(folder: Path, objects: int) -> None:
    async with await Ledger.open(folder, SystemClock()) as ledger:
        listing = await ledger.catalog.begin(Scope(CLOUD, BUCKET, recursive=True))

        async def fill() -> None:
            for at in range(0, objects, 1000):
                entries = [
                    Entry(
                        key(n),
                        None,
                        n % 10**9,
                        1_600_000_000,
                        CLASSES[(n + n // 1000) % 4],
                        None,
                        None,
                        f'"{n:032x}"',
                    )
                    for n in range(at, min(at + 1000, objects))
                ]
                ledger.catalog.append(listing.id, Page(entries, (), None))
                await ledger.catalog.room()
            await ledger.catalog.finish(listing.id)

        await timed(f"list {objects:,} objects, totals with them", fill(), objects)
        listing = ledger.catalog.peek(listing.id)

        async def whole() -> None:
            await ledger.totals.settle()
            ledger.totals.of(listing)
            for depth in (1, 2, 3):
                await ledger.totals.below(listing, depth=depth)

        await timed("totals, once listed: whole, and three levels", whole())
        name = Scope(CLOUD, BUCKET, "projects/2015/")
        level = await ledger.catalog.begin(name)
        prefixes = [f"projects/2015/run-{n:05d}/" for n in range(min(100, objects // 1000))]
        ledger.catalog.append(level.id, Page((), prefixes, None))
        await ledger.catalog.finish(level.id)
        view = await timed("a screen of prefixes, by size", ledger.catalog.browse(level.id, Query(sort="size")))
        begun = time.perf_counter()
        view.rows(0, 50)
        print(f"{'its 50 rows':<56} {(time.perf_counter() - begun) * 1000:>10,.1f} ms")
        for many in (1000, 100_000):
            looks = [
                Observation(key(n), None, "GLACIER", n, None, None, False, True, None, time.time() + 1)
                for n in range(0, min(objects, many * 7), 7)
            ]
            await timed(f"note {len(looks):,} looks", ledger.catalog.observe(CLOUD, BUCKET, looks), len(looks))
            await timed(f"bring totals up to date with {len(looks):,} of them", ledger.totals.settle(), len(looks))
        await timed("totals again", whole())
        flat = await ledger.catalog.browse(listing.id, Query(Word.of("sample-00")))
        await flat.wait()
        await timed(f"what {flat.count:,} matches add up to", flat.weigh())
        await timed("by year, of all", ledger.totals.dated(listing, "", [1_500_000_000], str))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.folder:
        asyncio.run(bench(options.folder, options.objects))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(bench(Path(folder) / "state", options.objects))


if __name__ == "__main__":
    main()
