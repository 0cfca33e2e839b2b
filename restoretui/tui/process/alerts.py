"""What is news for somebody who looks elsewhere, each told once: a first arrival, a run done, trouble, copies ending.

What was so when it was first seen is no news: the screens show it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from restoretui.core.alerts import AlertKind
from restoretui.core.model import State
from restoretui.tui.process.finished_runs import verdict
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.ledger.run_records import Run

SOON = timedelta(hours=24)
"""Copies that end within it are told of, unless the settings say otherwise."""
AGAIN_AFTER = timedelta(hours=1)
"""The same trouble is news again so long after it was last told: credentials expire each day, a network flaps."""


class Alert(NamedTuple):
    """One piece of news."""

    kind: AlertKind
    text: str


def together(news: Sequence[Alert]) -> str:
    """One sentence for all of it; of very much, the first and how much more there is."""
    more = f", and {fmt.plural(len(news) - 1, 'other thing')}" if len(news) > 1 else ""
    return news[0].text + more


class Alerts:
    """One for a process. It is told what there is, and tells what of it is news."""

    def __init__(self, wanted: Collection[AlertKind] = tuple(AlertKind), soon: timedelta = SOON) -> None:
        """``soon``: copies that end within it are told of."""
        self._wanted = frozenset(wanted)
        self._soon = soon
        self._came: dict[int, int] | None = None
        """Copies of each run when it was first seen; None before any run was."""
        self._told: set[tuple[AlertKind, int]] = set()
        self._ends: dict[int, int] = {}
        self._told_ends: set[tuple[int, int]] | None = None
        self._trouble: dict[str, datetime] = {}

    def of_runs(self, runs: "Iterable[Run]", finished: "Collection[Run]") -> list[Alert]:
        """What is new in these, of which ``finished`` were open a moment ago."""
        is_first, came = self._came is None, self._came or {}
        self._came = came
        done = {run.id for run in finished}
        news = []
        for run in runs:
            before = came.setdefault(run.id, _came(run))
            failed = run.counts.get(State.FAILED, 0)
            if is_first:
                self._told |= {(AlertKind.ARRIVAL, run.id)} if before or not run.is_open else set()
                self._told |= {(AlertKind.FAILING, run.id)} if failed else set()
                continue
            said = [Alert(AlertKind.DONE, verdict(run)[0])] if run.id in done else []
            if failed and self._is_new(AlertKind.FAILING, run):
                of = fmt.plural(run.objects - run.counts.get(State.SKIPPED, 0), "object")
                said.append(Alert(AlertKind.FAILING, f"run {run.id}: {failed:,} of {of} failed"))
            if _came(run) > before and self._is_new(AlertKind.ARRIVAL, run):
                said.append(Alert(AlertKind.ARRIVAL, f"run {run.id}: the first of {_copies(run)} is readable"))
            # The end of a run tells also of its failures and arrivals, unless it is told to nobody.
            news += [alert for alert in said if alert.kind in self._wanted][:1]
        return news

    def of_trouble(self, text: str, now: datetime) -> list[Alert]:
        """Nothing goes on, for this reason."""
        last = self._trouble.get(text)
        if AlertKind.FAILING not in self._wanted or (last is not None and now - last < AGAIN_AFTER):
            return []
        self._trouble[text] = now
        return [Alert(AlertKind.FAILING, text)]

    # --- copies that end

    def is_due(self, now: datetime) -> bool:
        """An end that is known comes near: whoever asks should look whether it is still so, and tell ``of_ends``."""
        return any(self._is_near(run, end, now) for run, end in self._ends.items())

    def of_ends(self, ends: Mapping[int, int], now: datetime) -> list[Alert]:
        """By run, when its first copy ends, as it is now: seconds since the epoch."""
        is_first = self._told_ends is None
        self._ends = {run: end for run, end in ends.items() if not fmt.is_untold(end)}
        near = {run: end for run, end in self._ends.items() if self._is_near(run, end, now)}
        self._told_ends = (self._told_ends or set()) | set(near.items())
        if is_first or AlertKind.EXPIRING not in self._wanted:
            return []
        return [
            Alert(AlertKind.EXPIRING, f"run {run}: copies end in {fmt.duration(end - now.timestamp())}")
            for run, end in sorted(near.items(), key=lambda item: item[1])
        ]

    def _is_near(self, run: int, end: int, now: datetime) -> bool:
        left = end - now.timestamp()
        return 0 < left < self._soon.total_seconds() and (run, end) not in (self._told_ends or ())

    def _is_new(self, kind: AlertKind, run: "Run") -> bool:
        if (kind, run.id) in self._told:
            return False
        self._told.add((kind, run.id))
        return True


def _came(run: "Run") -> int:
    return run.counts.get(State.AVAILABLE, 0) + run.counts.get(State.EXPIRED, 0)


def _copies(run: "Run") -> str:
    return fmt.plural(run.objects - run.counts.get(State.SKIPPED, 0), "object")
