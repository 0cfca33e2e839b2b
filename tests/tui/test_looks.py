"""Our themes keep what they promise: contrast, colours that nobody mixes up, sixteen colours, the right ground."""

from collections.abc import Mapping
from itertools import combinations
from math import dist
from typing import Any

import pytest
from rich.color import ColorType
from textual.color import Color

from restoretui.core.rules.verdicts import Action
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.details.action_words import ACTIONS
from restoretui.tui.looks import themes
from restoretui.tui.looks.contrast import contrast
from restoretui.tui.looks.variables import own_variables
from restoretui.tui.terminal.answers import Answers, TerminalAnswer, is_light, may_ask, said_background
from restoretui.tui.terminal.driver import BackgroundTold, TerminalDriver
from restoretui.tui.words import BECOMING, MARK, PREFIX_MARK, READY, STATES
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_restoring import dialog

TEXT = ("ink", "quiet", "ok", "busy", "wait", "warn", "bad", "cold")
GROUNDS = (
    "ground-panel", "row-range", "row-cursor", "row-blurred", "ground-marks", "ground-done", "ground-busy",
    "ground-warning", "ground-error", "ground-chosen",
)  # fmt: skip


def variables_of(theme: Any) -> dict[str, str]:
    given = {**theme.to_color_system().generate(), **theme.variables}
    return {**given, **own_variables(given, ansi=theme.ansi, dark=theme.dark)}


# --- high contrast


@pytest.mark.parametrize("theme", [themes.HIGH_CONTRAST, themes.HIGH_CONTRAST_LIGHT], ids=lambda theme: theme.name)
def test_in_high_contrast_all_text_reaches_seven_to_one(theme: Any) -> None:
    """WCAG 2.2, success criterion 1.4.6 (level AAA): on each ground there is, the row under the cursor included."""
    made = variables_of(theme)
    grounds = [Color.parse(made[name]) for name in (*GROUNDS, "background", "surface")]
    for name in TEXT:
        for ground in grounds:
            assert contrast(Color.parse(made[name]), ground) >= 7, (name, made[name], ground.hex)
    assert contrast(Color.parse(made["ink"]), Color.parse(made["ground-tab"])) >= 7
    assert contrast(Color.parse(made["on-primary"]), Color.parse(made["primary"])) >= 7
    assert contrast(Color.parse(made["on-error"]), Color.parse(made["error"])) >= 7


# --- colour-blind

SIGHTS: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What becomes of linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.0."""
APART = 17.0
"""CIE 1976 colour difference; 2.3 can just be noticed side by side."""


def seen(colour: Color, sight: str) -> tuple[float, float, float]:
    """As L*a*b* (D65), to somebody of that sight."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, linear, strict=True))))
        for row in SIGHTS[sight]
    )
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", [themes.COLOUR_BLIND, themes.COLOUR_BLIND_LIGHT], ids=lambda theme: theme.name)
def test_no_kind_of_sight_mixes_two_meanings_up(theme: Any, sight: str) -> None:
    made = variables_of(theme)
    for one, other in combinations([name for name in TEXT if name != "ink"], 2):
        apart = dist(seen(Color.parse(made[one]), sight), seen(Color.parse(made[other]), sight))
        assert apart >= APART, (one, other, round(apart, 1))


def test_the_usual_colours_would_not_pass_that() -> None:
    made = variables_of(themes.DARK)
    apart = dist(seen(Color.parse(made["busy"]), "no green"), seen(Color.parse(made["warn"]), "no green"))
    assert apart < APART


def test_shapes_alone_tell_states_and_marks_apart() -> None:
    signs = [glyph for glyph, _ in STATES.values()] + [MARK, PREFIX_MARK, "▌"]
    assert len(set(signs)) == len(signs)
    assert READY not in signs
    assert STATES[next(state for state in STATES if state == "planned")][0] == BECOMING
    assert set(ACTIONS) == set(Action)


# --- the terminal's own sixteen


def beyond_sixteen(on: Walk) -> set[str]:
    found = set()
    for strip in on.app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            for colour in (style.color, style.bgcolor) if style else ():
                if colour is not None and colour.type not in (ColorType.DEFAULT, ColorType.STANDARD):
                    found.add(f"{segment.text.strip()[:20]!r} {colour.name}")
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [themes.SIXTEEN.name, themes.SIXTEEN_LIGHT.name])
async def test_sixteen_colours_are_all_that_is_sent(walk: StartWalk, name: str) -> None:
    async with walk("s3://acme-frankfurt-archive", theme=name) as on:
        await on.settled()
        for keys in (["d", "space"], ["2"], ["3"], ["4"], ["1", "question_mark"]):
            await on.press(*keys)
            assert not beyond_sixteen(on), keys
        await on.press("escape")
        await dialog(on)
        assert not beyond_sixteen(on)


# --- by the terminal's background


@pytest.mark.parametrize(
    ("told", "light"),
    [
        ("rgb:ffff/ffff/ffff", True),
        ("rgb:f7/f9/fb", True),
        ("rgb:0000/0000/0000", False),
        ("rgb:2828/2c2c/3434", False),
        ("rgba:fdfd/f6f6/e3e3/ffff", True),
        ("rgb:0/0/0", False),
        ("RGB:FFFF/FFFF/FFFF", True),
        ("rgb:gggg/0/0", None),
        ("#ffffff", None),
        ("", None),
    ],
)
def test_what_is_told_is_light_or_dark(told: str, light: bool | None) -> None:
    assert is_light(told) is light


WHITE, NIGHT = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "\x1b]11;rgb:0000/0000/0000\x07"


@pytest.mark.parametrize("answer", [WHITE, NIGHT])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_no_piece_of_an_answer_is_left_for_the_keys(answer: str, size: int) -> None:
    answers, left, found = Answers(), "", []
    whole = f"ab{answer}\x1b[A{answer}q"
    for at in range(0, len(whole), size):
        text, told = answers.take_out(whole[at : at + size], expecting=True)
        left += text
        found += told
    assert left + answers.rest() == "ab\x1b[Aq"
    assert [one.number for one in found] == [11, 11]


def test_an_escape_is_not_held_when_no_answer_is_expected() -> None:
    assert Answers().take_out("\x1b") == ("\x1b", [])
    held = Answers()
    assert held.take_out("\x1b", expecting=True) == ("", [])
    assert held.rest() == "\x1b"


def test_a_key_that_begins_like_an_answer_comes_through() -> None:
    answers = Answers()
    assert answers.take_out("x\x1b]") == ("x", [])
    assert answers.rest() == "\x1b]"
    assert answers.take_out("\x1b]") == ("", [])
    assert answers.take_out("hello") == ("\x1b]hello", [])


def test_an_answer_that_stops_amid_itself_is_no_key() -> None:
    answers = Answers()
    assert answers.take_out("\x1b]11;rgb:ff") == ("", [])
    assert answers.rest() == ""


def test_an_endless_answer_is_not_kept_for_ever() -> None:
    answers = Answers()
    text, told = answers.take_out("\x1b]11;" + "x" * 5000)
    assert not told
    assert len(text) > 4000


@pytest.mark.parametrize(
    ("env", "may"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "tmux-256color", "TMUX": "1"}, True),
        ({"TERM": "linux"}, False),
        ({"TERM": "screen"}, False),
        ({"TERM": "screen.xterm-256color"}, False),
        ({"TERM": "xterm", "STY": "1.host"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_who_may_be_asked(env: dict[str, str], may: bool) -> None:
    assert may_ask(env) is may


def test_what_some_terminals_tell_without_being_asked() -> None:
    assert said_background({"COLORFGBG": "0;15"}) is True
    assert said_background({"COLORFGBG": "15;default;0"}) is False
    assert said_background({"COLORFGBG": "15;default"}) is None
    assert said_background({}) is None


class Deaf(TerminalDriver):
    """Without a terminal; keeps what it would tell the app."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.written = ""

    def write(self, data: str) -> None:
        self.written += data

    def flush(self) -> None: ...

    def send_message(self, message: Any) -> None:
        self.told.append(message)


def test_only_an_answer_in_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("restoretui.tui.terminal.driver.time.monotonic", lambda: now[0])
    asking = Deaf()
    white = TerminalAnswer(11, "rgb:ffff/ffff/ffff")
    asking._heard(white)
    assert asking.told == [], "nobody asked"
    asking.ask_background()
    assert asking.written == "\x1b]11;?\x1b\\"
    now[0] += 0.19
    asking._heard(TerminalAnswer(10, "rgb:0000/0000/0000"))
    asking._heard(TerminalAnswer(11, "nonsense"))
    asking._heard(white)
    assert [one.is_light for one in asking.told] == [True]
    now[0] += 0.02
    asking._heard(white)
    assert len(asking.told) == 1, "too late"


@pytest.mark.parametrize(("light", "name"), [(True, themes.LIGHT.name), (False, themes.DARK.name)])
async def test_auto_follows_the_background_until_somebody_chooses(walk: StartWalk, light: bool, name: str) -> None:
    async with walk(theme="auto", env={"TERM": "xterm-256color", "COLORFGBG": ""}) as on:
        assert on.app.theme == themes.DARK.name
        assert "no theme" not in on.notice
        on.app.post_message(BackgroundTold(not light))
        await on.until(lambda: on.app.theme != name)
        on.app.post_message(BackgroundTold(light))
        await on.until(lambda: on.app.theme == name)
        on.app.theme = "nord"
        await on.pilot.pause()
        on.app.post_message(BackgroundTold(not light))
        await on.pilot.pause()
        assert on.app.theme == "nord"


async def test_on_a_console_auto_takes_its_sixteen_colours(walk: StartWalk) -> None:
    async with walk(theme="auto", env={"TERM": "linux"}) as on:
        await on.sees("8 buckets")
        assert on.app.theme == themes.SIXTEEN.name
        assert not on.app._asks_background


async def test_a_theme_chosen_on_screen_is_found_again_until_the_config_says_otherwise(walk: StartWalk) -> None:
    async with walk(theme="auto") as on:
        on.app.theme = themes.COLOUR_BLIND.name
        await on.until(lambda: on.app.remembered._path is not None and on.app.remembered._path.exists())
        await on.sees(" buckets  ")
        running = on.sandbox
    async with walk(theme="auto", running=running) as on:
        assert on.app.theme == themes.COLOUR_BLIND.name
        await on.sees(" buckets  ")
    async with walk(theme="nord", running=running) as on:
        assert on.app.theme == "nord"
        await on.sees(" buckets  ")


# --- density


async def test_spaced_rows_are_marked_clicked_and_scrolled_as_close_ones(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive", density="comfortable", size=(100, 30)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.sees("sendung-0001")
        table = on.app.main.query_one(BrowsePane).table
        top = table.region.y
        lines = on.lines()
        assert "sendung-0000" in lines[top + 1]
        assert not lines[top + 2].strip("▂▁▃▄▅▆▇█ ")
        assert "sendung-0001" in lines[top + 3]
        await on.pilot.click("#objects", offset=(40, 5))
        assert table.cursor == 2
        await on.press("space")
        await on.sees("1 marked")
        assert MARK in on.lines()[top + 5]
        await on.press("G")
        await on.until(lambda: any("▌" in line for line in on.lines()))
        assert table.cursor == table.count - 1
        shown = [line for line in on.lines()[top:] if "sendung" in line]
        assert "▌" in shown[-1]
        assert len(shown) == table.height_of_rows
        await on.pilot.resize_terminal(100, 24)
        await on.until(lambda: table.lines_a_row == 1)
        await on.until(lambda: len([line for line in on.lines()[top:] if "sendung" in line]) > len(shown))
        assert any("▌" in line for line in on.lines())


async def test_density_is_turned_in_the_palette_and_remembered(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive", size=(100, 30)) as on:
        await on.settled()
        table = on.app.main.query_one(BrowsePane).table
        await on.press("ctrl+p", *"density")
        await on.sees("more or less room")
        await on.press("enter")
        await on.until(lambda: table.lines_a_row == 2)
        path = on.app.remembered._path
        await on.until(lambda: path is not None and path.exists())
        running = on.sandbox
    async with walk("s3://acme-frankfurt-archive", size=(100, 30), running=running) as on:
        await on.settled()
        await on.until(lambda: on.app.main.query_one(BrowsePane).table.lines_a_row == 2)
