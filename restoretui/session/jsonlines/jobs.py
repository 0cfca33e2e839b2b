"""Lines about jobs of S3 Batch Operations and the tasks in their reports."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from restoretui.core.location import Location
from restoretui.core.model import ObjectRef, State
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.session.jsonlines.line import instant, where

if TYPE_CHECKING:
    from restoretui.core.batch.jobs import Generator, JobInfo, ReportRow
    from restoretui.ledger.batches.records import BatchJob


def batch_job_fields(job: "JobInfo", run: int | None) -> dict[str, Any]:
    """A job as the cloud tells of it in a list: what is absent is not told there, or there is none."""
    report = job.report
    return {
        "scheme": cloud_with_jobs().scheme, "job": job.job_id, "region": job.region or None, "status": job.status,
        "operation": job.operation or None, "run": run, "priority": job.priority,
        "description": job.description or None, "created_at": job.created, "ended_at": job.ended,
        "tasks": job.total, "succeeded": job.succeeded, "failed": job.failed, "elapsed_seconds": job.elapsed_s,
        "tier": job.tier, "days": job.days, "role_arn": job.role_arn or None, "manifest": job.manifest or None,
        "generated_from": _generated(job.generated),
        "report": f"s3://{report.bucket}/{report.prefix}" if report else None,
        "reason": job.reason or None,
        "failures": [
            {name: text for name, text in (("code", code), ("reason", why)) if text} for code, why in job.failures
        ],
    }  # fmt: skip


def whole_job_fields(job: "JobInfo", run: int | None, tags: Mapping[str, str] | None) -> dict[str, Any]:
    """A job with all that is known of it; ``tags`` None where they may not be read."""
    return {
        **batch_job_fields(job, run), "report_scope": job.scope.value, "tags": None if tags is None else dict(tags)
    }  # fmt: skip


def batch_fields(batch: "BatchJob") -> dict[str, Any]:
    """A job of ours as the ledger knows it."""
    scheme = cloud_with_jobs().scheme
    return {
        "scheme": scheme, "bucket": batch.bucket, "location": str(Location(scheme, batch.bucket)),
        "job": batch.job_id or None, "region": batch.region or None, "status": batch.status or None,
        "run": batch.run_id, "objects": batch.objects, "size": batch.size_bytes,
        "priority": batch.options.priority, "tasks": batch.total, "succeeded": batch.succeeded,
        "failed": batch.failed, "elapsed_seconds": batch.elapsed_s, "days": batch.days,
        "role_arn": batch.options.role_arn or None, "reason": batch.problem or None,
        "ended_at": instant(batch.ended_at), "generated_from": _generated(batch.generator), "failures": [],
    }  # fmt: skip


def _generated(generator: "Generator | None") -> dict[str, Any] | None:
    if generator is None:
        return None
    return {
        "bucket": generator.bucket, "prefix": generator.prefix or None, "storage_classes": list(generator.classes)
    }  # fmt: skip


def task_fields(row: "ReportRow", run: int | None) -> dict[str, Any]:
    """A task of a completion report; its code is told also where the report leaves it empty."""
    return {
        **where(cloud_with_jobs().scheme, ObjectRef(row.bucket, row.key, row.version_id)),
        "state": State.REQUESTED if row.succeeded else State.FAILED, "code": row.code,
        "http_status": row.status or None, "reason": row.message or None, "run": run,
    }  # fmt: skip
