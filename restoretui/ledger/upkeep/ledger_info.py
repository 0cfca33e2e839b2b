"""Size statistics of the ledger, for ``restoretui ledger info``; read in a reader thread, as it may take a while."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from restoretui.ledger.store import schema
from restoretui.ledger.store.decoding import STATES, decodes
from restoretui.ledger.store.state_folder import CATALOG_FILE, LEDGER_FILE

_ROOMS = {
    "job": "runs", "run": "runs", "run_count": "runs", "line": "runs", "batch": "runs", "bucket": "runs",
    "flow": "runs", "duration": "runs",
    "activity": "activity", "observation": "looks",
    "selection": "marks", "selection_span": "marks", "selection_total": "marks",
    "segment": "listings", "listing": "listings",
}  # fmt: skip
"""What each table is part of, in the words of ``ledger info``."""


class LedgerInfo(Struct, frozen=True):
    """What ``restoretui ledger info`` tells. Sizes in bytes, instants in seconds since the epoch."""

    files: Mapping[Path, int]
    """With the log beside each."""
    parts: Mapping[str, int]
    """Bytes by what they are for: runs, activity, listings, looks, marks, free, other."""
    measured: bool
    """False: this SQLite cannot measure tables, so runs and activity are shared out by their rows."""
    schema: int
    catalog_schema: int
    gives_back: bool
    """Freed pages of both files can be given back in steps."""
    runs: int = 0
    objects: int = 0
    entries: int = 0
    listings: int = 0
    by_state: Mapping[str, int] = field(default_factory=dict)
    """Objects of runs."""
    oldest_run: float | None = None
    oldest_listing: float | None = None


@decodes("the ledger")
def read_vitals(connection: sqlite3.Connection, folder: Path) -> LedgerInfo:
    """Of a connection with both files, the catalog attached as ``catalog``."""

    def one(sql: str) -> tuple[object, ...]:
        row: tuple[object, ...] = connection.execute(sql).fetchone()
        return row

    def count(table: str) -> int:
        return int(str(one(f"SELECT count(*) FROM {table}")[0]))

    measured = _measured(connection)
    counts = {table: count(table) for table in ("run", "job", "activity", "listing")}
    parts = measured or _shared_out(connection, counts["job"], counts["activity"])
    modes = [one(f"PRAGMA {name}.auto_vacuum")[0] for name in ("main", "catalog")]
    states = connection.execute("SELECT state, sum(jobs) FROM run_count WHERE jobs > 0 GROUP BY state").fetchall()
    return LedgerInfo(
        files={folder / name: _size(folder / name) for name in (LEDGER_FILE, CATALOG_FILE)},
        parts=parts,
        measured=measured is not None,
        schema=len(schema.LEDGER),
        catalog_schema=len(schema.CATALOG),
        gives_back=modes == [2, 2],
        runs=counts["run"],
        objects=counts["job"],
        entries=counts["activity"],
        listings=counts["listing"],
        by_state={STATES[state].value: int(jobs) for state, jobs in states},
        oldest_run=_seconds(one("SELECT min(created_at) FROM run")[0]),
        oldest_listing=_seconds(one("SELECT min(coalesce(ended_at, started_at)) FROM listing")[0]),
    )


def _measured(connection: sqlite3.Connection) -> dict[str, int] | None:
    parts: dict[str, int] = {}
    for name in ("main", "catalog"):
        owners = dict(connection.execute(f"SELECT name, tbl_name FROM {name}.sqlite_master").fetchall())
        try:
            sizes = connection.execute("SELECT name, pgsize FROM dbstat(?, 1)", (name,)).fetchall()
        except sqlite3.OperationalError:
            return None
        for table, size in sizes:
            room = _room(owners.get(table, table))
            parts[room] = parts.get(room, 0) + size
        parts["free"] = parts.get("free", 0) + _pages(connection, name)[1]
    return parts


def _room(table: str) -> str:
    if table[1:].isdigit():
        return "listings"
    return _ROOMS.get(table, "other")


def _shared_out(connection: sqlite3.Connection, jobs: int, entries: int) -> dict[str, int]:
    ledger, free = _pages(connection, "main")
    catalog, free_there = _pages(connection, "catalog")
    of_runs = ledger * jobs // max(1, jobs + entries)
    return {"runs": of_runs, "activity": ledger - of_runs, "listings": catalog, "free": free + free_there}


def _pages(connection: sqlite3.Connection, name: str) -> tuple[int, int]:
    """Bytes in use and free."""
    (pages,), (free,), (size,) = (
        connection.execute(f"PRAGMA {name}.{what}").fetchone()
        for what in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size, free * size


def _size(path: Path) -> int:
    sides = (path, path.with_name(f"{path.name}-wal"))
    return sum(side.stat().st_size for side in sides if side.exists())


def _seconds(value: object) -> float | None:
    return None if value is None else float(str(value))
