"""Bindings, footer, help and palette come from one table, and follow the user's own keys."""

from textual.command import CommandPalette

from restoretui.tui.keys import BROWSE, GROUPS, RUNS, key_name
from tests.tui.conftest import StartWalk


def test_every_command_says_what_it_does_and_ids_mean_one_thing() -> None:
    labels: dict[str, set[str]] = {}
    for group in GROUPS:
        actions = [command.action for command in group]
        assert len(actions) == len(set(actions))
        for command in group:
            assert command.help
            assert command.help[0].islower()
            labels.setdefault(command.id, set()).add(command.action)
    assert all(len(actions) == 1 for actions in labels.values()), labels


def test_no_key_is_given_twice_in_one_place() -> None:
    for group in (BROWSE, RUNS):
        keys = [key for command in group for key in command.keys.split(",")]
        assert len(keys) == len(set(keys))


def test_the_designed_keys_are_the_keys() -> None:
    designed = {
        "restore": "r", "extend": "e", "upgrade": "s", "filter": "slash", "sort": "o", "parent": "backspace",
        "mark_all": "a", "unmark": "u", "invert": "i", "copy": "c", "refresh": "R",
    }  # fmt: skip
    found = {command.id: command.keys.partition(",")[0] for command in BROWSE}
    assert {name: found[name] for name in designed} == designed
    assert {command.id: command.keys for command in RUNS}["retry"] == "t"
    assert [key_name(key) for key in ("slash", "ctrl+p", "question_mark", "shift+tab")] == [
        "/",
        "^p",
        "?",
        "shift+tab",
    ]


async def test_the_footer_shows_only_what_works_now(walk: StartWalk) -> None:
    async with walk(size=(80, 24)) as on:
        await on.sees("8 buckets", "q quit")
        assert "restore" not in on.footer
        await on.press(*("down",) * 6, "enter")
        await on.settled()
        await on.sees("r restore")
        for needed in ("space mark", "enter open", "? help", "q quit"):
            assert needed in on.footer
        assert len(on.footer) <= 80
        await on.press("2")
        await on.until(lambda: "restore" not in on.footer)
        assert "mark" not in on.footer


async def test_keys_can_be_remapped_and_help_and_footer_say_so(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", keys={"restore": "ctrl+r", "nonsense": "z"}) as on:
        await on.settled()
        await on.until(lambda: "nonsense" in on.notice)
        await on.sees("^r restore")
        await on.press("question_mark")
        await on.sees("^r", "plan a restore of the marked")


async def test_the_palette_offers_what_works_and_does_it(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.press("ctrl+p")
        await on.until(lambda: isinstance(on.app.screen, CommandPalette))
        await on.press(*"flat")
        await on.sees("Flat", "show all keys below")
        await on.pilot.resize_terminal(200, 50)
        await on.until(lambda: on.app.screen.query_one("#--input").region.width == 96)
        await on.press("enter")
        await on.until(lambda: len(on.app.screen_stack) == 1)
        await on.settled()
        await on.sees("200 objects")


async def test_tabs_by_number_tab_key_and_mouse(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.press("tab")
        assert on.app.main.tab == "restores"
        await on.press("tab")
        assert on.app.main.tab == "batch"
        await on.press("tab")
        assert on.app.main.tab == "activity"
        await on.press("tab")
        assert on.app.main.tab == "browse"
        await on.pilot.click("#tabs", offset=(30, 0))
        await on.until(lambda: on.app.main.tab == "restores")
        await on.press("shift+tab")
        assert on.app.main.tab == "browse"


async def test_a_click_on_a_footer_key_is_the_key(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.sees("? help")
        await on.pilot.click("KeyBar", offset=(on.footer.index("? help") + 2, 0))
        await on.sees("On every tab")


async def test_help_fits_small_and_large_screens(walk: StartWalk) -> None:
    for size in ((60, 20), (160, 50)):
        async with walk(size=size) as on:
            await on.press("question_mark")
            await on.sees("plan a restore", "Keys")
            await on.press("end")
            await on.sees("What a plan would do")


async def test_unknown_theme_is_said_and_a_known_one_is_used(walk: StartWalk) -> None:
    async with walk(theme="no-such-theme") as on:
        await on.until(lambda: "no-such-theme" in on.notice)
    async with walk(theme="restoretui-light") as on:
        assert on.app.theme == "restoretui-light"


async def test_a_key_that_does_nothing_here_is_answered(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive/radio/berlin/", size=(80, 24)) as on:
        await on.settled()
        await on.press("e")
        await on.sees("e (extend) finds nothing here to act on", "? tells all keys")
        await on.press("2")
        await on.until(lambda: not on.notice)
        await on.press("t")
        await on.sees("t (retry failed) finds nothing here to act on")
        await on.press("S")
        await on.sees("S (sums) is a key of the Browse tab", "1 shows it")
        await on.press("1", "S")
        await on.until(lambda: not on.notice)
        for key in ("left_square_bracket", "z", "ctrl+p", "escape", "escape", "down"):
            await on.press(key)
        assert not on.notice
