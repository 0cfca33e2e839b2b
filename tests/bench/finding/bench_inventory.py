"""A never listed bucket, by its inventory: ``python tests/bench/finding/bench_inventory.py [--rows 5000000]``.

The bucket has one prefix for each two thousand objects; its inventory is imported, browsed, filtered and summed up,
40,000 objects over 2,000 prefixes (a hundredth of it, where it is smaller) are planned, restored and watched to the
end. One line a step: seconds of the clock and of the processor, memory at its peak, the ledger on disk, and what the
cloud was asked. Asserts nothing but that no LIST came before the plan.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from array import array
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from restoretui.core.clock import EPOCH
from restoretui.sandbox import SandboxOptions, serve
from restoretui.sandbox.state.kinds import kind_number
from restoretui.sandbox.state.table import SortedTable
from restoretui.sandbox.world.inventory import write_inventory

A_PREFIX = 2000
BUCKET, LISTS = "acme-never-listed", "acme-inventories"
KINDS = bytes(map(kind_number, ("GLACIER", "DEEP_ARCHIVE", "GLACIER", "STANDARD_IA")))


async def world(rows: int) -> None:
    """Serve it until told to stop, and say where."""
    running = await serve(SandboxOptions(empty=True, speed=900))
    bucket = running.cloud.add_bucket(BUCKET, created=datetime(2020, 1, 1, tzinfo=UTC))
    running.cloud.add_bucket(LISTS)
    keys = (f"data/{at // A_PREFIX:04d}/object-{at % A_PREFIX:05d}.bin" for at in range(rows))
    sizes, dates = array("q", [1 << 20]) * rows, array("q", [1_600_000_000]) * rows
    kinds, tags = bytearray((KINDS * (rows // 4 + 1))[:rows]), array("Q", range(rows))
    bucket.table = SortedTable.of_columns(keys, sizes, dates, kinds, tags)
    midnight = EPOCH.timestamp() // 86_400 * 86_400
    written = await asyncio.to_thread(write_inventory, running.cloud, BUCKET, LISTS, at=midnight)
    print(json.dumps(running.contract() | {"manifest": f"s3://{LISTS}/{written.manifest}"}), flush=True)
    await asyncio.Event().wait()


class Steps:
    """Runs commands, and says what each took."""

    def __init__(self, contract: dict[str, Any], home: Path) -> None:
        self._url = contract["s3"]
        self._state = home / "state"
        self._env = os.environ | contract["env"] | {"RESTORETUI_STATE_DIR": str(self._state)}
        self._env |= {"RESTORETUI_CONFIG": str(home / "config"), "HOME": str(home)}
        self.before = self.asked()

    def asked(self) -> dict[str, int]:
        with urllib.request.urlopen(f"{self._url}/_sandbox/stats", timeout=60) as answer:
            counts: dict[str, int] = json.load(answer)["requests"]
        return counts

    def run(self, name: str, *words: str) -> dict[str, int]:
        """One command; its requests by kind."""
        begun = time.monotonic()
        command = [sys.executable, "-m", "restoretui", *words]
        with (
            tempfile.TemporaryFile("w+") as said,
            subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, stderr=said, text=True) as process,
        ):
            assert process.stdout
            lines = 0
            last = ""
            for line in process.stdout:
                lines, last = lines + 1, line
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            told = said.read().strip().splitlines()
        took, now = time.monotonic() - begun, self.asked()
        asked = {kind: count - self.before.get(kind, 0) for kind, count in now.items()}
        asked = {kind: count for kind, count in asked.items() if count}
        self.before = now
        disk = sum(path.stat().st_size for path in self._state.rglob("*") if path.is_file()) / 1e6
        print(
            f"{name:38} {took:7.1f} s  {used.ru_utime + used.ru_stime:7.1f} s CPU  {used.ru_maxrss / 1024:6.0f} MB"
            f"  {disk:7.0f} MB on disk  {lines:9,} lines  exit {process.returncode}  {asked}",
            flush=True,
        )
        for line in [*told[-4:], *([last.rstrip()[:160]] if lines == 1 else [])]:
            print(f"    {line[:200]}", flush=True)
        return asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(world(options.rows))
        return
    home = Path(tempfile.mkdtemp(prefix="bench-inventory-"))
    begun = time.monotonic()
    serving = [sys.executable, __file__, "--serve", "--rows", str(options.rows)]
    with subprocess.Popen(serving, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout
            contract = json.loads(served.stdout.readline())
            print(f"{options.rows:,} rows written in {time.monotonic() - begun:.0f} s", flush=True)
            steps, place, known = Steps(contract, home), f"s3://{BUCKET}", ("--from-inventory", "imported")
            prefixes = min(2000, options.rows // A_PREFIX)
            chosen = f"data/[{'01' if prefixes > 1000 else '0'}]???/object-000[01]?.bin"
            listed = set(steps.run("import", "import", place, "--from-inventory", contract["manifest"]))
            for name, words in {
                "totals (du --depth 1)": ("du", place, "--depth", "1"),
                "by class (du --by class)": ("du", place, "--by", "class"),
                "browse a prefix (ls)": ("ls", f"{place}/data/0007/"),
                "filter (ls --where)": ("ls", place, "--where", "object-00007.bin state:archived", "-q"),
            }.items():
                listed |= steps.run(name, *words, *known).keys()
            about = (place, *known, "--match", chosen, "--days", "9", "--tier", "bulk")
            assert not any(kind.startswith("ListObject") for kind in listed), listed
            print(f"asked before the plan: {sorted(listed)}", flush=True)
            steps.run("plan", "plan", *about)
            steps.run("restore", "restore", *about, "--yes", "--max-cost", "1000")
            steps.run("watch", "watch", "last", "--timeout", "15m")
        finally:
            served.terminate()
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
