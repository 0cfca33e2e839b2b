"""Whether everything grows with the number of objects alone: the same work at several sizes, what an object costs.

    python -m tests.bench.growth [--objects 1m,10m] [--only TEXT] [--folder DIR]

Sizes are as buckets of the fake S3 are called: 100k, 1m, 10m. Each runs in a process and a ledger of its own. Of each
piece of work: seconds, CPU microseconds an object, how many of these the kernel took, and the most memory the process
took while it was done. An object may cost ``STEADY`` more than at the first size, and the memory is to stay level.

What the kernel takes for writing grows by itself on a virtual machine whose host gives it memory only when it is
first touched: there each page of a file costs several times as much once the cache outgrows what was touched before.
The last row of each table is that alone: a file as large as what a run writes, thrown away again.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.harness.endpoint import Endpoint, fake_s3
from tests.bench.harness.measure import run
from tests.bench.harness.peers import Setting
from tests.bench.harness.tables import Verdict, say_machine, say_table, say_verdicts
from tests.bench.harness.works import objects_in

MACHINE = "a file as large"
"""What is none of our work: see ``growing``."""
WORK = Path(__file__).with_name("growing.py")
STEADY = 0.2
"""The share by which an object may cost more."""
LEVEL = 1.2
"""How many times the memory of the first size a larger one may take."""
Costs = Mapping[str, Mapping[str, float]]
"""Of one size, by work: ``wall_s``, ``cpu_s`` and its part ``kernel_s``, ``peak_mib``."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", default="1m,10m")
    parser.add_argument("--only", default="", help="verdicts only of work whose name holds this text")
    parser.add_argument(
        "--folder", type=Path, help="where ledgers are kept meanwhile; a run takes about 1 KB an object"
    )
    asked = parser.parse_args()
    sizes = asked.objects.lower().split(",")
    say_machine()
    found: dict[str, Costs] = {}
    with tempfile.TemporaryDirectory(prefix="restoretui-growth-", dir=asked.folder) as folder, fake_s3() as endpoint:
        for size in sizes:
            found[size] = measured(size, endpoint, Path(folder))
            say(size, found[size])
    if len(sizes) > 1:
        say_verdicts([one for size in sizes[1:] for one in verdicts(sizes[0], size, found, asked.only)])


def measured(size: str, endpoint: Endpoint, folder: Path) -> Costs:
    """All of it once, in a new ledger."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        at = Setting(endpoint, f"b{size}", Path(home), Path(home) / "state")
        (at.home / "config.toml").write_text("")
        endpoint.prepare(at.bucket)
        done = run([sys.executable, WORK, at.bucket], at.env, keep_output=True, patience_s=7200)
    if done.code:
        raise SystemExit(f"{size}: exit code {done.code}: {done.complained}")
    costs: Costs = json.loads(done.said.splitlines()[-1])
    return costs


def say(size: str, costs: Costs) -> None:
    objects = objects_in(f"b{size}")
    rows = [
        (
            work,
            f"{cost['wall_s']:.2f}",
            f"{cost['cpu_s'] / objects * 1e6:.2f}",
            f"{cost['kernel_s'] / objects * 1e6:.2f}",
            f"{cost['peak_mib']:.0f}",
            _more(cost),
        )
        for work, cost in costs.items()
    ]
    say_table(f"{objects:,} objects", ("work", "seconds", "CPU µs an object", "kernel", "peak MiB", ""), rows)


def _more(cost: Mapping[str, float]) -> str:
    return f"{cost['bytes_an_object']:.0f} bytes an object" if "bytes_an_object" in cost else ""


def verdicts(small: str, large: str, found: Mapping[str, Costs], only: str) -> Sequence[Verdict]:
    """Of each piece of work, and of all the memory."""
    told = []
    times = objects_in(f"b{large}") / objects_in(f"b{small}")
    for work, cost in found[large].items():
        if only not in work or work == MACHINE:
            continue
        before = found[small][work]
        whole = cost["cpu_s"] / times / max(before["cpu_s"], 1e-3)
        ours = (cost["cpu_s"] - cost["kernel_s"]) / times / max(before["cpu_s"] - before["kernel_s"], 1e-3)
        target = f"CPU an object, {large} ÷ {small}, ≤ {1 + STEADY:g}; without the kernel {ours:.2f}"
        told.append(Verdict(work, target, whole, _is_steady))
    peaks = [max(cost["peak_mib"] for cost in found[size].values()) for size in (small, large)]
    told.append(Verdict("all", f"peak memory, {large} ÷ {small}, ≤ {LEVEL:g}", peaks[1] / peaks[0], _is_level))
    return told


def _is_steady(ratio: float) -> bool:
    return ratio <= 1 + STEADY


def _is_level(ratio: float) -> bool:
    return ratio <= LEVEL


if __name__ == "__main__":
    main()
