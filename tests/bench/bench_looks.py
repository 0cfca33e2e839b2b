"""What it costs the ledger to find what only a HEAD can judge: ``python tests/bench/bench_looks.py [--objects N]``.

A store that may list no status: every archived object is looked at before it is asked for. Nothing is sent here; the
HEADs are taken to be answered at once. One line for each tenth of the objects: they take as long each if the whole
grows with their number alone. Then the same objects, named by key. Asserts nothing.
"""

import argparse
import asyncio
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from restoretui.core.clock import SystemClock
from restoretui.core.model import Entry, ObjectRef, Page
from restoretui.ledger import Ledger
from restoretui.ledger.marks.doubts import Doubt
from restoretui.ledger.records import CloudId, Observation, Scope
from restoretui.session.selecting import LOOKS_BATCH

STORE = CloudId("s3", "https://store.example")
BUCKET = "bucket"
PAGE = 1000


def key(number: int) -> str:
    return f"projects/2024/sequencing/run-{number // 1000:05d}/sample_{number % 1000:04d}.fastq.gz-abcdefgh"


async def list_all(ledger: Ledger, objects: int) -> int:
    listing = await ledger.catalog.begin(Scope(STORE, BUCKET, recursive=True))
    for first in range(0, objects, PAGE):
        numbers = range(first, min(first + PAGE, objects))
        entries = [Entry(key(at), None, 10, 1_700_000_000, "GLACIER", None, None, '"e"') for at in numbers]
        ledger.catalog.append(listing.id, Page(entries, (), None))
        await ledger.catalog.room()
    await ledger.catalog.finish(listing.id)
    return listing.id


def looks(refs: Sequence[ObjectRef]) -> list[Observation]:
    now = SystemClock().now().timestamp()
    return [
        Observation(ref.key, None, "GLACIER", 10, 1_700_000_000, None, True, None, None, now, etag='"e"')
        for ref in refs
    ]


class Tenths:
    """Prints a line whenever another tenth of the objects is through."""

    def __init__(self, what: str, objects: int) -> None:
        self._what, self._objects = what, objects
        self._done = 0
        self._finding = self._keeping = self._worst = 0.0

    def add(self, objects: int, finding: float, keeping: float) -> None:
        before = self._done * 10 // self._objects
        self._done += objects
        self._finding += finding
        self._keeping += keeping
        self._worst = max(self._worst, finding)
        if self._done * 10 // self._objects > before:
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{self._what} {self._done:>9,}: find {self._finding * 1000:>9,.1f} ms (worst batch"
                f" {self._worst * 1000:>6,.1f} ms)  keep {self._keeping * 1000:>9,.1f} ms  peak {rss:>4.0f} MiB"
            )
            self._finding = self._keeping = self._worst = 0.0


async def run(objects: int, folder: Path) -> None:
    ledger = await Ledger.open(folder, SystemClock())
    marks = ledger.selections.MARKS
    await ledger.selections.add_under(marks, await list_all(ledger, objects))
    await asyncio.sleep(0.01)
    tenths, after, begun = Tenths("looked at", objects), None, time.perf_counter()
    while True:
        at = time.perf_counter()
        refs = await ledger.selections.unlooked(marks, STORE, LOOKS_BATCH, Doubt.RESTORED, after)
        found = time.perf_counter()
        if not refs:
            break
        after = refs[-1]
        await ledger.catalog.observe(STORE, BUCKET, looks(refs))
        tenths.add(len(refs), found - at, time.perf_counter() - found)
    print(f"looked at, all: {time.perf_counter() - begun:,.1f} s")

    named, begun = await ledger.selections.create(), time.perf_counter()
    tenths = Tenths("named    ", objects)
    for first in range(0, objects, LOOKS_BATCH):
        at = time.perf_counter()
        refs = [ObjectRef(BUCKET, key(number)) for number in range(first, min(first + LOOKS_BATCH, objects))]
        await ledger.selections.add_observed(named, STORE, BUCKET, looks(refs))
        tenths.add(len(refs), 0.0, time.perf_counter() - at)
    print(f"named, all: {time.perf_counter() - begun:,.1f} s")
    await ledger.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Time the search for what only a HEAD can judge.")
    parser.add_argument("--objects", type=int, default=1_000_000)
    options = parser.parse_args()
    made = Path(tempfile.mkdtemp(prefix="bench-looks-"))
    try:
        asyncio.run(run(options.objects, made / "state"))
    finally:
        shutil.rmtree(made)
