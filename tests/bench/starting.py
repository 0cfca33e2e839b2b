"""How long until something is there: the first paint beside a bare Textual app's, and commands that must be quick."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.bench.harness.endpoint import Endpoint
from tests.bench.harness.measure import run
from tests.bench.harness.peers import HERE, Setting
from tests.bench.harness.tables import Verdict, say_table
from tests.bench.harness.tty_host import Terminal

BARE = [sys.executable, str(HERE / "bare.py")]
SCREENS = [sys.executable, "-m", "restoretui", "s3://b10k"]
PAINTED = {"bare Textual app": (BARE, b"painted"), "restoretui s3://b10k": (SCREENS, b"Browse")}
"""What is started, and a text of its first frame."""
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "restoretui --help": [sys.executable, "-m", "restoretui", "--help"],
    "restoretui ls, 1k objects": [sys.executable, "-m", "restoretui", "ls", "s3://b1k"],
    "import boto3": [sys.executable, "-c", "import boto3"],
}


def compare_starts(endpoint: Endpoint, folder: Path, rounds: int) -> list[Verdict]:
    """In turn, round after round."""
    paints: dict[str, list[float]] = {name: [] for name in PAINTED}
    walls: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=folder) as home:
            endpoint.prepare("b10k")
            at = Setting(endpoint, "b10k", Path(home), Path(home) / "state")
            for name, (command, text) in PAINTED.items():
                paints[name].append(first_paint(command, at, text))
            for name, command in COMMANDS.items():
                walls[name].append(run(command, at.env).wall_s * 1000)
    bare, ours = paints.values()
    rows = [(f"{name}: first paint", f"{median(times):.0f}") for name, times in paints.items()]
    rows += [(name, f"{median(times):.0f}") for name, times in walls.items()]
    say_table(f"start ({rounds} rounds)", ("what", "ms"), rows)
    ratio = median(one / other for one, other in zip(ours, bare, strict=True))
    return [Verdict("start", "first paint ÷ a bare Textual app's ≤ 1.25", ratio, lambda value: value <= 1.25)]


def first_paint(command: Sequence[str], at: Setting, text: bytes) -> float:
    """Milliseconds from the start of the process."""
    with Terminal(command, at.env) as terminal:
        terminal.expect(text)
        seen = terminal.wait(20)
        if seen is None:
            raise SystemExit(f"{' '.join(command)} painted no {text!r}")
        return (seen - terminal.began) * 1000
