"""The compact table against a plain sorted list."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from restoretui.sandbox.state import table as table_module
from restoretui.sandbox.state.table import Row, SortedTable, Spot, successor

KEYS = st.text(st.sampled_from("ab/\x1e\x00é\ud7ff\ue000\U0010ffff"), min_size=1, max_size=4)


def build(keys: list[str]) -> SortedTable:
    count = len(keys)
    numbers = range(count)
    return SortedTable.of_columns(
        keys, array("q", numbers), array("q", numbers), bytearray(count), array("Q", numbers)
    )


@pytest.fixture(autouse=True)
def _small_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    # Many leaves, few rows: so that every boundary is met.
    monkeypatch.setattr(table_module, "LEAF", 3)
    monkeypatch.setattr(table_module, "_WARM", 2)


class TableMachine(RuleBasedStateMachine):
    """Insertions, removals and look-ups in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(table_module, "LEAF", 3)
        self.patch.setattr(table_module, "_WARM", 2)
        self.table = build(sorted(["a", "a/b", "b", "é", "b\x1ea", "ab", "\U0010ffff"]))
        self.model = list(self.table)
        self.count = 1000

    def teardown(self) -> None:
        self.patch.undo()

    @rule(key=KEYS)
    def insert(self, key: str) -> None:
        self.count += 1
        row = Row(key, self.count, self.count, 5, self.count)
        at = next((i for i, old in enumerate(self.model) if old.key >= key), len(self.model))
        self.model.insert(at, row)
        self.table.insert(row)

    @rule(key=KEYS, last=st.booleans())
    def remove(self, key: str, last: bool) -> None:
        found = list(self.table.versions(key))
        assert [row for _, row in found] == [row for row in self.model if row.key == key]
        if found:
            spot, row = found[-1 if last else 0]
            self.table.remove(spot)
            self.model.remove(row)

    @rule(key=KEYS)
    def replace(self, key: str) -> None:
        for spot, row in self.table.versions(key):
            self.count += 1
            new = Row(key, self.count, self.count, 6, self.count)
            self.table.replace(spot, new)
            self.model[self.model.index(row)] = new
            break

    @rule(key=KEYS, after=st.booleans())
    def seek(self, key: str, after: bool) -> None:
        beyond = [row for row in self.model if (row.key > key if after else row.key >= key)]
        assert self.table.at(self.table.seek(key, after)) == (beyond[0] if beyond else None)

    @rule()
    def mark(self) -> None:
        self.table.mark_all(0x80)
        self.model = [row._replace(kind=row.kind | 0x80) for row in self.model]

    @invariant()
    def same(self) -> None:
        assert list(self.table) == self.model
        assert len(self.table) == len(self.model)


TestTable = TableMachine.TestCase


@given(st.lists(KEYS, unique=True))
def test_str_order_is_utf8_order(keys: list[str]) -> None:
    assert sorted(keys) == sorted(keys, key=lambda key: key.encode("utf-8", "surrogatepass"))


def test_unsorted_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        build(["a", "c", "b"])
    with pytest.raises(ValueError, match="order"):
        build(["a", "b", "c", "b"])


def test_empty_table() -> None:
    table = SortedTable()
    assert table.at(table.seek("x")) is None
    assert list(table.slices(Spot(0, 0))) == []
    table.insert(Row("k", 1, 2, 3, 4))
    assert list(table) == [Row("k", 1, 2, 3, 4)]


@given(KEYS, KEYS)
def test_successor_bounds_a_prefix(prefix: str, more: str) -> None:
    beyond = successor(prefix)
    assert beyond is None or prefix < prefix + more < beyond
    if beyond is None:
        assert set(prefix) == {"\U0010ffff"}
