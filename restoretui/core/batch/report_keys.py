"""How a completion report writes keys: as HTML forms do, percent-encoded, or as they are (FACTS 2.3).

Reports of AWS have been seen form-encoded; others are percent-encoded or raw. One key may be another one encoded, so
a reading is held to the whole report: each task has an object of its own, and none stands there twice.
"""

import re
from collections.abc import Iterable
from enum import Enum
from urllib.parse import unquote, unquote_plus


class KeyForm(Enum):
    """One way to write a key; the likeliest first."""

    FORM = "form"
    """A space is ``+``, what else is no letter or digit ``%XX``."""
    PERCENT = "percent"
    """``%XX`` for what is no letter or digit, a space too."""
    RAW = "raw"


_TURNS = re.compile("[+%]")
_PLAIN = re.compile("[A-Za-z0-9._/*-]*")
"""What each of the ways leaves as it is."""
_NEVER_ENCODED = re.compile('[^!-~]|["<>\\\\^`{|}]|%(?![0-9A-Fa-f]{2})')
"""What no encoder leaves in a key: spaces, quotes, controls, anything beyond ASCII, a ``%`` that begins nothing."""


def read_key(written: str, form: KeyForm) -> str:
    """The key that was written so."""
    if form is KeyForm.RAW:
        return written
    return unquote_plus(written) if form is KeyForm.FORM else unquote(written)


def is_plain(written: str) -> bool:
    """Written alike in every way, so that it tells nothing of which one it is."""
    return _PLAIN.fullmatch(written) is not None


def is_surely_raw(written: str) -> bool:
    """No encoder leaves such a key."""
    return _NEVER_ENCODED.search(written) is not None


def readings(written: str) -> dict[KeyForm, str]:
    """The key in each way."""
    if _TURNS.search(written) is None:
        return dict.fromkeys(KeyForm, written)
    return {form: read_key(written, form) for form in KeyForm}


def form_of(keys: Iterable[str], known: KeyForm = KeyForm.FORM) -> KeyForm:
    """How these are written, as far as they tell by themselves: ``known`` until one is surely raw."""
    return KeyForm.RAW if known is KeyForm.RAW or any(map(is_surely_raw, keys)) else known
