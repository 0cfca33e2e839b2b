"""What a filter matches in SQL is what it matches in plain Python, on random rows and hostile texts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from restoretui.core.errors import UsageError
from restoretui.core.filter.matcher import FilterRow, row_matches
from restoretui.core.filter.parser import parse_filter
from restoretui.core.filter.tree import Exact, Filter, Not, Word
from restoretui.core.model import State, Tier
from restoretui.ledger.views.where_sql import FilterColumns, names_only, where
from tests.core.filter.trees import CLASSES, NOW, TREES
from tests.ledger.helpers import KEYS
from tests.narrowing import there

NAMES = (
    "key",
    "class",
    "size",
    "modified",
    "state",
    "expiry",
    "tier",
    "run",
    "changed",
    "code",
    "reason",
    "late",
    "version",
)
COLUMNS = FilterColumns(
    ("k.key",), "a", "k.class", "k.size", "k.modified", "k.state", "k.expiry", "k.tier", "k.run", "k.changed",
    ("k.code", "k.reason"), "({})", "k.late", "k.version",
)  # fmt: skip
INSTANTS = st.one_of(st.none(), st.integers(-(10**6), 400 * 86_400).map(lambda ago: int(NOW) - ago))
ROWS = st.tuples(
    KEYS,
    st.sampled_from([*CLASSES, "Other One", ""]),
    st.one_of(st.integers(-1, 30), st.integers(0, 2**50)),
    INSTANTS,
    st.sampled_from([state.value for state in State]),
    INSTANTS,
    st.one_of(st.none(), st.sampled_from([tier.value for tier in Tier])),
    st.one_of(st.none(), st.integers(1, 3)),
    INSTANTS,
    st.one_of(st.sampled_from(["AccessDenied", "denied", ""]), KEYS),
    st.one_of(st.just(""), KEYS),
    st.integers(0, 1),
    st.one_of(st.just(""), KEYS),
)


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


def matches(database: sqlite3.Connection, tree: Filter | None, row: tuple[object, ...]) -> bool:
    condition = where(tree, COLUMNS, CLASSES)
    given = ", ".join(f":{name} AS {name}" for name in NAMES)
    values = {**dict(zip(NAMES, row, strict=True)), "now": NOW, **condition.args}
    (found,) = database.execute(f"SELECT {condition.sql} FROM (SELECT {given}) k", values).fetchone()
    assert found in (0, 1)
    return bool(found)


def told(row: tuple[Any, ...]) -> FilterRow:
    key, kind, size, modified, state, expiry, tier, run, changed, code, reason, late, version = row
    causes = (code, reason) if state == "failed" else ()
    return FilterRow(
        (key,), "a", kind, None if size == -1 else size, modified, state, expiry, tier or "", run, changed, causes,
        bool(late), version,
    )  # fmt: skip


PLAIN = ("a.mov", "GLACIER", 5, int(NOW) - 99, "failed", None, None, None, None, "AccessDenied", "no", 0, "")


@settings(max_examples=400)
@given(tree=TREES, row=ROWS)
@example(tree=Not(Exact("")), row=PLAIN)
@example(tree=Exact("a\0"), row=PLAIN)
@example(tree=Exact("\ud800"), row=PLAIN)
@example(tree=Word.of("[\\]"), row=PLAIN)
@example(tree=there(parse_filter("failed:denied")), row=PLAIN)
@example(tree=there(parse_filter("failed=accessdenied")), row=PLAIN)
@example(tree=there(parse_filter("!expires<48h")), row=PLAIN)
@example(tree=there(parse_filter("*.{mov,mp4} {a,b}")), row=PLAIN)
@example(tree=there(parse_filter("class:glac | class:GLACIER_IR")), row=PLAIN)
def test_sql_and_python_agree(database: sqlite3.Connection, tree: Filter, row: tuple[object, ...]) -> None:
    assert matches(database, tree, row) == row_matches(tree, told(row), NOW, CLASSES)


def names(database: sqlite3.Connection, text: str, keys: list[str], *, perhaps: bool) -> list[str]:
    condition = where(parse_filter(text), names_only("k.value", perhaps=perhaps))
    sql = f"SELECT k.value FROM json_each(:keys) k WHERE {condition.sql} ORDER BY k.key"
    listed = "[" + ", ".join(f'"{key}"' for key in keys) + "]"
    return [key for (key,) in database.execute(sql, {"keys": listed, **condition.args})]


@pytest.mark.parametrize(
    ("text", "surely", "perhaps"),
    [
        ("cam", ["cam"], ["cam"]),
        ("state:archived", [], ["cam", "log"]),
        ("!state:archived", [], ["cam", "log"]),
        ("cam state:archived", [], ["cam"]),
        ("cam | state:archived", ["cam"], ["cam", "log"]),
        ("!(cam | size>1)", [], ["log"]),
        ("!(cam size>1)", ["log"], ["cam", "log"]),
    ],
)
def test_of_names_alone_what_is_sure_and_what_may_be(
    database: sqlite3.Connection, text: str, surely: list[str], perhaps: list[str]
) -> None:
    assert names(database, text, ["cam", "log"], perhaps=False) == surely
    assert names(database, text, ["cam", "log"], perhaps=True) == perhaps


@pytest.mark.parametrize("word", ["{a,b}" * 8 + "é", "{a,a}" * 8 + "x*"])
def test_more_than_a_statement_holds_is_said(database: sqlite3.Connection, word: str) -> None:
    with pytest.raises(UsageError, match="too many conditions"):
        names(database, " ".join([word] * 200), ["a"], perhaps=False)
    assert names(database, " | ".join([word, "a"]), ["a"], perhaps=False) == ["a"]


def test_hundreds_of_words_are_no_deeper_than_sqlite_allows(database: sqlite3.Connection) -> None:
    many = " | ".join(f"key{number}*" for number in range(400))
    assert names(database, many, ["key399.x", "other"], perhaps=False) == ["key399.x"]
