"""Days of watching in minutes: many objects, faults on, and what it costs to go on.

    python tests/bench/soak.py [--objects N] [--days N] [--minutes N]

The clouds' clock is turned in steps while the session restores, watches, sees copies expire, and restores them again,
in weather that changes by the hour. At the end fair weather returns and everything is settled; then ledger and cloud
are held against each other. Memory is that of the whole process, the simulated cloud and its counters included.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from restoretui.config import Settings  # noqa: E402
from restoretui.core.location import parse_location  # noqa: E402
from restoretui.core.model import State, Tier  # noqa: E402
from restoretui.ledger.records import Query  # noqa: E402
from restoretui.sandbox import RunningSandbox, SandboxOptions, serve  # noqa: E402
from restoretui.session import Session, open_session  # noqa: E402
from tests.bench.faults import environment, turned  # noqa: E402
from tests.engine.turning import TurnedClock  # noqa: E402

BUCKET = "cold"
HOUR = 3600.0
DAY = 24 * HOUR
UNSETTLED = (State.PLANNED, State.UNKNOWN, State.REQUESTED, State.RESTORING)
WEATHER: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"kind": "error", "chance": 0.02}],
    [{"kind": "drop", "when": "after", "chance": 0.01}, {"kind": "drop", "when": "before", "chance": 0.01}],
    [{"kind": "truncate", "chance": 0.02}, {"kind": "malformed", "chance": 0.02}],
    [{"kind": "throttle", "rate": 100}],
    [{"kind": "expired-token"}],
    [{"kind": "outage"}],
)


def memory() -> float:
    """Resident, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


class Soak:
    """One session on one cloud."""

    def __init__(self, session: Session, running: RunningSandbox, objects: int, days: float, minutes: float) -> None:
        self.session = session
        self.running = running
        self.objects = objects
        self.days = days
        self.give_up = time.monotonic() + 60 * minutes
        self.dice = random.Random(1)
        self.figures: list[tuple[float, float]] = []
        """Cloud days and MiB."""
        self.pauses = 0

    @property
    def clock(self) -> TurnedClock:
        assert isinstance(self.running.cloud.clock, TurnedClock)
        return self.running.cloud.clock

    @property
    def elapsed_days(self) -> float:
        return self.clock.monotonic() / DAY

    def left(self) -> int:
        runs = self.session.ledger.runs.peek_all()
        return sum(run.counts.get(state, 0) for run in runs for state in UNSETTLED)

    async def start_run(self) -> None:
        """Restore everything that is archived now."""
        sel = await self.session.ledger.selections.create()
        await self.session.choosing.under(sel, parse_location(f"s3://{BUCKET}"), refresh=True)
        plan = await self.session.plan(sel, 1)
        if plan.tiers[Tier.BULK].requests:
            await self.session.confirm(sel, plan, Tier.BULK)
        await self.session.ledger.selections.drop(sel)

    async def go(self) -> None:
        """Until the days or the minutes are over, then until everything is settled."""
        await turned(self.clock, self.start_run())
        self.session.start_engine()
        changes_at = next_run = next_figure = 0.0
        while self.elapsed_days < self.days and time.monotonic() < self.give_up:
            if self.clock.monotonic() >= changes_at:
                changes_at = self.clock.monotonic() + self.dice.uniform(0.5, 3) * HOUR
                self.running.faults.set(self.dice.choice(WEATHER), self.running.cloud.now())
                next_run = next_run or self.clock.monotonic() + 2.6 * DAY
            if self.clock.monotonic() >= next_run and not self.left():
                self.running.faults.set([], self.running.cloud.now())
                await turned(self.clock, self.start_run())
                next_run = self.clock.monotonic() + 2.6 * DAY
            if self.clock.monotonic() >= next_figure:
                self.figures.append((self.elapsed_days, memory()))
                next_figure = self.clock.monotonic() + DAY / 4
            await self.step()
        self.running.faults.set([], self.running.cloud.now())
        until = time.monotonic() + 120
        while self.left() and time.monotonic() < until:
            await self.step()
        self.figures.append((self.elapsed_days, memory()))

    async def step(self) -> None:
        if self.session.failure is not None:
            raise self.session.failure
        runs = self.session.ledger.runs.peek_all()
        sending = any(run.counts.get(State.PLANNED, 0) + run.counts.get(State.UNKNOWN, 0) for run in runs)
        paused = self.session.health.level == "paused"
        self.pauses += paused
        await asyncio.sleep(0.02)
        await self.clock.advance(15.0 if sending and not paused else 300.0, settle=2)

    async def report(self) -> dict[str, Any]:
        """What it came to."""
        runs = self.session.ledger.runs.peek_all()
        await turned(self.clock, self.session.look_now(runs[0]))
        newest: Counter[str] = Counter()
        differing: list[str] = []
        view = await self.session.job_view(runs[0].id, Query())
        await view.wait()
        for at in range(0, view.count, 1000):
            for row in view.rows(at, 1000):
                newest[row.state] += 1
                in_cloud = self.running.cloud.state(BUCKET, row.ref.key)
                expected = {State.EXPIRED: State.ARCHIVED, State.SKIPPED: in_cloud}.get(row.state, row.state)
                if in_cloud is not expected:
                    differing.append(f"{row.ref.key}: {row.state} in the ledger, {in_cloud} in the cloud")
        await view.aclose()
        accepted = Counter(
            str(entry["key"]) for entry in self.running.control.restores(BUCKET)
            for status in entry["statuses"] if status in (200, 202)  # type: ignore[attr-defined]
        )  # fmt: skip
        asked = sum(run.objects - run.counts.get(State.SKIPPED, 0) for run in runs)
        stats: Any = self.running.control.snapshot()["requests"]
        third = [mib for _, mib in self.figures[len(self.figures) // 3 :]]
        return {
            "objects": self.objects, "cloud days": round(self.elapsed_days, 1), "runs": len(runs),
            "intents": asked, "accepted requests": sum(accepted.values()),
            "lost": self.left() + max(0, asked - sum(accepted.values())),
            "doubled": max(0, sum(accepted.values()) - asked),
            "ledger and cloud differ": len(differing), "differences": differing[:5],
            "last run": dict(newest), "requests": dict(stats), "steps paused": self.pauses,
            "MiB": [round(mib) for _, mib in self.figures],
            "MiB growth after a third": round(third[-1] - third[0], 1),
        }  # fmt: skip


async def soak(folder: Path, objects: int, days: float, minutes: float) -> dict[str, Any]:
    clock = TurnedClock()
    async with await serve(SandboxOptions(empty=True), clock=clock) as running:
        running.cloud.add_bucket(BUCKET)
        for number in range(objects):
            running.cloud.put(BUCKET, f"archive/{number // 1000:04}/{number:06}", size=1000, storage_class="GLACIER")
        settings = Settings(
            state_dir=folder, config_dir=folder, endpoint_url=running.url, clock=clock, rate=1000.0
        )  # fmt: skip
        with environment(running.env):
            async with open_session(settings) as session:
                work = Soak(session, running, objects, days, minutes)
                await work.go()
                return await work.report()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--days", type=float, default=12.0, help="of cloud time")
    parser.add_argument(
        "--minutes", type=float, default=15.0, help="of ours, at most, before it is brought to an end"
    )
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="restoretui-soak-") as folder:
        figures = asyncio.run(soak(Path(folder), options.objects, options.days, options.minutes))
    print(json.dumps(figures | {"seconds": round(time.monotonic() - began)}, indent=2))
    sys.exit(1 if figures["lost"] or figures["doubled"] or figures["ledger and cloud differ"] else 0)


if __name__ == "__main__":
    main()
