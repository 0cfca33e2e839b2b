"""Synchronous reads on the event loop's thread: a screenful of rows, or one row by its id. Never a scan.

This is the only module of the package that touches SQLite on the loop's thread.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from restoretui.core.errors import LedgerError
from restoretui.ledger.store.sqlite_errors import explained


class QuickReads:
    """A read-only connection for the event loop's thread, with a timeout of a second.

    Every read is complete when it returns: a snapshot held between frames would keep the write-ahead log from being
    checkpointed.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection: sqlite3.Connection | None = connection
        self._folder = folder

    def rows(self, sql: str, args: Sequence[object] | dict[str, object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query that is quick by design."""
        if self._connection is None:
            raise LedgerError("the ledger is closed")
        with explained(self._folder):
            return self._connection.execute(sql, args).fetchall()

    def row(self, sql: str, args: Sequence[object] | dict[str, object] = ()) -> tuple[Any, ...] | None:
        """The only row of a query, or None."""
        found = self.rows(sql, args)
        return found[0] if found else None

    def version(self) -> int:
        """Another number after each commit, of whatever process: what was read at the same one is still so."""
        found = self.row("PRAGMA data_version")
        return int(found[0]) if found else 0

    def close(self) -> None:
        """Let go of the files; later reads raise ``LedgerError``."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
