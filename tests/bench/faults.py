"""Every kind of bad weather through a whole restore, from listing to settled, and what came of it.

    python tests/bench/faults.py [--objects N] [--only TEXT] [--secured N]

Each row is a restore of its own on a simulated cloud whose clock is turned, not waited for. *Lost* are confirmed
objects that were not settled in ten days of cloud time, or of which ledger and cloud do not say the same; *doubled*
are objects whose restore the cloud accepted twice. Every third reaches its cloud by TLS through a proxy.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from restoretui.config.settings import Settings  # noqa: E402
from restoretui.core.location import parse_location  # noqa: E402
from restoretui.core.model import ObjectRef, State, Tier  # noqa: E402
from restoretui.core.provider import NO_CAPACITY_CODE  # noqa: E402
from restoretui.ledger.records import Query  # noqa: E402
from restoretui.ledger.run_records import Run  # noqa: E402
from restoretui.sandbox import RunningSandbox, SandboxOptions, serve  # noqa: E402
from restoretui.sandbox.faults.scenario import load_scenario  # noqa: E402
from restoretui.session.session import Session, open_session  # noqa: E402
from tests.bench.harness.secured import Secured  # noqa: E402
from tests.bench.harness.tables import say_table  # noqa: E402
from tests.engine.clock_control import TurnedClock, turn  # noqa: E402

T = TypeVar("T")
HOUR = 3600.0
LIMIT = 10 * 24 * HOUR
BUCKET = "cold"
SENDS = ("RestoreObject",)
READS = ("ListObjectsV2", "HeadObject")
Lever = Callable[[RunningSandbox], Awaitable[None] | None]


def weather(*entries: Mapping[str, Any]) -> Lever:
    """Puts these faults in force; none is fair weather."""
    return lambda running: running.faults.set(entries, running.cloud.now())


async def down(running: RunningSandbox) -> None:
    await running.go_down()


async def back(running: RunningSandbox) -> None:
    await running.come_back()


def somebody_else(running: RunningSandbox) -> None:
    """Restores every fifth object between our plan and our requests."""
    for key in keys_of(running)[::5]:
        running.cloud.restore(BUCKET, key, days=7, tier=Tier.STANDARD)


def keys_of(running: RunningSandbox) -> list[str]:
    return [row.key for row in running.cloud.bucket(BUCKET).rows() if row.key.startswith("archive/2023/")]


@dataclass(frozen=True)
class Case:
    """One kind of weather. ``at``: levers by cloud seconds after the confirmation."""

    name: str
    scenarios: Sequence[str] = ()
    faults: Sequence[Mapping[str, Any]] = ()
    at: Mapping[float, Lever] = field(default_factory=dict)
    before_confirm: Lever | None = None
    tier: Tier = Tier.STANDARD
    unfinished: State | None = None
    """What may remain for ever, since the cloud never ends it."""
    until_expired: bool = False


BAD_KEYS = {"kind": "unknown-key"}
SKEW = {"kind": "clock-skew"}
BLIND = {"kind": "deny", "operations": READS}
CASES = (
    Case("fair weather"),
    Case("slow-down", ["slow-down"]),
    Case("server-errors", ["server-errors"]),
    Case("every request fails at first", faults=[{"kind": "error", "operations": SENDS, "times": 40}]),
    Case("dropped-connections", ["dropped-connections"]),
    Case("half the answers lost", faults=[{"kind": "drop", "when": "after", "operations": SENDS, "chance": 0.5}]),
    Case("bad-xml", ["bad-xml"]),
    Case("high-latency", ["high-latency"]),
    Case("clock-skew for 2 h", at={0: weather(SKEW), 2 * HOUR: weather()}),
    Case("unknown-credentials for 2 h", at={0: weather(BAD_KEYS), 2 * HOUR: weather()}),
    Case("expired-credentials", ["expired-credentials"]),
    Case("outage", ["outage"]),
    Case("connection refused for 1 h", at={0: down, HOUR: back}),
    Case("connection refused while watching", at={HOUR: down, 2 * HOUR: back}),
    Case("access-denied", ["access-denied"]),
    Case("looking denied for 6 h", at={60: weather(BLIND), 6 * HOUR: weather()}),
    Case("no-expedited", ["no-expedited"], tier=Tier.EXPEDITED),
    Case("cancelled-restores", ["cancelled-restores"]),
    Case("vanishing-objects", ["vanishing-objects"]),
    Case("slow-restores", ["slow-restores"]),
    Case("stuck-restores", ["stuck-restores"], unfinished=State.RESTORING),
    Case("compatible-store", ["compatible-store"]),
    Case("failing-tasks", ["failing-tasks"]),
    Case("somebody else restores too", before_confirm=somebody_else),
    Case("copies expire", until_expired=True),
    Case("rough-day", ["rough-day"], unfinished=State.RESTORING),
    Case("drops + bad-xml + errors", ["dropped-connections", "bad-xml", "server-errors"]),
    Case("slow-down + expired-credentials", ["slow-down", "expired-credentials"]),
    Case("compatible-store + drops", ["compatible-store", "dropped-connections"]),
    Case("vanishing + cancelled + outage", ["vanishing-objects", "cancelled-restores", "outage"]),
)


@dataclass
class Outcome:
    """One row."""

    case: Case
    objects: int = 0
    counts: Mapping[State, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    """By the cloud's code."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    requests: int = 0
    looks: int = 0
    pauses: int = 0
    tunnels: int = 0
    """Connections through a proxy."""
    level: str = ""
    """Of health, at the end."""


async def brave(case: Case, folder: Path, objects: int = 120, *, secured: bool = False) -> Outcome:
    """Restore ``objects`` in this weather, ``secured`` by TLS through a proxy; what came of it."""
    clock = TurnedClock()
    entries = [dict(entry) for entry in case.faults]
    for name in case.scenarios:
        entries += [dict(entry) for entry in (await asyncio.to_thread(load_scenario, name)).faults]
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(await serve(SandboxOptions(empty=True), clock=clock))
        between = await stack.enter_async_context(Secured(running.port)) if secured else None
        running.cloud.add_bucket(BUCKET)
        for number in range(objects):
            running.cloud.put(
                BUCKET, f"archive/{2023 + number % 4 // 3}/{number:05}", size=1000, **kind_of(number, case)
            )
        running.faults.set(entries, running.cloud.now())
        url = between.url if between else running.url
        settings = Settings(state_dir=folder, config_dir=folder, endpoint_url=url, clock=clock)
        with environment(between.env(running.env) if between else running.env):
            outcome = await restored(settings, case, running, objects)
        outcome.tunnels = between.tunnels if between else 0
        return outcome


async def restored(settings: Settings, case: Case, running: RunningSandbox, objects: int) -> Outcome:
    async with open_session(settings) as session:
        run = await turned(running.cloud.clock, confirmed(session, case, running))
        outcome = Outcome(case, objects)
        await settled(session, run, case, running, outcome)
        await judged(session, run, running, outcome)
        return outcome


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These variables for the length of the block; the SDK reads them when it likes."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def kind_of(number: int, case: Case) -> dict[str, Any]:
    if case.tier is Tier.EXPEDITED or number % 10 < 6:
        return {"storage_class": "GLACIER"}
    if number % 10 < 8:
        return {"storage_class": "DEEP_ARCHIVE"}
    return {"storage_class": "INTELLIGENT_TIERING", "archive_status": "ARCHIVE_ACCESS"}


async def turned(clock: Any, work: Awaitable[T]) -> T:
    """The result of ``work``, the clock being turned for it meanwhile."""
    task = asyncio.ensure_future(work)
    await turn(clock, task.done, step=0.5, most=20_000)
    return task.result()


async def confirmed(session: Session, case: Case, running: RunningSandbox) -> Run:
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location(f"s3://{BUCKET}"))
    await session.selecting.look(sel)
    plan = await session.plan(sel, 5)
    if case.before_confirm is not None:
        case.before_confirm(running)
    return await session.confirm(sel, plan, case.tier)


async def settled(session: Session, run: Run, case: Case, running: RunningSandbox, outcome: Outcome) -> None:
    """Turn the clock until nothing of the run can change, pulling the levers when they are due."""
    clock = running.cloud.clock
    assert isinstance(clock, TurnedClock)
    began = clock.monotonic()
    levers = sorted(case.at.items())
    was_paused = False
    session.start_engine()
    while (elapsed := clock.monotonic() - began) < LIMIT:
        while levers and levers[0][0] <= elapsed:
            pulled = levers.pop(0)[1](running)
            if pulled is not None:
                await pulled
        is_paused = session.health.level == "paused"
        outcome.pauses += is_paused and not was_paused
        was_paused = is_paused
        if session.failure is not None:
            raise session.failure
        run = await session.ledger.runs.get(run.id)
        unsent = run.counts.get(State.PLANNED, 0) + run.counts.get(State.UNKNOWN, 0)
        open_states = {State.PLANNED, State.UNKNOWN, State.REQUESTED, State.RESTORING}
        open_states |= {State.AVAILABLE} if case.until_expired else set()
        if not levers and not any(run.counts.get(state) for state in open_states):
            break
        if case.unfinished and elapsed > 3 * 24 * HOUR and not any(
            run.counts.get(state) for state in open_states - {case.unfinished}
        ):  # fmt: skip
            break
        await asyncio.sleep(0.004)
        await clock.advance(2.0 if unsent and not is_paused else 300.0, settle=2)
    outcome.level = session.health.level


async def judged(session: Session, run: Run, running: RunningSandbox, outcome: Outcome) -> None:
    """Hold the ledger against the cloud."""
    run = await session.ledger.runs.get(run.id)
    outcome.counts = {state: number for state, number in run.counts.items() if number}
    statuses = {str(entry["key"]): entry["statuses"] for entry in running.control.restores(BUCKET)}
    view = await session.run_views.job_view(run.id, Query())
    await view.wait()
    rows = view.rows(0, run.objects)
    await view.aclose()
    outcome.failed = Counter(row.code or "no code" for row in rows if row.state is State.FAILED)
    outcome.reasons = Counter(row.reason for row in rows if row.state is State.FAILED)
    for row in rows:
        if row.state is State.PLANNED and row.code == NO_CAPACITY_CODE:
            continue  # Unsent, and waits for a person's decision.
        if not agrees(row.state, running, row.ref, outcome.case):
            in_cloud = running.cloud.state(BUCKET, row.ref.key)
            outcome.lost.append(f"{row.ref.key}: {row.state} in the ledger ({row.reason}), {in_cloud} in the cloud")
    by_others = set(keys_of(running)[::5]) if outcome.case.before_confirm else set()
    for key, found in statuses.items():
        accepted = sum(status in (200, 202) for status in found)
        if accepted > 1 - (key in by_others and accepted == 0):
            outcome.doubled.append(f"{key}: {found}")
    stats: Any = running.control.snapshot()["requests"]
    outcome.requests = stats.get("RestoreObject", 0)
    outcome.looks = sum(stats.get(name, 0) for name in READS)


def agrees(state: State, running: RunningSandbox, ref: ObjectRef, case: Case) -> bool:
    in_cloud = running.cloud.state(BUCKET, ref.key)
    match state:
        case State.AVAILABLE:
            return in_cloud in (State.AVAILABLE, State.ONLINE)
        case State.EXPIRED:
            return in_cloud in (State.ARCHIVED, State.AVAILABLE) and case.until_expired
        case State.SKIPPED:
            return True  # Never an intent: the plan said why.
        case State.FAILED:
            # Nothing that the cloud restores may pass for failed.
            return in_cloud in (State.ARCHIVED, State.ONLINE, None)
        case case.unfinished:
            return in_cloud is case.unfinished
        case _:
            return False


def say(outcomes: Sequence[Outcome]) -> None:
    heads = (
        "weather", "objects", "available", "expired", "failed", "unfinished", "lost", "doubled", "requests", "looks",
        "pauses", "tunnels",
    )  # fmt: skip
    rows = []
    for one in outcomes:
        codes = ", ".join(f"{number} {code}" for code, number in one.failed.items())
        left = one.counts.get(State.RESTORING, 0) + one.counts.get(State.REQUESTED, 0)
        numbers = (
            one.objects, one.counts.get(State.AVAILABLE, 0), one.counts.get(State.EXPIRED, 0), codes or 0, left,
            len(one.lost), len(one.doubled), one.requests, one.looks, one.pauses, one.tunnels,
        )  # fmt: skip
        rows.append([one.case.name, *map(str, numbers)])
    say_table("Restores in bad weather", heads, rows)
    for one in outcomes:
        for words in (*one.lost[:3], *one.doubled[:3]):
            print(f"{one.case.name}: {words}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=120)
    parser.add_argument("--only", default="", help="weather whose name contains this")
    parser.add_argument("--secured", type=int, default=3, help="every so manyth by TLS through a proxy; 0: none")
    options = parser.parse_args()
    began = time.monotonic()
    outcomes = []
    for number, case in enumerate(CASES, 1):
        if options.only in case.name:
            with tempfile.TemporaryDirectory(prefix="restoretui-faults-") as folder:
                secured = bool(options.secured) and number % options.secured == 0
                outcomes.append(asyncio.run(brave(case, Path(folder), options.objects, secured=secured)))
            print(".", end="", file=sys.stderr, flush=True)
    say(outcomes)
    lost, doubled = sum(len(one.lost) for one in outcomes), sum(len(one.doubled) for one in outcomes)
    print(f"\n{len(outcomes)} kinds of weather, lost {lost}, doubled {doubled}, {time.monotonic() - began:.0f} s")
    sys.exit(1 if lost or doubled else 0)


if __name__ == "__main__":
    main()
