"""The account's jobs of S3 Batch Operations, ours and others': where they are, and what is known of them."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from functools import partial
from typing import TypeVar

from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import JobInfo
from restoretui.core.batch.service import BatchService
from restoretui.core.errors import CloudError, Unsupported
from restoretui.core.provider import Connection
from restoretui.engine.batch.pursuit import service_of
from restoretui.engine.traffic.retrying_reads import Asking, OneRead
from restoretui.ledger import Ledger
from restoretui.ledger.batches.records import BatchJob
from restoretui.session.clouds import CloudAccess, Clouds

T = TypeVar("T")


class JobLooks:
    """Looks at jobs; changes nothing."""

    def __init__(self, settings: Settings, ledger: Ledger, clouds: Clouds) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clouds = clouds
        self._where: dict[str, str] = {}
        """The Regions of others' jobs, as far as they were met."""

    @property
    def _cloud(self) -> CloudAccess:
        return self._clouds.with_jobs

    @property
    def ask(self) -> Asking:
        """How questions are put to the cloud."""
        return self._cloud.ask

    async def door(self, job_id: str) -> tuple[BatchService, Asking]:
        """The service that knows the job, and how it is asked: of a run over several accounts, as whose it is."""
        batch = self._ledger.batches.find(job_id)
        run = None if batch is None else await self._ledger.runs.get(batch.run_id)
        if batch is None or run is None or not run.profiles:
            return await self.service(), self.ask
        channel = self._clouds.by(Connection.from_mapping(run.connection).of(batch.bucket))
        is_screen = self._clouds.patience is None
        asking: Asking = OneRead(channel.breaker.watchdog) if is_screen else channel.reads(bounded=True)
        return service_of(await channel.provider())(), asking

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
        (service, ask), where = await self.door(job_id), await self.region_of(job_id, region)
        try:
            return await ask(lambda: service.job_tags(where, job_id))
        except CloudError:
            batch = self._ledger.batches.find(job_id)
            return None if batch is None or not batch.options.tags else batch.options.tags

    async def job(self, job_id: str, region: str | None = None) -> JobInfo:
        """All that is known of one job; ``JobNotFound``."""
        (service, ask), where = await self.door(job_id), await self.region_of(job_id, region)
        return await ask(lambda: service.describe_job(where, job_id))

    async def _pages(
        self, begin: Callable[[], AsyncIterator[list[T]]], ask: Asking | None = None
    ) -> AsyncIterator[list[T]]:
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

        while (page := await (ask or self.ask)(following)) is not None:
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
