"""The guard above the budget: the whole amount has to be typed before it is spent."""

from decimal import Decimal

from restoretui.config.settings import Settings
from restoretui.core.errors import RestoreTuiError
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.tier_plan import TierPlan
from restoretui.tui.dialogs.restore.typed_field import TypedField
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt


class AmountField(TypedField):
    """Shown only where an amount has to be typed."""

    def __init__(self) -> None:
        super().__init__("typed")

    def ask(self, plan: RestorePlan, chosen: TierPlan, settings: Settings, *, in_few_words: bool) -> None:
        """Say which amount has to be typed, and why."""
        budget = fmt.money(settings.budget or Decimal(0), settings.budget_currency)
        above: list[Part] = [("Above the budget of ", "warn"), budget, (". Type ", "warn")]
        if plan.prices.currency != settings.budget_currency:
            above = [("Not to be compared with the budget of ", "warn"), budget, (". Type ", "warn")]
        elif chosen.cost.unpriced and chosen.cost.total <= (settings.budget or 0):
            above = [("Not all has a price, so no budget of ", "warn"), budget, (" can be held. Type ", "warn")]
        if in_few_words:
            above = [("Not held to " if "Not" in str(above[0]) else "Over ", "warn"), budget, (": type ", "warn")]
        self.tell(said(*above, (_amount(chosen), "strong"), (" to confirm: ", "warn")))

    def typed(self, chosen: TierPlan) -> Decimal:
        """The amount, if it is what was typed; raises ``RestoreTuiError`` and takes the keys if not."""
        amount = _amount(chosen)
        if self.text.lstrip("$").replace(",", "") != amount:
            self.begin()
            raise RestoreTuiError(f"to confirm, type {amount}", "nothing was sent")
        return Decimal(amount)


def _amount(chosen: TierPlan) -> str:
    """What has to be typed."""
    return f"{chosen.cost.total:.2f}"
