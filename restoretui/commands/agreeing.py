"""How a command has an offer agreed to: within which limits, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from restoretui.commands.output import Output, offer_text
from restoretui.core.plan.money import Amount
from restoretui.core.plan.offers import Offer
from restoretui.session.session import Session
from restoretui.session.spending import Confirming, Consent


@dataclass(frozen=True)
class Agreeing:
    """What ``--yes`` and ``--max-cost`` said."""

    confirm: Confirming | None = None
    """Asks the person; None means it was confirmed beforehand (``--yes``)."""
    limits: Sequence[Amount] = ()
    """In place of the budget."""

    async def to(self, session: Session, output: Output, offer: Offer, deed: str) -> Consent:
        """Tell the offer, hold it to the guards, and have it agreed to; ``GuardStopped`` otherwise."""
        output.offer(offer)
        output.flush()
        question = f"{deed}: {offer_text(offer)}?"
        return await session.spending.agree([offer], limits=self.limits, ask=self.confirm, question=question)
