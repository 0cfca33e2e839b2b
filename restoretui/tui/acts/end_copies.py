"""Restored copies ended before their days are over: what that saves, what it costs, and what came of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.errors import CloudError, ObjectNotFound, PlanChanged, UsageError
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.plan.pricing import GIB, Cost, PriceTable, estimate
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.verdicts import Action
from restoretui.core.saying.chosen import Chosen
from restoretui.core.saying.own_commands import PROGRAM, clean_command
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import Run
from restoretui.session.saying.commands import Said, Subject
from restoretui.tui.acts.consent import agreed
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.offers import Consent
    from restoretui.engine.cleaner import Cleaned
    from restoretui.tui.shell import Actor

TOLD_EVERY = 50


class Copies(Struct, frozen=True):
    """Restored copies of one cloud that can be ended, and how many chosen objects have none."""

    cloud: CloudId
    groups: Sequence[FactGroup]
    others: int
    marks: int
    """The selection's revision: another one may hold other objects."""

    @property
    def objects(self) -> int:
        """How many copies would be ended, of all groups."""
        return sum(group.objects for group in self.groups)

    @property
    def size_bytes(self) -> int:
        """Their bytes, those of all groups."""
        return sum(group.size_bytes for group in self.groups)


async def end_chosen(actor: "Actor", about: Subject, run: Run | None = None) -> None:
    """End the copies of the objects in a selection, each cloud's once that is confirmed.

    Raises ``UsageError`` where none of them has a copy that can be ended, ``PlanChanged`` where none is left.
    """
    session, sel = actor.session, about.sel
    session.check_may_send()
    found = await _found(actor, sel)
    copies = [one for one in found if one.objects]
    if not copies:
        raise UsageError("none of these has a restored copy that can be ended early", _where(found))
    for one in copies:
        await _ask_and_end(actor, about, one, run)


async def _ask_and_end(actor: "Actor", about: Subject, copies: Copies, run: Run | None) -> None:
    """End the copies the question was about, those and no others; if they are others by now, ask about them anew."""
    sel = about.sel
    while copies.objects:
        question = await _question(actor, sel, copies)
        offer = actor.session.spending.offer_clean(copies.objects, copies.size_bytes)
        says = partial(_said, actor, about, copies, run)
        consent = await agreed(actor, offer, "End copies", question, f"End {copies.objects:,}", says=says)
        if consent is None:
            return
        refs = await _refs(actor, sel, copies)
        now = next((one for one in await _found(actor, sel) if one.cloud == copies.cloud), None)
        if now == copies:
            await _end(actor, copies, refs, run, consent)
            return
        if now is None:
            break
        actor.shell.say("warning", "the copies changed after the question was put", "this is how it is now")
        copies = now
    raise PlanChanged("there is no copy left to end, so nothing was sent", "somebody else was quicker")


async def _said(actor: "Actor", about: Subject, copies: Copies, run: Run | None) -> list[Said]:
    """The same as commands."""
    saying = actor.session.saying
    of_cloud = replace(about, scheme=copies.cloud.scheme)
    if run is not None:
        ours = [clean_command(saying.reach(run.cloud.scheme), Chosen((str(run.id),)))]
    else:
        ours = await saying.clean(of_cloud)
    return [Said(PROGRAM, ours), await saying.clean_by_tools(of_cloud.scheme, await _refs(actor, about.sel, copies))]


async def _found(actor: "Actor", sel: int) -> list[Copies]:
    # The revision first: of a change in between, it is then the older one, and does not pass for the current.
    selections = actor.session.ledger.selections
    marks = await selections.revision(sel)
    return [_of_cloud(cloud, groups, actor, marks) for cloud, groups in (await selections.facts(sel)).items()]


async def _refs(actor: "Actor", sel: int, copies: Copies) -> list[list[ObjectRef]]:
    """The objects themselves, by bucket and facts."""
    sample = actor.session.ledger.selections.sample
    return [await sample(sel, copies.cloud, one.bucket, one.facts, one.objects) for one in copies.groups]


def _of_cloud(cloud: CloudId, groups: Sequence[FactGroup], actor: "Actor", marks: int) -> Copies:
    now = actor.session.clock.now()

    def can_end(group: FactGroup) -> bool:
        rule = cloud.rules.archive_of(group.facts)
        return rule is not None and rule.cleanable and cloud.rules.state_of(group.facts, now) is State.AVAILABLE

    ending = [group for group in groups if can_end(group)]
    others = sum(group.objects for group in groups) - sum(group.objects for group in ending)
    return Copies(cloud, ending, others, marks)


def _where(found: Sequence[Copies]) -> str:
    names = sorted({name for one in found for name in cleanable(one.cloud.rules)})
    return f"only copies of {' and '.join(names)} can" if names else "here a copy ends only when its days are over"


def cleanable(rules: CloudRules) -> list[str]:
    """The classes whose copies can be ended early."""
    return [rule.archive for rule in rules.archives.values() if rule.cleanable]


async def _question(actor: "Actor", sel: int, copies: Copies) -> str:
    plan = await actor.session.plan(sel, 1, scheme=copies.cloud.scheme)
    left = f" The other {copies.others:,} objects stay as they are." if copies.others > 1 else ""
    left = " The other object stays as it is." if copies.others == 1 else left
    return (
        f"End {fmt.plural(copies.objects, 'restored copy', 'restored copies')} ({fmt.size(copies.size_bytes)}) now?"
        f" {_saved(copies, plan.prices)}; {_again(copies, plan.prices)}.{left}"
    )


def _saved(copies: Copies, prices: PriceTable) -> str:
    a_day = Decimal(copies.size_bytes) / GIB * prices.copy_per_gib_month / 30
    price = fmt.money(a_day, prices.currency)
    about = "" if price.startswith("<") else "about "
    amount = f"{about}{price} a day" if a_day else "at a price that is not known"
    return f"That ends what their storage costs, {amount}"


def _again(copies: Copies, prices: PriceTable) -> str:
    def of(group: FactGroup) -> Cost:
        archive = group.facts.storage_class
        return estimate(prices, archive, Tier.STANDARD, Action.START, group.objects, group.size_bytes, 1)

    cost = sum(map(of, copies.groups), Cost())
    price = fmt.estimate(cost, copies.objects, prices.currency)
    amount = "a price that is not known" if price == "unknown" else f"about {price} at the standard tier"
    return f"to read these objects again, they must be restored again, for {amount}"


async def _end(
    actor: "Actor", copies: Copies, objects: Sequence[Sequence[ObjectRef]], run: Run | None, consent: "Consent"
) -> None:
    session = actor.session
    counts: Counter[str] = Counter()
    problems: list[CloudError] = []
    for refs in objects:
        told = partial(_told, counts, problems, lambda: _say_progress(actor, counts, copies.objects))
        await session.spending.clean(consent, copies.cloud.scheme, refs, told, run)
    _say_result(actor, counts, problems)


def _told(counts: Counter[str], problems: list[CloudError], progress: Callable[[], None], done: "Cleaned") -> None:
    if done.problem is not None and not isinstance(done.problem, ObjectNotFound):
        problems.append(done.problem)
        counts["failed"] += 1
    else:
        counts["ended" if done.ended else "gone"] += 1
    if counts.total() % TOLD_EVERY == 0:
        progress()


def _say_progress(actor: "Actor", counts: Counter[str], objects: int) -> None:
    actor.shell.say("busy", f"ending copies: {counts.total():,} of {objects:,}")


def _say_result(actor: "Actor", counts: Mapping[str, int], problems: Sequence[CloudError]) -> None:
    said = [f"{fmt.plural(counts['ended'], 'copy', 'copies')} ended"]
    if counts["gone"]:
        said.append(f"{counts['gone']:,} had none left")
    if problems:
        said.append(f"{counts['failed']:,} not: {problems[0]}")
    actor.shell.say("error" if problems else "done", ", ".join(said), problems[0].hint if problems else "")
