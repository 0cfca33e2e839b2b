"""Browse on a real session: going places, filtering, sorting, marking; the cursor stays where it belongs."""

import pytest

from restoretui.core.filter.tree import in_states
from restoretui.core.model import State
from restoretui.tui.browse.pane import BrowsePane
from tests.narrowing import there
from tests.tui.conftest import StartWalk


@pytest.mark.dated
async def test_from_the_buckets_down_to_an_object_and_back_up(walk: StartWalk) -> None:
    async with walk() as on:
        await on.sees("acme-media-archive", "acme-odd-names", "8 buckets")
        await on.press(*("down",) * 6, "enter")
        await on.settled()
        await on.sees("s3://acme-media-archive", "archive/", "catalog/", "README.txt")
        await on.press("down", "enter")
        await on.sees("s3://acme-media-archive/catalog/", "index-000.json")
        await on.press("enter")
        await on.sees("Object", "storage class", "Headers", "x-amz-request-id")
        await on.press("escape", "backspace")
        await on.sees("README.txt")
        assert there(on.app.main.query_one(BrowsePane).table.row).ref.key == "catalog/", (
            "the cursor is where we came from"
        )
        await on.press("backspace")
        await on.sees("8 buckets")
        buckets = on.app.main.query_one(BrowsePane).buckets
        assert buckets.row is not None
        assert buckets.row.name == "acme-media-archive"


async def test_flat_view_filter_and_sort_keep_the_row(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.sees("flat", "200 objects")
        pane = on.app.main.query_one(BrowsePane)
        await on.press(*("down",) * 40)
        key = there(pane.table.row).ref.key
        await on.press("o", "down", "enter")
        await on.sees("Size ▼")
        assert there(pane.table.row).ref.key == key
        sizes = [row.size or 0 for row in there(pane.table.view).rows(0, 200)]
        assert sizes == sorted(sizes, reverse=True)
        await on.press("slash", *"index")
        await on.sees("9 match index")
        await on.press("enter")
        assert all("index" in row.ref.key for row in there(pane.table.view).rows(0, 50))
        await on.press("escape")
        await on.sees("200 objects")
        await on.until(lambda: pane.table.count == 200)
        await on.press("slash", *"no-such-thing")
        await on.sees("nothing matches the filter")
        await on.press("escape")
        await on.until(lambda: pane.table.count == 200)


async def test_refresh_keeps_filter_order_and_cursor(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive/catalog/") as on:
        await on.settled()
        pane = on.app.main.query_one(BrowsePane)
        await on.press("down", "down", "down")
        key, before = there(pane.table.row).ref.key, there(pane.source.listing).id
        await on.press("R")
        await on.until(lambda: pane.source.listing is not None and pane.source.listing.id != before)
        assert there(pane.table.row).ref.key == key


async def test_what_is_present_is_chosen_from(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("f")
        await on.sees("Show only", "[ ] ○ archived", "DEEP_ARCHIVE", "GiB")
        assert "REDUCED_REDUNDANCY" not in on.text, "of classes only those that are there"
        await on.press("space", "enter")
        pane = on.app.main.query_one(BrowsePane)
        await on.until(lambda: pane.source.query.where == in_states(State.ARCHIVED))
        await on.sees("match state:archived", "[state:archived]")
        await on.until(lambda: 0 < pane.table.count < 200)
        assert {row.state for row in there(pane.table.view).rows(0, 200)} == {State.ARCHIVED}
        await on.press("f", "3")
        await on.sees("[state:available,online]")
        await on.press("f", "shift+tab", *" size>1", "enter")
        await on.sees("[state:available,online] [size>1]")
        await on.press("escape")
        await on.until(lambda: pane.source.query.where is None)


async def test_marks_add_up_and_hidden_ones_are_counted(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("v", "down", "down", "down", "v")
        await on.sees("4 marked", "standard $")
        await on.press("slash", *"index", "enter")
        await on.sees("4 not shown here")
        await on.press("a")
        await on.sees("13 marked")
        await on.press("i")
        await on.sees("4 marked")
        await on.press("escape")
        await on.until(lambda: "not shown here" not in on.text)
        await on.press("u")
        await on.until(lambda: "marked" not in on.text)


async def test_a_marked_prefix_marks_everything_below_it(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.press("space")
        await on.sees("◆", "190 marked")
        await on.press("home", "space")
        await on.until(lambda: on.app.main.query_one(BrowsePane).marking.summary.objects == 0)


async def test_going_to_a_location_says_what_is_wrong_with_it(walk: StartWalk) -> None:
    async with walk() as on:
        await on.sees("8 buckets")
        await on.press("g", "end", *"no such")
        await on.press("enter")
        await on.sees("cannot be a bucket's name")
        await on.press("ctrl+u", *"s3://acme-media-archive/cat*", "enter")
        await on.settled()
        await on.sees("s3://acme-media-archive/cat*", "catalog/")


async def test_versions_are_shown_when_asked_for(walk: StartWalk) -> None:
    async with walk("s3://acme-legal-versions") as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        pane = on.app.main.query_one(BrowsePane)
        fewer = pane.table.count
        await on.press("V")
        await on.settled()
        await on.sees("all versions", "Version")
        assert pane.table.count > fewer
        assert all(row.ref.version_id for row in there(pane.table.view).rows(0, 20))


async def test_visible_tiering_rows_are_looked_at_and_no_others(walk: StartWalk) -> None:
    async with walk("s3://acme-backups-tiering", size=(100, 16)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        pane = on.app.main.query_one(BrowsePane)
        await on.until(lambda: on.sandbox.stats.requests.get("HeadObject", 0) > 0)
        await on.until(lambda: "not seen" not in on.text)
        seen = on.sandbox.stats.requests["HeadObject"]
        assert seen <= pane.table.size.height
        assert pane.table.count > 100


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_it_works_in_small_and_large_terminals(walk: StartWalk, size: tuple[int, int]) -> None:
    async with walk("s3://acme-media-archive/catalog/", size=size) as on:
        await on.settled()
        await on.sees("index-000.json", "STANDARD_IA", "q quit", "? help")
        assert all(len(line) <= size[0] for line in on.lines())
        assert len(on.lines()) == size[1]
