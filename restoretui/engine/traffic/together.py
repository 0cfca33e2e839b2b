"""Structured concurrency: several things done at once, which end together."""

from asyncio import TaskGroup
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def together() -> AsyncIterator[TaskGroup]:
    """A task group whose first error is raised as it is, once all its other tasks were cancelled and have ended."""
    try:
        async with TaskGroup() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
