"""Waiting for the first of several things without leaving the others behind."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def first_of(*waits: Coroutine[Any, Any, Any], beside: Iterable[asyncio.Task[Any]] = ()) -> None:
    """Until one of ``waits`` or of the tasks ``beside`` them ends; the other waits are cancelled, the tasks go on."""
    started = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait({*started, *beside}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)
