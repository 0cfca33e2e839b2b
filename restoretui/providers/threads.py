"""Threads for what blocks: the SDK's set-up and its credential chain, beside the event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from restoretui.core.blocking import beside

T = TypeVar("T")


async def run_in_thread(work: Callable[[], Coroutine[Any, Any, T]], name: str) -> T:
    """Run ``work()`` to its end on an event loop of its own, in a daemon thread, and give back what it gave.

    A daemon, because the credential chain may wait for a person's MFA code: that must not keep a process alive.
    """
    return await beside(lambda: asyncio.run(work()), name)
