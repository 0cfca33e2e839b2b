"""Knowing that a program under test has nothing left to do but wait for the clock.

Tests turn the clock. On a slow or busy machine the clock must not run ahead of the requests, commits and threads that
the last turn set going; so a test lets everything settle before it turns the clock again. What counts as settled is
looked at, not guessed from the time gone by.
"""

import asyncio
import gc
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from restoretui.core.clock import ManualClock

if TYPE_CHECKING:
    from restoretui.tui.terminal.key_queue import KeyQueue


def next_due(clock: ManualClock) -> float | None:
    """Seconds until the earliest sleeper wakes; None when nobody sleeps."""
    live = [due for due, _, future in clock._sleepers if not future.done()]
    return max(0.0, min(live) - clock.monotonic()) if live else None


_PARKED = {
    ("threading.py", "wait"),
    ("threading.py", "_wait_for_tstate_lock"),
    ("thread.py", "_worker"),
    ("queue.py", "get"),
    ("selectors.py", "select"),
    ("socketserver.py", "serve_forever"),
    ("gateway_base.py", "read"),  # pytest-xdist listens for its master
}
_TAKES_WORK = {("writer.py", "_next_group"), ("reader.py", "_loop")}
"""Where the ledger's threads wait for work, which then is in a queue."""
LISTENED = 10
"""Looks at which a server's thread waits for its next request, until it is taken to be none that has just come."""
LOOKED_EVERY_S = 0.004
GIVE_UP_S = 20.0
"""Something that never settles (a request that hangs on purpose) must not hold up the clock for good."""


async def settle(*, timers_s: float = 0.0, most_s: float = GIVE_UP_S) -> None:
    """Until no callback, no byte on a socket and no thread of ours is waiting to be dealt with.

    ``most_s`` is in seconds of a machine that has nothing else to do.
    Timers of the loop itself, due within ``timers_s``, are waited for, too: the library that paces requests has them.
    """
    # What we wait for is as slow as we are: on a busy machine the time gone by tells nothing of either.
    began, slept = time.thread_time(), 0.0
    quiet, looks, listened = 0, 0, 0
    while quiet < 2 and time.thread_time() - began + slept < most_s:
        await asyncio.sleep(0)
        if _is_loop_busy():
            quiet, listened = 0, 0
            continue
        threads = _busy_threads()
        if any(threads) or _is_timer_due(timers_s):
            quiet, listened, looks = 0, 0, looks + 1
            pause_s = min(0.0005 * looks, LOOKED_EVERY_S)
            slept += pause_s
            await asyncio.sleep(pause_s)
        elif threads and listened < LISTENED:
            listened += 1
            await asyncio.sleep(0.0005)
        else:
            quiet += 1


def _is_loop_busy() -> bool:
    loop = asyncio.get_running_loop()
    # The peek takes nothing away: what is ready now is reported again to the loop.
    return bool(loop._ready or loop._selector.select(0))  # type: ignore[attr-defined]


def _is_timer_due(within_s: float) -> bool:
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    return within_s > 0 and any(
        timer.when() <= end and not timer.cancelled()
        for timer in loop._scheduled  # type: ignore[attr-defined]
    )


def _busy_threads() -> list[bool]:
    """One for each of the others that is not parked; False for a server's that may just wait for its next request."""
    here, collects = threading.get_ident(), gc.isenabled()
    # Looking up the frames of a running thread makes objects of them. A collection begun by that runs finalizers,
    # which let the thread go on, out of the very frame that is being made an object: CPython 3.11 crashes then.
    gc.disable()
    try:
        frames = [frame for ident, frame in sys._current_frames().items() if ident != here]
        return [not _listens(frame) for frame in frames if _is_busy(frame)]
    finally:
        if collects:
            gc.enable()


def _listens(frame: FrameType) -> bool:
    calls: list[str] = []
    looked: FrameType | None = frame
    while looked is not None and len(calls) < 4:
        calls.append(looked.f_code.co_name)
        looked = looked.f_back
    return "readinto" in calls and "handle_one_request" in calls


def _is_busy(frame: FrameType) -> bool:
    while frame.f_code.co_filename.endswith("blockbuster.py") and frame.f_back is not None:
        frame = frame.f_back  # Its guard around the call that waits.
    if _at(frame) not in _PARKED:
        return True
    # Where more threads want to run than can, a parked one may have been called and not yet have had its turn.
    match frame.f_code.co_name:
        case "_worker":
            pool = asyncio.get_running_loop()._default_executor  # type: ignore[attr-defined]
            return pool is not None and pool._work_queue.qsize() > 0
        case "select":
            return _is_ready(frame)
        case "wait" if _is_notified(frame):
            return True
    taker = frame.f_back
    # The writer also gathers work for a moment before it commits. What waits within a piece of work waits for a test.
    return taker is not None and _at(taker) in _TAKES_WORK and bool(taker.f_locals["self"]._queue)


def _is_ready(frame: FrameType) -> bool:
    """A loop of another thread, which sets up the SDK, has bytes to read or a callback."""
    poll: Any = getattr(frame.f_locals.get("self"), "_selector", None)
    # Where there is epoll; objects of other kinds are not for two threads at a time.
    if type(poll).__name__ != "epoll":
        return False
    try:
        return not poll.closed and bool(poll.poll(0))
    except (OSError, ValueError):
        return False  # It was closed just now: that loop has come to its end.


def _is_notified(frame: FrameType) -> bool:
    """A condition's waiter has been woken, by its lock that was let go, or by the result of that."""
    told = frame.f_locals
    return bool(told.get("gotit")) or ("waiter" in told and not told["waiter"].locked())


def _at(frame: FrameType) -> tuple[str, str]:
    return frame.f_code.co_filename.rpartition("/")[2], frame.f_code.co_name


def has_acted(queue: "KeyQueue") -> bool:
    """Every key has been acted on."""
    return queue._keys.empty() and not queue._acting
