"""The ledger's records: frozen values that it hands out and takes in.

Instants: ``Listing`` and ``Run``, of which there are few, carry aware UTC datetimes. Rows, jobs, looks and changes,
of which there may be a million, carry seconds since the epoch (UTC). Sizes are bytes. Money is ``Decimal``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol, TypeVar

from restoretui.core.errors import LedgerError
from restoretui.core.model import Look, ObjectRef, State, Tier
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.stores import read_spec
from restoretui.core.rules.verdicts import Action, Purpose


class CloudId(NamedTuple):
    """Which cloud a bucket belongs to; an empty ``endpoint`` is the vendor's own.

    Two compatible stores may each hold a bucket of the same name: the endpoint tells them apart. Behind a ``#`` it
    says by which rules the store goes (``core.rules.stores``), for those that have some of their own.
    """

    scheme: str
    endpoint: str = ""

    @property
    def rules(self) -> CloudRules:
        """The cloud's tables; ``LedgerError`` for a cloud that this version does not know."""
        return _rules(self)


@lru_cache(64)
def _rules(cloud: CloudId) -> CloudRules:
    endpoint, _, spec = cloud.endpoint.partition("#")
    try:
        kind = CLOUDS[cloud.scheme]
        foreign = kind.foreign_rules if endpoint else None
        return read_spec(spec).rules if spec else foreign or kind.rules
    except (KeyError, ValueError):
        raise LedgerError(
            f"the ledger holds objects of {cloud.scheme}://, kept by rules this restoretui does not know",
            "upgrade restoretui",
        ) from None


# --- what was seen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """What one listing covers. With ``single``, exactly the key ``prefix``."""

    cloud: CloudId
    bucket: str
    prefix: str = ""
    recursive: bool = False
    versions: bool = False
    single: bool = False


FRESH = timedelta(minutes=10)
"""A listing that is younger (cloud time) may be shown as it is when its place is opened; older ones are made anew."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing, finished or not."""

    id: int
    scope: Scope
    objects: int
    prefixes: int
    """Common prefixes; a recursive listing has none."""
    size_bytes: int
    started_at: datetime
    ended_at: datetime | None
    """None while it runs, and after a crash in the middle of it."""
    resume_token: str | None
    """Where to go on; None before the first page and after the last."""
    error: str
    """Why it stopped early; empty otherwise."""

    @property
    def is_complete(self) -> bool:
        """It reached the end."""
        return self.ended_at is not None and not self.error

    def is_stale(self, now: datetime) -> bool:
        """It ended (or, cut short, began) longer ago than what may be shown unasked, whoever made it."""
        return now - (self.ended_at or self.started_at) > FRESH


@dataclass(frozen=True, slots=True)
class CatalogBounds:
    """How much is kept of what was listed."""

    listings: int = 2
    """Of each place: the one on screen, and the one being made or the one before."""
    size_bytes: int = 2 << 30
    """Of the whole catalog on disk; the oldest listings go first."""
    age_s: float = 30 * 86_400.0
    """Since a listing ended, in cloud time."""


class Observation(NamedTuple):
    """What one look (HEAD, LIST or event) showed of one object. The newest wins over what any listing showed."""

    key: str
    version_id: str | None
    storage_class: str
    size: int | None
    """None, wherever it stands: the store does not tell."""
    modified: int | None
    archive_status: str | None
    looked: bool
    """A HEAD answered, so that no ``archive_status`` means: not archived."""
    in_progress: bool | None
    expiry: int | None
    seen_at: float
    gone: bool = False
    """It is no longer there."""
    etag: str = ""
    """Without its quotes; empty where it was not told."""
    tier: Tier | None = None
    """Of the restore in progress, where a HEAD told it; so are ``days`` and ``asked_at``."""
    days: int | None = None
    asked_at: float | None = None


# --- windows -------------------------------------------------------------------------------------------------------

SortKey = Literal["key", "size", "modified", "storage_class", "state", "expiry"]


@dataclass(frozen=True, slots=True)
class Query:
    r"""What a view shows, and in which order.

    ``text`` with ``*``, ``?`` or ``[...]`` is a case-sensitive glob over the whole key, or over what follows the
    listing's prefix; otherwise any key that contains it matches, whatever its case. A backslash makes the next
    ``* ? [ ] \`` literal. Empty sets mean: any. Sizes, dates and classes count as they were listed, states and
    expiries as they are known now. Of a view of jobs ``modified`` sorts by the last change of state.
    """

    text: str = ""
    states: frozenset[State] = frozenset()
    storage_classes: frozenset[str] = frozenset()
    sort: SortKey = "key"
    descending: bool = False
    matches: tuple[str, ...] = ()
    """More such texts, of which any one must match, besides ``text``."""

    @property
    def filters(self) -> bool:
        """It leaves something out."""
        return bool(self.text or self.matches or self.states or self.storage_classes)


EVERYTHING = Query()
"""All rows, in key order (of the audit trail: newest first)."""


class BrowseRow(NamedTuple):
    """One line of a listing. ``id`` stays the same as long as the listing lives; negative for common prefixes."""

    id: int
    is_prefix: bool
    ref: ObjectRef
    """Of a common prefix: the prefix stands in ``key``."""
    size: int | None
    modified: int | None
    storage_class: str
    archive_status: str | None
    state: State
    """``unknown`` for common prefixes, objects that are gone, and those that only a HEAD can judge."""
    expiry: int | None
    marked: bool
    """Of a common prefix: something below it is marked."""
    tier: Tier | None
    """Of our newest job on it, while that job is not over."""
    run_id: int | None
    etag: str
    is_latest: bool
    gone: bool
    """A later look found it deleted."""
    marking: bool | None = None
    """What ``marked`` is about to become; None when no change of it is on its way to disk."""


class JobRow(NamedTuple):
    """One line of a run."""

    id: int
    ref: ObjectRef
    size: int | None
    state: State
    storage_class: str
    archive: str | None
    action: Action
    reason: str
    """Why it was skipped or failed; before that, the plan's reason for the action."""
    tier: Tier | None
    days: int | None
    attempt_at: float | None
    requested_at: float | None
    available_at: float | None
    changed_at: float
    """When it came into its state."""
    expiry: int | None
    code: str
    message: str
    request_id: str
    adopted: bool
    """Somebody else's restore, watched by us."""


class ActivityEntry(NamedTuple):
    """One line of the audit trail; what it says of an object is as it was then."""

    id: int
    at: float
    kind: str
    run_id: int | None
    job_id: int | None
    cloud: CloudId | None
    ref: ObjectRef | None
    from_state: State | None
    to_state: State | None
    tier: Tier | None
    expiry: int | None
    size: int | None
    storage_class: str
    text: str
    code: str
    request_id: str


Row = TypeVar("Row", covariant=True)


class View(Protocol[Row]):
    """A scrollable cursor: rows in an order, read by position.

    ``rows``, ``position`` and ``row_id`` are quick enough for a repaint, on the event loop's thread. ``LedgerError``
    once the view is closed, or when the listing it shows was removed meanwhile.
    """

    @property
    def count(self) -> int:
        """How many rows there are; grows while the listing runs if the query is the default one."""
        ...

    @property
    def complete(self) -> bool:
        """False while a large filtered or sorted view has only its first rows and a lower bound of its count."""
        ...

    async def wait(self) -> None:
        """Until ``complete``; at once for most views. A topic ``view:ID`` tells of more rows, too."""
        ...

    def rows(self, start: int, n: int) -> Sequence[Row]:
        """At most ``n`` rows from position ``start``, as they are now."""
        ...

    def position(self, row_id: int) -> int | None:
        """Where the row with that id stands; None when it is not in the view."""
        ...

    def row_id(self, position: int) -> int | None:
        """The id of the row at that position; None past the end."""
        ...

    async def aclose(self) -> None:
        """Forget the view and what it took on disk."""
        ...


# --- what was chosen -----------------------------------------------------------------------------------------------


class ObjectTally(NamedTuple):
    """Objects, and their bytes."""

    objects: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SelectionSummary:
    """How much is marked."""

    objects: int = 0
    size_bytes: int = 0
    by_bucket: Mapping[tuple[CloudId, str], ObjectTally] = field(default_factory=dict)


# --- what was intended and what became of it -----------------------------------------------------------------------

WAITING = frozenset({State.PLANNED, State.REQUESTED, State.RESTORING, State.UNKNOWN})
"""States of jobs from which something is still expected soon; a run with any such job is open."""

TRACKED = frozenset({State.REQUESTED, State.RESTORING, State.UNKNOWN, State.AVAILABLE})
"""States the watcher looks after; an available copy expires one day."""


@dataclass(frozen=True, slots=True)
class Run:
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

    @property
    def waiting(self) -> int:
        """Jobs planned, requested, restoring or unknown."""
        return sum(self.counts.get(state, 0) for state in WAITING)

    @property
    def promised_end(self) -> datetime | None:
        """The earliest that its copies were to end; None where days are added to ends that only the cloud knows."""
        rules = self.cloud.rules
        if self.purpose is Purpose.UPGRADE or (self.purpose is Purpose.EXTEND and rules.extension_adds):
            return None
        return rules.expiry_of(self.created_at, self.days)

    @property
    def is_open(self) -> bool:
        """Something is still expected of it."""
        return self.waiting > 0


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


class JobChange(NamedTuple):
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
    extends: bool = False
    """The copy is there and ends too soon: the job, planned again, is now to extend it, as was agreed to."""
    requested_at: float | None = None
    """When somebody else asked for it, where the cloud tells."""


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


@dataclass(frozen=True, slots=True)
class TrackedGroup:
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
