"""Every theme there is can be started with and switched to, on every screen, and be read."""

from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from rich.color import Color as TerminalColor
from rich.color import ColorType
from textual.app import App
from textual.color import Color
from textual.geometry import Region
from textual.theme import BUILTIN_THEMES
from textual.widgets import Static

from restoretui.core.model import State
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.leave import Leave
from restoretui.tui.dialogs.prompts import Confirm, Pick, TextPrompt
from restoretui.tui.dialogs.restore.tier_table import TierTable
from restoretui.tui.looks.contrast import LEAST_CONTRAST, contrast
from restoretui.tui.looks.themes import DARK, THEMES
from restoretui.tui.looks.variables import own_variables
from tests.narrowing import there
from tests.tui.batch.test_batch_jobs import confirmed
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_restoring import dialog

OURS = {one.name: one for one in THEMES}
ALL = {**BUILTIN_THEMES, **OURS}
TINTED = [name for name, one in ALL.items() if not one.ansi]


def test_these_are_all_the_themes_the_palette_offers() -> None:
    assert set(App().available_themes) | set(OURS) == set(ALL)


@pytest.mark.parametrize("name", ["nord", "textual-light", *OURS])
async def test_a_theme_of_each_kind_can_be_started_with(walk: StartWalk, name: str) -> None:
    async with walk(theme=name) as on:
        await on.sees("8 buckets")
        assert on.app.theme == name
        assert on.app.is_running


TURN = cycle(ALL)
"""Each screen is shown in the next few of them."""


async def next_themes(on: Walk, how_many: int = 1) -> None:
    before = on.app.theme
    for name in islice(TURN, how_many):
        on.app.theme = name
        await on.pilot.pause()
        assert on.app.is_running, name
    on.app.theme = before
    await on.pilot.pause()


@pytest.mark.timeout(600)
async def test_themes_can_be_switched_to_on_each_screen(walk: StartWalk, tmp_path: Path) -> None:
    async with walk("s3://acme-frankfurt-archive", batch_role_arn=BATCH_ROLE_ARN) as on:
        await on.settled()
        await confirmed(on)
        for keys in (["1"], ["2"], ["3"], ["4"]):
            await on.press(*keys)
            await next_themes(on)
        await on.press("1", "d")
        await on.settled()
        for opens in ("question_mark", "g", "o", "f", "slash", "ctrl+p", "enter"):
            await on.press(opens)
            await next_themes(on)
            await on.press("escape")
            await on.until(lambda: len(on.app.screen_stack) == 1)
        await dialog(on)
        await next_themes(on, len(ALL))
        await on.press("escape")
        for box in (
            TextPrompt("Q", "what?"),
            Confirm("Q", "really?", "Yes"),
            Pick("Q", "which?", {"a": "A"}),
            Leave(),
        ):
            on.app.push_screen(box)
            await on.pilot.pause()
            await next_themes(on)
            await on.press("escape")
        await on.press("2", "enter")
        await on.sees("Run #1")
        await next_themes(on)
        await on.press("3", "enter")
        await on.sees("manifest")
        await next_themes(on)
        for level in ("done", "busy", "warning", "error"):
            on.app.say(level, "something")
            await next_themes(on)


def painted(on: Walk, region: Region) -> Iterator[tuple[str, Color, Color]]:
    """Every piece of text of a part of the screen, with its colour and its ground."""
    for strip in on.app.screen._compositor.render_strips()[region.y : region.bottom]:
        for segment in strip.crop(region.x, region.right):
            style = segment.style
            if segment.text.strip() and style is not None and style.color and style.bgcolor:
                yield segment.text, rgb(style.color), rgb(style.bgcolor)


def rgb(colour: TerminalColor) -> Color:
    assert colour.type is ColorType.TRUECOLOR, colour
    return Color.from_rich_color(colour)


DRAWN = set("│─╭╮╰╯╸━▁▂▃▄▅▆▇█▌▏▎▍▊▉▔ ")
"""Borders and scrollbars."""


@pytest.mark.timeout(600)
async def test_what_is_painted_can_be_read_in_each_theme(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of every state, plain, marked and under the cursor; header, tabs, keys, notices and the restore dialog."""
    async with walk("s3://acme-frankfurt-archive", size=(140, 40), production_profiles=("default",)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        pane = on.app.main.query_one(BrowsePane)
        rows = there(pane.table.view).rows(0, 20)
        states = list(State)
        original = there(pane.table.view).rows
        shown = {row.id: states[at % len(states)] for at, row in enumerate(rows)}

        def as_others(start: int, n: int) -> list[Any]:
            return [row._replace(state=shown.get(row.id, row.state)) for row in original(start, n)]

        there(pane.table.view).rows = as_others  # type: ignore[method-assign]
        await on.press("space", "v", "down", "down")
        for name in TINTED:
            on.app.theme = name
            for level in ("done", "busy", "warning", "error"):
                on.app.say(level, "what happened", "what to do next")
                await on.pilot.pause()
                faint = unreadable(on, on.app.screen.region)
                assert not faint, (name, level, faint)


def unreadable(on: Walk, region: Region) -> list[tuple[str, str, str, float]]:
    return [
        (text, colour.hex, ground.hex, round(contrast(colour, ground), 2))
        for text, colour, ground in painted(on, region)
        if not set(text) <= DRAWN and contrast(colour, ground) < LEAST_CONTRAST
    ]


@pytest.mark.timeout(600)
async def test_the_restore_dialog_can_be_read_in_each_theme(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive", size=(100, 30)) as on:
        await on.settled()
        await dialog(on)
        for name in TINTED:
            on.app.theme = name
            await on.pilot.pause()
            box = on.app.screen.query_one("#box").region
            # Textual's own fields and buttons are as their theme has them.
            faint = [each for each in unreadable(on, box) if any(each[0].strip() in text for text in texts_of(on))]
            assert not faint, (name, faint)


def texts_of(on: Walk) -> list[str]:
    kinds = [*on.app.screen.query(Static), *on.app.screen.query(TierTable)]
    return [line for widget in kinds for line in str(widget.render()).splitlines()]


@pytest.mark.parametrize("name", TINTED)
def test_our_colours_are_read_on_our_grounds(name: str) -> None:
    variables = {**ALL[name].to_color_system().generate(), **ALL[name].variables}
    ours = own_variables(variables, ansi=False, dark=ALL[name].dark)
    grounds = ["ground-panel", "row-range", "row-cursor", "row-blurred", "ground-marks", "ground-done", "ground-busy"]
    grounds += ["ground-warning", "ground-error", "ground-chosen"]
    under = [Color.parse(ours[ground]) for ground in grounds]
    under += [Color.parse(variables["background"]), Color.parse(variables["surface"])]
    for colour in ("ink", "quiet", "ok", "busy", "wait", "warn", "bad", "cold"):
        for ground in under:
            assert contrast(Color.parse(ours[colour]), ground) >= 3, (name, colour, ground.hex)
    assert contrast(Color.parse(ours["ink"]), Color.parse(ours["ground-tab"])) >= 3
    assert contrast(Color.parse(ours["on-error"]), Color.parse(variables["error"])) >= 3
    assert contrast(Color.parse(ours["on-primary"]), Color.parse(variables["primary"])) >= 3


TERMINALS = {
    "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5"
    " 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
    "console": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa"
    " 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
    "Tango": "2e3436 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf"
    " 555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec",
    "Windows": "0c0c0c c50f1f 13a10e c19c00 0037da 881798 3a96dd cccccc"
    " 767676 e74856 16c60c f9f1a5 3b78ff b4009e 61d6d6 f2f2f2",
    "macOS": "000000 c23621 25bc24 adad27 492ee1 d338d3 33bbc8 cbcccd"
    " 818383 fc391f 31e722 eaec23 5833ff f935f8 14f0f0 e9ebeb",
}
"""The sixteen colours of terminals people have, as they come."""
EIGHT = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
SIXTEEN = [f"ansi_{bright}{name}" for bright in ("", "bright_") for name in EIGHT]


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("name", ["16-colours", "16-colours-light"])
def test_sixteen_colours_are_read_as_terminals_have_them(name: str, terminal: str) -> None:
    theme = OURS[name]
    has = dict(zip(SIXTEEN, (Color.parse(f"#{one}") for one in TERMINALS[terminal].split()), strict=True))
    paper, ink = ("ansi_black", "ansi_white") if theme.dark else ("ansi_bright_white", "ansi_black")
    ours = own_variables({}, ansi=True, dark=theme.dark)
    for colour in ("ink", "quiet", "ok", "busy", "wait", "warn", "bad", "cold"):
        assert contrast(has.get(ours[colour], has[ink]), has[paper]) >= 3, colour
    for colour, ground in (("on-primary", theme.primary), ("on-error", theme.error)):
        assert contrast(has.get(ours[colour], has[ink]), has[str(ground)]) >= 3, colour


def test_our_own_themes_keep_the_colours_they_were_given() -> None:
    for ours in THEMES:
        if ours.ansi or "least-contrast" in ours.variables:  # What asks for more contrast is given it.
            continue
        variables = {**ours.to_color_system().generate(), **ours.variables}
        made = own_variables(variables, ansi=False, dark=ours.dark)
        for name in ("cold", "quiet", "wait"):
            assert made[name].lower() == ours.variables.get(name, ours.primary), (ours.name, name)
        assert (made["ok"], made["bad"]) == (variables["success"], variables["error"]), ours.name


def test_contrast_is_reckoned_as_the_rule_says() -> None:
    assert contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21.0)
    assert contrast(Color(119, 119, 119), Color(255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert contrast(Color(10, 20, 30), Color(10, 20, 30)) == 1.0


@pytest.mark.parametrize("name", ["dracula", "16-colours-light", "restoretui"])
async def test_without_colours_every_theme_is_without(walk: StartWalk, name: str) -> None:
    async with walk("s3://acme-frankfurt-archive", theme=name, env={"NO_COLOR": "1"}, taped=True) as on:
        await on.settled()
        for strip in on.app.screen._compositor.render_strips():
            for segment in strip:
                style = segment.style
                for colour in (style.color, style.bgcolor) if style else ():
                    if colour is not None and colour.type is ColorType.TRUECOLOR:
                        red, green, blue = there(colour.triplet)
                        assert red == green == blue, (name, segment)


async def test_an_unknown_theme_and_an_unknown_key_are_both_said(walk: StartWalk) -> None:
    async with walk(theme="no-such-theme", keys={"no-such-command": "x"}) as on:
        await on.until(lambda: "no-such-theme" in on.notice and "no-such-command" in on.notice)
        assert on.app.theme == DARK.name
