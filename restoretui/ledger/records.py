"""The ledger's records: frozen values that it hands out and takes in.

Instants: ``Listing`` and ``Run``, of which there are few, carry aware UTC datetimes. Rows, jobs, looks and changes,
of which there may be a million, carry seconds since the epoch (UTC). Sizes are bytes. Money is ``Decimal``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeVar

from msgspec import Struct, field

from restoretui.core.errors import LedgerError
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.ledger.queries import BELOW as BELOW
from restoretui.ledger.queries import EVERYTHING as EVERYTHING
from restoretui.ledger.queries import Query as Query
from restoretui.ledger.queries import SortKey as SortKey

if TYPE_CHECKING:
    from restoretui.core.filter.completion import Present
    from restoretui.core.rules.verdicts import Action
    from restoretui.ledger.volumes import PrefixTotals


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
    from restoretui.core.rules.stores import read_spec

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


class Scope(NamedTuple):
    """What one listing covers. With ``single``, exactly the key ``prefix``."""

    cloud: CloudId
    bucket: str
    prefix: str = ""
    recursive: bool = False
    versions: bool = False
    single: bool = False


class Origin(NamedTuple):
    """Where a listing is from that is no LIST of what is there now."""

    kind: Literal["inventory", "as-of", "set"]
    source: str
    """Which inventory: its manifest's location and checksum. Which set, after which change. Else what is asked."""
    as_of: datetime
    only: str = ""
    """The filter by which rows were kept; empty: all. Of a set, its name."""

    @property
    def is_silent(self) -> bool:
        """It tells of no restores, as if there were none."""
        return self.kind in ("inventory", "set")


FRESH = timedelta(minutes=10)
"""A listing that is younger (cloud time) may be shown as it is when its place is opened; older ones are made anew."""


class Listing(Struct, frozen=True):
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
    origin: Origin | None = None
    """None: a LIST. Of an inventory, ``started_at`` and ``ended_at`` are the instant as of which it is."""

    @property
    def is_complete(self) -> bool:
        """It reached the end."""
        return self.ended_at is not None and not self.error

    def is_stale(self, now: datetime) -> bool:
        """It ended (or, cut short, began) longer ago than what may be shown unasked, whoever made it."""
        return now - (self.ended_at or self.started_at) > FRESH


class CatalogBounds(Struct, frozen=True):
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
    lapses: int | None = None
    """When a lifecycle rule deletes it, where a HEAD told that."""


# --- windows -------------------------------------------------------------------------------------------------------


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
    below: "PrefixTotals | None" = None
    """Of a common prefix: what lies below it, where the ledger has it listed flat."""
    marking: bool | None = None
    """What ``marked`` is about to become; None when no change of it is on its way to disk."""
    number: int = 0
    """In a listing of versions: 1 for the newest of its key, and so on; 0 where that is not told."""
    deleted: bool = False
    """In a listing of versions: the key is deleted, a delete marker stands before its versions."""


class JobRow(NamedTuple):
    """One line of a run."""

    id: int
    ref: ObjectRef
    size: int | None
    state: State
    storage_class: str
    archive: str | None
    action: "Action"
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
    then: str = ""
    """What its run does with it once it can be read, and how far that is: ``copy done; exec failed: …``."""
    charged: str = ""
    """Who is charged for its request, where the cloud said it."""
    output_path: str = ""
    """Where its results are written, where they are no copy."""


class PastJob(NamedTuple):
    """One restore of an object, in the run that asked for it."""

    run_id: int
    job: JobRow


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

    async def present(self) -> "Present":
        """What there is to filter by, whatever the query leaves out of it: counted, so not for a repaint."""
        ...

    async def aclose(self) -> None:
        """Forget the view and what it took on disk."""
        ...


# --- what was chosen -----------------------------------------------------------------------------------------------


class ObjectTally(NamedTuple):
    """Objects, and their bytes."""

    objects: int
    size_bytes: int


class SelectionSummary(Struct, frozen=True):
    """How much is marked."""

    objects: int = 0
    size_bytes: int = 0
    by_bucket: Mapping[tuple[CloudId, str], ObjectTally] = field(default_factory=dict)
