"""The pane beside a table: what it says, that it asks nothing of a cloud, and that it holds no key up."""

import pytest

from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.widgets.side_pane import REST_S, SidePane
from tests.narrowing import there
from tests.tui.conftest import StartWalk, Walk

COLD = "s3://acme-genomics-cold/"


def side(on: Walk) -> SidePane:
    return there(on.app.main.pane(on.app.main.tab).side)


def beside(on: Walk) -> str:
    """What stands in the pane, line by line."""
    region = side(on).region
    return "\n".join(line[region.x : region.right].rstrip() for line in on.lines()[region.y : region.bottom])


async def flat(on: Walk) -> BrowsePane:
    await on.settled()
    await on.press("d")
    await on.settled()
    return on.app.main.query_one(BrowsePane)


async def test_it_tells_of_the_object_under_the_cursor(walk: StartWalk) -> None:
    async with walk(COLD, size=(120, 40)) as on:
        pane = await flat(on)
        position = next(
            at for at in range(20) if there(pane.table.view).rows(at, 1)[0].storage_class == "DEEP_ARCHIVE"
        )
        pane.table.goto(position)
        row = there(pane.table.row)
        await on.until(lambda: "Restoring it, for 7 days" in beside(on))
        text = beside(on)
        assert row.ref.key in text.replace("\n", "").replace(" ", "") or row.ref.key[:20] in text
        assert "DEEP_ARCHIVE" in text
        assert f"({row.size:,} B)" in text
        assert "no copy" in text
        assert "standard   within 12 h" in text
        assert "$" in text
        assert "expedited" not in text, "the class has no such tier"


async def test_it_tells_what_we_did_to_it(walk: StartWalk) -> None:
    async with walk(COLD, size=(120, 40)) as on:
        pane = await flat(on)
        pane.table.goto(1)
        await on.press("r")
        await on.sees("retrieval $")
        await on.confirm()
        await on.until(lambda: on.posts() == 1)
        await on.press("1")
        await on.until(lambda: "What we did" in beside(on) and "#1" in beside(on))
        await on.hours(60)
        await on.until(lambda: "● available" in beside(on))
        assert "● until" in beside(on), "the restore header, in words"


async def test_it_tells_of_a_prefix_what_is_added_up(walk: StartWalk) -> None:
    async with walk(COLD, size=(120, 40)) as on:
        await on.settled()
        await on.until(lambda: "S adds up what is below" in beside(on))
        await on.press("d")
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.until(lambda: "By state" in beside(on))
        text = beside(on)
        assert "By class" in text
        assert "○ archived" in text
        assert "DEEP_ARCHIVE" in text
        assert "Restoring what is archived" in text


async def test_it_asks_nothing_of_the_cloud_and_waits_for_the_cursor_to_rest(walk: StartWalk) -> None:
    async with walk(COLD, size=(120, 40)) as on:
        pane = await flat(on)
        await on.until(lambda: beside(on).strip())
        before = dict(on.sandbox.stats.requests)
        told = 0
        tell = side(on)._tell

        def counted(width: int) -> object:
            nonlocal told
            told += 1
            return tell(width)

        side(on)._tell = counted  # type: ignore[assignment]
        first = beside(on)
        for _ in range(10):
            pane.table.action_move(1)
            side(on).follow()
        assert (told, beside(on)) == (0, first), "nothing is read while it moves"
        await on.pilot.pause(REST_S * 2)
        await on.until(lambda: beside(on) != first)
        assert told >= 1
        assert dict(on.sandbox.stats.requests) == before, "nothing is asked for it"


async def test_an_idle_pane_sends_nothing(walk: StartWalk) -> None:
    async with walk(COLD, size=(120, 40), taped=True) as on:
        await flat(on)
        await on.until(lambda: "size" in beside(on))
        await on.until(lambda: "not seen" not in on.text)
        await on.until(lambda: not on.tape.take())
        assert not any(side(on).renew() for _ in range(20))
        side(on).renew()
        await on.pilot.pause()
        assert on.tape.take() == ""


async def test_a_key_hides_it_and_that_is_remembered(walk: StartWalk) -> None:
    async with walk(COLD, size=(120, 40)) as on:
        await on.settled()
        assert side(on).display
        await on.press("p")
        assert not side(on).display
    async with walk(COLD, size=(120, 40), running=on.sandbox) as again:
        await again.settled()
        assert not side(again).display
        await again.press("p")
        assert side(again).display


@pytest.mark.parametrize("size", [(40, 10), (60, 15), (80, 24), (109, 30)])
async def test_a_narrow_screen_is_the_tables_own(walk: StartWalk, size: tuple[int, int]) -> None:
    async with walk(COLD, size=size) as on:
        pane = await flat(on)
        assert not side(on).display
        assert pane.table.size.width == size[0]
        assert any(glyph in on.text for glyph in "○▪●"), "the state is there at any width"


async def test_the_pane_of_the_runs_tells_causes_and_money(walk: StartWalk) -> None:
    async with walk(COLD, size=(120, 40)) as on:
        pane = await flat(on)
        pane.table.goto(1)
        await on.press("r")
        await on.sees("retrieval $")
        await on.confirm()
        await on.until(lambda: on.posts() == 1)
        await on.press("2", "backspace")
        await on.until(lambda: "Money" in beside(on))
        text = beside(on)
        assert "Run #1" in text
        assert "estimate" in text
        assert "looks" in text
        assert "By state" in text
        # Activity: what was done to the object of an entry; what is alike is told of together.
        await on.press("4")
        await on.until(lambda: "when " in beside(on) and "#1" in beside(on))
        await on.press("p")
        await on.until(lambda: not side(on).display)
