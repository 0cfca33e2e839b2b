"""What the benchmarks print: tables that can go into a README as they are."""

import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple


class Verdict(NamedTuple):
    """A target and what came out; ``got`` is None when a peer it needs is missing."""

    work: str
    target: str
    got: float | None
    is_met: Callable[[float], bool]


def say_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Markdown, aligned: the first column to the left, numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    print(f"\n{title}\n")
    print(_line(heads, widths))
    print("|" + "|".join("-" * (width + 1) + (":" if at else "-") for at, width in enumerate(widths)) + "|")
    for row in rows:
        print(_line(row, widths), flush=True)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join((first, *rest))} |"


def say_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Every target with what came out."""
    rows = []
    for work, target, got, is_met in verdicts:
        said = "a peer is missing" if got is None else "met" if is_met(got) else "MISSED"
        rows.append((work, target, "" if got is None else f"{got:.3g}", said))
    say_table("Against the targets", ("work", "target", "got", "verdict"), rows)


def say_machine() -> None:
    """What all this ran on."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = model[0].partition(": ")[2] if model else platform.machine()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} × {processor}, Linux {platform.release()}, load {load:.1f}")
    libraries = ", ".join(f"{name} {version(name)}" for name in ("aioboto3", "aiohttp", "textual"))
    print(f"Python {platform.python_version()}, restoretui {version('restoretui')}, {libraries}")
