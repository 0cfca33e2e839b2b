"""Where columns stand, at any width: nothing beyond the screen, the state's glyph stays, the key is cut last."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.tui.activity.pane import columns as activity_columns
from restoretui.tui.batch.columns import batch_columns, task_columns
from restoretui.tui.browse.columns import bucket_columns, object_columns, sum_columns
from restoretui.tui.restores.columns import job_columns, run_columns
from restoretui.tui.widgets.table.column_choice import ColumnChoice, arranged, is_fixed, main_column, read_choice
from restoretui.tui.widgets.table.columns import GAP, YIELDS, Column, Placed, cell, lay_out
from restoretui.tui.widgets.table.seen_values import SeenValues
from restoretui.tui.widgets.table.shared_folder import SharedFolder


def never(*_: Any) -> Any:
    raise AssertionError("nothing is rendered here")


TABLES: dict[str, Sequence[Column[Any]]] = {
    "browse": object_columns(str, float),
    "versions": object_columns(str, float, versions=True),
    "oss": object_columns(str, float, class_cells=15),
    "sums": sum_columns(str),
    "buckets": bucket_columns(clouds=True),
    "run": job_columns(str, never, never),
    "runs": run_columns(never),
    "batch": batch_columns(never),
    "tasks": task_columns(str),
    "activity": activity_columns(never),
}


def widths(placed: Sequence[Placed[Any]]) -> dict[str, int]:
    return {place.column.id: place.cells for place in placed}


@given(table=st.sampled_from(sorted(TABLES)), width=st.integers(20, 250), need=st.integers(1, 400), data=st.data())
def test_at_any_width(table: str, width: int, need: int, data: st.DataObject) -> None:
    silent = data.draw(st.sets(st.sampled_from([column.id for column in TABLES[table]])))
    columns = [
        column
        for column in TABLES[table]
        if column.id not in silent or is_fixed(column, TABLES[table]) or column.value is None
    ]
    main = main_column(columns)
    needs = {main.id: need} if main.value is not None else {}
    placed = lay_out(columns, width - GAP, 1, needs)
    end = 1
    for place in placed:
        assert place.x == end
        assert place.cells >= 1
        end += place.cells + GAP
    assert end - GAP <= width - GAP, "wider than the screen"
    shown = widths(placed)
    assert [column.id for column in columns if column.id in shown] == list(shown), "another order"
    assert main.id in shown
    assert all(column.id in shown for column in columns if column.pinned)
    if shown[main.id] < min(main.cells, need if needs else main.cells):
        for place in placed:
            narrow = place.column.least or place.column.cells
            assert place.column is main or (place.column.pinned and place.cells <= narrow), "the key was cut first"


@given(width=st.integers(20, 250), need=st.integers(1, 400))
def test_what_matters_little_gives_way_to_a_whole_key(width: int, need: int) -> None:
    columns = TABLES["browse"]
    placed = lay_out(columns, width, 0, {"key": need})
    if widths(placed)["key"] < need:
        matters = [column for column in columns if column.keep >= YIELDS]
        without = widths(lay_out(matters, width, 0, {"key": need}))
        assert without["key"] < need, "it would have been whole"
    else:
        assert widths(placed)["key"] <= max(need, len("Key") + GAP), "it took more than it needs"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, {"mark": 1, "state": 1, "key": 30}),
        (60, {"mark": 1, "state": 11, "key": 30, "size": 8}),
        (80, {"mark": 1, "state": 11, "key": 26, "size": 8, "class": 13, "expiry": 7}),
        (120, {"mark": 1, "state": 11, "key": 36, "size": 8, "class": 13, "expiry": 7, "tier": 9, "run": 5,
               "modified": 10}),
    ],
)  # fmt: skip
def test_what_stands_where(width: int, shown: dict[str, int]) -> None:
    """At 80 columns what was there before; at 40 the glyph of the state, which is what this tool adds to a key."""
    assert widths(lay_out(TABLES["browse"], width - 3, 1, {"key": 300})) == shown


def test_versions_say_when_and_which_at_80_columns() -> None:
    placed = widths(lay_out(TABLES["versions"], 77, 1, {"key": 60}))
    assert list(placed) == ["mark", "state", "key", "which", "modified", "size", "class"]


def test_columns_without_a_value_are_left_out_until_they_have_one() -> None:
    columns = [
        Column[str]("key", "Key", 10, cell, keep=9, grows=True, value=lambda row: row),
        Column[str]("tier", "Tier", 4, cell, keep=1, value=lambda row: "bulk" if "!" in row else ""),
    ]
    seen = SeenValues[str]()
    seen.begin(columns)
    assert [column.id for column in seen.columns] == ["key", "tier"], "nothing is known yet"
    assert seen.add(["one", "two"])
    assert [column.id for column in seen.columns] == ["key"]
    assert not seen.add(["six", "ten"])
    assert seen.add(["one!"])
    assert [column.id for column in seen.columns] == ["key", "tier"]
    seen.add(["one"])
    assert [column.id for column in seen.columns] == ["key", "tier"], "they come and never go"
    assert seen.needs == {"key": 4}
    seen.add(["x" * 17])
    assert seen.needs == {"key": 20}


KEYS = st.lists(st.text("ab/", min_size=1, max_size=9), min_size=1, max_size=12)


@given(KEYS)
def test_the_shared_folder_begins_every_key_and_takes_none_whole(keys: list[str]) -> None:
    folder = SharedFolder()
    for key in keys:
        folder.add(key)
    assert folder.text == "" or folder.text.endswith("/")
    assert all(key.startswith(folder.text) and len(key) > len(folder.text) for key in keys)
    assert all(folder.text + folder.strip(key) == key for key in keys)
    longer = [key[: key.rfind("/", 0, len(key) - 1) + 1] for key in keys]
    assert not any(
        all(key.startswith(one) and len(key) > len(one) for key in keys) and len(one) > len(folder.text)
        for one in longer
    ), "a longer one would do"


def test_columns_as_chosen() -> None:
    columns = TABLES["browse"]
    chosen = arranged(columns, read_choice(["class:16", "key", "nothing", "size"]))
    assert [(column.id, column.cells) for column in chosen] == [
        ("mark", 1), ("state", 11), ("class", 16), ("key", 26), ("size", 8),
    ]  # fmt: skip
    assert str(ColumnChoice("class", 16)) == "class:16"
    assert read_choice(["class:16"]) == (ColumnChoice("class", 16),)
    assert arranged(columns, None) == list(columns)
    assert [column.id for column in arranged(columns, ())] == ["mark", "state", "key"], (
        "without them a row is nothing"
    )
