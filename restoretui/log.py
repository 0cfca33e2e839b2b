"""The log that ``--verbose`` writes: what was done, never a header, a signature or a credential.

It is bounded: a full file becomes ``restoretui.log.1`` and so on, and the last one goes. Several processes write to
the same file: a record is one append, and who turns the files over holds a lock while doing so.
"""

import contextlib
import fcntl
import logging
import os
from pathlib import Path
from typing import Any

from restoretui.wording.safe import clean

NAME = "restoretui.log"
MAX_BYTES = 5 << 20
"""Of one file; a record is never cut, so a file may be longer by one."""
FILES = 3
"""The file that is written to, and those before it."""


class BoundedLog(logging.Handler):
    """Appends to ``path``, and turns the files over when it is full."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, files: int = FILES) -> None:
        super().__init__()
        self._path = path
        self._max_bytes = max_bytes
        self._files = files
        self._file = _open(path)

    def emit(self, record: logging.LogRecord) -> None:
        """One record, in one write; a disk that cannot take it is told by those who write what matters."""
        try:
            line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            if os.fstat(self._file).st_size >= self._max_bytes:
                self._turn_over()
            os.write(self._file, line)
        except OSError:
            return
        except Exception:  # noqa: BLE001 - boundary: a record that cannot be formatted must not end what it is about
            self.handleError(record)

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            os.close(self._file)
        super().close()

    def _turn_over(self) -> None:
        lock = _open(self._path.with_name(f"{self._path.name}.lock"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have been quicker: then the name is a new file's already.
            if self._is_full():
                for number in range(self._files - 1, 0, -1):
                    older = self._path.with_name(f"{self._path.name}.{number}")
                    newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
                    with contextlib.suppress(FileNotFoundError):
                        newer.replace(older)
            fresh = _open(self._path)
            os.close(self._file)
            self._file = fresh
        finally:
            os.close(lock)

    def _is_full(self) -> bool:
        try:
            return self._path.stat().st_size >= self._max_bytes
        except FileNotFoundError:
            return False


class CleanFormatter(logging.Formatter):
    """A record is one line, in which nothing acts on a terminal that shows it; only traces have more, indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as the standard library calls it
        """With what came from outside spelled out."""
        return clean(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The same for a trace, line by line."""
        return "\n".join(f"    {clean(line)}" for line in super().formatException(ei).split("\n"))


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def start_log(folder: Path) -> None:
    """Write this package's own log records to ``restoretui.log`` in ``folder``; the SDK's are left out on purpose."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = BoundedLog(folder / NAME)
    handler.setFormatter(CleanFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("restoretui")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
