"""Names by column tell the same as a list of them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.model import ObjectRef
from restoretui.core.rows import Refs

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
