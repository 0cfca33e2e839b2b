"""What was there at an instant, by a table; and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.model import MARKER_CLASS, Entry
from restoretui.core.past.history import Amiss, PastFound, PastWish, look_back


def version(name: str, at: int | None, *, latest: bool = False) -> Entry:
    return Entry("k", name, 1, at, "GLACIER", is_latest=latest)


def marker(name: str, at: int, *, latest: bool = False) -> Entry:
    return Entry("k", name, 0, at, MARKER_CLASS, is_latest=latest)


GONE = [marker("m", 300, latest=True), version("b", 200), version("a", 100)]
BACK = [version("c", 400, latest=True), marker("m", 300), version("a", 100)]
TWICE = [marker("n", 500, latest=True), marker("m", 300), version("a", 100)]
TIED = [version("c", 400, latest=True), marker("m", 300), version("b", 300), version("a", 100)]
TIED_NOW = [marker("m", 300, latest=True), version("b", 300)]
SUSPENDED = [marker("null", 300, latest=True), version("a", 100)]
OLD_NULL = [version("b", 200, latest=True), version("null", 100)]


@pytest.mark.parametrize(
    ("entries", "wish", "found"),
    [
        (GONE, PastWish(at=99), None),
        (GONE, PastWish(at=100), "a"),
        (GONE, PastWish(at=199), "a"),
        (GONE, PastWish(at=299), "b"),
        (GONE, PastWish(at=300), None),
        (BACK, PastWish(at=350), None),
        (BACK, PastWish(at=400), "c"),
        (BACK, PastWish(at=299), "a"),
        (GONE, PastWish(deleted_since=300), "b"),
        (GONE, PastWish(deleted_since=301), None),
        (GONE, PastWish(at=150, deleted_since=300), "a"),
        (BACK, PastWish(deleted_since=1), None),
        (TWICE, PastWish(deleted_since=400), "a"),
        ([marker("m", 5, latest=True)], PastWish(deleted_since=1), None),
        (TIED, PastWish(at=300), Amiss.SAME_SECOND),
        (TIED, PastWish(at=299), "a"),
        (TIED, PastWish(at=400), "c"),
        (TIED_NOW, PastWish(at=300), None),
        (TIED_NOW, PastWish(deleted_since=300), "b"),
        ([version("b", 300, latest=True), version("a", 300)], PastWish(at=300), "b"),
        ([marker("m", 400, latest=True), version("b", 300), version("a", 300)], PastWish(at=300), "b"),
        ([marker("n", 500, latest=True), version("b", 300), marker("m", 300)], PastWish(deleted_since=400),
         Amiss.SAME_SECOND),
        (SUSPENDED, PastWish(at=200), Amiss.UNVERSIONED),
        (SUSPENDED, PastWish(at=300), None),
        (SUSPENDED, PastWish(deleted_since=300), "a"),
        (OLD_NULL, PastWish(at=150), "null"),
        (OLD_NULL, PastWish(at=99), Amiss.UNVERSIONED),
        ([version("a", None, latest=True)], PastWish(at=1), Amiss.UNDATED),
    ],
)  # fmt: skip
def test_the_version_that_was_there(entries: list[Entry], wish: PastWish, found: str | Amiss | None) -> None:
    seen = look_back(entries, wish)
    if isinstance(found, Amiss):
        assert (seen.amiss, seen.entry) == (found, None)
    else:
        assert (seen.amiss, seen.entry and seen.entry.version_id) == (None, found)


@pytest.mark.parametrize(
    ("entries", "wish", "removable"),
    [
        (GONE, PastWish(deleted_since=1), "m"),
        (GONE, PastWish(at=299), "m"),
        (GONE, PastWish(at=199), None),
        (BACK, PastWish(at=299), None),
        (TWICE, PastWish(deleted_since=1), None),
    ],
)
def test_a_marker_is_removed_only_right_above_the_version(
    entries: list[Entry], wish: PastWish, removable: str | None
) -> None:
    found = look_back(entries, wish)
    assert (found.marker and found.marker.version_id) == removable


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 50)), min_size=1, max_size=8, unique_by=lambda one: one[1]),
       st.integers(0, 60))  # fmt: skip
def test_it_is_what_was_written_last_until_then(events: list[tuple[bool, int]], at: int) -> None:
    events.sort(key=lambda one: one[1])
    entries = [(marker if gone else version)(f"v{when}", when) for gone, when in events]
    entries[-1] = entries[-1]._replace(is_latest=True)
    entries[:-1] = [entry._replace(is_latest=False) for entry in entries[:-1]]
    last = [one for one in events if one[1] <= at][-1:]
    expected = f"v{last[0][1]}" if last and not last[0][0] else None
    found = look_back(entries[::-1], PastWish(at=at))
    assert (found.entry and found.entry.version_id) == expected
    assert (found.deleted is not None) == (bool(last) and last[0][0]), "what is not there yet was not deleted"
    assert found == PastFound(deleted=found.deleted) or found.entry is not None
