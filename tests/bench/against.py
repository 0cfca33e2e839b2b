"""This checkout and another commit, doing the same work on the same fake S3, in turn: what a change has cost.

    python tests/bench/against.py COMMIT [--rounds N] [--only TEXT]

What was fast is to stay so: no work may take more than 1.03 times the CPU seconds it took (median of the ratios,
round by round). Whole processes are measured, start-up included; a difference that shows in 100,000 objects and not
in 1,000 is one of each object.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.harness.endpoint import Endpoint, fake_s3  # noqa: E402
from tests.bench.harness.measure import Cost, run  # noqa: E402
from tests.bench.harness.peers import OURS, PEERS, Setting  # noqa: E402
from tests.bench.harness.tables import say_machine, say_table  # noqa: E402

WORKS = (
    ("start and list 1,000 objects", "list", "b1k"),
    ("list 100,000 objects", "list", "b100k"),
    ("list and restore 1,000 objects", "restore", "b1k"),
    ("list and restore 10,000 objects", "restore", "b10k"),
)
SLOWER = 1.03


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="only work whose title holds this text")
    asked = parser.parse_args()
    say_machine()
    rows = []
    with tempfile.TemporaryDirectory(prefix="restoretui-against-") as folder, fake_s3() as endpoint:
        then = check_out(asked.commit, Path(folder))
        for title, job, bucket in WORKS:
            if asked.only not in title:
                continue
            pairs = []
            for number in range(asked.rounds):
                # Whoever comes first has the colder caches: they take turns at that, too.
                order = (then, ROOT) if number % 2 else (ROOT, then)
                costs = {root: once(root, job, bucket, endpoint, Path(folder)) for root in order}
                pairs.append((costs[then].cpu_s, costs[ROOT].cpu_s))
            ratio = median(now / before for before, now in pairs)
            before, now = (median(column) for column in zip(*pairs, strict=True))
            rows.append((title, f"{before:.2f}", f"{now:.2f}", f"{ratio:.3f}", "" if ratio <= SLOWER else "slower"))
    say_table(f"CPU seconds, {asked.rounds} rounds", ("work", asked.commit[:12], "now", "ratio", ""), rows)


def check_out(commit: str, folder: Path) -> Path:
    """The files of a commit of this repository."""
    target = folder / "then"
    target.mkdir()
    packed = subprocess.run(["git", "-C", ROOT, "archive", commit, "restoretui"], check=True, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", target], input=packed.stdout, check=True)
    return target


def once(root: Path, job: str, bucket: str, endpoint: Endpoint, folder: Path) -> Cost:
    """The work, done by the program in ``root``, in a home that nobody has used before."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        (Path(home) / "config.toml").write_text("rate = 5000\n")
        endpoint.prepare(bucket)
        at = Setting(endpoint, bucket, Path(home), Path(home) / "state")
        env: Mapping[str, str] = {**at.env, "PYTHONPATH": os.fspath(root), "PYTHONSAFEPATH": "1"}
        cost = run(PEERS[OURS].jobs[job](at), env)
    if cost.code:
        raise SystemExit(f"{root}: {job} {bucket} ended with {cost.code}: {cost.complained}")
    return cost


if __name__ == "__main__":
    main()
