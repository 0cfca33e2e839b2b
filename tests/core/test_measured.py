"""How long restores took: a histogram keeps the percentiles to within its steps, and only known times count."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.measured import ENOUGH, is_known, measured, step_of
from restoretui.core.model import Tier
from restoretui.wording.format import seen_here
from tests.narrowing import there

durations = st.lists(st.integers(0, 200_000), min_size=ENOUGH, max_size=200)


def histogram(seconds: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for took in seconds:
        begin = step_of(took)[0]
        found[begin] = found.get(begin, 0) + 1
    return found


@given(durations)
def test_the_range_is_that_of_the_percentiles(seconds: list[int]) -> None:
    seen = measured(histogram(seconds))
    assert seen is not None
    ranked = sorted(seconds)
    low, high = (ranked[ceil(part * len(ranked)) - 1] for part in (0.05, 0.95))
    assert (seen.shortest.total_seconds(), seen.longest.total_seconds()) == (step_of(low)[0], step_of(high)[1])
    assert seen.restores == len(seconds)


@given(st.floats(0, 1e7))
def test_a_duration_lies_in_its_step(seconds: float) -> None:
    begin, end = step_of(seconds)
    assert begin <= seconds < end
    assert step_of(begin) == (begin, end)


def test_too_few_tell_nothing() -> None:
    assert measured({60: ENOUGH - 1}) is None
    assert measured({60: ENOUGH}) is not None


@pytest.mark.parametrize(
    ("looked_after", "arrived_after", "known"),
    [
        (None, 20, True),  # within half a minute of its request
        (None, 40_000, False),  # nobody had looked at all
        (39_700, 40_000, True),  # five minutes before
        (30_000, 40_000, False),  # the lid was closed for hours
        (-500, 20, True),  # an earlier look, before it was asked for
        (-500, 40_000, False),
        (100, 130, True),
        (300, 200, False),  # a clock that was set back
    ],
)
def test_only_what_was_looked_for_shortly_before_has_a_known_time(
    looked_after: float | None, arrived_after: float, known: bool
) -> None:
    asked = 1_000_000.0
    looked = None if looked_after is None else asked + looked_after
    assert is_known(asked, looked, asked + arrived_after) is known


def test_a_copy_before_its_request_tells_nothing() -> None:
    assert not is_known(100.0, None, 90.0)


def test_it_is_told_in_a_line_of_80_columns() -> None:
    seen = there(measured({34_800: 2_000, 39_600: 2_112}))
    text = seen_here(Tier.STANDARD, "DEEP_ARCHIVE", seen)
    assert text == "here standard of DEEP_ARCHIVE took 9h40 to 11h15 (9 in 10 of 4,112 restores)"
    assert len(text) <= 76
