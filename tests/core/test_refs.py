"""Names by column tell the same as a list of them."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.model import ObjectRef
from restoretui.core.rows import PackedKeys, Refs, Repeated

VERSION = st.sampled_from([None, None, "1", "2"])
REF = st.builds(ObjectRef, st.sampled_from(["a", "b"]), st.sampled_from("kmnopq"), VERSION)
ALIKE = st.builds(ObjectRef, st.just("a"), st.text("kmü\U0001f600\uffff", min_size=1, max_size=2), st.none())
NAMES = st.one_of(
    st.lists(REF, max_size=20),
    st.lists(ALIKE, max_size=20),
    st.lists(ALIKE, max_size=20).map(lambda names: sorted(names, key=lambda ref: ref.key)),
)


def kind(ref: ObjectRef) -> tuple[str, bool]:
    return ref.bucket, ref.version_id is not None


@given(NAMES)
def test_each_is_there_once_in_its_order(names: list[ObjectRef]) -> None:
    refs = Refs.of(names)
    assert list(refs) == names
    assert [refs[at] for at in range(len(refs))] == names
    assert list(refs[1:3]) == names[1:3]
    assert list(refs.once()) == list(dict.fromkeys(names))
    assert list(refs.among({name for name in names if name.key > "m"})) == [name for name in names if name.key > "m"]


@given(NAMES)
def test_parts_are_of_one_bucket_and_kind_in_the_order_of_keys(names: list[ObjectRef]) -> None:
    parts = Refs.of(names).parts()
    assert Counter(ref for part in parts for ref in part) == Counter(names)
    assert len(parts) == len({kind(ref) for ref in names})
    for part in parts:
        assert len(set(map(kind, part))) == 1
        assert part.keys == sorted(part.keys, key=str.encode)


@given(st.lists(st.lists(st.text("abü\n\0\U0001f600", min_size=1, max_size=3), max_size=9), max_size=9), st.data())
def test_keys_that_are_packed_read_as_they_were_put(pieces: list[list[str]], data: st.DataObject) -> None:
    whole = [key for piece in pieces for key in piece]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("restoretui.core.rows._NOT_PACKED", 8)
        patch.setattr("restoretui.core.rows._A_PIECE", 3)
        packed = PackedKeys()
        for piece in pieces:
            packed.add(piece)
        assert list(packed) == whole
        assert [packed[at] for at in range(-len(whole), len(whole))] == whole + whole
        for _ in range(3):
            part = data.draw(st.slices(len(whole)))
            assert packed[part] == whole[part]
        with pytest.raises(IndexError):
            packed[len(whole)]
        assert packed.rises is all(one < other for one, other in pairwise(whole))
        refs = Refs(Repeated("b", len(whole)), packed, Repeated(None, len(whole)))
        assert list(refs.once()) == [ObjectRef("b", key) for key in dict.fromkeys(whole)]
        assert [ref for part in refs.parts() for ref in part] == [ObjectRef("b", key) for key in sorted(whole)]


def test_a_column_of_one_value_reads_like_a_list_of_it() -> None:
    column = Repeated("x", 3)
    assert (list(column), column[-1], list(column[1:]), list(column[5:])) == (["x"] * 3, "x", ["x"] * 2, [])
    assert (column.count("x"), column.count(None), "x" in column) == (3, 0, True)
    with pytest.raises(IndexError):
        column[3]
