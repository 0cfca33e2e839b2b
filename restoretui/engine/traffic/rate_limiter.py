"""A rate limiter for restore requests: a leaky bucket whose rate halves on SlowDown and creeps back."""

import asyncio
from collections import deque
from collections.abc import Mapping

from restoretui.core.clock import Clock

BURST = 0.1
"""Seconds a burst may cover: the bucket never lets more than a tenth of the rate through at once."""
SLICE = 0.02
"""Seconds of requests let through together: a timer and a turn of the event loop for each would cost more than the
request itself. Few enough that keys are answered in between."""
LOWEST = 1.0
RECOVER_AFTER = 5.0
"""Machine seconds without throttling before the rate grows by a tenth."""
MOST_STEPS = 200
"""From the lowest rate to any that can be meant."""
_INSTANT = 1e-6
"""Seconds that are none."""
HALVE_EVERY = 1.0
"""All refusals within this many seconds are one sign, not many."""


class RateLimiter:
    """A leaky bucket in requests a second, adapting between ``LOWEST`` and ``limit``."""

    def __init__(self, limit: float, clock: Clock, lanes: Mapping[str, float] | None = None) -> None:
        """``lanes``: storage classes of which the cloud takes fewer, with how many requests a second."""
        self._lanes = {kind: _Bucket(min(rate, limit)) for kind, rate in (lanes or {}).items()}
        self.limit = limit
        self.rate = limit
        self.throttled = 0
        """Refusals so far."""
        self._clock = clock
        self._changed_at = clock.monotonic()
        self._limiter = _Bucket(self.rate)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._letting: asyncio.Task[None] | None = None

    @property
    def is_slowed(self) -> bool:
        """The cloud made us slower than asked."""
        return self.rate < self.limit

    async def turn(self, storage_class: str = "") -> None:
        """Wait for the turn of the next request, about an object of that class."""
        if lane := self._lanes.get(storage_class):
            await lane.acquire()
        if self.is_slowed:
            quiet = self._clock.monotonic() - self._changed_at
            if quiet >= RECOVER_AFTER:
                # For every such while without a refusal, idle ones too.
                steps = min(int(quiet / RECOVER_AFTER), MOST_STEPS)
                self._set(min(self.limit, self.rate * 1.1**steps))
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        if self._letting is None or self._letting.done():
            self._letting = asyncio.create_task(self._let_through(), name="rate limiter")
        await turn

    def slow_down(self) -> None:
        """The cloud refused a request for its rate."""
        self.throttled += 1
        if self.rate == self.limit or self._clock.monotonic() - self._changed_at >= HALVE_EVERY:
            self._set(max(LOWEST, self.rate / 2))

    async def _let_through(self) -> None:
        """For as long as somebody waits: a slice's worth of them at a time."""
        await asyncio.sleep(
            0
        )  # Whoever asks in this turn of the event loop goes along, also where tasks begin at once.
        while self._waiting:
            number = min(len(self._waiting), max(1, int(self.rate * SLICE)))
            await self._limiter.acquire(number)
            while number and self._waiting:
                turn = self._waiting.popleft()
                if not turn.done():  # else whoever waited has given up
                    turn.set_result(None)
                    number -= 1

    def _set(self, rate: float) -> None:
        self.rate = rate
        self._changed_at = self._clock.monotonic()
        self._limiter = _Bucket(self.rate)


class _Bucket:
    """Leaky bucket: takes ``BURST`` seconds' worth at once, leaks at ``rate`` a second, by the loop's time."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._room = max(1.0, rate * BURST)
        self._level = 0.0
        self._leaked_at = 0.0
        self._in_turn = asyncio.Lock()

    async def acquire(self, amount: int = 1) -> None:
        """Wait until so many more fit in; whoever came first goes first."""
        now = asyncio.get_running_loop().time
        async with self._in_turn:
            while True:
                at = now()
                self._level = max(0.0, self._level - (at - self._leaked_at) * self._rate)
                self._leaked_at = at
                # A rounding error of the loop's time must not become a turn of waiting for nothing.
                if (wait := (self._level + amount - self._room) / self._rate) <= _INSTANT:
                    break
                await asyncio.sleep(wait)
            self._level += amount
