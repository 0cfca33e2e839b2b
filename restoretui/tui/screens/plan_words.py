"""A plan in lines of text: what would happen to how many objects and why, what it costs, and where it comes from."""

import textwrap
from collections.abc import Sequence

from textual.content import Content

from restoretui.core.plan import RestorePlan, TierPlan
from restoretui.core.pricing import Cost
from restoretui.core.rules import Action, Purpose
from restoretui.tui.words import ACTIONS, Part, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean, fit


def verdict_lines(chosen: TierPlan, width: int) -> list[Content]:
    """One line for every action and reason, those that send first, then the largest."""
    found: dict[tuple[Action, str], tuple[int, int]] = {}
    for line in chosen.lines:
        key = (line.verdict.action, line.verdict.reason)
        objects, size = found.get(key, (0, 0))
        found[key] = (objects + line.group.objects, size + line.group.size_bytes)
    order = sorted(found.items(), key=lambda item: (not item[0][0].sends, -item[1][0]))
    lines = []
    for (action, reason), (objects, size) in order:
        glyph, style = ACTIONS[action]
        start = f" {glyph} {objects:>9,}  {action:<17}"
        amount = f"{fmt.size(size):>9}  "
        room = max(8, width - len(start) - len(amount))
        if action.sends or action is Action.REFUSED:
            # What is about to be done, or cannot be, is told to its end.
            first, *more = textwrap.wrap(clean(reason), room) or [""]
            lines.append(said((start, style), amount, first))
            lines += [said(" " * (len(start) + len(amount)), text) for text in more]
        else:
            lines.append(said((start, style), amount, (fit(reason, room, prose=True), "dim")))
    return lines


UNPRICED = ", not nothing; prices.toml can name it"


def is_priced(cost: Cost) -> bool:
    """Anything of it has a known price."""
    return not cost.unpriced or bool(cost.total)


def days_words(plan: RestorePlan) -> tuple[str, list[Part]]:
    """What stands before and after the number of days."""
    if plan.purpose is Purpose.EXTEND and plan.rules.extension_adds:
        return "Add ", [" days to the end that each copy has now"]
    return "Copies last ", [" days, until at least ", (f"{fmt.instant(plan.expiry)} UTC", "strong")]


def limits_words(plan: RestorePlan, chosen: TierPlan) -> list[Part]:
    """The longest that copies of the chosen classes may last, where there is such a limit."""
    classes = sorted({line.verdict.archive for line in chosen.lines if line.verdict.archive})
    rules = [(name, plan.rules.archive_named(name)) for name in classes]
    limits = [f"{name} at most {rule.max_days} days" for name, rule in rules if rule and rule.max_days]
    return [(f" · {', '.join(limits)}", "dim")] if limits else []


def cost_line(plan: RestorePlan, cost: Cost) -> Content:
    """What the estimate is made of."""
    currency = plan.prices.currency
    if not is_priced(cost):
        return said((f"the price of {fmt.plural(cost.unpriced, 'object')} is unknown", "warn"), (UNPRICED, "dim"))
    parts: list[Part] = [
        ("retrieval ", "dim"), fmt.money(cost.retrieval, currency), (" + requests ", "dim"),
        fmt.money(cost.requests, currency), (f" + copy for {plan.days} days ", "dim"), fmt.money(cost.copy, currency),
    ]  # fmt: skip
    if cost.unpriced:
        parts.append((f" + unknown price of {fmt.plural(cost.unpriced, 'object')}", "warn"))
    return said(*parts)


def price_line(plan: RestorePlan) -> Content:
    """Where the prices come from."""
    regions = ", ".join(plan.prices.regions[:3])
    parts: list[Part] = [(f"estimate with prices of {plan.prices.date} for {regions}", "dim")]
    if not plan.prices_exact:
        parts.append((", not the bucket's own region", "warn"))
    return said(*parts)


def place_line(
    scheme: str, buckets: Sequence[str], account: str, regions: Sequence[str], profile: str, report: str = ""
) -> Content:
    """Where all this would happen, and where jobs would report."""
    shown = [f"{scheme}://{bucket}" for bucket in buckets[:3]]
    if len(buckets) > 3:
        shown.append(f"{len(buckets) - 3} more")
    parts: list[Part] = [("in ", "dim"), (", ".join(shown), "strong")]
    facts = [("account", account), ("region", ", ".join(regions)), ("profile", profile), ("report", report)]
    for label, value in facts:
        if value:
            parts += [(f" · {label} ", "dim"), value]
    return said(*parts)
