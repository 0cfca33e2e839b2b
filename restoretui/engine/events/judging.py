"""What an event means for a job: believed as it stands, a reason to look, or nothing new. Pure."""

from enum import Enum, auto

from restoretui.core.events.messages import EventKind, RestoreEvent
from restoretui.core.model import Look, State
from restoretui.engine.watching.sweep import Sight
from restoretui.ledger.records import Observation
from restoretui.ledger.run_records import TRACKED, RestoreJob

CLOSE_S = 60.0
"""Between the cloud's clock and ours, when a request went out."""
_AWAITED = frozenset({State.REQUESTED, State.RESTORING})


class EventDoubt(Enum):
    """Where the event is not simply believed."""

    LOOK = auto()
    """Something has changed: a HEAD tells what."""
    LATER = auto()
    """A request for the object is under way, whose answer is to be written down first."""
    NOTHING = auto()


def judged(event: RestoreEvent, job: RestoreJob, now: float) -> Sight | EventDoubt:
    """The end of a restore is believed where the event names it, and is surely of this job's request.

    Events come in any order, more than once, and days late: one from before the request is about another.
    """
    if job.state is State.PLANNED:
        return EventDoubt.LATER if job.attempt_at is not None else EventDoubt.NOTHING
    if job.state not in TRACKED or _is_of_another(event, job):
        return EventDoubt.NOTHING
    if event.kind is EventKind.STARTED and (job.state in _AWAITED or _is_of_our_request(event, job)):
        return EventDoubt.NOTHING  # of our own request, most likely, of which the answer told as much
    if event.kind is EventKind.COMPLETED and job.state is State.AVAILABLE and _tells_known_end(event, job):
        return EventDoubt.NOTHING
    return _believed(event, job, now) or EventDoubt.LOOK


def _is_of_another(event: RestoreEvent, job: RestoreJob) -> bool:
    """A version was asked for, and the event is about another one."""
    return job.ref.version_id is not None and event.version_id not in (None, job.ref.version_id)


def _is_of_our_request(event: RestoreEvent, job: RestoreJob) -> bool:
    """It may come after the one that says it is done."""
    return event.at is not None and job.requested_at is not None and event.at <= job.requested_at + CLOSE_S


def _tells_known_end(event: RestoreEvent, job: RestoreJob) -> bool:
    return event.expiry is not None and job.expiry is not None and int(event.expiry) <= job.expiry


def _believed(event: RestoreEvent, job: RestoreJob, now: float) -> Sight | None:
    if event.kind is not EventKind.COMPLETED or event.expiry is None or event.expiry <= now:
        return None
    if job.state not in _AWAITED or job.requested_at is None or event.at is None or event.at < job.requested_at:
        return None
    # Of a bucket with versions the event names one; whether that is the current one, which was asked for, only a
    # look tells. Another size or ETag is another upload.
    is_same = event.version_id == job.ref.version_id and (None in (event.size, job.size) or event.size == job.size)
    if not is_same or (event.etag and job.etag and event.etag != job.etag):
        return None
    seen = Observation(
        job.ref.key, job.ref.version_id, job.storage_class, job.size, None, None, False, False, int(event.expiry),
        now, etag=job.etag,
    )  # fmt: skip
    return Sight(job, Look.EVENT, seen, as_of=event.at)
