"""The list of what could not be called by its key: ``restoretui-names.csv`` in the folder of a download.

It is of the folder, not of a run: what earlier runs, or other programs of ours, have written into it stays.
"""

import asyncio
import contextlib
import csv
import fcntl
import io
import os
import stat
from collections.abc import Iterable, Iterator

from restoretui.core.then.names import NAME_LIST, key_of
from restoretui.engine.then.folder import Folder
from restoretui.engine.then.work import GivenUp
from restoretui.ledger import Ledger

_HEADINGS = ("key", "path", "version_id")
_END = b"\r\n"

Row = tuple[str, str, str]
"""Key, path and version. Of two rows with one path the later one counts."""


class NameList:
    """Of one step. Rows are added at its end, each before its file counts as done."""

    def __init__(self, ledger: Ledger, step_id: int, folder: Folder) -> None:
        self._ledger = ledger
        self._step_id = step_id
        self._folder = folder
        self._lock = asyncio.Lock()
        self._listed: dict[str, str] | None = None
        """Keys by path, as the list has them; None before it was read."""

    async def note(self, key: str, path: str) -> None:
        """This file is there; where its path is not its key, the list says so before it counts as done.

        ``GivenUp`` where somebody else's file is called as the list is.
        """
        if path == key or (path.endswith(f"/{key}") and key_of(path) == path):
            return
        async with self._lock:
            rows: list[Row] = [(key, path, "")]
            if self._listed is None:
                self._listed = await asyncio.to_thread(self._read)
                known = await self._ledger.then.renamed(self._step_id)
                rows[:0] = [(of, named, version) for _, of, version, named in known]
            fresh = [row for row in rows if self._listed.get(row[1]) != row[0]]
            if fresh:
                await asyncio.to_thread(self._add, fresh)
                self._listed.update((named, of) for of, named, _ in fresh)

    def _read(self) -> dict[str, str]:
        foreign = GivenUp(f"another file is at {NAME_LIST}: it is not replaced", "FileExists")
        with self._opened() as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise foreign
            with os.fdopen(os.dup(descriptor), "rb") as file:
                data = file.read()
            if data and not data.startswith(",".join(_HEADINGS).encode() + _END):
                raise foreign
            whole = data[: data.rfind(_END) + len(_END)] if data else b""
            if len(whole) < len(data):
                os.truncate(descriptor, len(whole))  # What a machine that went down has left of a row.
        try:
            rows = csv.reader(io.StringIO(whole.decode("utf-8", "replace"), newline=""))
            return {row[1]: row[0] for row in rows if len(row) == len(_HEADINGS)}
        except csv.Error:  # A cell that no key fills.
            raise foreign from None

    def _add(self, rows: Iterable[Row]) -> None:
        with self._opened() as descriptor:
            size = os.fstat(descriptor).st_size
            text = io.StringIO(newline="")
            csv.writer(text).writerows([*([] if size else [_HEADINGS]), *rows])
            view = memoryview(text.getvalue().encode("utf-8", "backslashreplace"))
            try:
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except OSError:
                os.truncate(descriptor, size)  # No half a row, on which the next would go on.
                raise

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The list, for one process at a time where the file system has locks."""
        descriptor = self._folder.open((NAME_LIST,), write=True, at_end=True)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)
