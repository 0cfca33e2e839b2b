"""The full vacuum of ``restoretui ledger vacuum``. Runs in a thread, with connections of its own."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from restoretui.core.errors import LedgerError
from restoretui.ledger.store.backups import room_for, used_bytes
from restoretui.ledger.store.connections import connect
from restoretui.ledger.store.sqlite_errors import explained
from restoretui.ledger.store.state_folder import CATALOG_FILE, LEDGER_FILE, living, what_was_cut

_WAIT_S = 5.0
"""How long to wait for a process that writes; a vacuum can be said again."""
_STEP_PAGES = 256
_REST_S = 0.005
"""Between two steps, so that others come to write."""
_INCREMENTAL = 2


class Vacuumed(NamedTuple):
    """One file, in bytes."""

    file: Path
    before: int
    after: int


def vacuum(folder: Path) -> Sequence[Vacuumed]:
    """Give the free pages of both files back to the disk, and let them be given back in steps from now on.

    Alone on the ledger, each file is written anew. While other processes have it open only free pages go, a few at a
    time, which files of before cannot do. ``LedgerError`` when there is no room, or when it has to wait for others.
    """
    done = []
    with explained(folder):
        for path in (folder / LEDGER_FILE, folder / CATALOG_FILE):
            if not path.exists() or not path.stat().st_size:
                continue
            if how := what_was_cut(path):
                raise sqlite3.DatabaseError(f"{path.name}: {how} (malformed)")
            before = path.stat().st_size
            with contextlib.closing(connect(path, timeout=_WAIT_S)) as database:
                _vacuum(database, path, len(living(folder)))
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            done.append(Vacuumed(path, before, path.stat().st_size))
    return done


def _vacuum(database: sqlite3.Connection, path: Path, others: int) -> None:
    (mode,) = database.execute("PRAGMA auto_vacuum").fetchone()
    used = used_bytes(database)
    # SQLite writes the new file to its temporary folder first, and from there through the log.
    temporary = _temporary_folder()
    has_room = room_for(path.parent, 2 * used) and room_for(temporary, used)
    if not others and has_room:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("VACUUM")
    elif mode == _INCREMENTAL:
        _in_steps(database)
    elif others:
        raise LedgerError(
            f"{path.name} is of an older kind that has to be written anew, and {others} other restoretui"
            f" {'has' if others == 1 else 'have'} it open",
            "end them, and say it again",
        )
    else:
        raise LedgerError(
            f"there is no room to write {path.name} anew: {2 * used / (1 << 20):,.0f} MiB in {path.parent} and"
            f" {used / (1 << 20):,.0f} MiB in {temporary}",
            "free some space there, or set SQLITE_TMPDIR to a folder with room",
        )


def _in_steps(database: sqlite3.Connection) -> None:
    while database.execute("PRAGMA freelist_count").fetchone()[0]:
        database.execute("BEGIN IMMEDIATE")
        for _ in range(_STEP_PAGES):
            # One page a statement: Python's module steps through it only once.
            database.execute("PRAGMA incremental_vacuum(1)")
        database.execute("COMMIT")
        time.sleep(_REST_S)


def _temporary_folder() -> Path:
    """Where SQLite puts its temporary files (sqlite.org/tempfiles.html, section 5)."""
    names = [os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp"]  # noqa: S108
    for name in names:
        if name and Path(name).is_dir() and os.access(name, os.W_OK | os.X_OK):
            return Path(name)
    return Path()
