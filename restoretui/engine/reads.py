"""Runs reading requests (LIST, HEAD) to their answer: paused through the gate, repeated with back-off, never lost."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from restoretui.core.clock import Clock
from restoretui.core.errors import (
    CloudError,
    ConnectionLost,
    CredentialsError,
    MalformedAnswer,
    ServerFault,
    Throttled,
    Unreachable,
)
from restoretui.engine.backoff import persist
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
        return await persist(
            lambda: self._once(read), over=TRANSIENT + COMMON, longest=LONGEST_BACKOFF, rest=self._clock.pause
        )

    async def _once(self, read: Callable[[], Awaitable[T]]) -> T:
        ticket = await self._gate.enter()
        try:
            answer = await read()
        except COMMON as error:
            self._gate.shut(error, ticket)
            if self._gate.problem is not None:
                self._health.trouble(self._gate, "paused", str(error), error.hint)
            raise
        except CloudError as error:
            self._answered(ticket)
            if isinstance(error, Throttled):
                self._health.refused()
                self._health.trouble(self, "slow", str(error), error.hint)
            raise
        else:
            self._answered(ticket)
            self._health.well(self)
            return answer
        finally:
            # Neither a cancelled read nor a defect says anything about the cloud.
            self._gate.left(ticket)

    def _answered(self, ticket: int) -> None:
        if self._gate.opened(ticket):
            self._health.well(self._gate)
