"""Ways about the screens: keys that fingers know from elsewhere, the mouse, the help, empty states that lead on."""

import pytest
from textual import events

from restoretui.core.location import Location, parse_location
from restoretui.tui.browse.empty_space import NO_BUCKETS, NO_MATCH, NO_MATCH_HERE, NOTHING, STOPPED
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs import go_to
from restoretui.tui.dialogs.go_to import GoTo, PlaceField
from restoretui.tui.dialogs.help import FIRST, Help
from restoretui.tui.dialogs.inspector import Inspector
from restoretui.tui.widgets.crumbs import crumb_at
from restoretui.wording.safe import width
from tests.tui.conftest import StartWalk, Walk


def here(on: Walk) -> str:
    return str(on.app.main.query_one(BrowsePane).location)


async def test_h_and_l_go_up_and_down_the_tree(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive") as on:
        await on.settled()
        await on.press("l")
        await on.settled()
        assert here(on) == "s3://acme-frankfurt-archive/radio/"
        await on.press("right")
        await on.settled()
        deeper = here(on)
        assert deeper.startswith("s3://acme-frankfurt-archive/radio/")
        assert deeper.count("/") == 5
        await on.press("l")
        await on.until(lambda: isinstance(on.app.screen, Inspector))
        await on.press("escape", "h")
        await on.settled()
        await on.press("left")
        await on.settled()
        assert here(on) == "s3://acme-frankfurt-archive"


async def test_gg_and_capital_g_go_to_the_ends_and_open_nothing(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_to, "AGAIN_WITHIN_S", 3600.0)
    async with walk("s3://acme-frankfurt-archive") as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        table = on.app.main.query_one(BrowsePane).table
        await on.press("G")
        assert table.cursor == table.count - 1 > 10
        await on.press("g", "g")
        await on.until(lambda: len(on.app.screen_stack) == 1)
        assert table.cursor == 0


async def test_a_g_typed_later_or_behind_a_colon_is_a_letter(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk() as on:
        await on.sees("8 buckets")
        monkeypatch.setattr(go_to, "AGAIN_WITHIN_S", -1.0)
        await on.press("g", "g")
        assert isinstance(on.app.screen, GoTo)
        await on.sees("s3://g")
        await on.press("escape")
        monkeypatch.setattr(go_to, "AGAIN_WITHIN_S", 3600.0)
        await on.press("colon", "a", "g")
        await on.sees("s3://ag")


@pytest.mark.parametrize(
    ("place", "text", "leads_to"),
    [
        ("s3://bucket/a/b/", "s3:/", "s3://"),
        ("s3://bucket/a/b/", "buck", "s3://bucket"),
        ("s3://bucket/a/b/", "/a", "s3://bucket"),
        ("s3://bucket/a/b/", "a/b", "s3://bucket/a/"),
        ("s3://bucket/a/b/", "b/", None),
        ("s3://bucket/häuser/日本/x/", "本/x", "s3://bucket/häuser/日本/"),
        ("s3://bucket", "bucket", None),
        ("s3://", "s3", None),
        ("s3://bucket/a/part*", "a/part", "s3://bucket/a/"),
    ],
)
def test_each_part_of_a_location_leads_to_its_place(place: str, text: str, leads_to: str | None) -> None:
    location = parse_location(place)
    cell = width(place[: place.index(text)])
    found = crumb_at(location, cell)
    assert (None if found is None else str(found)) == leads_to


def test_beyond_a_location_and_before_it_nothing_leads_anywhere() -> None:
    deep = Location("s3", "bucket", "a/b/")
    assert crumb_at(deep, 100) is None
    assert crumb_at(deep, -1) is None


async def test_a_whole_location_takes_the_place_of_the_one_that_stands_there(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive/archive/") as on:
        await on.settled()
        await on.press("g")
        await on.sees("│ s3://acme-media-archive/archive/ ")
        await on.press(*"s3://acme-odd")
        await on.sees("│ s3://acme-odd ")
        for copied in ("s3://acme-empty/a b/", "'s3://acme-empty/a b/'"):
            on.app.screen.query_one(PlaceField).post_message(events.Paste(copied))
            await on.sees(f"│ {copied} ")
        await on.press(*"c/")  # What goes on with it does so.
        await on.sees("│ 's3://acme-empty/a b/'c/ ")
        await on.press("escape", "g", "backspace")
        on.app.screen.query_one(PlaceField).post_message(events.Paste("/2019/"))
        await on.sees("│ s3://acme-media-archive/archive/2019/ ")


async def test_clicks_on_the_location_the_tabs_and_the_heads_do_what_they_say(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive/radio/berlin/", size=(100, 30)) as on:
        await on.settled()
        line = on.lines()[1]
        await on.pilot.click("#place", offset=(line.index("radio") + 1, 0))
        await on.settled()
        assert here(on) == "s3://acme-frankfurt-archive/radio/"
        await on.pilot.click("#place", offset=(line.index("acme") + 1, 0))
        await on.settled()
        assert here(on) == "s3://acme-frankfurt-archive"
        await on.press("d")
        await on.settled()
        head = on.lines()[2]
        await on.pilot.click("#objects", offset=(head.index("Size") + 1, 0))
        await on.sees("Size ▲")
        await on.pilot.click("#tabs", offset=(on.lines()[0].index("Restores"), 0))
        await on.until(lambda: on.app.main.tab == "restores")


# --- the help


async def test_the_help_begins_with_the_six_keys_one_needs(walk: StartWalk) -> None:
    async with walk(size=(80, 24)) as on:
        await on.sees("8 buckets")
        await on.press("question_mark")
        await on.sees("First of all")
        lines = [line.strip("│ ") for line in on.lines()]
        begin = next(at for at, line in enumerate(lines) if line.startswith("First of all"))
        shown = [line.split()[0] for line in lines[begin + 1 : begin + 7]]
        assert shown == ["enter", "f", "space", "r", "2", "q"]
        assert len(FIRST) == 6


async def test_typing_narrows_the_help_and_escape_leads_out(walk: StartWalk) -> None:
    async with walk(size=(80, 30), keys={"export": "X,ctrl+x"}) as on:
        await on.sees("8 buckets")
        await on.press("question_mark", *"csv")
        await on.until(lambda: "plan a restore" not in on.text)
        await on.sees("write the run's objects to a CSV file", "X ^x")
        assert "First of all" not in on.text
        await on.press("backspace", "backspace", "backspace", *"zzz")
        await on.sees("no key does that")
        await on.press("escape")
        await on.sees("First of all")
        await on.press("escape")
        assert not isinstance(on.app.screen, Help)
        await on.press("question_mark", *"undo")
        await on.sees("undo the last change of the marks")
        await on.press("enter")
        await on.until(lambda: not isinstance(on.app.screen, Help))
        await on.press("question_mark")
        await on.sees("First of all")
        await on.press("question_mark")
        assert not isinstance(on.app.screen, Help)


async def test_the_help_finds_a_key_by_itself(walk: StartWalk) -> None:
    async with walk(size=(100, 30)) as on:
        await on.sees("8 buckets")
        await on.press("question_mark", "Z")
        await on.sees("make the change of the marks again")


# --- empty states


@pytest.mark.parametrize("sentence", [NOTHING, NO_MATCH, NO_MATCH_HERE, NO_BUCKETS, STOPPED])
def test_each_empty_state_of_browse_says_what_to_press(sentence: str) -> None:
    assert "{" in sentence


async def test_empty_states_name_the_keys_as_they_are_mapped(walk: StartWalk) -> None:
    async with walk("s3://acme-empty", keys={"refresh": "ctrl+l"}) as on:
        await on.settled()
        await on.sees("nothing is here: bksp goes up, ^l lists again")
        await on.press("2")
        await on.sees("no restores yet: mark objects in Browse and press r")
        await on.press("4")
        await on.sees("nothing happened yet: mark objects in Browse and press r")
