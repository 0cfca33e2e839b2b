"""How fast a manifest is written, and in how much memory: ``python tests/bench/bench_manifest.py [ROWS]``."""

import sys
import time
import tracemalloc
from collections.abc import Iterator

from restoretui.providers.s3.batch.manifest_csv import ManifestParts


def pages(rows: int) -> Iterator[list[tuple[str, str]]]:
    for start in range(0, rows, 2000):
        yield [
            (f"archive/2021/03/cam 07/clip-{n:09d}.mov", "3sL4kqtJlcpXroDTDmJ") for n in range(start, start + 2000)
        ]


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for versions in (False, True):
        parts = ManifestParts("acme-media-archive", versions=versions)
        size, spent = 0, 0.0
        for page in pages(rows):
            began = time.perf_counter()
            size += sum(len(part) for part in parts.add(page))
            spent += time.perf_counter() - began
        size += len(parts.rest())
        print(f"versions={versions}: {rows / spent:,.0f} rows/s, {size / 2**20:.0f} MiB")
    tracemalloc.start()
    parts = ManifestParts("acme-media-archive", versions=True)
    for page in pages(rows // 4):
        for _ in parts.add(page):
            pass
    print(f"peak memory {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
