"""Reader threads: each owns a read-only SQLite connection and runs the queries that scan, off the event loop.

SQLite lets go of the interpreter's lock while it scans, so that the screen stays fluid.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct

from restoretui.core.errors import LedgerError
from restoretui.ledger.store.sqlite_errors import explained

T = TypeVar("T")
_STOP_S = 0.02


class _Task(Struct, Generic[T], eq=False):
    run: Callable[[sqlite3.Connection], T]
    deliver: Callable[[T | None, Exception | None], None]
    """Called in the reader thread with the result or the failure."""
    cancelled: bool = False


class ReaderThread:
    """A thread with a work queue and a connection of its own: ledger and catalog are read-only to it.

    ``run`` and ``post`` may be called from any thread with a running loop, ``stop`` from any. ``LedgerError`` once it
    is stopped, or as ``explained`` words SQLite's errors; what the work itself raises comes through as it is.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path, name: str = "ledger-reader") -> None:
        self._connection = connection
        self._folder = folder
        self._wake = threading.Condition()
        self._queue: deque[_Task[Any]] = deque()
        self._running: _Task[Any] | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Await the result of ``work``, run in the reader thread; cancelling this also interrupts the query."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, failure: Exception | None) -> None:
            if future.done():
                return
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # only a failure comes without a result

        def deliver(result: T | None, failure: Exception | None) -> None:
            # The loop may have ended: then nobody waits for the answer.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, result, failure)

        task = _Task(work, deliver)
        self._put(task)
        try:
            return await future
        except asyncio.CancelledError:
            self._cancel(task)
            raise

    def post(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Fire and forget: run ``work`` some time, errors dropped; for clearing up that nobody waits for."""
        with contextlib.suppress(LedgerError):
            self._put(_Task(work, lambda _result, _failure: None))

    def stop(self) -> None:
        """Stop what runs, drop what waits, and end; blocks until then."""
        with self._wake:
            self._stopping = True
            for task in self._queue:
                task.cancelled = True
            self._wake.notify()
        while self._thread.is_alive():
            # Again and again: a query that was just about to begin does not notice.
            self._connection.interrupt()
            self._thread.join(_STOP_S)

    def _put(self, task: _Task[Any]) -> None:
        with self._wake:
            if self._stopping:
                raise LedgerError("the ledger is closed")
            self._queue.append(task)
            self._wake.notify()

    def _cancel(self, task: _Task[Any]) -> None:
        with self._wake:
            task.cancelled = True
            # Under the lock, so that it is surely this task's query which is stopped.
            if self._running is task:
                self._connection.interrupt()

    def _loop(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._stopping:
                    self._wake.wait()
                if not self._queue:
                    return
                task = self._queue.popleft()
                self._running = None if task.cancelled else task
            self._perform(task)

    def _perform(self, task: _Task[Any]) -> None:
        result: Any = None
        failure: Exception | None = None
        if task.cancelled:
            failure = LedgerError("the ledger is closed")
        else:
            try:
                with explained(self._folder):
                    result = task.run(self._connection)
            except Exception as error:  # noqa: BLE001 - boundary: whatever it is belongs to who asked for the work
                failure = error
            with self._wake:
                self._running = None
        task.deliver(result, failure)
