"""A circuit breaker for all requests of one connection, which holds them up while credentials or network are away.

====================  =====================================================================================
Closed                All requests pass.
Open                  A request met what every other would meet, too: all wait, 2 s, doubled up to 60 s.
Half-open             The wait is over and one request, the probe, passes. Its answer closes the breaker, its
                      failure opens it anew.
====================  =====================================================================================

A ticket is the breaker's generation: what becomes of a request of an older one proves nothing about the time since.
"""

import asyncio
from types import TracebackType
from typing import Self

from restoretui.core.clock import Clock
from restoretui.core.errors import (
    AccountRefused,
    CloudError,
    ConnectionLost,
    CredentialsError,
    MalformedAnswer,
    ServerFault,
    Throttled,
    Unreachable,
)
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.waits import first_of
from restoretui.engine.traffic.watchdog import Watchdog

TRANSIENT = (Throttled, ServerFault, ConnectionLost, MalformedAnswer)
"""Problems of one request: the next try may succeed, others are not held up."""
COMMON = (CredentialsError, AccountRefused, Unreachable)
"""Problems every request would meet: all wait at the breaker."""
NO_ANSWER = TRANSIENT + COMMON
"""What says nothing about what was asked: repeated, and where patience is over an end for all that is asked there."""

FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Machine seconds between probes; doubled at each failure."""
LONGEST_ATTENDED = 5.0
"""The same while a command waits whose patience ends: it must not end just before what it waits for is back."""
SHOWN_AFTER = 3.0
"""Machine seconds without a usable answer after which a trouble of single requests is one of the connection."""


class CircuitBreaker:
    """Pauses every caller instead of failing them; when the wait is over, one goes ahead as the probe.

    ``enter`` hands out a ticket. A request that left before it opened proves nothing about the time since:
    by its ticket what becomes of it is told from what becomes of the probe.
    """

    def __init__(self, clock: Clock, watchdog: Watchdog | None = None) -> None:
        self.problem: CloudError | None = None
        self.watchdog = watchdog or Watchdog(clock)
        """Told of every answer, and of all that comes instead."""
        self._clock = clock
        self._wait = FIRST_WAIT
        self._retry_at = 0.0
        self._probing = False
        self.ticket = 0
        """The generation now: what a request that passes has with it."""
        self._changed = asyncio.Event()

    @property
    def retry_in(self) -> float:
        """Machine seconds until the next probe; 0 when closed."""
        return max(0.0, self._retry_at - self._clock.monotonic()) if self.problem else 0.0

    def passing(self, health: HealthBoard) -> "Passage":
        """Around one request: waits for its turn to go, and judges by how it ends what becomes of all others.

        The one place where a request's end meets the breaker, whether it reads or sends.
        """
        return Passage(self, health)

    def judge(self, error: BaseException | None, ticket: int, health: HealthBoard) -> bool:
        """What the end of a request means for all others; True when it met their trouble, and was the first to."""
        try:
            if error is None or (isinstance(error, CloudError) and not isinstance(error, NO_ANSWER)):
                self.answered(ticket, health)  # A refusal is an answer, too.
            elif isinstance(error, COMMON):
                self.watchdog.failed(error)
                has_tripped = self.trip(error, ticket)
                if self.problem is not None:
                    health.trouble(self, "paused", self.watchdog.told(str(error)), error.hint)
                return has_tripped
            elif isinstance(error, TRANSIENT):
                self._let_in(ticket, health)
                self.watchdog.failed(error)
                if not isinstance(error, Throttled) and self.watchdog.silent_for >= SHOWN_AFTER:
                    health.trouble(self.watchdog, "paused", self.watchdog.told(str(error)), error.hint)
            return False
        finally:
            # After the answer was judged: this ends the probe and makes its ticket an old one. And neither a
            # cancelled request nor a defect says anything about the cloud.
            self.left(ticket)

    def answered(self, ticket: int, health: HealthBoard) -> None:
        """The request was answered, be it by a refusal."""
        self.watchdog.answered()
        if health.troubles:
            health.well(self.watchdog)
        if self.problem is not None:
            self._let_in(ticket, health)

    def _let_in(self, ticket: int, health: HealthBoard) -> None:
        if self.close(ticket):
            health.well(self)

    async def enter(self) -> int:
        """A ticket, once a request may be tried; then ``close`` or ``trip`` by it, and ``left`` in any case."""
        while self.problem is not None:
            if not self._probing and self.retry_in == 0:
                self._probing = True
                break
            changed = self._changed.wait()
            if self._probing:
                await changed
            else:
                await first_of(changed, self._clock.pause(self.retry_in))
        return self.ticket

    def trip(self, problem: CloudError, ticket: int | None = None) -> bool:
        """A request met a problem that every other would meet too. True when the breaker was closed until now."""
        if ticket is not None and ticket != self.ticket:
            return False
        first = self.problem is None
        if first or self._probing:
            longest = LONGEST_WAIT if self.watchdog.left is None else LONGEST_ATTENDED
            self._wait = FIRST_WAIT if first else min(self._wait * 2, longest)
            self._retry_at = self._clock.monotonic() + self._wait
            self._probing = False
        self.problem = problem
        self._turn()
        return first

    def close(self, ticket: int | None = None) -> bool:
        """A request got an answer. True when the breaker was open until now."""
        if self.problem is None or (ticket is not None and ticket != self.ticket):
            return False
        self.problem = None
        self._probing = False
        self._turn()
        return True

    def left(self, ticket: int | None = None) -> None:
        """The request is over. If it was the probe and ended without an answer either way, another may go."""
        if self._probing and (ticket is None or ticket == self.ticket):
            self._probing = False
            self._turn()

    def _turn(self) -> None:
        self.ticket += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Passage:
    """One request's way through the breaker; entered for each, which is why it is no generator."""

    __slots__ = ("_breaker", "_health", "_ticket", "has_tripped")

    def __init__(self, breaker: CircuitBreaker, health: HealthBoard) -> None:
        self._breaker = breaker
        self._health = health
        self.has_tripped = False
        """It met a problem that every other would meet too, and was the first to."""

    async def __aenter__(self) -> Self:
        breaker = self._breaker
        if breaker.problem is None:
            self._ticket = breaker.ticket
            return self
        with breaker.watchdog.waiting():
            self._ticket = await breaker.enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        breaker = self._breaker
        if error is None and breaker.problem is None:  # as nearly always
            breaker.answered(self._ticket, self._health)
        else:
            self.has_tripped = breaker.judge(error, self._ticket, self._health)
