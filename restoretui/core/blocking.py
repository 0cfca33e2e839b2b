"""What may block for ever: daemon threads that can be left behind, and words for whoever waits for a pipe."""

import asyncio
import contextlib
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

notices = logging.getLogger("restoretui.notices")
TOLD_AFTER_S = 1.2
"""Machine seconds for which a file that is a pipe may keep us waiting unsaid."""

T = TypeVar("T")


@contextlib.contextmanager
def told_of_pipe(path: str | os.PathLike[str] | int, what: str) -> Iterator[None]:
    """While ``path`` is opened and read to its end: a pipe may have no writer yet, and a person should know of that.

    ``what`` it is to say; 0 is stdin. Asks the disk; nothing is told of what is no pipe, socket or terminal.
    """
    try:
        is_slow = not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  before the first paint, where pathlib costs
    except (OSError, ValueError):
        is_slow = False  # Whoever opens it says so.
    if not is_slow:
        yield
        return
    if isinstance(path, int):
        text = f"waiting for {what} on stdin, up to its end{' (ctrl+d)' if os.isatty(path) else ''}"
    else:
        text = f"waiting for {what} to be written to {os.fspath(path)} to its end"
    timer = threading.Timer(TOLD_AFTER_S, notices.warning, ("%s", text))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


async def beside(work: Callable[[], T], name: str) -> T:
    """``work()`` in a daemon thread; whoever stops waiting for it leaves it behind.

    For opening a pipe that nobody reads yet, or reading what a person types: ``asyncio.to_thread`` would keep the
    process alive, however it is told to end, until the last of its threads is back.
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
            result = work()
        except BaseException as caught:  # noqa: BLE001 - boundary: it is raised again where it is awaited
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop that waited is closed
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await outcome
