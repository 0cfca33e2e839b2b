"""Sorts more rows than memory holds: on disk, in a database of its own that goes with the process.

Inventories list objects in no order (FACTS 8.1), and a listing's rows have to come in key order. Memory stays the
same however many there are; the disk holds them twice while they are sorted, beside the listing they become.
"""

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterator
from operator import eq, itemgetter
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from restoretui.core.errors import LedgerError
from restoretui.core.rows import Rows
from restoretui.ledger.store.sqlite_errors import explained
from restoretui.ledger.store.unknown_values import UNTOLD_DATE, UNTOLD_SIZE, stored_column, told_date, told_size
from restoretui.ledger.views.filter_columns import as_listed
from restoretui.ledger.views.where_sql import where

if TYPE_CHECKING:
    from restoretui.core.filter.tree import Filter

PAGE = 1000
"""Rows that come back at a time."""
_CACHE_KIB = 8_192
_COLUMNS = "key, version_id, size, modified, storage_class, etag, is_latest, hint"
_TAKEN = (0, 1, 2, 3, 4, 7, 8, 6)
"""Of an entry's columns; an inventory tells of no restores, and has a hint where their ends stand."""


class _Once:
    """Takes rows in their order, and leaves out those that name what was named before."""

    def __init__(self) -> None:
        self.repeated = 0
        self._of: Any = None
        self._there: set[str | None] = set()

    def of(self, rows: list[Any]) -> list[Any]:
        keys = list(map(itemgetter(0), rows))
        if _of(rows[0]) != self._of and not any(map(eq, keys, keys[1:])):  # as nearly always
            last = rows[-1]
            self._of, self._there = _of(last), {last[1]}
            return rows
        kept = []
        for row in rows:
            of = _of(row)
            if of != self._of:
                self._of, self._there = of, set()
            if row[1] not in self._there:
                self._there.add(row[1])
                kept.append(row)
        self.repeated += len(rows) - len(kept)
        return kept


def _of(row: Any) -> Any:
    """What is named once: a key; the versions of one date, since rows of one version tell the same."""
    return row[0] if row[1] is None else (row[0], row[3])


class RowSorter:
    """Takes rows in, lets a filter through, gives them back in order. Blocks: for a thread of its own."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is the scratch space of this process."""
        self._folder = folder
        self._path = folder / f"sort-{os.urandom(4).hex()}.db"
        self._keeps, self._args = "1", dict[str, Any]()
        self._lock = Lock()
        self._is_over = False
        self._once = _Once()
        with explained(folder):
            self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            for setting in (
                "journal_mode = OFF",
                "synchronous = OFF",
                "locking_mode = EXCLUSIVE",
                "temp_store = FILE",
            ):
                self._db.execute(f"PRAGMA {setting}")
            self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            kinds = "key TEXT, version_id TEXT, size INTEGER, modified INTEGER, storage_class TEXT, etag TEXT"
            for name in ("kept", "incoming"):
                last = "is_latest INTEGER, hint INTEGER"
                self._db.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {kinds}, {last})")

    def keep(self, tree: "Filter | None", prefix: str, now: float, classes: tuple[str, ...]) -> None:
        """From now on only rows that match; globs as in a listing below ``prefix``, ages as of ``now``."""
        if tree is not None:
            match = where(tree, as_listed(prefix), classes)
            self._keeps, self._args = match.sql, {**match.args, "now": now}

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """A step. Who is told to end leaves one behind in its thread: the database is not closed under it."""
        with self._lock, explained(self._folder):
            if self._is_over:
                raise LedgerError("nobody waits for these rows any more")
            yield

    def add(self, rows: Rows) -> int:
        """Take some; how many of them were kept."""
        if not rows:
            return 0
        columns = [rows.columns[at] for at in _TAKEN]
        columns[2] = stored_column(list(columns[2]), UNTOLD_SIZE)
        columns[3] = stored_column(list(columns[3]), UNTOLD_DATE)
        table = "kept" if self._keeps == "1" else "incoming"
        with self._alone():
            self._db.execute("BEGIN")
            self._db.executemany(
                f"INSERT INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", zip(*columns, strict=True)
            )
            found = len(rows)
            if table == "incoming":
                chosen = f"SELECT {_COLUMNS} FROM incoming l WHERE {self._keeps}"
                found = self._db.execute(f"INSERT INTO kept ({_COLUMNS}) {chosen}", self._args).rowcount
                self._db.execute("DELETE FROM incoming")
            self._db.execute("COMMIT")
        return found

    def in_order(self) -> Iterator[Rows]:
        """All of them by key, the newest version of each first; each version once, as its newest row has it."""
        order = f"SELECT {_COLUMNS} FROM kept ORDER BY key, is_latest DESC, modified DESC, id"
        with self._alone():
            found = self._db.execute(order)
        once = self._once
        while True:
            with self._alone():
                some = found.fetchmany(PAGE)
            if not some:
                return
            if not (some := once.of(some)):
                continue
            keys, versions, sizes, dates, classes, etags, latest, hints = map(list, zip(*some, strict=True))
            nothing = list(itertools.repeat(None, len(some)))
            yield Rows(
                [
                    keys,
                    versions,
                    sizes if min(sizes) >= 0 else [told_size(size) for size in sizes],
                    dates if min(dates) > UNTOLD_DATE else [told_date(date) for date in dates],
                    classes,
                    nothing,
                    hints,
                    etags,
                    list(map(bool, latest)),
                ]
            )

    @property
    def repeated(self) -> int:
        """Rows that were left out so far, since another names the same version of the same object."""
        return self._once.repeated

    def close(self) -> None:
        """Forget all of it."""
        self._is_over = True
        self._db.interrupt()
        with self._lock:
            self._db.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
