"""Puts the objects of a then-step that copies into jobs of S3 Batch Operations, and tells manifests of them."""

import json
import uuid
from sqlite3 import Connection

from restoretui.core.batch.jobs import MOST_COPIED, CopyOrder
from restoretui.ledger.batches.records import BatchJob, Phase
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.then.writing import read_steps_of

_OURS = f"t.step_id = :step AND t.state = 'ready' AND j.version_id = '' AND j.size BETWEEN 0 AND {MOST_COPIED}"
"""What a job may copy: the others are copied by us."""


def assign_copies(tx: Tx, run_id: int, step_id: int, now: float, *, tried: int | None) -> int:
    """A job for each bucket whose objects wait for this step; how many objects. On disk before anything is sent.

    ``tried`` None: one job alone, for one object, by which it is seen where copies come to lie. Else the one that
    was copied so, which is left out; 0: none was.
    """
    step = dict(read_steps_of(tx, run_id))[step_id]
    created = (tx.row("SELECT created_at FROM run WHERE id = ?", (run_id,)) or (now,))[0]
    only = 0
    if tried is None:
        smallest = tx.row(
            f"SELECT j.id FROM then_task t JOIN job j ON j.id = t.job_id WHERE {_OURS} ORDER BY j.size, j.id LIMIT 1",
            {"step": step_id},
        )
        if smallest is None:
            return 0
        only = smallest[0]
    some = _some(only, tried or 0)
    rows = tx.rows(
        "SELECT j.bucket_id, b.name, count(*), total(j.size) FROM then_task t JOIN job j ON j.id = t.job_id"
        f" JOIN bucket b ON b.id = j.bucket_id WHERE {_OURS}{some} GROUP BY 1, 2",
        {"step": step_id},
    )
    for bucket_id, name, objects, size in rows:
        target, prefix = step.key_of(name, "")
        copies = CopyOrder(step_id, target, step.storage_class, created, prefix, only, tried or 0)
        options = json.dumps(json.loads(step.job) | {"copies": copies})
        tx.insert(
            "INSERT INTO batch (run_id, bucket_id, versions, days, objects, size_bytes, token, options, phase,"
            " planned_at, confirmed_at) VALUES (?, ?, 0, NULL, ?, ?, ?, ?, ?, ?, ?)",
            (run_id, bucket_id, objects, int(size), uuid.uuid4().hex, options, Phase.PLANNED, now, now),
        )
    if rows:
        tx.touch(change_feed.BATCHES, change_feed.RUNS, change_feed.run_topic(run_id))
    return sum(row[2] for row in rows)


def _some(only: int, besides: int) -> str:
    """Of what a job may copy, that one, or all but that one."""
    return f" AND j.id = {only:d}" if only else f" AND j.id <> {besides:d}" if besides else ""


def rows_after(connection: Connection, batch: BatchJob, after: int, limit: int) -> list[tuple[int, str, str]]:
    """Ids, keys and (no) version ids of the objects of a job that copies, from behind an id."""
    if batch.copies is None:
        return []
    some = _some(batch.copies.only, batch.copies.besides)
    return connection.execute(
        "SELECT j.id, j.key, '' FROM then_task t JOIN job j ON j.id = t.job_id JOIN bucket b ON b.id = j.bucket_id"
        f" WHERE {_OURS}{some} AND b.name = :bucket AND j.id > :after ORDER BY j.id LIMIT :limit",
        {"step": batch.copies.step_id, "bucket": batch.bucket, "after": after, "limit": limit},
    ).fetchall()
