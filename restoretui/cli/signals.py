"""Signals that tell us to end (SIGINT, SIGTERM, SIGHUP), from the first import to the exit code.

Python hands a signal on only between two steps of its own, and asyncio only between two turns of the loop. Where a
read or a write blocks the whole loop neither comes round, so there the handler itself ends the wait.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

SIGNS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ALONG_S = 0.05
"""Seconds a signal is waited for that may have come along with an answer: nobody feels them."""
IMPATIENT_S = 3.0
"""Seconds after which another signal breaks into the closing that the first one began."""

AGAIN_S = 0.5
"""Seconds after which a write is looked at again that went on when we were told to end."""

_told = False
_blocks: Callable[[], bool] | None = None
"""What the main thread is in that may block, if it is: whether it does at this moment."""


def heeded() -> list[signal.Signals]:
    """Those that are for us: whoever started us under ``nohup`` wants no hang-up to end us."""
    return [sign for sign in SIGNS if sign is not signal.SIGHUP or signal.getsignal(sign) is not signal.SIG_IGN]


def leave_at_once() -> None:
    """While everything is still being loaded nothing is open, so a signal simply ends it, in one word."""
    for sign in heeded():
        signal.signal(sign, _leave)


def as_usual() -> None:
    """Python's own handlers again: for what handles signals by itself."""
    for sign in heeded():
        signal.signal(sign, signal.default_int_handler if sign is signal.SIGINT else signal.SIG_DFL)


def heed(cancel: Callable[[], object]) -> None:
    """Call ``cancel`` in the running event loop when a signal comes, and end a blocking wait of the main thread."""
    import asyncio  # Loaded by now; not for --help.

    loop = asyncio.get_running_loop()
    first = 0.0

    def told() -> None:
        nonlocal first
        if not first or loop.time() - first > IMPATIENT_S:
            # One who presses the key five times means the same as one who presses it once.
            first = first or loop.time()
            cancel()

    for sign in heeded():
        loop.add_signal_handler(sign, told)
        # In the place of asyncio's, which does nothing. The loop is woken by Python itself, whatever the handler.
        signal.signal(sign, _note)


def over(loop: "asyncio.AbstractEventLoop | None" = None) -> None:
    """The work is done: from here on a signal changes no exit code, and only ends a write that blocks.

    ``loop``: it would put Python's own handlers back when it is closed.
    """
    for sign in heeded():
        if loop is not None:
            loop.remove_signal_handler(sign)
        signal.signal(sign, _note)


def ignore() -> None:
    """Nothing is left to do but to go: while it ends, Python would put the system's action in place of ours."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for sign in heeded():
        signal.signal(sign, signal.SIG_IGN)


def check() -> None:
    """Raise ``asyncio.CancelledError`` if we were told to end, though the loop may not have come round to it."""
    if _told:
        raise _cancelled()


def check_settled() -> None:
    """Raise ``asyncio.CancelledError`` if we were told to end up to now, by whichever thread the system told.

    A signal is for the whole process: another thread may take it and be slower than this one, and Python runs the
    handler only here, later. One that no thread has taken is seen where it would wait (signal(7), pthreads(7)).
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNS)
    try:
        along = signal.sigpending() & set(heeded())
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if along:
        raise _cancelled()
    time.sleep(ALONG_S)
    check()


def _always() -> bool:
    return True


@contextmanager
def at_once(stalled: Callable[[], bool] = _always) -> Iterator[None]:
    """A signal ends what blocks in here by ``asyncio.CancelledError``, in the main thread.

    ``stalled`` tells whether it blocks. What does not, goes on to its end: whether it was done would not be known.
    """
    global _blocks
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, _blocks = _blocks, stalled
    try:
        yield
    finally:
        _blocks = before


def _cancelled() -> BaseException:
    import asyncio

    return asyncio.CancelledError()


def _note(_sign: int, _frame: FrameType | None) -> None:
    global _told
    _told = True
    if _blocks is None:
        return
    if _blocks():
        raise _cancelled()
    # It may block yet, with nobody left to tell it to end.
    signal.signal(signal.SIGALRM, _note)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S)


def _leave(_sign: int, _frame: FrameType | None) -> None:
    with suppress(OSError):
        os.write(2, b"restoretui: interrupted\n")
    os._exit(130)
