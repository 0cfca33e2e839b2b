"""What an act would set off and cost, as it is shown to the person before any of it is done, and the limits on it.

Everything that spends is offered first; the session's ``spending`` is the one place that turns an offer into deeds.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from restoretui.core.errors import GuardStopped
from restoretui.core.model import Tier
from restoretui.core.plan.money import Amount, plain, told_apart
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.pricing import ZERO, Cost


class Act(StrEnum):
    """What can be offered; each costs money, or ends what was paid for."""

    RESTORE = "restore"
    """Restore, extend or speed up: the plan says which."""
    RETRY = "retry"
    """A run's failed objects once more, by single requests."""
    RETRY_THEN = "retry then-steps"
    """What could not be done with objects of a run once they could be read, once more."""
    RETRY_JOBS = "retry through jobs"
    CLONE = "clone"
    """A new, suspended job with the manifest of another."""
    CONFIRM_JOB = "confirm job"
    """A suspended job is let run."""
    CLEAN = "clean"
    """Restored copies are ended early."""
    UNDELETE = "undelete"
    """Delete markers are removed, and what lies beneath is current again."""
    EVENTS = "events"
    """A bucket is told to send its restore events to a queue, or no longer to."""


class Offer(Struct, frozen=True):
    """One act with its price. Two offers of the same thing at the same price are equal."""

    act: Act
    about: str
    """What it is done to: a run, a job, a plan."""
    objects: int
    """Requests that go out, or tasks that a job works off; none where things are only watched."""
    size_bytes: int
    cost: Decimal
    currency: str
    unpriced: int = 0
    """Objects whose price nobody knows; they are not in ``cost``, or not with all they cost."""
    fees_unknown: int = 0
    """Of them, those of which only the request's own fee is not known: ``cost`` is then the least."""
    then_objects: int = 0
    """Objects that something is done with once they can be read; they may be more than those that are asked for."""

    @property
    def sends(self) -> bool:
        """It changes something in the cloud."""
        # How much a job is about may not be known yet.
        return self.objects > 0 or self.act in (Act.CLONE, Act.CONFIRM_JOB)


def offer_of(plan: RestorePlan, tier: Tier) -> Offer:
    """What confirming ``plan`` at ``tier`` means."""
    chosen = plan.tiers[tier]
    about = f"{plan.purpose} {plan.days} days {tier} {plan.scheme} {plan.made_at.isoformat()}"
    cost: Cost = chosen.cost
    return Offer(
        Act.RESTORE, about, chosen.requests or chosen.then_objects, chosen.size_bytes, cost.total,
        plan.prices.currency,
        cost.unpriced, cost.fees_unknown, chosen.then_objects,
    )  # fmt: skip


def check_guards(offers: Sequence[Offer], limits: Sequence[Amount], most_objects: int | None = None) -> None:
    """``GuardStopped`` when the offers are about more objects than that (None: any number), or beyond the limits."""
    objects = sum(max(offer.objects, offer.then_objects) for offer in offers)
    if most_objects is not None and objects > most_objects:
        raise GuardStopped(
            f"this is about {objects:,} objects, more than the {most_objects:,} allowed; nothing was sent",
            "choose fewer objects, or a higher --max-objects",
        )
    check_limits(offers, limits)


def check_limits(offers: Iterable[Offer], limits: Sequence[Amount]) -> None:
    """``GuardStopped`` when the offers together cost more than a limit allows, or that cannot be known.

    Each currency is held to the limit in that currency. Without any limit all is allowed. What is known of the cost
    is held first; where something is not known, and be it the request fees alone, no limit can be held.
    """
    if not limits:
        return
    most = {limit.currency: limit.value for limit in limits}
    totals: dict[str, tuple[Decimal, int, int]] = {}
    for offer in offers:
        cost, unpriced, fees = totals.get(offer.currency, (ZERO, 0, 0))
        totals[offer.currency] = cost + offer.cost, unpriced + offer.unpriced, fees + offer.fees_unknown
    for currency, (cost, unpriced, fees) in totals.items():
        if not cost and not unpriced:
            continue
        if currency not in most:
            ours = " and ".join(sorted(most))
            together = ", and so holds for one cloud at a time" if len(totals) > 1 else ""
            raise GuardStopped(
                f"the limit is in {ours}{together}, but this is priced in {currency}, so the two cannot be compared; "
                "nothing was sent",
                f"give a limit in that currency: --max-cost 100{currency}",
            )
        if cost > most[currency]:
            asked, allowed = told_apart(cost, most[currency])
            about = "at least" if unpriced else "about"
            raise GuardStopped(
                f"this would cost {about} {asked} {currency}, more than the {allowed} {currency} allowed; "
                "nothing was sent",
                "choose a cheaper tier, fewer objects, or a higher limit",
            )
        if unpriced and unpriced == fees:
            raise GuardStopped(
                f"the request fees of {fees:,} objects are not known, so this costs at least"
                f" {plain(round(cost, 6))} {currency} and the limit cannot be held; nothing was sent",
                "run `restoretui prices update`, add the fee to prices.toml, or leave the limit away",
            )
        if unpriced:
            raise GuardStopped(
                f"the price of {unpriced:,} objects is unknown, so the limit cannot be held; nothing was sent",
                "add the price to prices.toml, choose another tier, or leave the limit away",
            )


class Consent(Struct, frozen=True):
    """No guard held these offers, and whoever may decide said yes. Made by the session's ``Spending.agree`` alone."""

    offers: Sequence[Offer]

    def require(self, offer: Offer) -> None:
        """``GuardStopped`` unless exactly this was agreed to."""
        if offer not in self.offers:
            raise GuardStopped("this is not what was agreed to, so nothing was sent", "look at it again")
