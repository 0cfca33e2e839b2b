"""A plan in lines of text: what would happen to how many objects and why, what it costs, and where it comes from."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from restoretui.core.plan.plan import RestorePlan, TierPlan
from restoretui.core.plan.pricing import Cost
from restoretui.core.rules.rules import Action, Purpose
from restoretui.tui.words import ACTIONS, Part, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean, fit


def verdict_entries(chosen: TierPlan, width: int) -> list[list[Content]]:
    """The lines of every action and reason, those that send first, then the largest; each reason told to its end."""
    found: dict[tuple[Action, str], tuple[int, int]] = {}
    for line in chosen.lines:
        key = (line.verdict.action, line.verdict.reason)
        objects, size = found.get(key, (0, 0))
        found[key] = (objects + line.group.objects, size + line.group.size_bytes)
    order = sorted(found.items(), key=lambda item: (not item[0][0].sends, -item[1][0]))
    entries = []
    for (action, reason), (objects, size) in order:
        glyph, style = ACTIONS[action]
        start = f" {glyph} {objects:>9,}  {action:<17}"
        amount = f"{fmt.size(size):>9}  "
        tone = "" if action.sends or action is Action.REFUSED else "dim"
        room = width - len(start) - len(amount)
        beside = room >= LEAST_REASON
        indent = len(start) + len(amount) if beside else NARROW_INDENT
        texts = textwrap.wrap(clean(reason), max(8, width - indent)) or [""]
        lines = [said((start, style), amount, (texts.pop(0), tone)) if beside else said((start, style), amount)]
        entries.append(lines + [said(" " * indent, (text, tone)) for text in texts])
    return entries


LEAST_REASON, NARROW_INDENT = 24, 5
"""With less room than that a reason stands below its numbers."""
UNPRICED = ", not nothing; prices.toml can name it"


def is_priced(cost: Cost) -> bool:
    """Anything of it has a known price."""
    return not cost.unpriced or bool(cost.total)


NARROW_LINE, NARROWEST_LINE = 68, 48
"""Below so many cells a line is said in fewer words, or in very few."""


def days_words(plan: RestorePlan, width: int) -> tuple[str, list[Part]]:
    """What stands before and after the number of days."""
    if plan.purpose is Purpose.EXTEND and plan.rules.extension_adds:
        return "Add ", [
            " days to each copy's end" if width < NARROWEST_LINE else " days to the end that each copy has now"
        ]
    extends = plan.purpose is Purpose.EXTEND
    end = fmt.instant(plan.expiry)
    if width < NARROWEST_LINE:
        return "Last ", [" days, to ", (end[:10], "strong")]
    if width < NARROW_LINE:
        # The day is true without its hour, too: it begins before that.
        return "Copies last ", [
            " days from now, until " if extends else " days, until at least ",
            (end[:10], "strong"),
        ]
    return "Copies last ", [" days from now, " if extends else " days, ", "until at least ", (f"{end} UTC", "strong")]


def copy_words(chosen: TierPlan) -> str:
    """What the copies' part of the cost is for: all their days, or only those that are added to copies there are."""
    whole = sorted({line.added_days for line in chosen.sending if line.verdict.action is Action.START})
    more = sorted({line.added_days for line in chosen.sending if line.verdict.action is Action.EXTEND})
    words = [f"for {fmt.plural(whole[-1], 'day')}"] if whole else []
    if more:
        least = f"+{more[0]:,} to " if more[0] != more[-1] else ""
        words.append(f"{least}+{fmt.plural(more[-1], 'day')}")
    return "copy " + (" or ".join(words) or "as long as before")


def limits_words(plan: RestorePlan, chosen: TierPlan) -> list[Part]:
    """The longest that copies of the chosen classes may last, where there is such a limit."""
    classes = sorted({line.verdict.archive for line in chosen.lines if line.verdict.archive})
    rules = [(name, plan.rules.archive_named(name)) for name in classes]
    limits = [f"{name} at most {rule.max_days} days" for name, rule in rules if rule and rule.max_days]
    return [(f" · {', '.join(limits)}", "dim")] if limits else []


def cost_line(plan: RestorePlan, chosen: TierPlan) -> Content:
    """What the estimate is made of."""
    currency, cost = plan.prices.currency, chosen.cost
    if not is_priced(cost):
        return said((f"the price of {fmt.plural(cost.unpriced, 'object')} is unknown", "warn"), (UNPRICED, "dim"))
    parts: list[Part] = [
        ("retrieval ", "dim"), fmt.money(cost.retrieval, currency), (" + requests ", "dim"),
        fmt.money(cost.requests, currency), (f" + {copy_words(chosen)} ", "dim"), fmt.money(cost.copy, currency),
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


class Target(NamedTuple):
    """Where a plan would be carried out, and by whom."""

    scheme: str
    buckets: Sequence[str]
    account: str
    regions: Sequence[str]
    profile: str


def place_lines(target: Target, width: int, most: int, report: str = "") -> list[Content]:
    """The target on as few lines as it takes, at most ``most``: then fewer buckets are named, or they are cropped."""
    facts = [
        ("account", target.account), ("region", ", ".join(target.regions)), ("profile", target.profile),
        ("report", report),
    ]  # fmt: skip
    told = [(label, value) for label, value in facts if value]
    for named in (3, 2, 1):
        lines = _place_lines(target, named, told, width)
        if len(lines) <= most:
            return lines
    # Each on its line; what is longer than that is cropped in its middle.
    room = max(8, width - 3)
    others = len(target.buckets) - 1
    more = f", {others} more" if others > 0 else ""
    bucket = fit(f"{target.scheme}://{target.buckets[0] if target.buckets else ''}", room - len(more))
    rest = " · ".join(f"{label} {value}" for label, value in told)
    lines = [said(("in ", "dim"), (bucket.rstrip() + more, "strong"))]
    if most > 1 and told:
        lines.append(said("   ", fit(rest, room).rstrip()))
    return lines


def _place_lines(target: Target, named: int, told: Sequence[tuple[str, str]], width: int) -> list[Content]:
    shown = [f"{target.scheme}://{bucket}" for bucket in target.buckets[:named]]
    if len(target.buckets) > named:
        shown.append(f"{len(target.buckets) - named} more")
    pieces = [("", bucket, "strong") for bucket in shown] + [(f"{label} ", value, "") for label, value in told]
    lines: list[list[Part]] = [[("in ", "dim")]]
    used = 3
    for number, (label, value, style) in enumerate(pieces):
        between = "" if not number else ", " if number < len(shown) else " · "
        if number and used + len(between + label + value) > width:
            lines.append(["   "])
            used, between = 3, ""
        lines[-1] += [(between, "dim"), (label, "dim")]
        used += len(between + label)
        while used + len(value) > width > used:
            # A name longer than a line goes on in the next one.
            lines[-1].append((value[: width - used], style))
            lines.append(["   "])
            value, used = value[width - used :], 3
        lines[-1].append((value, style))
        used += len(value)
    return [said(*line) for line in lines]
