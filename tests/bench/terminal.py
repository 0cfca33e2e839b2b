"""What a person at a terminal feels: key to paint, frames and bytes, near and over a slow line.

    python tests/bench/terminal.py [--keys N] [--seconds N] [--only TEXT] [--quick]

The real program runs in a pty against the fake S3. Key to paint is from writing a key until the text that it changes
is there, keys pressed at uneven moments. The changes to tracked rows go through the ledger of the same program, as
the engine's own do (``changing.py``). The slow line holds what is on its way like ssh does (``tty_host.py``).
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.harness.endpoint import Endpoint, fake_s3  # noqa: E402
from tests.bench.harness.measure import percentile, run  # noqa: E402
from tests.bench.harness.peers import HERE, Setting  # noqa: E402
from tests.bench.harness.tables import Verdict, say_machine, say_table, say_verdicts  # noqa: E402
from tests.bench.harness.tty_host import Terminal  # noqa: E402

SLOW = {"bytes_per_s": 12_500.0, "round_trip_s": 0.08}
"""An ssh line as the issue has it."""
PATIENCE_S = 10.0
SETTLE_S = 2.0
FULL_SPEED_S = 3.0
"""A million objects take longer than that, be the machine ever so quick."""
PAGES_SEEN = 75
"""How many must have come in that time."""
MEANWHILE_S = 4.0
"""How long keys are pressed after one that sets off much work."""
NUMBERS = {"h1m": b"1,000,000", "h100k": b"100,000"}
DEEP = {"h1m": b"200,000", "h100k": b"20,000"}
"""Of them, those in DEEP_ARCHIVE."""
PROGRAM = [sys.executable, "-m", "restoretui"]


@dataclass(frozen=True)
class Felt:
    """Of one case; milliseconds, bytes a second, frames a second, MiB."""

    keys: Sequence[float]
    lost: int
    bytes_per_s: float
    frames_per_s: float
    cpu: float
    rss_mib: float

    @property
    def p50(self) -> float:
        return median(self.keys) if self.keys else float("nan")

    @property
    def p99(self) -> float:
        return percentile(self.keys, 0.99) if self.keys else float("nan")


class Bench:
    """Runs the cases and keeps what came out."""

    def __init__(self, endpoint: Endpoint, folder: Path, *, keys: int, seconds: float, big: str, only: str) -> None:
        self._endpoint, self._folder, self._big, self._only = endpoint, folder, big, only
        self._keys, self._seconds = keys, seconds
        self._chance = Random(7)
        self.rows: list[tuple[str, ...]] = []
        self.verdicts: list[Verdict] = []

    def all(self) -> None:
        small = self._tracked("b10k")
        self._case("idle, 10k rows listed", lambda: self._listed("h10k"), target=None, bytes_at_most=0)
        self._case(f"while {self._big} is listed", lambda: self._listing(self._big), target=60)
        self._at_full_speed(small)
        self._case(
            "1,000 changes/s, any of 10k tracked rows", lambda: self._changing(small, 1000, "spread"), target=60
        )
        self._case(
            "100 changes/s, any of 10k tracked rows", lambda: self._changing(small, 100, "spread"), bytes_at_most=1024
        )
        self._case("all visible rows, 100 changes/s", lambda: self._changing(small, 100, "top"), bytes_at_most=8192)
        self._case(
            "all visible rows, 1,000 changes/s, 12.5 KB/s and 80 ms away",
            lambda: self._changing(small, 1000, "top", **SLOW),
            target=500,
        )
        self._case(
            f"{self._big}, pane, totals and a filter of three terms",
            lambda: self._narrowed(self._big),
            target=60,
            bytes_at_most=0,
        )
        self._big_list()

    # --- cases

    @contextmanager
    def _narrowed(self, bucket: str) -> Iterator[tuple[Terminal, str]]:
        """As the screens stand when somebody is at work on a large bucket: 120 columns have the pane beside them."""
        with self._home() as home:
            self._endpoint.prepare(bucket)
            at = Setting(self._endpoint, bucket, home, home / "state")
            with Terminal([*PROGRAM, f"s3://{bucket}"], at.env) as terminal:
                self._see(terminal, b"", NUMBERS[bucket] + b" objects", seconds=300)
                time.sleep(SETTLE_S)
                pressed = time.perf_counter()
                terminal.press(b"/")
                time.sleep(0.3)
                self._see(terminal, b"class:deep size>1 !zz", b"match class:deep size>1 !zz", seconds=60)
                self._tell(
                    "filter of three terms, until the first rows", f"{(time.perf_counter() - pressed) * 1000:.0f}"
                )
                self._see(terminal, b"", DEEP[bucket] + b" match class:deep size>1 !zz", seconds=60)
                self._see(terminal, b"\r", b"1 of " + DEEP[bucket])
                for _ in range(30):  # What matches is weighed, and the totals are settled, behind the first rows.
                    sent = terminal.bytes
                    time.sleep(SETTLE_S)
                    if terminal.bytes == sent:
                        break
                yield terminal, " of "

    @contextmanager
    def _listed(self, bucket: str) -> Iterator[tuple[Terminal, str]]:
        with self._home() as home:
            self._endpoint.prepare(bucket)
            at = Setting(self._endpoint, bucket, home, home / "state")
            with Terminal([*PROGRAM, f"s3://{bucket}"], at.env) as terminal:
                self._see(terminal, b"", b"10,000 objects")
                yield terminal, " of 10,000"

    @contextmanager
    def _listing(self, bucket: str) -> Iterator[tuple[Terminal, str]]:
        with self._home() as home:
            # Slow enough that it lasts as long as the keys do.
            self._endpoint.prepare(bucket, latency_ms=400)
            at = Setting(self._endpoint, bucket, home, home / "state")
            with Terminal([*PROGRAM, f"s3://{bucket}"], at.env) as terminal:
                self._see(terminal, b"", b" of ")
                time.sleep(1)
                yield terminal, " of "

    @contextmanager
    def _changing(self, state: Path, rate: float, where: str, **line: Any) -> Iterator[tuple[Terminal, str]]:
        with self._home() as home:
            self._endpoint.prepare("b10k", asked=10_000)
            at = Setting(self._endpoint, "b10k", home, state)
            command = [sys.executable, str(HERE / "changing.py"), "screens", "s3://b10k", str(rate), where]
            with Terminal(command, at.env, **line) as terminal:
                self._see(terminal, b"", b"Browse")
                self._see(terminal, b"2", b"#1")
                time.sleep(0.5)
                self._see(terminal, b"\r", b"1 of 10,000")
                time.sleep(1)
                yield terminal, " of 10,000"

    def _at_full_speed(self, state: Path) -> None:
        """Listing as quickly as this machine can, and changes: several times over, until there are keys enough."""
        title = f"{self._big} listed at full speed, and 1,000 changes/s"
        if self._only not in title:
            return
        times: list[float] = []
        lost = 0
        while len(times) < self._keys and not lost:
            with self._home() as home:
                shutil.copytree(state, home / "state")
                self._endpoint.prepare(self._big, latency_ms=30)
                at = Setting(self._endpoint, self._big, home, home / "state")
                command = [
                    sys.executable,
                    str(HERE / "changing.py"),
                    "screens",
                    f"s3://{self._big}",
                    "1000",
                    "spread",
                ]
                with Terminal(command, at.env) as terminal:
                    self._see(terminal, b"", b"1 of ")
                    some, missed = self._press(terminal, " of ", until=time.perf_counter() + FULL_SPEED_S)
            times, lost = times + some, lost + missed
            if self._endpoint.counts()["list"] < PAGES_SEEN:
                raise SystemExit("it was not listed at full speed")
        p99 = percentile(times, 0.99)
        self._tell(title, f"{median(times):.0f}", f"{p99:.0f}", str(lost))
        self.verdicts.append(Verdict(title, "key to paint, p99 ms ≤ 60", p99, lambda value: value <= 60))

    def _big_list(self) -> None:
        """What lasts longest on a large listing, keys meanwhile, and the most memory the screens take with it."""
        title = f"{self._big} listed"
        if self._only not in title:
            return
        number = NUMBERS[self._big]
        with self._home() as home:
            self._endpoint.prepare(self._big)
            at = Setting(self._endpoint, self._big, home, home / "state")
            with Terminal([*PROGRAM, f"s3://{self._big}"], at.env) as terminal:
                self._see(terminal, b"", number + b" objects", seconds=300)
                time.sleep(2)
                self._act(terminal, title, "jump to end", b"\x1b[F", b"of " + number)
                self._act(terminal, title, "jump to top", b"\x1b[H", b"1 of " + number)
                mark = ("◌".encode(), "▣".encode())
                self._act(terminal, title, "mark all", b"a", *mark, all_there=number + b" marked")
                self._filter(terminal, title, "filter")
                self._act(terminal, title, "filter that matches nothing", b"zz", b"nothing", b"looking for ffzz")
                self._see(terminal, b"\x1b", b" of " + number)
                terminal.press(b"\x1b[Hu")
                time.sleep(SETTLE_S)
                self._see(terminal, b"a", number + b" marked")
                self._filter(terminal, title, "filter while marks are added up")
                self._see(terminal, b"\x1b", b" of " + number)
                time.sleep(SETTLE_S)
                terminal.press(b"\x1b[H")
                self._see(terminal, b"o", b"Size")
                self._see(terminal, b"\x1b[B", b"Size")
                self._act(terminal, title, "sort by size", b"\r", "Size ▼".encode(), all_there=b" of " + number)
                self._filter(terminal, title, "filter of what is sorted")
                rss = terminal.peak_rss_mib
        self.rows.append((title, "", "", "", "", "", "", f"{rss:.0f}"))
        self.verdicts.append(Verdict(title, "peak RSS, MiB ≤ 160", rss, lambda value: value <= 160))

    def _filter(self, terminal: Terminal, title: str, what: str) -> None:
        terminal.press(b"/")
        time.sleep(0.3)
        self._act(terminal, title, what, b"ff", b"match ff", b"looking for ff")

    def _act(
        self, terminal: Terminal, title: str, what: str, key: bytes, *first: bytes, all_there: bytes = b""
    ) -> None:
        """A key until the first change on screen, and, if there is more to come, until all of it; keys meanwhile."""
        pressed = time.perf_counter()
        took = terminal.key_to_paint(key, first[0], 60, *first[1:])
        said = float("nan") if took is None else took * 1000
        self._tell(f"{title}: {what}", f"{said:.0f}")
        self.verdicts.append(Verdict(title, f"{what}, ms ≤ 300", said, lambda value: value <= 300))
        if not all_there:
            return
        terminal.watch(all_there)
        times, lost = self._press(terminal, " of ", until=pressed + MEANWHILE_S)
        slowest = max(times, default=float("nan"))
        self._tell(f"{title}: keys after {what}", f"{median(times):.0f}", f"{slowest:.0f}", str(lost))
        self.verdicts.append(Verdict(title, f"keys after {what}, slowest, ms ≤ 100", slowest, lambda v: v <= 100))
        seen = terminal.watched_at(60)
        self._tell(f"{title}: {what}, all of it", "never" if seen is None else f"{(seen - pressed) * 1000:.0f}")

    def _tell(self, title: str, *values: str) -> None:
        self.rows.append((title, *values, *[""] * (7 - len(values))))
        print(" ".join(self.rows[-1]), file=sys.stderr, flush=True)

    # --- measuring

    def _case(
        self, title: str, begin: object, *, target: float | None = None, bytes_at_most: float | None = None
    ) -> None:
        if self._only not in title:
            return
        with begin() as (terminal, suffix):  # type: ignore[operator]
            time.sleep(SETTLE_S)
            quiet = self._quiet(terminal)
            keys, lost = self._press(terminal, suffix)
            felt = Felt(keys, lost, *quiet, terminal.peak_rss_mib)
        self.rows.append(
            (title, f"{felt.p50:.0f}", f"{felt.p99:.0f}", str(felt.lost), f"{felt.bytes_per_s:,.0f}",
             f"{felt.frames_per_s:.1f}", f"{felt.cpu:.0%}", f"{felt.rss_mib:.0f}")
        )  # fmt: skip
        print(" ".join(self.rows[-1]), file=sys.stderr, flush=True)
        if target is not None:
            got = float("inf") if felt.lost else felt.p99
            self.verdicts.append(Verdict(title, f"key to paint, p99 ms ≤ {target:g}", got, lambda v: v <= target))
        if bytes_at_most is not None:
            limit = bytes_at_most
            self.verdicts.append(
                Verdict(title, f"bytes/s to the terminal ≤ {limit:g}", felt.bytes_per_s, lambda v: v <= limit)
            )

    def _quiet(self, terminal: Terminal) -> tuple[float, float, float]:
        """Bytes and frames a second, and CPU, while nobody types."""
        began, bytes_, frames, cpu = time.perf_counter(), terminal.bytes, terminal.frames, terminal.cpu_s
        time.sleep(self._seconds)
        took = time.perf_counter() - began
        return (
            (terminal.bytes - bytes_) / took,
            (terminal.frames - frames) / took,
            (terminal.cpu_s - cpu) / took,
        )

    def _press(self, terminal: Terminal, suffix: str, until: float = 0.0) -> tuple[list[float], int]:
        """So many keys, or as many as can be pressed ``until`` then."""
        times, lost, at = [], 0, 1
        for number in count():
            if time.perf_counter() >= until if until else number == self._keys:
                break
            down = at < 9 and (at == 1 or self._chance.random() < 0.7)
            at += 1 if down else -1
            took = terminal.key_to_paint(b"j" if down else b"k", f"{at}{suffix}".encode(), PATIENCE_S)
            if took is None:
                lost += 1
            else:
                times.append(took * 1000)
            time.sleep(0.05 + 0.2 * self._chance.random())
        return times, lost

    def _see(self, terminal: Terminal, keys: bytes, text: bytes, seconds: float = 60) -> None:
        if terminal.key_to_paint(keys, text, seconds) is None:
            raise SystemExit(f"{text!r} never came")

    # --- setting up

    @contextmanager
    def _home(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            home = Path(name)
            (home / "config.toml").write_text("bell = false\n")
            yield home

    def _tracked(self, bucket: str) -> Path:
        """A ledger with a run of all of the bucket, being restored."""
        state = self._folder / f"tracking-{bucket}"
        with self._home() as home:
            self._endpoint.prepare(bucket)
            at = Setting(self._endpoint, bucket, home, state)
            made = run([sys.executable, str(HERE / "ours.py"), "track", bucket], at.env)
        if made.code:
            raise SystemExit(f"no ledger to watch could be made: {made.complained}")
        return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=60, help="a case")
    parser.add_argument("--seconds", type=float, default=10.0, help="without keys, a case")
    parser.add_argument("--only", default="", help="only cases whose title holds this text")
    parser.add_argument("--quick", action="store_true", help="100,000 objects instead of a million")
    asked = parser.parse_args()
    say_machine()
    with tempfile.TemporaryDirectory(prefix="restoretui-bench-") as folder, fake_s3() as endpoint:
        big = "h100k" if asked.quick else "h1m"
        bench = Bench(endpoint, Path(folder), keys=asked.keys, seconds=asked.seconds, big=big, only=asked.only)
        bench.all()
    heads = ("while", "key p50 ms", "p99 ms", "lost", "bytes/s", "frames/s", "CPU", "RSS MiB")
    say_table("at the terminal", heads, bench.rows)
    say_verdicts(bench.verdicts)


if __name__ == "__main__":
    main()
