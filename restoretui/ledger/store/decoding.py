"""Decodes and validates stored values, here or nowhere: one that was never written raises ``LedgerDamaged``.

A flipped bit turns a state into a word, a number into a text, a date into one past all calendars. SQLite hands all of
that out as it finds it; unchecked it would come to light far away, as a defect of whoever uses it.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from itertools import chain
from typing import Any, ParamSpec, TypeVar

from restoretui.core.errors import LedgerDamaged
from restoretui.core.model import State, Tier
from restoretui.core.rules.rules import MAX_DAYS
from restoretui.core.rules.verdicts import Action, Purpose

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
    """A row schema: the types and ranges of the columns of one query.

    One letter a column: ``i`` integer, ``t`` text, ``r`` number, ``s`` an instant in seconds since the epoch, ``l`` a
    length of time in seconds, ``d`` days; a capital may be NULL.
    """

    def __init__(self, what: str, letters: str) -> None:
        self._what = what
        self._allowed = [
            frozenset((*_KINDS[letter.lower()], *((type(None),) if letter.isupper() else ()))) for letter in letters
        ]
        self._ranges = [
            (at, *_RANGES[letter.lower()]) for at, letter in enumerate(letters) if letter.lower() in _RANGES
        ]
        self._known: set[tuple[type, ...]] = set()
        """Types of whole rows that were found good: there are a few."""

    def check(self, rows: Sequence[Row]) -> None:
        """``LedgerDamaged`` names the first value that cannot be. Many rows are looked at column by column, by C."""
        if len(rows) == 1:
            self._check_row(rows[0])
        elif rows:
            # Slices of one flat list: to turn rows into columns by zip takes longer than all the rest.
            flat, width = list(chain.from_iterable(rows)), len(self._allowed)
            if len(flat) != width * len(rows):
                raise ValueError(f"{len(flat)} values in {len(rows)} rows of {width}")
            for at, allowed in enumerate(self._allowed):
                column = flat[at::width]
                if not _is_plainly(column, allowed):
                    self._check_types(column, allowed)
            for at, least, most in self._ranges:
                values = flat[at::width]
                if values[0] is None or None in values:
                    values = [value for value in values if value is not None]
                if values and not (least <= min(values) and max(values) <= most):
                    raise damaged(self._what, next(value for value in values if not least <= value <= most))

    def _check_types(self, column: list[Any], allowed: frozenset[type]) -> None:
        if not allowed.issuperset(set(map(type, column))):
            raise damaged(self._what, next(value for value in column if type(value) not in allowed))

    def _check_row(self, row: Row) -> None:
        types = tuple(map(type, row))
        if types not in self._known:
            for value, kind, allowed in zip(row, types, self._allowed, strict=True):
                if kind not in allowed:
                    raise damaged(self._what, value)
            self._known.add(types)
        for at, least, most in self._ranges:
            value = row[at]
            if value is not None and not least <= value <= most:
                raise damaged(self._what, value)


def _is_plainly(column: list[Any], allowed: frozenset[type]) -> bool:
    """Whether a column is of one allowed type or NULL throughout, found by the quickest way; False proves nothing."""
    if column[0] is None:
        return type(None) in allowed and column.count(None) == len(column)
    try:
        if str in allowed:
            "".join(column)
            return True
        # SQLite gives integers, floats, text, bytes and None: whole numbers alone add up to one, only numbers add.
        return type(sum(column)) in allowed
    except TypeError:
        return False
