"""How a run goes: time in its window, what has arrived and when, how fast it is sent, what its copies cost.

Pure: made of sums by the minute (``Flow``) and of a run's counts, for one instant. Instants are aware UTC datetimes,
money is in the currency of the confirmed plan, a GiB is 2**30 bytes.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from restoretui.core.model import State

MINUTE_S = 60
RATE_OVER, STALLED = timedelta(minutes=5), timedelta(minutes=15)
"""The rate of sending is that of so long before the last request, or of all the time since the first; none is told
when nothing has gone out for the longer of the two."""
GIB = Decimal(2**30)
DAY_S = 86_400
MONTH_DAYS = 30
"""A price a month is for so many days, as in the plan."""
AWAITED = (State.REQUESTED, State.RESTORING, State.UNKNOWN)
"""Asked for, and not there."""


class FlowKind(StrEnum):
    """What happened to objects of a run."""

    REQUESTED = "requested"
    ARRIVED = "arrived"
    ENDED = "ended"
    """The copy is gone."""


class Flow(NamedTuple):
    """Objects of a run to which the same happened in one minute."""

    kind: FlowKind
    minute: int
    """Minutes since the epoch, cloud time."""
    objects: int
    size_bytes: int
    copy_rate: Decimal | None = Decimal(0)
    """What a GiB-month of their copies costs; None where that is not known."""


class RunFacts(Struct, frozen=True):
    """What there is to tell of one run, whenever it is told."""

    counts: Mapping[State, int]
    bytes_by_state: Mapping[State, int]
    window: tuple[float, float] | None
    """Shortest and longest typical seconds from a request to its copy."""
    first_requested_at: datetime | None
    last_requested_at: datetime | None
    as_of: datetime
    """When this was read."""
    flows: Sequence[Flow] = ()


class Sending(Struct, frozen=True):
    """What is still to be sent."""

    unsent: int
    per_second: float
    """Over ``RATE_OVER``; 0 where nothing went out of late."""
    ends_at: datetime | None
    """When all will be sent at that rate; None without one."""


class Arrivals(Struct, frozen=True):
    """Copies that came."""

    objects: int
    first_at: datetime
    last_at: datetime
    """Both to the minute."""
    by_minute: Sequence[tuple[int, int]]
    """Minutes since the epoch, and how many copies came in each; in the order of time."""

    def curve(self, most: int) -> list[int]:
        """From the first minute to the last, in at most ``most`` pieces of equal length, as many as came in each.

        No more pieces than minutes in which any came: between two looks nothing is seen to come.
        """
        first, last = self.by_minute[0][0], self.by_minute[-1][0]
        pieces = max(1, min(most, last - first + 1, len(self.by_minute)))
        found = [0] * pieces
        for minute, objects in self.by_minute:
            found[(minute - first) * pieces // (last - first + 1)] += objects
        return found


class CopiesCost(Struct, frozen=True):
    """The storage of a run's temporary copies, as the confirmed plan prices it."""

    so_far: Decimal
    a_day: Decimal
    """For the copies there are now."""
    is_whole: bool
    """False: some have no known price, so that it is at least that."""


class RunProgress(Struct, frozen=True):
    """One run at one instant."""

    now: datetime
    objects: int
    """That were to be asked for: without what was skipped."""
    done: int
    """Of them, those of which nothing more is awaited."""
    awaited: int
    """Of them, those asked for and not there yet."""
    asked_bytes: int
    back_bytes: int
    """That came, whether their copies are still there or not."""
    opens_at: datetime | None
    """When the first is typically there; None when nothing was asked for, or nothing takes time."""
    due_at: datetime | None
    """When the last one is."""
    time_part: float | None
    """How much of the time from the first request to ``due_at`` has passed, 0 to 1."""
    elapsed: timedelta | None
    """Since the first request."""
    whole: timedelta | None
    """From the first request to ``due_at``."""
    late: timedelta | None
    """How long something awaited is past ``due_at``."""
    sending: Sending | None
    arrivals: Arrivals | None
    copies: CopiesCost | None

    @property
    def done_part(self) -> float:
        """0 to 1."""
        return self.done / self.objects if self.objects else 1.0


def progress(facts: RunFacts, now: datetime) -> RunProgress:
    """How the run stands ``now`` (cloud time)."""
    counts = facts.counts
    skipped = counts.get(State.SKIPPED, 0)
    awaited = sum(counts.get(state, 0) for state in AWAITED)
    unsent = counts.get(State.PLANNED, 0)
    objects = sum(counts.values()) - skipped
    sizes = facts.bytes_by_state
    asked = sum(size for state, size in sizes.items() if state not in (State.SKIPPED, State.CANCELLED))
    sending = _sending(facts, unsent) if unsent else None
    opens = due = elapsed = whole = part = None
    first = facts.first_requested_at
    if first is not None:
        elapsed = max(timedelta(), now - first)
    if first is not None and facts.window is not None:
        last = facts.last_requested_at or first
        if sending is not None and sending.ends_at is not None:
            last = max(last, sending.ends_at)
        opens = _later(first, facts.window[0])
        due = _later(last, facts.window[1])
        whole = due - first
        part = min(1.0, max(0.0, (now - first) / whole)) if whole else 1.0
    return RunProgress(
        now=now,
        objects=objects,
        done=objects - awaited - unsent,
        awaited=awaited,
        asked_bytes=asked,
        back_bytes=sum(sizes.get(state, 0) for state in (State.AVAILABLE, State.EXPIRED)),
        opens_at=opens,
        due_at=due,
        time_part=part,
        elapsed=elapsed,
        whole=whole,
        late=now - due if due is not None and now > due and awaited + unsent else None,
        sending=sending,
        arrivals=_arrivals(facts.flows),
        copies=_copies(facts.flows, now),
    )


def _sending(facts: RunFacts, unsent: int) -> Sending:
    """At the instant the facts are of: time alone changes nothing of it."""
    first, last, now = facts.first_requested_at, facts.last_requested_at, facts.as_of
    if first is None or last is None or now - last > STALLED:
        return Sending(unsent, 0.0, None)
    minute = int((last - RATE_OVER).timestamp() // MINUTE_S)
    sent = sum(flow.objects for flow in facts.flows if flow.kind is FlowKind.REQUESTED and flow.minute >= minute)
    # The minute in which the time begins is counted whole, and so is its time, unless the first request lies in it.
    begin = max(first.timestamp(), float(minute * MINUTE_S))
    per_second = sent / max(1.0, now.timestamp() - begin)
    return Sending(unsent, per_second, _later(now, unsent / per_second) if per_second else None)


def _arrivals(flows: Sequence[Flow]) -> Arrivals | None:
    by_minute: dict[int, int] = {}
    for flow in flows:
        if flow.kind is FlowKind.ARRIVED:
            by_minute[flow.minute] = by_minute.get(flow.minute, 0) + flow.objects
    if not by_minute:
        return None
    minutes = sorted(by_minute.items())
    return Arrivals(sum(by_minute.values()), _at(minutes[0][0]), _at(minutes[-1][0]), minutes)


def _copies(flows: Sequence[Flow], now: datetime) -> CopiesCost | None:
    """None where no copy has come that costs anything, as far as is known."""
    so_far = a_month = Decimal(0)
    known = unknown = 0
    at = Decimal(now.timestamp())
    for flow in flows:
        if flow.kind is FlowKind.REQUESTED:
            continue
        if flow.copy_rate is None:
            unknown += flow.objects
            continue
        known += bool(flow.copy_rate)
        days = max(Decimal(0), at - flow.minute * MINUTE_S) / DAY_S
        rate = Decimal(flow.size_bytes) / GIB * flow.copy_rate
        sign = 1 if flow.kind is FlowKind.ARRIVED else -1
        so_far += sign * rate * days / MONTH_DAYS
        a_month += sign * rate
    if not known:
        return None
    return CopiesCost(max(Decimal(0), so_far), max(Decimal(0), a_month / MONTH_DAYS), not unknown)


def _at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * MINUTE_S, UTC)


def _later(moment: datetime, seconds: float) -> datetime:
    """Never past the end of the calendar."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
