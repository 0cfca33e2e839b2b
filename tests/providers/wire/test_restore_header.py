"""The restore header, as the clouds write it and as they might."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.model import END_UNTOLD, RestoreStatus, Tier
from restoretui.providers.wire.checked_values import believed_epochs
from restoretui.providers.wire.restore_header import parse_instant, parse_restore, parse_told

DATE = "Fri, 21 Dec 2012 00:00:00 GMT"
EXPIRY = datetime(2012, 12, 21, tzinfo=UTC)
ONGOING = RestoreStatus(in_progress=True)
UNTIL = RestoreStatus(in_progress=False, expiry=EXPIRY)
FOREVER = RestoreStatus(in_progress=False)
UNTOLD = RestoreStatus(in_progress=False, expiry=END_UNTOLD)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, None),
        ("", None),
        ("nonsense", None),
        ('ongoing-request="maybe"', None),
        ('ongoing-request="true"', ONGOING),
        ("ongoing-request=true", ONGOING),
        ('Ongoing-Request = "TRUE"', ONGOING),
        (f'ongoing-request="true", expiry-date="{DATE}"', ONGOING),
        (f'ongoing-request="false", expiry-date="{DATE}"', UNTIL),
        (f'expiry-date="{DATE}", ongoing-request="false"', UNTIL),
        (f'ongoing-request="false",expiry-date="{DATE}"', UNTIL),
        (f'expiry-date="{DATE}"', UNTIL),
        ('ongoing-request="false", expiry-date="2012-12-21T00:00:00Z"', UNTIL),
        ('ongoing-request="false", expiry-date="Fri, 21 Dec 2012 01:00:00 +0100"', UNTIL),
        ('ongoing-request="false"', FOREVER),
        ('ongoing-request="false", expiry-date="soon"', UNTOLD),
        ('ongoing-request="false", expiry-date="Fri, 99 Dec 2012 00:00:00 GMT"', UNTOLD),
        ('ongoing-request="false", expiry-date="Fri, 31 Dec 9999 23:59:59 -1200"', UNTOLD),
        ('ongoing-request="false", expiry-date="yesterday"', UNTOLD),
        ('expiry-date="soon"', None),
        ('ongoing-request="false", expiry-date=""', FOREVER),
    ],
)
def test_what_the_header_says(header: str | None, status: RestoreStatus | None) -> None:
    assert parse_restore(header) == status


@given(st.text())
def test_no_header_is_too_strange(header: str) -> None:
    status = parse_restore(header)
    assert status is None or status.expiry is None or status.expiry.tzinfo is not None


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_dates_survive(instant: datetime) -> None:
    instant = instant.replace(microsecond=0)
    assert parse_instant(format_datetime(instant, usegmt=True)) == instant
    assert parse_instant(instant.isoformat()) == instant
    elsewhere = instant.astimezone(timezone(timedelta(hours=-5))) if instant.year > 1000 else instant
    assert parse_instant(elsewhere.isoformat()) == instant


def test_the_word_alone() -> None:
    assert parse_restore("true") == RestoreStatus(in_progress=True)
    assert parse_restore(" false ") == RestoreStatus(in_progress=False)


@pytest.mark.parametrize(
    ("tier", "days", "asked", "told"),
    [
        ("Bulk", "5", "Fri, 21 Dec 2012 10:00:00 GMT", (Tier.BULK, 5, datetime(2012, 12, 21, 10, tzinfo=UTC))),
        ("Expedited", None, None, (Tier.EXPEDITED, None, None)),
        ("Warp", "-5", "yesterday", (None, None, None)),
        (None, "99999999999", "", (None, None, None)),
        ("standard", "٣", None, (Tier.STANDARD, None, None)),
    ],
)
def test_what_head_tells_of_a_restore_in_progress(
    tier: str | None, days: str | None, asked: str | None, told: tuple[object, ...]
) -> None:
    status = parse_told('ongoing-request="true"', tier, days, asked)
    assert status is not None
    assert (status.tier, status.days, status.asked_at) == told
    done = parse_told('ongoing-request="false"', tier, days, asked)
    assert done == RestoreStatus(in_progress=False), "of a copy that is there they say nothing"


@pytest.mark.parametrize(
    "text", ["1970-01-01T00:00.017Z", "1970-01-01T00:00:017Z", "1970-01-01:00:00.017Z", "1970-01-01T00:00:00.Z"]
)
def test_a_date_that_was_cut_is_unknown_and_no_other_date(text: str) -> None:
    assert parse_instant(text) is None
    assert believed_epochs(["2024-03-01T12:00:00.000Z", text]) == [1709294400, None]
