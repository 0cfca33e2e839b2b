"""How a run goes, by tables and properties: of counts and of sums by the minute, at one instant."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from restoretui.core.model import State
from restoretui.core.progress import Arrivals, Flow, FlowKind, RunFacts, progress

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
MINUTE = int(START.timestamp() // 60)
HOURS = timedelta(hours=1)
GIB = 1 << 30


def facts(
    counts: dict[State, int], *flows: Flow, sent_for: timedelta = timedelta(), as_of: datetime = START
) -> RunFacts:
    sizes = {state: number * GIB for state, number in counts.items()}
    return RunFacts(counts, sizes, (3 * 3600, 12 * 3600), START, START + sent_for, as_of, flows)


@pytest.mark.parametrize(
    ("after", "part", "late"),
    [(0, 0.0, None), (6, 0.5, None), (12, 1.0, None), (13, 1.0, 1), (300, 1.0, 288)],
)
def test_time_in_the_window(after: int, part: float, late: int | None) -> None:
    now = progress(facts({State.RESTORING: 4, State.AVAILABLE: 1}), START + after * HOURS)
    assert (now.time_part, now.late) == (part, None if late is None else late * HOURS)
    assert (now.opens_at, now.due_at) == (START + 3 * HOURS, START + 12 * HOURS)
    assert now.elapsed == after * HOURS


def test_nothing_is_late_once_nothing_is_awaited() -> None:
    assert progress(facts({State.AVAILABLE: 5, State.FAILED: 1}), START + 99 * HOURS).late is None


def test_what_was_skipped_counts_for_nothing_and_what_was_given_up_is_not_asked_for() -> None:
    counts = {State.AVAILABLE: 3, State.EXPIRED: 1, State.SKIPPED: 90, State.CANCELLED: 2, State.RESTORING: 4}
    now = progress(facts(counts), START)
    assert (now.objects, now.done, now.awaited) == (10, 6, 4)
    assert (now.back_bytes, now.asked_bytes) == (4 * GIB, 8 * GIB)


def test_a_run_of_which_nothing_was_asked_for() -> None:
    bare = RunFacts({State.PLANNED: 5}, {}, (60, 300), None, None, START)
    now = progress(bare, START)
    assert (now.opens_at, now.due_at, now.time_part, now.elapsed, now.arrivals, now.copies) == (None,) * 6
    assert now.sending is not None
    assert (now.sending.unsent, now.sending.per_second, now.sending.ends_at) == (5, 0.0, None)
    assert progress(RunFacts({}, {}, None, None, None, START), START).done_part == 1.0


def test_the_rate_of_sending_and_its_end() -> None:
    sent = [Flow(FlowKind.REQUESTED, MINUTE + at, 600, 0) for at in range(10)]
    minutes = timedelta(minutes=10)
    now = progress(facts({State.PLANNED: 6000}, *sent, sent_for=minutes, as_of=START + minutes), START + minutes)
    assert now.sending is not None
    assert now.sending.per_second == pytest.approx(10.0)
    assert now.sending.ends_at == START + 2 * minutes
    assert now.due_at == START + 2 * minutes + 12 * HOURS, "what is sent last arrives last"


def test_no_rate_is_told_of_what_stands_still() -> None:
    sent = Flow(FlowKind.REQUESTED, MINUTE, 600, 0)
    minutes = timedelta(minutes=16)
    now = progress(facts({State.PLANNED: 6000}, sent, as_of=START + minutes), START + minutes)
    assert now.sending is not None
    assert (now.sending.per_second, now.sending.ends_at) == (0.0, None)


def test_time_alone_moves_no_end_of_sending() -> None:
    known = facts({State.PLANNED: 50}, Flow(FlowKind.REQUESTED, MINUTE, 60, 0), as_of=START + timedelta(minutes=1))
    ends = {progress(known, START + timedelta(minutes=at)).sending for at in range(1, 60)}
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("hours", "so_far", "a_day"),
    [(24, "0.10", "0.10"), (48, "0.20", "0.10"), (24 * 7, "0.70", "0.10")],
)
def test_copies_cost_by_the_day_from_when_they_came(hours: int, so_far: str, a_day: str) -> None:
    came = Flow(FlowKind.ARRIVED, MINUTE, 100, 100 * GIB, Decimal("0.03"))
    copies = progress(facts({State.AVAILABLE: 100}, came), START + hours * HOURS).copies
    assert copies is not None
    assert (copies.so_far, copies.a_day, copies.is_whole) == (Decimal(so_far), Decimal(a_day), True)


def test_a_copy_that_is_gone_costs_no_more() -> None:
    rate = Decimal("0.03")
    flows = [
        Flow(FlowKind.ARRIVED, MINUTE, 100, 100 * GIB, rate),
        Flow(FlowKind.ENDED, MINUTE + 2 * 1440, 100, 100 * GIB, rate),
    ]
    for days in (2, 3, 30):
        copies = progress(facts({State.EXPIRED: 100}, *flows), START + days * 24 * HOURS).copies
        assert copies is not None
        assert (copies.so_far, copies.a_day) == (Decimal("0.20"), Decimal(0))


def test_what_has_no_known_price_is_not_taken_for_free() -> None:
    free, unknown = (Flow(FlowKind.ARRIVED, MINUTE, 1, GIB, rate) for rate in (Decimal(0), None))
    paid = Flow(FlowKind.ARRIVED, MINUTE, 1, GIB, Decimal(3))
    assert progress(facts({}, free), START).copies is None
    assert progress(facts({}, unknown), START).copies is None
    copies = progress(facts({}, unknown, paid), START).copies
    assert copies is not None
    assert not copies.is_whole


minutes = st.dictionaries(st.integers(0, 5000), st.integers(1, 1000), min_size=1, max_size=40)


@given(minutes, st.integers(1, 200))
def test_the_curve_has_every_arrival_once(by_minute: dict[int, int], most: int) -> None:
    flows = [Flow(FlowKind.ARRIVED, MINUTE + at, number, 0) for at, number in sorted(by_minute.items())]
    arrivals = progress(facts({}, *flows), START).arrivals
    assert arrivals is not None
    curve = arrivals.curve(most)
    assert sum(curve) == arrivals.objects == sum(by_minute.values())
    assert 1 <= len(curve) <= most
    assert curve[0] > 0, "it begins with the first arrival"
    assert curve[-1] > 0, "and ends with the last"


def test_the_curve_of_one_moment_is_one_block() -> None:
    assert Arrivals(7, START, START, [(MINUTE, 7)]).curve(40) == [7]


@given(st.dictionaries(st.sampled_from(list(State)), st.integers(0, 10**6)), st.integers(-(10**7), 10**7))
def test_whatever_the_counts_and_the_instant(counts: dict[State, int], after: int) -> None:
    now = progress(facts(counts), START + timedelta(seconds=after))
    assert 0 <= now.done_part <= 1
    assert now.time_part is not None
    assert 0 <= now.time_part <= 1
    assert now.back_bytes <= now.asked_bytes
    assert now.late is None or now.late > timedelta()


def test_the_end_of_the_calendar_is_no_error() -> None:
    far = datetime.max.replace(tzinfo=UTC) - timedelta(hours=1)
    known = replace(facts({State.RESTORING: 1}), first_requested_at=far, last_requested_at=far)
    assert progress(known, far).due_at == datetime.max.replace(tzinfo=UTC)
