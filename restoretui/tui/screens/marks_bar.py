"""What is marked, in numbers and in money, while anything is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from restoretui.core.model import Tier
from restoretui.core.rules import Action
from restoretui.ledger.records import SelectionSummary
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan import RestorePlan

SHORT = {Tier.EXPEDITED: "exp", Tier.STANDARD: "std", Tier.BULK: "bulk"}


class MarksBar(Bar):
    """Marks survive filters, prefixes and restarts, so the hidden ones are always counted here."""

    DEFAULT_CSS = "MarksBar { display: none; }"

    def __init__(self) -> None:
        super().__init__(id="marks")
        self.summary = SelectionSummary()
        self.hidden = 0

    def tell(self, summary: SelectionSummary, hidden: int, plans: "Sequence[RestorePlan]", *, filtered: bool) -> None:
        """So much is marked, that many of it out of sight, and this is what restoring it would cost in each cloud.

        What a filter hides is easily forgotten; what lies below prefixes shown was marked as such.
        """
        self.summary, self.hidden = summary, hidden
        self.display = summary.objects > 0
        left: list[Part] = [
            ("● ", "mark"),
            (f"{summary.objects:,} marked", "mark"),
            f" · {fmt.size(summary.size_bytes)}",
        ]
        if hidden:
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

    @staticmethod
    def _cost(plan: "RestorePlan", tier: Tier) -> list[Part]:
        chosen = plan.tiers[tier]
        name: Part = (f"{SHORT[tier]} ", "dim")
        if not chosen.requests:
            return [name, ("–", "dim")]
        text = fmt.estimate(chosen.cost, chosen.requests, plan.prices.currency)
        return [name, text + ("+?" if chosen.counts.get(Action.LOOK) and not chosen.cost.unpriced else "")]
