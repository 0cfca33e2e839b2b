"""What still blocks in a thread when all else is over: a stdin that never ends, a name server that never answers.

Python would wait for it, and so would whoever pressed Ctrl-C.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import NoReturn

_NAME = "restoretui-beside"
_GRACE_S = 0.5
"""In which a thread that works ends; one that takes longer is stuck."""


@contextlib.contextmanager
def not_waited_for() -> Iterator[None]:
    """Within this block the loop's blocking calls run in threads whose end nobody waits for."""
    import asyncio  # neither for --help
    from concurrent.futures import ThreadPoolExecutor

    loop = asyncio.get_running_loop()
    executor = ThreadPoolExecutor(thread_name_prefix=_NAME)
    loop.set_default_executor(executor)
    try:
        yield
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        # The loop waits for its executor's threads when it is closed: it gets one that has none.
        loop.set_default_executor(ThreadPoolExecutor(max_workers=1, thread_name_prefix=_NAME))


def leave(code: int) -> NoReturn:
    """End the process once what it printed is out; what is stuck in a thread goes down with it.

    The interpreter's own end is left out: it frees module by module what the system takes back at once, which is a
    seventh of what a short command costs. Nothing waits for it: the ledger is closed, the log is written through, and
    no ``atexit`` handler is ours.
    """
    end = time.monotonic() + _GRACE_S
    for thread in threading.enumerate():
        if thread.name.startswith(_NAME):
            thread.join(max(0.0, end - time.monotonic()))
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)
