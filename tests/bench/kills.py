"""Kills restoretui at random instants, starts it again, and counts what was lost or asked for twice.

    python tests/bench/kills.py [--kills N] [--lanes N] [--seed N] [--objects N]

One ledger and one simulated cloud serve all episodes. Each episode restores a prefix of its own by
``restoretui restore --yes --wait``; the process is killed again and again, taken up by ``watch`` (or by the same
``restore``, if it died before it had confirmed anything), and at last left alone. Instants are drawn over the whole
life of the process, and at the arrival of its n-th request of a kind: before it is applied, or after, so that the
answer finds nobody. One kill in eight is a SIGTERM, SIGHUP or SIGINT, which must end it with exit code 130.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from restoretui.core.clock import ScaledClock, SystemClock  # noqa: E402
from restoretui.core.model import State  # noqa: E402
from restoretui.sandbox import RunningSandbox, SandboxOptions, serve  # noqa: E402

SPEED = 14_400.0
"""A Standard restore of GLACIER takes 0.75 to 1.25 seconds."""
BUCKET = "cold"
DAYS = 365
LIFE = 2.5
"""Machine seconds over which blind kills are spread: start, planning, sending and watching."""
LATE = 0.15
"""Machine seconds by which a request may still be applied after its sender died."""
SOFT = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
OPERATIONS = ("ListObjectsV2", "HeadBucket", "RestoreObject", "RestoreObject", "RestoreObject", "HeadObject")


@dataclass(frozen=True)
class Blow:
    """When and how a process ends: after ``seconds``, or when its n-th ``operation`` arrives."""

    sign: signal.Signals = signal.SIGKILL
    seconds: float = 0.0
    operation: str = ""
    nth: int = 1
    applied: bool = False
    """The request is applied although its sender is gone."""

    @classmethod
    def drawn(cls, dice: random.Random, unsent: int) -> "Blow":
        sign = dice.choice(SOFT) if dice.random() < 0.125 else signal.SIGKILL
        if sign is signal.SIGKILL and dice.random() < 0.4:
            return cls(sign, seconds=dice.uniform(0.05, LIFE))
        operation = dice.choice(OPERATIONS) if unsent else "ListObjectsV2"
        nth = dice.randrange(1, unsent // 2 + 2) if operation == "RestoreObject" else dice.randrange(1, 3)
        return cls(sign, operation=operation, nth=nth, applied=dice.random() < 0.5)


@dataclass
class Tally:
    """What came of it."""

    starts: int = 0
    kills: int = 0
    soft: int = 0
    """Of the kills, signals the process may handle."""
    intents: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    """Objects of which ledger and cloud do not say the same."""
    wrong: list[str] = field(default_factory=list)
    """Other broken promises, exit codes say."""
    by_stage: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(self)))

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.differing or self.wrong)


class Bench:
    """A cloud in this process, and one child at a time that uses it."""

    def __init__(self, running: RunningSandbox, folder: Path, seed: int, objects: int) -> None:
        self.running = running
        self.folder = folder
        self.objects = objects
        self.dice = random.Random(seed)
        self.tally = Tally()
        self._blow: Blow | None = None
        self._arrived = 0
        self._child: asyncio.subprocess.Process | None = None
        self._disturb = running.faults.disturb
        running.faults.disturb = self._watched  # type: ignore[method-assign]
        running.faults.set(
            [
                {"kind": "latency", "operations": ["RestoreObject"], "seconds": 0.02, "jitter": LATE - 0.05},
                {"kind": "drop", "when": "after", "operations": ["RestoreObject"], "chance": 0.01},
                {"kind": "drop", "when": "before", "operations": ["RestoreObject"], "chance": 0.01},
                {"kind": "error", "operations": ["RestoreObject"], "chance": 0.01},
            ],
            running.cloud.now(),
        )
        (folder / "config").mkdir()
        (folder / "config" / "config.toml").write_text("rate = 150\nconcurrency = 32\n")

    def _watched(self, call: Any, now: float, machine: float) -> Any:
        blow = self._blow
        if blow is not None and call.operation == blow.operation:
            self._arrived += 1
            if self._arrived == blow.nth:
                self._strike()
                if not blow.applied:
                    from restoretui.sandbox.faults import Disturbance

                    return Disturbance(drop="before")
        return self._disturb(call, now, machine)

    def _strike(self) -> None:
        blow, self._blow = self._blow, None
        if blow is None or self._child is None or self._child.returncode is not None:
            return
        self._child.send_signal(blow.sign)
        self.tally.kills += 1
        self.tally.soft += blow.sign in SOFT
        self.tally.by_stage[self._stage()] += 1

    def _stage(self) -> str:
        """What the process was about, by what the ledger says."""
        found = self.rows("SELECT state, count(*) FROM job WHERE run_id = (SELECT max(id) FROM run) GROUP BY state")
        states = dict(found)
        if not states or self._runs() == self._confirmed:
            return "planning"
        return "submitting" if states.get("planned") or states.get("unknown") else "watching"

    def _unsent(self) -> int:
        if self._runs() == self._confirmed:
            return self.objects
        found = self.rows("SELECT sum(jobs) FROM run_count WHERE state IN ('planned', 'unknown')")
        return int(found[0][0] or 0)

    def _runs(self) -> int:
        found = self.rows("SELECT count(*) FROM run")
        return int(found[0][0]) if found else 0

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """From the ledger's file, read-only; none while there is no ledger."""
        try:
            with closing(sqlite3.connect(f"file:{self.folder}/state/ledger.db?mode=ro", uri=True)) as ledger:
                return ledger.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    @property
    def env(self) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RESTORETUI_"))}
        env |= {"RESTORETUI_STATE_DIR": str(self.folder / "state"), "RESTORETUI_CONFIG": str(self.folder / "config")}
        return env | {"HOME": str(self.folder), "PYTHONPATH": str(ROOT)} | self.running.env

    async def live(self, arguments: list[str], blow: Blow | None) -> tuple[int, str]:
        """Run a child until it ends or is struck; its exit code and what it said on stderr."""
        self.tally.starts += 1
        self._arrived = 0
        pipe = asyncio.subprocess.PIPE
        self._child = child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "restoretui", *arguments, cwd=ROOT, env=self.env, stdout=pipe, stderr=pipe,
            stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self._blow = blow
        timer = None
        if blow is not None and not blow.operation:
            timer = asyncio.get_running_loop().call_later(blow.seconds, self._strike)
        struck = self.tally.kills
        try:
            _, err = await asyncio.wait_for(child.communicate(), 90)
        except TimeoutError:
            child.kill()
            _, err = await child.communicate()
            self.tally.wrong.append(f"{arguments} was not done in 90 s")
        if timer is not None:
            timer.cancel()
        self._blow = None
        code = child.returncode or 0
        if blow is not None and self.tally.kills > struck and blow.sign in SOFT and code not in (130, 0):
            self.tally.wrong.append(f"{blow.sign.name} ended it with exit code {code}: {err.decode()[-600:]}")
        if b"Traceback" in err:
            self.tally.wrong.append(err.decode()[-600:])
        return code, err.decode()

    async def episode(self, number: int, blows: int) -> None:
        """One prefix, restored through ``blows`` ends."""
        prefix = f"e{number:04}/"
        for at in range(self.objects):
            kind = {"storage_class": "GLACIER"}
            if at % 10 == 9:
                kind = {"storage_class": "INTELLIGENT_TIERING", "archive_status": "ARCHIVE_ACCESS"}
            self.running.cloud.put(BUCKET, f"{prefix}{at:04}", size=1000, **kind)
        self._confirmed = self._runs()
        for _ in range(blows):
            await self.live(self._command(prefix), Blow.drawn(self.dice, self._unsent()))
        code, err = await self.live(self._command(prefix), None)
        if code:
            self.tally.wrong.append(f"the last run of {prefix} ended with exit code {code}: {err[-600:]}")

    def _command(self, prefix: str) -> list[str]:
        if self._runs() > self._confirmed:
            return ["watch", "--json"]
        place = f"s3://{BUCKET}/{prefix}"
        return ["restore", place, "--days", str(DAYS), "--tier", "standard", "--yes", "--wait", "--json"]

    def check(self, episodes: int) -> None:
        """Hold the ledger against what the cloud says it was asked, and what it has."""
        tally = self.tally
        jobs = self.rows("SELECT key, state FROM job")
        tally.intents = len(jobs)
        statuses = {str(entry["key"]): entry["statuses"] for entry in self.running.control.restores(BUCKET)}
        for key, state in jobs:
            in_cloud = self.running.cloud.state(BUCKET, key)
            if in_cloud is not state and str(in_cloud) != state and not (
                in_cloud is State.ONLINE and state == "available"
            ):  # fmt: skip
                tally.differing.append(f"{key}: {state} in the ledger, {in_cloud} in the cloud")
            if 202 not in statuses.get(key, ()):  # type: ignore[operator]
                tally.lost.append(f"{key}: {state}, {statuses.get(key)}")
        tally.doubled += [f"{key}: {found}" for key, found in statuses.items() if len(found) > 1]  # type: ignore[arg-type]
        if len(jobs) != episodes * self.objects:
            tally.wrong.append(f"{len(jobs)} intents of {episodes * self.objects} objects")
        if bad := self.rows("PRAGMA integrity_check") if jobs else []:
            tally.wrong += [str(row[0]) for row in bad if row[0] != "ok"]
        if left := list((self.folder / "state" / "scratch").glob("*")):
            tally.wrong.append(f"left behind: {left}")


async def kill_many(
    folder: Path, kills: int, *, seed: int = 1, objects: int = 60, most_a_run: int = 8, speed: float = SPEED
) -> Tally:
    """At least ``kills`` kills, each episode with at most ``most_a_run``; what came of it."""
    machine = SystemClock()
    clock = ScaledClock(speed, machine.now(), machine.wall())
    async with await serve(SandboxOptions(empty=True, seed=seed), clock=clock) as running:
        running.cloud.add_bucket(BUCKET)
        bench = Bench(running, folder, seed, objects)
        episodes = 0
        while bench.tally.kills < kills:
            blows = min(bench.dice.randrange(3, most_a_run + 1), kills - bench.tally.kills + 1)
            await bench.episode(episodes, blows)
            episodes += 1
            if not bench.tally.is_clean:
                break
        bench.check(episodes)
        return bench.tally


async def lanes(folder: Path, kills: int, number: int, seed: int, objects: int) -> Tally:
    """So many at once, each with a cloud and a ledger of its own; what came of all."""
    share = -(-kills // number)
    for lane in range(number):
        (folder / str(lane)).mkdir()
    tallies = await asyncio.gather(
        *(kill_many(folder / str(lane), share, seed=seed * 1000 + lane, objects=objects) for lane in range(number))
    )
    return sum(tallies[1:], tallies[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=2, help="so many at once")
    parser.add_argument("--objects", type=int, default=60, help="for each episode")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="restoretui-kills-") as folder:
        tally = asyncio.run(lanes(Path(folder), options.kills, options.lanes, options.seed, options.objects))
    for words in (*tally.lost, *tally.doubled, *tally.differing, *tally.wrong):
        print(words)
    counts = {
        "kills": tally.kills, "of them handled signals": tally.soft, "starts": tally.starts,
        **{f"killed while {stage}": number for stage, number in sorted(tally.by_stage.items())},
        "intents": tally.intents, "lost": len(tally.lost), "doubled": len(tally.doubled),
        "ledger and cloud differ": len(tally.differing), "other": len(tally.wrong),
        "seconds": round(time.monotonic() - began),
    }  # fmt: skip
    print(json.dumps(counts, indent=2))
    sys.exit(0 if tally.is_clean else 1)


if __name__ == "__main__":
    main()
