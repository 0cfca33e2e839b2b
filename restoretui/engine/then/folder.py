"""The folder downloads go to, safe from path traversal: no key and no link inside it leads outside. Blocks.

Each name on the way is opened by itself below the one before, and no link is followed.
"""

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from restoretui.core.then.names import apart

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class There(NamedTuple):
    """A file that is there."""

    size: int
    modified: float
    is_file: bool


class Folder:
    """The root. Raises ``OSError`` as the system does."""

    def __init__(self, path: str) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make it, if it is not there."""
        Path(self.path).mkdir(parents=True, exist_ok=True)

    def fit(self, names: Sequence[str], key: str) -> tuple[str, ...]:
        """``names``, told apart where a file stands where a folder has to, or a folder where the file."""
        chosen: list[str] = []
        for place, name in enumerate(names):
            found = self._look([*chosen, name])
            is_last = place == len(names) - 1
            if found is not None and stat.S_ISDIR(found.st_mode) == is_last:
                name = apart(name, key if is_last else "/".join(names[: place + 1]))
            chosen.append(name)
        return tuple(chosen)

    def _look(self, names: Sequence[str]) -> os.stat_result | None:
        try:
            with self.opened(names[:-1], make=False) as parent:
                return os.stat(names[-1], dir_fd=parent, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    @contextmanager
    def opened(self, names: Sequence[str], *, make: bool = True) -> Iterator[int]:
        """A descriptor of the folder that ``names`` lead to, made on the way."""
        at = os.open(self.path, _FOLDER)
        try:
            for name in names:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, dir_fd=at)
                below = os.open(name, _FOLDER | _NO_LINK, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    def find(self, names: Sequence[str]) -> There | None:
        """What stands there."""
        found = self._look(names)
        if found is None:
            return None
        return There(found.st_size, found.st_mtime, stat.S_ISREG(found.st_mode))

    def make(self, names: Sequence[str]) -> None:
        """A folder."""
        with self.opened(names):
            pass

    def open(self, names: Sequence[str], *, write: bool, at_end: bool = False) -> int:
        """A descriptor of a file; made where it is to be written. ``at_end``: whatever is written is added to it.

        What is no file is never waited for: nobody may ever come to the other end of a pipe.
        """
        flags = (os.O_RDWR | os.O_CREAT) if write else os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
        flags |= os.O_APPEND if at_end else 0
        with self.opened(names[:-1]) as parent:
            return os.open(names[-1], flags | _NO_LINK | getattr(os, "O_CLOEXEC", 0), 0o666, dir_fd=parent)

    def move(self, names: Sequence[str], name: str) -> None:
        """Give a file its final name in the same folder, at once and for good."""
        with self.opened(names[:-1]) as parent:
            os.replace(names[-1], name, src_dir_fd=parent, dst_dir_fd=parent)
            os.fsync(parent)

    def remove(self, names: Sequence[str]) -> None:
        """Remove a file, if it is there."""
        with (
            contextlib.suppress(FileNotFoundError, NotADirectoryError),
            self.opened(names[:-1], make=False) as parent,
        ):
            os.unlink(names[-1], dir_fd=parent)

    def free_bytes(self) -> int:
        """What the disk has left for us."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize
