"""``restoretui restore``."""

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from restoretui.commands.acting.fail_fast import stopped_by_missing
from restoretui.commands.acting.jobs import job_options, jobs_wanted, tell_of_jobs
from restoretui.commands.acting.literal import check_literal, tell_literal
from restoretui.commands.acting.said import Lasting, RestoreSaid, check_lasting
from restoretui.commands.after.steps import with_steps
from restoretui.commands.agreeing import Meant
from restoretui.commands.choosing.choice import Choice
from restoretui.commands.choosing.parts import open_beside, parts_of
from restoretui.commands.choosing.selected import Selected, selected
from restoretui.commands.following import follow, left_of, time_to_wait
from restoretui.commands.leaving import NOTHING_SENT, all_or_none, confirmed_whole, what_goes_on
from restoretui.commands.output import Output, offer_text, together_text
from restoretui.commands.planning import plans_of, tell_plan, tell_where
from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import ExitCode, GuardStopped, PlanChanged
from restoretui.core.literal.literal import Literal
from restoretui.core.model import Tier
from restoretui.core.plan.after import check_discards, with_then
from restoretui.core.plan.offers import Consent, offer_of
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.rules.commands import ShellCommand
from restoretui.core.rules.verdicts import Action
from restoretui.core.saying.on_behalf import OnBehalf
from restoretui.core.saying.own_commands import Wish, restore_command
from restoretui.core.then.steps import ThenStep
from restoretui.engine.traffic.waits import TimeLimit
from restoretui.ledger.run_records import Run
from restoretui.session.planning import check_sends, why_nothing
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words

MOST_PLANS = 5
"""Times a plan is told anew because what it is about changed meanwhile."""


class Typed(NamedTuple):
    """What was typed, as far as a plan depends on it."""

    choice: Choice
    lasting: Lasting
    tier: Tier
    shorten: bool
    meant: Meant
    then: Sequence[ThenStep]
    behalf: OnBehalf
    literal: Literal

    async def command(self, session: Session, scheme: str, jobs: BatchOptions | None) -> list[ShellCommand]:
        """To type it again, for one cloud: without ``--yes``, and what was waited for or printed.

        None where objects of several buckets were named on stdin.
        """
        chosen = await self.choice.said(session, scheme)
        if chosen is None:
            return []
        limits = tuple(self.meant.agreeing.limits) or session.settings.limits
        most = self.meant.agreeing.most_objects
        wish = Wish(
            self.tier, self.lasting, self.shorten, self.choice.ask_unseen, jobs, tuple(self.then), limits, most,
            self.behalf,
            self.literal,
        )  # fmt: skip
        return [restore_command(session.saying.reach(scheme), chosen, wish)]


async def restore(settings: Settings, output: Output, choice: Choice, said: RestoreSaid) -> ExitCode:
    """Restore what was chosen, once it is agreed to."""
    lasting, tier, engine, meant = said.lasting, said.tier, said.engine, said.meant
    check_lasting(lasting)
    steps = said.then.steps() if said.then else []
    behalf = meant.agreeing.behalf(said.behalf, settings)
    exact = (
        await said.literal.read(engine, then=bool(steps), keys_from=choice.keys_from) if said.literal else Literal()
    )
    if exact.request:
        lasting, tier = exact.days or 1, exact.tier
    tier = tier or Tier.STANDARD
    choice = choice.meant(settings)
    output.summary({"locations": choice.typed()})
    given = job_options(engine, tier, said.batch, fail_fast=meant.fail_fast)
    output.left = NOTHING_SENT
    parts = parts_of(settings, choice)
    async with AsyncExitStack() as opened:
        first = await opened.enter_async_context(open_session(settings))
        sessions = [first]
        for own, _ in parts[1:]:
            sessions.append(await opened.enter_async_context(open_beside(first, own)))
        if engine == "batch":
            first.batch.options(given)  # Before anything is listed: a role is missing, say.
        wanted = [
            await some.with_keys(session, output, own) for session, (own, some) in zip(sessions, parts, strict=True)
        ]
        for session, some in zip(sessions, wanted, strict=True):
            schemes = {place.scheme for place in some.parsed()}
            for scheme in schemes:
                await session.provider(scheme)  # The time to wait is for the cloud, not for loading what talks to it.
            await check_literal(session, schemes, exact)
        limit = await opened.enter_async_context(time_to_wait(first, meant.timeout))
        asked: list[_Asked] = []
        seen: list[Selected] = []
        for session, some in zip(sessions, wanted, strict=True):
            chosen = await opened.enter_async_context(selected(session, output, some))
            seen.append(chosen)
            session.say_literally(chosen.sel, exact)
            typed = Typed(some, lasting, tier, said.shorten, meant, steps, behalf, exact)
            for direct in await plans_of(session, chosen.sel, lasting, tier, shorten=said.shorten):
                made = await with_steps(session, output, direct, steps)
                jobs = jobs_wanted(session, output, engine, made, tier, given)
                made = made if jobs is None else session.batch.plan(made, generated=jobs.generated)
                asked.append(_Asked(session, chosen.sel, made, jobs, typed))
        return await _confirmed(first, output, _together(seen), asked, typed, limit)


class _Asked(NamedTuple):
    """A plan, in whose session it was made and how it is carried out."""

    session: Session
    sel: int
    made: RestorePlan
    jobs: BatchOptions | None
    typed: Typed


def _together(seen: Sequence[Selected]) -> Selected:
    """What is in none of the selections of a command."""
    missing, left_out = sum(one.missing for one in seen), sum(one.left_out for one in seen)
    return Selected(seen[0].sel, missing, left_out, sum(one.unseen for one in seen))


async def _confirmed(
    session: Session,
    output: Output,
    chosen: Selected,
    asked: Sequence[_Asked],
    typed: Typed,
    time: TimeLimit,
) -> ExitCode:
    tier, agreeing = typed.tier, typed.meant.agreeing
    wait, fail_fast = typed.meant.wait, typed.meant.fail_fast
    if fail_fast and chosen.missing:
        return stopped_by_missing(output, chosen.missing, chosen.left_out)
    for one in asked:
        if one.jobs is not None and one.made.tiers[tier].requests:
            await tell_of_jobs(one.session, output, one.made, tier, one.jobs)
        if session.settings.beside:
            tell_where(one.session, output, one.made.scheme)
        tell_plan(output, one.made, tier)
        tell_literal(output, one.made)
    plans = [one.made for one in asked]
    for made in plans:
        check_discards(made.tiers[tier])
    sending = [
        one
        for one in asked
        if one.made.tiers[tier].requests
        or one.made.tiers[tier].counts.get(Action.ALREADY, 0)
        or one.made.tiers[tier].then_objects
    ]
    if not sending:
        return _nothing(output, plans, tier, chosen)
    sent = [one.made for one in sending]
    offers = [offer_of(made, tier) for made in sent]
    for made, offer in zip(sent, offers, strict=True):
        if not offer.sends:
            watched = made.tiers[tier].counts.get(Action.ALREADY, 0)
            output.say(f"nothing is sent: {words.plural(watched, 'restore')} already under way will be watched")
    gone = sum(one.step.agreed for made in sent for one in made.tiers[tier].then)
    removed = f", and remove {words.plural(gone, 'archived version')} for good" if gone else ""
    total = together_text(offers)
    total = f", {total}" if total else ""
    question = f"Restore {' and '.join(offer_text(offer) for offer in offers if offer.sends)}{total}{removed}?"
    # Nobody is hurried while he is asked; and what is confirmed is written down, whatever the time.
    timeout = left_of(time)
    consent = await agreeing.asks(session, offers, question)
    runs = await all_or_none(
        session,
        [_confirmed_as_shown(output, one, consent) for one in sending],
    )
    output.left = what_goes_on(session, runs)
    await _tell_of_rate(session, output, {made.scheme for made in sent})
    for run in runs:
        output.run(run, session.looks_cost(run))
    run_ids = [run.id for run in runs]
    later = sum(made.tiers[tier].later for made in sent)
    if later and not wait:
        output.say(
            f"{words.plural(later, 'extension')} will be sent when the copies are there: `restoretui watch` or the "
            "screens must be running then"
        )
    output.summary(
        {
            "requests": sum(made.tiers[tier].requests for made in sent), "missing": chosen.missing,
            "left_out": chosen.left_out, "refused": _refused(plans, tier),
        }
    )  # fmt: skip
    if any(run.then for run in runs) and not wait:
        output.say(
            "what shall be done with the objects then is done while `restoretui watch` or the screens are running"
        )
    session.start_engine(run_ids, fail_fast=fail_fast)
    return await follow(
        session, output, run_ids, wait=wait, timeout=timeout, missing=chosen.missing, fail_fast=fail_fast
    )


async def _tell_of_rate(session: Session, output: Output, schemes: Iterable[str]) -> None:
    """A rate that was asked for and is not reached: the cloud documents less."""
    settings = session.settings
    for scheme in sorted(schemes) if "rate" in settings.sources else ():
        most = (await session.provider(scheme)).capabilities.max_rate
        if settings.rate > most:
            output.say(f"rate = {settings.rate:g} is more than {scheme}:// takes: at most {most:g} requests/s go out")


async def _confirmed_as_shown(output: Output, asked: _Asked, consent: Consent) -> Run:
    """The run of the plan that was told. What is no longer true is told anew, and who was asked is asked again."""
    session, sel, made, jobs, typed = asked
    tier, agreeing = typed.tier, typed.meant.agreeing
    said = await typed.command(session, made.scheme, jobs)
    offer, then = offer_of(made, tier), made.then
    for _ in range(MOST_PLANS):
        try:
            return await confirmed_whole(
                session,
                session.spending.restore(consent, sel, made, tier, behalf=typed.behalf, batch=jobs, said=said),
            )
        except PlanChanged as change:
            output.say(f"{change}; this is the plan now")
        await session.selecting.look(sel)
        made = await session.plan(sel, made.days, scheme=made.scheme, shorten=made.shorten, until=made.until)
        made = with_then(made, then)
        if jobs is not None:
            made = session.batch.plan(made, generated=jobs.generated)
        tell_plan(output, made, tier)
        check_sends(made, tier)
        others = list(consent.offers)
        others.remove(offer)
        offer = offer_of(made, tier)
        consent = await agreeing.asks(session, [*others, offer], f"Restore {offer_text(offer)}?", again=offer.sends)
    raise GuardStopped("the objects change faster than a plan is made, so nothing was sent", "try again later")


def _nothing(output: Output, plans: Sequence[RestorePlan], tier: Tier, chosen: Selected) -> ExitCode:
    for made in plans:
        output.say(f"nothing to send: {why_nothing(made, tier)}")
    refused = _refused(plans, tier)
    fields = {"objects": sum(made.objects for made in plans), "refused": refused}
    output.summary(fields | {"missing": chosen.missing, "left_out": chosen.left_out})
    return ExitCode.SOME_FAILED if refused or chosen.missing else ExitCode.DONE


def _refused(plans: Iterable[RestorePlan], tier: Tier) -> int:
    counts = [made.tiers[tier].counts for made in plans]
    return sum(count.get(action, 0) for count in counts for action in (Action.REFUSED, Action.LOOK, Action.WAITS))
