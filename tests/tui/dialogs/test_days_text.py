"""Days, dates, and that a copy shall end sooner, as they are typed."""

from datetime import UTC, datetime

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.rules.s3 import S3
from restoretui.tui.dialogs.restore.days_text import LONGEST, lengthened, read_lasting

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("7", (7, False)),
        (" 30 ", (30, False)),
        ("shorten 2", (2, True)),
        ("Shorten  2026-01-20", (4, True)),
        # Asked for at 10:30, 4 days end at the midnight after the 19th 10:30 (FACTS 1.5).
        ("2026-01-20", (4, False)),
        ("2026-01-16", (1, False)),
    ],
)
def test_what_is_meant(text: str, lasting: tuple[int, bool]) -> None:
    assert len(text.strip()) <= LONGEST + 1
    days, shorten, until = read_lasting(text, S3, NOW)
    assert (days, shorten, until is not None) == (*lasting, "-" in text)
    if "-" in text:
        assert S3.expiry_of(NOW, days) >= datetime.fromisoformat(text.split()[-1]).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "0", "-3", "soon", "shorten", "2 3", "2026-13-01", "2026-01-15", "٣", "1.5"])
def test_what_cannot_be_meant(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_lasting(text, S3, NOW)
    assert "2026-12-24" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "more", "less"),
    [
        ("7", "8", "6"),
        ("1", "2", "1"),
        ("shorten 3", "shorten 4", "shorten 2"),
        ("2026-12-31", "2027-01-01", "2026-12-30"),
        ("soon", "soon", "soon"),
        ("9999-12-31", "9999-12-31", "9999-12-30"),
        ("", "", ""),
    ],
)
def test_a_day_more_or_less(text: str, more: str, less: str) -> None:
    assert (lengthened(text, 1), lengthened(text, -1)) == (more, less)
