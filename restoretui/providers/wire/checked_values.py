"""Validates values of an answer. What cannot be meant is unknown (None): one absurd row must not spoil a bucket."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from restoretui.core.model import LARGEST_SIZE
from restoretui.providers.wire.restore_header import parse_instant

_LONGEST_NUMBER = 16
"""Digits of ``LARGEST_SIZE``; Python takes long to read thousands of them."""
_EARLIEST = int(datetime.min.replace(tzinfo=UTC).timestamp())
_LATEST = int(datetime.max.replace(tzinfo=UTC).timestamp())


def believed_size(text: str | None) -> int | None:
    """An object's bytes, 0 to ``LARGEST_SIZE``; None for what is no such number, or is not told."""
    if text and len(text) < _LONGEST_NUMBER and text.isdecimal():
        return int(text)
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_NUMBER):
        return None
    return believed_number(int(digits))


def believed_sizes(texts: Sequence[str]) -> list[int | None]:
    """The same for a column: by C where all of it is plain, as nearly always."""
    every = "".join(texts)
    if "" not in texts and every.isascii() and every.isdecimal() and max(map(len, texts)) < _LONGEST_NUMBER:
        return list(map(int, texts))
    return list(map(believed_size, texts))


ISO_TEXT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z"
ISO_IN_UTC = re.compile(ISO_TEXT)
"""As clouds write it. Python's own reader takes a cut time, ``00:00.017Z``, for another instant."""

_USUAL = b"0000-00-00T00:00:00.000Z"
"""How nearly all of them are written: with digits in the place of each 0."""
USUAL_WIDTH = len(_USUAL)
_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")


def are_usual_instants(texts: str) -> bool:
    """Whether texts of ``USUAL_WIDTH`` characters, one right behind the other, are all ``ISO_TEXT``."""
    return texts.encode().translate(_TO_ZERO) == _USUAL * (len(texts) // USUAL_WIDTH)


def believed_epochs(texts: Sequence[str]) -> list[int | None]:
    """As ``believed_epoch``, for a column; quickly where all of it is ISO 8601 in UTC."""
    if all(map(ISO_IN_UTC.fullmatch, texts)):
        try:
            return list(map(int, map(datetime.timestamp, map(datetime.fromisoformat, texts))))
        except ValueError:
            pass
    return list(map(believed_epoch, texts))


def believed_number(number: int) -> int | None:
    """Bytes, or a count of objects: 0 to ``LARGEST_SIZE``."""
    return number if 0 <= number <= LARGEST_SIZE else None


def believed_epoch(text: str | None) -> int | None:
    """An HTTP date or ISO 8601 in seconds since the epoch, UTC, of the years 1 to 9999; None for anything else."""
    if text and ISO_IN_UTC.fullmatch(text):
        try:
            return int(datetime.fromisoformat(text).timestamp())
        except ValueError:
            pass
    instant = parse_instant(text)
    return None if instant is None else believed_moment(instant.timestamp())


def believed_moment(seconds: float) -> int | None:
    """The same for an instant that has been read; an offset can carry it out of the calendar."""
    return int(seconds) if _EARLIEST <= seconds <= _LATEST else None
