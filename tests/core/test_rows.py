"""Rows kept by column read like the list of entries they are."""

from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.model import Entry
from restoretui.core.rows import Rows

entries = st.lists(
    st.builds(
        Entry,
        key=st.text(max_size=3),
        version_id=st.none() | st.text(max_size=2),
        size=st.integers(0, 9),
        modified=st.integers(0, 9),
        storage_class=st.sampled_from(["STANDARD", "GLACIER"]),
        in_progress=st.none() | st.booleans(),
    ),
    max_size=8,
)


@given(entries, st.slices(8))
def test_rows_are_their_entries(made: list[Entry], some: slice) -> None:
    rows = Rows.of(made)
    assert rows == made
    assert list(rows) == made
    assert [rows[at] for at in range(-len(made), len(made))] == made * 2
    assert all(type(entry) is Entry for entry in rows)
    assert rows[some] == made[some]
    assert len(rows) == len(made)
    assert bool(rows) is bool(made)
    assert list(rows.keys) == [entry.key for entry in made]
    assert list(rows.version_ids) == [entry.version_id for entry in made]
    assert list(rows.in_progress) == [entry.in_progress for entry in made]


def test_rows_stay_as_they_are() -> None:
    rows = Rows.of([Entry("a", None, 1, 2, "STANDARD")])
    assert Rows.of(rows) is rows
    assert rows != [Entry("b", None, 1, 2, "STANDARD")]
