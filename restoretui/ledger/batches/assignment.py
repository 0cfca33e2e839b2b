"""Assigns the objects of a run to jobs of S3 Batch Operations."""

import uuid

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.batch.planned_jobs import MOST_OBJECTS, JobKind, Portion, group_into_jobs
from restoretui.ledger.batches.manifest_generator import find_generator
from restoretui.ledger.batches.records import Phase, options_text
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.unknown_values import saturated
from restoretui.ledger.store.writer import Tx


def assign(tx: Tx, run_id: int, options: BatchOptions, now: float, most: int = MOST_OBJECTS) -> None:
    """Put every unsent object of the run into a job: as few as the rules allow, of ``most`` objects at most."""
    unsent = "j.run_id = ? AND j.state = 'planned' AND j.attempt_at IS NULL AND j.batch_id IS NULL"
    rows = tx.rows(
        "SELECT j.bucket_id, n.days IS NULL, j.version_id <> '', count(*), max(n.days)"
        f" FROM job j JOIN line n ON n.id = j.line_id WHERE {unsent} GROUP BY 1, 2, 3",
        (run_id,),
    )
    known = {JobKind(str(row[0]), bool(row[1]), bool(row[2])): row for row in rows}
    for portion in group_into_jobs((Portion(kind, row[3]) for kind, row in known.items()), most):
        bucket_id, tiered, versions, _, days = known[portion.kind]
        batch_id = new_batch(tx, run_id, bucket_id, bool(versions), days, portion.objects, options, now)
        tx.run(
            f"UPDATE job SET batch_id = ? WHERE id IN (SELECT j.id FROM job j JOIN line n ON n.id = j.line_id"
            f" WHERE {unsent} AND j.bucket_id = ? AND (n.days IS NULL) = ? AND (j.version_id <> '') = ?"
            " ORDER BY j.id LIMIT ?)",
            (batch_id, run_id, bucket_id, tiered, versions, portion.objects),
        )
        size = tx.row("SELECT total(size) FILTER (WHERE size > 0) FROM job WHERE batch_id = ?", (batch_id,))
        tx.run("UPDATE batch SET size_bytes = ? WHERE id = ?", (saturated(size[0] if size else 0), batch_id))
        if options.generated:
            own = _of_bucket(tx, bucket_id, options)
            text = options_text(own, find_generator(tx, batch_id))
            tx.run("UPDATE batch SET options = ? WHERE id = ?", (text, batch_id))
    tx.touch(change_feed.BATCHES)


def new_batch(
    tx: Tx, run_id: int, bucket_id: int, versions: bool, days: int | None, objects: int, options: BatchOptions,
    now: float,
) -> int:  # fmt: skip
    """The id of a job that is intended, with a token of its own and as yet without objects."""
    options = _of_bucket(tx, bucket_id, options)
    return tx.insert(
        "INSERT INTO batch (run_id, bucket_id, versions, days, objects, size_bytes, token, options, phase,"
        " planned_at, confirmed_at) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
        (
            run_id, bucket_id, versions, days, objects, uuid.uuid4().hex, options_text(options), Phase.PLANNED, now,
            None if options.hold else now,
        ),
    )  # fmt: skip


def _of_bucket(tx: Tx, bucket_id: int, options: BatchOptions) -> BatchOptions:
    """With the role of the bucket's account, where each has one of its own."""
    if not options.roles:
        return options
    row = tx.row("SELECT name FROM bucket WHERE id = ?", (bucket_id,))
    return options.for_bucket(str(row[0]) if row else "")
