"""``restoretui plan``, and what ``restore`` begins with: one plan for each cloud."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from restoretui.commands.choice import Choice, selected
from restoretui.commands.output import Output
from restoretui.commands.summary import summarise
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, InvalidRequest, UsageError
from restoretui.core.model import DEFAULT_SCHEME, Tier
from restoretui.core.rules.rules import check_days
from restoretui.core.rules.verdicts import Action
from restoretui.session.session import Session, open_session

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

EngineName = Literal["direct", "batch", "auto"]
Lasting = int | datetime
"""How long copies shall last: so many days, or at least until then."""


def check_lasting(lasting: Lasting) -> None:
    """``UsageError`` for days that no cloud takes."""
    if isinstance(lasting, int):
        check_days(lasting)


async def plan(
    settings: Settings,
    output: Output,
    choice: Choice,
    lasting: Lasting,
    tier: Tier | None = None,
    engine: EngineName = "direct",
    *,
    shorten: bool = False,
) -> ExitCode:
    """What a restore would do and cost; sends nothing but looks."""
    check_lasting(lasting)
    choice = choice.meant(settings)
    async with open_session(settings) as session, selected(session, output, choice) as chosen:
        objects = refused = days = 0
        for direct in await plans_of(session, chosen.sel, lasting, tier, shorten=shorten):
            made, days = direct, direct.days
            if engine == "batch":
                check_has_jobs(session, direct)
                made = session.batch.plan(direct)
            tell_plan(output, made, tier)
            if engine == "batch":
                if fees := made.fees.said():
                    output.say(fees)
                await _tell_of_role(session, output, made)
            shown = [made.tiers[tier]] if tier else list(made.tiers.values())
            refused += min(entry.counts.get(Action.REFUSED, 0) + entry.counts.get(Action.WAITS, 0) for entry in shown)
            objects += made.objects
        fields = {"objects": objects, "days": days, "missing": chosen.missing, "left_out": chosen.left_out}
        summarise(output, fields | {"requests": 0})
        return ExitCode.SOME_FAILED if chosen.missing or refused else ExitCode.DONE


async def _tell_of_role(session: Session, output: Output, made: "RestorePlan") -> None:
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


def tell_plan(output: Output, made: "RestorePlan", tier: Tier | None) -> None:
    """Its table, or its lines, and what stands beside it."""
    output.plan(made, tier)
    output.plan_note(made)


def check_has_jobs(session: Session, made: "RestorePlan") -> None:
    """``UsageError`` for a plan that no S3 Batch Operations can carry out, whatever it is of."""
    if not made.rules.has_jobs:
        where = made.rules.store or f"{made.scheme}://"
        raise UsageError(f"{where} has no jobs: they are of AWS S3 alone", "choose --engine direct or auto")
    if why := session.batch.why_never:
        raise UsageError(why, "choose --engine direct or auto")
