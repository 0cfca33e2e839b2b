"""Joins the rows of a job's completion report to its objects (FACTS 2.3)."""

from collections.abc import Sequence
from urllib.parse import unquote

from restoretui.core.batch.jobs import ReportRow
from restoretui.core.model import Look, State
from restoretui.ledger.batches.records import BatchJob
from restoretui.ledger.records import JobChange
from restoretui.ledger.runs.job_changes import apply_changes
from restoretui.ledger.store.writer import Tx

# Codes of failed tasks that mean something milder than a failure (FACTS 1.2).
_MILD = {
    "RestoreAlreadyInProgress": (State.RESTORING, "already restoring: somebody asked before"),
    "ObjectAlreadyInActiveTierError": (State.SKIPPED, "not archived: it can be read as it is"),
    "InvalidObjectState": (State.SKIPPED, "not archived: it can be read as it is"),
}


def join_report(tx: Tx, batch: BatchJob, rows: Sequence[ReportRow], at: float, *, successes: bool) -> int:
    """Record what the rows say; how many are about none of the job's objects."""
    found: list[JobChange] = []
    strangers = 0
    for row in rows:
        if row.succeeded and not successes:
            continue
        job_id = _find(tx, batch, row)
        if job_id is None:
            strangers += 1
        else:
            found.append(_change(job_id, row, at))
    apply_changes(tx, found, at)
    return strangers


def _find(tx: Tx, batch: BatchJob, row: ReportRow) -> int | None:
    """The object a row is about. Whether reports encode keys is not documented, so both readings are tried."""
    if row.bucket != batch.bucket:
        return None
    for key in dict.fromkeys((unquote(row.key), row.key)):
        found = tx.row(
            "SELECT j.id FROM job j WHERE j.bucket_id = (SELECT bucket_id FROM batch WHERE id = :batch)"
            " AND j.key = :key AND j.version_id = :version AND j.state NOT IN ('skipped', 'cancelled')"
            " AND j.batch_id = :batch",
            # S3 names the versions it found; ours are whatever was current.
            {"batch": batch.id, "key": key, "version": "" if batch.generator else row.version_id or ""},
        )
        if found is not None:
            return int(found[0])
    return None


def _change(job_id: int, row: ReportRow, at: float) -> JobChange:
    if row.succeeded:
        return JobChange(job_id, State.REQUESTED, at, reason="asked for by the job", look=Look.JOB)
    state, reason = _MILD.get(row.code, (State.FAILED, f"its task failed: {row.code or row.status}"))
    code = row.code or str(row.status or "")
    return JobChange(job_id, state, at, reason=reason, code=code, message=row.message[:500], look=Look.JOB)
