"""The nouns of restoring, in the cloud's words (S3 API reference; FACTS 1.1-1.4)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from msgspec import Struct

DEFAULT_SCHEME = "s3"
"""The cloud that is meant where none is named, as in ledgers of before there were two."""
LARGEST_SIZE = 2**53 - 1
"""Bytes of the largest object that is believed: 8 PiB, up to which every reader of JSON keeps a number exact.

The largest that a cloud takes has 50 TB."""
CALENDAR = range(-62_135_596_800, 253_402_300_800)
"""The seconds since the epoch that have a date: the years 1 to 9999."""


END_UNTOLD = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Stands for the end of a copy that can be read, and whose end the cloud tells in words that cannot (FACTS 1.3).

Neither "for good" nor over: so it is the last instant of the calendar, which no copy is kept to.
"""


UNTOLD_CLASS = ""
"""Stands for the storage class of an object whose listing says none, where that does not mean ``STANDARD``."""
MARKER_CLASS = "(delete marker)"
"""The storage class of an entry that is a delete marker: no class of any store is called so."""


class Tier(StrEnum):
    """How fast a restore shall be. Order of speed: ``faster_than``."""

    EXPEDITED = "expedited"
    STANDARD = "standard"
    BULK = "bulk"

    @property
    def wire(self) -> str:
        """As RestoreObject spells it: ``Expedited``, ``Standard``, ``Bulk``."""
        return self.value.capitalize()

    def faster_than(self, other: "Tier") -> bool:
        """Whether re-sending with this tier speeds up a restore that runs with ``other``."""
        order = list(Tier)
        return order.index(self) < order.index(other)


class State(StrEnum):
    """Where an object stands: the one vocabulary of tables, filters and JSON.

    The first five can be read off the cloud; the others also need to know what was asked for.
    """

    ONLINE = "online"
    ARCHIVED = "archived"
    RESTORING = "restoring"
    AVAILABLE = "available"
    UNKNOWN = "unknown"
    PLANNED = "planned"
    REQUESTED = "requested"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_settled(self) -> bool:
        """Nothing more is expected of a job in this state, except that an available copy expires one day."""
        return self in _SETTLED


_SETTLED = frozenset({State.ONLINE, State.AVAILABLE, State.EXPIRED, State.SKIPPED, State.FAILED, State.CANCELLED})


class ObjectRef(NamedTuple):
    """One object, or one version of it: what a request names."""

    bucket: str
    key: str
    version_id: str | None = None


class RestoreStatus(NamedTuple):
    """What the cloud says of a restore right now; no status at all is ``None`` where one of these may stand."""

    in_progress: bool
    expiry: datetime | None = None
    """``END_UNTOLD`` where a date is told that cannot be read."""
    tier: Tier | None = None
    """Of a restore in progress, where HEAD says it; so are ``days`` and ``asked_at``."""
    days: int | None = None
    asked_at: datetime | None = None


class Entry(NamedTuple):
    """One row of a listing, as cheap as a row can be: a page makes a thousand.

    Instants are whole seconds since the epoch (UTC) here, because a million of them are stored and compared.
    """

    key: str
    version_id: str | None
    size: int | None
    """None, as for ``modified``: the store says nothing that can be meant (``LARGEST_SIZE``; years 1 to 9999)."""
    modified: int | None
    storage_class: str
    """``UNTOLD_CLASS`` where the store says none, and what that means is not known."""
    in_progress: bool | None = None
    """None: the cloud reported no restore status for it."""
    expiry: int | None = None
    etag: str = ""
    is_latest: bool = True


GOES_ON = ""
"""The token of a page behind which a listing goes on, and whose store does not tell where."""


class Page(NamedTuple):
    """One answer to a listing, and where to go on. Entries and prefixes come as the store orders them.

    Clouds promise the order of the keys' UTF-8 bytes; some stores have another, or none.
    """

    entries: Sequence[Entry]
    prefixes: Sequence[str]
    next_token: str | None
    """Opaque, or ``GOES_ON``; None at the end, and only there. For versions it holds both markers."""
    told_end: bool = False
    """The store says that nothing follows, although it names where to go on."""


class IntentStage(IntEnum):
    """How far a run is with an object that it has not surely asked for yet; the more, the less it can be undone."""

    FREE = 1
    """Not sent, and nobody pursues the run, or it waits for a decision: another run may take it over."""
    PURSUED = 2
    """Not sent; a process pursues the run and may send it at any moment."""
    IN_JOB = 3
    """In a job of S3 Batch Operations that is not done with it."""
    IN_DOUBT = 4
    """Claimed for sending, or sent without a sure answer."""


class Intent(NamedTuple):
    """An object that a run plans to restore and has not surely asked for."""

    stage: IntentStage
    run_id: int


class ObjectFacts(Struct, frozen=True):
    """All that decides what a restore of an object would do; sizes and names play no part.

    Objects with equal facts get equal verdicts, so a million objects are planned as a handful of facts.
    ``tier`` and ``days`` are what *we* asked for, where we did, and else what a HEAD told of somebody else's restore:
    no listing tells them (FACTS 1.3, 1.5). Of a copy that is there, ``days`` are those that we asked for last.
    """

    storage_class: str
    archive_status: str | None = None
    """Intelligent-Tiering: ``ARCHIVE_ACCESS`` or ``DEEP_ARCHIVE_ACCESS`` from HEAD, None otherwise."""
    looked: bool = False
    """A HEAD answered, so that an absent ``archive_status`` means: not archived."""
    in_progress: bool | None = None
    expiry: datetime | None = None
    tier: Tier | None = None
    days: int | None = None
    intent: Intent | None = None
    """Another run plans it, too: that is no restore, and not to be asked for twice."""
    untold: bool = False
    """Its listing may not tell of a restored copy, and no look did: a request might shorten one (FACTS 1.5)."""

    @property
    def is_unseen(self) -> bool:
        """Nobody may look at it: not even its class is known, nor whether it exists."""
        return self.looked and not self.storage_class


class ObjectDetail(NamedTuple):
    """What HEAD knows of one object."""

    ref: ObjectRef
    size: int | None
    """None where the store does not tell."""
    modified: datetime | None
    storage_class: str
    restore: RestoreStatus | None = None
    archive_status: str | None = None
    etag: str = ""
    version_id: str | None = None
    lifecycle_expiry: str = ""
    """The ``x-amz-expiration`` header: a lifecycle rule that deletes the object, which ends a restore early."""
    lapses: datetime | None = None
    """When that is, where it can be read."""
    headers: tuple[tuple[str, str], ...] = ()
    """Every header of the answer, for the inspector."""


class RestoreRequest(NamedTuple):
    """What the user chose: ``days`` the copy shall last (at least 1) and the retrieval ``tier``.

    ``days`` is not sent for classes whose restore has no end (Intelligent-Tiering, FACTS 1.1).
    """

    days: int
    tier: Tier
    literal: str = ""
    """What is sent instead, or besides (``core.literal``); empty for nothing."""


class Bucket(NamedTuple):
    """One bucket of the account."""

    name: str
    region: str = ""
    created: datetime | None = None


class Identity(NamedTuple):
    """Whose credentials these are."""

    account: str
    arn: str
    profile: str = ""
    region: str = ""


class Look(IntEnum):
    """How a state was learned, cheapest first; kept with each observation."""

    LIST = 1
    HEAD = 2
    EVENT = 3
    JOB = 4
