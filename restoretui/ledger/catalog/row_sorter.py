"""Sorts more rows than memory holds: on disk, in a database of its own that goes with the process.

Inventories list objects in no order (FACTS 8.1), and a listing's rows have to come in key order. Memory stays the
same however many there are; the disk holds them twice while they are sorted, beside the listing they become.
"""

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


class RowSorter:
    """Takes rows in, lets a filter through, gives them back in order. Blocks: for a thread of its own."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is the scratch space of this process."""
        self._folder = folder
        self._path = folder / f"sort-{os.urandom(4).hex()}.db"
        self._keeps, self._args = "1", dict[str, Any]()
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

    def add(self, rows: Rows) -> int:
        """Take some; how many of them were kept."""
        if not rows:
            return 0
        columns = [rows.columns[at] for at in _TAKEN]
        columns[2] = stored_column(list(columns[2]), UNTOLD_SIZE)
        columns[3] = stored_column(list(columns[3]), UNTOLD_DATE)
        table = "kept" if self._keeps == "1" else "incoming"
        with explained(self._folder):
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
        """All of them by key, the newest version of each first."""
        with explained(self._folder):
            found = self._db.execute(f"SELECT {_COLUMNS} FROM kept ORDER BY key, is_latest DESC, modified DESC, id")
            while some := found.fetchmany(PAGE):
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

    def close(self) -> None:
        """Forget all of it."""
        self._db.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
