"""Parses the ``x-amz-restore`` header, which OSS calls ``x-oss-restore`` (FACTS 1.3, 4.2)."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from restoretui.core.model import END_UNTOLD, RestoreStatus, Tier

_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_IMF_DATE = re.compile(
    rf"[A-Z][a-z]{{2}}, ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) ([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}}) GMT"
)
_PAIR = re.compile(r"""([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|([^",\s]+))""")


_BARE = {"true": RestoreStatus(in_progress=True), "false": RestoreStatus(in_progress=False)}
"""As VersityGW once wrote it: the word alone (FACTS 1.3)."""


@lru_cache(maxsize=256)  # HEADs tell the same few all the time: copies end at midnight
def parse_restore(header: str | None) -> RestoreStatus | None:
    """What ``ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`` says; None when it says nothing.

    Tolerated: pairs in any order, white space, missing quotes, and a missing expiry (Ceph's permanent restores). An
    expiry that cannot be read is not a missing one: the copy is there, until ``END_UNTOLD``.
    """
    if not header:
        return None
    if header.strip().lower() in _BARE:
        return _BARE[header.strip().lower()]
    pairs = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(header)}
    ongoing = pairs.get("ongoing-request", "").strip().lower()
    told = pairs.get("expiry-date", "").strip()
    expiry = parse_instant(told)
    if ongoing == "true":
        return RestoreStatus(in_progress=True)
    if ongoing == "false" or expiry is not None:
        return RestoreStatus(in_progress=False, expiry=END_UNTOLD if told and expiry is None else expiry)
    return None


_MOST_DAYS = 1_000_000


def parse_told(header: str | None, tier: str | None, days: str | None, asked: str | None) -> RestoreStatus | None:
    """``parse_restore``, with what AWS says besides on HEAD while a restore is in progress (FACTS 1.3).

    Undocumented: what is missing or cannot be meant stays unknown.
    """
    status = parse_restore(header)
    if status is None or not status.in_progress:
        return status
    word, number = (tier or "").strip().lower(), (days or "").strip()
    told = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 0
    return status._replace(
        tier=Tier(word) if word in list(Tier) else None,
        days=told if 0 < told <= _MOST_DAYS else None,
        asked_at=parse_instant(asked),
    )


def parse_lapse(header: str | None) -> datetime | None:
    """``expiry-date="…", rule-id="…"`` of ``x-amz-expiration``: when the object is deleted; None when it is not."""
    pairs = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(header or "")}
    return parse_instant(pairs.get("expiry-date", "").strip())


def from_iso(text: str) -> datetime:
    """ISO 8601; ValueError for anything else, also where Python's own reader is content.

    It takes a time that was cut, ``00:00.017Z``, for another one.
    """
    if _ISO.fullmatch(text) is None:
        raise ValueError(f"no ISO 8601 instant: {text[:40]!r}")
    return datetime.fromisoformat(text)


_ISO = re.compile(
    r"\d{4}-?\d\d-?\d\d(?:[T ]\d\d:?\d\d(?::?\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)


def _from_mail(text: str) -> datetime:
    from email.utils import parsedate_to_datetime  # hardly any server writes such

    return parsedate_to_datetime(text)


def parse_instant(text: str | None) -> datetime | None:
    """An HTTP date or ISO 8601 as an aware UTC instant; None when it is neither."""
    if not text:
        return None
    text = text.strip()
    if fixed := _IMF_DATE.fullmatch(text):
        day, month, year, hour, minute, second = fixed.groups()
        try:
            return datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        except ValueError:
            return None
    for parse in (from_iso, _from_mail):
        try:
            instant = parse(text)
            return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
