"""The live table: constant cost, a cursor that keeps its row, and repaints of changed cells only."""

import re
import time

import pytest
from textual.pilot import Pilot

from restoretui.tui.widgets.table.events import RangeMarked, SortChosen
from tests.narrowing import a, there
from tests.tui.conftest import FakeView, MakeTableApp

MILLION = 1_000_000


async def settle(pilot: Pilot[None]) -> None:
    """Let the pacer's turn pass."""
    await pilot.pause(0.12)
    await pilot.pause()


async def test_a_million_rows_cost_one_window(table_app: MakeTableApp, fake_view: type[FakeView]) -> None:
    view = fake_view(MILLION)
    app = table_app(view)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        assert view.rows_read <= 3 * 30
        await pilot.press("end")
        await pilot.pause()
        assert app.table.cursor == MILLION - 1
        assert "key-0999999" in app.line(29)
        await pilot.press("home")
        assert app.table.cursor == 0
        assert view.rows_read <= 8 * 30


async def test_moving_repaints_two_lines(table_app: MakeTableApp) -> None:
    app = table_app(count=1000)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        app.tape.take()
        await pilot.press("down")
        await pilot.pause()
        painted = app.tape.take()
        assert painted.count("prefix/key-") == 2
        assert len(painted) < 1500


async def test_only_changed_cells_of_visible_rows_are_painted(
    table_app: MakeTableApp, fake_view: type[FakeView]
) -> None:
    view = fake_view(MILLION)
    app = table_app(view)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await settle(pilot)
        app.tape.take()
        for row_id in (5, 500_000, 900_000):
            view.states[row_id] = "restoring"
            app.table.changed()
        await settle(pilot)
        painted = app.tape.take()
        assert painted.count("restoring") == 1
        assert "prefix/key-" not in painted, "the key stands right of what changed and is not sent again"
        assert len(painted) < 300
        app.table.changed()
        await settle(pilot)
        assert app.tape.take() == "", "nothing changed, nothing is sent"


async def test_changes_are_painted_together_ten_times_a_second(
    table_app: MakeTableApp, fake_view: type[FakeView]
) -> None:
    view = fake_view(MILLION)
    app = table_app(view)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await settle(pilot)
        app.tape.probes = 0
        begun = time.monotonic()
        for step in range(50):
            for row_id in range(20):
                view.states[row_id] = f"state-{step}-{row_id}"
                app.table.changed()
            await pilot.pause(0.01)
        await settle(pilot)
        assert 2 <= app.tape.probes <= 10 * (time.monotonic() - begun) + 2
        assert "state-49-1" in app.line(2)


async def test_a_slow_terminal_gets_no_next_frame_before_it_answered(
    table_app: MakeTableApp, fake_view: type[FakeView]
) -> None:
    view = fake_view(100)
    app = table_app(view)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await settle(pilot)
        app.pacer.answered()
        app.answers = False
        app.tape.probes = 0
        for step in range(30):
            view.states[1] = f"s{step}"
            app.table.changed()
            await pilot.pause(0.02)
        assert app.tape.probes == 1
        app.tape.take()
        await pilot.press("down")
        await pilot.pause()
        assert app.tape.take(), "keys are never held back"
        app.pacer.answered()
        for _ in range(100):
            await pilot.pause(0.03)
            if "s29" in app.line(2):
                break
        assert "s29" in app.line(2)


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 8)])
async def test_columns_drop_out_and_lines_are_full(
    table_app: MakeTableApp, fake_view: type[FakeView], size: tuple[int, int]
) -> None:
    app = table_app(fake_view(50, key=lambda n: f"日本語/\x1b[2J[red]{n}\u202e" + "x" * n))
    async with app.run_test(headless=False, size=size) as pilot:
        await pilot.pause()
        widths = {app.table.render_line(y).cell_length for y in range(app.table.size.height)}
        assert widths == {app.table.scrollable_content_region.width}
        header = app.line(0)
        assert "Key" in header
        assert "State" in header
        assert ("Class" in header) is (size[0] > 60)
        assert not re.search("[\x00-\x1f\u202e]", "".join(app.screen_text()))


async def test_the_cursor_keeps_its_row_and_line_when_rows_come_before_it(
    table_app: MakeTableApp, fake_view: type[FakeView]
) -> None:
    view = fake_view(0)
    view.order = [2 * n for n in range(200)]
    app = table_app(view)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        app.table.goto(50)
        await pilot.pause()
        before = app.table.cursor - app.table.scroll_offset.y
        view.order = sorted([*view.order, 1, 3, 5, 7, 401, 403])
        app.table.changed()
        await settle(pilot)
        assert there(app.table.row).id == 100
        assert app.table.cursor == 54
        assert app.table.cursor - app.table.scroll_offset.y == before
        assert app.line(before + 1).startswith("▌")


async def test_scrolled_away_the_screen_is_held_by_its_first_row(
    table_app: MakeTableApp, fake_view: type[FakeView]
) -> None:
    view = fake_view(0)
    view.order = list(range(10, 400))
    app = table_app(view)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        app.table.scroll_to(y=100, animate=False, force=True)
        await pilot.pause()
        first = app.line(1)
        view.order = list(range(400))
        app.table.changed()
        await settle(pilot)
        assert app.line(1) == first
        assert there(app.table.row).id == 10


async def test_sorting_and_filtering_keep_the_row_under_the_cursor(
    table_app: MakeTableApp, fake_view: type[FakeView]
) -> None:
    app = table_app(count=1000)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        app.table.goto(300)
        other = fake_view(0)
        other.order = list(reversed(range(0, 1000, 3)))
        app.table.set_view(other)
        await pilot.pause()
        assert there(app.table.row).id == 300
        without = fake_view(0)
        without.order = [n for n in range(1000) if n != 300][:50]
        app.table.set_view(without)
        await pilot.pause()
        assert app.table.cursor == 49, "a row that is gone leaves the cursor at the nearest position"
        app.table.set_view(fake_view(0))
        await pilot.pause()
        assert app.table.row is None
        assert "nothing here" in app.line(2)
        await pilot.press("down", "end", "enter", "space", "pageup")


async def test_range_marking_survives_changes_and_tells_the_range(
    table_app: MakeTableApp, fake_view: type[FakeView]
) -> None:
    view = fake_view(0)
    view.order = list(range(10, 100))
    app = table_app(view)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("down", "v", "down", "down")
        assert app.line(2).startswith("┃")
        view.order = list(range(5, 100))
        app.table.changed()
        await settle(pilot)
        await pilot.press("v")
        await pilot.pause()
        event = a(RangeMarked, app.events[-1])
        assert [view.row_id(event.first), view.row_id(event.last)] == [11, 13]
        await pilot.press("v", "down", "escape", "space")
        await pilot.pause()
        assert type(app.events[-1]).__name__ == "MarkToggled"


async def test_the_mouse_moves_marks_opens_and_sorts(table_app: MakeTableApp) -> None:
    app = table_app(count=1000)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.click(app.table, offset=(30, 5))
        assert app.table.cursor == 4
        await pilot.click(app.table, offset=(1, 6))
        assert [app.table.cursor, type(app.events[-1]).__name__] == [5, "MarkToggled"]
        await pilot.click(app.table, offset=(5, 0))
        assert a(SortChosen, app.events[-1]).sort == "state"
        await pilot.click(app.table, offset=(30, 8), times=2)
        assert type(app.events[-1]).__name__ == "Opened"


async def test_the_header_shows_the_order(table_app: MakeTableApp) -> None:
    app = table_app(count=10)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        app.table.set_sort("size", True)
        await pilot.pause()
        assert "Size ▼" in app.line(0)
        app.table.set_sort("key", False)
        assert "Key ▲" in app.line(0)


async def test_a_range_goes_on_through_another_view(table_app: MakeTableApp, fake_view: type[FakeView]) -> None:
    app = table_app(count=100)
    async with app.run_test(headless=False, size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("down", "v", "down", "down")
        other = fake_view(0)
        other.order = list(range(1, 50))
        app.table.set_view(other)
        assert app.table.range == (0, 2)
        other = fake_view(0)
        other.order = list(range(2, 50))
        app.table.set_view(other)
        assert app.table.range is None


async def test_a_growing_listing_sends_next_to_nothing(table_app: MakeTableApp, fake_view: type[FakeView]) -> None:
    view = fake_view(100_000)
    app = table_app(view)
    async with app.run_test(headless=False, size=(120, 42)) as pilot:
        await settle(pilot)
        app.tape.take()
        for step in range(10):
            view.order = range(100_000 + 1000 * step)
            app.table.changed()
            await settle(pilot)
        assert len(app.tape.take()) < 4000
        await pilot.press("end")
        await settle(pilot)
        assert app.table.cursor == 108_999
        assert app.table.vertical_scrollbar.window_virtual_size == 109_001


async def test_rows_that_came_while_it_was_out_of_sight_are_counted_when_it_is_shown(
    table_app: MakeTableApp, fake_view: type[FakeView]
) -> None:
    view = fake_view(0)
    app = table_app(view)
    async with app.run_test(size=(100, 30)) as pilot:
        app.table.display = False
        await settle(pilot)
        view.order = range(3)
        app.table.changed()
        await settle(pilot)
        app.table.display = True
        await settle(pilot)
        assert app.table.count == 3
        app.table.focus()
        await pilot.press("end")
        assert app.table.cursor == 2
