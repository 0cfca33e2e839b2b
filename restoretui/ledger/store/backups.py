"""Online backups of the ledger: one before each migration, and those a person asks for. Whole, or not there."""

import contextlib
import os
import sqlite3
from pathlib import Path

from restoretui.core.errors import LedgerDamaged, LedgerError
from restoretui.core.os_errors import free_bytes
from restoretui.ledger.store.state_folder import copies_of, make_private

SPARE_BYTES = 16 << 20
"""What is left free beside any copy, for the work that goes on."""


def room_for(folder: Path, size_bytes: int) -> bool:
    """Whether so much more fits on the disk of ``folder``, with something to spare."""
    return free_bytes(folder) >= size_bytes + SPARE_BYTES


def used_bytes(connection: sqlite3.Connection, name: str = "main") -> int:
    """What a copy of a database takes: its pages that are in use."""
    (pages,) = connection.execute(f"PRAGMA {name}.page_count").fetchone()
    (free,) = connection.execute(f"PRAGMA {name}.freelist_count").fetchone()
    (size,) = connection.execute(f"PRAGMA {name}.page_size").fetchone()
    return int((pages - free) * size)


def copy_before_migration(ledger: sqlite3.Connection, path: Path, version: int) -> str:
    """Copy the ledger to ``ledger.db.schema-VERSION``; in words why not, or nothing."""
    size = path.stat().st_size
    if not room_for(path.parent, size):
        return (
            f"the ledger came to a new schema without a copy of the old one: {path.parent} has no room for"
            f" {size / (1 << 20):,.0f} MiB more"
        )
    copy_whole(ledger, _copy_of(path, version))
    return ""


def keep_one_copy(path: Path, version: int) -> None:
    """The migration from that schema went well: copies of still older ones are not needed any more."""
    newest = _copy_of(path, version)
    for older in copies_of(path) if newest.exists() else ():
        if older != newest:
            older.unlink(missing_ok=True)


def _copy_of(path: Path, version: int) -> Path:
    return path.with_name(f"{path.name}.schema-{version}")


def copy_whole(ledger: sqlite3.Connection, target: Path) -> None:
    """An online backup at ``target``, one file of mode 0600, checked before it gets its name.

    Writers go on meanwhile: the copy is of one moment. ``LedgerDamaged`` when the copy does not pass SQLite's check,
    ``LedgerError`` when it cannot be written.
    """
    draft = target.with_name(f"{target.name}.{os.urandom(4).hex()}.part")
    try:
        make_private(draft)
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            ledger.backup(copy)
            # One file that can be moved about, without a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            (said,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise LedgerDamaged(f"the ledger is damaged ({ascii(said)[1:-1][:200]}), so a copy of it is no use")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        raise LedgerError(
            f"{target} cannot be written: {error.strerror or error}", "choose a place with room, or make it writable"
        ) from error
    except sqlite3.OperationalError as error:
        # Only the copy grows: it is its disk that is full, not that of the ledger.
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise LedgerError(f"{target} cannot be written: the disk is full", "choose a place with room") from error
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)
