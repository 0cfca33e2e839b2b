"""Lengths of time as people write them: ``90``, ``90s``, ``15m``, ``6h``, ``2d``, ``1h30m``."""

import re
from datetime import timedelta

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
