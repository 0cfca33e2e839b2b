"""Schema migrations: ordered, named, each in one transaction together with its own record."""

import sqlite3
from collections.abc import Sequence

from msgspec import Struct


class Migration(Struct, frozen=True):
    """One step: a name for the record and the statements that make it."""

    name: str
    statements: Sequence[str]


_RECORD = "CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at REAL NOT NULL)"


class ForeignFile(Exception):
    """A SQLite database, but not this kind of ours."""


class NewerSchema(Exception):
    """Written by a later version of the program than this one."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"schema {found}, known up to {known}")
        self.found = found
        self.known = known


def version_of(connection: sqlite3.Connection, application_id: int, known: int) -> int:
    """How many migrations a file has had, 0 for an empty one.

    ``ForeignFile`` if it is somebody else's; ``NewerSchema`` if it had more than the ``known`` ones.
    """
    alone = not connection.in_transaction
    if alone:
        # One moment's view: another process may be making the file just now.
        connection.execute("BEGIN")
    try:
        (found,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")
    if found == application_id:
        if version > known:
            raise NewerSchema(version, known)
        if version < 0:
            raise sqlite3.DatabaseError(f"malformed header: schema {version}")
        return int(version)
    if found or version or tables:
        raise ForeignFile
    return 0


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Migration], application_id: int, now: float
) -> Sequence[str]:
    """Bring the main database of an autocommit ``connection`` up to date; the names of the steps taken.

    Every step looks at the version again inside its own transaction: another process may have been quicker. A file
    that is up to date is not locked.
    """
    taken: list[str] = []
    while version_of(connection, application_id, len(migrations)) < len(migrations):
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(connection, application_id, len(migrations))
            if version == len(migrations):
                connection.execute("ROLLBACK")
                break
            step = migrations[version]
            if version == 0:
                connection.execute(f"PRAGMA application_id = {application_id}")
                connection.execute(_RECORD)
            for statement in step.statements:
                connection.execute(statement)
            connection.execute("INSERT INTO migration VALUES (?, ?, ?)", (version + 1, step.name, now))
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        taken.append(step.name)
    return taken
