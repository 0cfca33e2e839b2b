"""How a command has an offer agreed to: within which limits, and by whom; or only told, in a dry run."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from restoretui.commands.output import Output, offer_text
from restoretui.commands.summary import say_dry
from restoretui.core.plan.money import Amount
from restoretui.core.plan.offers import Offer, check_guards
from restoretui.core.saying.on_behalf import OnBehalf, called
from restoretui.wording import format as words

if TYPE_CHECKING:
    from restoretui.config.settings import Settings
    from restoretui.core.plan.offers import Consent
    from restoretui.session.session import Session
    from restoretui.session.spending import Confirming


class Agreeing(Struct, frozen=True):
    """What ``--yes``, ``--max-cost``, ``--max-objects`` and ``--dry-run`` said."""

    confirm: "Confirming | None" = None
    """Asks the person; None means it was confirmed beforehand (``--yes``)."""
    limits: Sequence[Amount] = ()
    """In place of the budget."""
    most_objects: int | None = None
    dry_run: bool = False
    """Only told: nothing is agreed to."""
    asks_text: Callable[[str], str] | None = None
    """Asks the person for a line of text, empty where nobody is there; None: nobody is to be asked."""

    def behalf(self, said: OnBehalf, settings: "Settings") -> OnBehalf:
        """What was said, and what the config asks for besides: asked of the person where one is there.

        ``UsageError`` where that is not said; a dry run does without.
        """
        found = said.checked()
        if self.dry_run:
            return found
        if self.asks_text is not None:
            for name in found.lacks(settings.ask_for):
                found = found._replace(**{name: self.asks_text(f"{name} ({called(name)})")}).checked()
        found.require(settings.ask_for, settings.sources.get("ask_for", "the config"))
        return found

    async def to(self, session: "Session", output: Output, offer: Offer, deed: str) -> "Consent | None":
        """Tell the offer, hold it to the guards, and have it agreed to; ``GuardStopped`` otherwise.

        None in a dry run, which the same guards stop.
        """
        output.offer(offer)
        output.flush()
        if self.dry_run:
            check_guards([offer], self.limits or session.settings.limits, self.most_objects)
            say_dry(output)
            return None
        question = f"{deed}: {offer_text(offer)}?"
        return await self.asks(session, [offer], question)

    async def asks(
        self, session: "Session", offers: Sequence[Offer], question: str, *, again: bool = True
    ) -> "Consent":
        """Hold offers that were told to the guards, and put the question; ``again`` false: it was answered."""
        return await session.spending.agree(
            offers, limits=self.limits, most_objects=self.most_objects, ask=self.confirm if again else None,
            question=question,
        )  # fmt: skip


class Meant(Struct, frozen=True):
    """What a restore would be told besides what a plan depends on."""

    agreeing: Agreeing
    wait: bool = False
    timeout: timedelta | None = None
    fail_fast: bool = False

    def said(self, offers: Sequence[Offer]) -> str:
        """What would come next, in a sentence; empty where nothing of it was said, or nothing would be sent."""
        requests = sum(offer.objects for offer in offers)
        asks = self.agreeing.confirm is not None
        if not requests or not (self.agreeing.dry_run or self.wait or self.fail_fast or not asks):
            return ""
        parts = [
            "ask" if asks else "not ask",
            f"send {words.plural(requests, 'request')}",
            *(["stop at the first that fails"] if self.fail_fast else []),
            "wait until the copies are available" if self.wait else "end once they are sent",
        ]
        return f"dry run, nothing was sent; it would {', '.join(parts[:-1])} and {parts[-1]}"
