"""The reference: whether a row matches a filter, in plain Python. SQL (``ledger.views``) must say the same.

What is not known of a row matches no comparison, and so is found by the comparison's ``!``.
"""

from collections.abc import Sequence

from msgspec import Struct

from restoretui.core.filter.globs import GlobText, glob_tokens, literal, word_matches
from restoretui.core.filter.tree import AllOf, AnyOf, Compared, Exact, Filter, Holds, Moment, Not, OneOf, Word


class FilterRow(Struct, frozen=True):
    """What a filter may ask of one row. Instants are seconds since the epoch; None and "" are not known."""

    texts: Sequence[str]
    """Where words are looked for: the key; of the audit trail also its text, code and request id."""
    prefix: str = ""
    """What all keys of the listing begin with."""
    storage_class: str = ""
    size: int | None = None
    modified: float | None = None
    state: str = ""
    expiry: float | None = None
    """Of a copy that can be read."""
    tier: str = ""
    run: int | None = None
    changed: float | None = None
    causes: Sequence[str] = ()
    """Of what failed: code, message, reason."""
    is_overdue: bool = False
    version: str = ""


def row_matches(tree: Filter | None, row: FilterRow, now: float, classes: Sequence[str] = ()) -> bool:
    """``classes``: the names of all storage classes there are, as the cloud spells them."""
    match tree:
        case None:
            return True
        case AnyOf(parts):
            return any(row_matches(part, row, now, classes) for part in parts)
        case AllOf(parts):
            return all(row_matches(part, row, now, classes) for part in parts)
        case Not(part):
            return not row_matches(part, row, now, classes)
        case Word(pattern):
            return any(word_matches(pattern, text, row.prefix) for text in row.texts)
        case Exact(text):
            return any(text in each for each in row.texts)
        case OneOf(field, values):
            return _is_one_of(field, values, row)
        case Holds(field, values):
            return any(_holds(field, value, row, classes) for value in values)
        case Compared(field, op, value):
            return _compares(field, op, value, row, now)


def _is_one_of(field: str, values: Sequence[str], row: FilterRow) -> bool:
    if field == "is":
        return row.is_overdue
    if field in ("class", "failed"):
        found = [row.storage_class] if field == "class" else list(row.causes)
        return any(_folded(value) == _folded(each) for value in values for each in found)
    if field == "key":
        return any(text in values for text in row.texts[:1])
    known = {"state": row.state, "tier": row.tier, "run": "" if row.run is None else str(row.run),
             "version": row.version}  # fmt: skip
    return known[field] in values


def _holds(field: str, value: Word | Exact, row: FilterRow, classes: Sequence[str]) -> bool:
    if field == "class" and (named := class_named(value, classes)) is not None:
        return row.storage_class == named
    texts = {"class": [row.storage_class], "version": [row.version], "failed": list(row.causes)}[field]
    if isinstance(value, Exact):
        return any(value.text in text for text in texts)
    return any(word_matches(value.pattern, text) for text in texts)


def class_named(value: Word | Exact, classes: Sequence[str]) -> str | None:
    """The class that is called so, in whatever case: ``class:glacier`` is not ``GLACIER_IR``."""
    if isinstance(value, Word) and not all(isinstance(token, GlobText) for token in glob_tokens(value.pattern)):
        return None
    wanted = _folded(value.text if isinstance(value, Exact) else literal(value.pattern))
    return next((name for name in classes if _folded(name) == wanted), None)


def _folded(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def _compares(field: str, op: str, value: int | Moment, row: FilterRow, now: float) -> bool:
    if field == "size":
        return row.size is not None and not isinstance(value, Moment) and _is(op, row.size, value)
    if field in ("age", "changed") and not isinstance(value, Moment):
        then = row.modified if field == "age" else row.changed
        return then is not None and _is(op, now - then, value)
    then = row.expiry if field == "expires" else row.modified
    if then is None:
        return False
    if isinstance(value, Moment):
        return _is_then(op, then, value)
    return then > now and _is(op, then - now, value)


def _is(op: str, have: float, wanted: float) -> bool:
    return {
        "<": have < wanted, "<=": have <= wanted, ">": have > wanted, ">=": have >= wanted, "=": have == wanted,
    }[op]  # fmt: skip


def _is_then(op: str, then: float, moment: Moment) -> bool:
    """A date is as long as it is written: what is after 2023-02 is after all of that month."""
    return {
        "<": then < moment.first, "<=": then < moment.end, ">": then >= moment.end, ">=": then >= moment.first,
        "=": moment.first <= then < moment.end,
    }[op]  # fmt: skip
