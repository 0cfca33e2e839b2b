"""A plan in lines of text: what would happen to how many objects and why, what it costs, and where it comes from."""

import textwrap

from textual.content import Content

from restoretui.core.model import Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.pricing import Cost
from restoretui.core.plan.tier_plan import TierPlan
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.core.then.steps import ThenKind
from restoretui.session.inventory.looks_made import LooksMade
from restoretui.tui.details.action_words import ACTIONS
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean
from restoretui.wording.then_words import early_fee, keeping


def verdict_entries(chosen: TierPlan, width: int) -> list[list[Content]]:
    """The lines of every action and reason, those that send first, then the largest; each reason told to its end."""
    found: dict[tuple[Action, str], tuple[int, int]] = {}
    windows = {line.verdict.window for line in chosen.sending}
    for line in chosen.lines:
        window = line.verdict.window if line.verdict.action.sends and len(windows) > 1 else None
        # Where not all take the same time, each says its own.
        key = (line.verdict.action, line.verdict.reason + (f": {fmt.span(window)}" if window is not None else ""))
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


NARROW_LINE = 68
"""Below so many cells a line is said in fewer words."""


def days_words(plan: RestorePlan, room: int) -> tuple[str, list[Part]]:
    """What stands before and after the number of days, in the most words that ``room`` cells beside it take."""
    if plan.purpose is Purpose.EXTEND and plan.rules.extension_adds:
        after = " days to the end that each copy has now"
        return "Add ", [after if len(after) + 4 <= room else " days to each copy's end"]
    end = fmt.instant(plan.expiry)
    days = " days from now, " if plan.purpose is Purpose.EXTEND else " days, "
    # The day is true without its hour, too: it begins before that.
    ways = (
        ("Copies last ", f"{days}until at least ", f"{end} UTC"),
        ("Copies last ", f"{days}until at least ", end[:10]),
        ("Copies last ", f"{days}until ", end[:10]),
        ("Last ", " days, to ", end[:10]),
        ("", " d, to ", end[:10]),
    )
    before, after, at = next((way for way in ways if sum(map(len, way)) <= room), ways[-1])
    return before, [after, (at, "strong")]


def copy_words(chosen: TierPlan) -> str:
    """What the copies' part of the cost is for: all their days, or only those that are added to copies there are."""
    whole = sorted({line.added_days for line in chosen.sending if line.verdict.action is Action.START})
    more = sorted({line.added_days for line in chosen.sending if line.verdict.action is Action.EXTEND})
    words = [f"for {fmt.plural(whole[-1], 'day')}"] if whole else []
    if more:
        least = f"+{more[0]:,} to " if more[0] != more[-1] else ""
        words.append(f"{least}+{fmt.plural(more[-1], 'day')}")
    return "copy " + (" or ".join(words) or "as long as before")


def seen_words(plan: RestorePlan, looks: LooksMade) -> list[Part]:
    """As of when it holds, where that is not now, and what it took to look at what an inventory, say, chose."""
    is_told = bool(looks.pages) or (plan.is_of_before and any(looks))
    took = f" · looked at by {looks.pages:,} LIST, {looks.heads:,} HEAD" if is_told else ""
    since = f" · as of {fmt.short_instant(plan.as_of, plan.made_at)}" if plan.is_of_before else ""
    return [(since, "warn"), (took, "dim")]


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
    requests = "?" if cost.fees_unknown and not cost.requests else fmt.money(cost.requests, currency)
    parts: list[Part] = [
        ("at least " if cost.unpriced else "", "warn"), ("retrieval ", "dim"), fmt.money(cost.retrieval, currency),
        (" + requests ", "dim"), requests,
    ]  # fmt: skip
    if cost.copy or not cost.storage:
        parts += [(f" + {copy_words(chosen)} ", "dim"), fmt.money(cost.copy, currency)]
    if cost.storage:
        parts += [(" + 30 days in Frequent Access ", "dim"), fmt.money(cost.storage, currency)]
    if cost.then:
        parts += [(" + then ", "dim"), fmt.money(cost.then, currency)]
    if cost.unpriced:
        parts.append((f"; {fmt.why_unpriced(cost.unpriced, cost.fees_unknown)}", "warn"))
    return said(*parts)


def beside_lines(plan: RestorePlan, tier: Tier) -> list[Content]:
    """What it will cost that is no part of the total."""
    lines = []
    kept, egress = plan.storage_90_days(tier), plan.egress(tier)
    if kept:
        text = " over 90 days there, if nobody reads it meanwhile; then archived again"
        lines.append(said((fmt.money(kept, plan.prices.currency), ""), (text, "dim")))
    lines += [
        said((fmt.about(one.per_month, plan.prices.currency, 0), ""), (" a month after, for what is kept", "dim"))
        for one in plan.tiers[tier].then
        if one.per_month
    ]
    for one in plan.tiers[tier].then:
        if one.step.keep_days:
            lines.append(said((keeping(one, plan.prices.currency), "dim")))
        if one.step.kind is ThenKind.DISCARD and one.objects:
            fee = early_fee(one, plan.prices.currency)
            lines.append(said(("leaving the archive early: ", "dim"), f"at most {fee}", (", in the sum", "dim")))
    if egress and not any(one.step.kind is ThenKind.DOWNLOAD for one in plan.tiers[tier].then):
        price = fmt.about(egress, plan.prices.currency, 0)
        lines.append(said(("downloading it: ", "dim"), price, (" more, to the Internet", "dim")))
    return lines


def seen_lines(plan: RestorePlan, tier: Tier) -> list[Content]:
    """How long the same took here before."""
    return [said(fmt.seen_here(tier, archive, seen)) for archive, seen in plan.seen_here(tier).items()]


def price_line(plan: RestorePlan) -> Content:
    """Where the prices come from; whose they are where there are none of the buckets' own region."""
    date = plan.prices.date
    if plan.prices_exact:
        where = ", ".join(plan.regions[:3]) + (
            f" and {len(plan.regions) - 3:,} more" if len(plan.regions) > 3 else ""
        )
        return said((f"estimate with prices of {date}" + (f" for {where}" if where else ""), "dim"))
    missing = ", ".join(plan.regions_unpriced[:3]) or "the bucket's own region"
    whose = plan.prices.regions[0] if plan.prices.regions else "another region"
    return said((f"no prices for {missing}: ", "warn"), (f"estimate with those of {whose}, {date}", "dim"))


def warning_lines(
    plan: RestorePlan, chosen: TierPlan, *, read_only: bool, hidden: int, unseen: int, step: str
) -> list[Content]:
    """What must not be overlooked: ``hidden`` objects are not rows on screen, ``unseen`` ones could not be looked at.

    ``step`` says that there are other clouds' objects, asked of apart.
    """
    texts = []
    if read_only:
        texts.append("this session is read-only: nothing can be sent")
    if hidden:
        rows = "is no row" if hidden == 1 else "are not rows"
        texts.append(f"{hidden:,} of these {rows} on screen: below a prefix, elsewhere, or filtered out")
    if unseen and not plan.asks_unseen:
        texts.append(f"{fmt.plural(unseen, 'object')} could not be looked at and will be left out")
    texts += [
        f"{fmt.plural(objects, 'object')} of run {run}, not sent there: taken over (or `restoretui watch {run}`)"
        for run, objects in sorted(chosen.taken_over.items())
    ]
    if chosen.endless:
        texts.append(f"{fmt.plural(chosen.endless, 'object')} will come back for good: the days do not apply")
    texts += [fmt.expires(one) for one in plan.expiring if chosen.requests]
    if many := plan.many_expedited(chosen.request.tier):
        texts.append(fmt.too_many_expedited(many))
    texts += [fmt.capacity(units, region) for region, units in plan.owned_capacity(chosen.request.tier).items()]
    if chosen.large_objects:
        texts.append(f"{fmt.plural(chosen.large_objects, 'object')} too large for expedited's typical time")
    if chosen.at_quota is not None:
        texts.append(fmt.at_quota(chosen.at_quota))
    if not chosen.requests:
        texts.append("nothing would be sent at this tier: the reasons are given here")
    first = [said(("→ ", "mark"), step)] if step else []
    return first + [said(("▲ ", "warn"), (text, "warn")) for text in texts]
