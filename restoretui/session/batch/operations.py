"""What screens and commands ask about S3 Batch Operations: part of a session, as ``session.batch``."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec.structs import replace

from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import MANIFESTS, REPORTS, BatchOptions, Place, ReportScope, account_of
from restoretui.core.batch.planned_jobs import NO_PAYER, EngineChoice, as_batch, choose_engine
from restoretui.core.batch.policy import caller_policy, role_policy, trust_policy
from restoretui.core.errors import (
    CloudError,
    InvalidRequest,
    Throttled,
    UsageError,
)
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.core.network.endpoints import partition_of
from restoretui.core.plan.job_fees import fees_in
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.provider import Connection
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.core.then.steps import ThenStep
from restoretui.engine.batch.checks import check_options
from restoretui.engine.batch.pursuit import service_of
from restoretui.engine.traffic.circuit_breaker import COMMON
from restoretui.engine.traffic.speaker import Works
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger import Ledger
from restoretui.ledger.batches.records import BatchJob
from restoretui.ledger.run_records import Run
from restoretui.session.batch.job_papers import JobPapers
from restoretui.session.clouds import Clouds

NO_EFFECT = (Throttled, *COMMON)
"""After these a decision about a job surely was not taken in, and may be sent again."""
CHECK_WITHIN_S = 5.0
"""Machine seconds that looking beforehand may take: IAM is out of reach of many a bastion host."""
UNSEEN = "the role could not be checked beforehand: these credentials may not look at it (iam:GetRole)"


class BatchOperations(JobPapers):
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
        super().__init__(settings, ledger, clouds)
        self._works = works
        self._may_send = may_send
        self._stir = stir
        self._checked: dict[object, str] = {}

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

    def why_not(self, buckets: Collection[str]) -> str:
        """Why the objects of these buckets may not go through jobs, in a sentence; empty where they may."""
        reached = self._cloud.connection
        return NO_PAYER if any(one.requester_pays for one in reached.accounts(buckets)) else ""

    def choose(self, plan: RestorePlan, tier: Tier, role_arn: str | None = None) -> EngineChoice:
        """What ``--engine auto`` takes for a direct plan, and why."""
        role = role_arn or self._settings.batch_role_arn
        reached = self._cloud.connection.accounts(plan.buckets) if plan.rules.has_jobs else {}
        profiles = len({one.profile for one in reached})
        if role and (roles := len(BatchOptions(role).role_arns)) < profiles:
            several = (
                f"{profiles} profiles are in it, and {roles} of them {'has a role' if roles == 1 else 'have one'}"
            )
            return EngineChoice(False, f"direct: {several} for S3 Batch Operations")
        pays = any(one.requester_pays for one in reached)
        return choose_engine(plan.tiers[tier], self._cloud.rules, has_role=bool(role), pays=pays)

    async def by_account(
        self, options: BatchOptions, buckets: Collection[str], reached: Connection | None = None
    ) -> BatchOptions:
        """The options with the role that each bucket's jobs act as: the one of whichever account it is reached as.

        ``InvalidRequest`` where an account has none among those that were named. ``reached``: how a run reaches them.
        """
        accounts = (reached or self._cloud.connection).accounts(buckets)
        if len(accounts) <= 1 and len(options.role_arns) == 1:
            return options
        if len(accounts) > 1 and (options.manifest or (options.report and options.scope is not ReportScope.NONE)):
            raise InvalidRequest(
                "one location for manifests or reports serves the jobs of one account, and these are of several",
                "leave --manifest-location and --report-location away (batch_manifest_location and"
                " batch_report_location in the config): each lies in the objects' own bucket then",
            )
        named = {account_of(arn): arn for arn in options.role_arns}
        roles: dict[str, str] = {}
        for one, of in accounts.items():
            channel = self._clouds.by(one)
            account = (await channel.reads(bounded=True)((await channel.provider()).identity)).account
            if account not in named:
                who = f"account {account or '?'}{f' (profile {one.profile})' if one.profile else ''}"
                raise InvalidRequest(
                    f"the jobs on {', '.join(sorted(of))} are of {who}, and no role of it is named",
                    "name one role of each account: --role-arn ARN,ARN (or batch_role_arn in the config)",
                )
            roles |= dict.fromkeys(of, named[account])
        return replace(options, roles=roles)

    async def check(self, options: BatchOptions, buckets: Collection[str]) -> str:
        """Look at what jobs that restore from ``buckets`` would need, before anything is written or sent.

        Raises ``InvalidRequest`` for what cannot work. What nobody here may look at, or what does not answer, is no
        obstacle: the remark that comes back says so, and is empty when all was seen to be well.
        """
        places = options.manifest, options.report, options.scope
        known = options.role_arn, places, frozenset(buckets)
        if known not in self._checked:
            await self.service()
            looking = asyncio.create_task(self._look(options, buckets))
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

    async def for_failed(self, run: Run, options: BatchOptions) -> BatchOptions:
        """The options of jobs on what failed of a run; raises for what cannot work, as ``check``."""
        # What failed is no longer all there is below a prefix.
        options = replace(options.checked(), generated=False, followed=False, existing=None, file="")
        buckets = {line.bucket for line in await self._ledger.runs.failed_lines(run.id)}
        if run.profiles:
            return await self.by_account(options, buckets, Connection.from_mapping(run.connection))
        await self.check(options, buckets)
        return options

    async def _look(self, options: BatchOptions, buckets: Collection[str]) -> bool:
        """Whether all was seen to be well, with the keys of each account."""
        options, seen = await self.by_account(options, buckets), True
        for one, of in self._cloud.connection.accounts(buckets).items():
            provider = await self._clouds.by(one).provider()
            own = options.for_bucket(next(iter(of)))
            seen = await check_options(provider, service_of(provider)(), own, of) and seen
        return seen

    def policies(
        self, buckets: list[str], given: Mapping[str, Any], copies: ThenStep | None = None
    ) -> dict[str, dict[str, Any]]:
        """Trust, role and caller policy for restoring from ``buckets`` with these options; no role is needed yet.

        With ``copies`` also for jobs that copy as that step says.
        """
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
        place = None if copies is None else copies.place
        targets = [] if copies is None else buckets if place is None else [f"{place.bucket}/{place.prefix}"]
        return {
            "trust": trust_policy(),
            "role": role_policy(buckets, manifests, reports, partition, copies_to=targets),
            "caller": caller_policy(buckets, manifests, reports, role, partition, copies_to=targets),
        }

    # --- deciding, where nothing is spent: see ``restoretui.session.spending`` for the rest

    async def cancel(self, job_id: str, region: str | None = None) -> str:
        """Its status then; restores that were asked for go on."""
        self._may_send()
        (service, ask), where = await self.door(job_id), await self.region_of(job_id, region)
        if batch := self._ledger.batches.find(job_id):
            await self._ledger.batches.decide(batch.id, run=False)
        status = await ask(lambda: service.cancel_job(where, job_id), over=NO_EFFECT)
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
        (service, ask), where = await self.door(job_id), await self.region_of(job_id, region)
        await ask(lambda: service.set_priority(where, job_id, priority))
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
        service, ask = await self.door(batch.job_id)
        deleted = 0
        if key := batch.own_manifest_key:
            await ask(lambda: service.delete_object(batch.manifest_bucket, key))
            deleted += 1
        place = batch.report_place
        if batch.job_id and place is not None:
            deleted += await ask(lambda: service.delete_written(place, batch.job_id))
        await self._ledger.batches.cleaned(batch.id)
        return deleted

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
