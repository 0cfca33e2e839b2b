"""Waiting for the first of several things without leaving the others behind, and not for longer than is allowed."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Self

from restoretui.core.clock import Clock


async def first_of(*waits: Coroutine[Any, Any, Any], beside: Iterable[asyncio.Task[Any]] = ()) -> None:
    """Until one of ``waits`` or of the tasks ``beside`` them ends; the other waits are cancelled, the tasks go on."""
    started = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait({*started, *beside}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)


class Cut:
    """A block that can be cut short from outside, with an error that says why.

    As ``asyncio.timeout`` does it, but whoever cuts decides when: our time is injected.
    """

    __slots__ = ("_cancelling", "_error", "_task")

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self._error: Exception | None = None
        self._cancelling = 0

    def now(self, error: Exception) -> None:
        """End the block with ``error``; nothing happens when it is over, or was cut before."""
        if self._task is not None and self._error is None:
            self._error = error
            self._task.cancel()

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task else 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if self._error is None or task is None:
            return
        # Whoever cancelled us for another reason meanwhile still means it.
        if task.uncancel() <= self._cancelling and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise self._error from None


class TimeLimit:
    """No more than ``seconds`` of machine time for a block; None is no limit. Raises ``error()`` when it is over."""

    def __init__(self, clock: Clock, seconds: float | None, error: Callable[[], Exception]) -> None:
        self._clock = clock
        self._error = error
        self._left = seconds
        self._began = 0.0
        self._cut = Cut()
        self._bell: asyncio.Task[None] | None = None

    @property
    def left(self) -> float | None:
        """Seconds left, at least 0; None without a limit."""
        if self._left is None:
            return None
        gone = self._clock.monotonic() - self._began if self._bell is not None else 0.0
        return max(0.0, self._left - gone)

    def lift(self) -> None:
        """The time does not run for now: a person is asked something, say."""
        self._left = self.left
        if self._bell is not None:
            self._bell.cancel()
            self._bell = None

    def run(self) -> None:
        """The time runs on."""
        if self._left is not None and self._bell is None:
            self._began = self._clock.monotonic()
            self._bell = asyncio.create_task(self._ring(self._left), name="time limit")

    async def _ring(self, seconds: float) -> None:
        await self._clock.pause(seconds)
        self._cut.now(self._error())

    async def __aenter__(self) -> Self:
        self._cut.__enter__()
        self.run()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.lift()
        self._cut.__exit__(kind, error, at)
