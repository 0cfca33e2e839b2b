"""The integrity check of ``restoretui ledger check``: reads all of it, changes nothing, names what we never wrote.

SQLite's own check finds pages that cannot be and indexes that disagree with their tables. It does not know our words:
states, counts, dates and texts are looked at here.
"""

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from restoretui.core.errors import LedgerDamaged
from restoretui.core.progress import FlowKind
from restoretui.core.rules.rules import MAX_DAYS
from restoretui.ledger.batches.records import COLUMNS, batch_of
from restoretui.ledger.runs.run_rows import RUN, run_of
from restoretui.ledger.store import schema
from restoretui.ledger.store.connections import connect
from restoretui.ledger.store.decoding import (
    ACTIONS,
    FIRST_SECOND,
    LAST_SECOND,
    LONGEST_SECONDS,
    PURPOSES,
    STATES,
    TIERS,
)
from restoretui.ledger.store.migrations import ForeignFile, Migration, NewerSchema, migrate, version_of
from restoretui.ledger.store.sqlite_errors import UNREADABLE, is_of_circumstance
from restoretui.ledger.store.state_folder import CATALOG_FILE, LEDGER_FILE, what_was_cut
from restoretui.ledger.store.unknown_values import MOST, OF_KNOWN, UNTOLD_DATE, UNTOLD_SIZE, agree

_MOST = 20
"""Lines of SQLite's own check that are told of one file."""
_TYPES = {"INTEGER": ("integer",), "TEXT": ("text",), "REAL": ("real", "integer")}
_RANGES = (
    (re.compile(r"(.*_at|at|expiry)$"), FIRST_SECOND, LAST_SECOND),
    (re.compile(r"modified$"), UNTOLD_DATE, LAST_SECOND),
    (re.compile(r"days$"), 0, MAX_DAYS),
    (re.compile(r"window_(shortest|longest)$"), 0, LONGEST_SECONDS),
    (re.compile(r"size$"), UNTOLD_SIZE, 1 << 62),
    (re.compile(r"(objects|prefixes|size_bytes|jobs|rows)$"), 0, MOST),
)
"""Columns whose values lie between two ends."""
_TREE = re.compile(r"Tree (\d+)")
_PAGE = re.compile(r"page (\d+)")
_CELL = re.compile(r" cell \d+")
_NAMED = re.compile(r"(?:index|table|in) ([A-Za-z_0-9]+)(?:\.[A-Za-z_0-9]+)?$")
_OF_LISTING = re.compile(r"(?:[hlprt][0-9]+|r[0-9]+_until)$")


class Finding(NamedTuple):
    """Something that is not as it was written."""

    file: str
    what: str
    """The table, index, or part of the file."""
    problem: str


class Checked(NamedTuple):
    """What was looked at, and found."""

    files: Sequence[str]
    findings: Sequence[Finding]


Check = Callable[[sqlite3.Connection], Iterator[tuple[str, str]]]
"""Yields what is wrong: where, and how."""


def check_folder(folder: Path) -> Checked:
    """Check what there is in a state folder. Raises ``sqlite3.Error`` where its surroundings are in the way."""
    files: list[str] = []
    findings: list[Finding] = []
    for name, migrations, number, checks in (
        (LEDGER_FILE, schema.LEDGER, schema.APPLICATION_ID, _LEDGER_CHECKS),
        (CATALOG_FILE, schema.CATALOG, schema.CATALOG_APPLICATION_ID, _CATALOG_CHECKS),
    ):
        path = folder / name
        if path.exists():
            files.append(name)
            findings += [
                Finding(name, what, ascii(how)[1:-1]) for what, how in _check_file(path, migrations, number, checks)
            ]
    return Checked(files, findings)


def _check_file(
    path: Path, migrations: Sequence[Migration], number: int, checks: Sequence[Check]
) -> Iterator[tuple[str, str]]:
    if how := what_was_cut(path):
        yield "the file", how
    if not path.stat().st_size:
        return
    with contextlib.closing(connect(path, "ro")) as database:
        try:
            version = version_of(database, number, len(migrations))
        except ForeignFile:
            yield "the header", "it says that this is a database of another program"
            return
        except NewerSchema as newer:
            yield "the header", f"schema {newer.found}, which is newer than this restoretui ({newer.known})"
            return
        except UNREADABLE as error:
            if isinstance(error, sqlite3.Error) and is_of_circumstance(error):
                raise
            yield "the header", str(error)
            return
        # One moment's view of all of it, whatever others write meanwhile.
        database.execute("BEGIN")
        for check in (_pages, lambda it: _schema(it, migrations[:version], number), _foreign_keys, _types, *checks):
            try:
                yield from check(database)
            except UNREADABLE as error:
                if isinstance(error, sqlite3.Error) and is_of_circumstance(error):
                    raise
                yield "what is stored", str(error)


def _pages(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    roots = dict(database.execute("SELECT rootpage, tbl_name FROM sqlite_master").fetchall())
    told: set[tuple[str, str]] = set()
    for (said,) in database.execute(f"PRAGMA integrity_check({_MOST})"):
        for line in str(said).splitlines():
            if line == "ok" or line.startswith("***"):
                continue
            tree, page, named = _TREE.search(line), _PAGE.search(line), _NAMED.search(line)
            where = roots.get(int(tree[1])) if tree else None
            where = where or (_owner(database, int(page[1])) if page else named[1] if named else None) or "the file"
            # A torn page is told cell by cell.
            if (where, kind := _CELL.sub("", line)) not in told and len(told) < _MOST:
                told.add((where, kind))
                yield where, line


def _owner(database: sqlite3.Connection, page: int) -> str | None:
    """The table or index a page belongs to, where this SQLite can tell."""
    with contextlib.suppress(sqlite3.DatabaseError):
        row = database.execute("SELECT name FROM dbstat WHERE pageno = ? LIMIT 1", (page,)).fetchone()
        return str(row[0]) if row else None
    return None


def _schema(database: sqlite3.Connection, migrations: Sequence[Migration], number: int) -> Iterator[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        migrate(model, migrations, number, 0.0)
        wanted = _objects(model)
    found = _objects(database)
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield name, "it is not there"
        elif name not in wanted:
            yield name, "nobody made it"
        elif wanted[name] != found[name]:
            yield name, "it is not as it was made"
    (recorded,) = database.execute("SELECT count(*) FROM migration").fetchone()
    if recorded != len(migrations):
        yield "migration", f"{recorded} changes of the schema are recorded, {len(migrations)} were made"


def _objects(database: sqlite3.Connection) -> dict[str, str]:
    rows = database.execute("SELECT name, type, tbl_name, sql FROM sqlite_master").fetchall()
    return {
        str(name): f"{kind} {table} {' '.join(str(sql).split())}"
        for name, kind, table, sql in rows
        if not _OF_LISTING.match(str(name)) and not str(name).startswith("sqlite_")
    }


def _foreign_keys(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    lost: dict[tuple[str, str], int] = {}
    leaving = _leaving(database)
    for table, row_id, parent, _ in database.execute("PRAGMA foreign_key_check"):
        if parent == "run" and table in ("job", "line", "batch") and leaving:
            (run_id,) = database.execute(f"SELECT run_id FROM {table} WHERE rowid = ?", (row_id,)).fetchone()
            if run_id in leaving:
                continue
        lost[table, parent] = lost.get((table, parent), 0) + 1
    for (table, parent), rows in lost.items():
        yield table, f"{rows:,} rows refer to rows of {parent} that are not there"


def _leaving(database: sqlite3.Connection) -> set[int]:
    """Runs that were removed on request and whose last rows are still to go."""
    if not _has(database, "pruned"):
        return set()
    return {row[0] for row in database.execute("SELECT run_id FROM pruned WHERE NOT is_done")}


def _has(database: sqlite3.Connection, table: str) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


def _has_column(database: sqlite3.Connection, table: str, name: str) -> bool:
    return any(column[1] == name for column in database.execute(f"PRAGMA table_info({table})"))


def _tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return [str(row[0]) for row in rows]


def _types(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Numbers are numbers, texts are texts and Unicode, instants have a date."""
    for table in _tables(database):
        columns = database.execute(f'PRAGMA table_info("{table}")').fetchall()
        wrong: list[str] = []
        texts: list[str] = []
        for _, name, kind, is_needed, _, _ in columns:
            allowed = _TYPES.get(kind)
            if allowed is None:
                continue
            may_be = (*allowed, *(() if is_needed else ("null",)))
            wrong.append(f"typeof({name}) NOT IN ({', '.join(map(repr, may_be))})")
            if kind == "TEXT":
                texts.append(name)
            for pattern, least, most in _RANGES:
                if kind != "TEXT" and pattern.match(name):
                    wrong.append(f"({name} < {least} OR {name} > {most})")
        if wrong:
            (rows,) = database.execute(f'SELECT count(*) FROM "{table}" WHERE {" OR ".join(wrong)}').fetchone()
            if rows:
                yield table, f"{rows:,} rows hold what cannot stand in their columns"
        if texts:
            yield from _unicode(database, table, texts)


def _unicode(database: sqlite3.Connection, table: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    rows = 0
    database.text_factory = bytes
    try:
        for row in database.execute(f'SELECT {", ".join(texts)} FROM "{table}"'):
            try:
                b"".join(value for value in row if isinstance(value, bytes)).decode()
            except UnicodeDecodeError:
                rows += 1
    finally:
        database.text_factory = str
    if rows:
        yield table, f"{rows:,} rows hold text that is no Unicode"


def _words(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Words of which there are only a few."""
    states, tiers = set(STATES), {tier for tier in TIERS if tier}
    for table, column, known in (
        ("job", "state", states),
        ("run_count", "state", states),
        ("flow", "kind", set(FlowKind)),
        ("duration", "tier", tiers),
        ("activity", "from_state", states | {None, ""}),
        ("activity", "to_state", states | {None, ""}),
        ("activity", "tier", tiers | {None, ""}),
        ("line", "action", set(ACTIONS)),
        ("line", "tier", tiers | {None, ""}),
        ("run", "purpose", set(PURPOSES)),
        ("run", "tier", tiers),
    ):
        if not _has(database, table):  # the ledger of an older version
            continue
        for word, rows in database.execute(f"SELECT {column}, count(*) FROM {table} GROUP BY 1"):
            if word not in known:
                yield table, f"{rows:,} rows have {column} {word!r}, which nobody wrote"


def _runs(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Every run can be read, and its counts are those of its objects."""
    for row in database.execute(f"{RUN} ORDER BY id").fetchall():
        try:
            run = run_of(row, [], lambda *_: ())
        except LedgerDamaged as error:
            yield "run", f"run {row[0]}: {error}"
            continue
        counted = database.execute(
            "SELECT state, jobs, size_bytes FROM run_count WHERE run_id = ? AND jobs <> 0 ORDER BY state", (run.id,)
        ).fetchall()
        found = database.execute(
            f"SELECT state, count(*), total(size) {OF_KNOWN} FROM job WHERE run_id = ? GROUP BY state ORDER BY state",
            (run.id,),
        ).fetchall()
        alike = [entry[:2] for entry in counted] == [entry[:2] for entry in found]
        if not alike or not all(agree(told[2], real[2]) for told, real in zip(counted, found, strict=True)):
            yield "run_count", f"the counts of run {run.id} are not those of its objects"
        (objects, first, last, first_job) = database.execute(
            "SELECT count(*), min(id), max(id), (SELECT first_job FROM run WHERE id = :run) FROM job"
            " WHERE run_id = :run",
            {"run": run.id},
        ).fetchone()
        if objects != run.objects or (objects and (first, last) != (first_job, first_job + objects - 1)):
            yield "job", f"run {run.id} has {objects:,} objects in other places than its {run.objects:,}"
    (strays,) = database.execute(
        "SELECT count(*) FROM job j JOIN line n ON n.id = j.line_id WHERE n.run_id <> j.run_id"
    ).fetchone()
    if strays:
        yield "job", f"{strays:,} objects have the verdict of another run"


def _batches(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    if not _has(database, "batch"):
        return
    for row in database.execute(f"SELECT {COLUMNS} FROM batch t JOIN bucket b ON b.id = t.bucket_id").fetchall():
        try:
            batch_of(row)
        except LedgerDamaged as error:
            yield "batch", f"batch {row[0]}: {error}"


def _listings(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Every listing has its rows, as many as it says."""
    tables = set(_tables(database))
    counted = "counted" if _has_column(database, "listing", "counted") else "0"
    rows: list[tuple[Any, ...]] = database.execute(f"SELECT id, objects, prefixes, {counted} FROM listing").fetchall()
    for listing_id, objects, prefixes, has_totals in rows:
        names = [f"{kind}{listing_id}" for kind in ("lptr" if has_totals else "lp")]
        if not tables.issuperset(names):
            yield "listing", f"the rows of listing {listing_id} are not there"
            continue
        (there,) = database.execute(f"SELECT count(*) FROM {names[0]}").fetchone()
        (folders,) = database.execute(f"SELECT count(*) FROM {names[1]}").fetchone()
        (segments,) = database.execute(
            "SELECT coalesce(sum(rows), 0) FROM segment WHERE listing_id = ?", (listing_id,)
        ).fetchone()
        if not there == objects == segments or folders != prefixes:
            yield names[0], f"listing {listing_id} has {there:,} objects, and says {objects:,}"
        if has_totals:
            (counted_there,) = database.execute(f"SELECT total(objects) FROM {names[2]} WHERE depth = 0").fetchone()
            if counted_there != objects:
                yield (
                    names[2],
                    f"listing {listing_id} has {objects:,} objects, and {counted_there:,.0f} in its totals",
                )


def _marks(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    # What undoes a change is no set that is summed up.
    summed = "1"
    if _has_column(database, "selection_set", "kind"):
        summed = "sel NOT IN (SELECT id FROM selection_set WHERE kind = 'undo')"
    told = {
        (sel, place): (objects, size)
        for sel, place, objects, size in database.execute(
            f"SELECT sel, place_id, objects, size_bytes FROM selection_total WHERE objects > 0 AND {summed}"
        )
    }
    found: dict[tuple[int, int], tuple[int, float]] = {}
    for source in ("selection", *_spans(database)):
        for sel, place, objects, size in database.execute(
            f"SELECT sel, place_id, count(*), total(size) {OF_KNOWN} FROM {source} WHERE {summed} GROUP BY 1, 2"
        ):
            before = found.get((sel, place), (0, 0.0))
            found[sel, place] = before[0] + objects, before[1] + size
    if told.keys() != found.keys() or not all(
        told[place][0] == objects and agree(told[place][1], size) for place, (objects, size) in found.items()
    ):
        yield "selection_total", "the totals of what is marked are not those of the marks"


def _spans(database: sqlite3.Connection) -> list[str]:
    """Sources of what is marked by span, of one listing each."""
    if not _has_column(database, "selection_span", "sel"):
        return []
    there = set(_tables(database))
    return [
        f"selection_span CROSS JOIN l{listing} l ON l.id BETWEEN first_id AND last_id AND listing_id = {listing}"
        for (listing,) in database.execute("SELECT DISTINCT listing_id FROM selection_span")
        if f"l{listing}" in there
    ]


_LEDGER_CHECKS: Sequence[Check] = (_words, _runs, _batches)
_CATALOG_CHECKS: Sequence[Check] = (_listings, _marks)
