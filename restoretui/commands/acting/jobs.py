"""A restore, or its plan, through jobs of S3 Batch Operations: whether, and how they are to be made."""

from collections.abc import Mapping
from typing import Any, Literal

from restoretui.commands.output import Output
from restoretui.core.batch.jobs import REPORTS, BatchOptions
from restoretui.core.batch.planned_jobs import NO_EXPEDITED, jobs_of
from restoretui.core.errors import InvalidRequest, UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.session.session import Session
from restoretui.wording import format as words

EngineName = Literal["direct", "batch", "auto"]


def job_options(
    engine: EngineName, tier: Tier | None, batch: Mapping[str, Any], *, fail_fast: bool = False
) -> dict[str, Any]:
    """The options of jobs as ``BatchOperations.options`` takes them; ``UsageError`` for what cannot be meant."""
    from restoretui.commands.batch import JobsSaid, given

    if engine == "direct" and any(value not in (None, ()) for value in batch.values()):
        raise UsageError("options of jobs mean nothing to --engine direct", "choose --engine batch or auto")
    if engine == "batch" and fail_fast:
        raise UsageError(
            "--fail-fast stops requests of ours, and the tasks of a job are the cloud's",
            "leave it out, or choose --engine direct",
        )
    if engine == "batch" and tier is Tier.EXPEDITED:
        raise UsageError(NO_EXPEDITED, "choose --tier standard or bulk, or --engine direct")
    return given(JobsSaid(**batch)) if batch else {}


def jobs_wanted(
    session: Session, output: Output, engine: EngineName, made: RestorePlan, tier: Tier, given: Mapping[str, Any]
) -> BatchOptions | None:
    """How jobs are to be made; None for single requests."""
    if engine == "batch":
        check_has_jobs(session, made)
    if engine == "direct" or not made.rules.has_jobs:
        return None
    if engine == "auto":
        choice = session.batch.choose(made, tier, given.get("role_arn"))
        output.say(f"engine: {choice.reason}")
        if not choice.batch and given.get("hold") and made.tiers[tier].requests:
            raise UsageError(
                "--confirm later is about jobs, and these objects would be asked for at once",
                "choose --engine batch, or leave it out",
            )
        if not choice.batch:
            return None
    return session.batch.options(given)


async def tell_of_jobs(session: Session, output: Output, made: RestorePlan, tier: Tier, jobs: BatchOptions) -> None:
    """How many jobs, as whom, and where their reports go; ``InvalidRequest`` where none could be made."""
    chosen = made.tiers[tier]
    remark = await session.batch.check(jobs, {line.group.bucket for line in chosen.sending})
    number = words.plural(len(jobs_of(chosen, session.clouds.with_jobs.rules)), "job")
    report = jobs.report and f"s3://{jobs.report.bucket}/{jobs.report.prefix}"
    output.say(f"through {number} of S3 Batch Operations, as {jobs.role_arn}, priority {jobs.priority};")
    output.say(f"completion report ({jobs.scope}): {report or f'below {REPORTS}/ in the bucket itself'}")
    for text in (made.fees.said(), remark):
        if text:
            output.say(text)


async def through_jobs(
    session: Session,
    output: Output,
    engine: EngineName,
    direct: RestorePlan,
    tier: Tier | None,
    given: Mapping[str, Any],
) -> RestorePlan:
    """A direct plan as it would go with that engine: all of its tiers, or one; and what its jobs would need."""
    if engine == "batch":
        check_has_jobs(session, direct)
    if not direct.rules.has_jobs:
        return direct
    if engine == "batch":
        return session.batch.plan(direct, generated=given.get("generated"))
    choices = {
        one: session.batch.choose(direct, one, given.get("role_arn")) for one in direct.tiers if tier in (None, one)
    }
    for one, choice in choices.items():
        output.say(f"engine for {one}: {choice.reason}")
    tiers = [one for one, choice in choices.items() if choice.batch]
    return session.batch.plan(direct, tiers, generated=given.get("generated")) if tiers else direct


async def tell_of_role(session: Session, output: Output, made: RestorePlan, given: Mapping[str, Any]) -> None:
    """Whether a job of this plan could be made at all, and what its fees are."""
    if fees := made.fees.said():
        output.say(fees)
    role = given.get("role_arn") or session.settings.batch_role_arn
    if not role:
        output.say("no role for S3 Batch Operations is configured: see `restoretui batch policy LOCATION`")
        return
    buckets = {line.group.bucket for chosen in made.tiers.values() for line in chosen.sending}
    try:
        remark = await session.batch.check(session.batch.options(given), buckets)
    except InvalidRequest as error:
        output.say(f"no job could be made: {error}; {error.hint}")
    else:
        output.say(remark or f"the role {role} trusts S3 Batch Operations")


def check_has_jobs(session: Session, made: RestorePlan) -> None:
    """``UsageError`` for a plan that no S3 Batch Operations can carry out, whatever it is of."""
    if not made.rules.has_jobs:
        where = made.rules.store or f"{made.scheme}://"
        raise UsageError(f"{where} has no jobs: they are of AWS S3 alone", "choose --engine direct or auto")
    if why := session.batch.why_not(made.buckets):
        raise UsageError(why, "choose --engine direct or auto")
