"""What the ledger costs at a million objects: ``python tests/bench/bench_ledger.py [--objects N] [--folder DIR]``.

Prints one line per piece of work; asserts nothing. ``cpu`` is that of all threads together, which a busy machine
disturbs least. The event loop is watched meanwhile: ``lag`` is how late a 5 ms timer came at worst.
"""

import argparse
import asyncio
import random
import resource
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from restoretui.core.clock import SystemClock
from restoretui.core.filter.parser import parse_filter
from restoretui.core.model import Entry, Look, Page, State, Tier
from restoretui.core.plan.plan import RestorePlan, make_plan
from restoretui.core.plan.pricing import PriceTable
from restoretui.core.rules.s3 import S3
from restoretui.ledger import Ledger
from restoretui.ledger.catalog.browse_view import BrowseView
from restoretui.ledger.records import BrowseRow, CloudId, JobRow, Observation, Query, Scope, View
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.runs.create_run import ConfirmedPlan

T = TypeVar("T")
CLOUD = CloudId("s3")
PRICES = PriceTable("s3", (), "", "USD", {}, Decimal(0), frozenset(), Decimal(0), Decimal(0))
CLASSES = ("STANDARD", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING")


class Bench:
    """Times awaitables and notes the worst lag of the event loop meanwhile."""

    def __init__(self) -> None:
        self.lag = 0.0

    async def watch(self) -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            self.lag = max(self.lag, time.perf_counter() - begun - 0.005)

    async def time(self, name: str, work: Awaitable[T], per: int = 0) -> T:
        # What ran on the loop before this is not this one's lag.
        await asyncio.sleep(0.02)
        self.lag = 0.0
        begun, cpu = time.perf_counter(), time.process_time()
        result = await work
        self.report(name, time.perf_counter() - begun, time.process_time() - cpu, per)
        return result

    def report(self, name: str, seconds: float, cpu: float, per: int = 0) -> None:
        rate = f"{per / seconds:>11,.0f} /s" if per else " " * 14
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name:<52} {seconds * 1000:>9,.1f} ms  cpu {cpu * 1000:>9,.1f} ms {rate}"
            f"  lag {self.lag * 1000:>5.1f} ms  peak {rss:>4.0f} MiB"
        )


def pages(objects: int) -> Iterator[Page]:
    dice = random.Random(1)
    for number in range(objects // 1000):
        entries = [
            Entry(
                f"projects/2024/sequencing/run-{number:05d}/sample_{at:04d}.fastq.gz-abcdefgh",
                None,
                dice.randrange(1 << 32),
                1_700_000_000 + dice.randrange(10**7),
                CLASSES[(number * 7 + at * at) % 4],
                None,
                None,
                f'"{dice.getrandbits(128):032x}"',
            )
            for at in range(1000)
        ]
        yield Page(entries, (), None)


async def list_all(ledger: Ledger, prepared: Iterable[Page], bucket: str = "bucket") -> int:
    listing = await ledger.catalog.begin(Scope(CLOUD, bucket, recursive=True))
    for page in prepared:
        ledger.catalog.append(listing.id, page)
        await ledger.catalog.room()
    await ledger.catalog.finish(listing.id)
    return listing.id


async def list_side_by_side(ledger: Ledger, prepared: Sequence[Page], streams: int) -> int:
    """As a lister does that reads several ranges of the keys at once."""
    listing = await ledger.catalog.begin(Scope(CLOUD, "side-by-side", recursive=True))
    share = -(-len(prepared) // streams)
    for at in range(share):
        for number in range(streams):
            for page in prepared[number * share + at : min(number * share + at + 1, (number + 1) * share)]:
                ledger.catalog.append(listing.id, page, segment=number)
                await ledger.catalog.room()
    await ledger.catalog.finish(listing.id)
    return listing.id


def windows(bench: Bench, name: str, view: View[BrowseRow] | View[JobRow], step: int = 40) -> None:
    dice = random.Random(7)
    for kind, starts in (
        ("scrolling", [view.count // 2 + at for at in range(400)]),
        ("paging", [max(0, view.count - step * 400) + at * step for at in range(400)]),
        ("jumping", [dice.randrange(max(1, view.count - step)) for _ in range(400)]),
    ):
        times = []
        for start in starts:
            begun = time.perf_counter()
            view.rows(start, step)
            times.append(time.perf_counter() - begun)
        times.sort()
        p50, p99 = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
        print(f"{f'window of {step}, {name}, {kind}':<52} p50 {p50:>6.3f} ms   p99 {p99:>7.3f} ms")


async def sorted_view(bench: Bench, ledger: Ledger, listing_id: int, name: str, query: Query) -> BrowseView:
    view = await bench.time(f"view {name}: first rows", ledger.catalog.browse(listing_id, query))
    await bench.time(f"view {name}: the rest and its index", view.wait())
    return view


async def plan_of(ledger: Ledger, sel: int) -> RestorePlan:
    groups = (await ledger.selections.facts(sel))[CLOUD]
    return make_plan(S3, groups, 3, SystemClock().now(), (PRICES, True))


async def run(objects: int, folder: Path, *, lean: bool) -> None:
    bench = Bench()
    watcher = asyncio.create_task(bench.watch())
    clock = SystemClock()
    ledger = await bench.time("open, new", Ledger.open(folder, clock))
    if lean:
        listing_id = await bench.time("make and list pages of 1000", list_all(ledger, pages(objects)), objects)
    else:
        prepared = list(pages(objects))
        print(f"{'':<52} peak memory includes {objects:,} prepared entries; see --lean")
        listing_id = await bench.time("list, pages of 1000", list_all(ledger, prepared), objects)
        size = (folder / "catalog.db").stat().st_size
        print(f"{'':<52} {size / objects:>10.0f} bytes an object")
        await bench.time("list, 32 ranges side by side", list_side_by_side(ledger, prepared, 32), objects)
        del prepared
    plain = await bench.time("browse, plain", ledger.catalog.browse(listing_id))
    windows(bench, "plain", plain)
    by_size = await sorted_view(bench, ledger, listing_id, "by size", Query(sort="size", descending=True))
    windows(bench, "by size", by_size)
    await sorted_view(bench, ledger, listing_id, "text, 1 in 27", Query(parse_filter("77")))
    await sorted_view(bench, ledger, listing_id, "text, all match", Query(parse_filter("FASTQ")))
    await sorted_view(bench, ledger, listing_id, "text not ASCII, none", Query(parse_filter("é")))
    await sorted_view(bench, ledger, listing_id, "glob", Query(parse_filter("*run-0077?/*7.fastq*")))
    archived = Query(parse_filter("state:archived"))
    await sorted_view(bench, ledger, listing_id, "by state filter", archived)
    three = Query(parse_filter("state:archived size>1M !*77*"))
    await sorted_view(bench, ledger, listing_id, "three terms", three)
    await bench.time("what there is to filter by", plain.present())
    await sorted_view(bench, ledger, listing_id, "sorted by state", Query(sort="state"))

    marks = ledger.selections.MARKS
    await bench.time("mark all, plain view", ledger.selections.add_view(marks, plain), objects)
    await bench.time("mark all again, sorted view", ledger.selections.add_view(marks, by_size), objects)
    await bench.time("summary", ledger.selections.summary(marks))
    await bench.time("toggle one of them", ledger.selections.toggle_rows(marks, listing_id, [objects // 2]))
    await bench.time("toggle it back", ledger.selections.toggle_rows(marks, listing_id, [objects // 2]))
    await bench.time("hidden", ledger.selections.hidden(marks, plain))
    await bench.time("facts of all marks", ledger.selections.facts(marks), objects)
    windows(bench, "all marked", plain)
    await bench.time("invert all", ledger.selections.invert_view(marks, plain), objects)
    await bench.time("invert back", ledger.selections.invert_view(marks, plain), objects)
    await bench.time("unmark all", ledger.selections.clear(marks), objects)
    await bench.time("mark everything of a listing", ledger.selections.add_under(marks, listing_id), objects)

    plan = await plan_of(ledger, marks)
    confirmed = ledger.runs.confirm(marks, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}))
    restore = await bench.time("confirm all", confirmed, objects)
    # Else, on a slow machine, the next one takes over what nobody pursues.
    await ledger.leases.acquire(f"run:{restore.id}", "benchmark", 86_400)
    windows(bench, "all marked and in a run", plain)
    await bench.time(
        "confirm all again: every one has a job",
        ledger.runs.confirm(marks, ConfirmedPlan(CLOUD, await plan_of(ledger, marks), Tier.BULK, {})),
        objects,
    )
    await bench.time("clear marks", ledger.selections.clear(marks), objects)
    await bench.time("tracked, all runs", ledger.runs.tracked())
    await bench.time("tracked again, unchanged", ledger.runs.tracked())

    await requests(bench, ledger, restore.id)
    await looks(bench, ledger)
    windows(bench, "with looks and jobs", plain)
    jobs = await ledger.runs.view(restore.id)
    windows(bench, "jobs", jobs)
    failed = Query(parse_filter("state:requested"))
    await bench.time("view of jobs by state", ledger.runs.view(restore.id, failed))
    await sorted_view(bench, ledger, listing_id, "by state filter, with looks and jobs", archived)
    await bench.time("cancel the unsent", ledger.runs.set_cancelled(restore.id), objects)
    await bench.time("close", ledger.aclose())
    ledger = await bench.time("open again", Ledger.open(folder, clock))
    await bench.time("close", ledger.aclose())
    watcher.cancel()


async def requests(bench: Bench, ledger: Ledger, run_id: int) -> None:
    rounds = 21
    measured: dict[str, list[tuple[float, float]]] = {}

    async def note(name: str, work: Awaitable[T]) -> T:
        begun, cpu = time.perf_counter(), time.process_time()
        result = await work
        measured.setdefault(name, []).append((time.perf_counter() - begun, time.process_time() - cpu))
        return result

    bench.lag = 0.0
    for _ in range(rounds):
        claimed = await note("claim 1,000", ledger.runs.claim(run_id, 1000))
        now = SystemClock().now().timestamp()
        answers = [
            JobChange(job.id, State.REQUESTED, now, outcome="accepted", request_id=f"{job.id:016X}")
            for job in claimed
        ]
        await note("apply 1,000 answers", ledger.runs.apply(answers))
        await note("apply them again", ledger.runs.apply(answers))
    for name, times in measured.items():
        walls, cpus = sorted(wall for wall, _ in times), sorted(cpu for _, cpu in times)
        bench.report(
            f"{name}, median of {rounds} (worst {walls[-1] * 1000:.0f} ms)", walls[rounds // 2], cpus[rounds // 2]
        )
    states = {State.REQUESTED, State.RESTORING}
    page = await bench.time(
        "open jobs, first 1,000", ledger.runs.open_jobs(CLOUD, "bucket", False, states, None, 1000)
    )
    middle = (page[-1].ref.key, "")
    await bench.time("open jobs, next 1,000", ledger.runs.open_jobs(CLOUD, "bucket", False, states, middle, 1000))
    now = SystemClock().now().timestamp()
    seen = [JobChange(job.id, State.RESTORING, now, look=Look.LIST) for job in page[:1000]]
    await bench.time("apply 1,000 looks", ledger.runs.apply(seen))


async def looks(bench: Bench, ledger: Ledger) -> None:
    now = SystemClock().now().timestamp()
    for number in (5, 500):
        page = [
            Observation(
                f"projects/2024/sequencing/run-{number:05d}/sample_{at:04d}.fastq.gz-abcdefgh",
                None,
                "GLACIER",
                5,
                1_700_000_000,
                None,
                False,
                True,
                None,
                now,
            )
            for at in range(1000)
        ]
        await bench.time("observe a page of 1,000", ledger.catalog.observe(CLOUD, "bucket", page))


@asynccontextmanager
async def in_folder(folder: Path | None) -> AsyncIterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="bench-ledger-", dir=folder))
    try:
        yield made / "state"
    finally:
        await asyncio.to_thread(shutil.rmtree, made)


async def main(objects: int, folder: Path | None, *, lean: bool) -> None:
    async with in_folder(folder) as state:
        await run(objects, state, lean=lean)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Time the ledger.")
    parser.add_argument("--objects", type=int, default=1_000_000, help="a multiple of 1,000")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where to put the files (default: a temporary folder)"
    )
    parser.add_argument("--lean", action="store_true", help="make pages while listing: its rate says nothing then")
    options = parser.parse_args()
    asyncio.run(main(options.objects, options.folder, lean=options.lean))
