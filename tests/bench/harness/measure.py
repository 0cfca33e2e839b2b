"""What one process costs, from its start to its end."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

PATIENCE = 900.0


@dataclass(frozen=True)
class Cost:
    """Seconds, MiB, and what it said. ``cpu_s`` is user and system time of the whole process, start-up included."""

    wall_s: float
    cpu_s: float
    rss_mib: float
    code: int
    said: str
    """The end of its standard output, if that was kept."""
    complained: str


def run(
    command: Sequence[str | Path], env: Mapping[str, str], *, keep_output: bool = False, patience_s: float = PATIENCE
) -> Cost:
    """Run a program to its end and take its measure; after ``patience_s`` seconds it is killed."""
    with tempfile.TemporaryFile() as kept, tempfile.TemporaryFile() as errors:
        out = kept if keep_output else subprocess.DEVNULL
        began = time.perf_counter()
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        alarm = threading.Timer(patience_s, os.kill, (process.pid, signal.SIGKILL))
        alarm.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        return Cost(
            wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode, _tail(kept), _tail(errors)
        )


def middle(costs: Sequence[Cost], of: Callable[[Cost], float]) -> float:
    """The median over rounds."""
    return median(map(of, costs))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of all do not exceed; the largest stands for 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _tail(file: Any) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 4096))
    text: str = file.read().decode(errors="replace")
    return text.strip()
