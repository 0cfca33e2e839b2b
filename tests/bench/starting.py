"""How long until something is there: the first paint beside a bare Textual app's, and commands that must be quick.

CPU seconds are the whole process's; they hold better on a busy machine than wall time does.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.bench.harness.endpoint import Endpoint
from tests.bench.harness.measure import Cost, middle, run
from tests.bench.harness.peers import HERE, Setting
from tests.bench.harness.tables import Verdict, say_table
from tests.bench.harness.tty_host import Terminal

BARE = [sys.executable, str(HERE / "bare.py")]
SCREENS = [sys.executable, "-m", "restoretui", "s3://b10k"]
PAINTED = {"bare Textual app": (BARE, b"painted"), "restoretui s3://b10k": (SCREENS, b"Browse")}
"""What is started, and a text of its first frame."""
OURS = [sys.executable, "-m", "restoretui"]
HELP, LISTS = "restoretui --help", "restoretui ls, 1k objects"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    HELP: [*OURS, "--help"],
    "restoretui status": [*OURS, "status"],
    LISTS: [*OURS, "ls", "s3://b1k"],
    "restoretui plan, 1k objects": [*OURS, "plan", "s3://b1k", "--days", "1"],
    "import boto3": [sys.executable, "-c", "import boto3"],
}
LIMITS_S = {HELP: 0.12, LISTS: 0.45}
"""Of CPU."""


def compare_starts(endpoint: Endpoint, folder: Path, rounds: int) -> list[Verdict]:
    """In turn, round after round."""
    paints: dict[str, list[float]] = {name: [] for name in PAINTED}
    costs: dict[str, list[Cost]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=folder) as home:
            endpoint.prepare("b10k")
            at = Setting(endpoint, "b10k", Path(home), Path(home) / "state")
            for name, (command, text) in PAINTED.items():
                paints[name].append(first_paint(command, at, text))
            for name, command in COMMANDS.items():
                costs[name].append(run(command, at.env))
                if costs[name][-1].code:
                    raise SystemExit(f"{name}: {costs[name][-1].complained}")
    bare, ours = paints.values()
    rows = [(f"{name}: first paint", f"{median(times):.0f}", "") for name, times in paints.items()]
    cpu_s = {name: middle(told, lambda cost: cost.cpu_s) for name, told in costs.items()}
    for name, told in costs.items():
        rows.append((name, f"{middle(told, lambda cost: cost.wall_s) * 1000:.0f}", f"{cpu_s[name] * 1000:.0f}"))
    say_table(f"start ({rounds} rounds)", ("what", "wall ms", "CPU ms"), rows)
    ratio = median(one / other for one, other in zip(ours, bare, strict=True))
    return [
        Verdict("start", "first paint ÷ a bare Textual app's ≤ 1.25", ratio, lambda value: value <= 1.25),
        *(_within(name, cpu_s[name], limit) for name, limit in LIMITS_S.items()),
    ]


def _within(name: str, cpu_s: float, limit_s: float) -> Verdict:
    return Verdict("start", f"{name}: CPU s ≤ {limit_s:g}", cpu_s, lambda value: value <= limit_s)


def first_paint(command: Sequence[str], at: Setting, text: bytes) -> float:
    """Milliseconds from the start of the process."""
    with Terminal(command, at.env) as terminal:
        terminal.expect(text)
        seen = terminal.wait(20)
        if seen is None:
            raise SystemExit(f"{' '.join(command)} painted no {text!r}")
        return (seen - terminal.began) * 1000
