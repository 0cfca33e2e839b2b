"""Filters and rows by the handful, hostile ones too."""

from hypothesis import strategies as st

from restoretui.core.filter.fields import IS
from restoretui.core.filter.matcher import FilterRow
from restoretui.core.filter.tree import AllOf, AnyOf, Compared, Exact, Filter, Holds, Not, OneOf, Op, Word
from restoretui.core.filter.units import read_moment
from restoretui.core.model import State, Tier

NOW = 1_760_000_000.0
CLASSES = ("DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "STANDARD")
SIGNS = st.one_of(
    st.sampled_from("ab/A*?[]{},^!-\\%_'\"\n\x1b ()|:<>= é\u202e😀K\u212a"),
    st.characters(codec="utf-8", exclude_characters="\0"),
)
WORDS = st.text(SIGNS, min_size=1, max_size=8).map(Word.of)
TEXTS = st.one_of(WORDS, st.text(SIGNS, max_size=6).map(Exact))
OPS: st.SearchStrategy[Op] = st.sampled_from(["<", "<=", ">", ">="])
EVERY_OP: st.SearchStrategy[Op] = st.sampled_from(["<", "<=", ">", ">=", "="])
SPANS = st.one_of(st.integers(0, 400).map(lambda days: days * 86_400), st.integers(0, 10**9))
MOMENTS = st.sampled_from(
    ["2023", "2024-02", "2025-10-09", "2025-10-09T08:53", "2025-10-09T08:53:20Z", "2025-10-09T10:53+02:00"]
).map(read_moment)


def _some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(tuple)


TERMS: st.SearchStrategy[Filter] = st.one_of(
    WORDS,
    st.text(SIGNS, max_size=6).map(Exact),
    _some([state.value for state in State]).map(lambda values: OneOf("state", values)),
    _some([tier.value for tier in Tier]).map(lambda values: OneOf("tier", values)),
    _some(["1", "2", "999"]).map(lambda values: OneOf("run", values)),
    _some(list(IS)).map(lambda values: OneOf("is", values)),
    _some([*CLASSES, "glacier", "other one"]).map(lambda values: OneOf("class", values)),
    st.text(SIGNS, max_size=4).map(lambda value: OneOf("key", (value,))),
    st.lists(st.one_of(TEXTS, st.sampled_from([*CLASSES, "deep", "g"]).map(Word.of)), min_size=1, max_size=2).map(
        lambda values: Holds("class", tuple(values))
    ),
    st.lists(TEXTS, min_size=1, max_size=2).map(lambda values: Holds("version", tuple(values))),
    st.lists(st.one_of(TEXTS, st.just(Word.of("denied"))), min_size=1, max_size=2).map(
        lambda values: Holds("failed", tuple(values))
    ),
    st.builds(Compared, st.just("size"), EVERY_OP, st.one_of(st.integers(0, 30), st.integers(0, 2**50))),
    st.builds(Compared, st.sampled_from(["age", "changed"]), OPS, SPANS),
    st.builds(Compared, st.sampled_from(["modified", "expires"]), EVERY_OP, MOMENTS),
    st.builds(Compared, st.just("expires"), OPS, SPANS),
)


def _joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(inner.map(Not), several.map(AllOf), several.map(AnyOf))


TREES: st.SearchStrategy[Filter] = st.recursive(TERMS, _joined, max_leaves=5)


def row(key: str = "logs/2024/clip.mov", **known: object) -> FilterRow:
    return FilterRow((key,), **known)  # type: ignore[arg-type]
