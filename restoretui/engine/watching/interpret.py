"""What a look at an object means for the job that waits for it. Pure."""

from datetime import UTC, datetime

from restoretui.core.errors import AccessDenied
from restoretui.core.model import State
from restoretui.core.rules.rules import Action, CloudRules
from restoretui.engine.watching.sweep import Sight, facts_of
from restoretui.ledger.records import JobChange, Observation, RestoreJob

DAY = 86_400.0
VISIBLE_WITHIN = 120.0
"""After a request was accepted, the seconds for which a look may still show no trace of it."""
SENT_WITHIN = 10.0
"""Seconds for which a request without an answer may still be under way: before that, no trace of it proves nothing.

They count from when the job became unknown; it may have been claimed long before its request left."""


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
    if seen.gone and job.state is State.AVAILABLE:
        return _to(job, sight, State.EXPIRED, now, "the object was deleted after it had been restored")
    if seen.gone:
        return _to(
            job, sight, State.FAILED, now, "the object is gone: deleted since it was planned", code="NoSuchKey"
        )
    facts = facts_of(seen)
    match rules.state_of(facts, now):
        case State.RESTORING if job.state is State.UNKNOWN and job.action is Action.UPGRADE:
            # No API tells the tier of a restore. If the faster one was asked for, asking again is refused (409).
            return _unsent(job, sight, now, "restoring, whether faster cannot be seen: it can be asked for again")
        case State.RESTORING:
            return _to(job, sight, State.RESTORING, now, "restoring")
        case State.AVAILABLE if job.state is State.UNKNOWN and _lasts_as_before(job, seen, rules):
            return _unsent(job, sight, now, "the copy lasts as long as before: the extension can be sent")
        case State.AVAILABLE:
            return _to(job, sight, State.AVAILABLE, now, "the copy can be read", expiry=seen.expiry)
        case State.ONLINE if seen.storage_class == rules.tiered_class:
            return _to(job, sight, State.AVAILABLE, now, "moved to Frequent Access for good")
        case State.ONLINE if job.state is State.AVAILABLE:
            reason = f"restored, and now {seen.storage_class}: it can be read without the copy"
            return _to(job, sight, State.EXPIRED, now, reason)
        case State.ONLINE:
            reason = f"overwritten since it was planned: now {seen.storage_class}, can be read as it is"
            return _to(job, sight, State.FAILED, now, reason, code="ClassChanged")
        case State.ARCHIVED:
            return _archived(job, sight, now)
    return None


def _archived(job: RestoreJob, sight: Sight, now: datetime) -> JobChange | None:
    moment = now.timestamp()
    match job.state:
        case State.AVAILABLE if job.expiry is not None and moment < job.expiry:
            return _to(job, sight, State.EXPIRED, now, "the copy is gone before its date: removed, or overwritten")
        case State.AVAILABLE:
            return _to(job, sight, State.EXPIRED, now, "the copy's days are over")
        case State.UNKNOWN:
            return _unsent(job, sight, now, "the cloud knows of no request: it can be sent")
        case State.REQUESTED | State.RESTORING:
            asked = job.requested_at
            if asked is not None and moment - asked < VISIBLE_WITHIN:
                return None
            if asked is not None and job.days is not None and moment >= asked + job.days * DAY:
                return _to(job, sight, State.EXPIRED, now, "restored and expired while nobody watched")
            reason = "the restore ended without a copy: cancelled, or the object was replaced"
            return _to(job, sight, State.FAILED, now, reason, code="RestoreVanished")
    return None


def _unsent(job: RestoreJob, sight: Sight, now: datetime, reason: str) -> JobChange | None:
    """Back to planned, unless the request may still be under way."""
    if now.timestamp() - max(job.attempt_at or 0.0, job.changed_at) < SENT_WITHIN:
        return None
    return _to(job, sight, State.PLANNED, now, reason)


def _lasts_as_before(job: RestoreJob, seen: Observation, rules: CloudRules) -> bool:
    """An extension surely had no effect: the copy ends before any extension asked for since the attempt would."""
    if job.action is not Action.EXTEND or seen.expiry is None or job.days is None or job.attempt_at is None:
        return False
    if rules.extension_adds:
        # Whether days were added to an end that nobody kept cannot be told, and asking again might add them twice.
        return False
    return seen.expiry < rules.expiry_of(datetime.fromtimestamp(job.attempt_at, UTC), job.days).timestamp()


def _refused(sight: Sight, now: datetime) -> JobChange | None:
    problem = sight.problem
    if problem is None or sight.job.state is not State.UNKNOWN:
        return None
    why = "GetObject is denied here" if isinstance(problem, AccessDenied) else str(problem)
    reason = f"whether it was requested cannot be seen: {why}"
    return _to(sight.job, sight, State.FAILED, now, reason, code=problem.code)


def _to(
    job: RestoreJob,
    sight: Sight,
    state: State,
    now: datetime,
    reason: str,
    *,
    expiry: int | None = None,
    code: str = "",
) -> JobChange | None:
    if state is job.state and (expiry is None or expiry == job.expiry):
        return None
    return JobChange(job.id, state, now.timestamp(), reason=reason, code=code, expiry=expiry, look=sight.look)
