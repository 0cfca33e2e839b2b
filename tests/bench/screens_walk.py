"""Walks through the screens by random keys, in random weather, for as long as one likes.

    python tests/bench/screens_walk.py [--minutes N] [--length N] [--seed N]
    python tests/bench/screens_walk.py --replay FILE

Every step is followed by what must hold of the screens (``tests/tui/walking/invariants.py``). The first failure is
shrunk and printed as a script of steps, one a line, and written to a file for ``--replay``; the exit code is then 1.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.tui.walking.machine import ScreensMachine, as_settings  # noqa: E402
from tests.tui.walking.stage import Stage  # noqa: E402
from tests.tui.walking.steps import read_script  # noqa: E402

AT_A_TIME = 5
COUNTS = (
    "walks", "steps", "keys", "sessions", "other session", "cloud events", "faults", "plans confirmed", "requests",
)  # fmt: skip


def counts() -> str:
    totals = ScreensMachine.totals
    return ", ".join(f"{totals[name]:,} {name}" for name in COUNTS)


def walk(minutes: float, length: int, first: int, *, shrinks: bool) -> int:
    end, number = time.monotonic() + minutes * 60, first
    while time.monotonic() < end:
        machine = seed(number)(type("Walk", (ScreensMachine,), {}))
        try:
            run_state_machine_as_test(machine, settings=as_settings(AT_A_TIME, length, shrinks=shrinks))
        except Exception as error:  # noqa: BLE001  whatever it is, it is what was looked for
            return tell(error, number)
        number += 1
        print(f"seed {number - 1}: {counts()}", flush=True)
    print(f"nothing failed: {counts()}")
    return 0


def tell(error: BaseException, number: int) -> int:
    target = Path(f"screens-walk-{number}.steps")
    target.write_text(ScreensMachine.failed + "\n", "utf-8")
    print(ScreensMachine.failed)
    print(f"seed {number} failed: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
    print(f"after {counts()}")
    print(f"once more: python tests/bench/screens_walk.py --replay {target}")
    return 1


async def replay(path: Path) -> int:
    script = read_script(path.read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="screens-") as folder:
        stage = await Stage.open(Path(folder))
        try:
            for step in script:
                print(step, flush=True)
                try:
                    await stage.do(step)
                except BaseException:
                    print("\n".join(stage.on.lines()))
                    raise
        finally:
            await stage.close()
    print("nothing failed")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--length", type=int, default=40, help="rules of a walk at most")
    parser.add_argument("--seed", type=int, default=None, help="of the first walks; the next ones count up")
    parser.add_argument("--no-shrink", action="store_true", help="tell the first failure as it was met")
    parser.add_argument("--replay", type=Path, help="a script of steps that was printed")
    options = parser.parse_args()
    if options.replay is not None:
        return asyncio.run(replay(options.replay.resolve()))
    first = options.seed if options.seed is not None else random.randrange(1 << 32)
    return walk(options.minutes, options.length, first, shrinks=not options.no_shrink)


if __name__ == "__main__":
    sys.exit(main())
