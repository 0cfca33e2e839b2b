"""What is marked, in numbers and in money, while anything is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from restoretui.core.model import Tier
from restoretui.ledger.records import SelectionSummary
from restoretui.tui.marks.costs import LONG, SHORT, TierCosts
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.words import BECOMING, MARK, Part, said
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.ledger.selections.mark_sets import MarkSet


class MarksBar(Bar):
    """Marks survive filters and prefixes, so the hidden ones are always counted here."""

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
            named = [(plan.scheme.upper(), TierCosts(plan).of(Tier.STANDARD)) for plan in plans]
            self.show(said(*left), said(*(part for name, cost in named for part in (f"  {name} ", *cost))), said())
            return
        costs = TierCosts(plans[0])
        days: Part = (f"{plans[0].days} days: ", "dim")
        more: Part = (f", {costs.looks:,} to look at", "dim") if costs.looks else ""
        whole, short = (costs.all(names) for names in (LONG, SHORT))
        last = costs.of(Tier.BULK)
        two = [*costs.of(Tier.STANDARD), "  ", *last]
        self.show(
            said(*left), said(days, *whole, more), said(days, *short, more), said(*short, more), said(*short),
            said(days, *two, more), said(*two, more), said(*two), said(*last, more), said(*last),
        )  # fmt: skip

    def _marked(self) -> list[Part]:
        summary = self.summary
        return [(f"{MARK} ", "mark"), (f"{summary.objects:,} marked", "mark"), f" · {fmt.size(summary.size_bytes)}"]

    def offer(self, left: "Sequence[MarkSet]", key: str) -> None:
        """Nothing is marked here, and sessions that ended left marks."""
        self.display = bool(left)
        if left:
            day = fmt.day(int(left[0].at.timestamp()))
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            self.show(
                said(
                    (f"{fmt.plural(left[0].objects, 'mark')} of {day}{more}", "mark"), " left by a session that ended"
                ),
                said((f"{key} keeps or drops them", "dim")),
            )
