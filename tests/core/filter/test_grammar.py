"""What is printed reads as what it was; what cannot be meant is said under the word that is wrong."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from restoretui.core.filter.fields import FIELDS, WORDS_ONLY
from restoretui.core.filter.matcher import row_matches
from restoretui.core.filter.parser import MOST_TERMS, FilterError, parse_filter
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import AllOf, AnyOf, Exact, Filter, Holds, Not, OneOf, Word
from tests.core.filter.trees import CLASSES, NOW, SIGNS, TREES, row


@given(tree=TREES)
@example(tree=Word.of("a b"))
@example(tree=Word.of("\\"))
@example(tree=Word.of("state:archived"))
@example(tree=Word.of('"'))
@example(tree=Word.of("!a"))
@example(tree=Word.of("(a)"))
@example(tree=Word.of("[a|b]"))
@example(tree=Holds("class", (Word.of("[a"), Word.of("b]"))))
@example(tree=AnyOf((Word.of("[a"), Word.of("b]"))))
@example(tree=Not(AllOf((Word.of("[a"), Word.of("]")))))
@example(tree=Exact('a"\\'))
def test_what_is_printed_reads_as_what_it_was(tree: Filter) -> None:
    assert parse_filter(filter_text(tree)) == tree


@given(text=st.one_of(st.text(SIGNS, max_size=12), st.text('ab:<>=!|()[]{},"\\ *s', max_size=12)))
def test_any_text_is_a_filter_or_is_told_where_it_is_not(text: str) -> None:
    error, tree = None, None
    try:
        tree = parse_filter(text)
    except FilterError as caught:
        error = caught
    if error is None:
        assert parse_filter(filter_text(tree)) == tree
    else:
        assert 0 <= error.start < error.end
        assert error.start < max(len(text), 1)
        assert str(error)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("  ", None),
        ("clip-00*", Word("clip-00*")),
        ("cam-01 !*.bai", AllOf((Word("cam-01"), Not(Word("*.bai"))))),
        ("a|b c", AnyOf((Word("a"), AllOf((Word("b"), Word("c")))))),
        ("(a | b) c", AllOf((AnyOf((Word("a"), Word("b"))), Word("c")))),
        ('"a b"', Exact("a b")),
        ("clip(1).mov", Word("clip(1).mov")),
        ("12:30", Word("12:30")),
        ("s3://bucket", Word("s3://bucket")),
        ("State:archived,FAILED", OneOf("state", ("archived", "failed"))),
        ("state=archived", OneOf("state", ("archived",))),
        ("class:deep", Holds("class", (Word("deep"),))),
        ("class=GLACIER", OneOf("class", ("GLACIER",))),
        ("run:#07", OneOf("run", ("7",))),
        ("key:a", Word("a")),
        ("key=a*", OneOf("key", ("a*",))),
        ("[a|b]", Word("[a|b]")),
    ],
)  # fmt: skip
def test_what_a_text_means(text: str, tree: Filter | None) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("size>1048576", "size>1M"), ("size<1.5G", "size<1536M"), ("size:0b", "size:0"), ("age>730d", "age>2y"),
        ("age<1d12h", "age<36h"), ("modified<2023-02", "modified<2023-02"), ("expires<48h", "expires<2d"),
        ("modified>=2025-10-09T10:53+02:00", "modified>=2025-10-09T08:53Z"), ("a  |  b", "a | b"), ("((a))", "a"),
    ],
)  # fmt: skip
def test_it_is_shown_in_one_way(text: str, shown: str) -> None:
    assert filter_text(parse_filter(text)) == shown


@pytest.mark.parametrize(
    ("text", "wrong", "said"),
    [
        ("a sizze>1G", "sizze", "no field is called 'sizze'"),
        ("state:archvied", "archvied", "no state is called 'archvied'"),
        ("a !", "!", "! wants what shall not match"),
        ("x size>big y", "big", "'big' is no size: write 500, 10K, 1.5G or 2T (1024s)"),
        ("size>", "size>", "size> wants a value"),
        ("age>6M", "6M", "'6M' may be months or minutes: write 6mo or 6m"),
        ("age>2", "2", "'2' is no span of time: write 48h, 30d, 2w, 6mo or 2y"),
        ("age:2y", "2y", "age wants < or >"),
        ("modified<2023-13", "2023-13", "'2023-13' is no date: write 2023, 2023-02, 2023-02-14 or 2023-02-14T18:00"),
        ("state>archived", "archived", "state has no order: write state:archived,restoring"),
        ("class<a", "a", "class has no order: write class:deep"),
        ("run:x", "x", "'x' is no run's number"),
        ("(a", "(", "the bracket is not closed"),
        ('b "a', '"a', 'the " is not closed'),
        ("a | | b", "|", "a word is missing here"),
        ("a |", "|", "a word is missing here"),
        ("state:archived,", "state:archived,", "state: wants a value"),
        ("size>9999999999P", "9999999999P", "'9999999999P' is more than any object has"),
        ("http://x", "http", "no field is called 'http'"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_at_its_word(text: str, wrong: str, said: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    error = caught.value
    assert (text[error.start : error.end], str(error)) == (wrong, said)


def test_a_word_that_is_nearly_right_is_named() -> None:
    for text, meant in (
        ("sze>1", "size"),
        ("state:archive", "archived"),
        ("mod<2023", "modified"),
        ("tier:blk", "bulk"),
    ):
        with pytest.raises(FilterError) as caught:
            parse_filter(text)
        assert f"did you mean {meant}?" in caught.value.hint


def test_what_is_not_finished_is_told_from_what_is_wrong() -> None:
    for text, unfinished in (("size>", True), ("a |", True), ('"a', True), ("(a", True), ("foo:1", False)):
        with pytest.raises(FilterError) as caught:
            parse_filter(text)
        assert caught.value.unfinished is unfinished, text


def test_a_list_of_names_has_no_other_fields() -> None:
    assert parse_filter("gen* !x", WORDS_ONLY) is not None
    with pytest.raises(FilterError, match="size says nothing here"):
        parse_filter("gen size>1G", WORDS_ONLY)


def test_there_is_an_end_to_it() -> None:
    for text in ("(" * 50 + "a" + ")" * 50, "!" * 50 + "a", "a " * (MOST_TERMS + 1)):
        with pytest.raises(FilterError):
            parse_filter(text)
    assert parse_filter("a " * MOST_TERMS) is not None


def test_every_field_has_an_example_that_reads() -> None:
    for field in FIELDS.values():
        tree = parse_filter(field.example)
        assert tree is not None
        assert parse_filter(filter_text(tree)) == tree


ROW = row(
    size=3 << 30, modified=NOW - 3 * 365 * 86_400, storage_class="GLACIER_IR", state="available", tier="bulk", run=12,
    expiry=NOW + 86_400, changed=NOW - 60, causes=(), version="v7",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CLIP", True), ("clip*", False), ("*.mov", True), ("logs/*/clip.mov", True), ('"Clip"', False),
        ("!clip", False),
        ("*.{mov,mp4}", True), ("{2023,2024}", True), ("*.{a,b}", False), ("key=logs/2024/clip.mov", True),
        ("key=clip.mov", False), ("class:glacier", False), ("class:glacier_ir", True), ("class:glac*", False),
        ("class:GLAC*", True), ("class:ir", True), ("class=glacier", False), ("size>3G", False), ("size>=3G", True),
        ("size:3G", True), ("age>2y", True), ("age>4y", False), ("modified<2023", True), ("expires<48h", True),
        ("expires<12h", False), ("expires>2025-10", False), ("changed<2m", True), ("tier:bulk run:12", True),
        ("run:1,12", True), ("state:archived | state:available", True), ("version:V7", True), ("failed:*", False),
        ("!failed:*", True), ("is:overdue", False),
    ],
)  # fmt: skip
def test_what_matches(text: str, expected: bool) -> None:
    assert row_matches(parse_filter(text), ROW, NOW, CLASSES) is expected


def test_what_is_not_known_matches_no_comparison() -> None:
    unknown = row()
    for text in ("size>0", "size<1", "age>0s", "modified>2000", "expires<9y", "changed<9y"):
        assert not row_matches(parse_filter(text), unknown, NOW)
        assert row_matches(parse_filter(f"!{text}"), unknown, NOW)
