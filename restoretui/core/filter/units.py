"""Sizes, spans and dates as they are written in a filter. ``ValueError`` with a sentence for what is none."""

import re
from datetime import UTC, datetime, timedelta

from restoretui.core.filter.tree import Moment

_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,6})?)([kmgtp]?)(i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
LARGEST = 2**62
"""Of sizes, so that SQL can add to it."""

_SPAN = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,6})?(?:mo|[smhdwy]))+")
_UNITS = {"y": 365 * 86_400, "mo": 30 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WRITTEN = ("y", "d", "h", "m", "s")
LONGEST = 10_000 * _UNITS["y"]

LAST_YEAR = 9999
"""Of the calendar: what is said of it lasts to its end."""
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:?\d\d)?)?)?)?")


def read_size(text: str) -> int:
    """``500``, ``10K``, ``1.5G``, ``2TiB``: bytes, in 1024s."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no size: write 500, 10K, 1.5G or 2T (1024s)")
    unit: int = 1024 ** _POWERS[found[2].lower()]
    size = round(float(found[1]) * unit) if "." in found[1] else int(found[1]) * unit
    if size > LARGEST:
        raise ValueError(f"{text!r} is more than any object has")
    return size


def size_text(size: int) -> str:
    """As ``read_size`` reads it."""
    for unit, power in reversed(_POWERS.items()):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{unit.upper()}"
    return str(size)


def read_span(text: str) -> int:
    """``90s``, ``48h``, ``30d``, ``2w``, ``6mo``, ``1y6mo``: seconds; a month has 30 days, a year 365."""
    if re.search(r"[0-9]M(?![oO])", text):
        raise ValueError(f"{text!r} may be months or minutes: write 6mo or 6m")
    if not _SPAN.fullmatch(text.lower()):
        raise ValueError(f"{text!r} is no span of time: write 48h, 30d, 2w, 6mo or 2y")
    parts = re.findall(r"([0-9.]+)(mo|[smhdwy])", text.lower())
    seconds = round(sum(float(number) * _UNITS[unit] for number, unit in parts))
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is longer than there are clouds")
    return seconds


def span_text(seconds: int) -> str:
    """As ``read_span`` reads it."""
    for unit in _WRITTEN:
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


def looks_like_date(text: str) -> bool:
    """It was meant as a date: it begins with a year, and no unit follows."""
    return bool(re.match(r"\d{4}(-|$)", text))


def read_moment(text: str) -> Moment:
    """``2023``, ``2023-02``, ``2023-02-14``, ``2023-02-14T18:00Z``; UTC unless an offset is given."""
    found = _DATE.fullmatch(text.upper())
    wrong = ValueError(f"{text!r} is no date: write 2023, 2023-02, 2023-02-14 or 2023-02-14T18:00")
    if found is None:
        raise wrong
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        first = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
        if hour is not None:
            zone = "+00:00" if offset in (None, "Z") else offset
            clock = f"{hour}:{minute}:{second or '00'}"
            first = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{zone}").astimezone(UTC)
            last = first + timedelta(seconds=1 if second else 60)
            shown = f"{first:%H:%M:%S}" if second else f"{first:%H:%M}"
            text = f"{first.year:04}-{first:%m-%d}T{shown}Z"
            return Moment(text, _epoch(first), _epoch(last))
        if first.year == LAST_YEAR:
            return Moment(text, _epoch(first), _epoch(datetime.max.replace(tzinfo=UTC)) + 1)
        if day is not None:
            last = first + timedelta(days=1)
        elif month is not None:
            last = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)
        else:
            last = datetime(first.year + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise wrong from None
    return Moment(text, _epoch(first), _epoch(last))


def _epoch(at: datetime) -> int:
    return int(at.timestamp())
