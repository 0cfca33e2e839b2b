"""The header's second line: where we are, and how the background is doing."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from restoretui.tui.widgets.bar import Bar
from restoretui.tui.words import READY, Part, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean

if TYPE_CHECKING:
    from restoretui.engine.traffic.health import Health

SOON = timedelta(seconds=5)
"""What is due for longer is being done."""


class PlaceBar(Bar):
    """Location on the left; health, what watching cost so far, and when the next look is due on the right."""

    class Clicked(Message):
        """A cell of it was."""

        def __init__(self, cell: int) -> None:
            super().__init__()
            self.cell = cell
            """From where the place begins."""

    def __init__(self) -> None:
        super().__init__(id="place")
        self._place: list[Part] = []
        self._health: Health | None = None
        """None before there is a background."""
        self._before: Part = ("opening …", "dim")
        self._light: Part | None = None
        self._over: Part | None = None
        self._is_stopped = False
        self._is_due = False
        self._silence: tuple[str, int] | None = None

    def on_mount(self) -> None:
        self._say()

    def on_click(self, event: events.Click) -> None:
        """Posts ``Clicked`` with the cell, which a pane makes a place of."""
        self.post_message(self.Clicked(event.x - self.styles.padding.left))

    def go(self, *place: Part, light: Part | None = None) -> None:
        """We are there now; ``light`` says what is on its way there, or what failed."""
        self._place, self._light = list(place), light
        self._say()

    def over(self, light: Part | None) -> None:
        """What failed in a box in front of that place; None when the box closes."""
        self._over = light
        self._say()

    def not_open(self) -> None:
        """There will be no background."""
        self._health, self._before = None, ("✗ not open", "bad")
        self._say()

    def tell(self, health: "Health", now: datetime, *, stopped: bool = False) -> bool:
        """The background is doing so, or has stopped for good; tells whether that is anything new."""
        self._health, self._is_stopped = health, stopped
        self._is_due = health.next_look_at is not None and now - health.next_look_at > SOON
        return self._say()

    def silent(self, silence: tuple[str, float] | None) -> bool:
        """That is awaited, and did not come for so many machine seconds; tells whether that is anything new."""
        self._silence = None if silence is None else (silence[0], int(silence[1]))
        return self._say()

    def _say(self) -> bool:
        if self._health is None:
            return self.show(said(*self._place), said(self._before))
        return self.show(said(*self._place), *(said(*wording) for wording in self._wordings(self._health)))

    def _wordings(self, health: "Health") -> list[list[Part]]:
        state: list[Part] = [self._state(health)]
        if self._silence is not None and health.level not in ("paused", "slow"):
            awaited, since = clean(self._silence[0]), self._silence[1]
            long = f"{since} s" if since < fmt.MINUTE else fmt.duration(since)
            late: Part = (f"no {awaited.partition(' ')[0]} for {long}", "warn")
            return [[*state, (f" · no {awaited} for {long}", "warn")], [*state, " · ", late], [late]]
        calls = health.list_calls + health.head_calls
        cost: list[Part] = []
        if calls:
            cost = [(f" · {fmt.plural(calls, 'call')}", "dim"),
                    (f" ({health.list_calls} LIST {health.head_calls} HEAD)", "dim")]  # fmt: skip
        due: list[Part] = []
        if health.next_look_at is not None:
            due = [(" · looking" if self._is_due else f" · next {fmt.time_of_day(health.next_look_at)[:5]}", "dim")]
        why: list[Part] = [(f": {health.reason}", "dim")] if due and health.reason else []
        return [state + cost + due + why, state + cost + due, state + cost[:1] + due, state + due, state]

    def _state(self, health: "Health") -> Part:
        """The worst there is: no green light beside a failure."""
        if self._is_stopped:
            return "✗ stopped", "bad"
        if health.level != "paused":
            light = self._over or self._light
            if light is not None:
                return light
        return _state(health)


def _state(health: "Health") -> Part:
    if health.level == "paused":
        return "‖ paused", "warn"
    if health.level == "slow":
        return f"▼ throttled, {health.rate:.0f}/s", "warn"
    if health.throttled:
        return f"{READY} {health.text or 'watching'}, throttled {health.throttled}×", "ok"
    if health.level == "busy":
        return f"◑ {health.text or 'watching'}", "busy"
    return f"{READY} {health.text or 'ready'}", "ok"
