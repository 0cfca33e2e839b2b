"""Pursues the jobs of one run through S3 Batch Operations: manifest, CreateJob, confirmation, polling, report.

Whatever step a crash comes between, the next start goes on there: the token is older than CreateJob, and a job that
may exist is looked for by its mark before it is asked for again.
"""

import asyncio
from collections.abc import Awaitable, Callable

from restoretui.core.batch.jobs import JobInfo, Manifest, ReportScope
from restoretui.core.batch.service import BatchService
from restoretui.core.errors import CloudError, JobNotFound, ObjectNotFound, RestoreTuiError
from restoretui.core.model import State
from restoretui.core.provider import Provider
from restoretui.engine.batch.checks import check_options
from restoretui.engine.batch.orders import order_of
from restoretui.engine.run_context import RunContext
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger.batches.records import BatchJob, Phase

QUICKEST = 0.3
"""Machine seconds between two rounds, however fast the cloud's clock runs."""
NEWBORN = 300.0
"""Cloud seconds after CreateJob for which "no such job" may only mean "not yet" (FACTS 2.4)."""
SOONEST, LATEST = 5.0, 60.0
"""Cloud seconds between two looks at a job."""
REPORT_WITHIN = 120.0
"""Cloud seconds after a job's end for which its report may still be on its way."""
HELD = 300.0
"""The same while it waits for a person."""
ONE_DAY = 86_400.0
_STATUS_REFUSED = "JobStatusException"


class BatchPursuit:
    """Advances every job of a run, or of one account's part of it; ``pursue`` ends only by cancellation."""

    def __init__(self, context: RunContext, on_settled: Callable[[], None]) -> None:
        """``on_settled`` is called when what became of a job's objects may be looked at."""
        self._context = context
        self._run = context.run
        self._ledger = context.ledger
        self._provider = context.provider
        self._service_of = service_of(context.provider)
        self._clock = context.clock
        self._read = context.reads()
        self._on_settled = on_settled
        self._may_send = context.may_send
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """Something was decided: do not wait for the next look."""
        self._stirred.set()

    async def pursue(self) -> None:
        """Round after round, as seldom as nothing is expected."""
        while True:
            self._stirred.clear()
            wait = await self.round()
            await first_of(self._clock.sleep(wait), self._stirred.wait())
            await self._clock.pause(QUICKEST)

    async def round(self) -> float:
        """Take every job as far as it goes now; cloud seconds until the next round is worth while."""
        waits = [ONE_DAY]
        for batch in self._jobs():
            if not batch.is_settled:
                waits.append(await self._advance(batch))
        if await self._ledger.batches.close_gaps(self._run.id):
            self._on_settled()
        return min(waits)

    async def refresh(self) -> None:
        """Look at every job that exists, without a decision about any."""
        for batch in self._jobs():
            if batch.phase is Phase.CREATED:
                await self._look(batch, act=False)

    def _jobs(self) -> list[BatchJob]:
        """Of a run over several accounts, those of one."""
        return [one for one in self._ledger.batches.peek_of_run(self._run.id) if self._context.covers(one.bucket)]

    async def _advance(self, batch: BatchJob) -> float:
        try:
            if batch.phase is not Phase.CREATED:
                if not self._may_send:
                    return LATEST
                batch = await self._create(batch)
                if batch.is_settled:
                    return ONE_DAY
            return await self._look(batch)
        except CloudError as error:
            # What repetition could mend was repeated below; this refusal stands for the job as a whole.
            if batch.phase is Phase.CREATED:
                return await self._cannot_look(batch, error)
            hint = f" ({error.hint})" if error.hint else ""
            await self._end(
                batch, State.FAILED, f"no job could be made: {error}", problem=f"{error}{hint}", code=error.code
            )
            return ONE_DAY

    # --- until it exists

    async def _create(self, batch: BatchJob) -> BatchJob:
        batches, service = self._ledger.batches, self._service
        if batch.cancelled_at is not None and batch.phase is not Phase.CREATING:
            await self._end(batch, State.CANCELLED, "cancelled before its job was made", status="Cancelled")
            return batches.get(batch.id)
        if batch.phase is Phase.PLANNED:
            await self._read(lambda: check_options(self._provider, service, batch.options, [batch.bucket]))
            # A job that copies is made where the copies go (FACTS-AFTER 10.2).
            there = batch.copies.bucket if batch.copies else batch.bucket
            region = await self._read(lambda: self._provider.bucket_region(there))
            existing = batch.options.existing
            if batch.generator is not None:
                await batches.uploaded(batch.id, region, "", "", "")
            elif existing is not None:
                await batches.uploaded(batch.id, region, existing.bucket, existing.key, existing.etag)
            else:
                made = await self._read(lambda: self._upload(batch))
                await batches.uploaded(batch.id, region, made.bucket, made.key, made.etag)
            batch = batches.get(batch.id)
        job_id = ""
        if batch.phase is Phase.CREATING:
            job_id = await self._read(lambda: self._find(batch))
            if not job_id and batch.cancelled_at is not None:
                await self._end(batch, State.CANCELLED, "cancelled before its job was made", status="Cancelled")
                return batches.get(batch.id)
        if not job_id:
            await batches.creating(batch.id)
            order = order_of(batch, self._run.tier)
            job_id = await self._read(lambda: service.create_job(order))
        await batches.created(batch.id, job_id)
        return batches.get(batch.id)

    async def _upload(self, batch: BatchJob) -> Manifest:
        name = f"restoretui-{batch.token}.csv"
        rows = self._ledger.batches.rows(batch)
        return await self._service.upload_manifest(
            batch.manifest_place, name, batch.bucket, rows, versions=batch.versions
        )

    async def _find(self, batch: BatchJob) -> str:
        """The job with this batch's mark, if there is one."""
        async for page in self._service.list_jobs(batch.region):
            for job in page:
                if batch.mark in job.description:
                    return job.job_id
        return ""

    # --- while it exists

    async def _look(self, batch: BatchJob, *, act: bool = True) -> float:
        service = self._service
        info = await self._read(lambda: service.describe_job(batch.region, batch.job_id))
        await self._ledger.batches.observed(batch, info)
        if info.is_over:
            return await self._settle(self._ledger.batches.get(batch.id), info)
        if not (self._may_send and act):
            return LATEST
        if batch.cancelled_at is not None and info.status != "Cancelling":
            await self._update(lambda: service.cancel_job(batch.region, batch.job_id))
            return SOONEST
        if info.status == "Suspended" and batch.confirmed_at is not None:
            if batch.generator is not None and info.total != batch.objects and not batch.problem:
                # Once only: whoever confirms it now has been told.
                await self._ledger.batches.hold(batch, _found_others(batch, info.total))
                return HELD
            await self._update(lambda: service.confirm_job(batch.region, batch.job_id))
            return SOONEST
        return self._next_look(batch, info)

    def _next_look(self, batch: BatchJob, info: JobInfo) -> float:
        if info.status == "Suspended":
            return HELD
        if info.status == "Active" and info.total:
            done = info.succeeded + info.failed
            left = info.elapsed_s * (info.total - done) / max(done, 1)
            return min(max(left / 10, SOONEST), LATEST)
        age = self._clock.now().timestamp() - (batch.sent_at or batch.planned_at)
        return min(max(age / 10, SOONEST), LATEST)

    async def _update(self, update: Callable[[], Awaitable[str]]) -> None:
        try:
            await self._read(update)
        except CloudError as error:
            # It went on by itself meanwhile; the next look tells where to.
            if error.code != _STATUS_REFUSED:
                raise

    async def _cannot_look(self, batch: BatchJob, error: CloudError) -> float:
        now = self._clock.now().timestamp()
        if isinstance(error, JobNotFound):
            if now - (batch.sent_at or now) < NEWBORN:
                return SOONEST
            reason = "the cloud no longer knows its job: looking at the objects themselves"
            await self._end(batch, State.UNKNOWN, reason, problem=str(error), status="Vanished")
            return ONE_DAY
        await self._ledger.activity.add(
            "batch", f"job {batch.job_id} cannot be looked at: {error}", run_id=batch.run_id, code=error.code
        )
        return HELD

    # --- when it is over

    async def _settle(self, batch: BatchJob, info: JobInfo) -> float:
        at = info.ended.timestamp() if info.ended else self._clock.now().timestamp()
        if batch.copies is not None:
            problem = "; ".join(f"{code}: {why}" for code, why in info.failures)
            over = f"{info.status}: {info.succeeded:,} copied, {info.failed:,} not; each copy is looked at now"
            await self._end(batch, State.REQUESTED, over, at=at, problem=problem)
            return ONE_DAY
        early = info.status != "Complete"
        done = info.succeeded + info.failed
        told, problem = await self._join_report(batch, info, at, early=early)
        if problem and not told and self._clock.now().timestamp() - at < REPORT_WITHIN:
            return SOONEST
        reason = f"its job ended: {info.status}"
        problem = problem or "; ".join(f"{code}: {why}" for code, why in info.failures)
        if not early and (told or not info.failed):
            state, reason = State.REQUESTED, "asked for by its job"
        elif not early:
            state, reason = State.UNKNOWN, f"{info.failed:,} tasks of its job failed, and no report says which"
        elif done and not (told and batch.options.scope is ReportScope.ALL):
            state, reason = State.UNKNOWN, f"{reason}; whether it was asked for is to be looked up"
        elif info.status == "Cancelled":
            state, reason = State.CANCELLED, "its job was cancelled before it was asked for"
        else:
            state = State.FAILED
            reason = f"its job failed: {problem}" if problem else "its job failed"
        await self._end(batch, state, reason, at=at, report="read" if told else "missing", problem=problem)
        return ONE_DAY

    async def _join_report(self, batch: BatchJob, info: JobInfo, at: float, *, early: bool) -> tuple[bool, str]:
        """Whether the report was read to its end, and else why not; where all succeeded it has nothing to say."""
        place = batch.report_place
        if place is None or not (info.failed or (early and info.succeeded)):
            return place is not None, ""

        async def join() -> int:
            strangers, batches = 0, self._ledger.batches
            keys = batches.report_keys(batch)
            async for rows in self._service.read_report(place, batch.job_id):
                await batches.look_through(keys, rows)
            async for rows in self._service.read_report(place, batch.job_id):
                for start in range(0, len(rows), 500):
                    some = rows[start : start + 500]
                    strangers += await batches.report_rows(batch, some, keys, at, successes=early)
            return strangers

        try:
            strangers = await self._read(join)
        except NO_ANSWER:
            raise
        except CloudError as error:
            if not isinstance(error, ObjectNotFound):
                return False, str(error)
            return False, f"{info.failed} tasks failed and there is no completion report to say which"
        return True, f"{strangers} rows of the report name objects that are not in the run" if strangers else ""

    async def _end(
        self,
        batch: BatchJob,
        state: State,
        reason: str,
        *,
        at: float | None = None,
        report: str = "",
        problem: str = "",
        status: str = "",
        code: str = "",
    ) -> None:
        moment = self._clock.now().timestamp() if at is None else at
        if state is State.FAILED and not batch.job_id:
            status = status or "Failed"
        await self._ledger.batches.settle(
            batch, state, reason, moment, report=report, problem=problem, status=status, code=code
        )
        self._on_settled()

    @property
    def _service(self) -> BatchService:
        return self._service_of()


def _found_others(batch: BatchJob, total: int) -> str:
    return (
        f"S3 found {total:,} objects where {batch.objects:,} were planned, so it waits: confirm it if that is meant, "
        "or cancel it and plan again"
    )


def service_of(provider: Provider) -> Callable[[], BatchService]:
    """How to get at the jobs of a provider's cloud; called, it raises where there are none."""

    def get() -> BatchService:
        make = getattr(provider, "batch", None)
        if make is None:
            raise RestoreTuiError("this cloud has no S3 Batch Operations")
        service: BatchService = make()
        return service

    return get
