"""Runs reading requests (LIST, HEAD) to their answer: paused through the gate, repeated with back-off, never lost."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from restoretui.core.clock import Clock
from restoretui.core.errors import (
    ConnectionLost,
    CredentialsError,
    MalformedAnswer,
    ServerFault,
    Throttled,
    Unreachable,
)
from restoretui.engine.gate import Gate
from restoretui.engine.health import HealthBoard

T = TypeVar("T")

TRANSIENT = (Throttled, ServerFault, ConnectionLost, MalformedAnswer)
"""Problems of one request: the next try may succeed, others are not held up."""
COMMON = (CredentialsError, Unreachable)
"""Problems every request would meet: all wait behind the gate."""
LONGEST_BACKOFF = 30.0


class Reader:
    """Repeats reads until the cloud answers; an answer that is a refusal is raised."""

    def __init__(self, clock: Clock, gate: Gate, health: HealthBoard) -> None:
        self._clock = clock
        self._gate = gate
        self._health = health

    async def __call__(self, read: Callable[[], Awaitable[T]]) -> T:
        """The answer to ``read``; raises only what no repetition can mend (denied, not found, refused)."""
        backoff = AsyncRetrying(
            retry=retry_if_exception_type(TRANSIENT + COMMON),
            wait=wait_random_exponential(multiplier=0.25, max=LONGEST_BACKOFF),
            sleep=self._clock.pause,
            reraise=True,
        )
        return await backoff(self._once, read)

    async def _once(self, read: Callable[[], Awaitable[T]]) -> T:
        await self._gate.enter()
        answered = True
        try:
            return await read()
        except COMMON as error:
            answered = False
            self._gate.shut(error)
            self._health.set(level="paused", text=str(error), hint=error.hint)
            raise
        except Throttled as error:
            self._health.set(level="slow", text=str(error), throttled=self._health.now.throttled + 1)
            raise
        finally:
            if not answered:
                self._gate.left()
            elif self._gate.opened():
                self._health.set(level="ok", text="", hint="")
