"""Retries for reading requests (LIST, HEAD): paused by the circuit breaker, repeated with back-off, never lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from restoretui.core.clock import Clock
from restoretui.core.errors import AccountRefused, CloudError, CredentialsError, MalformedAnswer, Throttled, Untrusted
from restoretui.engine.traffic.backoff import persist_after
from restoretui.engine.traffic.circuit_breaker import LONGEST_ATTENDED, NO_ANSWER, CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.watchdog import Watchdog

log = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_BACKOFF = 30.0
SAME_TWICE_MORE = 3
"""The same unreadable answer, or certificate of nobody we know, so often in a row: the next would be no other."""


class Asking(Protocol):
    """How to put a question to a cloud: once, or until there is an answer."""

    async def __call__(self, read: Callable[[], Awaitable[T]], *, over: tuple[type[CloudError], ...] = ...) -> T:
        """The answer; ``over`` is what to repeat it after."""
        ...


async def once(read: Callable[[], Awaitable[T]], *, over: tuple[type[CloudError], ...] = NO_ANSWER) -> T:
    """Ask a single time: for screens, where a person sees what came of it and asks again."""
    del over
    return await read()


class OneRead:
    """The same of one connection, which is told of while no answer comes (``Watchdog.silent_for``)."""

    def __init__(self, watchdog: Watchdog) -> None:
        self._watchdog = watchdog

    async def __call__(
        self, read: Callable[[], Awaitable[T]], *, over: tuple[type[CloudError], ...] = NO_ANSWER
    ) -> T:
        """The answer to ``read``; raises what it raises."""
        del over
        with self._watchdog.waiting():
            return await read()


class RetryingReads:
    """Repeats reads until the cloud answers; an answer that is a refusal is raised.

    ``bounded``: patience has an end (``engine.watchdog``), and so have wrong credentials, unreadable answers and
    untrusted certificates, which waiting does not mend. What stood in the way is raised then, always one of
    ``NO_ANSWER``.
    """

    def __init__(self, clock: Clock, breaker: CircuitBreaker, health: HealthBoard, *, bounded: bool = False) -> None:
        self._clock = clock
        self._breaker = breaker
        self._health = health
        self._bounded = bounded and breaker.watchdog.patience is not None

    async def __call__(
        self, read: Callable[[], Awaitable[T]], *, over: tuple[type[CloudError], ...] = NO_ANSWER
    ) -> T:
        """The answer to ``read``; raises what no repetition can mend (denied, not found, refused).

        ``over`` is what it is repeated after: less than all for what must not be asked twice.
        """
        watchdog, health = self._breaker.watchdog, self._health
        try:
            with watchdog.waiting(bounded=self._bounded):
                try:
                    async with self._breaker.passing(health):
                        answer = await read()
                except NO_ANSWER as error:
                    self._tell(error)
                    if not isinstance(error, over):
                        raise
                    first = error
                else:
                    if health.troubles:
                        health.well(self)
                    return answer
                return await self._again(first, read, over)
        finally:
            if health.troubles and not watchdog.is_waiting:
                # Given up, or called off: what nobody waits for is no trouble any more.
                health.well(watchdog)
                health.well(self)

    async def _again(
        self, first: CloudError, read: Callable[[], Awaitable[T]], over: tuple[type[CloudError], ...]
    ) -> T:
        """Until there is an answer; set up only where the ``first`` attempt failed, as nearly none does."""
        trial = _Trial(self._breaker, bounded=self._bounded)
        trial.failed(first)

        async def attempt() -> T:
            try:
                async with self._breaker.passing(self._health):
                    answer = await read()
            except NO_ANSWER as error:
                trial.failed(error)
                self._tell(error)
                raise
            self._health.well(self)
            return answer

        return await persist_after(
            first,
            attempt,
            over=over,
            longest=LONGEST_ATTENDED if self._bounded else LONGEST_BACKOFF,
            rest=self._rest,
            enough=lambda: trial.is_enough,
        )

    def _tell(self, error: CloudError) -> None:
        if isinstance(error, Throttled):
            self._health.refused()
            self._health.trouble(self, "slow", self._breaker.watchdog.told(str(error)), error.hint)

    async def _rest(self, seconds: float) -> None:
        log.debug("%s: asked again in %.1f s", self._breaker.watchdog.name, seconds)
        await self._clock.pause(seconds)


class _Trial:
    """What one read has met so far, and whether to go on makes no sense."""

    __slots__ = ("_alike", "_bounded", "_breaker", "_said", "is_enough")

    def __init__(self, breaker: CircuitBreaker, *, bounded: bool) -> None:
        self._breaker = breaker
        self._bounded = bounded
        self._alike = 0
        self._said = ""
        self.is_enough = False

    def failed(self, error: CloudError) -> None:
        if not self._bounded:
            return
        watchdog = self._breaker.watchdog
        # Keys that have worked may be in the middle of being renewed; those that never did are simply wrong.
        wrong = isinstance(error, CredentialsError) and not error.may_mend and not watchdog.answers
        wrong = wrong or isinstance(error, AccountRefused)  # Nobody pays a bill within a command's patience.
        # Where something was answered before, the certificate may be one machine's of many behind the name.
        if isinstance(error, MalformedAnswer) or (isinstance(error, Untrusted) and not watchdog.answers):
            self._alike = self._alike + 1 if str(error) == self._said else 1
            self._said = str(error)
        self.is_enough = not watchdog.patience or wrong or self._alike >= SAME_TWICE_MORE


async def all_of(works: "list[Awaitable[T]]") -> list[T]:
    """As ``asyncio.gather``, but when one raises the others end: no request goes on that nobody waits for."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
