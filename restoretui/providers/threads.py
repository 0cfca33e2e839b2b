"""Runs blocking work (the SDK's set-up, its credential chain) in a thread, beside the event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from restoretui.core.blocking import beside

T = TypeVar("T")


async def aside(work: Callable[[], Coroutine[Any, Any, T]], name: str) -> T:
    """Run the coroutine ``work()`` on an event loop of its own, in a daemon thread, and return or raise what it does.

    A daemon, because the credential chain may wait for a person's MFA code: that must not keep a process alive.
    """
    return await beside(lambda: asyncio.run(work()), name)
