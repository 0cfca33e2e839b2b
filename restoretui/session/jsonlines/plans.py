"""Lines about what would be done, and what it would cost."""

from typing import TYPE_CHECKING, Any

from restoretui.core.model import Tier
from restoretui.session.jsonlines.line import instant, known, named, where_all

if TYPE_CHECKING:
    from datetime import timedelta

    from restoretui.core.plan.offers import Offer
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.core.plan.pricing import Cost
    from restoretui.core.plan.then_costs import StepCost
    from restoretui.core.plan.tier_plan import PlanLine, TierPlan


def plan_fields(plan: "RestorePlan", chosen: "TierPlan") -> dict[str, Any]:
    """One tier of a plan."""
    window = chosen.window
    buckets = list(dict.fromkeys(line.group.bucket for line in chosen.lines))
    return {
        "act": "restore", **where_all(plan.scheme, buckets),
        "engine": "batch" if chosen.request.tier in plan.by_jobs else "direct",
        "tier": chosen.request.tier, "days": plan.days if plan.tells_days else None,
        "requests": chosen.requests, "size": chosen.size_bytes,
        "cost": _cost(chosen.cost, plan.prices.currency),
        "then": [_step(one) for one in chosen.then] if chosen.then else None,
        "storage_90_days": plan.storage_90_days(chosen.request.tier), "egress": plan.egress(chosen.request.tier),
        "expirations": [
            known({
                "bucket": one.bucket, "rule": (one.rule.name or None) if one.rule else None, "objects": one.objects,
                "first_at": one.first, "by_tags": bool(one.rule and one.rule.by_tags),
            })
            for one in plan.expiring
        ],
        "lifecycle_unread": sorted(plan.rules_unread),
        "provisioned_capacity": dict(plan.capacity) if chosen.request.tier is Tier.EXPEDITED else None,
        "window_seconds": _span(window.shortest, window.longest) if window else None,
        "measured": [
            {"archive": archive, "seconds": _span(seen.shortest, seen.longest), "percentiles": [5, 95],
             "restores": seen.restores}
            for archive, seen in plan.seen_here(chosen.request.tier).items()
        ],
        "quota_seconds": chosen.at_quota.total_seconds() if chosen.at_quota else None,
        "expiry_not_before": plan.expiry if plan.tells_days else None, "as_of": plan.as_of,
        "actions": {named(action): count for action, count in chosen.counts.items()},
        "groups": [known(_group(line)) for line in chosen.lines],
        "prices": {
            "regions": list(plan.prices.regions), "date": plan.prices.date or None, "exact": plan.prices_exact,
        },
    }  # fmt: skip


def offer_fields(offer: "Offer") -> dict[str, Any]:
    """What an act other than a restore would send and cost."""
    return {
        "act": named(offer.act), "about": offer.about or None, "requests": offer.objects, "size": offer.size_bytes,
        "cost": {
            "total": offer.cost, "currency": offer.currency, "unpriced": offer.unpriced,
            "fees_unknown": offer.fees_unknown,
        },
    }  # fmt: skip


def _step(one: "StepCost") -> dict[str, Any]:
    """What is done with objects once they can be read."""
    return known({
        "step": one.step.kind.value, "target": one.step.typed_target or None,
        "storage_class": one.step.storage_class or None, "objects": one.objects, "size": one.size_bytes,
        "cost_total": one.cost.then, "unpriced": one.cost.unpriced, "cost_per_month": one.per_month,
        "event": one.step.event, "keep_days": one.step.keep_days or None, "cost_of_keeping": one.kept,
    })  # fmt: skip


def _span(shortest: "timedelta", longest: "timedelta") -> dict[str, float]:
    return {"shortest": shortest.total_seconds(), "longest": longest.total_seconds()}


def _group(line: "PlanLine") -> dict[str, Any]:
    return {
        "bucket": line.group.bucket, "storage_class": line.group.facts.storage_class or None,
        "action": named(line.verdict.action), "reason": line.verdict.reason or None, "objects": line.group.objects,
        "size": line.group.size_bytes, "cost_total": line.cost.total, "seen_at": instant(line.group.seen_at),
        "unsent_in_run": line.group.facts.intent.run_id if line.group.facts.intent else None,
    }  # fmt: skip


def _cost(cost: "Cost", currency: str) -> dict[str, Any]:
    return {
        "total": cost.total, "retrieval": cost.retrieval, "request_fees": cost.requests, "copy": cost.copy,
        "storage": cost.storage, "afterwards": cost.then, "currency": currency, "unpriced": cost.unpriced,
        "fees_unknown": cost.fees_unknown,
    }  # fmt: skip
