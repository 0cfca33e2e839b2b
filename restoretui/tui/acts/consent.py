"""Consent to spend, asked for on screen: yes or no, or above the budget the whole amount typed."""

from decimal import Decimal
from typing import TYPE_CHECKING

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.dialogs.prompts import Confirm, TextPrompt
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.offers import Consent, Offer
    from restoretui.tui.shell import Actor, Says


async def agreed(
    actor: "Actor",
    offer: "Offer",
    title: str,
    question: str,
    yes: str,
    *,
    asked: bool = False,
    says: "Says | None" = None,
) -> "Consent | None":
    """The person's consent to ``offer``; None for no. ``asked``: the question was answered with yes already."""
    spending = actor.session.spending
    spending.check_may_send()
    held = spending.why_not(offer)
    if not held:
        if not asked and not await actor.shell.push_screen_wait(Confirm(title, question, yes, says)):
            return None
        return await spending.agree([offer])
    amount = f"{offer.cost:.2f}"
    reason = held.partition(";")[0]
    typed = await actor.shell.push_screen_wait(
        TextPrompt(title, f"{question} Above the budget: {reason}. Type {amount} to confirm", says=says)
    )
    if not typed:
        return None
    if typed.strip().lstrip("$").replace(",", "") != amount:
        raise RestoreTuiError(f"to confirm, {amount} has to be typed", "nothing was sent")
    return await spending.agree([offer], typed=Decimal(amount))


def price(offer: "Offer") -> str:
    """What it costs, as it stands in a question."""
    unknown = offer.unpriced - offer.fees_unknown
    if unknown and unknown >= offer.objects:
        return f"{fmt.money(offer.cost, offer.currency)} and what is not known"
    more = f" ({fmt.why_unpriced(offer.unpriced, offer.fees_unknown)})" if offer.unpriced else ""
    return fmt.about(offer.cost, offer.currency, offer.unpriced) + more
