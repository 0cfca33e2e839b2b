"""Turning the clock while requests cross the loopback."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from restoretui.core.clock import Clock, ManualClock
from tests.settling import settle

SMALL = 5.0
"""Seconds."""


class TurnedClock(ManualClock):
    """Turned by the test, but for leases: those are between processes, and so in true time."""

    def wall(self) -> float:
        return time.time()


def hands(clock: Clock) -> ManualClock:
    """That clock, as one that the test turns."""
    assert isinstance(clock, ManualClock)
    return clock


async def turn(
    clock: Clock, done: Callable[[], bool | Awaitable[bool]], *, step: float = 600.0, most: int = 4000
) -> None:
    """Turn the clock in steps, each when all that the last one set going is over, until ``done``.

    Requests are paced in true time. A small step is for seeing them go out one by one; a large one lets all go first.
    """
    paced = step < SMALL
    turned = hands(clock)
    for _ in range(most):
        answer = done()
        if answer if isinstance(answer, bool) else await answer:
            return
        await asyncio.sleep(0.004 if paced else 0)
        await settle(timers_s=0 if paced else 0.06)
        await turned.advance(step, settle=2)
    raise AssertionError("it never came to that")
