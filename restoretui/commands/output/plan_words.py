"""Plans and offers in words: what they cost, and what is missing in that."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from restoretui.core.rules.verdicts import Action
from restoretui.wording import format as words
from restoretui.wording.safe import clean

if TYPE_CHECKING:
    from restoretui.core.plan.offers import Offer
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.core.plan.tier_plan import TierPlan


def offer_text(offer: "Offer") -> str:
    """How much, and for how much, as it stands in a question."""
    size = f" ({words.size(offer.size_bytes)})" if offer.size_bytes else ""
    price = words.about(offer.cost, offer.currency, offer.unpriced)
    more = f"; {words.why_unpriced(offer.unpriced, offer.fees_unknown)}" if offer.unpriced else ""
    return f"{words.plural(offer.objects, 'object')}{size} for {price}{more}"


def together_text(offers: Sequence["Offer"]) -> str:
    """The same of several that send something, as one; empty where they are not several, or not of one currency."""
    sending = [offer for offer in offers if offer.sends]
    if len(sending) < 2 or len({offer.currency for offer in sending}) > 1:
        return ""
    size, unpriced = sum(one.size_bytes for one in sending), sum(one.unpriced for one in sending)
    price = words.about(sum((one.cost for one in sending), Decimal(0)), sending[0].currency, unpriced)
    return f"together {words.plural(sum(one.objects for one in sending), 'object')} ({words.size(size)}) for {price}"


def cost_text(chosen: "TierPlan", currency: str) -> str:
    """An estimate in one cell: what is unpriced is said, never left out silently."""
    return words.estimate(chosen.cost, chosen.requests, currency).replace("+?", " + ?")


def cost_remarks(plan: "RestorePlan", chosen: "TierPlan") -> list[str]:
    """What a sum does not say by itself: what is missing in it, and what it will cost besides."""
    cost, currency, tier = chosen.cost, plan.prices.currency, chosen.request.tier
    remarks = []
    if cost.unpriced and cost.total:
        least = words.about(cost.total, currency, cost.unpriced)
        remarks.append(f"{least}: {words.why_unpriced(cost.unpriced, cost.fees_unknown)}")
    elif cost.unpriced:
        remarks.append(words.why_unpriced(cost.unpriced, cost.fees_unknown))
    if cost.storage:
        remarks.append(words.stay(cost.storage, plan.storage_90_days(tier), currency))
    if many := plan.many_expedited(tier):
        remarks.append(words.too_many_expedited(many))
    remarks += [words.capacity(units, region) for region, units in plan.owned_capacity(tier).items()]
    from restoretui.core.then.steps import ThenKind
    from restoretui.wording import then_words  # Of plans alone: a listing does without prices.

    remarks += [then_words.step_cost(one, currency) for one in chosen.then]
    remarks += [then_words.keeping(one, currency) for one in chosen.then if one.kept is not None]
    egress = None if any(one.step.kind is ThenKind.DOWNLOAD for one in chosen.then) else plan.egress(tier)
    if egress:
        remarks.append(f"downloading it: {words.about(egress, currency, 0)} more, to the Internet")
    return remarks


PLAN_HEAD = "TIER       REQUESTS        SIZE  COST         TYPICAL TIME   OBJECTS LEFT OUT"


def plan_lines(plan: "RestorePlan", chosen: "TierPlan") -> Iterator[str]:
    """A tier's row, and what is to be said of it below."""
    out = {action: count for action, count in chosen.counts.items() if not action.sends}
    left = ", ".join(f"{count:,} {action}" for action, count in out.items())
    window = words.span(chosen.window) if chosen.window else "–"
    yield (
        f"{chosen.request.tier:9}  {chosen.requests:>8,}  {words.sizes(chosen.size_bytes, chosen.unsized):>10}"
        f"  {cost_text(chosen, plan.prices.currency):11}  {window:13}  {left or '–'}"
    )
    for archive, seen in plan.seen_here(chosen.request.tier).items():
        yield (f"           {words.seen_here(chosen.request.tier, archive, seen)}")
    for remark in cost_remarks(plan, chosen):
        yield (f"           {remark}")
    if chosen.at_quota is not None:
        yield (f"           {words.at_quota(chosen.at_quota)}")
    reasons: dict[str, int] = {}
    for line in chosen.lines:
        told = line.verdict.action in (Action.LATER, Action.SHORTEN) or line.group.facts.intent is not None
        if told or not line.verdict.action.sends:
            text = f"{line.verdict.action}: {line.verdict.reason}"
            reasons[text] = reasons.get(text, 0) + line.group.objects
    for reason, count in reasons.items():
        yield (f"           {count:>8,}  {clean(reason)}")
