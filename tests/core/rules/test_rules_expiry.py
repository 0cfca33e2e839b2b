"""When a copy ends: the request's time plus its days, rounded up to the next midnight UTC."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.s3 import FOREIGN
from restoretui.core.rules.stores import BUILT_IN

S3 = CLOUDS["s3"].rules
EXACT = CloudRules("oss", archives={}, expiry_at_midnight=False)

YEARS = datetime(1980, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - the strategy adds the zone
instants = st.datetimes(*YEARS, timezones=st.timezones(), allow_imaginary=False)
many_days = st.integers(1, 1_000_000)


@pytest.mark.parametrize(
    ("start", "days", "expiry"),
    [
        # The two examples of the S3 guide.
        (datetime(2012, 10, 15, 10, 30, tzinfo=UTC), 3, datetime(2012, 10, 19, tzinfo=UTC)),
        (datetime(2012, 10, 16, 11, 0, tzinfo=UTC), 1, datetime(2012, 10, 18, tzinfo=UTC)),
        (datetime(2026, 10, 15, 23, 59, 59, 999_999, tzinfo=UTC), 1, datetime(2026, 10, 17, tzinfo=UTC)),
        (datetime(2026, 10, 15, 0, 0, 0, 1, tzinfo=UTC), 1, datetime(2026, 10, 17, tzinfo=UTC)),
        (datetime(2026, 10, 15, 0, 0, tzinfo=UTC), 1, datetime(2026, 10, 16, tzinfo=UTC)),
        (datetime(2026, 12, 31, 12, 0, tzinfo=UTC), 1, datetime(2027, 1, 2, tzinfo=UTC)),
        (datetime(2028, 2, 28, 12, 0, tzinfo=UTC), 1, datetime(2028, 3, 1, tzinfo=UTC)),
        # Midnight is UTC's, wherever the start was written down.
        (datetime(2026, 10, 15, 1, 0, tzinfo=timezone(timedelta(hours=2))), 1, datetime(2026, 10, 16, tzinfo=UTC)),
    ],
)
def test_examples(start: datetime, days: int, expiry: datetime) -> None:
    assert S3.expiry_of(start, days) == expiry


@given(start=instants, days=many_days)
def test_it_is_a_midnight_at_least_those_days_away_and_less_than_one_more(start: datetime, days: int) -> None:
    expiry = S3.expiry_of(start, days)
    assert expiry.tzinfo is UTC
    assert expiry.time() == time(0)
    assert timedelta(days=days) <= expiry - start < timedelta(days=days + 1)


@given(earlier=instants, later=instants, few=many_days, more=many_days)
def test_later_or_longer_never_ends_sooner(earlier: datetime, later: datetime, few: int, more: int) -> None:
    earlier, later = sorted((earlier, later))
    few, more = sorted((few, more))
    assert S3.expiry_of(earlier, few) <= S3.expiry_of(later, few)
    assert S3.expiry_of(earlier, few) <= S3.expiry_of(earlier, more)


@given(start=instants, days=many_days)
def test_a_cloud_with_exact_ends_does_not_round(start: datetime, days: int) -> None:
    assert EXACT.expiry_of(start, days) - start == timedelta(days=days)


@given(start=instants, days=st.integers(1, 400), late=st.integers(0, 3 * 86_400))
def test_a_midnight_and_the_exact_end_agree_on_what_is_long_enough(start: datetime, days: int, late: int) -> None:
    midnight = S3.expiry_of(start + timedelta(seconds=late), days)
    assert S3.lasts(midnight, start, days)
    assert S3.lasts(midnight, start, days + 5) is (midnight >= S3.expiry_of(start, days + 5))


@pytest.mark.parametrize("rules", [S3, EXACT], ids=["unknown server", "exact"])
@pytest.mark.parametrize(("missing", "lasts"), [(0, True), (59, True), (61, False)])
def test_a_server_that_counts_exactly_is_held_to_the_days_and_not_to_a_midnight(
    rules: CloudRules, missing: int, lasts: bool
) -> None:
    start = datetime(2026, 11, 29, 0, 20, 7, tzinfo=UTC)
    assert rules.lasts(start + timedelta(days=3, minutes=-missing), start, 3) is lasts


def test_where_no_midnight_is_promised_a_copy_counted_exactly_lasts_until_the_date_all_the_same() -> None:
    end = datetime(2026, 10, 20, tzinfo=UTC)
    at = datetime(2026, 10, 15, 10, 30, tzinfo=UTC)
    for rules in (FOREIGN, *(store.rules for store in BUILT_IN.values())):
        days = rules.days_until(end, at)
        assert at + timedelta(days=days) >= end > at + timedelta(days=days - 1)
    assert S3.expiry_of(at, S3.days_until(end, at)) == end, "AWS rounds up, so a day less is enough there"
