"""Lengths of time and instants as people write them: ``90``, ``90s``, ``15m``, ``6h``, ``2d``, ``1h30m``; ``now``."""

import re
from datetime import UTC, datetime, timedelta

LONGEST = timedelta(days=36_500)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def read_duration(text: str) -> timedelta:
    """The length; seconds where no unit is given. ``ValueError`` with a sentence for what is none."""
    whole = text if text[-1:].isalpha() else f"{text}s"
    if not re.fullmatch(r"([0-9]+(\.[0-9]+)?[smhd])+", whole):
        raise ValueError(f"{text!r} is not a duration: write 90s, 15m, 6h, 2d or 1h30m")
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)([smhd])", whole)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not seconds <= LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than anybody waits: the most is {LONGEST.days}d")
    return timedelta(seconds=seconds)


def read_instant(text: str) -> datetime:
    """An aware instant in UTC; ``ValueError`` where it is none, or beyond the ends of the calendar."""
    if text == "now":
        from restoretui.core.clock import SystemClock  # brings asyncio, which --help does without

        return SystemClock().now()
    instant = datetime.fromisoformat(text)
    try:
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from error
