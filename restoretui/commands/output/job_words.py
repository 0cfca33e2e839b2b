"""Jobs of S3 Batch Operations in words."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from restoretui.wording import format as words
from restoretui.wording.safe import clean, fit

if TYPE_CHECKING:
    from restoretui.core.batch.jobs import JobInfo

JOB_HEAD = "STATUS      PRIORITY       TASKS  SUCCEEDED     FAILED  CREATED           REGION          JOB"


def job_line(job: "JobInfo", run: int | None) -> str:
    """Its row; ``run`` where it is one of ours."""
    created = words.instant(job.created) if job.created else ""
    name = f"{clean(job.job_id)}{f'  run {run}' if run else ''}  {clean(job.description)}".rstrip()
    return (
        f"{fit(job.status, 10)}  {job.priority:>8}  {job.total:>10,}  {job.succeeded:>9,}  {job.failed:>9,}"
        f"  {created:16}  {job.region:14}  {name}"
    )


def whole_job_lines(job: "JobInfo", tags: Mapping[str, str] | None) -> Iterator[str]:
    """All that is known of it; ``tags`` None where they may not be read."""
    report = f"s3://{job.report.bucket}/{job.report.prefix} ({job.scope})" if job.report else "none"
    restore = f"{job.tier or '?'}, {f'{job.days} days' if job.days is not None else 'no days'}"
    ended = words.instant(job.ended) if job.ended else ""
    facts = {
        "region": job.region, "restore": restore, "role": job.role_arn, "manifest": job.manifest,
        "generated": f"from {job.generated}" if job.generated else "",
        "report": report, "active for": words.duration(job.elapsed_s), "ended": ended, "reason": job.reason,
        "tags": "may not be read (s3:GetJobTagging)" if tags is None
        else ", ".join(f"{name}={value}" for name, value in tags.items()),
    }  # fmt: skip
    for name, value in facts.items():
        if value:
            yield (f"  {name:10}  {clean(value)}")
    for code, why in job.failures:
        yield (f"  {'failure':10}  {clean(code)}: {clean(why)}")
