"""What refreshing a place again and again leaves on disk: ``python tests/bench/refresh.py [--objects N]``.

Fails when more than two and a half times of one listing is left after it. ``step`` is the most CPU that one piece of
work took of the writer, ``cpu`` that of all threads.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from restoretui.core.clock import SystemClock
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Scope
from tests.bench.bench_ledger import pages

SCOPE = Scope(CloudId("s3"), "bucket", recursive=True)


async def refresh(ledger: Ledger, objects: int) -> None:
    """As ``Listings`` does it: room is made while pages come, and bounds are kept after the end."""
    listing = await ledger.catalog.begin(SCOPE)
    making = asyncio.create_task(ledger.catalog.tidy(making=SCOPE))
    for page in pages(objects):
        ledger.catalog.append(listing.id, page)
        await ledger.catalog.room()
    await ledger.catalog.finish(listing.id)
    await making
    await ledger.catalog.tidy()


async def main(objects: int, times: int, folder: Path) -> int:
    sizes: list[int] = []
    slowest = 0.0
    for number in range(times):
        begun, cpu = time.perf_counter(), time.process_time()
        async with await Ledger.open(folder, SystemClock()) as ledger:
            longest = 0.0
            work = ledger._writer._run

            def timed(piece: object, work: object = work) -> None:
                nonlocal longest
                start = time.thread_time()
                work(piece)  # type: ignore[operator]
                longest = max(longest, time.thread_time() - start)

            ledger._writer._run = timed  # type: ignore[method-assign,assignment]
            await refresh(ledger, objects)
        slowest = max(slowest, longest)
        sizes.append(sum(path.stat().st_size for path in folder.glob("catalog.db*")))
        if number < 4 or number == times - 1:
            print(
                f"{number + 1:>3}: {sizes[-1] / (1 << 20):>7.1f} MiB  {time.perf_counter() - begun:>5.1f} s"
                f"  cpu {time.process_time() - cpu:>5.1f} s  step {longest * 1000:>5.1f} ms",
                flush=True,
            )
    factor = sizes[-1] / sizes[0]
    largest = max(sizes) / sizes[0]
    print(
        f"{objects:,} objects refreshed {times} times: {factor:.2f} of one listing at the end, {largest:.2f} at most,"
        f" the longest step {slowest * 1000:.0f} ms"
    )
    return 0 if factor <= 2.5 else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Refresh a listing again and again.")
    parser.add_argument("--objects", type=int, default=1_000_000, help="a multiple of 1,000")
    parser.add_argument("--times", type=int, default=50)
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="bench-refresh-"))
    try:
        sys.exit(asyncio.run(main(options.objects, options.times, place / "state")))
    finally:
        shutil.rmtree(place)
