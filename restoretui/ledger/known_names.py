"""Names that a shell completes: runs, jobs of S3 Batch Operations, and sets; read beside everything else.

A process of its own answers each press of a key: it opens the file read-only, and what it cannot read has no names.
"""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

_MOST = 200
_WAIT_S = 0.2


def run_names(folder: Path) -> Sequence[tuple[str, str]]:
    """The newest runs, and what tells them apart."""
    rows = _read(folder, "SELECT id, tier, objects, created_at FROM run ORDER BY id DESC LIMIT ?")
    return [(str(row[0]), f"{row[1]}, {row[2]} objects") for row in rows]


def job_names(folder: Path) -> Sequence[tuple[str, str]]:
    """The newest jobs of ours."""
    rows = _read(folder, "SELECT job_id, status, run_id FROM batch WHERE job_id <> '' ORDER BY id DESC LIMIT ?")
    return [(str(row[0]), f"{row[1]}, run {row[2]}") for row in rows]


def set_names(folder: Path) -> Sequence[tuple[str, str]]:
    """The sets there are."""
    sql = (
        "SELECT name, (SELECT sum(objects) FROM selection_total WHERE sel = s.id) FROM selection_set s"
        " WHERE kind = 'saved' ORDER BY name LIMIT ?"
    )
    return [(str(row[0]), f"{row[1]} objects") for row in _read(folder, sql, "catalog.db")]


def _read(folder: Path, sql: str, name: str = "ledger.db") -> list[tuple[object, ...]]:
    path = folder / name
    if not path.is_file():  # a pipe by that name would be waited for
        return []
    with contextlib.suppress(sqlite3.Error, OSError):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_S)) as database:
            return database.execute(sql, (_MOST,)).fetchall()
    return []
