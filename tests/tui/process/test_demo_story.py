"""The demo as somebody new meets it: a hint for each step, and a clock that hurries when it is time."""

import pytest

from restoretui.tui.process.demo_guide import DemoGuide
from restoretui.tui.process.demo_story import SPEEDS, DemoStory, Scene, hint, said_duration
from tests.tui.conftest import StartWalk

OUTSIDE = Scene(in_bucket=False, shows_all=False, marked=0, asked=0, under_way=0)
UNDER_WAY = Scene(in_bucket=True, shows_all=True, marked=0, asked=1, under_way=1)


class TurnedPace:
    """Turned in no time."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.turned: list[float] = []

    async def turn(self, speed: float) -> None:
        self.speed = speed
        self.turned.append(speed)


@pytest.mark.parametrize(
    ("scene", "names"),
    [
        (OUTSIDE, "enter opens"),
        (OUTSIDE._replace(in_bucket=True), "S sums up"),
        (OUTSIDE._replace(in_bucket=True, shows_all=True), "a marks"),
        (OUTSIDE._replace(in_bucket=True, marked=3), "r shows"),
        (UNDER_WAY, "2 shows"),
        (UNDER_WAY._replace(under_way=0), "restoretui s3://"),
    ],
)
def test_each_step_has_its_hint_and_it_fits_80_columns(scene: Scene, names: str) -> None:
    assert names in hint(scene)
    assert len(hint(scene)) <= 76


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(60, "1 min"), (600, "10 min"), (3600, "1 h"), (86_400, "1 d"), (90, "90 s"), (0.5, "0.5 s")],
)
def test_speeds_are_said_in_short(seconds: float, words: str) -> None:
    assert said_duration(seconds) == words


async def test_time_hurries_once_and_is_then_whoever_turns_it_s() -> None:
    pace = TurnedPace(SPEEDS[0])
    story = DemoStory(pace, hurries=True)
    assert not await story.see(OUTSIDE)
    assert await story.see(UNDER_WAY)
    await story.step()
    assert not await story.see(UNDER_WAY)
    assert pace.turned == [SPEEDS[-1], SPEEDS[0]]


async def test_a_speed_that_was_given_is_kept() -> None:
    pace = TurnedPace(120.0)
    assert not await DemoStory(pace, hurries=False).see(UNDER_WAY)
    assert pace.turned == []


async def test_it_is_told_on_the_screens(walk: StartWalk) -> None:
    async with walk(size=(80, 24)) as on:
        pace = TurnedPace(SPEEDS[0])
        on.app._demo = DemoGuide(
            on.app, DemoStory(pace, hurries=True), lambda: on.app.tab_bar.rebadge(on.app._badges())
        )
        await on.sees("enter opens a bucket")
        await on.press("greater_than_sign")
        await on.sees("DEMO 1 s = 10 min", "the clock is turned")
        assert pace.turned == [600.0]


async def test_nothing_of_it_is_shown_to_others(walk: StartWalk) -> None:
    async with walk(size=(80, 24)) as on:
        await on.press("greater_than_sign")
        await on.hours(1)
        assert on.notice == ""
        assert "DEMO" not in on.text
