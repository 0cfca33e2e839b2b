"""The header of a run: as many lines as it may take, none longer than the screen, what matters in all of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from restoretui.core.model import State, Tier
from restoretui.core.progress import Flow, FlowKind, RunFacts, progress
from restoretui.core.rules.verdicts import Purpose
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import Cause, Run
from restoretui.tui.restores.run_header import TIME, HeaderFacts, bar_with_time, header, lines_for
from restoretui.wording.going import sparkline
from restoretui.wording.safe import width

START = datetime(2026, 1, 15, 16, 0, tzinfo=UTC)
MINUTE = int(START.timestamp() // 60)
GIB = 1 << 30
RUN = Run(
    id=12, cloud=CloudId("s3"), connection={}, purpose=Purpose.RESTORE, tier=Tier.STANDARD, days=7, note="",
    created_at=START, objects=19_990, size_bytes=5222 * GIB, counts={}, bytes_by_state={}, estimate=Decimal("95.41"),
    currency="USD", unpriced=0, list_calls=60, head_calls=4, window=(3 * 3600, 12 * 3600), first_requested_at=START,
    last_requested_at=START + timedelta(minutes=10), ended_at=None,
)  # fmt: skip
DENY = Cause(State.FAILED, "AccessDenied", "not allowed: a policy forbids it", 118, 118)
KEY = Cause(State.FAILED, "KMS.DisabledException", "its KMS key is disabled", 62, 0)
SIZES = [(80, 24), (60, 15), (200, 50), (20, 5)]


def told(
    counts: dict[State, int], *flows: Flow, after: timedelta = timedelta(hours=6), causes: Sequence[Cause] = ()
) -> HeaderFacts:
    sizes = {state: number * GIB // 4 for state, number in counts.items()}
    run = replace(RUN, counts=counts, bytes_by_state=sizes, objects=sum(counts.values()))
    facts = RunFacts(
        counts, sizes, run.window, run.first_requested_at, run.last_requested_at, START + timedelta(minutes=10), flows
    )
    return HeaderFacts(run, progress(facts, START + after), causes, ())


ARRIVED = [Flow(FlowKind.ARRIVED, MINUTE + 200 + 5 * at, 40, 10 * GIB, Decimal("0.023")) for at in range(30)]
MID = told({State.RESTORING: 16_000, State.AVAILABLE: 1_200, State.FAILED: 180, State.SKIPPED: 1_497}, *ARRIVED,
           causes=[DENY, KEY])  # fmt: skip


def lines(of: HeaderFacts, size: tuple[int, int]) -> list[str]:
    return [line.plain for line in header(of, size[0] - 2, lines_for(size[1]))]


@pytest.mark.parametrize("size", SIZES)
def test_it_keeps_to_its_lines_and_says_why(size: tuple[int, int]) -> None:
    shown = lines(MID, size)
    assert len(shown) <= {15: 3, 24: 5, 50: 9, 5: 3}[size[1]]
    assert all(width(line) <= size[0] - 2 for line in shown)
    if size[0] >= 60:
        text = "\n".join(shown)
        assert "◑ restoring" in text
        assert "118 a policy forbids it" in text or "118: a policy forbids it" in text
        assert "62 its KMS key is disabled" in text or "62: its KMS key is disabled" in text
        assert TIME in text


def test_at_80_columns_nothing_that_matters_is_missing() -> None:
    assert lines(MID, (80, 24))[0] == "Run #12 ◑ restoring · standard · 7 days · 18,877 objects · about $95.41"
    text = "\n".join(lines(MID, (80, 24)))
    for wanted in (
        "  7%", "300 GiB of 4.2 TiB", "┃ 6h00 of 12h10", "ETA 01-16 04:10", "01-15 19:20 to 21:45", "a day",
        "◑ 16,000 restoring", "● 1,200 available", "✗ 180 failed", "– 1,497 skipped",
    ):  # fmt: skip
        assert wanted in text


def test_while_sending_its_rate_and_end_are_told() -> None:
    sent = [Flow(FlowKind.REQUESTED, MINUTE + at, 600, 0) for at in range(10)]
    counts = {State.PLANNED: 6_000, State.REQUESTED: 6_000}
    for size in SIZES[:3]:
        text = "\n".join(lines(told(counts, *sent, after=timedelta(minutes=10)), size))
        assert "10 a second, all sent by 16:20" in text


def test_what_is_overdue_is_told_in_words() -> None:
    for size in SIZES[:3]:
        text = "\n".join(lines(told({State.RESTORING: 12, State.AVAILABLE: 8}, after=timedelta(hours=15)), size))
        assert "▲ overdue" in text
        assert "12 objects overdue by 2h50" in text or "12 late" in text


def test_nothing_in_it_changes_within_a_minute() -> None:
    for seconds in (1, 30, 59):
        # The screens give it minutes; seconds do not matter to what stands still.
        later = told({State.RESTORING: 12}, after=timedelta(hours=6, seconds=seconds))
        assert lines(later, (80, 24)) == lines(told({State.RESTORING: 12}), (80, 24))


@given(st.integers(0, 1000), st.integers(0, 100), st.integers(1, 150))
def test_the_bar_has_its_width_and_one_mark(done: int, hours: int, cells: int) -> None:
    of = told({State.AVAILABLE: done, State.RESTORING: 1000 - done}, after=timedelta(minutes=10 * hours))
    text = "".join(part if isinstance(part, str) else part[0] for part in bar_with_time(of.run, of.goes, cells))
    assert len(text) == cells
    assert text.count(TIME) == (1 if of.run.is_open else 0)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_blocks_rise_with_their_numbers(numbers: list[int]) -> None:
    shown = sparkline(numbers)
    assert len(shown) == len(numbers)
    for (a, block), (b, other) in zip(zip(numbers, shown, strict=True), zip(numbers[1:], shown[1:], strict=False),
                                      strict=False):  # fmt: skip
        assert (a <= b) <= (block <= other)
        assert (block == " ") == (a == 0)
    if max(numbers):
        assert "█" in shown


states = st.dictionaries(
    st.sampled_from([state for state in State if state is not State.ONLINE]), st.integers(0, 10**7)
)


@given(states, st.integers(0, 400), st.sampled_from(SIZES), st.integers(0, 12))
def test_whatever_there_is_to_tell_fits(
    counts: dict[State, int], hours: int, size: tuple[int, int], causes: int
) -> None:
    of = told(counts, *ARRIVED, after=timedelta(hours=hours), causes=[DENY] * causes)
    shown = lines(of, size)
    assert 1 <= len(shown) <= lines_for(size[1])
    assert all(width(line) <= size[0] - 2 for line in shown)


@pytest.mark.parametrize("cells", range(24, 48))
def test_a_narrow_screen_keeps_the_share_done_and_leaves_a_gap_before_the_time(cells: int) -> None:
    bar = next(line.plain for line in header(MID, cells, lines_for(40)) if "%" in line.plain)
    assert width(bar) <= cells
    share, _, eta = bar.partition("%")
    assert share.split()[-1].isdigit()
    if cells >= 27:
        assert eta.startswith("  ")
        assert "ETA" in eta
