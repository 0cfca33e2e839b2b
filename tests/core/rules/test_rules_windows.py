"""Typical times by class, tier and way of asking, as the S3 guide gives them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.model import Tier
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import EXPEDITED_TYPICAL_BYTES, RestoreWindow

S3 = CLOUDS["s3"].rules

DIRECT = {
    "GLACIER": {"expedited": "1–5 min", "standard": "3–5 h", "bulk": "5–12 h"},
    "DEEP_ARCHIVE": {"standard": "within 12 h", "bulk": "within 48 h"},
    "ARCHIVE_ACCESS": {"expedited": "1–5 min", "standard": "3–5 h", "bulk": "5–12 h"},
    "DEEP_ARCHIVE_ACCESS": {"standard": "within 12 h", "bulk": "within 48 h"},
}
BATCH = {
    "GLACIER": {"standard": "1 min–5 h", "bulk": "5–12 h"},  # "starts in minutes, done in 3-5 h"
    "DEEP_ARCHIVE": {"standard": "within 12 h", "bulk": "within 48 h"},
    "ARCHIVE_ACCESS": {"standard": "1 min–5 h", "bulk": "5–12 h"},
    "DEEP_ARCHIVE_ACCESS": {"standard": "9–12 h", "bulk": "within 48 h"},
}

durations = st.integers(1, 10_000).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def windows(draw: st.DrawFn) -> RestoreWindow:
    shortest, longest = sorted((draw(durations), draw(durations)))
    return RestoreWindow(shortest, longest, draw(st.booleans()))


def test_direct() -> None:
    assert {name: {tier.value: str(window) for tier, window in rule.windows.items()}
            for name, rule in S3.archives.items()} == DIRECT  # fmt: skip


def test_through_batch_operations() -> None:
    assert {name: {tier.value: str(window) for tier, window in rule.batch_windows.items()}
            for name, rule in S3.archives.items()} == BATCH  # fmt: skip


@pytest.mark.parametrize(
    ("archive", "tier", "shortest", "longest"),
    [
        ("GLACIER", Tier.EXPEDITED, timedelta(minutes=1), timedelta(minutes=5)),
        ("GLACIER", Tier.STANDARD, timedelta(hours=3), timedelta(hours=5)),
        ("GLACIER", Tier.BULK, timedelta(hours=5), timedelta(hours=12)),
        ("DEEP_ARCHIVE", Tier.STANDARD, timedelta(hours=6), timedelta(hours=12)),
        ("DEEP_ARCHIVE", Tier.BULK, timedelta(hours=24), timedelta(hours=48)),
    ],
)
def test_when_to_look(archive: str, tier: Tier, shortest: timedelta, longest: timedelta) -> None:
    window = S3.archives[archive].windows[tier]
    assert (window.shortest, window.longest) == (shortest, longest)


@pytest.mark.parametrize(
    ("archive", "tier", "shortest", "longest"),
    [
        ("DEEP_ARCHIVE", Tier.STANDARD, timedelta(hours=9), timedelta(hours=12)),
        ("DEEP_ARCHIVE", Tier.BULK, timedelta(hours=24), timedelta(hours=48)),
        ("DEEP_ARCHIVE_ACCESS", Tier.BULK, timedelta(hours=24), timedelta(hours=48)),
    ],
)
def test_when_to_look_after_a_job(archive: str, tier: Tier, shortest: timedelta, longest: timedelta) -> None:
    window = S3.archives[archive].batch_windows[tier]
    assert (window.shortest, window.longest) == (shortest, longest)


def test_every_archive_knows_its_own_name_and_whether_it_takes_days() -> None:
    assert all(rule.archive == name for name, rule in S3.archives.items())
    takers = {name for name, rule in S3.archives.items() if rule.takes_days}
    assert takers == {"GLACIER", "DEEP_ARCHIVE"}


def test_a_batch_job_never_takes_expedited() -> None:
    assert not any(Tier.EXPEDITED in rule.batch_windows for rule in S3.archives.values())


def test_expedited_is_typical_below_250_megabytes() -> None:
    assert EXPEDITED_TYPICAL_BYTES == 250_000_000


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (RestoreWindow(timedelta(minutes=1), timedelta(minutes=5)), "1–5 min"),
        (RestoreWindow(timedelta(minutes=1), timedelta(hours=12)), "1 min–12 h"),
        (RestoreWindow(timedelta(minutes=30), timedelta(hours=1)), "30 min–1 h"),
        (RestoreWindow(timedelta(hours=3), timedelta(hours=48)), "3–48 h"),
        (RestoreWindow(timedelta(hours=6), timedelta(hours=12), within=True), "within 12 h"),
        (RestoreWindow(timedelta(minutes=90), timedelta(hours=2)), "1.5–2 h"),
    ],
)
def test_a_window_in_words(window: RestoreWindow, text: str) -> None:
    assert str(window) == text


def test_a_guessed_lower_end_is_not_shown_in_a_union_either() -> None:
    glacier = S3.archives["GLACIER"].windows[Tier.STANDARD]
    deep = S3.archives["DEEP_ARCHIVE"].windows[Tier.STANDARD]
    assert str(glacier | deep) == "within 12 h"


@given(windows(), windows(), windows())
def test_the_union_holds_both_and_knows_no_order(a: RestoreWindow, b: RestoreWindow, c: RestoreWindow) -> None:
    both = a | b
    assert both.shortest <= min(a.shortest, b.shortest)
    assert both.longest >= max(a.longest, b.longest)
    assert both == b | a
    assert (a | b) | c == a | (b | c)
    assert a | a == a
