"""Running what blocks, the SDK's set-up and its credential chain, beside the event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], Coroutine[Any, Any, T]], name: str) -> T:
    """Run ``work()`` to its end on an event loop of its own, in a daemon thread, and give back what it gave.

    A daemon, because the credential chain may wait for a person's MFA code: that must not keep a process alive.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]  # None only where T is None

    def run() -> None:
        result, error = None, None
        try:
            result = asyncio.run(work())
        except BaseException as caught:  # noqa: BLE001 - boundary: it is raised again where it is awaited
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop that waited is closed
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await outcome
