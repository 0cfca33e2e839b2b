"""What makes the demo a story: its clock, which hurries once there is something to wait for, and the next hint."""

from typing import NamedTuple, Protocol

from restoretui.core.clock import SLOWLY

SPEEDS = (SLOWLY, 600.0, 3600.0)
"""Cloud seconds a second, one key press apart."""
OWN = "restoretui s3://BUCKET/PREFIX/"
"""How somebody's own objects are opened."""


class Pace(Protocol):
    """How fast the clouds of the demo live."""

    @property
    def speed(self) -> float:
        """Cloud seconds a second."""
        ...

    async def turn(self, speed: float) -> None:
        """From now on at that speed; OSError where nothing answers any more."""
        ...


class Scene(NamedTuple):
    """Where somebody is in the demo."""

    in_bucket: bool
    shows_all: bool
    """Every key below is listed, or a filter is on."""
    marked: int
    asked: int
    """Runs begun."""
    under_way: int
    """Runs that something is awaited of."""


class DemoStory:
    """One demo's. With ``hurries`` the clock goes by itself from a minute a second to an hour a second."""

    def __init__(self, pace: Pace, *, hurries: bool) -> None:
        self.pace = pace
        self._hurries = hurries

    @property
    def badge(self) -> str:
        """What kind of session this is, and how time goes in it."""
        return f"DEMO 1 s = {said_duration(self.pace.speed)}"

    def next_speed(self) -> float:
        """The one after the present, from the fastest back to the slowest."""
        return next((speed for speed in SPEEDS if speed > self.pace.speed), SPEEDS[0])

    async def see(self, scene: Scene) -> bool:
        """Hurry once a restore is under way; tells whether the clock was turned. Raises as ``Pace.turn``."""
        if not (self._hurries and scene.under_way):
            return False
        self._hurries = False
        if self.pace.speed >= SPEEDS[-1]:
            return False
        await self.pace.turn(SPEEDS[-1])
        return True

    async def step(self) -> None:
        """Somebody turns the clock, who from then on is left alone with it. Raises as ``Pace.turn``."""
        self._hurries = False
        await self.pace.turn(self.next_speed())


def hint(scene: Scene) -> str:
    """What to try next, in one line of 76 cells at most."""
    if scene.under_way:
        return "2 shows how it goes · > turns the clock · q leaves, nothing here is real"
    if scene.asked:
        return f"that is all there is to it; your own archive: {OWN}"
    if scene.marked:
        return "r shows what that costs and how long it takes; enter goes on, esc does not"
    if scene.shows_all:
        return "a marks all that is shown, space one; then r restores what is marked"
    if scene.in_bucket:
        return "S sums up what is archived · A marks all of it · d lists all keys below"
    return "enter opens a bucket; acme-media-archive holds films, nobody's real ones"


def said_duration(seconds: float) -> str:
    """Short words for so many seconds: 1 min, 10 min, 1 h, 90 s."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"
