"""Opens the two SQLite files: checked, migrated, in WAL mode, and attached to the five connections of a process."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from restoretui.core.errors import LedgerBusy, LedgerDamaged, LedgerError
from restoretui.ledger.store import schema
from restoretui.ledger.store.backups import copy_before_migration, keep_one_copy
from restoretui.ledger.store.migrations import ForeignFile, Migration, NewerSchema, migrate, version_of
from restoretui.ledger.store.sqlite_errors import UNREADABLE, explained, is_busy, is_damage
from restoretui.ledger.store.state_folder import (
    CATALOG_FILE,
    LEDGER_FILE,
    ScratchSpace,
    appear_whole,
    bring_to_disk,
    copies_of,
    make_private,
    set_aside,
    unusable,
    what_was_cut,
)

T = TypeVar("T")
OLDEST_SQLITE = (3, 33, 0)
BUSY_SECONDS = 0.5
"""For which SQLite itself waits for another process. Longer waits are of many such (``patiently``)."""

_RETRY_SECONDS = 0.01

# Page caches, in KiB. Four times as much was no faster in the benchmark: the system caches the files anyway.
_WRITER_CACHE, _READER_CACHE, _WINDOW_CACHE, _GLANCE_CACHE = 2_048, 2_048, 1_024, 1_024
_WAL_LIMIT = 64 << 20
_CHECKPOINT_PAGES = 4_000
"""Of the WAL, 16 MB, before the writer checkpoints: each time it waits for the disk twice, and a listing for it."""


def patiently(work: Callable[[], T], *, may_wait: Callable[[], bool] = lambda: True) -> T:
    """The result of ``work``, which may be done again, once no other process has a file to itself.

    That one lives, since the system frees the locks of the dead: it migrates the file, mends what a crash has left,
    or folds a large log into it, and how long that takes is the disk's. ``LedgerBusy`` once nobody may wait.
    """
    while True:
        try:
            return work()
        except LedgerBusy:
            if not may_wait():
                raise


class LedgerConnections(Struct, frozen=True):
    """The SQLite connections of a process: one may write ledger and catalog, the others only read them.

    Each belongs to one thread: ``writer`` to the writer's, ``reader``, ``builder`` and ``glancer`` to reader threads,
    ``window`` to the event loop's.
    """

    writer: sqlite3.Connection
    reader: sqlite3.Connection
    builder: sqlite3.Connection
    """Writes the scratch database, its main one: materialised orders."""
    glancer: sqlite3.Connection
    window: sqlite3.Connection


def connect(path: Path, mode: str = "rw", timeout: float | None = None) -> sqlite3.Connection:
    """An autocommit connection that any one thread at a time may use."""
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS if timeout is None else timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )


class Prepared(Struct, frozen=True):
    """What was found out while the files were made ready."""

    set_aside: Path | None = None
    """The new name of a catalog that had to be set aside."""
    note: str = ""
    """What a person should know of it."""


def prepare_files(folder: Path, now: datetime) -> Prepared:
    """Check and migrate both files.

    The ledger is never replaced: ``LedgerError`` says what is wrong with it. It is locked while the catalog is made
    or replaced, so that two processes which start together do not both do so.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise LedgerError(
            f"SQLite {sqlite3.sqlite_version} is too old for the ledger",
            "use a Python built with SQLite 3.33 or newer",
        )
    path = folder / LEDGER_FILE
    with explained(folder):
        _make_or_look(path, now)
        with contextlib.closing(connect(path)) as ledger:
            note = _prepare_ledger(ledger, path, now)
            if _is_ready(folder / CATALOG_FILE):
                return Prepared(note=note)
            ledger.execute("BEGIN IMMEDIATE")
            try:
                aside = _prepare_catalog(folder / CATALOG_FILE, now)
            finally:
                if ledger.in_transaction:  # A full disk has undone it already.
                    ledger.execute("ROLLBACK")
    if aside is not None:
        lost = f"what was listed and marked was damaged, and was set aside as {aside.name}: listings are made anew"
        note = f"{note}; {lost}" if note else lost
    return Prepared(aside, note)


def _make_or_look(path: Path, now: datetime) -> None:
    def build(draft: Path) -> None:
        with contextlib.closing(connect(draft)) as ledger:
            # Nobody sees it before it is whole: it is brought to the disk once, not step by step.
            ledger.execute("PRAGMA journal_mode = MEMORY")
            ledger.execute("PRAGMA synchronous = OFF")
            make_incremental(ledger)
            migrate(ledger, schema.LEDGER, schema.APPLICATION_ID, now.timestamp())
            ledger.execute("PRAGMA journal_mode = WAL")
        bring_to_disk(draft)

    try:
        if not path.exists():
            appear_whole(path, build)
        if how := what_was_cut(path):
            raise _damaged(path, how)
    except OSError as error:
        raise unusable(path.parent, error) from error


def make_incremental(connection: sqlite3.Connection) -> None:
    """Let a database that is still empty give freed pages back to the disk a few at a time."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")


def _damaged(path: Path, how: str) -> LedgerDamaged:
    copies = copies_of(path)
    offer = f"put back a copy ({', '.join(copy.name for copy in copies)})" if copies else "put back a copy of yours"
    return LedgerDamaged(
        f"{path} is damaged: {how}",
        f"it was not touched; `restoretui ledger check` says more; {offer}, or start anew with:"
        f" mv {path} {path}.damaged",
    )


def open_connections(folder: Path, scratch: ScratchSpace) -> LedgerConnections:
    """The connections on prepared files."""
    ledger, catalog = folder / LEDGER_FILE, folder / CATALOG_FILE
    opened = contextlib.ExitStack()
    with opened, explained(folder):
        builder = opened.enter_context(contextlib.closing(connect(scratch.path)))
        # The scratch file is gone after us: it need not survive anything, nor be brought to the disk four times now.
        builder.execute("PRAGMA synchronous = OFF")
        _wal(builder, "main", "OFF")
        writer = opened.enter_context(contextlib.closing(connect(ledger)))
        _attach(writer, catalog, "catalog", "rw")
        _attach(writer, scratch.path, "scratch", "ro")
        # The ledger survives power cuts; losing the catalog's last second costs a look.
        writer.execute("PRAGMA main.synchronous = FULL")
        writer.execute("PRAGMA fullfsync = ON")
        writer.execute("PRAGMA catalog.synchronous = NORMAL")
        for name in ("main", "catalog"):
            writer.execute(f"PRAGMA {name}.journal_size_limit = {_WAL_LIMIT}")
        writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        for trigger in schema.CHANGES_ARE_NOTED:
            writer.execute(trigger)
        _attach(builder, ledger, "ledger", "ro")
        _attach(builder, catalog, "catalog", "ro")
        reader = opened.enter_context(contextlib.closing(connect(ledger, "ro")))
        glancer = opened.enter_context(contextlib.closing(connect(ledger, "ro")))
        # Windows are read between two frames: better no answer than a late one.
        window = opened.enter_context(contextlib.closing(connect(ledger, "ro", timeout=1.0)))
        for connection in (reader, glancer, window):
            _attach(connection, catalog, "catalog", "ro")
            _attach(connection, scratch.path, "scratch", "ro")
        for connection, names, cache in (
            (writer, ("main", "catalog"), _WRITER_CACHE),
            (reader, ("main", "catalog"), _READER_CACHE),
            (builder, ("main", "ledger", "catalog"), _READER_CACHE),
            (glancer, ("main", "catalog"), _GLANCE_CACHE),
            (window, ("main", "catalog", "scratch"), _WINDOW_CACHE),
        ):
            for name in names:
                connection.execute(f"PRAGMA {name}.cache_size = -{cache}")
        opened.pop_all()
    return LedgerConnections(writer, reader, builder, glancer, window)


def give_log_back(writer: sqlite3.Connection, folder: Path) -> None:
    """What was rolled back has left the log as large as it had become: give that room back, if nobody reads now."""
    for name, file in (("main", LEDGER_FILE), ("catalog", CATALOG_FILE)):
        with contextlib.suppress(OSError, sqlite3.Error):
            if folder.joinpath(f"{file}-wal").stat().st_size > _WAL_LIMIT:
                writer.execute(f"PRAGMA {name}.wal_checkpoint(TRUNCATE)")


def _prepare_ledger(ledger: sqlite3.Connection, path: Path, now: datetime) -> str:
    note = ""
    try:
        version = version_of(ledger, schema.APPLICATION_ID, len(schema.LEDGER))
        if 0 < version < len(schema.LEDGER):
            note = _copy_once(ledger, path)
        _wal(ledger, "main", "FULL")
        migrate(ledger, schema.LEDGER, schema.APPLICATION_ID, now.timestamp())
        _check_tables(ledger, schema.LEDGER)
        if 0 < version < len(schema.LEDGER):
            keep_one_copy(path, version)
    except NewerSchema as newer:
        raise LedgerError(
            f"{path} was written by a newer restoretui (schema {newer.found}, this one knows {newer.known})",
            "upgrade restoretui, or choose another --state-dir; the file was not touched",
        ) from None
    except ForeignFile:
        raise LedgerError(
            f"{path} is a database of another program", "choose another --state-dir; the file was not touched"
        ) from None
    except UNREADABLE as error:
        if not is_damage(error):
            raise
        raise _damaged(path, ascii(str(error))[1:-1][:200]) from error
    return note


def _copy_once(ledger: sqlite3.Connection, path: Path) -> str:
    """A copy of the old schema, unless another process has just brought it to the new one."""
    ledger.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(ledger, schema.APPLICATION_ID, len(schema.LEDGER))
        if version == len(schema.LEDGER):
            return ""
        with contextlib.closing(connect(path, "ro")) as old:  # SQLite copies for nobody who is writing.
            return copy_before_migration(old, path, version)
    finally:
        if ledger.in_transaction:
            ledger.execute("ROLLBACK")


def _prepare_catalog(path: Path, now: datetime) -> Path | None:
    try:
        if how := what_was_cut(path):
            raise sqlite3.DatabaseError(f"{how} (malformed)")
        _open_catalog(path, now)
    except (NewerSchema, ForeignFile, *UNREADABLE) as error:
        if isinstance(error, sqlite3.DatabaseError) and not is_damage(error):
            raise
        aside = set_aside(path, now)
        make_private(path)
        _open_catalog(path, now)
        return aside
    return None


def _is_ready(path: Path) -> bool:
    with contextlib.closing(connect(path)) as catalog:
        try:
            if what_was_cut(path) or version_of(catalog, schema.CATALOG_APPLICATION_ID, len(schema.CATALOG)) < len(
                schema.CATALOG
            ):
                return False
            _check_tables(catalog, schema.CATALOG)
        except (NewerSchema, ForeignFile, *UNREADABLE):
            return False
    return True


def _open_catalog(path: Path, now: datetime) -> None:
    with contextlib.closing(connect(path)) as catalog:
        if not version_of(catalog, schema.CATALOG_APPLICATION_ID, len(schema.CATALOG)):
            make_incremental(catalog)
        _wal(catalog, "main", "NORMAL")
        migrate(catalog, schema.CATALOG, schema.CATALOG_APPLICATION_ID, now.timestamp())
        _check_tables(catalog, schema.CATALOG)


def _check_tables(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    # Reads the root page of every table: damage there shows now and not in the middle of a run.
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()
    (recorded,) = connection.execute("SELECT count(*) FROM migration").fetchone()
    if recorded != len(migrations):
        raise sqlite3.DatabaseError(f"{recorded} migrations recorded, {len(migrations)} expected")


def _wal(connection: sqlite3.Connection, name: str, synchronous: str) -> None:
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA {name}.journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # Unlike all else this does not wait by itself for another process that is making the file just now.
            if not is_busy(error) or time.monotonic() > give_up:
                raise
            time.sleep(_RETRY_SECONDS)
    connection.execute(f"PRAGMA {name}.synchronous = {synchronous}")


def _attach(connection: sqlite3.Connection, path: Path, name: str, mode: str) -> None:
    connection.execute(f"ATTACH ? AS {name}", (f"{path.as_uri()}?mode={mode}",))
