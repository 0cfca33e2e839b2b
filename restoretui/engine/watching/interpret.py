"""What a look at an object means for the job that waits for it. Pure."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from restoretui.core.errors import AccessDenied
from restoretui.core.model import State
from restoretui.core.provider import Outcome
from restoretui.core.rules.rules import CLOSE, CloudRules
from restoretui.core.rules.verdicts import Action, lacking_days
from restoretui.engine.watching.observations import facts_of
from restoretui.engine.watching.sweep import VISIBLE_WITHIN, Sight
from restoretui.ledger.records import Observation
from restoretui.ledger.run_records import JobChange, RestoreJob

DAY = 86_400.0
SENT_WITHIN = 10.0
"""Seconds for which a request without an answer may still be under way: before that, no trace of it proves nothing.

They count from when the job became unknown; it may have been claimed long before its request left."""


class Promise(NamedTuple):
    """What whoever agreed to a run was told of how long its copies last."""

    days: int
    end: datetime


def interpret(sight: Sight, rules: CloudRules, now: datetime, promise: Promise | None = None) -> JobChange | None:
    """The job's change of state, or None when the look tells nothing new.

    An ``unknown`` job without a trace goes back to ``planned``: the request had no effect and may be sent. So does
    one that restored by somebody else's request and ends before what its run promised: it is extended.
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
            asked = seen.asked_at if job.adopted and job.requested_at is None else None
            if asked is not None:
                return JobChange(
                    job.id, State.RESTORING, now.timestamp(), reason="restoring", look=sight.look, requested_at=asked
                )
            return _to(job, sight, State.RESTORING, now, "restoring")
        case State.AVAILABLE if job.state is State.UNKNOWN and _lasts_as_before(job, seen, rules):
            return _unsent(job, sight, now, "the copy lasts as long as before: the extension can be sent")
        case State.AVAILABLE if job.state is State.UNKNOWN and _lasts_too_long(job, seen, rules):
            return _unsent(job, sight, now, "the copy lasts as long as before: it can be asked to end sooner")
        case State.AVAILABLE if promise and _is_to_be_added_to(job, seen, promise, rules):
            return _extension(job, sight, now, promise, rules) if _is_settled(sight, now) else None
        case State.AVAILABLE if promise and _is_to_be_extended(job, seen, promise):
            return _extension(job, sight, now, promise, rules)
        case State.AVAILABLE:
            return _to(job, sight, State.AVAILABLE, now, "the copy can be read", expiry=seen.expiry)
        case State.ONLINE if seen.storage_class == rules.tiered_class:
            return _to(job, sight, State.AVAILABLE, now, "moved to Frequent Access for good")
        case State.ONLINE if _is_same_elsewhere(job, seen, rules):
            reason = f"restored, and now {seen.storage_class}: it can be read"
            return _to(job, sight, State.AVAILABLE, now, reason)
        case State.ONLINE if job.state is State.AVAILABLE and job.expiry is None:
            return None  # It was kept: there is no copy to end.
        case State.ONLINE if job.state is State.AVAILABLE:
            reason = f"restored, and now {seen.storage_class}: it can be read without the copy"
            return JobChange(job.id, State.EXPIRED, now.timestamp(), reason=reason, look=sight.look, ends_copy=True)
        case State.ONLINE:
            reason = f"overwritten since it was planned: now {seen.storage_class}, can be read as it is"
            return _to(job, sight, State.FAILED, now, reason, code="ClassChanged")
        case State.ARCHIVED if _is_over_untold(job, seen, rules):
            return _to(job, sight, State.AVAILABLE, now, "the restore is over; until when the copy lasts is not told")
        case State.ARCHIVED:
            return _archived(job, sight, now, promise, rules)
    return None


def _archived(
    job: RestoreJob, sight: Sight, now: datetime, promise: Promise | None, rules: CloudRules
) -> JobChange | None:
    moment = _as_of(sight, now)
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
            return _over_without_a_copy(job, sight, now, promise, rules)
    return None


def _over_without_a_copy(
    job: RestoreJob, sight: Sight, now: datetime, promise: Promise | None, rules: CloudRules
) -> JobChange | None:
    """What was being restored is archived again, and no copy was ever seen.

    A copy that we asked for lasts its days at least. How long one lasts that another request asked for is told
    nowhere: it may have come and gone since the last look. What comes back for good has no days to be over.
    """
    moment = _as_of(sight, now)
    days = job.days or (promise.days if promise and job.storage_class != rules.tiered_class else None)
    asked = job.changed_at if job.requested_at is None else job.requested_at
    is_foreign = job.requested_at is None or job.outcome == Outcome.ALREADY_RESTORING or job.action is Action.UPGRADE
    if days is not None and moment >= asked + days * DAY:
        reason = "restored and expired while nobody watched"
        if is_foreign:
            reason += ", or cancelled: another request had asked for it"
        return _to(job, sight, State.EXPIRED, now, reason)
    reason = "the restore ended without a copy: cancelled, or the object was replaced"
    if is_foreign:
        reason = (
            "the restore that another request had asked for is over: cancelled, the object was replaced, or the "
            "copy's days ended while nobody watched"
        )
    return _to(job, sight, State.FAILED, now, reason, code="RestoreVanished")


def _unsent(job: RestoreJob, sight: Sight, now: datetime, reason: str) -> JobChange | None:
    """Back to planned, unless the request may still be under way."""
    if not _is_settled(sight, now):
        return None
    return JobChange(job.id, State.PLANNED, now.timestamp(), reason=reason, look=sight.look, judged=job.judged)


def _is_settled(sight: Sight, now: datetime) -> bool:
    """What was sent for an unknown job had had its effect by the time of the look, or never will."""
    job = sight.job
    return _as_of(sight, now) - max(job.attempt_at or 0.0, job.changed_at) >= SENT_WITHIN


def _as_of(sight: Sight, now: datetime) -> float:
    """As of when the look is true: an answer that was long in coming shows nothing of what was sent meanwhile."""
    return min(sight.as_of, now.timestamp())


def _extension(job: RestoreJob, sight: Sight, now: datetime, promise: Promise, rules: CloudRules) -> JobChange:
    """The copy is there and ends before what was promised: planned again, for the days that get it there."""
    end = sight.seen.expiry if sight.seen else None
    days = promise.days
    if rules.extension_adds and end is not None:
        days = min(days, lacking_days(datetime.fromtimestamp(end, UTC), promise.end))
    reason = "the copy is there and ends before the days asked for: it is extended now"
    return JobChange(
        job.id, State.PLANNED, now.timestamp(), look=sight.look, expiry=end, extends=days, reason=reason,
        judged=job.judged,
    )  # fmt: skip


def _lasts_as_before(job: RestoreJob, seen: Observation, rules: CloudRules) -> bool:
    """An extension surely had no effect: the copy ends before any extension asked for since the attempt would."""
    if job.action is not Action.EXTEND or seen.expiry is None or job.days is None or job.attempt_at is None:
        return False
    if rules.extension_adds:
        # Whether days were added to an end that nobody kept cannot be told, and asking again might add them twice.
        return False
    return seen.expiry < rules.expiry_of(datetime.fromtimestamp(job.attempt_at, UTC), job.days).timestamp()


def _lasts_too_long(job: RestoreJob, seen: Observation, rules: CloudRules) -> bool:
    """A copy that was to end sooner surely did not hear of it: it still ends after any such end would."""
    if job.action is not Action.SHORTEN or seen.expiry is None or job.days is None or job.attempt_at is None:
        return False
    asked = datetime.fromtimestamp(job.attempt_at, UTC)
    return seen.expiry > rules.expiry_of(asked + timedelta(hours=1), job.days).timestamp()


def _ends_too_soon(seen: Observation, promise: Promise) -> bool:
    return seen.expiry is not None and seen.expiry < (promise.end - CLOSE).timestamp()


def _is_to_be_added_to(job: RestoreJob, seen: Observation, promise: Promise, rules: CloudRules) -> bool:
    """An extension without an answer, where days are added: what the copy lacks still, whoever added meanwhile."""
    if not rules.extension_adds or job.state is not State.UNKNOWN or job.action is not Action.EXTEND:
        return False
    return _ends_too_soon(seen, promise)


def _is_to_be_extended(job: RestoreJob, seen: Observation, promise: Promise) -> bool:
    """Restored by a request that was not for our days (somebody else's, or before a speed-up)."""
    if job.state not in (State.REQUESTED, State.RESTORING) or not _ends_too_soon(seen, promise):
        return False
    if job.action is Action.LATER:
        return True
    if job.action is Action.UPGRADE:
        return job.days is not None and job.days < promise.days
    return job.action is Action.START and job.outcome == Outcome.ALREADY_RESTORING


def _is_same_elsewhere(job: RestoreJob, seen: Observation, rules: CloudRules) -> bool:
    """Readable, in another class than it was archived in, and still the object that was asked for (FACTS 5).

    Some stores show a restored object in an online class, with a copy's end or for good. Size and ETag tell another
    upload; a version that was named cannot be one, nor does one say that it was restored. Of a tiering store's stub,
    which has no bytes, both change by themselves.
    """
    if rules.class_stays or seen.storage_class == job.storage_class:
        return False
    if job.state not in (State.REQUESTED, State.RESTORING, State.AVAILABLE, State.UNKNOWN):
        return False
    if job.ref.version_id is not None or seen.in_progress is False or (job.size == 0 and seen.size):
        return True
    if job.etag and seen.etag:
        return job.etag == seen.etag
    return None in (job.size, seen.size) or job.size == seen.size


def _is_over_untold(job: RestoreJob, seen: Observation, rules: CloudRules) -> bool:
    """It was in progress and is so no more, at a store of which nobody knows what no date means (FACTS 1.3)."""
    if rules.undated_for_good is not None or seen.in_progress is not False or seen.expiry is not None:
        return False
    return job.state is State.RESTORING or (job.state is State.AVAILABLE and job.expiry is None)


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
    return JobChange(
        job.id, state, now.timestamp(), reason=reason, code=code, expiry=expiry, look=sight.look, as_of=sight.as_of
    )
