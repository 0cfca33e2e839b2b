"""The one choke point of everything that spends: offered with its price, held to the guards, agreed to, recorded.

Nothing else confirms a run, plans failed objects anew, makes, clones or lets run a job, or ends copies; a test holds
that. What was agreed to before is sent by the engine without a further question, and never by a read-only session.
"""

import inspect
import uuid
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.batch.planned_jobs import JobKind, Portion, group_into_jobs
from restoretui.core.errors import CloudError, GuardStopped, Unsupported
from restoretui.core.literal.literal import Literal
from restoretui.core.model import ObjectRef, Tier
from restoretui.core.plan.after import check_discards
from restoretui.core.plan.job_fees import fees_in
from restoretui.core.plan.money import DOLLARS, Amount
from restoretui.core.plan.offers import Act, Consent, Offer, check_guards, check_limits, offer_of
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.pricing import ZERO, Cost, estimate
from restoretui.core.provider import Connection, TellsHistory
from restoretui.core.rules.commands import ShellCommand
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.core.saying.on_behalf import NOBODY, OnBehalf
from restoretui.engine.cleaner import Cleaned, Cleaner
from restoretui.engine.engine import Engine
from restoretui.engine.submitter import NO_EFFECT
from restoretui.engine.undeleter import Covered, Undeleted, Undeleter
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import Run
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.runs.job_lines import JobLine
from restoretui.session.batch.once_more import check_may_be_jobs, check_takes_jobs, offer_again, with_fees
from restoretui.session.batch.operations import BatchOperations
from restoretui.session.clouds import Clouds
from restoretui.session.planning import Planner, check_sends

if TYPE_CHECKING:
    from restoretui.session.batch.found_manifest import FoundManifest
    from restoretui.session.batch.manifests import JobManifests

Confirming = Callable[[str], bool | Awaitable[bool]]
"""A prompt that puts a question to the person; True for yes."""


class Spending:
    """What costs money, or ends what was paid for; part of a session, as ``session.spending``."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        clouds: Clouds,
        planner: Planner,
        batch_jobs: BatchOperations,
        engine: Engine,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clouds = clouds
        self._planner = planner
        self._batch_jobs = batch_jobs
        self._engine = engine

    # --- guards ------------------------------------------------------------------------------------------------

    def check_may_send(self) -> None:
        """``GuardStopped`` in a read-only session, which changes nothing in any cloud."""
        if self._settings.read_only:
            raise GuardStopped("this session is read-only, so nothing was sent", self._settings.why("read_only"))

    def why_not(self, offer: Offer) -> str:
        """Why the budget holds this offer, in a sentence; empty when it does not."""
        try:
            check_limits([offer], self._settings.limits)
        except GuardStopped as held:
            return str(held)
        return ""

    async def agree(
        self,
        offers: Sequence[Offer],
        *,
        limits: Sequence[Amount] = (),
        most_objects: int | None = None,
        ask: Confirming | None = None,
        question: str = "",
        typed: Decimal | None = None,
    ) -> Consent:
        """Hold the offers to every guard, then have them agreed to; ``GuardStopped`` when anything is against it.

        ``limits`` take the place of the budget, ``most_objects`` is how many may be asked for. ``ask`` puts
        ``question`` to the person; None where that was done, or waived (``--yes``). Who typed the whole amount knew
        that it is above the budget, so ``typed`` lifts that.
        """
        self.check_may_send()
        if typed is None:
            check_guards(offers, limits or self._settings.limits, most_objects)
        elif typed != sum((offer.cost for offer in offers), ZERO).quantize(Decimal("0.01")):
            raise GuardStopped("the amount that was typed is not what this costs; nothing was sent", "look again")
        if ask is not None and any(offer.sends for offer in offers):
            answer = ask(question)
            if not (await answer if inspect.isawaitable(answer) else answer):
                raise GuardStopped("not confirmed, so nothing was sent", "answer y, or give --yes")
        return Consent(tuple(offers))

    # --- restores ----------------------------------------------------------------------------------------------

    async def restore(
        self,
        consent: Consent,
        sel: int,
        plan: RestorePlan,
        tier: Tier,
        *,
        behalf: OnBehalf = NOBODY,
        batch: BatchOptions | None = None,
        said: Sequence[ShellCommand] = (),
    ) -> Run:
        """Write the intents down, durably; from then on the engine pursues them, here or after a restart.

        ``said``: the commands that say the same, which the run keeps. ``behalf``: for whom, which it keeps as well;
        ``UsageError`` where the config asks for more of that.
        With ``batch`` they go through S3 Batch Operations; the plan must then be one of ``session.batch.plan``.
        ``GuardStopped`` when a guard holds, ``PlanChanged`` when what is marked and known by now gives another plan
        than the one agreed to, ``InvalidRequest`` when no job could be made with these options; then nothing was
        written or sent.
        """
        self.check_may_send()
        check_sends(plan, tier)
        check_discards(plan.tiers[tier])
        behalf = self._checked(behalf)
        consent.require(offer_of(plan, tier))
        cloud = self._clouds[plan.scheme].ledger_cloud
        reached = self._clouds[plan.scheme].connection
        connection = await self._clouds.as_confirmed(reached.only(plan.reaches))
        agreed = ConfirmedPlan(cloud, plan, tier, connection.to_mapping(), behalf, said)
        if batch is None:
            return await self._ledger.runs.confirm(sel, agreed, exact=True)
        check_may_be_jobs(reached, plan.buckets)
        sending = {line.group.bucket for line in plan.tiers[tier].sending}
        await self._batch_jobs.check(batch.checked(), sending)
        options = await self._batch_jobs.by_account(batch, sending)
        run_id = await self._ledger.batches.confirm(sel, agreed, options, exact=True)
        return await self._ledger.runs.get(run_id)

    def _checked(self, behalf: OnBehalf) -> OnBehalf:
        behalf = behalf.checked()
        behalf.require(self._settings.ask_for, self._settings.sources.get("ask_for", "the config"))
        return behalf

    async def restore_manifest(
        self,
        consent: Consent,
        manifests: "JobManifests",
        found: "FoundManifest",
        plan: RestorePlan,
        tier: Tier,
        options: BatchOptions,
        behalf: OnBehalf = NOBODY,
        *,
        said: Sequence[ShellCommand] = (),
    ) -> Run:
        """The same of a job that runs from a manifest which exists: all its rows become intents of one run.

        ``PlanChanged`` where its rows are not as many as were planned.
        """
        self.check_may_send()
        check_sends(plan, tier)
        check_discards(plan.tiers[tier])
        behalf = self._checked(behalf)
        consent.require(offer_of(plan, tier))
        cloud = self._clouds[plan.scheme]
        reached = await self._clouds.as_confirmed(cloud.connection.only({found.bucket}))
        check_may_be_jobs(cloud.connection, {found.bucket}, of_first=True)
        await self._batch_jobs.check(options.checked(), {found.bucket})
        batches = self._ledger.batches
        rows = await manifests.gather(found, batches)
        agreed = ConfirmedPlan(cloud.ledger_cloud, plan, tier, reached.to_mapping(), behalf, said)
        return await self._ledger.runs.get(await batches.confirm_gathered(agreed, options, rows))

    # --- once more ---------------------------------------------------------------------------------------------

    async def offer_retry(self, run_id: int, *, jobs: bool = False) -> Offer:
        """What asking for the run's failed objects once more would cost; ``jobs``: through S3 Batch Operations."""
        run = await self._ledger.runs.get(run_id)
        lines = await self._ledger.runs.failed_lines(run_id)
        cost, currency = await self._price(run, lines)
        if jobs:
            tiered = run.cloud.rules.tiered_class
            portions = [
                Portion(JobKind(line.bucket, line.storage_class == tiered, bool(line.versions)), line.objects)
                for line in lines
            ]
            fees = fees_in(str(run.connection.get("region") or "")).in_currency(currency)
            cost = with_fees(cost, fees, len(group_into_jobs(portions)), sum(line.objects for line in lines))
        return offer_again(Act.RETRY_JOBS if jobs else Act.RETRY, f"run {run_id}", lines, cost, currency)

    async def retry(self, consent: Consent, run_id: int) -> int:
        """Plan the run's failed objects anew; returns how many."""
        self.check_may_send()
        offer = await self.offer_retry(run_id)
        consent.require(offer)
        count = await self._ledger.runs.reset_failed(run_id, offer.objects)
        self._engine.resend(run_id)
        return count

    async def retry_jobs(self, consent: Consent, run_id: int, options: BatchOptions) -> int:
        """Send the run's failed objects anew through jobs of their own; how many objects."""
        self.check_may_send()
        run = await self._ledger.runs.get(run_id)
        check_takes_jobs(run)
        offer = await self.offer_retry(run_id, jobs=True)
        consent.require(offer)
        options = await self._batch_jobs.for_failed(run, options)
        count = await self._ledger.batches.retry(run_id, options, offer.objects)
        self._engine.resend(run_id)
        return count

    # --- what is done afterwards -------------------------------------------------------------------------------

    async def offer_then(self, run_id: int) -> Offer:
        """What doing the run's failed then-steps once more would cost, at most."""
        from restoretui.core.plan.then_costs import ThenAmount, step_costs, together

        run = await self._ledger.runs.get(run_id)
        connection = Connection.from_mapping(run.connection)
        amounts = await self._ledger.then.failed_amounts(run_id)
        cost, objects, size, currency = Cost(), 0, 0, run.currency
        for step, bucket, tasks, size_bytes in amounts:
            region = await self._region(connection, bucket) if bucket else connection.region or ""
            table, _ = self._planner.prices.table_for(run.cloud.scheme, region, run.cloud.rules.store)
            currency = table.currency
            cost += together(step_costs([step], [ThenAmount(table, tasks, size_bytes)]), tasks)
            objects, size = objects + tasks, size + size_bytes
        return Offer(Act.RETRY_THEN, f"run {run_id}", objects, size, cost.total, currency, cost.unpriced)

    async def retry_then(self, consent: Consent, run_id: int) -> int:
        """Do the run's failed then-steps once more; with how many objects."""
        self.check_may_send()
        consent.require(await self.offer_then(run_id))
        count = await self._ledger.then.try_again(run_id)
        self._engine.resend(run_id)
        return count

    # --- jobs --------------------------------------------------------------------------------------------------

    async def offer_clone(self, job_id: str, region: str | None = None) -> Offer:
        """The fees of a job like this one; its retrieval is paid for once it is confirmed.

        ``InvalidRequest`` where it could not run: its manifest is gone, or is another one by now.
        """
        info = await self._batch_jobs.job(job_id, region)
        await self._batch_jobs.check_manifest(info)
        searched = None
        if info.generated is not None:
            searched = {info.generated.bucket: self._batch_jobs.listed(info.generated.bucket)}
        fees = replace(fees_in(info.region), searched=searched)
        cost = fees.of_jobs(info.generated.bucket if info.generated else "", 1, info.total or 1)
        return Offer(Act.CLONE, f"job {job_id}", info.total, 0, cost.total, DOLLARS, cost.unpriced)

    async def clone(self, consent: Consent, job_id: str, region: str | None = None) -> str:
        """A new, suspended job like this one, with the same manifest; its id. It belongs to no run."""
        self.check_may_send()
        consent.require(await self.offer_clone(job_id, region))
        where = await self._batch_jobs.region_of(job_id, region)
        (service, ask), token = await self._batch_jobs.door(job_id), uuid.uuid4().hex  # by which twice makes one job
        return await ask(lambda: service.clone_job(where, job_id, token))

    async def offer_job(self, job_id: str, region: str | None = None) -> Offer:
        """What a suspended job will cost once it runs; of a stranger's, what it retrieves has no price here."""
        info = await self._batch_jobs.job(job_id, region)
        about = f"job {job_id}"
        batch = self._ledger.batches.find(job_id)
        if batch is None:
            unpriced = info.total or 1  # Not counted yet, but surely not for nothing.
            fees = fees_in(info.region).of_jobs("", 0, info.total)
            return Offer(Act.CONFIRM_JOB, about, info.total, 0, fees.total, DOLLARS, unpriced)
        run = await self._ledger.runs.get(batch.run_id)
        lines = await self._ledger.runs.lines_of_batch(run.id, batch.id)
        cost, currency = await self._price(run, lines)
        known = sum(line.objects for line in lines)
        total = info.total or known
        # S3 may have found more below a prefix than was planned.
        cost += Cost(unpriced=max(0, total - known))
        cost = with_fees(cost, fees_in(batch.region).in_currency(currency), 0, total)
        size = sum(line.size_bytes for line in lines)
        return Offer(Act.CONFIRM_JOB, about, total, size, cost.total, currency, cost.unpriced, cost.fees_unknown)

    async def confirm_job(self, consent: Consent, job_id: str, region: str | None = None) -> str:
        """Let a suspended job run; its status then."""
        self.check_may_send()
        consent.require(await self.offer_job(job_id, region))
        (service, ask), where = await self._batch_jobs.door(job_id), await self._batch_jobs.region_of(job_id, region)
        if batch := self._ledger.batches.find(job_id):
            await self._ledger.batches.decide(batch.id, run=True)
        status = await ask(lambda: service.confirm_job(where, job_id), over=NO_EFFECT)
        self._batch_jobs.stir_of(job_id)
        return status

    # --- copies ------------------------------------------------------------------------------------------------

    def offer_clean(self, copies: int, size_bytes: int) -> Offer:
        """Ending copies is free of charge, and takes away what was paid for."""
        return Offer(Act.CLEAN, "copies", copies, size_bytes, ZERO, DOLLARS)

    async def clean(
        self,
        consent: Consent,
        scheme: str,
        refs: Sequence[ObjectRef],
        told: Callable[[Cleaned], None],
        run: Run | None = None,
    ) -> None:
        """End restored copies of one bucket early, where the cloud can; ``told`` hears of each (FACTS 4.1).

        With ``run`` by the connection it was made with. ``Unsupported`` where copies only end by themselves.
        """
        self.check_may_send()
        if not any(offer.act is Act.CLEAN for offer in consent.offers):
            raise GuardStopped("ending copies was not agreed to, so nothing was sent")
        cloud, channel = self._clouds[scheme].ledger_cloud, self._clouds[scheme].channel
        if run is not None:
            cloud, channel = run.cloud, self._clouds.by(Connection.from_mapping(run.connection))
        channel = channel.of(refs[0].bucket if refs else "")
        provider = await channel.provider()
        if not provider.capabilities.clean:
            raise Unsupported(f"{scheme}:// ends a restored copy only when its days are over", "wait for that")
        read = channel.reads(bounded=True)
        cleaner = Cleaner(self._ledger, cloud, provider, channel.clock, read, channel.limiter(provider))
        await cleaner.clean(refs, told)

    # --- delete markers ----------------------------------------------------------------------------------------

    def offer_undelete(self, markers: int) -> Offer:
        """Removing a delete marker is free of charge."""
        return Offer(Act.UNDELETE, "delete markers", markers, 0, ZERO, DOLLARS)

    async def undelete(
        self, consent: Consent, scheme: str, covered: Sequence[Covered], told: Callable[[Undeleted], None]
    ) -> None:
        """Remove the current delete markers of these keys; ``told`` hears of each.

        What is meant is written down before anything is sent. ``Unsupported`` where the cloud has no such thing.
        """
        self.check_may_send()
        if not any(offer.act is Act.UNDELETE and offer.objects >= len(covered) for offer in consent.offers):
            raise GuardStopped("removing delete markers was not agreed to, so nothing was sent")
        cloud = self._clouds[scheme].of(covered[0].ref.bucket if covered else "")
        provider = await cloud.provider()
        if not provider.capabilities.history:
            raise Unsupported(f"delete markers of {scheme}:// are not removed from here", "use the cloud's own tool")
        undeleter = Undeleter(self._ledger, cloud.ledger_cloud, cast("TellsHistory", provider), cloud.read)
        await undeleter.undelete(covered, told)

    # --- prices ------------------------------------------------------------------------------------------------

    async def _price(self, run: Run, lines: Sequence[JobLine]) -> tuple[Cost, str]:
        """What asking for these once more costs, by the prices of today; an extension at most."""
        connection = Connection.from_mapping(run.connection)
        regions = {line.bucket: await self._region(connection, line.bucket) for line in lines}
        store, prices = run.cloud.rules.store, self._planner.prices
        tables = {
            bucket: prices.table_for(run.cloud.scheme, region, store)[0]
            for bucket, region in sorted((regions or {"": connection.region or ""}).items())
        }
        currency = next(iter(tables.values())).currency
        cost = Cost()
        for line in lines:
            action = line.action
            if not action.sends:  # Somebody else's restore, which failed: now it is ours to ask for.
                action = Action.EXTEND if run.purpose is Purpose.EXTEND else Action.START
            days = 0 if action is Action.UPGRADE else line.days or run.days
            archive = line.archive or line.storage_class
            rule = run.cloud.rules.archive_named(archive)
            table = tables[line.bucket]
            if table.currency != currency or Literal.of_text(run.literal).request:
                cost += Cost(unpriced=line.objects)
                continue
            # What is of no known size has no known price, whether or not a byte has one.
            cost += estimate(
                table, archive, run.tier, action, line.objects, line.size_bytes, days,
                endless=rule is not None and not rule.takes_days,
            ).unsized(line.unsized)  # fmt: skip
        return cost, currency

    async def _region(self, connection: Connection, bucket: str) -> str:
        try:
            return await self._clouds.by(connection).region(bucket)
        except CloudError:  # Out of reach now: an estimate by the region it was asked for in will do.
            return connection.region or ""
