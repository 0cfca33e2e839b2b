r"""Words of a filter as globs: ``*`` (crosses ``/``), ``?``, ``[a-z]``, ``[!a-z]``, ``{one,other}``.

A word with any of them must match the whole text, its case counts; a word without is looked for anywhere in it,
whatever its case. A backslash before one of ``* ? [ ] { } \`` makes that character literal. What has brackets or
braces only, ``[draft]`` say, is looked for as it stands, too.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

SPECIAL = frozenset("*?[]{}\\")
MOST_ALTERNATIVES = 256
"""Of braces; a word with more of them is taken literally."""


class GlobText(Struct, frozen=True):
    """Characters that stand for themselves."""

    text: str


class Wildcard(Struct, frozen=True):
    """``*`` or ``?``."""

    sign: str


class CharSet(Struct, frozen=True):
    """``[...]``."""

    negated: bool
    members: Sequence[tuple[str, str]]
    """Ranges, both ends included."""


GlobToken = GlobText | Wildcard | CharSet


def normalised(text: str) -> str:
    """The same word with every literal backslash doubled, so that each stands before what it makes literal."""
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at] != "\\":
            out.append(text[at])
            at += 1
        elif text[at + 1 : at + 2] in SPECIAL and at + 1 < len(text):
            out.append(text[at : at + 2])
            at += 2
        else:
            out.append("\\\\")
            at += 1
    return "".join(out)


def literal(pattern: str) -> str:
    """The word as it stands, its backslashes taken off."""
    return "".join(text for text, _ in _chars(pattern))


def escaped(text: str) -> str:
    """The word that looks for ``text`` as it stands."""
    return "".join(f"\\{char}" if char in SPECIAL else char for char in text)


def _chars(text: str) -> Iterator[tuple[str, bool]]:
    """Every character, and whether a backslash made it literal."""
    at = 0
    while at < len(text):
        is_literal = text[at] == "\\" and text[at + 1 : at + 2] in SPECIAL and at + 1 < len(text)
        at += is_literal
        yield text[at], is_literal
        at += 1


def glob_tokens(text: str) -> list[GlobToken]:
    """What a word without braces is made of."""
    tokens: list[GlobToken] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] in SPECIAL and at + 1 < len(text):
            tokens.append(GlobText(text[at + 1]))
            at += 2
        elif char in "*?":
            tokens.append(Wildcard(char))
            at += 1
        elif char == "[" and (found := char_set(text, at + 1)) is not None:
            token, at = found
            tokens.append(token)
        else:
            tokens.append(GlobText(char))
            at += 1
    return tokens


def begins_with_text(pattern: str) -> bool:
    """It is a glob, and begins with what a key must begin with."""
    words = [glob_tokens(word) for word in alternatives(pattern)]
    return any(not isinstance(token, GlobText) for word in words for token in word) and all(
        word[:1] != [Wildcard("*")] for word in words
    )


def char_set(text: str, at: int) -> tuple[CharSet, int] | None:
    """The set whose opening bracket stands before ``at``, and where it ends; None if it is never closed."""
    negated = text[at : at + 1] in ("!", "^")
    at += negated
    chars: list[tuple[str, bool]] = []
    first = True
    while at < len(text):
        char = text[at]
        if char == "]" and not first:
            return CharSet(negated, _ranges(chars)), at + 1
        is_literal = char == "\\" and text[at + 1 : at + 2] in SPECIAL and at + 1 < len(text)
        at += is_literal
        chars.append((text[at], is_literal))
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


def alternatives(pattern: str) -> list[str]:
    """The words without braces that one with braces stands for; itself where there are none, or too many."""
    found = _expanded(pattern, MOST_ALTERNATIVES)
    return [pattern] if found is None else found


def _expanded(pattern: str, room: int) -> list[str] | None:
    braces = _first_braces(pattern)
    if braces is None:
        return [pattern]
    start, end, options = braces
    found: list[str] = []
    for option in options:
        more = _expanded(pattern[:start] + option + pattern[end:], room - len(found))
        if more is None or len(found) + len(more) > room:
            return None
        found += more
    return found


def _first_braces(pattern: str) -> tuple[int, int, list[str]] | None:
    """Where the first braces with a comma between them stand, and what is between."""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[" and (found := char_set(pattern, at + 1)) is not None:
            at = found[1]
        elif char == "{" and (options := _options(pattern, at)) is not None:
            return at, at + sum(map(len, options)) + len(options) + 1, options
        else:
            at += 2 if char == "\\" else 1
    return None


def _options(pattern: str, start: int) -> list[str] | None:
    depth, begun, at = 0, start + 1, start
    options: list[str] = []
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "{":
            depth += 1
        elif char == "," and depth == 1:
            options.append(pattern[begun:at])
            begun = at + 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return [*options, pattern[begun:at]] if options else None
        at += 1
    return None


def both_cases(char: str) -> set[str]:
    """The characters that stand for ``char`` whatever its case."""
    cases = {case for each in (char, char.lower(), char.upper()) for case in (each, each.lower(), each.upper())}
    return {case for case in cases if len(case) == 1}


# --- matched in plain Python


def word_matches(pattern: str, text: str, prefix: str = "") -> bool:
    """Whether a word matches ``text``; a glob may match what follows ``prefix`` instead."""
    has_wildcard = is_glob = False
    for alternative in (found := alternatives(pattern)):
        tokens = glob_tokens(alternative)
        if all(isinstance(token, GlobText) for token in tokens):
            if contains_folded(text, "".join(token.text for token in tokens if isinstance(token, GlobText))):
                return True
            continue
        is_glob = True
        has_wildcard = has_wildcard or any(isinstance(token, Wildcard) for token in tokens)
        texts = [text, text[len(prefix) :]] if prefix and not alternative.startswith("*") else [text]
        if any(_globs(tokens, each) for each in texts):
            return True
    stands = (is_glob or len(found) > 1) and not has_wildcard
    return stands and contains_folded(text, literal(pattern))


def contains_folded(text: str, part: str) -> bool:
    """Whether ``part`` is in ``text``, whatever its case; of a part in ASCII only its own letters fold."""
    if part.isascii():
        return _ascii_lower(part) in _ascii_lower(text)
    wanted = [both_cases(char) for char in part]
    starts = range(len(text) - len(wanted) + 1)
    return any(all(text[start + at] in cases for at, cases in enumerate(wanted)) for start in starts)


def _ascii_lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def _globs(tokens: Sequence[GlobToken], text: str) -> bool:
    at = token = 0
    star, from_there = -1, 0
    while at < len(text):
        now = tokens[token] if token < len(tokens) else None
        if isinstance(now, Wildcard) and now.sign == "*":
            star, from_there = token, at
            token += 1
        elif now is not None and _accepts(now, text[at]):
            at, token = at + 1, token + 1
        elif star >= 0:
            from_there += 1
            at, token = from_there, star + 1
        else:
            return False
    return all(isinstance(each, Wildcard) and each.sign == "*" for each in tokens[token:])


def _accepts(token: GlobToken, char: str) -> bool:
    if isinstance(token, GlobText):
        return token.text == char
    if isinstance(token, Wildcard):
        return True
    return any(low <= char <= high for low, high in token.members) is not token.negated
