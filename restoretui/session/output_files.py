"""Output files that a person names: replaced atomically, or written through where they are no regular file.

A regular file, or none yet, is replaced by a new one that lay beside it until it was whole; a symbolic link stays,
and what it leads to is replaced. A device, a pipe or a terminal is what it is: it is opened and written to.
"""

import asyncio
import errno
import os
import re
import select
import stat
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from restoretui.core.blocking import beside
from restoretui.core.errors import UsageError

_DESCRIPTOR = re.compile(r"/(?:dev|proc/(\d+|self|thread-self)(?:/task/\d+)?)/fd/(\d+)")
_MOST_LINKS = 40
"""Symbolic links followed one after the other, as by Linux itself."""
READER_S = 10.0
"""Machine seconds for which a pipe is waited for until somebody reads it."""
_READER_EVERY_S, _TOLD_AFTER_S = 0.05, 1.0
_NAME_KEPT = 200
"""Bytes of a target's name that its part keeps: names end at 255 on most file systems."""


class Target:
    """One open file to write text to, as UTF-8."""

    def __init__(self, descriptor: int, named: Path) -> None:
        self._descriptor = descriptor
        self._named = named
        self._lock = threading.Lock()
        self._is_closed = False
        self.is_terminal = os.isatty(descriptor)
        """What is written is seen at once, and what acts on a terminal would act."""

    async def write(self, text: str) -> None:
        """All of it; ``UsageError`` when it cannot be written."""
        await self.write_bytes(text.encode("utf-8"))

    async def write_bytes(self, data: bytes) -> None:
        """The same of what is no text."""
        try:
            await beside(lambda: self._write(memoryview(data)), "restoretui-write")
        except OSError as error:
            raise refused(self._named, error) from None

    def _write(self, data: memoryview) -> None:
        # A write that nobody waits for any more must not go on in whatever file has the number next.
        with self._lock:
            while data and not self._is_closed:
                try:
                    data = data[os.write(self._descriptor, data) :]
                except BlockingIOError:
                    select.select([], [self._descriptor], [])

    def close(self, *, kept: bool) -> None:
        """Once what is being written is through; ``kept``: on disk, before anybody relies on it."""
        self._is_closed = True
        with self._lock:
            try:
                if kept:
                    os.fsync(self._descriptor)
            finally:
                os.close(self._descriptor)


def own_descriptor(path: Path) -> int | None:
    """Which of our own descriptors ``path`` is another name of, as ``/dev/stdout`` is of 1. Reads the disk."""
    text = os.path.abspath(path)  # noqa: PTH100  resolve() would go on to what the descriptor leads to
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(text)
        text = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118
        if found := _DESCRIPTOR.fullmatch(text):
            return int(found[2]) if found[1] in (None, "self", "thread-self", str(os.getpid())) else None
        if not os.path.islink(text):  # noqa: PTH114
            return None
        text = os.path.normpath(os.path.join(os.path.dirname(text), os.readlink(text)))  # noqa: PTH115, PTH118, PTH120
    return None


@asynccontextmanager
async def open_target(path: Path, *, secret: bool = False) -> AsyncIterator[Target]:
    """Open ``path`` for the length of the block, at whose end it is written whole.

    After an error an older regular file is as it was, and nothing half-written is left beside it. A new file may be
    read by its owner only; an older one's mode and owner stay, of which ``secret`` takes what others may.
    ``UsageError`` says why it cannot be written.
    """
    try:
        through = await beside(lambda: _opened_through(path), "restoretui-open")
        if through is None:
            real, part, descriptor = await asyncio.to_thread(_new_beside, path, secret=secret)
    except OSError as error:
        raise refused(path, error) from None
    if through is not None:
        target = Target(through, path)
        try:
            yield target
        finally:
            await beside(lambda: target.close(kept=False), "restoretui-close")
        return
    target = Target(descriptor, path)
    kept = False
    try:
        yield target
        kept = True
    finally:
        await asyncio.to_thread(_settle, target, part, real if kept else None, path)


async def write_whole(path: Path, chunks: AsyncIterator[str]) -> None:
    """Write all of it to ``path`` (``open_target``); for text in which nothing acts on a terminal."""
    async with open_target(path) as target:
        async for chunk in chunks:
            await target.write(chunk)


async def write_secret(path: Path, text: str) -> None:
    """Write ``text``, which nobody else may read, to ``path`` (``open_target``), whose folder is made if need be."""
    try:
        await asyncio.to_thread(lambda: path.parent.mkdir(parents=True, exist_ok=True))
    except OSError as error:
        raise refused(path.parent, error) from None
    async with open_target(path, secret=True) as target:
        if target.is_terminal:
            raise UsageError(f"{path} is a terminal", "choose a file")
        await target.write_bytes(text.encode("utf-8", "backslashreplace"))


def _settle(target: Target, part: Path, real: Path | None, named: Path) -> None:
    """Put the part in its place; without one, and after any trouble, take it away: half a file is of no use."""
    try:
        target.close(kept=real is not None)
        if real is not None:
            part.replace(real)
    except OSError as error:
        raise refused(named, error) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def begun(path: Path, waits: Callable[[], None] = lambda: None) -> tuple[int, Path | None, Path | None]:
    """A descriptor to write to; and, where a file is to be replaced or made, the part and its place. ``OSError``.

    ``waits`` is called once if nobody reads a pipe yet.
    """
    through = _opened_through(path, waits)
    if through is not None:
        return through, None, None
    real, part, descriptor = _new_beside(path)
    return descriptor, part, real


def settled(named: Path, descriptor: int, part: Path | None, real: Path | None) -> None:
    """Put the part in its place; without one, take it away. ``UsageError`` when it cannot be."""
    target = Target(descriptor, named)
    if part is None:
        target.close(kept=False)
    else:
        _settle(target, part, real, named)


def refused(path: Path, error: OSError) -> UsageError:
    """Why ``path`` cannot be written, in a sentence."""
    if error.errno == errno.EISDIR:
        return UsageError(f"{path} is a folder", "name a file in it")
    why = "whoever read it is gone" if error.errno == errno.EPIPE else error.strerror or str(error)
    return UsageError(f"{path} cannot be written: {why}", "choose another file")


def _opened_through(path: Path, waits: Callable[[], None] = lambda: None) -> int | None:
    """What is no regular file, opened to be written through; None for a file to replace, or to make."""
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "a null byte cannot be part of a name")
    own = own_descriptor(path)
    if own is not None:
        # The same open file, position and all: opened anew, it would be written over from its beginning.
        return os.dup(own)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if stat.S_ISBLK(mode):
        raise UsageError(f"{path} is a disk, and what is on it would be lost", "choose a file")
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC
    return _read_by_somebody(path, flags, waits) if stat.S_ISFIFO(mode) else os.open(path, flags)


def _read_by_somebody(path: Path, flags: int, waits: Callable[[], None]) -> int:
    """A pipe, which is open once somebody reads it; ``UsageError`` where nobody does."""
    began, is_told = time.monotonic(), False
    while True:
        try:
            descriptor = os.open(path, flags | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        else:
            os.set_blocking(descriptor, True)
            return descriptor
        waited = time.monotonic() - began
        if waited > _TOLD_AFTER_S and not is_told:
            is_told = True
            waits()
        if waited > READER_S:
            raise UsageError(f"nobody reads the pipe {path}", "begin to read it first, or choose a file")
        time.sleep(_READER_EVERY_S)


def _new_beside(path: Path, *, secret: bool = False) -> tuple[Path, Path, int]:
    """The file that ``path`` leads to, and a new one beside it, open, of a name nobody can have made before."""
    real = Path(os.path.realpath(path))
    before = None
    with suppress(FileNotFoundError):
        before = real.stat()
        if not os.access(real, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(real))
    kept = os.fsencode(real.name)[:_NAME_KEPT].decode("utf-8", "ignore")
    part = real.with_name(f"{kept}.{os.urandom(6).hex()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if before is not None:
        with suppress(OSError):  # Only root may give a file away.
            os.fchown(descriptor, before.st_uid, before.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & (0o700 if secret else 0o777))
    return real, part, descriptor
