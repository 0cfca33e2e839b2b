"""When the watcher looks: soon, then sparse, then dense, never spinning and never sleeping past the window."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.model import Tier
from restoretui.core.rules.rules import RestoreWindow
from restoretui.core.rules.s3 import S3
from restoretui.engine.watching.schedule import SPARSE, Expectation, next_expiry_look, next_look

ASKED = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
WINDOWS = [window for rule in S3.archives.values() for window in rule.windows.values()]


def looks(window: RestoreWindow | None, until: timedelta) -> list[timedelta]:
    """Every look from the request on, as time since then."""
    expected = Expectation(ASKED, window)
    at: datetime | None = None
    seen: list[timedelta] = []
    while True:
        at = next_look(expected, at, at or ASKED)
        if at > ASKED + until:
            return seen
        seen.append(at - ASKED)


@pytest.mark.parametrize("window", [*WINDOWS, None])
def test_the_first_look_is_soon_and_no_two_are_closer_than_two_seconds(window: RestoreWindow | None) -> None:
    seen = looks(window, timedelta(days=3))
    assert seen[0] <= timedelta(seconds=2)
    assert all(b - a >= timedelta(seconds=2) for a, b in itertools.pairwise(seen))
    assert len(seen) < 1500, "a few looks an hour on average"


@pytest.mark.parametrize("window", WINDOWS)
def test_looks_are_dense_in_the_window(window: RestoreWindow) -> None:
    seen = looks(window, window.longest)
    inside = [at for at in seen if at >= window.shortest]
    width = window.longest - window.shortest
    assert len(inside) >= 10
    assert max(b - a for a, b in itertools.pairwise(inside)) <= max(width / 10, timedelta(minutes=5))
    assert min(inside) <= window.shortest + timedelta(minutes=1), "the opening is not slept through"


@given(st.integers(1, 10**7), st.sampled_from(WINDOWS))
def test_the_next_look_always_comes_and_never_later_than_sparse(seconds: int, window: RestoreWindow) -> None:
    last = ASKED + timedelta(seconds=seconds)
    at = next_look(Expectation(ASKED, window), last, last)
    assert last < at <= last + SPARSE


def test_overdue_only_after_a_margin() -> None:
    expected = Expectation(ASKED, S3.archives["GLACIER"].windows[Tier.STANDARD])
    assert not expected.is_overdue(ASKED + timedelta(hours=5, minutes=10))
    assert expected.is_overdue(ASKED + timedelta(hours=5, minutes=16))


def test_an_available_copy_is_looked_at_when_it_expires_and_now_and_then() -> None:
    expiry = ASKED + timedelta(days=2)
    first = next_expiry_look(expiry, None, ASKED)
    assert first == ASKED + timedelta(hours=12)
    near = next_expiry_look(expiry, expiry - timedelta(hours=1), expiry)
    assert expiry < near < expiry + timedelta(minutes=2)
    late = next_expiry_look(expiry, expiry + timedelta(minutes=1), expiry + timedelta(minutes=1))
    assert late > expiry + timedelta(minutes=1)
    assert next_expiry_look(None, ASKED, ASKED) == ASKED + timedelta(hours=12)
