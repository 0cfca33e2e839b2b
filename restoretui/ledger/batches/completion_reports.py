"""Joins the rows of a job's completion report to its objects (FACTS 2.3)."""

from collections.abc import Sequence

from restoretui.core.batch.jobs import ReportRow
from restoretui.core.model import Look, State
from restoretui.ledger.batches.records import BatchJob
from restoretui.ledger.batches.report_keys import ReportKeys
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.runs.job_changes import apply_changes
from restoretui.ledger.store.writer import Tx

# Codes of failed tasks that mean something milder than a failure (FACTS 1.2).
_MILD = {
    "RestoreAlreadyInProgress": (State.RESTORING, "already restoring: somebody asked before"),
    "ObjectAlreadyInActiveTierError": (State.SKIPPED, "not archived: it can be read as it is"),
    "InvalidObjectState": (State.SKIPPED, "not archived: it can be read as it is"),
}
_EITHER = "the report names this object or another one that is written alike: it is looked up"


def join_report(
    tx: Tx, batch: BatchJob, rows: Sequence[ReportRow], keys: ReportKeys, at: float, *, successes: bool
) -> int:
    """Record what the rows say; how many are about none of the job's objects."""
    found: list[JobChange] = []
    strangers = 0
    for row in rows:
        if row.succeeded and not successes:
            continue
        about = keys.objects_of(tx.connection, row)
        strangers += not about
        if len(about) == 1:
            found.append(_change(about[0], row, at))
        for job_id in about if len(about) > 1 else ():
            # The report names one of them: a look at each tells which was asked for.
            tx.run(
                "UPDATE job SET attempt_at = coalesce(attempt_at, ?) WHERE id = ? AND state = 'planned'", (at, job_id)
            )
            found.append(JobChange(job_id, State.UNKNOWN, at, reason=_EITHER, look=Look.JOB))
    apply_changes(tx, found, at)
    return strangers


def _change(job_id: int, row: ReportRow, at: float) -> JobChange:
    if row.succeeded:
        return JobChange(job_id, State.REQUESTED, at, reason="asked for by the job", look=Look.JOB)
    state, reason = _MILD.get(row.code, (State.FAILED, f"its task failed: {row.reason or row.code or row.status}"))
    code = row.code or str(row.status or "")
    return JobChange(job_id, state, at, reason=reason, code=code, message=row.message[:500], look=Look.JOB)
