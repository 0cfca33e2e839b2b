"""``plan`` and ``restore`` with ``--manifest LOCATION|FILE``: a job that runs from a manifest which exists."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from restoretui.commands.acting.jobs import check_has_jobs, job_options, tell_of_jobs, tell_of_role
from restoretui.commands.acting.literal import LiteralSaid
from restoretui.commands.acting.said import RestoreSaid, check_lasting
from restoretui.commands.after.steps import with_steps
from restoretui.commands.agreeing import Agreeing
from restoretui.commands.choosing.choice import Choice
from restoretui.commands.following import follow, left_of, time_to_wait
from restoretui.commands.leaving import NOTHING_SENT, confirmed_whole, what_goes_on
from restoretui.commands.output import Output, offer_text
from restoretui.commands.planning import tell_plan
from restoretui.config.settings import Settings
from restoretui.core.batch.manifest_plans import Sample
from restoretui.core.errors import ExitCode, GuardStopped, UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.offers import check_guards, offer_of
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.saying.chosen import Chosen
from restoretui.core.saying.own_commands import Wish, restore_command
from restoretui.ledger.records import Query
from restoretui.session.batch.found_manifest import FoundManifest
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words


class Planned(NamedTuple):
    """A manifest with its plan."""

    found: FoundManifest
    sample: Sample
    made: RestorePlan


async def plan(settings: Settings, output: Output, choice: Choice, said: RestoreSaid) -> ExitCode:
    """What a job from the manifest would do, and what nobody can know of it; sends nothing but looks."""
    tier, meant = said.tier, said.meant
    await (said.literal or LiteralSaid()).read(said.engine, then=False)
    said.behalf.checked()
    named, given = _named(choice, said, tier)
    output.summary({"locations": list(choice.locations)})
    async with open_session(settings) as session, time_to_wait(session, meant.timeout):
        planned = await _planned(session, output, named, _bucket(choice), said, given, whole=False)
        made = planned.made
        tell_plan(output, made, tier)
        await _tell(session, output, planned, tier)
        await tell_of_role(session, output, made, given)
        shown = [tier] if tier else [one for one in made.tiers if made.tiers[one].requests]
        offers = [offer_of(made, one) for one in shown]
        stopped = _stopped(session, meant.agreeing, offers)
        if stopped is not None:
            output.error(stopped)
        elif tier and (meaning := meant.said(offers)):
            output.say(meaning)
        requests = max((made.tiers[one].requests for one in shown), default=0)
        told = {"objects": made.objects, "days": made.days, "requests": requests}
        output.summary({**told, "manifest": planned.found.named})
        return ExitCode.DONE if stopped is None else stopped.exit_code


async def restore(settings: Settings, output: Output, choice: Choice, said: RestoreSaid) -> ExitCode:
    """Run a job from the manifest, once that is agreed to, and follow its objects."""
    tier, agreeing = said.tier or Tier.STANDARD, said.meant.agreeing
    await (said.literal or LiteralSaid()).read(said.engine, then=False)
    behalf = agreeing.behalf(said.behalf, settings)
    named, given = _named(choice, said, tier)
    output.summary({"locations": list(choice.locations)})
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        options = session.batch.options(given)  # Before anything is read: a role is missing, say.
        async with time_to_wait(session, said.meant.timeout) as limit:
            planned = await _planned(session, output, named, _bucket(choice), said, given, whole=True)
            found, made = planned.found, planned.made
            options = replace(options, existing=found.existing, file="" if found.existing else str(found.path))
            await tell_of_jobs(session, output, made, tier, options)
            tell_plan(output, made, tier)
            await _tell(session, output, planned, tier)
            left = left_of(limit)
            offer = offer_of(made, tier)
            consent = await agreeing.asks(session, [offer], f"Run a job for {offer_text(offer)}?")
            reach = session.saying.reach(made.scheme)
            wish = Wish(
                tier, said.lasting, batch=options, then=tuple(made.then),
                limits=tuple(agreeing.limits) or session.settings.limits, most_objects=agreeing.most_objects,
                behalf=behalf,
            )  # fmt: skip
            line = [restore_command(reach, Chosen(choice.locations), wish)]
            confirming = session.spending.restore_manifest(
                consent, session.manifests, found, made, tier, options, behalf, said=line
            )
            run = await confirmed_whole(session, confirming)
        output.left = what_goes_on(session, [run])
        output.run(run, session.looks_cost(run))
        output.summary({"requests": made.tiers[tier].requests, "manifest": found.named})
        session.start_engine([run.id])
        return await follow(session, output, [run.id], wait=said.meant.wait, timeout=left)


def _named(choice: Choice, said: RestoreSaid, tier: Tier | None) -> tuple[str, dict[str, Any]]:
    """The manifest, and the other options of jobs; ``UsageError`` for what cannot be meant beside it."""
    batch = said.batch
    check_lasting(said.lasting)
    if said.engine == "auto":
        raise UsageError("a manifest that exists is run by a job, not by requests of ours", "choose --engine batch")
    if said.shorten or choice != Choice(choice.locations, Query(None)):
        raise UsageError(
            "a job asks for every row of its manifest: it takes no selectors, keys or versions beside it",
            "leave them out, or choose objects by --keys-from, which reads manifests, too",
        )
    if any(place.prefix or place.key is not None for place in choice.parsed()) or len(choice.locations) > 1:
        raise UsageError("the manifest says which objects are meant", "name no location beside it, or its bucket")
    if batch.get("manifest_location") and "://" in str(batch["manifest"]):
        raise UsageError("a manifest that lies in a bucket is not written", "leave out --manifest-location")
    return str(batch["manifest"]), job_options(
        said.engine, tier, {**batch, "manifest": "written"}, fail_fast=said.meant.fail_fast
    )


def _bucket(choice: Choice) -> str:
    return next((place.bucket for place in choice.parsed()), "")


async def _planned(
    session: Session,
    output: Output,
    named: str,
    bucket: str,
    said: RestoreSaid,
    given: Mapping[str, Any],
    *,
    whole: bool,
) -> Planned:
    rules = session.clouds.with_jobs.rules
    lasting, then = said.lasting, said.then
    days = lasting if isinstance(lasting, int) else rules.days_until(lasting, session.clock.now())
    await session.batch.service()  # Where there are no jobs, nothing needs to be read.
    found = await session.manifests.find(named, bucket, whole=whole)
    sample = await session.manifests.sample(found)
    role = given.get("role_arn") or session.settings.batch_role_arn or ""
    made = await session.manifests.plan(found, sample, days, role)
    check_has_jobs(session, made)
    return Planned(found, sample, await with_steps(session, output, made, then.steps() if then else []))


async def _tell(session: Session, output: Output, planned: Planned, tier: Tier | None) -> None:
    """What the manifest and the sample tell, and what nobody can know."""
    found, sample, made = planned
    about = "" if found.is_whole else "about "
    output.say(
        f"manifest {found.named}: {about}{words.plural(found.rows, 'row')} of objects in s3://{found.bucket}/, "
        + ("with versions" if found.versions else "without versions: what is current is asked for")
    )
    rules = session.clouds.with_jobs.rules
    states: dict[str, int] = {}
    for group in sample.groups:
        told = f"{rules.state_of(group.facts, session.clock.now())} ({group.facts.storage_class})"
        states[told] = states.get(told, 0) + 1
    parts = [f"{count} {told}" for told, count in sorted(states.items(), key=lambda item: -item[1])]
    parts += [f"{sample.missing} not there"] if sample.missing else []
    parts += [f"{sample.denied} that may not be looked at"] if sample.denied else []
    output.say(f"looked at {sample.looked} of them: {', '.join(parts)}; {words.size(sample.size_bytes)} together")
    if found.classes is not None:
        output.say(
            "priced by the storage classes and sizes that the inventory tells, as if nothing of it had been restored,"
            " moved or deleted since: at most that"
        )
    elif found.size_bytes is None:
        output.say("not known: the size of all, and so what it costs: no manifest tells that")
    else:
        output.say(f"not known: what of it ({words.size(found.size_bytes)}) is archived, and so what it costs")
    if tier is not None and (cost := await session.manifests.likely(found, sample, made.days, tier)):
        size = sample.size_bytes * found.rows // max(sample.looked, 1)
        output.say(
            f"if all rows are like those: about {words.size(size)},"
            f" {words.about(cost, made.prices.currency, 0)} besides the job's own fees; nothing holds it to that"
        )
    if sample.is_mixed(rules):
        output.say(
            f"some are {rules.tiered_class}, whose restores name no days, and some are not: one job cannot restore"
            " both, and the tasks of one kind fail"
        )
    elif sample.is_tiered(rules):
        output.say(f"all that were looked at are {rules.tiered_class}: the job names no days, and they come for good")
    for note in found.notes:
        output.say(note)


def _stopped(session: Session, agreeing: Agreeing, offers: list[Any]) -> GuardStopped | None:
    """What the guards would say to a restore."""
    try:
        for offer in offers:
            check_guards([offer], agreeing.limits or session.settings.limits, agreeing.most_objects)
    except GuardStopped as held:
        return held
    return None
