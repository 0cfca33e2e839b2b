"""Days of watching in minutes: many objects, faults on, and what it costs to go on.

    python tests/bench/soak.py [--objects N] [--days N] [--minutes N] [--plain]

The clouds' clock is turned in steps while the session restores, watches, sees copies expire, and restores them again,
in weather that changes by the hour. At the end fair weather returns and everything is settled; then ledger and cloud
are held against each other. The cloud is a process of its own, so that the memory told is the session's alone; the
way there is by TLS through a proxy, unless ``--plain`` is said.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from restoretui.config.settings import Settings  # noqa: E402
from restoretui.core.location import parse_location  # noqa: E402
from restoretui.core.model import Entry, State, Tier  # noqa: E402
from restoretui.ledger.records import Query  # noqa: E402
from restoretui.sandbox import SandboxOptions, serve  # noqa: E402
from restoretui.session.session import Session, open_session  # noqa: E402
from tests.bench.faults import environment, turned  # noqa: E402
from tests.bench.harness.secured import Secured  # noqa: E402
from tests.engine.clock_control import TurnedClock  # noqa: E402

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


class FarCloud:
    """The simulated cloud in another process, by its levers."""

    def __init__(self, contract: dict[str, Any], http: aiohttp.ClientSession) -> None:
        self.url: str = contract["s3"]
        self.endpoint: str = contract["endpoint"]
        self.env: dict[str, str] = contract["env"]
        self._http = http

    async def ask(self, lever: str, body: Any = None) -> Any:
        """Pull a lever; what it answers."""
        method = "GET" if lever in ("stats", "restores") else "POST"
        async with self._http.request(method, f"{self.url}/_sandbox/{lever}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def weather(self, faults: list[dict[str, Any]]) -> None:
        """These faults from now on, in place of others."""
        await self.ask("faults", {"faults": faults})

    @classmethod
    @asynccontextmanager
    async def started(cls, objects: int, *, secured: bool) -> AsyncIterator["FarCloud"]:
        """For the length of the block."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--serve", "--objects", str(objects), *([] if secured else ["--plain"]),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            contract = json.loads(await child.stdout.readline())
            # A connection of its own for each: one that is kept may be gone by the next lever.
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
                yield cls(contract, http)
        finally:
            child.stdin.close()
            await child.wait()


async def serve_alone(objects: int, *, secured: bool) -> None:
    """Be that process, until stdin ends."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(await serve(SandboxOptions(empty=True), clock=TurnedClock()))
        between = await stack.enter_async_context(Secured(running.port)) if secured else None
        running.cloud.add_bucket(BUCKET)
        for number in range(objects):
            running.cloud.put(BUCKET, f"archive/{number // 1000:04}/{number:06}", size=1000, storage_class="GLACIER")
        env = between.env(running.env) if between else running.env
        told = {"endpoint": between.url if between else running.url, "env": env}
        print(json.dumps(running.contract() | told), flush=True)
        await asyncio.to_thread(sys.stdin.read)


class Soak:
    """One session on one cloud."""

    def __init__(
        self, session: Session, cloud: FarCloud, clock: TurnedClock, objects: int, days: float, minutes: float
    ) -> None:
        self.session = session
        self.cloud = cloud
        self.clock = clock
        self.objects = objects
        self.days = days
        self.give_up = time.monotonic() + 60 * minutes
        self.dice = random.Random(1)
        self.figures: list[tuple[float, float]] = []
        """Cloud days and MiB."""
        self.pauses = 0

    @property
    def elapsed_days(self) -> float:
        return self.clock.monotonic() / DAY

    def left(self) -> int:
        runs = self.session.ledger.runs.peek_all()
        return sum(run.counts.get(state, 0) for run in runs for state in UNSETTLED)

    async def start_run(self) -> None:
        """Restore everything that is archived now."""
        sel = await self.session.ledger.selections.create()
        await self.session.selecting.under(sel, parse_location(f"s3://{BUCKET}"), refresh=True)
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
                await self.cloud.weather(self.dice.choice(WEATHER))
                next_run = next_run or self.clock.monotonic() + 2.6 * DAY
            if self.clock.monotonic() >= next_run and not self.left():
                await self.cloud.weather([])
                await turned(self.clock, self.start_run())
                next_run = self.clock.monotonic() + 2.6 * DAY
            if self.clock.monotonic() >= next_figure:
                self.figures.append((self.elapsed_days, memory()))
                next_figure = self.clock.monotonic() + DAY / 4
            await self.step()
        await self.cloud.weather([])
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
        seconds = 15.0 if sending and not paused else 300.0
        await self.cloud.ask(f"advance?seconds={seconds}")
        await self.clock.advance(seconds, settle=2)

    async def report(self) -> dict[str, Any]:
        """What it came to."""
        runs = self.session.ledger.runs.peek_all()
        await turned(self.clock, self.session.look_now(runs[0]))
        newest: Counter[str] = Counter()
        differing: list[str] = []
        cloud = await self._listed()
        view = await self.session.run_views.job_view(runs[0].id, Query())
        await view.wait()
        for at in range(0, view.count, 1000):
            for row in view.rows(at, 1000):
                newest[row.state] += 1
                in_cloud = cloud[row.ref.key]
                expected = {State.EXPIRED: State.ARCHIVED, State.SKIPPED: in_cloud}.get(row.state, row.state)
                if in_cloud is not expected:
                    differing.append(f"{row.ref.key}: {row.state} in the ledger, {in_cloud} in the cloud")
        await view.aclose()
        accepted = Counter(
            entry["key"] for entry in (await self.cloud.ask("restores"))["restores"]
            for status in entry["statuses"] if status in (200, 202)
        )  # fmt: skip
        asked = sum(run.objects - run.counts.get(State.SKIPPED, 0) for run in runs)
        stats = (await self.cloud.ask("stats"))["requests"]
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

    async def _listed(self) -> dict[str, State]:
        """What the cloud says of every object, asked past the ledger."""
        provider = await self.session.provider()
        found: dict[str, State] = {}
        token = None
        while True:
            page = await provider.list_page(BUCKET, token=token)
            found |= {entry.key: self._state(entry) for entry in page.entries}
            token = page.next_token
            if token is None:
                return found

    def _state(self, entry: Entry) -> State:
        if entry.in_progress:
            return State.RESTORING
        is_there = entry.expiry is not None and entry.expiry > self.clock.now().timestamp()
        return State.AVAILABLE if is_there else State.ARCHIVED


async def soak(folder: Path, objects: int, days: float, minutes: float, *, secured: bool = True) -> dict[str, Any]:
    clock = TurnedClock()
    async with FarCloud.started(objects, secured=secured) as cloud:
        settings = Settings(
            state_dir=folder, config_dir=folder, endpoint_url=cloud.endpoint, clock=clock, rate=1000.0
        )
        with environment(cloud.env):
            async with open_session(settings) as session:
                work = Soak(session, cloud, clock, objects, days, minutes)
                await work.go()
                return await work.report()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--days", type=float, default=6.0, help="of cloud time")
    parser.add_argument(
        "--minutes", type=float, default=15.0, help="of ours, at most, before it is brought to an end"
    )
    parser.add_argument("--plain", action="store_true", help="without TLS and proxy")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve_alone(options.objects, secured=not options.plain))
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="restoretui-soak-") as folder:
        figures = asyncio.run(
            soak(Path(folder), options.objects, options.days, options.minutes, secured=not options.plain)
        )
    print(json.dumps(figures | {"seconds": round(time.monotonic() - began)}, indent=2))
    sys.exit(1 if figures["lost"] or figures["doubled"] or figures["ledger and cloud differ"] else 0)


if __name__ == "__main__":
    main()
