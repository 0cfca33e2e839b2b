"""``restoretui plan`` and ``restore``."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

from restoretui.commands.choice import Choice, selected
from restoretui.commands.following import follow, left_of, time_to_wait
from restoretui.commands.leaving import NOTHING_SENT, all_or_none, confirmed_whole, what_goes_on
from restoretui.commands.output import Output, cost_text
from restoretui.commands.summary import summarise
from restoretui.config import Settings
from restoretui.core.batch import NO_EXPEDITED, REPORTS, BatchOptions, jobs_of
from restoretui.core.errors import ExitCode, GuardStopped, InvalidRequest, PlanChanged, UsageError
from restoretui.core.model import Tier
from restoretui.core.plan import RestorePlan, TierPlan
from restoretui.core.rules import Action
from restoretui.engine.waits import TimeLimit
from restoretui.ledger.records import Run
from restoretui.planning import check_worth_it, why_nothing
from restoretui.session import Session, open_session
from restoretui.wording import format as words

Engine = Literal["direct", "batch", "auto"]
MOST_PLANS = 5
"""Times a plan is told anew because what it is about changed meanwhile."""


async def plan(
    settings: Settings, output: Output, choice: Choice, days: int, tier: Tier | None, engine: Engine = "direct"
) -> ExitCode:
    """What a restore would do and cost; sends nothing but looks."""
    async with open_session(settings) as session, selected(session, output, choice) as (sel, missing):
        objects = refused = 0
        for direct in await _plans(session, sel, days):
            made = direct
            if engine == "batch":
                _check_has_jobs(direct)
                made = session.batch.plan(direct)
            _tell_plan(output, made, tier)
            if engine == "batch":
                await _tell_of_role(session, output, made)
            chosen = [made.tiers[tier]] if tier else list(made.tiers.values())
            refused += min(entry.counts.get(Action.REFUSED, 0) for entry in chosen)
            objects += made.objects
        summarise(output, {"objects": objects, "days": days, "missing": len(missing), "requests": 0})
        return ExitCode.SOME_FAILED if missing or refused else ExitCode.DONE


async def _tell_of_role(session: Session, output: Output, made: RestorePlan) -> None:
    if not session.settings.batch_role_arn:
        output.say("no role for S3 Batch Operations is configured: see `restoretui batch policy LOCATION`")
        return
    buckets = {line.group.bucket for chosen in made.tiers.values() for line in chosen.sending}
    try:
        remark = await session.batch.check(session.batch.options(), buckets)
    except InvalidRequest as error:
        output.say(f"no job could be made: {error}; {error.hint}")
    else:
        output.say(remark or f"the role {session.settings.batch_role_arn} trusts S3 Batch Operations")


async def _plans(session: Session, sel: int, days: int) -> list[RestorePlan]:
    """One plan for each cloud in which objects were chosen."""
    return await session.plans(sel, lambda _scheme: days) or [await session.plan(sel, days, scheme="s3")]


def _tell_plan(output: Output, made: RestorePlan, tier: Tier | None) -> None:
    output.plan(made, tier)
    output.plan_note(made)


async def restore(
    settings: Settings,
    output: Output,
    choice: Choice,
    *,
    days: int,
    tier: Tier,
    max_cost: Decimal | None,
    confirm: Callable[[str], bool] | None,
    wait: bool,
    timeout: timedelta | None,
    engine: Engine = "direct",
    batch: Mapping[str, Any] | None = None,
) -> ExitCode:
    """Restore what was chosen. ``confirm`` asks the person; None means it was confirmed beforehand (--yes).

    ``batch`` holds the options of jobs, as the command line has them.
    """
    given = _batch_options(engine, tier, batch or {})
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        if engine == "batch":
            session.batch.options(given)  # Before anything is listed: a role is missing, say.
        for scheme in {place.scheme for place in choice.parsed()}:
            await session.provider(scheme)  # The time to wait is for the cloud, not for loading what talks to it.
        async with time_to_wait(session, timeout) as limit, selected(session, output, choice) as (sel, missing):
            asked: list[tuple[RestorePlan, BatchOptions | None]] = []
            for made in await _plans(session, sel, days):
                jobs = await _jobs_wanted(session, output, engine, made, tier, given)
                asked.append((made if jobs is None else session.batch.plan(made), jobs))
            most = max_cost if max_cost is not None else settings.budget
            return await _confirmed(
                session, output, sel, missing, asked, tier, most, confirm,
                wait=wait, time=limit,
            )  # fmt: skip


def _batch_options(engine: Engine, tier: Tier, batch: Mapping[str, Any]) -> dict[str, Any]:
    from restoretui.commands.batch import given

    if engine == "direct" and any(value not in (None, ()) for value in batch.values()):
        raise UsageError("options of jobs mean nothing to --engine direct", "choose --engine batch or auto")
    if engine == "batch" and tier is Tier.EXPEDITED:
        raise UsageError(NO_EXPEDITED, "choose --tier standard or bulk, or --engine direct")
    return given(**batch) if batch else {}


async def _jobs_wanted(
    session: Session, output: Output, engine: Engine, made: RestorePlan, tier: Tier, given: Mapping[str, Any]
) -> BatchOptions | None:
    """How jobs are to be made; None for single requests."""
    if engine == "batch":
        _check_has_jobs(made)
    if engine == "direct" or not made.rules.has_jobs:
        return None
    if engine == "auto":
        choice = session.batch.choose(made, tier, given.get("role_arn"))
        output.say(f"engine: {choice.reason}")
        if not choice.batch:
            return None
    return session.batch.options(given)


def _check_has_jobs(made: RestorePlan) -> None:
    if not made.rules.has_jobs:
        where = made.rules.store or f"{made.scheme}://"
        raise UsageError(f"{where} has no jobs: they are of AWS S3 alone", "choose --engine direct or auto")


async def _confirmed(
    session: Session,
    output: Output,
    sel: int,
    missing: Sequence[str],
    asked: Sequence[tuple[RestorePlan, BatchOptions | None]],
    tier: Tier,
    limit: Decimal | None,
    confirm: Callable[[str], bool] | None,
    *,
    wait: bool,
    time: TimeLimit,
) -> ExitCode:
    for made, jobs in asked:
        if jobs is not None and made.tiers[tier].requests:
            await _tell_of_jobs(session, output, made.tiers[tier], jobs)
        _tell_plan(output, made, tier)
    sending = [
        (made, jobs)
        for made, jobs in asked
        if made.tiers[tier].requests or made.tiers[tier].counts.get(Action.ALREADY, 0)
    ]
    if not sending:
        return _nothing(output, [made for made, _ in asked], tier, len(missing))
    if limit is not None and len(sending) > 1:
        raise GuardStopped(
            "a cost limit holds for one cloud at a time, so nothing was sent", "restore s3:// and oss:// one by one"
        )
    # Nobody is hurried while he is asked; and what is confirmed is written down, whatever the time.
    timeout = left_of(time)
    if confirm is not None and not confirm(f"Restore {' and '.join(_offer(made, tier) for made, _ in sending)}?"):
        raise GuardStopped("not confirmed, so nothing was sent", "answer y, or give --yes")
    runs = await all_or_none(
        session,
        [_confirmed_as_shown(session, output, sel, made, jobs, tier, limit, confirm) for made, jobs in sending],
    )
    output.left = what_goes_on(session, runs)
    for run in runs:
        output.run(run, session.looks_cost(run))
    run_ids = [run.id for run in runs]
    session.start_engine(run_ids)
    return await follow(session, output, run_ids, wait=wait, timeout=timeout, missing=len(missing))


async def _confirmed_as_shown(
    session: Session,
    output: Output,
    sel: int,
    made: RestorePlan,
    jobs: BatchOptions | None,
    tier: Tier,
    limit: Decimal | None,
    confirm: Callable[[str], bool] | None,
) -> Run:
    """The run of the plan that was told. What is no longer true is told anew, and who was asked is asked again."""
    for _ in range(MOST_PLANS):
        try:
            return await confirmed_whole(session, session.confirm(sel, made, tier, max_cost=limit, batch=jobs))
        except PlanChanged as change:
            output.say(f"{change}; this is the plan now")
        await session.choosing.look(sel)
        made = await session.plan(sel, made.days, scheme=made.scheme)
        if jobs is not None:
            made = session.batch.plan(made)
        _tell_plan(output, made, tier)
        check_worth_it(made, tier, limit)
        if confirm is not None and not confirm(f"Restore {_offer(made, tier)}?"):
            raise GuardStopped("not confirmed, so nothing was sent", "answer y, or give --yes")
    raise GuardStopped("the objects change faster than a plan is made, so nothing was sent", "try again later")


async def _tell_of_jobs(session: Session, output: Output, chosen: TierPlan, jobs: BatchOptions) -> None:
    remark = await session.batch.check(jobs, {line.group.bucket for line in chosen.sending})
    number = words.plural(len(jobs_of(chosen, session.rules)), "job")
    report = jobs.report and f"s3://{jobs.report.bucket}/{jobs.report.prefix}"
    output.say(f"through {number} of S3 Batch Operations, as {jobs.role_arn}, priority {jobs.priority};")
    output.say(f"completion report ({jobs.scope}): {report or f'below {REPORTS}/ in the bucket itself'}")
    if remark:
        output.say(remark)


def _offer(made: RestorePlan, tier: Tier) -> str:
    chosen = made.tiers[tier]
    cost = cost_text(chosen.cost, made.prices.currency)
    size = words.sizes(chosen.size_bytes, chosen.unsized)
    return f"{words.plural(chosen.requests, 'object')} ({size}) for about {cost}"


def _nothing(output: Output, plans: Sequence[RestorePlan], tier: Tier, missing: int) -> ExitCode:
    refused = 0
    for made in plans:
        counts = made.tiers[tier].counts
        refused += counts.get(Action.REFUSED, 0) + counts.get(Action.LOOK, 0)
        output.say(f"nothing to send: {why_nothing(made, tier)}")
    objects = sum(made.objects for made in plans)
    summarise(output, {"objects": objects, "requests": 0, "refused": refused, "missing": missing})
    return ExitCode.SOME_FAILED if refused or missing else ExitCode.DONE
