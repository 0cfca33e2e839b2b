"""The line below Browse says how old a listing is, and which key makes it anew once it is stale."""

from datetime import UTC, datetime, timedelta

import pytest

from restoretui.ledger.records import CloudId, Listing, Query, Scope
from restoretui.tui.browse.status import ListingStatus, status

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=5), "seen just now"),
        (timedelta(minutes=9), "seen 9m ago"),
        (timedelta(minutes=11), "seen 11m ago · R"),
        (timedelta(days=1), "seen 1d 0h ago · R"),
    ],
)
def test_how_old_it_is(age: timedelta, said: str) -> None:
    at = NOW - age
    listing = Listing(1, Scope(CloudId("s3"), "b"), 3, 0, 30, at, at, None, "")
    left = status(ListingStatus(listing, Query(), Query(), NOW, 0, 3, True, None))[0]
    assert left.plain.endswith(said)
