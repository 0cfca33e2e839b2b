"""What screens and commands ask about S3 Batch Operations: part of a session, as ``session.batch``."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import (
    MANIFESTS,
    NO_PAYER,
    REPORTS,
    BatchOptions,
    EngineChoice,
    JobInfo,
    ManifestRow,
    Place,
    ReportRow,
    ReportScope,
    Tally,
    as_batch,
    choose_engine,
)
from restoretui.core.batch.policy import caller_policy, role_policy, trust_policy
from restoretui.core.batch.report_keys import KeyForm, form_of, read_key
from restoretui.core.batch.service import BatchService
from restoretui.core.errors import (
    AccessDenied,
    BucketNotFound,
    CloudError,
    InvalidRequest,
    ObjectNotFound,
    Throttled,
    Unsupported,
    UsageError,
)
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.core.network.endpoints import partition_of
from restoretui.core.plan.job_fees import fees_in
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.engine.batch.checks import check_options
from restoretui.engine.batch.pursuit import service_of
from restoretui.engine.traffic.circuit_breaker import COMMON
from restoretui.engine.traffic.retrying_reads import Asking
from restoretui.engine.traffic.speaker import Works
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger import Ledger
from restoretui.ledger.batches.records import BatchJob
from restoretui.session.clouds import CloudAccess, Clouds

T = TypeVar("T")

NO_EFFECT = (Throttled, *COMMON)
"""After these a decision about a job surely was not taken in, and may be sent again."""
CHECK_WITHIN_S = 5.0
"""Machine seconds that looking beforehand may take: IAM is out of reach of many a bastion host."""
RESTORES = "S3InitiateRestoreObject"
"""How the service calls what we are about."""
UNSEEN = "the role could not be checked beforehand: these credentials may not look at it (iam:GetRole)"


class BatchOperations:
    """Jobs of the account, ours and others'. What changes anything is refused in a read-only session."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        clouds: Clouds,
        may_send: Callable[[], None],
        stir: Callable[[int], None],
        works: Works,
    ) -> None:
        """``may_send`` raises where nothing may be sent, ``stir`` is told of a run about whose jobs something was
        decided, ``works`` hears of what takes its time.
        """
        self._works = works
        self._settings = settings
        self._ledger = ledger
        self._clouds = clouds
        self._may_send = may_send
        self._stir = stir
        self._checked: dict[object, str] = {}
        self._where: dict[str, str] = {}
        """The Regions of others' jobs, as far as they were met."""

    @property
    def _cloud(self) -> CloudAccess:
        return self._clouds.with_jobs

    @property
    def ask(self) -> Asking:
        """How questions are put to the cloud."""
        return self._cloud.ask

    # --- choosing ----------------------------------------------------------------------------------------------

    def options(self, given: Mapping[str, Any] | None = None) -> BatchOptions:
        """The config's defaults, with what was given (not None) over them: fields of ``BatchOptions``.

        ``UsageError`` for what no job could be made with.
        """
        own = self._settings
        options = BatchOptions(
            role_arn=own.batch_role_arn or "",
            manifest=as_place(own.batch_manifest_location),
            report=as_place(own.batch_report_location),
            scope=ReportScope(own.batch_report_scope),
            priority=own.batch_priority,
            generated=own.batch_manifest == "generated",
        )
        changes = {name: value for name, value in (given or {}).items() if value is not None}
        return replace(options, **changes).checked()

    def plan(
        self, plan: RestorePlan, tiers: Collection[Tier] = tuple(Tier), *, generated: bool | None = None
    ) -> RestorePlan:
        """The same direct plan with these tiers through jobs: windows, fees, Expedited refused.

        ``generated``: S3 finds the objects itself, and is paid for all that is in the bucket; None: as configured.
        """
        fees = fees_in(self._cloud.connection.region or "", self._settings.batch_role_arn or "")
        if self._settings.batch_manifest == "generated" if generated is None else generated:
            buckets = {line.group.bucket for chosen in plan.tiers.values() for line in chosen.sending}
            cloud, known = self._cloud.ledger_cloud, self._ledger.batches.peek_listed
            listed = {bucket: known(cloud, bucket) for bucket in buckets}
            fees = replace(
                fees, searched={bucket: objects for bucket, (objects, _) in listed.items()},
                unlisted=frozenset(bucket for bucket, (_, whole) in listed.items() if not whole),
            )  # fmt: skip
        return as_batch(plan, self._cloud.rules, tiers, fees)

    def listed(self, bucket: str) -> int:
        """How many objects a bucket is known to hold."""
        return self._ledger.batches.peek_listed(self._cloud.ledger_cloud, bucket)[0]

    @property
    def why_never(self) -> str:
        """Why nothing that is asked for now may go through jobs, in a sentence; empty where it may."""
        return NO_PAYER if self._cloud.connection.requester_pays else ""

    def choose(self, plan: RestorePlan, tier: Tier, role_arn: str | None = None) -> EngineChoice:
        """What ``--engine auto`` takes for a direct plan, and why."""
        role = role_arn or self._settings.batch_role_arn
        pays = self._cloud.connection.requester_pays
        return choose_engine(plan.tiers[tier], self._cloud.rules, has_role=bool(role), pays=pays)

    async def check(self, options: BatchOptions, buckets: Collection[str]) -> str:
        """Look at what jobs that restore from ``buckets`` would need, before anything is written or sent.

        Raises ``InvalidRequest`` for what cannot work. What nobody here may look at, or what does not answer, is no
        obstacle: the remark that comes back says so, and is empty when all was seen to be well.
        """
        places = options.manifest, options.report, options.scope
        known = options.role_arn, places, frozenset(buckets)
        if known not in self._checked:
            provider, service = await self._cloud.provider(), await self.service()
            looking = asyncio.create_task(check_options(provider, service, options, buckets))
            try:
                with self._works.telling(lambda: f"looking whether jobs can work with the role {options.role_arn}"):
                    await first_of(self._settings.clock.pause(CHECK_WITHIN_S), beside=[looking])
                if not looking.done():
                    return "the role could not be checked beforehand: no answer in time"
                self._checked[known] = "" if looking.result() else UNSEEN
            except InvalidRequest:
                raise
            except CloudError as error:
                return f"the role could not be checked beforehand: {error}"
            finally:
                looking.cancel()
        return self._checked[known]

    def policies(self, buckets: list[str], given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Trust, role and caller policy for restoring from ``buckets`` with these options; no role is needed yet."""
        own = self._settings
        manifest = given.get("manifest") or as_place(own.batch_manifest_location)
        report = given.get("report") or as_place(own.batch_report_location)
        manifests = [manifest] if manifest else [Place(bucket, MANIFESTS) for bucket in buckets]
        reports = [report] if report else [Place(bucket, REPORTS) for bucket in buckets]
        if (given.get("scope") or own.batch_report_scope) == ReportScope.NONE:
            reports = []
        role = given.get("role_arn") or own.batch_role_arn or ""
        generated = given.get("generated")
        if own.batch_manifest == "generated" if generated is None else generated:
            manifests = []
        partition = partition_of(arn=role, region=own.region or "")
        return {
            "trust": trust_policy(),
            "role": role_policy(buckets, manifests, reports, partition),
            "caller": caller_policy(buckets, manifests, reports, role, partition),
        }

    # --- looking -----------------------------------------------------------------------------------------------

    def ours(self, run_id: int | None = None) -> list[BatchJob]:
        """Our jobs as the ledger knows them, quick enough for a repaint: of a run, or all, newest first."""
        batches = self._ledger.batches
        return batches.peek_all() if run_id is None else batches.peek_of_run(run_id)

    async def jobs(self, region: str | None = None, statuses: Collection[str] = ()) -> AsyncIterator[list[JobInfo]]:
        """Jobs of anybody in the account, a page at a time; newest first in each Region, as the cloud lists them.

        In ``region``, or else in every Region that is known to matter: what one of them refuses is raised in the end.
        """
        service, refused = await self.service(), None
        for where in [region] if region else await self.regions():
            known: set[str] = set()
            try:
                async for page in self._pages(partial(service.list_jobs, where, statuses)):
                    self._where.update((job.job_id, where) for job in page)
                    # Asked anew from the beginning, a page may begin with jobs that were on the one before.
                    yield [job for job in page if job.job_id not in known]
                    known.update(job.job_id for job in page)
            except CloudError as error:
                refused = refused or error
        if refused is not None:
            raise refused

    async def regions(self) -> list[str]:
        """The Region of these settings, then those that our jobs are in and our runs were made for."""
        own = await self._region()
        return list(dict.fromkeys([own, *self._ledger.batches.peek_regions(self._cloud.ledger_cloud)]))

    async def tags(self, job_id: str, region: str | None = None) -> Mapping[str, str] | None:
        """The job's tags; None where they may not be read, as they are ours to know only of our own jobs."""
        service, where = await self.service(), await self.region_of(job_id, region)
        try:
            return await self.ask(lambda: service.job_tags(where, job_id))
        except CloudError:
            batch = self._ledger.batches.find(job_id)
            return None if batch is None or not batch.options.tags else batch.options.tags

    async def job(self, job_id: str, region: str | None = None) -> JobInfo:
        """All that is known of one job; ``JobNotFound``."""
        service, where = await self.service(), await self.region_of(job_id, region)
        return await self.ask(lambda: service.describe_job(where, job_id))

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
        service, batches = await self.service(), self._ledger.batches
        batch = batches.find(job_id)
        keys, form = batches.report_keys(batch) if batch else None, KeyForm.FORM
        try:
            async for rows in self._pages(lambda: service.read_report(place, job_id)):
                if keys is not None:
                    await batches.look_through(keys, rows)
                else:
                    form = form_of((row.key for row in rows), form)
        except ObjectNotFound:
            if counted.scope is ReportScope.FAILED and counted.succeeded and not counted.failed:
                return  # There was nothing to tell.
            raise
        async for rows in self._pages(lambda: service.read_report(place, job_id)):
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
        service = await self.service()
        try:
            is_same = await self.ask(lambda: service.has_manifest(info))
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
        connection = cloud.connection.to_mapping()
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

    # --- deciding, where nothing is spent: see ``restoretui.session.spending`` for the rest

    async def cancel(self, job_id: str, region: str | None = None) -> str:
        """Its status then; restores that were asked for go on."""
        self._may_send()
        service, where = await self.service(), await self.region_of(job_id, region)
        if batch := self._ledger.batches.find(job_id):
            await self._ledger.batches.decide(batch.id, run=False)
        status = await self.ask(lambda: service.cancel_job(where, job_id), over=NO_EFFECT)
        self.stir_of(job_id)
        return status

    async def cancel_run(self, run_id: int) -> int:
        """Cancel every job of a run that is not over; how many."""
        self._may_send()
        live = [batch for batch in self.ours(run_id) if not batch.is_settled and batch.cancelled_at is None]
        for batch in live:
            if batch.options.followed:
                # It is another's: we only cease to look.
                at = self._settings.clock.now().timestamp()
                await self._ledger.batches.settle(batch, State.CANCELLED, "no longer followed", at)
            else:
                await self._ledger.batches.decide(batch.id, run=False)
        self._stir(run_id)
        return len(live)

    async def priority(self, job_id: str, priority: int, region: str | None = None) -> None:
        """Higher goes first; any time before the end."""
        self._may_send()
        if not 0 <= priority <= 2_147_483_647:
            raise UsageError(f"a job's priority lies between 0 and 2147483647, not at {priority}")
        service, where = await self.service(), await self.region_of(job_id, region)
        await self.ask(lambda: service.set_priority(where, job_id, priority))
        if batch := self._ledger.batches.find(job_id):
            await self._ledger.batches.priority(batch, replace(batch.options, priority=priority))

    async def clean(self, batch: BatchJob) -> int:
        """Delete the manifest and the completion report that were written for a job of ours; how many objects.

        Never anything else; refused while the job is not over.
        """
        self._may_send()
        if batch.options.followed:
            raise UsageError(
                f"job {batch.job_id} was made elsewhere and is only followed, so nothing of it is deleted",
                "delete what belongs to it where it was made",
            )
        if not batch.is_settled:
            raise UsageError(
                f"job {batch.job_id or batch.id} is not over", "its manifest and report are still needed"
            )
        service = await self.service()
        deleted = 0
        if batch.manifest_key:
            await self.ask(lambda: service.delete_object(batch.manifest_bucket, batch.manifest_key))
            deleted += 1
        place = batch.report_place
        if batch.job_id and place is not None:
            deleted += await self.ask(lambda: service.delete_written(place, batch.job_id))
        await self._ledger.batches.cleaned(batch.id)
        return deleted

    async def _pages(self, begin: Callable[[], AsyncIterator[list[T]]]) -> AsyncIterator[list[T]]:
        """What ``begin`` gives, page by page; where an answer fails to come, begun anew behind what was given."""
        pages: AsyncIterator[list[T]] | None = None
        given = behind = 0

        async def following() -> list[T] | None:
            nonlocal pages, behind
            if pages is None:
                pages, behind = begin(), given
            try:
                async for page in pages:
                    skipped = min(behind, len(page))
                    behind -= skipped
                    if skipped < len(page):
                        return page[skipped:]
            except BaseException:
                pages = None  # One that has failed goes no further.
                raise
            return None

        while (page := await self.ask(following)) is not None:
            given += len(page)
            yield page

    async def service(self) -> BatchService:
        """The account's jobs; ``Unsupported`` where there are none."""
        if not self._cloud.rules.has_jobs:
            raise Unsupported("only AWS itself has S3 Batch Operations", "restore without jobs: --engine direct")
        return service_of(await self._cloud.provider())()

    async def _region(self) -> str:
        return self._settings.region or str(getattr(await self._cloud.provider(), "region", ""))

    async def region_of(self, job_id: str, region: str | None) -> str:
        """Where a job is: as given, as we know of ours, or whichever known Region has it."""
        batch = self._ledger.batches.find(job_id)
        if where := region or (batch.region if batch else "") or self._where.get(job_id):
            return where
        if self._settings.sources.get("region", "").startswith("--"):
            return await self._region()
        own, *others = await self.regions()
        service = await self.service()
        for place in [own, *others] if others else ():
            try:
                await self.ask(partial(service.describe_job, place, job_id))
            except CloudError:
                continue  # What stands in the way is said when the job itself is asked for.
            self._where[job_id] = place
            return place
        return own

    def stir_of(self, job_id: str) -> None:
        """Something was decided about a job: if it is ours, its run is looked at."""
        if batch := self._ledger.batches.find(job_id):
            self._stir(batch.run_id)


def as_place(text: str | None) -> Place | None:
    """``s3://bucket/prefix/`` as a place to write to; ``UsageError`` when it is none."""
    if not text:
        return None
    location = parse_location(text)
    scheme = cloud_with_jobs().scheme
    if location.scheme != scheme or not location.bucket or location.version_id is not None:
        raise UsageError(f"{text!r} is no place to write to", f"write {scheme}://BUCKET or {scheme}://BUCKET/PREFIX/")
    return Place(location.bucket, (location.prefix or location.key or "").rstrip("/"))
