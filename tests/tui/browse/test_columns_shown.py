"""Columns on the real screens: those that say nothing are left out, the glyph stays, and anybody may choose them."""

import asyncio
import json
import time
from functools import partial
from pathlib import Path

import pytest

from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.column_menu import ColumnMenu
from restoretui.tui.widgets.check_list import CheckList
from tests.narrowing import there
from tests.tui.conftest import StartWalk, Walk

SIZES = [(20, 9), (40, 10), (60, 15), (80, 24), (120, 40), (200, 50)]
GLYPHS = "○▪●◑◔◦?"


def header(on: Walk) -> str:
    table = on.app.main.query_one(BrowsePane).table
    return on.lines()[table.region.y]


def rows(on: Walk) -> list[str]:
    table = on.app.main.query_one(BrowsePane).table
    return [line for line in on.lines()[table.region.y + 1 : table.region.bottom] if line.strip()]


def fits(on: Walk, width: int) -> bool:
    """The new size is drawn, and no line is wider."""
    strips = on.app.screen._compositor.render_strips()
    return on.app.size.width == width and all(strip.cell_length <= width for strip in strips)


@pytest.mark.parametrize("place", ["s3://acme-genomics-cold/", "s3://acme-odd-names/"])
async def test_at_every_size_the_glyph_is_there_and_nothing_is_too_wide(walk: StartWalk, place: str) -> None:
    async with walk(place, size=(100, 30)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        for width, height in SIZES:
            await on.pilot.resize_terminal(width, height)
            table = on.app.main.query_one(BrowsePane).table
            await on.until(partial(fits, on, width))
            assert table.size.width <= width
            assert rows(on), (width, height)
            for line in rows(on):
                assert any(glyph in line[:6] for glyph in GLYPHS), (width, height, line)


async def test_what_says_nothing_is_left_out_and_what_all_share_is_said_once(walk: StartWalk) -> None:
    async with walk("s3://acme-genomics-cold/", size=(200, 50)) as on:
        await on.settled()
        assert "Class" not in header(on), "prefixes have no class"
        await on.press("d")
        await on.settled()
        assert all(word in header(on) for word in ("State", "Key", "Size", "Class", "Modified"))
        assert not {"Lasts", "Tier", "Run"} & set(header(on).split()), "no copy, and no run"
        assert "  runs/" in header(on)
        assert not any("runs/" in line[:60] for line in rows(on))


async def test_the_whole_key_is_on_the_status_line_where_it_is_cut(walk: StartWalk) -> None:
    async with walk("s3://acme-genomics-cold/", size=(100, 24)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        pane = on.app.main.query_one(BrowsePane)
        await on.press("j")
        assert not pane.table.cut_value
        await on.pilot.resize_terminal(40, 10)
        await on.press("j")
        await on.until(lambda: pane.table.cut_value == there(pane.table.row).ref.key)
        key = pane.table.cut_value
        await on.until(lambda: key[-6:] in on.lines()[-2])
        assert "objects" not in on.lines()[-2]


async def test_versions_tell_which_when_and_whether_the_key_is_deleted(walk: StartWalk) -> None:
    async with walk("s3://acme-legal-versions/", size=(80, 24)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("V")
        await on.settled()
        await on.sees("Version", "Modified", "Class")
        assert "2015-0008/exhibit-01.pdf" in on.text, "whole"
        await on.press("end")
        await on.until(lambda: "deleted" in on.text)
        pane = on.app.main.query_one(BrowsePane)
        view = there(pane.table.view)
        shown = view.rows(0, view.count)
        keys: dict[str, list[int]] = {}
        for row in shown:
            keys.setdefault(row.ref.key, []).append(row.number)
            assert row.deleted == (not any(other.is_latest for other in shown if other.ref.key == row.ref.key))
        assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in keys.values())
        assert max(map(len, keys.values())) > 2


async def test_columns_are_chosen_on_screen_and_remembered(walk: StartWalk, tmp_path: Path) -> None:
    async with walk("s3://acme-genomics-cold/", size=(120, 40)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("C")
        await on.until(lambda: isinstance(on.app.screen, ColumnMenu))
        boxes = on.app.screen.query_one(CheckList)
        boxes.highlighted = 3  # the size
        await on.press("shift+up", "plus", "plus")
        boxes.highlighted = 4  # the class
        await on.press("space")
        boxes.highlighted = 3  # the key, which stays
        await on.press("space", "enter")
        await on.until(lambda: "Class" not in header(on))
        assert header(on).index("Size") < header(on).index("Key")
    kept = json.loads((tmp_path / "state" / "screens.json").read_text("utf-8"))["columns"]["browse"]
    assert kept[:4] == ["mark", "state", "size:10", "key"]
    assert "class" not in kept
    async with walk("s3://acme-genomics-cold/", size=(120, 40), running=on.sandbox) as again:
        await again.settled()
        await again.press("d")
        await again.settled()
        await again.until(lambda: "Size" in header(again))
        assert "Class" not in header(again)
        assert header(again).index("Size") < header(again).index("Key")


async def test_what_was_set_just_before_leaving_is_remembered(walk: StartWalk, tmp_path: Path) -> None:
    async with walk("s3://acme-genomics-cold/") as on:
        await on.settled()
        for _ in range(32):  # More than the pool has: what is to be written waits, and is overtaken.
            asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.1)
        on.app.action_density()
    kept = json.loads((tmp_path / "state" / "screens.json").read_text("utf-8"))
    assert kept["density"]["chosen"] == "comfortable"


async def test_columns_by_the_config(walk: StartWalk) -> None:
    chosen = {"browse": ["class", "key", "size:12"], "nowhere": ["key"], "run": ["key", "colour"]}
    async with walk("s3://acme-genomics-cold/", size=(100, 30), columns=chosen) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        assert header(on).index("Class") < header(on).index("Key") < header(on).index("Size")
        assert "State" in header(on), "always"
        assert "Modified" not in header(on)
        said = ("no table is called 'nowhere'", "run is called colour")
        await on.until(lambda: any(all(part in text for part in said) for text in on.told))
