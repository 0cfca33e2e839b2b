"""``restoretui plan``, and what ``restore`` begins with: one plan for each cloud."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from restoretui.commands.acting.literal import check_literal, tell_literal
from restoretui.commands.acting.said import Lasting, RestoreSaid, check_lasting
from restoretui.commands.after.steps import with_steps
from restoretui.commands.agreeing import Agreeing
from restoretui.commands.choosing.choice import Choice
from restoretui.commands.choosing.parts import parts_of
from restoretui.commands.choosing.selected import selected
from restoretui.commands.output import Output, together_text
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, GuardStopped
from restoretui.core.model import DEFAULT_SCHEME, Tier
from restoretui.core.plan.offers import Offer, check_guards, offer_of
from restoretui.core.rules.verdicts import Action
from restoretui.session.session import Session, open_session
from restoretui.wording.format import plural

if TYPE_CHECKING:
    from restoretui.commands.acting.jobs import EngineName
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.core.plan.tier_plan import TierPlan


async def plan(settings: Settings, output: Output, choice: Choice, said: RestoreSaid) -> ExitCode:
    """What a restore would do and cost; sends nothing but looks. Where its guards would stop it, they stop this."""
    lasting, tier, engine, meant = said.lasting, said.tier, said.engine, said.meant
    check_lasting(lasting)
    steps = said.then.steps() if said.then else []
    said.behalf.checked()
    exact = await said.literal.read(engine, then=bool(steps), keys_from=choice.keys_from) if said.literal else None
    if exact is not None and exact.request:
        lasting, tier = exact.days or 1, exact.tier
    choice = choice.meant(settings)
    output.summary({"locations": choice.typed()})
    given: Mapping[str, Any] = {}
    if engine != "direct" or any(value not in (None, ()) for value in said.batch.values()):
        from restoretui.commands.acting.jobs import job_options

        given = job_options(engine, tier, said.batch, fail_fast=meant.fail_fast)
    objects = refused = requests = days = missing = left_out = 0
    other: GuardStopped | None = None
    offers: dict[Tier, list[Offer]] = {}
    for own, some in parts_of(settings, choice):
        async with AsyncExitStack() as opened:
            session = await opened.enter_async_context(open_session(own))
            await opened.enter_async_context(_within(session, meant.timeout))
            chosen_now = await some.with_keys(session, output, own)
            if exact is not None:
                await check_literal(session, {place.scheme for place in chosen_now.parsed()}, exact)
            chosen = await opened.enter_async_context(selected(session, output, chosen_now))
            missing, left_out = missing + chosen.missing, left_out + chosen.left_out
            if exact is not None:
                session.say_literally(chosen.sel, exact)
            for direct in await plans_of(session, chosen.sel, lasting, tier, shorten=said.shorten):
                made, days = await with_steps(session, output, direct, steps), direct.days
                if engine != "direct":
                    made = await _through_jobs(session, output, engine, made, tier, given)
                if settings.beside:
                    tell_where(session, output, made.scheme)
                if made.objects or output.as_json:
                    tell_plan(output, made, tier)
                else:
                    output.say("no object was found there: nothing to restore")
                if exact is not None:
                    tell_literal(output, made)
                if made.by_jobs:
                    await _tell_of_role(session, output, made, given)
                shown = [made.tiers[tier]] if tier else list(made.tiers.values())
                for entry in shown:
                    offers.setdefault(entry.request.tier, []).append(offer_of(made, entry.request.tier))
                other = other or _not_agreed(shown)
                waits = (Action.REFUSED, Action.WAITS)
                refused += min(sum(entry.counts.get(action, 0) for action in waits) for entry in shown)
                objects += made.objects
                requests += max(entry.requests for entry in shown)
    for at, ones in offers.items() if settings.beside else ():
        if total := together_text(ones):
            output.say(f"{at}: {total}")
    stopped = _stopped(settings, output, offers, meant.agreeing) or other
    fields = {"objects": objects, "days": days, "missing": missing, "left_out": left_out}
    if meant.fail_fast and missing:
        output.say(f"--fail-fast: {not_seen(missing)}, so nothing would be sent")
    if stopped is not None:
        output.error(stopped)
    elif words := meant.said(offers.get(tier, []) if tier else []):
        output.say(words)
    output.summary(fields | {"requests": requests, "refused": refused})
    if stopped is not None:
        return stopped.exit_code
    return ExitCode.SOME_FAILED if missing or refused else ExitCode.DONE


def not_seen(missing: int) -> str:
    """So many objects could not be looked at."""
    return f"{plural(missing, 'object')} could not be seen"


@asynccontextmanager
async def _within(session: Session, timeout: timedelta | None) -> AsyncIterator[None]:
    if timeout is None:
        yield
        return
    from restoretui.commands.following import time_to_wait

    async with time_to_wait(session, timeout):
        yield


async def _through_jobs(
    session: Session, output: Output, engine: "EngineName", direct: "RestorePlan", tier: Tier | None,
    given: Mapping[str, Any],
) -> "RestorePlan":  # fmt: skip
    from restoretui.commands.acting.jobs import through_jobs

    return await through_jobs(session, output, engine, direct, tier, given)


async def _tell_of_role(session: Session, output: Output, made: "RestorePlan", given: Mapping[str, Any]) -> None:
    from restoretui.commands.acting.jobs import tell_of_role

    await tell_of_role(session, output, made, given)


def _not_agreed(shown: Sequence["TierPlan"]) -> GuardStopped | None:
    """Why no tier shown removes what somebody said may go."""
    from restoretui.core.plan.after import check_discards

    held: GuardStopped | None = None
    for entry in shown:
        try:
            check_discards(entry)
        except GuardStopped as error:
            held = error
        else:
            return None
    return held


def _stopped(
    settings: Settings, output: Output, offers: Mapping[Tier, Sequence[Offer]], agreeing: Agreeing
) -> GuardStopped | None:
    """What the guards would say to a restore. Its error where they were named and nothing shown passes them."""
    asked = bool(agreeing.limits) or agreeing.most_objects is not None
    held: dict[Tier, GuardStopped] = {}
    for tier, ones in offers.items():
        try:
            check_guards(ones, agreeing.limits or settings.limits, agreeing.most_objects)
        except GuardStopped as error:
            held[tier] = error
    if asked and held and len(held) == len(offers):
        return next(reversed(held.values()))
    for tier, why in held.items():
        output.say(f"a restore at {tier} would be stopped: {why}")
    return None


async def plans_of(
    session: Session, sel: int, lasting: Lasting, tier: Tier | None, *, shorten: bool
) -> list["RestorePlan"]:
    """One plan for each cloud in which objects were chosen, to be shown at that tier, or at all."""

    def days(scheme: str) -> int:
        if isinstance(lasting, int):
            return lasting
        return session.clouds[scheme].rules.days_until(lasting, session.clock.now())

    until = lasting if isinstance(lasting, datetime) else None
    made = await session.plans(sel, days, shorten=shorten, until=until) or [
        await session.plan(sel, days(DEFAULT_SCHEME), scheme=DEFAULT_SCHEME)
    ]
    return [await session.with_capacity(one) for one in made] if tier in (None, Tier.EXPEDITED) else made


def tell_where(session: Session, output: Output, scheme: str) -> None:
    """At which endpoint what is told next is, for a command that is about several."""
    output.say(f"at {session.clouds[scheme].connection.whereabouts}:")


def tell_plan(output: Output, made: "RestorePlan", tier: Tier | None) -> None:
    """Its table, or its lines, and what stands beside it."""
    output.plan(made, tier)
    output.plan_note(made)
