"""The one filter grammar on the screens: what is wrong stands under its word, tab completes, names are kept."""

import asyncio
import re
from pathlib import Path

import pytest

from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import in_states
from restoretui.core.model import State
from restoretui.ledger.records import Query
from restoretui.tui.activity.pane import ActivityPane
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.filter_menu import FilterMenu
from restoretui.tui.process.remembered import Remembered
from restoretui.tui.restores.pane import RestoresPane
from restoretui.tui.widgets.check_list import CheckList
from restoretui.tui.widgets.filter_bar import FilterBar
from tests.narrowing import a, there
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_restoring import confirm, dialog, mark_archived


def browse(on: Walk) -> BrowsePane:
    return on.app.main.query_one(BrowsePane)


def in_force(on: Walk) -> str:
    return filter_text(browse(on).source.query.where)


async def flat(on: Walk) -> None:
    await on.settled()
    await on.press("d")
    await on.settled()
    await on.sees("200 objects")


async def test_fields_filter_and_stand_in_the_header(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await flat(on)
        await on.press("slash", *"cam-01 size>100M !class:deep")
        await on.sees("[cam-01] [size>100M] [!class:deep]", "match cam-01 size>100M !class:deep")
        await on.press("enter")
        await on.until(lambda: 0 < browse(on).table.count < 200)
        for row in there(browse(on).table.view).rows(0, 200):
            assert "cam-01" in row.ref.key
            assert (row.size or 0) > 100 << 20
            assert row.storage_class != "DEEP_ARCHIVE"
        await on.press("escape")
        await on.until(lambda: browse(on).table.count == 200 and "[cam-01]" not in on.text)


async def test_what_is_wrong_stands_under_its_word_and_changes_nothing(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await flat(on)
        await on.press("slash", *"index")
        await on.until(lambda: in_force(on) == "index")
        await on.press(*" sizze>1G")
        await on.sees("no field is called 'sizze'", "did you mean size?")
        at = next(number for number, line in enumerate(on.lines()) if "/ index sizze>1G" in line)
        typed, below = on.lines()[at : at + 2]
        start = typed.index("sizze")
        assert below[start : start + 5] == "^^^^^"
        assert below[:start].strip() == ""
        await on.press("enter")
        await on.settled()
        assert in_force(on) == "index", "enter does not take it"
        await on.press("escape")
        await on.until(lambda: in_force(on) == "" and "^^^^^" not in on.text)


async def test_a_long_complaint_has_a_line_of_its_own(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", size=(60, 20)) as on:
        await on.settled()
        await on.press("slash", *"archive/2024 cam-01 statte:archived")
        await on.sees("no field is called 'statte'", "^^^^^^")
        assert all(len(line) <= 60 for line in on.lines())


async def test_tab_completes_from_what_is_present(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await flat(on)
        await on.press("slash", *"cla")
        await on.settled()
        bar = browse(on).query_one(FilterBar)
        await on.press("tab")
        await on.sees("/ class:")
        await on.press(*"gl", "tab")
        await on.sees("/ class:GLACIER")
        first = bar._field.value
        await on.press("tab")
        await on.until(lambda: bar._field.value != first)
        assert {first, bar._field.value} == {"class:GLACIER", "class:GLACIER_IR"}
        await on.press("space", *"arch", "tab")
        await on.until(lambda: bar._field.value.endswith(" state:archived"))
        await on.until(lambda: in_force(on).endswith("state:archived"))
        await on.press("space", *"state:exp", "tab")
        await on.settled()
        # Nothing expired is there to be offered.
        await on.until(lambda: in_force(on).startswith("class:GLACIER"))


async def test_the_list_of_buckets_is_filtered_by_name(walk: StartWalk) -> None:
    async with walk() as on:
        await on.sees("8 buckets")
        await on.press("slash", *"arch !frank")
        await on.sees("1 bucket matches arch !frank")
        assert "acme-odd-names" not in on.text
        await on.press("enter", "enter")
        await on.settled()
        await on.sees("s3://acme-media-archive", "README.txt")
        assert in_force(on) == ""
        await on.press("backspace")
        await on.sees("8 buckets")
        await on.press("slash", *"size>1")
        await on.sees("size says nothing here")
        await on.press("escape", "slash", *"no-such-bucket")
        await on.sees("nothing matches the filter")
        await on.press("escape")
        await on.sees("8 buckets")


async def test_a_saved_filter_is_in_the_palette(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", views={"big ones": "size>1G"}) as on:
        await flat(on)
        await on.press("ctrl+p", *"big ones", "enter")
        await on.until(lambda: in_force(on) == "size>1G")
        await on.sees("[size>1G]")
        await on.press("ctrl+p", *"show restoring now", "enter")
        await on.until(lambda: in_force(on) == "state:planned,requested,restoring")


async def test_the_text_of_f_and_its_boxes_are_one(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await flat(on)
        await on.press("slash", *"!index state:archived", "enter")
        await on.settled()
        await on.press("f")
        await on.sees("!index state:archived", "[x] ○ archived", "[ ] ▪ online")
        await on.press("down", "space")
        await on.sees("state:archived,restoring !index")
        await on.press("enter")
        await on.until(lambda: in_force(on) == "state:archived,restoring !index")
        await on.press("f", "1")
        await on.until(lambda: in_force(on) == "state:archived !index")


async def test_a_run_and_the_activity_take_the_same(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive") as on:
        await mark_archived(on, 3)
        await dialog(on)
        await confirm(on)
        await on.sees("Run #1")
        await on.until(lambda: on.posts() == 3)
        jobs = on.app.main.query_one(RestoresPane).detail.table
        await on.until(lambda: jobs.count == 3)
        await on.press("slash", *"changed<7d state:requested,restoring", "enter")
        await on.sees("[changed<7d]", "3 objects match changed<7d state:requested,restoring")
        await on.press("f")
        await on.sees("Show only", "GLACIER")
        await on.press("3")
        await on.sees("[state:available,online]", "0 objects match state:available,online changed<7d")
        await on.until(lambda: jobs.count == 0)
        await on.press("4")
        entries = on.app.main.query_one(ActivityPane).table
        await on.sees("entries in")
        await on.press("slash", *"state:requested run:1 tier:std")
        await on.sees("no tier is called 'std'")
        await on.press(*("backspace",) * 3, *"stan", "tab", "enter")
        await on.sees("[state:requested] [run:1] [tier:standard]")
        await on.until(lambda: entries.count == 3)
        await on.press("escape")
        await on.sees("entries in")


async def archived_of(on: Walk, *others: State) -> int:
    """How many of the bucket are archived as far as is known, or in one of the others, counted by itself."""
    listing = await on.session.open_listing(browse(on).location, recursive=True)
    view = await on.session.ledger.catalog.browse(listing.id, Query(where=in_states(State.ARCHIVED, *others)))
    await view.wait()
    count = view.count
    await view.aclose()
    return count


async def test_one_key_marks_what_is_archived_below_and_two_what_matches(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        marking = browse(on).marking
        await on.press("A")
        await on.until(lambda: marking.summary.objects > 0)
        known = await archived_of(on)
        # With those of Intelligent-Tiering, which the dialog looks at.
        assert marking.summary.objects == await archived_of(on, State.UNKNOWN)
        assert 0 < known < marking.summary.objects < 200
        # What was listed for that tells the prefixes' states, too.
        await on.until(lambda: bool(re.search(r"○ [0-9]+% .* archive/", on.text)))
        await on.press("u")
        await on.until(lambda: marking.summary.objects == 0)
        # A prefix has no state: what is asked for is below.
        await on.press("f", "1")
        await on.until(lambda: in_force(on) == "state:archived")
        await on.press("a")
        await on.sees("nothing at this level matches", "a again marks what matches below")
        await on.press("a")
        # They are looked at where archived ones alone are asked for.
        await on.until(lambda: marking.summary.objects > 0 and not marking.is_under_way)
        archived = await archived_of(on)
        assert marking.summary.objects == archived > known
        assert await archived_of(on, State.UNKNOWN) == archived
        # The same place in another way keeps what is shown of it.
        await on.press("d")
        await on.settled()
        assert in_force(on) == "state:archived"
        await on.until(lambda: browse(on).table.count == archived)
        # With a filter, that much of it.
        await on.press("u", "slash", *" class=DEEP_ARCHIVE", "enter", "A")
        await on.until(lambda: 0 < marking.summary.objects < archived)


async def test_a_filter_is_saved_by_a_name_and_is_there_the_next_time(walk: StartWalk, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('# mine\n[views]\n"big ones" = "size>1G"\n')
    async with walk("s3://acme-media-archive", size=(80, 24)) as on:
        await flat(on)
        await on.press("F")
        assert len(on.app.screen_stack) == 1, "nothing is filtered that could be saved"
        await on.press("slash", *"cam-01 class:deep", "enter")
        await on.press("F")
        await on.sees("Save the filter", "a name for cam-01 class:deep")
        await on.press(*"cold  cam", "enter")
        await on.sees("cam-01 class:deep saved as 'cold cam'")
        await on.press("escape")
        await on.until(lambda: in_force(on) == "")
        await on.press("ctrl+p", *"show cold cam", "enter")
        await on.until(lambda: in_force(on) == "cam-01 class:deep")
        await on.press("escape")
    assert config.read_text().startswith("# mine"), "the config is its writer's"
    async with walk("s3://acme-media-archive", size=(80, 24), views={"big ones": "size>1G"}) as on:
        await flat(on)
        await on.press("f", "v")
        await on.sees("Saved filters", "overdue", "big ones", "cold cam")
        await on.press("down", "down", "down", "down", "enter")
        await on.until(lambda: in_force(on) == "cam-01 class:deep")
        # A name of the config is not taken over; what was kept on screen is forgotten there.
        await on.press("F", *"big ones", "enter")
        await on.sees("[views] of the config has 'big ones' already")
        await on.press("f", "v", "end")
        await on.sees("Saved filters")
        await on.press("delete", "up", "delete")
        await on.until(lambda: "cold cam" not in on.app.filters_by_name())
        assert "big ones" in on.app.filters_by_name()


async def test_two_sessions_keep_what_each_of_them_set(tmp_path: Path) -> None:
    one, other = Remembered(tmp_path, {}), Remembered(tmp_path, {})
    await asyncio.to_thread(one.read)
    await asyncio.to_thread(other.read)
    one.keep_filter("big", "size>1G")
    await one.save()
    other.pane = False
    other.keep_filter("old", "age>2y")
    await other.save()
    one.forget_filter("big")
    await one.save()
    later = Remembered(tmp_path, {})
    await asyncio.to_thread(later.read)
    assert later.filters == {"old": "age>2y"}
    assert not later.pane
    await asyncio.to_thread(
        (tmp_path / "screens.json").write_text, '{"filters": {"odd": "sizze>1", "fine": "a", "none": 1}}'
    )
    await asyncio.to_thread(later.read)
    assert later.filters == {"fine": "a"}


@pytest.mark.parametrize("size", [(29, 40), (60, 15), (80, 24), (100, 30)])
async def test_what_is_there_to_show_stands_in_one_line_each(walk: StartWalk, size: tuple[int, int]) -> None:
    async with walk("s3://acme-media-archive/archive/", size=(100, 30)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("f")
        await on.sees("Storage class", "GLACIER")
        await on.pilot.resize_terminal(*size)
        await on.until(lambda: on.app.screen.size == size)
        await on.until(lambda: [line for line in on.lines() if "[ ] GLACIER " in line])
        box = a(FilterMenu, on.app.screen)
        for list_ in (box.query_one("#states", CheckList), box.query_one("#classes", CheckList)):
            await on.until(lambda one=list_: one.virtual_size.height == one.option_count)  # type: ignore[misc]
        first = next(line for line in on.lines() if "○ archived" in line and "[ ]" in line)
        assert first.count("[ ]") == 1 or "  [ ]" in first.partition("[ ]")[2], "a gap between the columns"
