"""What is marked, in numbers and in money, while anything is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from restoretui.core.model import Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.records import SelectionSummary
from restoretui.tui.browse.columns import BECOMING
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.words import MARK, Part, said
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

LONG = {tier: tier.value for tier in Tier}
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
            named = [(plan.scheme.upper(), self._cost(plan, Tier.STANDARD, SHORT)) for plan in plans]
            self.show(said(*left), said(*(part for name, cost in named for part in (f"  {name} ", *cost))), said())
            return
        plan = plans[0]
        days: Part = (f"{plan.days} days: ", "dim")
        looks = max(plan.tiers[tier].counts.get(Action.LOOK, 0) for tier in Tier)
        more: Part = (f" + {looks:,} to look at", "dim") if looks else ""
        whole, short = (self._costs(plan, names) for names in (LONG, SHORT))
        last = self._cost(plan, Tier.BULK, SHORT)
        self.show(
            said(*left), said(days, *whole, more), said(days, *short, more), said(*short, more), said(*short),
            said(*last, more), said(*last),
        )  # fmt: skip

    def _costs(self, plan: "RestorePlan", names: Mapping[Tier, str]) -> list[Part]:
        """Of each tier; where one takes fewer objects than another, of how many."""
        most = max(plan.tiers[tier].requests for tier in Tier)
        parts: list[Part] = []
        for tier in Tier:
            parts += ["  " if parts else "", *self._cost(plan, tier, names)]
            if 0 < (requests := plan.tiers[tier].requests) < most:
                parts.append((f" ({requests:,} of {most:,})", "warn"))
        return parts

    def _marked(self) -> list[Part]:
        summary = self.summary
        return [(f"{MARK} ", "mark"), (f"{summary.objects:,} marked", "mark"), f" · {fmt.size(summary.size_bytes)}"]

    @staticmethod
    def _cost(plan: "RestorePlan", tier: Tier, names: Mapping[Tier, str]) -> list[Part]:
        chosen = plan.tiers[tier]
        name: Part = (f"{names[tier]} ", "dim")
        if not chosen.requests:
            return [name, ("–", "dim")]
        return [name, fmt.estimate(chosen.cost, chosen.requests, plan.prices.currency)]
