"""Stdin, stdout and stderr as whoever started us left them: closed, full, unread, or of another encoding.

What is written to stdout and stderr goes through an ``Outlet``, which keeps what went wrong there. A command that
only shows something stops when nobody reads it any more; one that sends goes on to its end, and is told afterwards.
"""

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

from restoretui.cli import signals
from restoretui.core.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNREAD = (errno.EPIPE, errno.ECONNRESET)
_BUFFER = 1 << 16


class ReaderGone(Exception):
    """Whoever read stdout has enough. ``hung_up``: it was a terminal, whose line dropped."""

    def __init__(self, *, hung_up: bool) -> None:
        super().__init__("nobody reads stdout")
        self.hung_up = hung_up


class OutputLost(UsageError):
    """Stdout or stderr takes no more: a full disk, say."""


class Outlet(io.RawIOBase):
    """A descriptor to write to. After the first trouble everything is taken and dropped, so nothing fails twice."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name
        self.stops = False
        """Raise what happened, once: ``ReaderGone`` or ``OutputLost``."""
        self.lost: OSError | None = None
        """Why something was not written, though somebody may want it."""
        self.is_missed = False
        """Whoever started us closed it, and what is written to it is all that the command is for."""
        self._muted = False

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: "ReadableBuffer", /) -> int:
        size = memoryview(data).nbytes
        if self._muted:
            return size
        try:
            with signals.at_once(self._is_stalled):
                return self._write(data)
        except OSError as error:
            self._muted = True
            hung_up = error.errno == errno.EIO and os.isatty(self._descriptor)
            unread = hung_up or error.errno in UNREAD
            if not unread:
                self.lost = error
            if self.stops:
                raise (ReaderGone(hung_up=hung_up) if unread else lost_words(self)) from None
            return size
        except BaseException:
            self._muted = True  # Told to end while it blocked: it would block again on the way out.
            raise

    def _is_stalled(self) -> bool:
        return not select.select([], [self._descriptor], [], 0)[1]

    def _write(self, data: "ReadableBuffer") -> int:
        if self.is_missed and memoryview(data).nbytes:
            raise OSError(errno.EBADF, "it is closed")
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                # A neighbour on the same pipe or terminal made it so.
                select.select([], [self._descriptor], [])


_outlets: list[Outlet] = []


def prepare() -> None:
    """Make the three streams such as the rest may rely on."""
    closed = set()
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            # Else the next file or connection opened would get its number, and our words with it.
            opened = os.open(os.devnull, mode)
            os.set_inheritable(opened, True)
            closed.add(descriptor)
    _outlets[:] = [Outlet(1, "stdout"), Outlet(2, "stderr")]
    _outlets[0].is_missed = 1 in closed  # Stderr's words are meant for people, of whom there is none.
    sys.stdout = _text(_outlets[0], sys.stdout)
    sys.stderr = _text(_outlets[1], sys.stderr)


def _text(outlet: Outlet, before: TextIO | None) -> io.TextIOWrapper:
    lines = outlet.isatty() or outlet.name == "stderr"
    # What a terminal's encoding does not know is spelled out; a table must not die of a key.
    return io.TextIOWrapper(
        io.BufferedWriter(outlet, _BUFFER), getattr(before, "encoding", None) or "utf-8", "backslashreplace",
        newline="\n", line_buffering=lines,
    )  # fmt: skip


def stop_unread() -> None:
    """This command only shows something: it ends when stdout is not read, or cannot be written."""
    for outlet in _outlets[:1]:
        outlet.stops = True


def do_unheard() -> None:
    """This command does something, which is no less done where stdout was closed from the start."""
    for outlet in _outlets:
        outlet.is_missed = False


def go_on() -> None:
    """From here on nothing that happens to a stream stops us."""
    for outlet in _outlets:
        outlet.stops = False


def flush() -> None:
    """Push out all that is buffered."""
    sys.stdout.flush()
    sys.stderr.flush()


def lost() -> Outlet | None:
    """The stream that lost something that somebody may want."""
    return next((outlet for outlet in _outlets if outlet.lost is not None), None)


def lost_words(outlet: Outlet, *, went_on: bool = False) -> OutputLost:
    """The sentence for it."""
    why = outlet.lost.strerror if outlet.lost is not None else "it is gone"
    hint = "the work went on to its end: `restoretui status` shows what became of it"
    return OutputLost(f"{outlet.name} cannot be written: {why}", hint if went_on else "write it elsewhere")
