"""A rate limiter for restore requests: no more than so many in any second, and a rate that halves on SlowDown.

What a cloud documents is a number of requests a second, not a distance between two of them (FACTS 1.6). So where
nothing went out for a second, a second's worth goes at once, and what comes behind it evenly. After the first refusal
all does: what was documented is not what holds.
"""

import asyncio
from collections import deque
from collections.abc import Mapping

from restoretui.core.clock import Clock

BURST = 0.1
"""Of what goes evenly, seconds' worth that may come at once: so much is made up for when we were held up."""
UNDER_WAY = 0.1
"""Seconds that the first of many requests may have taken to the cloud since they were counted here."""
SLICE = 0.02
"""Seconds of requests let through together: a timer and a turn of the event loop for each would cost more than the
request itself. Few enough that keys are answered in between."""
NAP = 0.05
"""Longest sleep while a burst is waited for, in seconds."""
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
    """So many requests a second, adapting between ``LOWEST`` and ``limit``."""

    def __init__(self, limit: float, clock: Clock, lanes: Mapping[str, float] | None = None) -> None:
        """``lanes``: storage classes of which the cloud takes fewer, with how many requests a second."""
        self._lanes = {kind: _Bucket(min(rate, limit)) for kind, rate in (lanes or {}).items()}
        self.limit = limit
        self.rate = limit
        self.throttled = 0
        """Refusals so far."""
        self._clock = clock
        self._changed_at = clock.monotonic()
        self._pace = _Pace(self.rate)
        self._loop: asyncio.AbstractEventLoop | None = None
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
        # To ask for the running loop asks the system who we are, each time.
        loop = self._loop = self._loop or asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if self._letting is None or self._letting.done():
            self._letting = asyncio.create_task(self._let_through(), name="rate limiter")
        await turn

    def others_sent(self, number: int) -> None:
        """So many requests of this program left within the last second, those of this limiter among them."""
        now = asyncio.get_running_loop().time()
        self._pace.note(max(0, number - self._pace.gone(now)), now)

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
        self._pace.begin()
        while self._waiting:
            number = min(len(self._waiting), max(1, int(self.rate * SLICE)))
            await self._pace.acquire(number)
            while number and self._waiting:
                turn = self._waiting.popleft()
                if not turn.done():  # else whoever waited has given up
                    turn.set_result(None)
                    number -= 1

    def _set(self, rate: float) -> None:
        self.rate = rate
        self._changed_at = self._clock.monotonic()
        self._pace = _Pace(self.rate, is_even=True)


class _Pace:
    """At most ``rate`` in any second: at once while there is room, evenly once there was none. By the loop's time."""

    def __init__(self, rate: float, *, is_even: bool = False) -> None:
        """``is_even``: always evenly."""
        self._most = max(1, int(rate))
        self._span = self._most / rate
        """Seconds in which so many may go: one, but for rates that are no whole number."""
        self._even = _Bucket(rate)
        self._is_always_even = self._is_even = is_even
        self._gone: deque[tuple[float, int]] = deque()
        """When how many went, within the span."""
        self._number = 0

    def begin(self) -> None:
        """Nobody was waiting until now."""
        if not self.gone(asyncio.get_running_loop().time()):
            self._is_even = self._is_always_even

    async def acquire(self, amount: int) -> None:
        """Wait until so many more may go, of those that may go together; for one caller at a time."""
        now = asyncio.get_running_loop().time
        if not self._is_even and (wait := self._wait(amount, now())) > 0:
            self._is_even = True
            await _rest(wait + UNDER_WAY)
        if self._is_even:
            await self._even.acquire(amount)
            await _rest(self._wait(amount, now()))
        else:
            await asyncio.sleep(0)  # Keys are answered in between.
        self.note(amount, now())

    def note(self, amount: int, at: float) -> None:
        """So many went."""
        if amount:
            self._gone.append((at, amount))
            self._number += amount

    def gone(self, at: float) -> int:
        """How many went within the span before ``at``."""
        while self._gone and self._gone[0][0] <= at - self._span:
            self._number -= self._gone.popleft()[1]
        return self._number

    def _wait(self, amount: int, at: float) -> float:
        """Seconds until so many more are not too many."""
        surplus = self.gone(at) + amount - self._most
        wait = 0.0
        for since, number in self._gone:
            if surplus <= 0:
                break
            wait = since + self._span - at
            surplus -= number
        return wait


async def _rest(seconds: float) -> None:
    """In naps: who turns a clock lets such short ones pass, since requests are paced in true time."""
    now = asyncio.get_running_loop().time
    end = now() + seconds
    while (left := end - now()) > _INSTANT:  # noqa: ASYNC110 - no event ends it
        await asyncio.sleep(min(left, NAP))


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
