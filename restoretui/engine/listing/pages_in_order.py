"""Hands on the pages of a listing in the order of its keys while it runs, and keeps what comes before its turn.

Ranges are listed side by side, so most pages of a large bucket come early. They wait here: a few in memory, the
others in a file without a name, which is gone with the process. Whoever takes the pages sets the pace. Nothing is
kept of what was taken, unless the listing might have to begin anew (``Lister``), and no row must come twice.
"""

import asyncio
import marshal
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from heapq import heappop, heappush
from pathlib import Path
from typing import IO, Any, NamedTuple

from restoretui.core.model import Page
from restoretui.core.os_errors import refused_by_system
from restoretui.core.rows import Rows
from restoretui.engine.listing.lister import Left

AHEAD = 48
"""Pages that wait in memory for their turn; some 16 MB."""
READY = 8
"""Pages that may wait to be taken before the listing waits, too."""


class _Waiting(NamedTuple):
    """A page that is not yet to be handed on; compared by its first key, then by when it came."""

    first: str
    number: int
    last: str
    rows: Rows | None
    """None: in the file."""
    at: int = 0
    size: int = 0


class PagesInOrder:
    """A ``PageSink``; to be read once, while a task lists into it."""

    def __init__(self, folder: Path, *, may_restart: Callable[[], bool]) -> None:
        """``folder`` is where the file is made, if one is needed."""
        self._folder = folder
        self._may_restart = may_restart
        self._file: IO[bytes] | None = None
        self._ahead: list[_Waiting] = []
        self._in_memory = 0
        self._number = 0
        self._listed_to: str | None = ""
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._told: list[_Waiting] = []
        """What was handed on, in the order of its keys."""
        self._is_second = False
        self.objects = 0
        """Listed so far."""
        self.tells = False
        """Some row told of a restore."""

    # --- what the lister does

    async def put(self, page: Page, segment: int, left: Left) -> None:
        del segment
        rows = Rows.of(page.entries)
        self.objects += len(rows)
        if not self.tells:
            self.tells = rows.in_progress.count(None) < len(rows)
        if self._is_second:
            rows = self._fresh(rows)
        else:
            self._listed_to = left.listed_to
        if rows:
            self._number += 1
            # Of a listing that began anew the order is the server's: what came first is first.
            first = "" if self._is_second else rows.keys[0]
            heappush(self._ahead, _Waiting(first, self._number, rows.keys[-1], rows))
            self._in_memory += 1
            if self._in_memory > AHEAD:
                self._make_room()
        self._changed.set()
        if self._ready_pages() >= READY:
            self._room.clear()
            await self._room.wait()

    async def restart(self) -> None:
        """The listing begins anew, in one stream: its rows come as the server has them, each that is new."""
        self._ahead.clear()
        self._in_memory = 0
        self._is_second = True
        self.objects = 0
        self._room.set()

    def _is_ready(self, waiting: _Waiting) -> bool:
        """Nothing can come before it any more."""
        return self._is_second or self._listed_to is None or waiting.last <= self._listed_to

    def _ready_pages(self) -> int:
        """How many are ready, of the next few: those on top of the heap are near its top."""
        return sum(map(self._is_ready, self._ahead[: 2 * READY]))

    def _make_room(self) -> None:
        """What will wait for long waits on disk."""
        ahead = sorted(self._ahead)
        soon = [at for at, waiting in enumerate(ahead) if waiting.rows is not None][: AHEAD // 2]
        self._ahead = [*ahead[: soon[-1] + 1], *map(self._kept, ahead[soon[-1] + 1 :])]
        self._in_memory = len(soon)

    def _next(self) -> Rows | None:
        if not self._ahead or not self._is_ready(self._ahead[0]):
            return None
        first = heappop(self._ahead)
        self._in_memory -= first.rows is not None
        if self._may_restart() and not self._is_second:
            self._told.append(self._kept(first))
        if self._ready_pages() < READY:
            self._room.set()
        return self._read(first)

    # --- what is on disk

    def _kept(self, waiting: _Waiting) -> _Waiting:
        if waiting.rows is None:
            return waiting
        data = marshal.dumps([list(column) for column in waiting.rows.columns])
        try:
            if self._file is None:
                from tempfile import TemporaryFile  # few listings are so long

                self._file = TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed by ``close``
            at = self._file.seek(0, 2)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise refused_by_system(error) from None
        return waiting._replace(rows=None, at=at, size=len(data))

    def _read(self, waiting: _Waiting) -> Rows:
        if waiting.rows is not None or self._file is None:
            return waiting.rows or Rows.of(())
        try:
            self._file.seek(waiting.at)
            data = b""
            while len(data) < waiting.size:
                data += self._file.read(waiting.size - len(data))
        except OSError as error:
            raise refused_by_system(error) from None
        columns: list[list[Any]] = marshal.loads(data)  # noqa: S302 - our own, in a file that has no name
        return Rows(columns)

    def _fresh(self, rows: Rows) -> Rows:
        """Those that were not handed on before the listing began anew."""
        firsts = [told.first for told in self._told]
        known: set[tuple[str, str | None]] = set()
        read: set[int] = set()
        for key in rows.keys:
            # Versions of one key may go on from page to page.
            at = bisect_right(firsts, key) - 1
            while at >= 0 and self._told[at].last >= key and at not in read:
                read.add(at)
                told = self._read(self._told[at])
                known.update(zip(told.keys, told.version_ids, strict=True))
                at -= 1
        if not known:
            return rows
        return Rows.of([row for row in rows if (row.key, row.version_id) not in known])

    # --- who takes them

    async def taken(self, listing: "asyncio.Task[None]") -> AsyncIterator[Rows]:
        """Every page in its turn, until ``listing`` is over; raises what ended that early."""
        listing.add_done_callback(lambda _task: self._changed.set())
        while True:
            self._changed.clear()
            while (rows := self._next()) is not None:
                yield rows
                await asyncio.sleep(0)
            if listing.done():
                break
            await self._changed.wait()
        await listing

    def close(self) -> None:
        """Let go of the file, and with it of what is in it."""
        if self._file is not None:
            self._file.close()
            self._file = None
