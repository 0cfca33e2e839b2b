"""Numbers as people read them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.wording import format as fmt


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (150 * 1024**3, "150 GiB"),
        (5 * 1024**4, "5.0 TiB"),
        (2000 * 1024**6, "2000 EiB"),
    ],
)
def test_sizes_are_binary(size_bytes: int, text: str) -> None:
    assert fmt.size(size_bytes) == text


@given(st.integers(0, 2**59))
def test_sizes_fit_their_column(size_bytes: int) -> None:
    assert len(fmt.size(size_bytes)) <= 8


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "<1m"),
        (59, "<1m"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h00"),
        (11100, "3h05"),
        (187200, "2d 4h"),
        (3.6e6, "41d"),
    ],
)
def test_durations_are_coarse(seconds: float, text: str) -> None:
    assert fmt.duration(seconds) == text


def test_money_never_rounds_to_nothing() -> None:
    assert fmt.money(Decimal("12.04")) == "$12.04"
    assert fmt.money(Decimal("0.004")) == "<$0.01"
    assert fmt.money(Decimal(0)) == "$0.00"
    assert fmt.money(Decimal("1234.5"), "CNY") == "CNY 1,234.50"


@given(st.floats(-1, 2), st.integers(1, 40))
def test_a_bar_is_as_wide_as_its_column(part: float, cells: int) -> None:
    done, rest = fmt.bar(part, cells)
    assert len(done + rest) == cells
    assert part >= 1 or rest or done.endswith("╸")


@pytest.fixture(params=["Asia/Tokyo", "America/New_York", "UTC"])
def local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Times are told as on a machine of that zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    monkeypatch.setattr(fmt, "_zone", [UTC])
    fmt.show_local()
    yield request.param
    monkeypatch.undo()
    time.tzset()


ENDS = [datetime.min.replace(tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 58, tzinfo=UTC)]


@pytest.mark.parametrize("moment", ENDS)
def test_the_ends_of_the_calendar_can_be_told_in_any_zone(local: str, moment: datetime) -> None:
    for at in (moment, moment.timestamp()):
        told = [fmt.instant(at), fmt.stamp(at), fmt.time_of_day(at), fmt.short_instant(at, moment), fmt.zone(at)]
        assert all(told), local
    assert fmt.day(moment.timestamp())


@pytest.mark.parametrize("epoch", [-1e18, -62135647200.0, 253402347600.0, 1e18])
def test_what_no_calendar_holds_is_told_as_its_end(local: str, epoch: float) -> None:
    assert fmt.day(epoch)[:4] in ("1-01", "0001", "9999"), local
    assert fmt.stamp(epoch) == "unknown" or fmt.stamp(epoch)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_names_the_zone_it_is_told_in(moment: datetime) -> None:
    assert fmt.stamp(moment).endswith(" UTC") or fmt.is_untold(moment)
