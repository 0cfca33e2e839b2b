"""Lines about runs, and what several of them come to."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from restoretui.core.literal.literal import Literal
from restoretui.core.model import State
from restoretui.ledger.run_records import Cause, Run
from restoretui.session.jsonlines.line import known, where_all

if TYPE_CHECKING:
    from restoretui.core.progress import RunProgress
    from restoretui.ledger.then_records import StepCount, ThenCause


def states_fields(counts: Mapping[State, int]) -> dict[str, int]:
    """One field for each state, 0 where there are none."""
    return {state.value: counts.get(state, 0) for state in State}


def run_fields(run: Run, looks_cost: Decimal | None) -> dict[str, Any]:
    """A run, and what its LIST and HEAD requests have cost, where that is known."""
    return {
        "run": run.id, **where_all(run.cloud.scheme, run.buckets), "region": run.connection.get("region") or None,
        "endpoint_url": run.connection.get("endpoint_url") or None,
        "profile": (run.connection.get("profile") or None) if not run.profiles else None,
        "profiles": {bucket: name for bucket, name in run.profiles.items() if name} or None,
        "engine": "batch" if run.by_jobs else "direct", "tier": run.tier, "days": run.days,
        "purpose": run.purpose, "created_at": run.created_at, "objects": run.objects, "size": run.size_bytes,
        **states_fields(run.counts), "cost": run_cost(run, looks_cost), "list_calls": run.list_calls,
        "head_calls": run.head_calls, "ended_at": run.ended_at, "requester": run.requester or None,
        "ticket": run.ticket or None, "note": run.note or None,
        "then": [_step(one) for one in run.then] if run.then else None,
        "restore_request": (Literal.of_text(run.literal).body or None) if run.literal else None,
    }  # fmt: skip


def _step(one: "StepCount") -> dict[str, Any]:
    """A then-step of a run, and how many objects it is how far with."""
    return known({
        "step": one.step.kind.value, "target": one.step.typed_target or None,
        "storage_class": one.step.storage_class or None, "objects": one.total, "then_done": one.done,
        "then_failed": one.failed, "then_open": one.open, "keep_days": one.step.keep_days or None,
        "event": one.step.event,
    })  # fmt: skip


def run_cost(run: Run, looks_cost: Decimal | None) -> dict[str, Any]:
    """The estimate it was agreed to, and what looks have cost since."""
    return {"total": run.estimate, "currency": run.currency, "unpriced": run.unpriced, "looks": looks_cost}


def costs_of(runs: Iterable[tuple[Run, Decimal | None]]) -> list[dict[str, Any]]:
    """Of several runs: one cost for each currency, since amounts of two are no sum. Looks: None where one is."""
    sums: dict[str, dict[str, Any]] = {}
    for run, looks_cost in runs:
        cost = run_cost(run, looks_cost)
        if (before := sums.get(run.currency)) is not None:
            for name in ("total", "unpriced", "looks"):
                cost[name] = None if None in (before[name], cost[name]) else before[name] + cost[name]
        sums[run.currency] = cost
    return [known(cost) for cost in sums.values()]


def cause_fields(cause: Cause) -> dict[str, Any]:
    """An entry of ``causes`` in a ``summary`` line."""
    fields = {
        "state": cause.state.value, "code": cause.code or None, "reason": cause.reason or None,
        "objects": cause.objects, "of_rights": cause.of_rights > 0,
    }  # fmt: skip
    return known(fields)


def then_cause_fields(run: Run, cause: "ThenCause") -> dict[str, Any]:
    """An entry of ``then_causes`` in a ``summary`` line."""
    step = cause.step
    return known(
        {
            "run": run.id, "step": str(step.kind), "target": step.typed_target or None, "event": step.event,
            "code": cause.code or None, "reason": cause.reason or None, "objects": cause.objects,
        }
    )  # fmt: skip


def progress_fields(now: "RunProgress") -> dict[str, Any]:
    """How a run goes: fields of its line in ``status RUN``. Bytes, UTC instants, seconds; money in its currency."""
    sending, arrivals, copies = now.sending, now.arrivals, now.copies
    return {
        "done": now.done, "to_do": now.objects, "back_bytes": now.back_bytes, "asked_bytes": now.asked_bytes,
        "window_opens_at": now.opens_at, "window_closes_at": now.due_at, "window_passed": _part(now.time_part),
        "overdue_seconds": now.late.total_seconds() if now.late else 0, "overdue": now.awaited if now.late else 0,
        "unsent": sending.unsent if sending else 0,
        "sent_per_second": round(sending.per_second, 3) if sending else None,
        "last_sent_at": sending.ends_at if sending else None,
        "first_arrival_at": arrivals.first_at if arrivals else None,
        "last_arrival_at": arrivals.last_at if arrivals else None,
        "arrivals": [] if arrivals is None else arrivals.curve(CURVE),
        "copies_cost": copies.so_far if copies else None, "copies_cost_per_day": copies.a_day if copies else None,
        "copies_cost_is_whole": copies.is_whole if copies else None,
    }  # fmt: skip


CURVE = 24
"""Into so many pieces of equal length the time from the first arrival to the last is divided."""


def _part(part: float | None) -> float | None:
    return None if part is None else round(part, 4)
