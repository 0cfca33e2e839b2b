r"""Compiles a person's filter text into an SQL condition.

With ``*``, ``?`` or a closed ``[...]`` it is a glob, as in a shell, that must match the whole key; otherwise any key
that contains it matches, whatever its case. A backslash before one of ``* ? [ ] \`` makes that character literal. A
text with brackets only, ``[draft]`` say, also matches keys that contain it as it stands.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from types import MappingProxyType
from typing import NamedTuple

_SPECIAL = frozenset("*?[]\\")
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
    """An SQL expression with its named arguments, ``:glob`` and ``:part...``."""

    sql: str
    args: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Literal:
    text: str


@dataclass(frozen=True, slots=True)
class _Wild:
    sign: str


@dataclass(frozen=True, slots=True)
class _Set:
    negated: bool
    members: Sequence[tuple[str, str]]
    """Ranges, both ends included."""


_Token = _Literal | _Wild | _Set


def key_condition(text: str, column: str, prefix: str = "") -> Condition:
    """Keys in ``column`` that match ``text``; a glob may also match what follows ``prefix``."""
    tokens = _parse(text)
    if all(isinstance(token, _Literal) for token in tokens):
        return _contains("".join(token.text for token in tokens if isinstance(token, _Literal)), column)
    pattern = "".join(_glob(token) for token in tokens)
    if len(pattern.encode(errors="replace")) > _LONGEST_PATTERN or not _storable(text):
        return Condition(NEVER)
    ways = [Condition(f"{column} GLOB :glob", {"glob": pattern})]
    if prefix and not pattern.startswith("*"):
        ways.append(Condition(f"substr({column}, {len(prefix) + 1}) GLOB :glob", {"glob": pattern}))
    if not any(isinstance(token, _Wild) for token in tokens):
        ways.append(_contains(text, column))
    return _any_of(ways)


def any_key_condition(texts: Sequence[str], column: str, prefix: str = "") -> Condition:
    """Keys that match any of ``texts``; all keys where there are none."""
    if not texts:
        return Condition("1")
    ways = [key_condition(text, column, prefix) for text in texts]
    # Each stems from a text of its own, so that equal names would hold different values.
    named = [
        Condition(
            _ARGUMENT.sub(rf":\1_{number}", way.sql), {f"{name}_{number}": arg for name, arg in way.args.items()}
        )
        for number, way in enumerate(ways)
    ]
    return named[0] if len(named) == 1 else _any_of(named)


_ARGUMENT = re.compile(r":(glob|part\d*)\b")


def prefix_condition(text: str, column: str, prefix: str = "") -> Condition:
    """The same for common prefixes, whose delimiter at the end need not be typed."""
    whole = key_condition(text, column, prefix)
    bare = key_condition(text, f"rtrim({column}, '/')", prefix)
    return _any_of((whole, bare))


def _any_of(conditions: Sequence[Condition]) -> Condition:
    # All stem from one text, so that equal names hold equal values.
    sql = " OR ".join(condition.sql for condition in conditions)
    return Condition(f"({sql})", {name: arg for condition in conditions for name, arg in condition.args.items()})


def _storable(text: str) -> bool:
    # No key holds NUL, or anything that is not valid Unicode; SQLite would stop at the one and refuse the other.
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _contains(text: str, column: str) -> Condition:
    if not _storable(text) or len(text.encode()) > _LONGEST_PATTERN // 4:
        return Condition(NEVER)
    # LIKE folds the case of ASCII only. Other letters are spelled in every case, or in a glob, which takes longer.
    cases = [_cases(char) for char in text]
    if prod(len(of_char) for of_char in cases) <= _MOST_SPELLINGS:
        spellings = ("".join(spelling) for spelling in product(*cases))
        return _any_of(
            [
                Condition(f"{column} LIKE :part{number} ESCAPE '\\'", {f"part{number}": f"%{_like(spelling)}%"})
                for number, spelling in enumerate(spellings)
            ]
        )
    pattern = "".join(_glob(_Set(negated=False, members=[(case, case) for case in _both(char)])) for char in text)
    return Condition(f"{column} GLOB :part", {"part": f"*{pattern}*"})


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _cases(char: str) -> list[str]:
    """The characters that stand for ``char`` whatever its case; one is enough for ASCII, which LIKE folds."""
    return [char] if char.isascii() else sorted({case.lower() if case.isascii() else case for case in _both(char)})


def _both(char: str) -> set[str]:
    cases = {case for each in (char, char.lower(), char.upper()) for case in (each, each.lower(), each.upper())}
    return {case for case in cases if len(case) == 1}


def _parse(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] in _SPECIAL and at + 1 < len(text):
            tokens.append(_Literal(text[at + 1]))
            at += 2
        elif char in "*?":
            tokens.append(_Wild(char))
            at += 1
        elif char == "[" and (found := _parse_set(text, at + 1)) is not None:
            token, at = found
            tokens.append(token)
        else:
            tokens.append(_Literal(char))
            at += 1
    return tokens


def _parse_set(text: str, at: int) -> tuple[_Set, int] | None:
    """The set whose opening bracket stands before ``at``, and where it ends; None if it is never closed."""
    negated = text[at : at + 1] in ("!", "^")
    at += negated
    chars: list[tuple[str, bool]] = []
    first = True
    while at < len(text):
        char = text[at]
        if char == "]" and not first:
            return _Set(negated, _ranges(chars)), at + 1
        literal = char == "\\" and text[at + 1 : at + 2] in _SPECIAL and at + 1 < len(text)
        at += literal
        chars.append((text[at], literal))
        at += 1
        first = False
    return None


def _ranges(chars: Sequence[tuple[str, bool]]) -> list[tuple[str, str]]:
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(chars):
        low = chars[at][0]
        if at + 2 < len(chars) and chars[at + 1] == ("-", False):
            ranges.append((low, chars[at + 2][0]))
            at += 3
        else:
            ranges.append((low, low))
            at += 1
    return ranges


def _glob(token: _Token) -> str:
    """As SQLite's GLOB spells it: no escapes, ``^`` negates, ``]`` is literal only as a set's first member."""
    match token:
        case _Literal(text):
            return f"[{text}]" if text in ("*", "?", "[") else text
        case _Wild(sign):
            return sign
        case _Set(negated, members):
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
