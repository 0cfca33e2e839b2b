"""What a filter text matches, against a matcher written the slow and plain way."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from restoretui.core.filter.tree import Word
from restoretui.ledger.views.filter_sql import end_of_prefix, key_condition
from restoretui.ledger.views.where_sql import names_only, where
from tests.ledger.helpers import KEY_CHARS, KEYS


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


def matches(database: sqlite3.Connection, text: str, key: str, prefix: str = "") -> bool:
    condition = key_condition(text, "k.key", prefix)
    sql = f"SELECT {condition.sql} FROM (SELECT :key AS key) k"
    return bool(database.execute(sql, {"key": key, **condition.args}).fetchone()[0])


def tokens(text: str) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in "*?[]{}\\":
            found.append(("char", text[at + 1]))
            at += 2
        elif text[at] in "*?":
            found.append((text[at], None))
            at += 1
        elif text[at] == "[" and (members := members_of(text, at)) is not None:
            found.append(("set", members[0]))
            at = members[1]
        else:
            found.append(("char", text[at]))
            at += 1
    return found


def members_of(text: str, at: int) -> tuple[tuple[bool, list[tuple[str, str]]], int] | None:
    at += 1
    negated = text[at : at + 1] in {"!", "^"}
    at += negated
    chars: list[tuple[str, bool]] = []
    start = at
    while at < len(text):
        if text[at] == "]" and at > start:
            ranges = []
            while chars:
                if len(chars) > 2 and chars[1] == ("-", False):
                    ranges.append((chars[0][0], chars[2][0]))
                    del chars[:3]
                else:
                    ranges.append((chars[0][0], chars[0][0]))
                    del chars[0]
            return (negated, ranges), at + 1
        escaped = text[at] == "\\" and at + 1 < len(text) and text[at + 1] in "*?[]{}\\"
        chars.append((text[at + escaped], escaped))
        at += 1 + escaped
    return None


def globs(pattern: list[tuple[str, object]], key: str) -> bool:
    reached = {0}
    for kind, value in pattern:
        if kind == "*":
            reached = set(range(min(reached), len(key) + 1)) if reached else set()
            continue
        after = set()
        for at in reached:
            if at < len(key) and accepts(kind, value, key[at]):
                after.add(at + 1)
        reached = after
    return len(key) in reached


def accepts(kind: str, value: object, char: str) -> bool:
    if kind == "?":
        return True
    if kind == "char":
        return char == value
    assert isinstance(value, tuple)
    negated, ranges = value
    return any(low <= char <= high for low, high in ranges) is not negated


def folded(text: str) -> list[set[str]]:
    def cases(char: str) -> set[str]:
        near = {char, char.lower(), char.upper()}
        return {case for each in near for case in (each, each.lower(), each.upper()) if len(case) == 1}

    return [cases(char) for char in text]


def contains(text: str, key: str) -> bool:
    if text.isascii():
        wanted = [{char.lower(), char.upper()} if char.isascii() else {char} for char in text]
    else:
        wanted = folded(text)
    spots = range(len(key) - len(wanted) + 1)
    return any(all(key[at + place] in cases for place, cases in enumerate(wanted)) for at in spots)


def expected(text: str, key: str) -> bool:
    pattern = tokens(text)
    if all(kind == "char" for kind, _ in pattern):
        return contains("".join(str(value) for _, value in pattern), key)
    if globs(pattern, key):
        return True
    return not any(kind in "*?" for kind, _ in pattern) and contains(text, key)


@given(text=st.text(KEY_CHARS, max_size=8), key=KEYS)
@example(text="[]-]", key="-")
@example(text="[^]", key="^")
@example(text="[\\]-a]", key="`")
@example(text="[!^]", key="^")
@example(text="[^-a]", key="]")
@example(text="[--0]", key=".")
@example(text="[b-a]", key="a")
@example(text="[!b-a]", key="a")
@example(text="a[red]b", key="xa[RED]b")
@example(text="\\*", key="a*b")
@example(text="%_", key="50%_off")
@example(text="É", key="café")
@example(text="ß", key="STRASSE")
@example(text="éàüç%_", key="xÉÀÜÇ%_")
@example(text="日本", key="a日本b")
@example(text="{a,b}", key="{a,b}")
@example(text="\u212a", key="K")
@example(text="\\{", key="{")
@example(text="[\\}]", key="}")
def test_any_text_against_any_key(database: sqlite3.Connection, text: str, key: str) -> None:
    # What braces with a comma stand for is told by a table of its own.
    assume(text == key or not {"{", ",", "}"} <= set(text))
    assert matches(database, text, key) == expected(text, key)


@given(key=KEYS, data=st.data())
def test_part_of_a_key_finds_it(database: sqlite3.Connection, key: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(key) - 1))
    part = key[start : data.draw(st.integers(start + 1, len(key)))]
    escaped = "".join(f"\\{char}" if char in "*?[]{}\\" else char for char in part)
    assert matches(database, escaped, key)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("*.tar", "logs/2024/a.tar"),
        ("2024/*", "logs/2024/a.tar"),
        ("logs/2024/a.t?r", "logs/2024/a.tar"),
        ("2024/a.t[a-c]r", "logs/2024/a.tar"),
    ],
)
def test_a_glob_may_begin_where_the_listing_does(database: sqlite3.Connection, text: str, key: str) -> None:
    assert matches(database, text, key, "logs/")


def test_a_glob_matches_the_whole_key(database: sqlite3.Connection) -> None:
    assert not matches(database, "2024/*.ta", "logs/2024/a.tar", "logs/")
    assert not matches(database, "og*", "logs/2024/a.tar")


def test_common_prefixes_are_found_without_their_slash(database: sqlite3.Connection) -> None:
    for text in ("2024", "2024/", "20?4", "logs/2024/", "202[0-9]"):
        condition = where(Word.of(text), names_only("k.key", "rtrim(k.key, '/')", prefix="logs/"))
        sql = f"SELECT {condition.sql} FROM (SELECT :key AS key) k"
        assert database.execute(sql, {"key": "logs/2024/", **condition.args}).fetchone() == (1,), text


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "*\udfff", "x" * 60_000, "[" + "x" * 60_000 + "]*"])
def test_what_no_key_can_hold_matches_nothing(database: sqlite3.Connection, text: str) -> None:
    assert not matches(database, text, "a")


@given(prefix=st.text(KEY_CHARS, max_size=5), key=KEYS)
@example(prefix="\U0010ffff", key="\U0010ffff" * 4)
@example(prefix="a\ud7ff", key="a\ue000")
def test_a_prefix_is_a_range_of_keys(prefix: str, key: str) -> None:
    end = end_of_prefix(prefix)
    inside = prefix.encode() <= key.encode() < end.encode()
    assert inside == key.startswith(prefix)
