"""What a cloud must be able to do so that restores can go through S3 Batch Operations."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Protocol

from restoretui.core.batch.jobs import JobInfo, JobOrder, Manifest, ManifestRow, Place, ReportRow


class BatchService(Protocol):
    """Jobs of one account. Every method raises from the ``CloudError`` tree and nothing else."""

    async def check_role(self, role_arn: str) -> bool:
        """False when nobody here may look at the role, which says nothing about it.

        ``InvalidRequest`` when there is no such role, or when it does not let the service act as it (FACTS 2.7).
        """
        ...

    async def upload_manifest(
        self, place: Place, name: str, bucket: str, rows: AsyncIterator[Sequence[tuple[str, str]]], *, versions: bool
    ) -> Manifest:
        """Write ``rows`` of keys and version ids of ``bucket`` as a manifest, in constant memory."""
        ...

    def asked(self, order: JobOrder) -> Mapping[str, Any]:
        """CreateJob's parameters, but the account; sends nothing."""
        ...

    def manifest_rows(self, bucket: str, rows: Sequence[tuple[str, str]], *, versions: bool) -> bytes:
        """Rows of keys and version ids as a manifest has them; sends nothing."""
        ...

    async def create_job(self, order: JobOrder) -> str:
        """The job's id; the same for the same token."""
        ...

    async def describe_job(self, region: str, job_id: str) -> JobInfo:
        """All that is known; ``JobNotFound`` 90 days after its end, and perhaps right after it was made."""
        ...

    def list_jobs(self, region: str, statuses: Collection[str] = ()) -> AsyncIterator[list[JobInfo]]:
        """Jobs of anybody in the account and region, a page at a time."""
        ...

    async def confirm_job(self, region: str, job_id: str) -> str:
        """Let a suspended job run; its status then."""
        ...

    async def cancel_job(self, region: str, job_id: str) -> str:
        """Its status then."""
        ...

    async def clone_job(self, region: str, job_id: str, token: str) -> str:
        """A new, suspended job like that one; its id."""
        ...

    async def has_manifest(self, info: JobInfo) -> bool:
        """Whether a job's manifest is as it was when the job was made; ``ObjectNotFound`` when it is gone."""
        ...

    def read_manifest(self, info: JobInfo) -> AsyncIterator[list[ManifestRow]]:
        """The objects of a job's CSV manifest, some at a time.

        ``Unsupported`` for another kind, ``ObjectNotFound`` or ``InvalidRequest`` when it is not there any more.
        """
        ...

    async def job_tags(self, region: str, job_id: str) -> Mapping[str, str]:
        """The tags of a job."""
        ...

    async def set_priority(self, region: str, job_id: str, priority: int) -> None:
        """Any time before its end."""
        ...

    def read_report(self, place: Place, job_id: str) -> AsyncIterator[list[ReportRow]]:
        """The completion report's rows, some at a time; ``ObjectNotFound`` when there is no report."""
        ...

    async def delete_written(self, place: Place, job_id: str) -> int:
        """Delete a job's completion report; how many objects that were."""
        ...

    async def delete_object(self, bucket: str, key: str) -> None:
        """Delete one object, a manifest of ours."""
        ...
