"""The JSON lines of the commands: each has ``type``; fields mean the same wherever they stand.

Instants are RFC 3339 UTC, sizes bytes, money numbers in the currency named beside them.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from restoretui.core.errors import CloudError
from restoretui.core.location import Location
from restoretui.core.model import END_UNTOLD, ObjectRef, Tier
from restoretui.ledger.records import ActivityEntry, BrowseRow, JobRow
from restoretui.ledger.run_records import Run
from restoretui.ledger.volumes import PrefixTotals, Volume

if TYPE_CHECKING:
    from restoretui.core.batch.jobs import Generator, JobInfo
    from restoretui.core.plan.offers import Offer
    from restoretui.core.plan.plan import PlanLine, RestorePlan, TierPlan
    from restoretui.core.plan.pricing import Cost
    from restoretui.core.progress import RunProgress
    from restoretui.ledger.batches.records import BatchJob


def json_line(kind: str, fields: Mapping[str, Any]) -> str:
    """``fields`` and their ``type`` as JSON in one line, pure ASCII, so that no key can disturb a terminal."""
    return json.dumps({"type": kind, **fields}, default=_plain)


def row_fields(scheme: str, row: BrowseRow) -> dict[str, Any]:
    """A listing's row."""
    return {
        **where(scheme, row.ref), "size": row.size, "storage_class": row.storage_class, "state": row.state,
        "expiry": end_of(row.expiry), "tier": row.tier, "run": row.run_id, "modified": instant(row.modified),
        "archive_status": row.archive_status,
    }  # fmt: skip


def volume_fields(volume: Volume) -> dict[str, Any]:
    """Objects and bytes; ``unsized`` of them are in no size."""
    return {"objects": volume.objects, "size": volume.size_bytes, "unsized": volume.unsized}


def totals_fields(totals: PrefixTotals) -> dict[str, Any]:
    """What lies below a prefix: archived, restoring, readable and unseen make up the whole."""
    parts = {"archived": totals.archived, "restoring": totals.restoring, "readable": totals.readable,
             "unseen": totals.unseen}  # fmt: skip
    return {
        **volume_fields(totals.whole), **{name: volume_fields(volume) for name, volume in parts.items()},
        "gone": totals.gone.objects,
        "states": {name: volume_fields(volume) for name, volume in totals.by_state().items()},
        "classes": {name: volume_fields(volume) for name, volume in totals.by_class().items()},
    }  # fmt: skip


def change_fields(scheme: str, entry: ActivityEntry) -> dict[str, Any]:
    """A change of state, as it arrives."""
    return {
        **(where(scheme, entry.ref) if entry.ref else {}), "at": instant(entry.at), "from": entry.from_state,
        "state": entry.to_state, "size": entry.size, "storage_class": entry.storage_class or None,
        "tier": entry.tier, "expiry": end_of(entry.expiry), "run": entry.run_id, "reason": entry.text,
        "code": entry.code or None, "request_id": entry.request_id or None,
    }  # fmt: skip


def job_fields(scheme: str, run: Run, row: JobRow) -> dict[str, Any]:
    """An object of a run as JSON."""
    return {
        **where(scheme, row.ref), "size": row.size, "storage_class": row.storage_class, "state": row.state,
        "expiry": end_of(row.expiry), "tier": row.tier, "run": run.id, "reason": row.reason,
        "code": row.code or None, "request_id": row.request_id or None, "action": row.action,
        "requested_at": instant(row.requested_at), "available_at": instant(row.available_at),
        "changed_at": instant(row.changed_at),
    }  # fmt: skip


def run_fields(run: Run, looks_cost: Decimal | None) -> dict[str, Any]:
    """A run as JSON, and what its LIST and HEAD requests have cost, where that is known."""
    return {
        "run": run.id, "tier": run.tier, "days": run.days, "purpose": run.purpose, "created_at": run.created_at,
        "objects": run.objects, "size": run.size_bytes, "counts": {state.value: n for state, n in run.counts.items()},
        "estimate": run.estimate, "currency": run.currency, "unpriced": run.unpriced, "list_calls": run.list_calls,
        "head_calls": run.head_calls, "looks_cost": looks_cost, "ended_at": run.ended_at, "note": run.note,
    }  # fmt: skip


def progress_fields(run: Run, now: "RunProgress") -> dict[str, Any]:
    """How a run goes: fields of its line in ``status RUN``. Bytes, UTC instants, seconds; money in its currency."""
    sending, arrivals, copies = now.sending, now.arrivals, now.copies
    curve = None if arrivals is None else arrivals.curve(CURVE)
    return {
        "done": now.done, "to_do": now.objects, "back_bytes": now.back_bytes, "asked_bytes": now.asked_bytes,
        "window_from": now.opens_at, "window_until": now.due_at, "window_passed": _part(now.time_part),
        "overdue_seconds": now.late.total_seconds() if now.late else 0, "overdue": now.awaited if now.late else 0,
        "unsent": sending.unsent if sending else 0,
        "sent_per_second": round(sending.per_second, 3) if sending else None,
        "sent_until": sending.ends_at if sending else None,
        "first_arrival_at": arrivals.first_at if arrivals else None,
        "last_arrival_at": arrivals.last_at if arrivals else None,
        "arrivals": curve,
        "copies_cost": copies.so_far if copies else None, "copies_cost_per_day": copies.a_day if copies else None,
        "copies_cost_is_whole": copies.is_whole if copies else None, "currency": run.currency,
    }  # fmt: skip


CURVE = 24
"""Into so many pieces of equal length the time from the first arrival to the last is divided."""


def _part(part: float | None) -> float | None:
    return None if part is None else round(part, 4)


def batch_job_fields(job: "JobInfo", run: int | None) -> dict[str, Any]:
    """A job of S3 Batch Operations as the cloud tells of it."""
    report = job.report
    return {
        "job": job.job_id, "region": job.region, "status": job.status, "operation": job.operation, "run": run,
        "priority": job.priority, "description": job.description or None, "created_at": job.created,
        "ended_at": job.ended, "total": job.total, "succeeded": job.succeeded, "failed": job.failed,
        "elapsed_seconds": job.elapsed_s, "tier": job.tier, "days": job.days, "role_arn": job.role_arn or None,
        "manifest": job.manifest or None, "generated_from": _generated(job.generated),
        "report": f"s3://{report.bucket}/{report.prefix}" if report else None,
        "failures": [{"code": code, "reason": reason} for code, reason in job.failures],
    }  # fmt: skip


def _generated(generator: "Generator | None") -> dict[str, Any] | None:
    if generator is None:
        return None
    return {"bucket": generator.bucket, "prefix": generator.prefix, "storage_classes": list(generator.classes)}


def batch_fields(batch: "BatchJob") -> dict[str, Any]:
    """A job of ours as the ledger knows it."""
    return {
        "job": batch.job_id or None, "region": batch.region or None, "status": batch.status or None,
        "run": batch.run_id, "bucket": batch.bucket, "objects": batch.objects, "size": batch.size_bytes,
        "priority": batch.options.priority, "total": batch.total, "succeeded": batch.succeeded,
        "failed": batch.failed, "elapsed_seconds": batch.elapsed_s, "days": batch.days,
        "role_arn": batch.options.role_arn, "reason": batch.problem or None, "ended_at": instant(batch.ended_at),
        "generated_from": _generated(batch.generator),
    }  # fmt: skip


def plan_fields(plan: "RestorePlan", chosen: "TierPlan") -> dict[str, Any]:
    """One tier of a plan as JSON."""
    window = chosen.window
    return {
        "tier": chosen.request.tier, "days": plan.days, "requests": chosen.requests, "size": chosen.size_bytes,
        "cost": _cost(chosen.cost, plan.prices.currency),
        "storage_90_days": plan.storage_90_days(chosen.request.tier), "egress": plan.egress(chosen.request.tier),
        "expirations": [
            {"bucket": one.bucket, "rule": one.rule.name if one.rule else None, "objects": one.objects,
             "first": one.first, "by_tags": bool(one.rule and one.rule.by_tags)}
            for one in plan.expiring
        ],
        "lifecycle_unread": sorted(plan.rules_unread),
        "provisioned_capacity": dict(plan.capacity) if chosen.request.tier is Tier.EXPEDITED else None,
        "window_seconds": [window.shortest.total_seconds(), window.longest.total_seconds()] if window else None,
        "measured": [
            {"archive": archive, "seconds": [seen.shortest.total_seconds(), seen.longest.total_seconds()],
             "percentiles": [5, 95], "restores": seen.restores}
            for archive, seen in plan.seen_here(chosen.request.tier).items()
        ],
        "quota_seconds": chosen.at_quota.total_seconds() if chosen.at_quota else None,
        "expiry_not_before": plan.expiry, "as_of": plan.as_of,
        "actions": {action.value: count for action, count in chosen.counts.items()},
        "groups": [_group(line) for line in chosen.lines],
        "prices": {"regions": list(plan.prices.regions), "date": plan.prices.date, "exact": plan.prices_exact},
    }  # fmt: skip


def missing_fields(scheme: str, ref: ObjectRef, error: CloudError, *, doubted: bool, asked: bool) -> dict[str, Any]:
    """An object that cannot be seen: not there, or ``doubted``; ``asked``: its request goes out all the same."""
    return {
        **where(scheme, ref), "reason": str(error), "hint": error.hint, "code": error.code or None,
        "status": error.status or None, "doubted": doubted, "asked": asked,
    }  # fmt: skip


def offer_fields(offer: "Offer") -> dict[str, Any]:
    """What an act other than a restore would send and cost."""
    return {
        "act": offer.act, "about": offer.about, "requests": offer.objects, "size": offer.size_bytes,
        "cost": {
            "total": offer.cost, "currency": offer.currency, "unpriced": offer.unpriced,
            "fees_unknown": offer.fees_unknown,
        },
    }  # fmt: skip


def _group(line: "PlanLine") -> dict[str, Any]:
    return {
        "bucket": line.group.bucket, "storage_class": line.group.facts.storage_class, "action": line.verdict.action,
        "reason": line.verdict.reason, "objects": line.group.objects, "size": line.group.size_bytes,
        "cost": line.cost.total, "seen_at": instant(line.group.seen_at),
        "unsent_in_run": line.group.facts.intent.run_id if line.group.facts.intent else None,
    }  # fmt: skip


def _cost(cost: "Cost", currency: str) -> dict[str, Any]:
    return {
        "total": cost.total, "retrieval": cost.retrieval, "requests": cost.requests, "copy": cost.copy,
        "storage": cost.storage, "currency": currency, "unpriced": cost.unpriced, "fees_unknown": cost.fees_unknown,
    }  # fmt: skip


def where(scheme: str, ref: ObjectRef) -> dict[str, Any]:
    """Which object."""
    location = Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id)
    return {"location": str(location), "bucket": ref.bucket, "key": ref.key, "version_id": ref.version_id}


_END_UNTOLD = END_UNTOLD.timestamp()


def end_of(seconds: float | None) -> str | None:
    """When a copy ends; None where it has no end or, beside the state ``available``, where it is not told."""
    return None if seconds is None or seconds == _END_UNTOLD else instant(seconds)


def instant(seconds: float | None) -> str | None:
    """RFC 3339 in UTC, whole seconds where they are whole."""
    if seconds is None:
        return None
    return _instant(datetime.fromtimestamp(seconds, UTC))


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="auto").replace("+00:00", "Z")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, Decimal):
        return round(float(value), 6)
    raise TypeError(type(value).__name__)
