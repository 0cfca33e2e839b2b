"""What a job's manifest and completion report tell of its objects; others' jobs are followed by them."""

from collections.abc import AsyncIterator

from restoretui.core.batch.jobs import JobInfo, ManifestRow, ReportRow, ReportScope, Tally
from restoretui.core.batch.report_keys import KeyForm, form_of, read_key
from restoretui.core.errors import (
    AccessDenied,
    BucketNotFound,
    InvalidRequest,
    ObjectNotFound,
    Unsupported,
    UsageError,
)
from restoretui.session.batch.job_looks import JobLooks

RESTORES = "S3InitiateRestoreObject"
"""How the service calls what we are about."""
OF_OURS = frozenset({RESTORES, "S3PutObjectCopy"})
"""What jobs of ours may do: restore, and copy what was restored."""


class JobPapers(JobLooks):
    """Reads manifests and reports; sends nothing that changes anything in a cloud."""

    async def tally(self, job_id: str, region: str | None = None) -> Tally:
        """What the job itself counts, and what its completion report was to tell."""
        batch = self._ledger.batches.find(job_id)
        if batch is not None and batch.is_settled:
            return Tally(batch.report_place, batch.options.scope, batch.succeeded, batch.failed)
        info = await self.job(job_id, region)
        place = info.report if batch is None else batch.report_place
        return Tally(place, info.scope, info.succeeded, info.failed)

    async def report(
        self, job_id: str, region: str | None = None, tally: Tally | None = None
    ) -> AsyncIterator[list[ReportRow]]:
        """The rows of a job's completion report, some at a time; ours or not. Keys are those of the objects.

        It is read twice: the whole of it tells how it writes keys (FACTS 2.3).
        """
        counted = tally or await self.tally(job_id, region)
        place = counted.report
        if place is None:
            raise ObjectNotFound(f"job {job_id} was made without a completion report", "--report-scope all or failed")
        (service, ask), batches = await self.door(job_id), self._ledger.batches
        batch = batches.find(job_id)
        keys, form = batches.report_keys(batch) if batch else None, KeyForm.FORM
        try:
            async for rows in self._pages(lambda: service.read_report(place, job_id), ask):
                if keys is not None:
                    await batches.look_through(keys, rows)
                else:
                    form = form_of((row.key for row in rows), form)
        except ObjectNotFound:
            if counted.scope is ReportScope.FAILED and counted.succeeded and not counted.failed:
                return  # There was nothing to tell.
            raise
        async for rows in self._pages(lambda: service.read_report(place, job_id), ask):
            if keys is not None:
                yield await batches.as_known(keys, rows)
            else:
                yield [row._replace(key=read_key(row.key, form)) for row in rows]

    async def check_manifest(self, info: JobInfo) -> None:
        """``InvalidRequest`` where a job like that one could not run: its manifest is gone, or is another one by now.

        Where nobody here may look at it, that is no obstacle.
        """
        batch = self._ledger.batches.find(info.job_id)
        if info.generated is not None or not info.manifest:
            return
        made = "make a new job: restore the objects again"
        if batch is not None and batch.cleaned_at is not None:
            raise InvalidRequest(f"the manifest of job {info.job_id} was deleted by `batch clean`", made)
        service, ask = await self.door(info.job_id)
        try:
            is_same = await ask(lambda: service.has_manifest(info))
        except (ObjectNotFound, BucketNotFound) as error:
            raise InvalidRequest(
                f"the manifest of job {info.job_id} is gone: {info.manifest}", made, code=error.code
            ) from None
        except AccessDenied:
            return
        if not is_same:
            raise InvalidRequest(
                f"the manifest of job {info.job_id} was changed since: {info.manifest} has another ETag, and no job"
                " runs from it",
                made,
            )

    async def follow(self, info: JobInfo) -> int:
        """Watch the objects of somebody's job to the end of their restores, as a run; its id. Sends nothing.

        ``Unsupported`` where its manifest does not tell them, ``UsageError`` where it restores nothing.
        """
        if info.operation != RESTORES:
            raise UsageError(f"job {info.job_id} restores nothing: it is {info.operation or 'of an unknown kind'}")
        if batch := self._ledger.batches.find(info.job_id):
            return batch.run_id
        cloud = self._cloud
        connection = cloud.connection.only(()).to_mapping()
        return await self._ledger.batches.adopt(cloud.ledger_cloud, connection, info, self._objects_of(info))

    async def _objects_of(self, info: JobInfo) -> AsyncIterator[list[ManifestRow]]:
        """A job's objects by its manifest; where that does not tell them, by the report on all its tasks."""
        service, given = await self.service(), 0
        try:
            async for rows in self._pages(lambda: service.read_manifest(info)):
                yield rows
                given += len(rows)
        except (Unsupported, ObjectNotFound, InvalidRequest) as error:
            why = f"it is gone: {info.manifest}" if isinstance(error, ObjectNotFound) else str(error)
            if given or not info.is_over or info.report is None or info.scope is not ReportScope.ALL:
                raise InvalidRequest(
                    f"the objects of job {info.job_id} cannot be known from its manifest: {why}",
                    "nor is there a report on all its tasks; look at the objects themselves, where they are known",
                    code=error.code,
                ) from None
            async for told in self.report(info.job_id, info.region):
                yield [ManifestRow(row.bucket, row.key, row.version_id) for row in told]
