"""Compiles a word of a filter (``core.filter.globs``) into an SQL condition; whole filters: ``where_sql``."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from types import MappingProxyType
from typing import NamedTuple

from restoretui.core.errors import UsageError
from restoretui.core.filter.globs import (
    CharSet,
    GlobText,
    GlobToken,
    Wildcard,
    alternatives,
    both_cases,
    glob_tokens,
    literal,
)

_LONGEST_PATTERN = 50_000
"""SQLite refuses longer patterns (SQLITE_MAX_LIKE_PATTERN_LENGTH); no key is that long."""

_MOST_SPELLINGS = 8

NEVER = "0"


_LAST = "\U0010ffff"
_PAST_EVERY_KEY = _LAST * 300
"""No key is that long: clouds allow 1,024 bytes, and this character takes four."""


def end_of_prefix(prefix: str) -> str:
    """The end (not included) of the range of keys that begin with ``prefix``, in UTF-8 byte order."""
    bare = prefix.rstrip(_LAST)
    if not bare:
        return _PAST_EVERY_KEY
    last = ord(bare[-1]) + 1
    # Surrogates are no characters, and no key holds them.
    return bare[:-1] + chr(0xE000 if 0xD800 <= last < 0xE000 else last)


class Condition(NamedTuple):
    """An SQL expression with its named arguments."""

    sql: str
    args: Mapping[str, object] = MappingProxyType({})


MOST_CONDITIONS = 10_000
"""In one statement: SQLite bounds its length (1 MB) and its values (32,766)."""


class Arguments:
    """Values of one statement's conditions by their names, ``:w0``, ``:w1`` and so on."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self._names: dict[object, str] = {}
        self._bound = 0

    def bind(self, value: object) -> str:
        """What stands for ``value`` in the statement; ``UsageError`` for more than one statement can hold."""
        self._bound += 1
        if self._bound > MOST_CONDITIONS:
            raise UsageError(
                "the filter comes to too many conditions", f"at most {MOST_CONDITIONS:,}, each of {{a,b}} counts"
            )
        name = self._names.setdefault((type(value), value), f"w{len(self._names)}")
        self.values[name] = value
        return f":{name}"


def key_condition(text: str, column: str, prefix: str = "") -> Condition:
    """Keys in ``column`` that match ``text``; a glob may also match what follows ``prefix``."""
    arguments = Arguments()
    return Condition(word_sql(text, column, prefix, arguments), arguments.values)


def word_sql(text: str, column: str, prefix: str, arguments: Arguments) -> str:
    """The same, with its values among others."""
    if not is_storable(text):
        return NEVER
    found = alternatives(text)
    ways: list[str] = []
    is_glob = has_wildcard = False
    for alternative in found:
        tokens = glob_tokens(alternative)
        if all(isinstance(token, GlobText) for token in tokens):
            ways.append(_contains(literal(alternative), column, arguments))
            continue
        is_glob = True
        has_wildcard = has_wildcard or any(isinstance(token, Wildcard) for token in tokens)
        pattern = "".join(_glob(token) for token in tokens)
        if len(pattern.encode()) > _LONGEST_PATTERN:
            continue
        name = arguments.bind(pattern)
        ways.append(f"{column} GLOB {name}")
        if prefix and not pattern.startswith("*"):
            ways.append(f"substr({column}, {len(prefix) + 1}) GLOB {name}")
    if (is_glob or len(found) > 1) and not has_wildcard:
        ways.append(_contains(literal(text), column, arguments))
    return either(ways)


def either(ways: Sequence[str]) -> str:
    """Any of them; a tree no deeper than it must be, since SQLite bounds that."""
    return _joined(ways, "OR") or NEVER


def each(conditions: Sequence[str]) -> str:
    """All of them."""
    return _joined(conditions, "AND") or "1"


def _joined(conditions: Sequence[str], word: str) -> str:
    if len(conditions) <= 2:
        text = f" {word} ".join(conditions)
        return f"({text})" if len(conditions) > 1 else text
    half = len(conditions) // 2
    return f"({_joined(conditions[:half], word)} {word} {_joined(conditions[half:], word)})"


def is_storable(text: str) -> bool:
    """No key holds NUL, or anything that is not valid Unicode; SQLite would stop at the one and refuse the other."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _contains(text: str, column: str, arguments: Arguments) -> str:
    if len(text.encode()) > _LONGEST_PATTERN // 4:
        return NEVER
    # LIKE folds the case of ASCII only. Other letters are spelled in every case, or in a glob, which takes longer.
    cases = [_cases(char) for char in text]
    if prod(len(of_char) for of_char in cases) <= _MOST_SPELLINGS:
        spellings = ("".join(spelling) for spelling in product(*cases))
        names = [arguments.bind(f"%{_like(spelling)}%") for spelling in spellings]
        return either([f"{column} LIKE {name} ESCAPE '\\'" for name in names])
    sets = (CharSet(negated=False, members=[(case, case) for case in both_cases(char)]) for char in text)
    pattern = "".join(map(_glob, sets))
    return f"{column} GLOB {arguments.bind(f'*{pattern}*')}"


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _cases(char: str) -> list[str]:
    """The characters that stand for ``char`` whatever its case; one is enough for ASCII, which LIKE folds."""
    return (
        [char] if char.isascii() else sorted({case.lower() if case.isascii() else case for case in both_cases(char)})
    )


def _glob(token: GlobToken) -> str:
    """As SQLite's GLOB spells it: no escapes, ``^`` negates, ``]`` is literal only as a set's first member."""
    match token:
        case GlobText(text):
            return f"[{text}]" if text in ("*", "?", "[") else text
        case Wildcard(sign):
            return sign
        case CharSet(negated, members):
            return _glob_set(negated, members)


def _glob_set(negated: bool, members: Sequence[tuple[str, str]]) -> str:
    spans = [span for low, high in members for span in _without_syntax(ord(low), ord(high))]
    held = [sign for sign in _SYNTAX if any(low <= sign <= high for low, high in members)]
    if not spans and not held:
        # Only ranges that run backwards: no character is in such a set.
        return "?" if negated else "[^\x01-\U0010ffff]"
    if held == ["^"] and not spans and not negated:
        return "^"
    body = "".join(chr(low) if low == high else f"{chr(low)}-{chr(high)}" for low, high in spans)
    # The bracket first, the hyphen last, the caret neither first nor before a hyphen that is not last.
    head = "]" if "]" in held else ""
    tail = "".join(sign for sign in ("^", "-") if sign in held)
    if not head and not body and not negated:
        tail = tail[::-1]
    return f"[{'^' if negated else ''}{head}{body}{tail}]"


_SYNTAX = ("-", "]", "^")


def _without_syntax(low: int, high: int) -> list[tuple[int, int]]:
    """The range in pieces that leave out the characters which mean something inside brackets."""
    pieces = []
    for sign in sorted(ord(sign) for sign in _SYNTAX):
        if low <= sign <= high:
            pieces.append((low, sign - 1))
            low = sign + 1
    pieces.append((low, high))
    return [(first, last) for first, last in pieces if first <= last]
