"""What is read from the files is decoded here or nowhere: a value that was never written raises ``LedgerDamaged``.

A flipped bit turns a state into a word, a number into a text, a date into one past all calendars. SQLite hands all of
that out as it finds it; unchecked it would come to light far away, as a defect of whoever uses it.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from restoretui.core.errors import LedgerDamaged
from restoretui.core.model import State, Tier
from restoretui.core.rules import MAX_DAYS, Action, Purpose

P = ParamSpec("P")
T = TypeVar("T")
Row = tuple[Any, ...]

STATES = {state.value: state for state in State}
TIERS: dict[str | None, Tier | None] = {**{tier.value: tier for tier in Tier}, "": None, None: None}
ACTIONS = {action.value: action for action in Action}
PURPOSES = {purpose.value: purpose for purpose in Purpose}
"""Calling an Enum is slower than all the rest of a row."""

_UNREADABLE = (KeyError, ValueError, TypeError, IndexError, AttributeError, ArithmeticError, OSError)
"""What decoding raises on a value that is not ours; OSError is how some systems refuse a date."""

FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The instants that have a date, in seconds since the epoch: the years 1 to 9999."""
LONGEST_SECONDS = 1e10
"""No time a restore takes comes near it: three centuries."""

_KINDS: dict[str, tuple[type, ...]] = {
    "i": (int,), "t": (str,), "r": (float, int), "s": (float, int), "l": (float, int), "d": (int,),
}  # fmt: skip
_RANGES = {"s": (FIRST_SECOND, LAST_SECOND), "l": (0, LONGEST_SECONDS), "d": (0, MAX_DAYS)}


def damaged(what: str, value: object = None) -> LedgerDamaged:
    """The error for ``what`` (``a job``, ``a run``); ``value`` is shown spelled out, and short."""
    shown = "" if value is None else f": {ascii(value)[:60]}"
    return LedgerDamaged(f"the ledger is damaged: {what} holds what was never written there{shown}")


def decodes(what: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates a function that turns stored values into objects: where it fails, the ledger is damaged."""

    def wrap(decode: Callable[P, T]) -> Callable[P, T]:
        @wraps(decode)
        def checked(*args: P.args, **options: P.kwargs) -> T:
            try:
                return decode(*args, **options)
            except _UNREADABLE as error:
                raise damaged(what, error.args[0] if error.args else None) from error

        return checked

    return wrap


class Shape:
    """The types and ranges of the columns of one query.

    One letter a column: ``i`` integer, ``t`` text, ``r`` number, ``s`` an instant in seconds since the epoch, ``l`` a
    length of time in seconds, ``d`` days; a capital may be NULL.
    """

    def __init__(self, what: str, letters: str) -> None:
        self._what = what
        self._letters = letters
        self._known: set[tuple[type, ...]] = set()
        """Types seen and found good: a run of a million rows has a few."""
        self._ranges = [
            (at, *_RANGES[letter.lower()]) for at, letter in enumerate(letters) if letter.lower() in _RANGES
        ]

    def check(self, rows: Iterable[Row]) -> None:
        """``LedgerDamaged`` names the first value that cannot be."""
        known = self._known
        for row in rows:
            types = tuple(map(type, row))
            if types not in known:
                self._learn(types, row)
            for at, least, most in self._ranges:
                value = row[at]
                if value is not None and not least <= value <= most:
                    raise damaged(self._what, value)

    def _learn(self, types: Sequence[type], row: Row) -> None:
        if len(types) != len(self._letters):
            raise AssertionError(f"{self._what}: {len(types)} columns for {self._letters!r}")
        for at, (kind, letter) in enumerate(zip(types, self._letters, strict=True)):
            if kind not in _KINDS[letter.lower()] and not (kind is type(None) and letter.isupper()):
                raise damaged(self._what, row[at] if row[at] is not None else "nothing")
        self._known.add(tuple(types))
