"""Time is injected: nothing in restoretui asks the system for it except ``SystemClock`` and ``ScaledClock``.

Two times are told apart. *Cloud time* is what restores take and expiries are written in; in the sandbox it
runs faster than the wall. *Machine time* paces requests, back-off and repaints, and never runs fast.
"""

import asyncio
import heapq
import math
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

EPOCH = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
"""When time begins in the sandbox and in tests unless told otherwise: the same on whatever day they run."""


class Clock(Protocol):
    """The only source of time for the engine, the watcher and the screens."""

    def now(self) -> datetime:
        """The cloud's time: an aware UTC instant."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for that much cloud time."""
        ...

    def monotonic(self) -> float:
        """Machine time in seconds from an arbitrary start; never goes back."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait for that much machine time."""
        ...

    def wall(self) -> float:
        """Machine time in seconds since the epoch, comparable between processes of one machine."""
        ...


class SystemClock:
    """Cloud time is machine time, as with every real cloud."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    monotonic = staticmethod(time.monotonic)  # itself, since it is asked several times a request

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    wall = staticmethod(time.time)  # so is this


class ScaledClock(SystemClock, Struct, frozen=True):
    """Cloud time that runs ``speed`` times as fast as the machine's, from ``origin`` at wall time ``started``.

    The sandbox publishes its three numbers as ``RESTORETUI_CLOCK`` so that a client waits in the same time.
    """

    speed: float
    origin: datetime
    started: float

    @classmethod
    def parse(cls, text: str) -> "ScaledClock":
        """Read what ``str()`` wrote: ``SPEED@ORIGIN@STARTED``. ValueError when it is anything else."""
        speed, origin, started = text.split("@")
        clock = cls(float(speed), datetime.fromisoformat(origin), float(started))
        if not (0 < clock.speed <= FASTEST and math.isfinite(clock.started)) or clock.origin.tzinfo is None:
            raise ValueError(f"{text!r} is not a clock")
        return replace(clock, origin=clock.origin.astimezone(UTC))

    def __str__(self) -> str:
        return f"{self.speed!r}@{self.origin.isoformat()}@{self.started!r}"

    def now(self) -> datetime:
        """From the system's wall clock, so that it agrees between processes."""
        return self.origin + timedelta(seconds=(time.time() - self.started) * self.speed)

    async def sleep(self, seconds: float) -> None:
        """``seconds`` of cloud time: ``seconds / speed`` on the machine's."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)


SLOWLY = 60.0
"""Cloud seconds a second at which somebody can look around: a minute a second."""
FASTEST = 1e9
"""Cloud seconds a second; dates run out soon enough."""


class AdjustableClock(SystemClock):
    """A scaled clock whose speed may change while it runs: whoever sleeps by it goes on at the new one.

    For one event loop: the demo's and the sandbox's.
    """

    def __init__(self, pace: ScaledClock) -> None:
        self.pace = pace
        """How cloud time runs at present."""
        self._changed = asyncio.Event()

    def keep(self, pace: ScaledClock) -> None:
        """Go by ``pace`` from now on."""
        self.pace = pace
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def turn(self, speed: float) -> None:
        """Go on from the present instant, ``speed`` cloud seconds a second."""
        self.keep(ScaledClock(speed, self.pace.now(), time.time()))

    def now(self) -> datetime:
        return self.pace.now()

    async def sleep(self, seconds: float) -> None:
        """Wait for that much cloud time, however often the speed changes; on the loop that turns the clock."""
        slept = 0.0
        while slept < seconds:
            pace, begun, changed = self.pace, time.monotonic(), self._changed
            try:
                async with asyncio.timeout((seconds - slept) / pace.speed):
                    await changed.wait()
            except TimeoutError:
                return
            slept += (time.monotonic() - begun) * pace.speed
        await asyncio.sleep(0)


class ManualClock(Struct):
    """A clock the tests turn: cloud and machine time are one, and move only by ``advance``."""

    time: datetime = EPOCH
    _elapsed: float = 0.0
    _sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _count: int = 0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self._elapsed

    def wall(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Wait until ``advance`` has moved time so far; 0 or less lets the loop turn once."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._count, future))
        await future

    async def pause(self, seconds: float) -> None:
        """The same as ``sleep``: here machine time is cloud time."""
        await self.sleep(seconds)

    async def advance(self, seconds: float, settle: int = 20) -> None:
        """Move time forward, waking sleepers in their order and letting the loop turn ``settle`` times at each."""
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._move(max(due, self._elapsed))
            if not future.done():
                future.set_result(None)
            for _ in range(settle):
                await asyncio.sleep(0)
        self._move(end)
        for _ in range(settle):
            await asyncio.sleep(0)

    def _move(self, elapsed: float) -> None:
        self.time += timedelta(seconds=elapsed - self._elapsed)
        self._elapsed = elapsed
