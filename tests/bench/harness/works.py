"""What is compared: each piece of work, who does it, and what must come out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.harness.measure import Cost, middle
from tests.bench.harness.peers import LEDGER, LEDGER_ONE, OBSTORE, OURS, RCLONE_NEW, RCLONE_OLD, S5CMD, TABLE

Costs = Mapping[str, Sequence[Cost]]
"""By peer, one a round; peers that are not installed are not in it."""


@dataclass(frozen=True)
class Target:
    """A number that decides; ``got`` gives None when a peer it needs is missing."""

    text: str
    got: Callable[[Costs], float | None]
    limit: float
    at_most: bool

    def is_met(self, value: float) -> bool:
        return value <= self.limit if self.at_most else value >= self.limit

    def __str__(self) -> str:
        return f"{self.text} {'≤' if self.at_most else '≥'} {self.limit:g}"


@dataclass(frozen=True)
class Work:
    """One table. All peers do ``job`` on ``bucket``, in turn, round after round."""

    group: str
    title: str
    job: str
    bucket: str
    peers: Sequence[str]
    targets: Sequence[Target] = ()
    latency_ms: int = 0
    rounds: int | None = None
    """Instead of the usual number, where a round takes long."""
    quick: str = ""
    """The bucket for --quick."""

    def sized(self, *, quick: bool) -> str:
        return self.quick if quick and self.quick else self.bucket


def objects_in(bucket: str) -> int:
    """``b10k`` holds 10,000."""
    return int(bucket[1:].replace("k", "000").replace("m", "000000"))


def _ratio(of: str, to: str, measure: Callable[[Cost], float]) -> Callable[[Costs], float | None]:
    """Round by round, so that both sides had the same moment of the machine; the median."""

    def got(costs: Costs) -> float | None:
        if of not in costs or to not in costs:
            return None
        return median(measure(one) / measure(other) for one, other in zip(costs[of], costs[to], strict=True))

    return got


def _wall(cost: Cost) -> float:
    return cost.wall_s


def _cpu(cost: Cost) -> float:
    return cost.cpu_s


def _rss(cost: Cost) -> float:
    return cost.rss_mib


def _peak(peer: str) -> Callable[[Costs], float | None]:
    return lambda costs: middle(costs[peer], _rss)


EVERYBODY = (OURS, LEDGER, RCLONE_OLD, RCLONE_NEW, S5CMD, OBSTORE, "s3cmd", "aws CLI", "boto3", "aioboto3")

WORKS: Sequence[Work] = (
    Work(
        "list", "list 1M objects, no latency", "list", "b1m",
        (OURS, LEDGER_ONE, LEDGER, RCLONE_OLD, RCLONE_NEW, S5CMD, OBSTORE),
        (
            Target("`ls`: CPU ÷ rclone (PyPI)'s", _ratio(OURS, RCLONE_NEW, _cpu), 0.4, True),
            Target("`ls`: CPU ÷ the listing into the ledger", _ratio(OURS, LEDGER, _cpu), 1.3, True),
            Target("one stream: wall ÷ rclone (system)'s", _ratio(LEDGER_ONE, RCLONE_OLD, _wall), 0.5, True),
            Target("peak RSS, MiB, one stream", _peak(LEDGER_ONE), 120, True),
            Target("peak RSS, MiB, as many streams as usual", _peak(LEDGER), 120, True),
        ),
        quick="b100k",
    ),
    Work(
        "list", "list 100k objects, no latency", "list", "b100k", EVERYBODY,
        (Target("`ls`: CPU ÷ rclone (PyPI)'s", _ratio(OURS, RCLONE_NEW, _cpu), 0.6, True),), quick="b20k",
    ),
    Work(
        "json", "list 1M objects as JSON, no latency", "json", "b1m", (OURS, LEDGER, S5CMD, OBSTORE),
        (
            Target("`ls --json`: CPU ÷ s5cmd's", _ratio(OURS, S5CMD, _cpu), 0.4, True),
            Target("`ls --json`: CPU ÷ obstore's bare list", _ratio(OURS, OBSTORE, _cpu), 2, True),
            Target("peak RSS, MiB", _peak(OURS), 120, True),
        ),
        quick="b100k", rounds=2,
    ),
    Work(
        "json", "list 100k objects as JSON, no latency", "json", "b100k",
        (OURS, RCLONE_OLD, RCLONE_NEW, S5CMD, OBSTORE),
        (Target("`ls --json`: CPU ÷ rclone (system) lsjson's", _ratio(OURS, RCLONE_OLD, _cpu), 0.1, True),),
        quick="b20k",
    ),
    Work(
        "plan", "plan 1M objects", "plan", "b1m", (OURS, LEDGER),
        (Target("CPU ÷ the listing into the ledger", _ratio(OURS, LEDGER, _cpu), 1.2, True),),
        quick="b100k", rounds=2,
    ),
    *(
        Work(
            "keys", f"plan {number} objects by --keys-from", "keys", bucket, (OURS, TABLE),
            (Target("CPU ÷ `ls` of the same bucket", _ratio(OURS, TABLE, _cpu), 2, True),), rounds=2,
        )
        for number, bucket in (("20k", "b20k"), ("100k", "b100k"))
    ),
    Work(
        "list", "list 1M objects, 30 ms, hashed keys", "list", "h1m", (LEDGER, RCLONE_OLD),
        (Target("rclone (system)'s wall ÷ ours", _ratio(RCLONE_OLD, LEDGER, _wall), 10, False),),
        latency_ms=30, rounds=2, quick="h100k",
    ),
    Work(
        "list", "list 1M objects, 30 ms, dated keys", "list", "b1m", (LEDGER, RCLONE_OLD),
        (Target("rclone (system)'s wall ÷ ours", _ratio(RCLONE_OLD, LEDGER, _wall), 10, False),),
        latency_ms=30, rounds=2, quick="b100k",
    ),
    Work(
        "restore", "restore 10k objects, no latency", "restore", "b10k",
        (OURS, RCLONE_OLD, RCLONE_NEW, "s3cmd", "boto3", "aioboto3"),
        (
            Target("CPU ÷ rclone (system)'s", _ratio(OURS, RCLONE_OLD, _cpu), 0.9, True),
            Target("aioboto3's CPU ÷ ours", _ratio("aioboto3", OURS, _cpu), 4, False),
        ),
        quick="b2k",
    ),
    Work(
        "restore", "restore 1k objects, 30 ms", "restore", "b1k", (OURS, RCLONE_OLD),
        (Target("rclone (system)'s wall ÷ ours", _ratio(RCLONE_OLD, OURS, _wall), 20, False),),
        latency_ms=30, rounds=2,
    ),
    Work(
        "status", "one status round, 1M objects being restored", "status", "b1m", (OURS, RCLONE_NEW),
        (
            Target("rclone (PyPI)'s wall ÷ ours", _ratio(RCLONE_NEW, OURS, _wall), 5, False),
            Target("peak RSS ÷ rclone (PyPI)'s", _ratio(OURS, RCLONE_NEW, _rss), 0.25, True),
        ),
        quick="b100k",
    ),
)  # fmt: skip
