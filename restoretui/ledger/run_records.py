"""The ledger's records of what was intended and what became of it: runs, their jobs, changes of jobs.

Instants: ``Run``, of which there are few, carries aware UTC datetimes; jobs and changes, of which there may be a
million, carry seconds since the epoch (UTC). Sizes are bytes. Money is ``Decimal``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from restoretui.core.literal.literal import Literal
from restoretui.core.model import Look, ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.ledger.records import CloudId

if TYPE_CHECKING:
    from restoretui.ledger.then_records import StepCount

WAITING = frozenset({State.PLANNED, State.REQUESTED, State.RESTORING, State.UNKNOWN})
"""States of jobs from which something is still expected soon; a run with any such job is open."""

TRACKED = frozenset({State.REQUESTED, State.RESTORING, State.UNKNOWN, State.AVAILABLE})
"""States the watcher looks after; an available copy expires one day."""

Judged = tuple[State, float]
"""The state in which a job was when it was judged, and since when: one that was sent since is another."""


class Run(Struct, frozen=True):
    """One confirmed plan and how far it has come."""

    id: int
    cloud: CloudId
    connection: Mapping[str, object]
    """How to reach the cloud again (profile, region, account ...); never a secret."""
    purpose: Purpose
    tier: Tier
    days: int
    note: str
    created_at: datetime
    objects: int
    size_bytes: int
    counts: Mapping[State, int]
    bytes_by_state: Mapping[State, int]
    estimate: Decimal
    currency: str
    unpriced: int
    """Objects whose price the table did not know."""
    list_calls: int
    head_calls: int
    window: tuple[float, float] | None
    """Typical shortest and longest seconds from request to copy, over the whole plan."""
    first_requested_at: datetime | None
    last_requested_at: datetime | None
    ended_at: datetime | None
    """When its last waiting job was settled; None while any waits."""
    asks: int | None = None
    """Objects that it asks for itself as soon as it is agreed to: the others restored, or were restored, by somebody
    else's request. None for runs of earlier versions, which did not count them."""
    buckets: tuple[str, ...] = ()
    """Names of those its objects are in."""
    regions: tuple[str, ...] = ()
    """Of its buckets; none known of runs of earlier versions."""
    then: "Sequence[StepCount]" = ()
    """What shall be done with its objects once they can be read, and how far that is."""
    by_jobs: bool = False
    """Objects of it go, or went, through jobs of S3 Batch Operations."""
    is_unsized: bool = False
    """No object's size is told, as by the manifest of a job that is followed: ``size_bytes`` is 0 then."""
    requester: str = ""
    """Who asked for it, and under which ticket, as far as that was said."""
    ticket: str = ""
    literal: str = ""
    """What is sent in place of, or beside, days and tier (``core.literal``)."""

    @property
    def waiting(self) -> int:
        """Jobs planned, requested, restoring or unknown."""
        return sum(self.counts.get(state, 0) for state in WAITING)

    @property
    def then_open(self) -> bool:
        """A then-step is still to be done with something that can be read already."""
        return any(step.open for step in self.then)

    @property
    def then_failed(self) -> int:
        """Then-steps that could not be done, each with one object."""
        return sum(step.failed for step in self.then)

    @property
    def told_bytes(self) -> int | None:
        """``size_bytes`` for people; None where no size is told."""
        return None if self.is_unsized else self.size_bytes

    @property
    def promised_end(self) -> datetime | None:
        """The earliest that its copies were to end; None where days are added to ends that only the cloud knows.

        Not rounded up to a midnight, as AWS does: a server that counts exactly keeps its word as well (FACTS 1.5).
        """
        rules = self.cloud.rules
        if self.literal and Literal.of_text(self.literal).request:
            return None
        if self.purpose is Purpose.UPGRADE or (self.purpose is Purpose.EXTEND and rules.extension_adds):
            return None
        return self.created_at + timedelta(days=self.days)

    @property
    def can_change(self) -> bool:
        """Something is awaited, or a copy is there: it may be removed, overwritten or extended by anybody."""
        return self.is_open or self.counts.get(State.AVAILABLE, 0) > 0

    @property
    def is_open(self) -> bool:
        """Something is still expected of it."""
        return self.waiting > 0

    @property
    def profiles(self) -> Mapping[str, str]:
        """By bucket, the profile it is reached with, where those are several; empty where all are reached as one."""
        own: Any = self.connection.get("buckets") or {}
        return {bucket: str(own.get(bucket, self.connection).get("profile") or "") for bucket in self.buckets if own}


class BucketSpan(NamedTuple):
    """Jobs of a run that stand together, and are about one bucket."""

    bucket: str
    first: int
    last: int


class RestoreJob(NamedTuple):
    """One object in a run, as the submitter and the watcher need it; a tuple, since a round makes a million."""

    id: int
    run_id: int
    cloud: CloudId
    ref: ObjectRef
    size: int | None
    storage_class: str
    archive: str | None
    action: Action
    state: State
    tier: Tier | None
    days: int | None
    attempt_at: float | None
    """When it was claimed for sending; stays until the claim is released."""
    requested_at: float | None
    expiry: int | None
    adopted: bool
    changed_at: float = 0.0
    """Since when it is in its state."""
    etag: str = ""
    """Of the object it was planned for, where the class may change by a restore; else empty."""
    outcome: str = ""
    """The answer to its request (``core.provider.Outcome``)."""

    @property
    def judged(self) -> Judged:
        """What a change that rests on this row names as its ground."""
        return self.state, self.changed_at


class JobChange(Struct, frozen=True):
    """A change of one job's state. Idempotent: applying an equal one again changes and logs nothing."""

    job_id: int
    state: State
    at: float
    """When it was learned, in cloud time."""
    reason: str = ""
    outcome: str = ""
    """The answer to our request (``core.provider.Outcome``), when this change stems from one."""
    code: str = ""
    message: str = ""
    request_id: str = ""
    expiry: int | None = None
    """When the copy ends, once it is known; None leaves what is known."""
    look: Look | None = None
    extends: int | None = None
    """The copy is there and ends too soon: the job, planned again, is now to extend it by asking for so many days."""
    requested_at: float | None = None
    """When somebody else asked for it, where the cloud tells."""
    endless: bool = False
    """It can be read for good now: it was kept, and the end of its copy means nothing any more."""
    as_of: float = inf
    """As of when it is true, in cloud time: what was asked for before that cannot tell of what was done since."""
    ends_copy: bool = False
    """Void where the copy has no end by now: it was kept while somebody looked."""
    looked_before: float | None = None
    """Of a copy that has arrived: when the same watcher last looked and found none; None if it never had."""
    keeps: bool = False
    """With ``extends``: what shall be done with the copy is not done yet, and else it would end before."""
    charged: str = ""
    """Who is charged for the request, as the cloud says it."""
    output_path: str = ""
    """Where results are written, as the cloud says it."""
    judged: Judged | None = None
    """Void unless the job is still as it was judged: another who looked, too, may have had it sent since."""


class Cause(NamedTuple):
    """One reason for which objects of a run were not restored."""

    state: State
    """``failed``, or ``skipped`` where the plan itself refused them."""
    code: str
    """The cloud's; empty where it was not asked."""
    reason: str
    objects: int
    of_rights: int
    """Of them, those for which somebody lacks a right, or is forbidden to."""


class TrackedGroup(Struct, frozen=True):
    """Jobs that the watcher treats alike. Instants are cloud time, seconds since the epoch."""

    run_id: int
    cloud: CloudId
    bucket: str
    versions: bool
    """They name versions, which only a listing of versions shows."""
    archive: str | None
    storage_class: str
    tier: Tier | None
    state: State
    jobs: int
    size_bytes: int
    requested_first: float | None
    requested_last: float | None
    expiry_first: int | None
