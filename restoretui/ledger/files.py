"""The state folder: private files, scratch space that never outlives us for long, and damaged files set aside."""

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from restoretui.core.errors import LedgerError

LEDGER_FILE = "ledger.db"
CATALOG_FILE = "catalog.db"
_SCRATCH = "scratch"
_SIDE_FILES = ("", "-wal", "-shm", "-journal")


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
        for name in (LEDGER_FILE, CATALOG_FILE):
            make_private(folder / name)
    except OSError as error:
        raise LedgerError(
            f"the state folder {folder} cannot be used: {error.strerror or error}",
            "make it a writable folder, or choose another --state-dir",
        ) from error
    return folder


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
    target = path.with_name(f"{path.name}.set-aside-{label}-{secrets.token_hex(2)}")
    for suffix in _SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return target


@dataclass(frozen=True, slots=True)
class ScratchSpace:
    """A folder of this process alone, for the orders of sorted and filtered views."""

    folder: Path
    lock: int
    """Descriptor whose lock says that we live; the system lets go of it however we end."""

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
                    space = cls._make(parent / f"{os.getpid()}-{secrets.token_hex(4)}")
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

    def remove(self) -> None:
        """Delete it all."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)


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
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)
