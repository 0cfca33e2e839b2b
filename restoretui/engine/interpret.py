"""What a look at an object means for the job that waits for it. Pure."""

from datetime import datetime

from restoretui.core.errors import AccessDenied
from restoretui.core.model import State
from restoretui.core.rules import CloudRules
from restoretui.engine.sweep import Sight, facts_of
from restoretui.ledger.records import Job, JobChange

DAY = 86_400.0
VISIBLE_WITHIN = 120.0
"""After a request was accepted, the seconds for which a look may still show no trace of it (PEERS 2, row 16)."""
SENT_WITHIN = 10.0
"""Seconds after a crash, for which a request may still be under way: before that, no trace of it proves nothing."""


def interpret(sight: Sight, rules: CloudRules, now: datetime) -> JobChange | None:
    """The job's change of state, or None when the look tells nothing new.

    An ``unknown`` job without a trace goes back to ``planned``: the request had no effect and may be sent.
    """
    job = sight.job
    if sight.problem is not None:
        return _refused(sight, now)
    seen = sight.seen
    if seen is None:
        return None
    if seen.gone:
        return _to(
            job, sight, State.FAILED, now, "the object is gone: deleted since it was planned", code="NoSuchKey"
        )
    facts = facts_of(seen)
    match rules.state_of(facts, now):
        case State.RESTORING:
            return _to(job, sight, State.RESTORING, now, "restoring")
        case State.AVAILABLE:
            return _to(job, sight, State.AVAILABLE, now, "the copy can be read", expiry=seen.expiry)
        case State.ONLINE if seen.storage_class == rules.tiered_class:
            return _to(job, sight, State.AVAILABLE, now, "moved to Frequent Access for good")
        case State.ONLINE:
            reason = f"overwritten since it was planned: now {seen.storage_class}, can be read as it is"
            return _to(job, sight, State.FAILED, now, reason, code="ClassChanged")
        case State.ARCHIVED:
            return _archived(job, sight, now)
    return None


def _archived(job: Job, sight: Sight, now: datetime) -> JobChange | None:
    moment = now.timestamp()
    match job.state:
        case State.AVAILABLE:
            return _to(job, sight, State.EXPIRED, now, "the copy's days are over")
        case State.UNKNOWN:
            if job.attempt_at is not None and moment - job.attempt_at < SENT_WITHIN:
                return None
            return _to(job, sight, State.PLANNED, now, "the cloud knows of no request: it can be sent")
        case State.REQUESTED | State.RESTORING:
            asked = job.requested_at
            if asked is not None and moment - asked < VISIBLE_WITHIN:
                return None
            if asked is not None and job.days is not None and moment >= asked + job.days * DAY:
                return _to(job, sight, State.EXPIRED, now, "restored and expired while nobody watched")
            reason = "the restore ended without a copy: cancelled, or the object was replaced"
            return _to(job, sight, State.FAILED, now, reason, code="RestoreVanished")
    return None


def _refused(sight: Sight, now: datetime) -> JobChange | None:
    problem = sight.problem
    if isinstance(problem, AccessDenied) and sight.job.state is State.UNKNOWN:
        reason = "whether it was requested cannot be seen: s3:GetObject is denied here"
        return _to(sight.job, sight, State.FAILED, now, reason, code=problem.code)
    return None


def _to(
    job: Job, sight: Sight, state: State, now: datetime, reason: str, *, expiry: int | None = None, code: str = ""
) -> JobChange | None:
    if state is job.state and (expiry is None or expiry == job.expiry):
        return None
    return JobChange(job.id, state, now.timestamp(), reason=reason, code=code, expiry=expiry, look=sight.look)
