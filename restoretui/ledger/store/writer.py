"""The writer thread: it alone may write, and commits in one transaction whatever has queued up (group commit).

``do`` returns after its commit is on disk. ``post`` is for what may wait: it is committed at once when the last
commit is a while ago, and otherwise debounced for a moment. Every piece of work has a savepoint, so that one that
fails leaves the others standing. Work may run twice, when a transaction has to be begun anew: it must be idempotent
in what it does beside the transaction.
"""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain, count
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from restoretui.core.errors import LedgerError
from restoretui.ledger.store.connections import give_log_back
from restoretui.ledger.store.sqlite_errors import explain, explained
from restoretui.ledger.store.write_lock import WriteLock

T = TypeVar("T")
Row = tuple[Any, ...]

CHUNKS = (1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
"""Rows a statement takes: few sizes, so that SQLite's statement cache knows them all.

Any number of rows takes few of them: behind each the writer waits for the interpreter's lock.
"""
_WORTH_COMPARING = 100
"""Rows of which it pays to find out what they have in common."""
_STEPS = 1_000_000
"""Of SQLite's machine, some hundredths of a second, between two looks whether what it does is still wanted."""
_MAX_VALUES = 32_000
"""SQLite's own limit on bound values of one statement is 32,766 since 3.32."""


class Tx:
    """A transaction as one piece of work sees it: the connection in its savepoint, and the topics it makes stale."""

    __slots__ = ("connection", "topics")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.topics: set[str] = set()

    def run(self, sql: str, args: Sequence[object] | dict[str, object] = ()) -> int:
        """Execute and return the number of rows changed."""
        return self.connection.execute(sql, args).rowcount

    def rows(self, sql: str, args: Sequence[object] | dict[str, object] = ()) -> list[Row]:
        """All rows of a query."""
        return self.connection.execute(sql, args).fetchall()

    def row(self, sql: str, args: Sequence[object] | dict[str, object] = ()) -> Row | None:
        """The first row of a query, or None."""
        row: Row | None = self.connection.execute(sql, args).fetchone()
        return row

    def insert(self, sql: str, args: Sequence[object] | dict[str, object] = ()) -> int:
        """Insert one row and return its id."""
        return self.connection.execute(sql, args).lastrowid or 0

    def values(
        self, head: str, rows: Sequence[Sequence[object]], tail: str = "", bound: Sequence[object] = ()
    ) -> None:
        """Execute ``head VALUES (...), (...) tail`` for all ``rows``, a thousand a statement.

        The parameters of ``tail`` are ``bound``.

        Large statements say the same by a query (see ``alike_template``), whose columns have the same names.

        ``executemany`` lets go of the interpreter's lock once a row; while the event loop is busy each return to it
        takes a switch interval, which makes it slower by a factor of a hundred.
        """
        for start, stop in _pieces(len(rows), len(rows[0]) if rows else 1):
            self._insert(head, list(zip(*rows[start:stop], strict=True)), tail, bound)

    def columns(self, head: str, columns: Sequence[Sequence[object]], tail: str = "") -> None:
        """The same of rows that stand by column."""
        for start, stop in _pieces(len(columns[0]), len(columns)):
            self._insert(head, [column[start:stop] for column in columns], tail, ())

    def _insert(self, head: str, columns: Sequence[Sequence[object]], tail: str, bound: Sequence[object]) -> None:
        if len(columns[0]) < _WORTH_COMPARING:
            template = f"VALUES {values_template(len(columns[0]), len(columns))}"
            args = list(chain.from_iterable(zip(*columns, strict=True)))
        else:
            template, args = _by_query(columns)
        self.connection.execute(f"{head} {template} {tail}", [*args, *bound] if bound else args)

    def touch(self, *topics: str) -> None:
        """Say what subscribers will have to read again after the commit."""
        self.topics.update(topics)


def _pieces(rows: int, width: int) -> Iterator[tuple[int, int]]:
    """From which row to which (not included) one statement after another goes."""
    done = 0
    for size in CHUNKS:
        while size * width <= _MAX_VALUES and rows - done >= size:
            yield done, done + size
            done += size


_templates: dict[tuple[int, int], str] = {}


def values_template(rows: int, width: int) -> str:
    """``(?, ?), (?, ?)``: the same text each time, so that SQLite's statement cache knows it."""
    text = _templates.get((rows, width))
    if text is None:
        text = _templates[rows, width] = ", ".join([f"({', '.join('?' * width)})"] * rows)
    return text


def _by_query(columns: Sequence[Sequence[object]]) -> tuple[str, list[object]]:
    alike = tuple(column.count(column[0]) == len(column) for column in columns)
    args = [column[0] for column, is_alike in zip(columns, alike, strict=True) if is_alike]
    own = [column for column, is_alike in zip(columns, alike, strict=True) if not is_alike]
    args += chain.from_iterable(zip(*own or columns[:1], strict=True))
    return alike_template(len(columns[0]), alike), args


@lru_cache(maxsize=64)
def alike_template(rows: int, alike: tuple[bool, ...]) -> str:
    """A multi-row ``SELECT`` for rows whose ``alike`` columns are bound once, before all others.

    Two rows of three columns, of which the first is alike, ``alike_template(2, (True, False, False))``, give::

        SELECT ? AS column1, column1 AS column2, column2 AS column3
        FROM (VALUES (?, ?), (?, ?)) WHERE true

    so that rows ``("b", 1, 2)`` and ``("b", 3, 4)`` are bound as ``"b", 1, 2, 3, 4``.

    For each None, bool or Enum that is bound, Python's SQLite module looks for an adapter first, which takes longer
    than all the rest of a row. (``VALUES`` with numbered arguments would do, but takes SQLite 20 ms to parse.)
    """
    own = count(1)
    texts = ["?" if is_alike else f"column{next(own)}" for is_alike in alike]
    chosen = ", ".join(f"{text} AS column{at}" for at, text in enumerate(texts, 1))
    return f"SELECT {chosen} FROM (VALUES {values_template(rows, max(1, alike.count(False)))}) WHERE true"


class TakenBack(Exception):
    """Nobody wants that work done any more: nothing of it was written."""


class _Work(Struct, Generic[T]):
    run: Callable[[Tx], T]
    settle: Callable[["_Work[T]"], None]
    """Called in the writer thread after the commit, or after the failure."""
    urgent: bool
    undoable: bool = False
    is_taken_back: bool = False
    has_begun: bool = False
    is_done: bool = False
    """All of it was run: from here on it is committed."""
    result: T | None = None
    error: Exception | None = None
    topics: Iterable[str] = field(default=())


class Writer:
    """The writer thread and its work queue; owns the writable connection from ``start`` to ``stop``.

    ``LedgerError`` once it is stopped, or as ``explained`` words SQLite's errors. All methods may be called from any
    thread, ``do`` from a coroutine.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        folder: Path,
        publish: Callable[..., None],
        watch_others: Callable[[Tx], None],
        *,
        gather_s: float = 0.25,
        poll_s: float = 0.5,
    ) -> None:
        """``watch_others`` is called every ``poll_s`` while idle, to touch what other processes have changed."""
        self._connection = connection
        self._folder = folder
        self._publish = publish
        self._watch_others = watch_others
        self._gather_s = gather_s
        self._poll_s = poll_s
        self._wake = threading.Condition()
        self._queue: deque[_Work[Any]] = deque()
        self._stopping = False
        self._is_hurried = False
        self.lock = WriteLock(folder, publish)
        self._last_commit = 0.0
        self._last_look = time.monotonic()
        self._thread = threading.Thread(target=self._loop, name="ledger-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def do(self, work: Callable[[Tx], T], *, undoable: bool = False) -> T:
        """Run ``work`` in a transaction; its result once that is committed. Raises what it raised, or LedgerError.

        Whoever stops waiting for it finds it written all the same. Not where it is ``undoable``, for what takes long:
        that is not begun any more, or rolled back, and where it is too late for that it returns its result, as if
        nobody had stopped.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def deliver(done: _Work[T]) -> None:
            if not future.done():
                if done.error is not None:
                    future.set_exception(done.error)
                else:
                    future.set_result(done.result)  # type: ignore[arg-type]  # set whenever there is no error

        def settle(done: _Work[T]) -> None:
            try:
                loop.call_soon_threadsafe(deliver, done)
            except RuntimeError:
                # The loop ended meanwhile; the work is committed all the same.
                return

        asked = _Work(work, settle, urgent=True, undoable=undoable)
        self._put(asked)
        if not undoable:
            return await future
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            self._take_back(asked)
            while not future.done():  # Soon: it has only to be rolled back, or to be brought to the disk.
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({future})
            if isinstance(future.exception(), TakenBack):
                raise
            return future.result()

    def post(self, work: Callable[[Tx], object], settled: Callable[[Exception | None], None]) -> None:
        """Run ``work`` soon; ``settled`` is called in the writer thread with None or with what went wrong."""
        self._put(_Work(work, lambda done: settled(done.error), urgent=False))

    def hurry(self) -> None:
        """End the debounce: commit what is queued now rather than in a moment."""
        with self._wake:
            self._is_hurried = True
            self._wake.notify()

    def stop(self) -> None:
        """Commit what is queued, and end; blocks until then."""
        self.lock.leave()
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def _take_back(self, work: _Work[Any]) -> None:
        with self._wake:
            work.is_taken_back = not work.is_done
            has_begun = work.has_begun
        if not has_begun:  # And never will, however long another process has the file.
            work.error = TakenBack()
            work.settle(work)

    def _put(self, work: _Work[Any]) -> None:
        with self._wake:
            if self._stopping:
                raise LedgerError("the ledger is closed")
            self._queue.append(work)
            self._wake.notify()

    def _loop(self) -> None:
        while True:
            group = self._next_group()
            if group is None:
                return
            if group:
                self._commit(group)
            if time.monotonic() - self._last_look >= self._poll_s:
                self._look_for_others()

    def _next_group(self) -> list[_Work[Any]] | None:
        """What to commit next; empty when it is time to look for other processes' commits, None at the end."""
        with self._wake:
            if not self._queue and not self._stopping:
                self._wake.wait(self._poll_s)
            while self._queue and not self._stopping and not self._is_urgent():
                rest = self._last_commit + self._gather_s - time.monotonic()
                if rest <= 0 or not self._wake.wait(rest):
                    break
            if not self._queue:
                return None if self._stopping else []
            group = list(self._queue)
            self._queue.clear()
            self._is_hurried = False
            return group

    def _is_urgent(self) -> bool:
        return self._is_hurried or any(work.urgent for work in self._queue)

    def _commit(self, group: list[_Work[Any]]) -> None:
        left = group
        while left:
            left = self._attempt(left)
            self.lock.free()
        if any(work.error is not None for work in group):
            give_log_back(self._connection, self._folder)
        self._last_commit = time.monotonic()
        topics = {topic for work in group if work.error is None for topic in work.topics}
        # Published before the waiters return: whoever awaits its work and then subscribes hears of later work only.
        self._publish(*topics)
        for work in group:
            work.settle(work)

    def _attempt(self, group: list[_Work[Any]]) -> list[_Work[Any]]:
        """One transaction over ``group``; what must be tried again without the piece that spoiled it."""
        try:
            self.lock.take(self._connection)
        except sqlite3.Error as error:
            for work in group:
                work.error = explain(error, self._folder)
            return []
        is_alone = len(group) == 1
        for work in group:
            self._run(work, is_alone=is_alone)
            if not self._connection.in_transaction:
                # Disk full and its like undo the whole transaction, not only the statement.
                return [other for other in group if other.error is None]
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            standing = [work for work in group if work.error is None]
            if len(standing) == 1:
                standing[0].error = explain(error, self._folder)
                return []
            # Which piece was too much is not known: each by itself, then.
            for work in standing:
                self._attempt([work])
        return []

    def _run(self, work: _Work[Any], *, is_alone: bool) -> None:
        tx = Tx(self._connection)
        # Within a savepoint SQLite copies each page before it changes, and many to a file. What is alone in its
        # transaction needs none: it goes back with all of it.
        if not is_alone:
            self._connection.execute("SAVEPOINT work")
        try:
            with self._may_be_taken_back(work), explained(self._folder):
                work.result = work.run(tx)
        except Exception as error:  # noqa: BLE001 - boundary: whatever it is belongs to who asked for the work
            work.error = error
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK" if is_alone else "ROLLBACK TO work")
        else:
            work.topics = tx.topics
        if self._connection.in_transaction and not is_alone:
            self._connection.execute("RELEASE work")

    @contextmanager
    def _may_be_taken_back(self, work: _Work[Any]) -> Iterator[None]:
        """Raises ``TakenBack`` in place of what goes on, as soon as nobody wants it any more."""
        with self._wake:
            if work.is_taken_back:
                raise TakenBack
            work.has_begun = True
        if not work.undoable:
            yield
            return
        self._connection.set_progress_handler(lambda: work.is_taken_back, _STEPS)
        try:
            yield
        except LedgerError:
            if work.is_taken_back:
                raise TakenBack from None
            raise
        finally:
            self._connection.set_progress_handler(None, 0)
        with self._wake:
            work.is_done = not work.is_taken_back
        if work.is_taken_back:
            raise TakenBack

    def _look_for_others(self) -> None:
        self._last_look = time.monotonic()
        tx = Tx(self._connection)
        try:
            self._watch_others(tx)
        except (sqlite3.Error, UnicodeDecodeError):
            # A file that cannot be read now will be reported by whoever needs it.
            return
        self._publish(*tx.topics)
