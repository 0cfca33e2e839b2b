"""Fixtures that every part of the suite may use."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from restoretui.core.clock import Clock, ManualClock
from restoretui.sandbox import RunningSandbox, SandboxOptions, serve

StartSandbox = Callable[..., Awaitable[RunningSandbox]]


@pytest.fixture
async def sandbox() -> AsyncIterator[StartSandbox]:
    """Start simulated clouds in this event loop: ``running = await sandbox(empty=True)``.

    The clock is a ``ManualClock`` unless another is given; ``await running.advance(seconds)`` turns it. By default
    the small seeded world is served; with ``empty=True`` use ``running.cloud.add_bucket`` and ``.put``.
    Whatever was started is stopped after the test.
    """
    started: list[RunningSandbox] = []

    async def start(
        *,
        empty: bool = False,
        objects: int | None = 200,
        seed: int = 1,
        scenario: str | Path | None = None,
        clock: Clock | None = None,
    ) -> RunningSandbox:
        options = SandboxOptions(objects=objects, seed=seed, scenario=scenario, empty=empty)
        running = await serve(options, clock=clock or ManualClock())
        started.append(running)
        return running

    yield start
    for running in started:
        await running.aclose()
