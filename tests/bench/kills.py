"""Kills restoretui at random instants, starts it again, and counts what was lost or asked for twice.

    python tests/bench/kills.py [--kills N] [--lanes N] [--seed N] [--objects N] [--secured N] [--then] [--kind TEXT]

One ledger and one simulated cloud serve all episodes. Each episode restores a prefix of its own by
``restoretui restore --yes --wait``: by single requests, through jobs of S3 Batch Operations, or on OSS; or as the
screens do it, which pursue whatever is open. The process
is killed again and again, taken up by ``watch`` (or by the same ``restore``, if it died before it had confirmed
anything), and at last left alone; then what can be done afterwards (export, reading a job's report and deleting it,
ending copies) is killed and repeated alike. Instants are drawn over the whole life of the process, and at the arrival
of its n-th request of a kind: before it is applied, or after, so that the answer finds nobody. One kill in eight is a
SIGTERM, SIGHUP or SIGINT, which must end it with exit code 130. Some are struck while a second process looks on,
which takes the run over. Every second lane reaches its cloud by TLS through a
proxy.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from restoretui.core.clock import ScaledClock, SystemClock  # noqa: E402
from restoretui.core.model import State  # noqa: E402
from restoretui.sandbox import RunningSandbox, SandboxOptions, serve  # noqa: E402
from restoretui.sandbox.world.oss import REGION as OSS_REGION  # noqa: E402
from tests.bench.harness.children import environment, start_child  # noqa: E402
from tests.bench.harness.kill_points import (  # noqa: E402
    KINDS,
    LONG_KINDS,
    SHORT_LIFE,
    SOFT,
    THEN_KINDS,
    WEATHER,
    After,
    Blow,
    Kind,
    Tally,
)
from tests.bench.harness.secured import Secured  # noqa: E402
from tests.bench.harness.told import Told, ended_as_it_should  # noqa: E402

SPEED = 14_400.0
"""A Standard restore of GLACIER takes 0.75 to 1.25 seconds."""
WAITING = "'planned', 'unknown', 'requested', 'restoring'"
TOLD = (
    "SELECT s.run_id, t.job_id, s.id, s.kind FROM then_task t JOIN then_step s ON s.id = t.step_id"
    " WHERE t.state = 'done' AND s.kind IN ('exec', 'webhook')"
)
OF_LAST = "run_id = (SELECT max(id) FROM run)"


class Bench:
    """A cloud in this process, and one child at a time that uses it."""

    def __init__(
        self,
        running: RunningSandbox,
        folder: Path,
        seed: int,
        objects: int,
        told: Told,
        secured: Secured | None = None,
    ) -> None:
        self.running = running
        self._told = told
        told.arrives = self._arrives
        self._env = environment(folder, secured.env(running.env) if secured else running.env)
        self.folder = folder
        self.objects = objects
        self.dice = random.Random(seed)
        self.tally = Tally()
        self._blow: Blow | None = None
        self._arrived = 0
        self._child: asyncio.subprocess.Process | None = None
        self._kinds: dict[str, Kind] = {}
        """By the prefix of an episode."""
        self._jobs: set[str] = set()
        self._doing = ""
        """What is done after a run is settled."""
        self._disturb = running.faults.disturb
        running.faults.disturb = self._watched  # type: ignore[method-assign]
        running.faults.set(WEATHER, running.cloud.now())
        (folder / "config").mkdir()
        (folder / "config" / "config.toml").write_text(
            f'rate = 150\nconcurrency = 32\n[webhooks.team]\nurl = "{told.url}"\n'
        )

    def _watched(self, call: Any, now: float, machine: float) -> Any:
        if self._arrives(call.operation):
            from restoretui.sandbox.faults.faults import Disturbance

            return Disturbance(drop="before")
        return self._disturb(call, now, machine)

    def _arrives(self, operation: str) -> bool:
        """A request of that kind is here: strike, if it is the one; true where it is not to be applied."""
        blow = self._blow
        if blow is None or operation != blow.operation:
            return False
        self._arrived += 1
        if self._arrived != blow.nth:
            return False
        self._strike()
        return not blow.applied

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
        if self._doing:
            return self._doing
        if self._runs() == self._confirmed:
            return "planning"
        if self.rows(f"SELECT 1 FROM batch WHERE {OF_LAST} AND phase IN ('planned', 'uploaded', 'creating')"):
            return "making jobs"
        if self.rows(f"SELECT 1 FROM batch WHERE {OF_LAST} AND phase = 'created'"):
            return "following jobs"
        if self._unsent():
            return "submitting"
        begun = self.rows(
            f"SELECT 1 FROM then_task t JOIN then_step s ON s.id = t.step_id WHERE s.{OF_LAST} AND t.state = 'doing'"
        )
        return "at work on what can be read" if begun else "watching"

    def _unsent(self) -> int:
        if self._runs() == self._confirmed:
            return self.objects
        found = self.rows(f"SELECT count(*) FROM job WHERE {OF_LAST} AND state IN ('planned', 'unknown')")
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

    async def live(
        self,
        arguments: Sequence[str],
        blow: Blow | None,
        told: Callable[[dict[str, Any]], None] | None = None,
        module: str = "restoretui",
    ) -> tuple[int, str]:
        """Run a child until it ends or is struck; its exit code and what it said on stderr."""
        child = await self._start(arguments, module)
        return await self._ended(child, asyncio.create_task(child.communicate()), arguments, blow, told)

    async def _start(self, arguments: Sequence[str], module: str = "restoretui") -> asyncio.subprocess.Process:
        self.tally.starts += 1
        return await start_child(arguments, self._env, module)

    async def _ended(
        self,
        child: asyncio.subprocess.Process,
        said: asyncio.Task[tuple[bytes, bytes]],
        arguments: Sequence[str],
        blow: Blow | None,
        told: Callable[[dict[str, Any]], None] | None = None,
    ) -> tuple[int, str]:
        """The same of one that was started."""
        self._child, self._blow, self._arrived = child, blow, 0
        timer = None
        if blow is not None and not blow.operation:
            timer = asyncio.get_running_loop().call_later(blow.seconds, self._strike)
        struck = self.tally.kills
        try:
            out, err = await asyncio.wait_for(asyncio.shield(said), 90)
        except TimeoutError:
            child.kill()
            out, err = await said
            self.tally.wrong.append(f"{arguments} was not done in 90 s")
        if timer is not None:
            timer.cancel()
        self._blow = None
        code = child.returncode or 0
        if told is not None:
            for line in out.splitlines():
                told(json.loads(line))
        if blow is not None and self.tally.kills > struck and blow.sign in SOFT and code not in (130, 0):
            self.tally.wrong.append(f"{blow.sign.name} ended it with exit code {code}: {err.decode()[-600:]}")
        self._told.note(self.rows(TOLD), self.tally)
        if b"Traceback" in err:
            self.tally.wrong.append(err.decode()[-600:])
        return code, err.decode()

    async def episode(self, number: int, blows: int, kind: Kind) -> None:
        """One prefix, restored and done with through ``blows`` ends."""
        prefix = f"e{number:04}/"
        self._kinds[prefix] = kind
        for at in range(self.objects):
            size = kind.sizes[at % len(kind.sizes)]
            self.running.cloud.put(kind.bucket, f"{prefix}{at:04}", size=size, **kind.classes[at % len(kind.classes)])
            if kind.foreign_days:
                self.running.cloud.restore(kind.bucket, f"{prefix}{at:04}", days=kind.foreign_days)
        self._confirmed = self._runs()
        later = [after for after in kind.after for _ in range(self.dice.randrange(1, 3))]
        for _ in range(max(1, blows - len(later))):
            unsent = self._unsent()
            operations = kind.operations if unsent or self._stage() == "making jobs" else kind.watching
            blow = Blow.drawn(self.dice, operations, unsent)
            if kind.has_heir:
                await self._inherited(prefix, kind, blow)
            else:
                await self.live(self._command(prefix, kind), blow, module=kind.module)
        if not await self._through(self._command(prefix, kind), prefix, kind.module):
            return
        for after in kind.after:
            await self._after(after, later.count(after), prefix)
        if "CreateJob" in kind.operations:
            await self._check_jobs()
        if kind.then:
            await asyncio.to_thread(self._check_then, kind, prefix)

    async def _inherited(self, prefix: str, kind: Kind, blow: Blow) -> None:
        """One is struck while a second looks on: that one goes on where it stood, and may be struck in its turn."""
        kills, watch = self.tally.kills, ["watch", "--json"]
        first = asyncio.create_task(self.live(self._command(prefix, kind), blow, module=kind.module))
        while self._runs() == self._confirmed and not first.done():
            await asyncio.sleep(0.02)
        if self._runs() == self._confirmed:
            await first
            return
        heir = await self._start(watch)
        said = asyncio.create_task(heir.communicate())
        await first
        left = self.rows(f"SELECT 1 FROM job WHERE {OF_LAST} AND state IN ({WAITING}) LIMIT 1")
        next_blow = (
            Blow.drawn(self.dice, kind.watching, self._unsent()) if left and self.dice.random() < 0.5 else None
        )
        inherits, kills = bool(left) and self.tally.kills > kills, self.tally.kills
        code, err = await self._ended(heir, said, watch, next_blow)
        if self.tally.kills == kills:
            self.tally.inherited += inherits
            if code:
                self.tally.wrong.append(f"whoever took {prefix} over ended with exit code {code}: {err[-600:]}")

    async def _through(self, arguments: list[str], what: str, module: str = "restoretui") -> bool:
        code, err = await self.live(arguments, None, module=module)
        if code:
            self.tally.wrong.append(f"the last {arguments} of {what} ended with exit code {code}: {err[-600:]}")
        return not code

    def _command(self, prefix: str, kind: Kind) -> list[str]:
        if kind.module != "restoretui":
            return [f"{kind.scheme}://{kind.bucket}/{prefix}", *kind.options]
        if self._runs() > self._confirmed:
            return ["watch", "--json"]
        filled = {"folder": self.folder / "files", "script": self._told.script, "objects": self.objects}
        options = [text.format(**filled) for text in kind.options]
        return ["restore", f"{kind.scheme}://{kind.bucket}/{prefix}", *options, "--yes", "--wait", "--json"]

    def _check_then(self, kind: Kind, prefix: str) -> None:
        """Each object was kept, or fetched, once and whole: as boto3 sees it, which knows nothing of us."""
        import boto3

        tally, env = self.tally, self.running.env
        ended = self.rows(
            "SELECT s.kind, t.state, count(*) FROM then_task t JOIN then_step s ON s.id = t.step_id"
            f" WHERE s.{OF_LAST} GROUP BY 1, 2"
        )
        self._told.check(self.rows(f"{TOLD} AND s.{OF_LAST}"), kind, self.objects, tally)
        if not ended_as_it_should(ended, kind, self.objects):
            tally.wrong.append(f"then-steps of {prefix} ended so: {ended}")
        s3 = boto3.client(
            "s3", endpoint_url=self.running.url, region_name="us-east-1", aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip
        bucket, below = kind.target or (kind.bucket, "")
        copied = self.running.cloud.bucket(bucket).copied
        for at in range(self.objects):
            key = f"{prefix}{at:04}"
            told = s3.head_object(Bucket=bucket, Key=f"{below}{key}")
            if kind.then == "copy":
                is_kept = "StorageClass" not in told and "Restore" not in told
                if not is_kept or told["ContentLength"] != kind.sizes[at % len(kind.sizes)]:
                    tally.lost.append(f"{key} is not kept: {told}")
                if "--delete-archived" in kind.options and len(list(self._versions(kind.bucket, key))) != 1:
                    tally.wrong.append(f"{key} has other versions than its copy")
                if copied[f"{below}{key}"] != 1:
                    tally.doubled.append(f"{key} was copied {copied[f'{below}{key}']} times")
            else:
                file, content = self.folder / "files" / key, s3.get_object(Bucket=kind.bucket, Key=key)["Body"]
                if not file.exists() or file.read_bytes() != content.read():
                    tally.lost.append(f"{key} is not the file")
        if self.running.cloud.bucket(bucket).uploads:
            tally.wrong.append(f"uploads are left in {bucket}")
        if left := [path.name for path in (self.folder / "files").rglob("*.part")]:
            tally.wrong.append(f"parts of files are left: {left}")

    def _versions(self, bucket: str, key: str) -> Iterator[object]:
        return (row for row in self.running.cloud.bucket(bucket).rows() if row.key == key)

    async def _after(self, after: After, blows: int, prefix: str) -> None:
        """One thing done with the run, interrupted ``blows`` times, then for good."""
        run = self._runs()
        job_ids = [str(row[0]) for row in self.rows(f"SELECT job_id FROM batch WHERE {OF_LAST}")] or [""]
        target = self.folder / f"{prefix[:-1]}.csv"
        self._doing = after.stage
        for job_id in job_ids:
            arguments = [text.format(run=run, job=job_id, file=target) for text in after.arguments]
            for _ in range(blows if job_id == job_ids[0] else 0):
                await self.live(arguments, Blow.drawn(self.dice, after.operations, self.objects, SHORT_LIFE))
                if target.exists():
                    self._check_export(target)
            await self._through(arguments, after.stage)
        self._doing = ""
        if after.stage == "exporting":
            self._check_export(target)

    def _check_export(self, target: Path) -> None:
        lines = target.read_bytes().count(b"\r\n")
        if lines != self.objects + 1:
            self.tally.wrong.append(f"{target.name} has {lines} lines for {self.objects} objects")

    async def check(self, episodes: int) -> None:
        """Hold the ledger against what the cloud says it was asked, and what it has."""
        tally = self.tally
        jobs = self.rows("SELECT key, state FROM job")
        tally.intents = len(jobs)
        statuses = {str(entry["key"]): entry["statuses"] for entry in self.running.control.restores()}
        for key, state in jobs:
            self._check_object(str(key), str(state))
            foreign = self._kinds[str(key)[: str(key).index("/") + 1]].foreign_days
            if (200 if foreign else 202) not in statuses.get(key, ()):
                tally.lost.append(f"{key}: {state}, {statuses.get(key)}")
            if len(statuses.get(key, ())) > (2 if foreign else 1):
                tally.doubled.append(f"{key}: {statuses[key]}")
        if len(jobs) != episodes * self.objects:
            tally.wrong.append(f"{len(jobs)} intents of {episodes * self.objects} objects")
        if bad := self.rows("PRAGMA integrity_check") if jobs else []:
            tally.wrong += [str(row[0]) for row in bad if row[0] != "ok"]
        if left := list((self.folder / "state" / "scratch").glob("*")):
            tally.wrong.append(f"left behind: {left}")

    def _check_object(self, key: str, state: str) -> None:
        kind = self._kinds[key[: key.index("/") + 1]]
        in_cloud = self.running.cloud.state(kind.bucket, key)
        ends = any(after.stage == "ending copies" for after in kind.after)
        as_it_should = {
            "available": in_cloud in (State.AVAILABLE, State.ONLINE) and not ends,
            "expired": in_cloud is State.ARCHIVED and ends,
        }
        if not as_it_should.get(state, in_cloud == state):
            self.tally.differing.append(f"{key}: {state} in the ledger, {in_cloud} in the cloud")

    async def _check_jobs(self) -> None:
        """The cloud has the jobs that the ledger has, and nothing that was written for them is left.

        Asked after each episode, since the cloud forgets a job 90 days after its end.
        """
        ours = {str(row[0]) for row in self.rows(f"SELECT job_id FROM batch WHERE {OF_LAST}")}
        self.tally.jobs += len(ours)
        self._jobs |= ours
        listed: list[str] = []
        await self.live(["batch", "ls", "--json"], None, told=lambda line: listed.append(line.get("job", "")))
        theirs = {job_id for job_id in listed if job_id}
        self.tally.doubled += [f"job {job_id} belongs to nobody" for job_id in theirs - self._jobs]
        self.tally.lost += [f"job {job_id} does not exist" for job_id in ours - theirs]
        for name in ("cold", "films"):
            rows = [row.key for row in self.running.cloud.bucket(name).rows() if not row.key.startswith("e")]
            self.tally.wrong += [f"left in the bucket: {key}" for key in rows]


async def kill_many(
    folder: Path,
    kills: int,
    *,
    seed: int = 1,
    objects: int = 60,
    most_a_run: int = 8,
    speed: float = SPEED,
    kinds: Sequence[Kind] = KINDS,
    secured: bool = False,
) -> Tally:
    """At least ``kills`` kills, each episode with at most ``most_a_run``; what came of it.

    ``secured``: by TLS through a proxy.
    """
    machine = SystemClock()
    clock = ScaledClock(speed, machine.now(), machine.wall())
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(await serve(SandboxOptions(empty=True, seed=seed), clock=clock))
        between = await stack.enter_async_context(Secured(running.port)) if secured else None
        told = await stack.enter_async_context(Told(folder))
        running.cloud.add_bucket("cold")
        running.cloud.add_bucket("warm")
        running.cloud.add_bucket("kept", versioning=True)
        running.cloud.add_bucket("films", region=OSS_REGION, scheme="oss")
        bench = Bench(running, folder, seed, objects, told, between)
        episodes = 0
        while bench.tally.kills < kills:
            blows = min(bench.dice.randrange(3, most_a_run + 1), kills - bench.tally.kills + 1)
            await bench.episode(episodes, blows, kinds[episodes % len(kinds)])
            episodes += 1
            if not bench.tally.is_clean:
                found = (*bench.tally.lost, *bench.tally.doubled, *bench.tally.wrong)
                print(*found, "stopping here", sep="\n", file=sys.stderr)
                break
        await bench.check(episodes)
        if between is not None:
            bench.tally.tunnels = between.tunnels
        return bench.tally


async def lanes(
    folder: Path, kills: int, number: int, seed: int, objects: int, secured: int = 2, kinds: Sequence[Kind] = KINDS
) -> Tally:
    """So many at once, each with a cloud and a ledger of its own; what came of all.

    Every ``secured``-th goes by TLS through a proxy.
    """
    share = -(-kills // number)
    for lane in range(number):
        (folder / str(lane)).mkdir()
    tallies = await asyncio.gather(
        *(
            kill_many(
                folder / str(lane),
                share,
                seed=seed * 1000 + lane,
                objects=objects,
                secured=bool(secured) and lane % secured == secured - 1,
                kinds=kinds,
            )
            for lane in range(number)
        )
    )
    return sum(tallies[1:], tallies[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=2, help="so many at once")
    parser.add_argument("--objects", type=int, default=60, help="for each episode")
    parser.add_argument("--secured", type=int, default=2, help="every so manyth lane by TLS through a proxy; 0: none")
    parser.add_argument("--then", action="store_true", help="only restores with something done afterwards")
    parser.add_argument("--kind", default="", help="only those whose name has this in it")
    options = parser.parse_args()
    named = [*([] if options.then else KINDS), *THEN_KINDS, *LONG_KINDS]
    kinds = [kind for kind in named if options.kind in kind.name]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="restoretui-kills-") as folder:
        tally = asyncio.run(
            lanes(Path(folder), options.kills, options.lanes, options.seed, options.objects, options.secured, kinds)
        )
    for words in (*tally.lost, *tally.doubled, *tally.differing, *tally.wrong):
        print(words)
    counts = {
        "kills": tally.kills, "of them handled signals": tally.soft, "starts": tally.starts,
        "taken over": tally.inherited,
        **{f"killed while {stage}": number for stage, number in sorted(tally.by_stage.items())},
        "intents": tally.intents, "jobs": tally.jobs, "tunnels": tally.tunnels,
        "commands and webhooks": tally.told, "of them told again after a kill": tally.told_again,
        "lost": len(tally.lost), "doubled": len(tally.doubled),
        "ledger and cloud differ": len(tally.differing), "other": len(tally.wrong),
        "seconds": round(time.monotonic() - began),
    }  # fmt: skip
    print(json.dumps(counts, indent=2))
    sys.exit(0 if tally.is_clean else 1)


if __name__ == "__main__":
    main()
