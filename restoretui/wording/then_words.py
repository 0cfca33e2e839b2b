"""Then-steps in words: what one does and costs."""

from restoretui.core.plan.pricing import ZERO
from restoretui.core.plan.then_costs import StepCost
from restoretui.core.then.steps import ThenKind
from restoretui.wording import format as words
from restoretui.wording.safe import clean


def keeping(one: StepCost, currency: str) -> str:
    """``copies that end before that is done are extended by up to 3 days: $0.12 at most``."""
    days = words.plural(one.step.keep_days, "day")
    price = "at a price that is not known" if not one.kept and one.cost.unpriced else "for at most "
    if price.endswith(" "):
        price += f"{words.money(one.kept or ZERO, currency)}, which is in the sum"
    return f"copies that would end before that is done are extended by up to {days}, {price}"


def early_fee(one: StepCost, currency: str) -> str:
    """``about $12.04``, ``nothing``: what a removal costs at most, since it leaves the archive early."""
    if one.cost.then:
        return words.about(one.cost.then, currency, one.cost.unpriced)
    return "an amount that is not known" if one.cost.unpriced else "nothing"


def step_cost(one: StepCost, currency: str) -> str:
    """``then keep a copy in STANDARD, in place: 200 objects, about $4.60, $4.60 a month after``."""
    said = f"then {clean(one.step.said)}"
    if one.step.is_of_run:
        return said if one.step.event else f"{said}, once all is done"
    said += f": {words.plural(one.objects, 'object')} ({words.size(one.size_bytes)})"
    if one.step.kind is ThenKind.EXEC:
        return said
    if one.step.kind is ThenKind.DISCARD:
        return f"{said}; leaving the archive early is billed with at most {early_fee(one, currency)}"
    if one.cost.unpriced and not one.cost.then:
        return f"{said}, at a price that is not known"
    said += f", {words.about(one.cost.then, currency, one.cost.unpriced)}"
    if one.step.kind is ThenKind.DOWNLOAD:
        return f"{said} to the Internet, nothing within the Region"
    month = "" if one.per_month is None else f"; {words.about(one.per_month, currency, 0)} a month after"
    return f"{said} for requests and the first 30 days{month}"
