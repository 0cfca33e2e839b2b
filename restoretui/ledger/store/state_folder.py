"""The state folder: private files, created atomically; temporary space of each process; damaged files set aside."""

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from restoretui.core.errors import LedgerError

LEDGER_FILE = "ledger.db"
CATALOG_FILE = "catalog.db"
_SCRATCH = "scratch"
_SIDE_FILES = ("", "-wal", "-shm", "-journal")
_SIDE_ENDS = ("-wal", "-shm", "-journal", ".part")
_LOOKS = 3
_LOOK_AGAIN_S = 0.02


def prepare_folder(folder: Path) -> Path:
    """Make the state folder (0700) and return it as an absolute path; ``LedgerError`` when it cannot be used.

    A folder that holds other things as well keeps its mode: it is not ours alone.
    """
    folder = folder.expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        ours = (folder / LEDGER_FILE).exists() or not any(folder.iterdir())
        if ours and status.st_uid == os.geteuid() and status.st_mode & 0o077 and not status.st_mode & stat.S_ISVTX:
            folder.chmod(0o700)
        if (folder / LEDGER_FILE).exists():
            make_private(folder / LEDGER_FILE)
        make_private(folder / CATALOG_FILE)
    except OSError as error:
        raise unusable(folder, error) from error
    return folder


def unusable(folder: Path, error: OSError) -> LedgerError:
    """The state folder is no place to keep anything."""
    return LedgerError(
        f"the state folder {folder} cannot be used: {error.strerror or error}",
        "make it a writable folder, or choose another --state-dir",
    )


def appear_whole(path: Path, build: Callable[[Path], None]) -> None:
    """Create a file atomically: ``build`` makes it elsewhere; it is linked to ``path`` unless that exists by now.

    So a database at ``path`` is never empty or half-made, and one that is empty was emptied.
    """
    draft = path.with_name(f"{path.name}.new-{os.urandom(4).hex()}")
    try:
        make_private(draft)
        build(draft)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        except OSError:
            # No hard links here; the moment in between is the best this file system has to offer.
            if not path.exists():
                draft.rename(path)
    finally:
        for suffix in _SIDE_FILES:
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def bring_to_disk(path: Path) -> None:
    """Return once a file's bytes are on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def what_was_cut(path: Path) -> str:
    """How a database file was cut short, in words; empty when it is as long as its header says.

    SQLite itself notices only when it comes to a page that is missing. While a write-ahead log holds anything the
    file may rightly be shorter, and be so for a moment while another process folds the log in: then we look again.
    """
    for _ in range(_LOOKS):
        before = _log_size(path)
        size, header = path.stat().st_size, _header(path)
        if size == 0:
            return _emptied(path, before)
        found = _shorter(size, header)
        if not found or before or _log_size(path) or path.stat().st_size != size:
            found = ""
        if not found:
            return ""
        time.sleep(_LOOK_AGAIN_S)
    return found


def _emptied(path: Path, log: int) -> str:
    others = [path.with_name(CATALOG_FILE), *copies_of(path)] if path.name == LEDGER_FILE else []
    if log or any(other.exists() and other.stat().st_size for other in others):
        return "it was emptied: nothing is left in it, though what lies beside it says that there was"
    return ""


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(100)


def _log_size(path: Path) -> int:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def _shorter(size: int, header: bytes) -> str:
    # sqlite.org/fileformat2.html#the_database_header
    if len(header) < 100:
        return f"it was cut to {size:,} bytes"
    page = int.from_bytes(header[16:18], "big")
    page = 65_536 if page == 1 else page
    pages = int.from_bytes(header[28:32], "big")
    is_known = header[:16] == b"SQLite format 3\0" and header[24:28] == header[92:96] and pages
    if is_known and size < pages * page:
        return f"it was cut: {size:,} of its {pages * page:,} bytes are left"
    return ""


def copies_of(path: Path) -> list[Path]:
    """The copies that were made before the schema of this file was changed, oldest schema first."""
    return sorted(copy for copy in path.parent.glob(f"{path.name}.schema-*") if not copy.name.endswith(_SIDE_ENDS))


def make_private(path: Path) -> None:
    """See to it that ``path`` exists and that only we may read it; SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    for suffix in _SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            side = path.with_name(path.name + suffix)
            if side.stat().st_mode & 0o077:
                side.chmod(0o600)


def set_aside(path: Path, now: datetime) -> Path:
    """Rename a database and its side files so that a new one can take its place; the new name is returned."""
    label = now.strftime("%Y%m%d-%H%M%S")
    target = path.with_name(f"{path.name}.set-aside-{label}-{os.urandom(2).hex()}")
    for suffix in _SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return target


class ScratchSpace(Struct, frozen=True):
    """A temporary folder of this process alone, for the materialised orders of sorted and filtered views."""

    folder: Path
    lock: int
    """Descriptor of a file lock (``flock``) that says that we live; the system releases it however we end."""

    @property
    def path(self) -> Path:
        """The scratch database."""
        return self.folder / "views.db"

    @classmethod
    def open(cls, state_folder: Path) -> "ScratchSpace":
        """Clear away what dead processes left, and make a new one."""
        parent = state_folder / _SCRATCH
        try:
            parent.mkdir(mode=0o700, exist_ok=True)
            for left in parent.iterdir():
                _remove_if_dead(left)
            space = None
            while space is None:
                # Another process that starts now may take our new folder for a dead one until it is locked.
                with contextlib.suppress(FileNotFoundError):
                    space = cls._make(parent / f"{os.getpid()}-{os.urandom(4).hex()}")
        except OSError as error:
            raise LedgerError(
                f"no scratch space can be made in {state_folder}: {error.strerror or error}",
                "make the folder writable and free some space, or choose another --state-dir",
            ) from error
        return space

    @classmethod
    def _make(cls, folder: Path) -> "ScratchSpace | None":
        folder.mkdir(mode=0o700)
        lock = _locked(folder)
        if lock is None:
            return None
        space = cls(folder, lock)
        make_private(space.path)
        return space

    @property
    def name(self) -> str:
        """What this process is called among those on the same state folder."""
        return self.folder.name

    def remove(self) -> None:
        """Delete it all."""
        _delete(self.folder)
        os.close(self.lock)


def is_alive(state_folder: Path, name: str) -> bool:
    """Whether the process called ``name`` still has its scratch space."""
    folder = state_folder / _SCRATCH / name
    if not folder.is_dir():
        return False
    try:
        descriptor = _locked(folder)
    except OSError:
        return False
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def living(state_folder: Path) -> list[str]:
    """The processes that have the ledger open now, by name; this one among them."""
    parent = state_folder / _SCRATCH
    names = [entry.name for entry in parent.iterdir()] if parent.is_dir() else []
    return [name for name in names if is_alive(state_folder, name)]


def _locked(folder: Path) -> int | None:
    # A file of its own: closing any descriptor of a database file would drop SQLite's locks on it.
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_if_dead(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = _locked(folder)
        if descriptor is not None:
            _delete(folder)
            os.close(descriptor)


def _delete(folder: Path) -> None:
    """With all that is in it, which is files: what takes whole trees is loaded where there is more."""
    try:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    except OSError:
        from shutil import rmtree

        rmtree(folder, ignore_errors=True)
