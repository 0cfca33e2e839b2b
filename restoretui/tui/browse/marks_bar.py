"""What is marked, in numbers and in money, while anything is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from restoretui.core.model import Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.records import SelectionSummary
from restoretui.tui.browse.columns import BECOMING
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

SHORT = {Tier.EXPEDITED: "exp", Tier.STANDARD: "std", Tier.BULK: "bulk"}


class MarksBar(Bar):
    """Marks survive filters, prefixes and restarts, so the hidden ones are always counted here."""

    DEFAULT_CSS = "MarksBar { display: none; }"

    def __init__(self) -> None:
        super().__init__(id="marks")
        self.summary = SelectionSummary()

    def doing(self, what: str) -> None:
        """The marks are being changed: what is marked now will not be for long, nor will it cost that."""
        self.display = True
        self.show(said((f"{BECOMING} {what} …", "busy"), *([" · ", *self._marked()] if self.summary.objects else [])))

    def tell(
        self, summary: SelectionSummary, hidden: int | None, plans: "Sequence[RestorePlan]", *, filtered: bool
    ) -> None:
        """So much is marked, that many of it out of sight, and this is what restoring it would cost in each cloud.

        What a filter hides is easily forgotten; what lies below prefixes shown was marked as such. ``hidden`` is None
        until it has been counted.
        """
        self.summary = summary
        self.display = summary.objects > 0
        left = self._marked()
        if hidden is None:
            left.append((" · adding up …", "dim"))
        elif hidden:
            left.append((f" · {hidden:,} not shown here", "warn" if filtered else "dim"))
        if len(summary.by_bucket) > 1:
            left.append((f" · {len(summary.by_bucket)} buckets", "warn"))
        if len(plans) != 1:
            named = [(plan.scheme.upper(), self._cost(plan, Tier.STANDARD)) for plan in plans]
            self.show(said(*left), said(*(part for name, cost in named for part in (f"  {name} ", *cost))), said())
            return
        plan = plans[0]
        costs = [self._cost(plan, tier) for tier in Tier]
        days: Part = (f"{plan.days} days: ", "dim")
        wide = [part for cost in costs for part in (*cost, "  ")][:-1]
        self.show(said(*left), said(days, *wide), said(*wide), said(*costs[-1]))

    def _marked(self) -> list[Part]:
        summary = self.summary
        return [("● ", "mark"), (f"{summary.objects:,} marked", "mark"), f" · {fmt.size(summary.size_bytes)}"]

    @staticmethod
    def _cost(plan: "RestorePlan", tier: Tier) -> list[Part]:
        chosen = plan.tiers[tier]
        name: Part = (f"{SHORT[tier]} ", "dim")
        if not chosen.requests:
            return [name, ("–", "dim")]
        text = fmt.estimate(chosen.cost, chosen.requests, plan.prices.currency)
        return [name, text + ("+?" if chosen.counts.get(Action.LOOK) and not chosen.cost.unpriced else "")]
