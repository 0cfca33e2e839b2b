"""Turning the clock while requests cross the loopback."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from restoretui.core.clock import ManualClock


class TurnedClock(ManualClock):
    """Turned by the test, but for leases: those are between processes, and so in true time."""

    def wall(self) -> float:
        return time.time()


async def turn(
    clock: Any, done: Callable[[], bool | Awaitable[bool]], *, step: float = 600.0, most: int = 4000
) -> None:
    """Turn the clock in steps, with the network in between, until ``done``."""
    assert isinstance(clock, ManualClock)
    for _ in range(most):
        answer = done()
        if answer if isinstance(answer, bool) else await answer:
            return
        await asyncio.sleep(0.004)
        await clock.advance(step, settle=2)
    raise AssertionError("it never came to that")
