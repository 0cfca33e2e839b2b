"""Queries of the watcher: which jobs are tracked, in groups to schedule by, and the jobs of one status round.

A round compares a million jobs and reads few of them whole, so it takes them as columns. A row of its own for each
would cost a turn of the interpreter's lock each; SQLite joins thousands into one text at a time, without the lock.
"""

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from restoretui.core.model import State
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import TRACKED, RestoreJob, TrackedGroup
from restoretui.ledger.runs.run_rows import JOB, jobs_of
from restoretui.ledger.store.decoding import STATES, TIERS, Shape, damaged, decodes
from restoretui.ledger.store.schema import LIVE
from restoretui.ledger.store.unknown_values import saturated
from restoretui.ledger.views.fact_sql import names

_BLOCK = 5000
_END = "\n"
"""Parts the texts of a column; where a key holds it, rows are read one by one."""
RESTORING_STILL = "r"


class TrackedRun(Struct, frozen=True):
    """A run with jobs to look after, and how often it has changed."""

    id: int
    revision: int
    first_job: int
    last_job: int


def tracked_runs(connection: sqlite3.Connection, run_id: int | None) -> list[TrackedRun]:
    """The runs with tracked jobs, or the one asked for."""
    rows = connection.execute(
        "SELECT r.id, r.revision, r.first_job, r.first_job + r.objects - 1 FROM run r"
        " WHERE (:run IS NULL OR r.id = :run) AND EXISTS (SELECT 1 FROM run_count c WHERE c.run_id = r.id"
        f" AND c.jobs > 0 AND c.state IN ({names(TRACKED)})) ORDER BY r.id",
        {"run": run_id},
    ).fetchall()
    return [TrackedRun(*row) for row in rows]


def group_tracked(connection: sqlite3.Connection, run: TrackedRun) -> list[TrackedGroup]:
    """The groups of one run, in a transaction of the caller's; counted by key: GROUP BY would sort every job."""
    # Kept, and emptied: to drop it would have every statement of the connection prepared anew.
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS tracked (bucket_id, line_id, versions, state, jobs, size_bytes, first, last,"
        " expiry, PRIMARY KEY (bucket_id, line_id, versions, state)) WITHOUT ROWID"
    )
    connection.execute("DELETE FROM temp.tracked")
    connection.execute(
        "INSERT INTO temp.tracked SELECT bucket_id, line_id, version_id <> '', state, 1,"
        " CASE WHEN size > 0 THEN size ELSE 0 END, requested_at,"
        " requested_at, expiry FROM job WHERE id BETWEEN ? AND ?"
        f" AND state IN ({names(TRACKED)})"
        " ON CONFLICT (bucket_id, line_id, versions, state) DO UPDATE SET"
        " jobs = jobs + 1, size_bytes = size_bytes + excluded.size_bytes,"
        " first = coalesce(min(first, excluded.first), first, excluded.first),"
        " last = coalesce(max(last, excluded.last), last, excluded.last),"
        " expiry = coalesce(min(expiry, excluded.expiry), expiry, excluded.expiry)",
        (run.first_job, run.last_job),
    )
    # Lines that differ only in their reason are one to the watcher.
    rows = connection.execute(
        "SELECT b.scheme, b.endpoint, b.name, t.versions, n.archive, n.storage_class, n.tier, t.state, sum(t.jobs),"
        " total(t.size_bytes), min(t.first), max(t.last), min(t.expiry)"
        " FROM temp.tracked t JOIN bucket b ON b.id = t.bucket_id JOIN line n ON n.id = t.line_id"
        " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    ).fetchall()
    groups = [_group(run.id, row) for row in rows]
    (counted,) = connection.execute(
        f"SELECT coalesce(sum(jobs), 0) FROM run_count WHERE run_id = ? AND state IN ({names(TRACKED)})", (run.id,)
    ).fetchone()
    if counted != sum(group.jobs for group in groups):
        # An object whose state is no word of ours would be waited for, and never looked at.
        raise damaged("an object of a run")
    return groups


class TrackedPart(NamedTuple):
    """Jobs of a run to look after: on one bucket, all with version ids or all without, in one state."""

    bucket: str
    versions: bool
    state: State


_MOST_COUNTED = 16
"""Parts there may be, up to which counting each in one scan takes less than grouping."""


@decodes("an object of a run")
def read_parts(connection: sqlite3.Connection, run: TrackedRun, buckets: Sequence[str]) -> list[TrackedPart]:
    """The parts of a run on these buckets in which there is any job, in a transaction of the caller's.

    What a look needs to know, at a quarter of what ``group_tracked`` takes.
    """
    counts = dict(
        connection.execute(
            f"SELECT state, jobs FROM run_count WHERE run_id = ? AND jobs > 0 AND state IN ({names(TRACKED)})",
            (run.id,),
        ).fetchall()
    )
    parts = [
        TrackedPart(bucket, versions, STATES[state])
        for bucket in buckets for versions in (False, True) for state in counts
    ]  # fmt: skip
    if len(parts) > _MOST_COUNTED:
        return list(
            {TrackedPart(group.bucket, group.versions, group.state) for group in group_tracked(connection, run)}
        )
    place = (
        "(SELECT b.id FROM bucket b JOIN run r ON b.scheme = r.scheme AND b.endpoint = r.endpoint"
        " WHERE r.id = ? AND b.name = ?)"
    )
    columns = ", ".join(
        f"count(*) FILTER (WHERE version_id {'<>' if part.versions else '='} '' AND state = '{part.state}'"
        f" AND bucket_id = {place})"
        for part in parts
    )
    args = [value for part in parts for value in (run.id, part.bucket)]
    sql = f"SELECT {columns} FROM job WHERE id BETWEEN ? AND ?"
    found = connection.execute(sql, (*args, run.first_job, run.last_job)).fetchone() if parts else ()
    if sum(found) != sum(counts.values()):
        raise damaged("an object of a run")  # As in ``group_tracked``.
    return [part for part, jobs in zip(parts, found, strict=True) if jobs]


# scheme endpoint bucket versions archive class tier state jobs size first last expiry
_SHAPE = Shape("an object of a run", "tttiTtTtirSSS")


@decodes("an object of a run")
def _group(run_id: int, row: tuple[Any, ...]) -> TrackedGroup:
    _SHAPE.check([row])
    return TrackedGroup(
        run_id=run_id,
        cloud=CloudId(row[0], row[1]),
        bucket=row[2],
        versions=bool(row[3]),
        archive=row[4],
        storage_class=row[5],
        tier=TIERS[row[6]],
        state=STATES[row[7]],
        jobs=row[8],
        size_bytes=saturated(row[9]),
        requested_first=row[10],
        requested_last=row[11],
        expiry_first=row[12],
    )


def read_open(
    connection: sqlite3.Connection,
    cloud: CloudId,
    bucket: str,
    versions: bool,
    states: Collection[State],
    after: tuple[str, str] | None,
    limit: int,
) -> list[RestoreJob]:
    """See ``Runs.open_jobs``."""
    args: dict[str, object] = {"limit": limit, "key": "", "version": "", "id": 0}
    if after is not None:
        args |= {"key": after[0], "version": after[1]}
    chosen = (
        f"{JOB} WHERE j.bucket_id = :bucket AND j.version_id {'<>' if versions else '='} ''"
        f" AND j.{LIVE} AND j.state IN ({names(states)}) AND "
    )
    named = (*cloud, bucket)
    row = connection.execute("SELECT id FROM bucket WHERE scheme = ? AND endpoint = ? AND name = ?", named).fetchone()
    if row is None or not states:
        return []
    args["bucket"] = row[0]
    sql = f"{chosen} (j.key, j.version_id) > (:key, :version) ORDER BY j.key, j.version_id, j.id LIMIT :limit"
    jobs = jobs_of(connection.execute(sql, args).fetchall())
    if len(jobs) == limit:
        last = jobs[-1]
        rest = {**args, "key": last.ref.key, "version": last.ref.version_id or "", "id": last.id}
        sql = f"{chosen} j.key = :key AND j.version_id = :version AND j.id > :id ORDER BY j.id"
        jobs += jobs_of(connection.execute(sql, rest).fetchall())
    return jobs


def read_at_keys(
    connection: sqlite3.Connection, cloud: CloudId, bucket: str, keys: Sequence[str]
) -> list[RestoreJob]:
    """See ``Runs.at_keys``."""
    named = (*cloud, bucket)
    row = connection.execute("SELECT id FROM bucket WHERE scheme = ? AND endpoint = ? AND name = ?", named).fetchone()
    if row is None:
        return []
    found: list[RestoreJob] = []
    for key in keys:
        sql = f"{JOB} WHERE j.bucket_id = ? AND j.key = ? AND j.{LIVE} ORDER BY j.id"
        found += jobs_of(connection.execute(sql, (row[0], key)).fetchall())
    return found


class AwaitedColumns(NamedTuple):
    """Jobs of one run on one bucket, in key order; four columns of the same length."""

    keys: list[str]
    versions: list[str]
    """Empty for none."""
    ids: list[int]
    expected: list[str]
    """What an observation shows if there is no news: ``RESTORING_STILL``, the seconds at which the copy ends, or
    empty, which is always news."""

    @property
    def last(self) -> tuple[str, str]:
        """Key and version id of the last row."""
        return self.keys[-1], self.versions[-1]


@decodes("an object of a run")
def read_awaited(
    connection: sqlite3.Connection,
    run_id: int,
    cloud: CloudId,
    bucket: str,
    *,
    versions: bool,
    states: Collection[State],
    after: tuple[str, str] | None,
    limit: int,
) -> AwaitedColumns:
    """Jobs of the run in these states, from behind ``after`` (key and version id)."""
    found = AwaitedColumns([], [], [], [])
    place = connection.execute(
        "SELECT b.id, r.first_job, r.first_job + r.objects - 1 FROM bucket b, run r"
        " WHERE b.scheme = ? AND b.endpoint = ? AND b.name = ? AND r.id = ?",
        (*cloud, bucket, run_id),
    ).fetchone()
    if place is None or not states:
        return found
    # The expiry is the one column that the index does not hold.
    copies = " WHEN 'available' THEN coalesce(expiry, '')" if State.AVAILABLE in states else ""
    expected = f"CASE state WHEN 'restoring' THEN '{RESTORING_STILL}'{copies} ELSE '' END"
    chosen = (
        f"SELECT key, version_id, id, {expected} AS expected"
        f" FROM job WHERE bucket_id = :bucket AND version_id {'<>' if versions else '='} '' AND {LIVE}"
        f" AND state IN ({names(states)}) AND +id BETWEEN :first AND :last"
        # A run has one job for an object; to order by its id, too, would sort what the index gives in order.
        " AND (key, version_id) > (:key, :version) ORDER BY key, version_id LIMIT :limit"
    )
    args: dict[str, object] = {"bucket": place[0], "first": place[1], "last": place[2]}
    while len(found.keys) < limit:
        args["key"], args["version"] = after or ("", "")
        args["limit"] = wanted = min(_BLOCK, limit - len(found.keys))
        block = _block(connection, chosen, args, versions=versions)
        found.keys.extend(block.keys)
        found.versions.extend(block.versions)
        found.ids.extend(block.ids)
        found.expected.extend(block.expected)
        if len(block.keys) < wanted:
            break
        after = block.last
    return found


def _block(connection: sqlite3.Connection, chosen: str, args: dict[str, object], *, versions: bool) -> AwaitedColumns:
    read = ("key", "id", "expected", "version_id") if versions else ("key", "id", "expected")
    columns = ", ".join(f"group_concat({name}, char(10))" for name in read)
    count, *texts = connection.execute(f"SELECT count(*), {columns} FROM ({chosen})", args).fetchone()
    if not count:
        return AwaitedColumns([], [], [], [])
    keys, ids, expected, *named = (text.split(_END) for text in texts)
    version_ids = named[0] if versions else [""] * count
    if len(keys) != count or len(version_ids) != count:
        rows = connection.execute(chosen, args).fetchall()
        return AwaitedColumns(*map(list, zip(*rows, strict=True)))._replace(expected=[str(row[3]) for row in rows])
    return AwaitedColumns(keys, version_ids, list(map(int, ids)), expected)
