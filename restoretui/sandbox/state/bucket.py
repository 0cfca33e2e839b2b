"""One simulated bucket: its rows, their versions, and what is known beside the compact columns."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b, md5
from typing import NamedTuple

from msgspec import Struct, field

from restoretui.core.model import Tier
from restoretui.sandbox.state.body import Body, Generated
from restoretui.sandbox.state.kinds import KINDS, MARKER, NULL_VERSION, RULES, STANDARD, TIERING, ObjectKind
from restoretui.sandbox.state.refusals import no_such_key, no_such_version
from restoretui.sandbox.state.restore import Restore
from restoretui.sandbox.state.table import Row, SortedTable, Spot

DAY = 86400


class Extra(Struct):
    """What an object has beyond its columns; seeded objects have none of it."""

    body: Body | None = None
    """None: generated from the row's tag."""
    etag: str | None = None
    """Without quotes; None: made up from the tag."""
    headers: dict[str, str] = field(default_factory=dict)
    """Content type and user metadata, as they are answered."""
    tags: dict[str, str] = field(default_factory=dict)
    part_sizes: tuple[int, ...] = ()
    """Of an object that came in parts."""


class Expiration(NamedTuple):
    """A lifecycle rule that deletes current versions ``days`` after they were made."""

    rule_id: str
    prefix: str
    days: int

    def due(self, modified: float) -> float:
        """The midnight UTC at which it acts."""
        return -(-(modified + self.days * DAY) // DAY) * DAY


class Transition(NamedTuple):
    """A lifecycle rule that archives what is ``days`` old. Told, and never acted upon."""

    rule_id: str
    prefix: str
    days: int
    storage_class: str


class QueueRule(NamedTuple):
    """Which events a bucket sends where."""

    id: str
    arn: str
    events: tuple[str, ...]
    prefix: str
    suffix: str

    def wants(self, name: str, key: str) -> bool:
        """An event of that name (without ``s3:``) on that key goes there."""
        kind = f"s3:{name}"
        is_asked = kind in self.events or f"{kind.rpartition(':')[0]}:*" in self.events
        return is_asked and key.startswith(self.prefix) and key.endswith(self.suffix)

    def overlaps(self, other: "QueueRule") -> bool:
        """Some event on some key would go both ways, which S3 refuses."""

        def names(rule: QueueRule) -> set[str]:
            return {event.removesuffix("*") for event in rule.events}

        shared = any(one.startswith(two) or two.startswith(one) for one in names(self) for two in names(other))
        prefixes = self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        return shared and prefixes and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))


class WriteResult(NamedTuple):
    """The result of a write: ``version_id`` is None where versioning never was on."""

    row: Row
    version_id: str | None


class AskLog(NamedTuple):
    """The restore requests for one version of one object that the cloud judged, answered or not."""

    key: str
    version_id: str | None
    statuses: tuple[int, ...] = ()
    wanted: tuple[tuple[int | None, str], ...] = ()
    """The days and the tier of each."""

    def and_then(self, status: int, days: int | None, tier: Tier | None) -> "AskLog":
        """With one more."""
        return self._replace(statuses=(*self.statuses, status), wanted=(*self.wanted, (days, tier or "")))

    @property
    def is_repeated(self) -> bool:
        """The same was asked for twice. What is sped up and then, once there, extended was asked two things."""
        return len(set(self.wanted)) < len(self.wanted)


class Part(Struct):
    """One uploaded part."""

    body: Body
    size: int
    etag: str
    modified: float


class Upload(Struct):
    """A multipart upload under way."""

    key: str
    kind: int
    extra: Extra
    started: float
    parts: dict[int, Part] = field(default_factory=dict)


class BucketState(Struct):
    """A bucket. Instants are seconds since the epoch on the virtual clock."""

    name: str
    region: str = "us-east-1"
    scheme: str = "s3"
    """Whose bucket it is: ``s3`` or ``oss``; each sees its own only."""
    direct_read: bool = False
    """OSS: objects of the Archive class can be read without a restore."""
    created: float = 0.0
    owner: str = "123456789012"
    readers: set[str] = field(default_factory=set)
    """Other accounts that its policy lets read what is in it."""
    versioning: str = ""
    """As GetBucketVersioning answers: ``Enabled``, ``Suspended`` or empty for never."""
    requester_pays: bool = False
    object_lock: bool = False
    """It has a default retention: what is written needs a checksum."""
    retained: dict[int, float] = field(default_factory=dict)
    """By tag: versions that Object Lock keeps, and until when."""
    expirations: tuple[Expiration, ...] = ()
    transitions: tuple[Transition, ...] = ()
    seed: int = 1
    table: SortedTable = field(default_factory=SortedTable)
    restores: dict[int, Restore] = field(default_factory=dict)
    """By tag: each row's newest restore; one that is over goes when it is seen."""
    extras: dict[int, Extra] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    asks: dict[int, AskLog] = field(default_factory=dict)
    """By tag: every restore request that was judged. Shows whether any came twice."""
    copied: Counter[str] = field(default_factory=Counter)
    """By key: how often a copy was written there. Shows whether any was made twice."""
    notification: str = ""
    """Its notification configuration, as XML without its root."""
    inventory_rules: dict[str, str] = field(default_factory=dict)
    """Its inventory configurations by their ids, as XML without its root."""
    queue_rules: tuple[QueueRule, ...] = ()
    """What of it is about queues."""
    _written: int = 0

    # --- reading

    def current(self, key: str) -> tuple[Spot, Row]:
        """The current version; an ``ErrorAnswer`` when there is none or it is a delete marker."""
        for spot, row in self.table.versions(key):
            if row.kind & MARKER == MARKER:
                raise no_such_key(key, marker_version=self.version_id(row) or "null")
            return spot, row
        raise no_such_key(key)

    def find(self, key: str, version_id: str | None) -> tuple[Spot, Row]:
        """The version meant, which may be a delete marker when it is named."""
        if version_id is None:
            return self.current(key)
        known = False
        for spot, row in self.table.versions(key):
            known = True
            if (self.version_id(row) or "null") == version_id:
                return spot, row
        raise no_such_version(key, version_id) if known else no_such_key(key)

    def newest(self, key: str) -> Row | None:
        """The newest version, delete markers included."""
        row = self.table.at(self.table.seek(key))
        return row if row is not None and row.key == key else None

    def version_id(self, row: Row) -> str | None:
        """The version id as headers show it; None where versioning never was on."""
        if not self.versioning:
            return None
        return "null" if row.kind & NULL_VERSION else made_version_id(row.tag)

    def etag(self, tag: int) -> str:
        """Without quotes. Made-up ones look like those of multipart uploads: not an MD5 of the content."""
        extra = self.extras.get(tag)
        return extra.etag if extra is not None and extra.etag is not None else made_etag(tag)

    def body(self, row: Row) -> Body:
        """The content of a row."""
        extra = self.extras.get(row.tag)
        if extra is not None and extra.body is not None:
            return extra.body
        return (Generated(row.tag, 0, row.size),)

    def restore_of(self, tag: int, now: float) -> Restore | None:
        """The restore that still matters: in progress, or with a copy that is there."""
        restore = self.restores.get(tag)
        if restore is not None and now >= restore.until:
            del self.restores[tag]
            return None
        return restore

    def kind_of(self, row: Row, now: float) -> int:
        """The row's kind as of now: an Intelligent-Tiering object is archived no more once it was restored."""
        kind = row.kind & ~NULL_VERSION
        if TIERING < kind < len(KINDS):
            restore = self.restores.get(row.tag)
            if restore is not None and restore.available(now):
                return TIERING
        return kind

    def readable(self, row: Row, now: float) -> bool:
        """Whether GET and COPY work: never archived, or restored right now."""
        rule = RULES[self.kind_of(row, now)]
        if rule is None or (self.direct_read and rule.archive == "Archive"):
            return True
        restore = self.restore_of(row.tag, now)
        return restore is not None and restore.available(now)

    def expiration_of(self, row: Row) -> tuple[Expiration, float] | None:
        """The lifecycle rule that deletes this row first, and when."""
        due = [(rule.due(row.modified), rule) for rule in self.expirations if row.key.startswith(rule.prefix)]
        return min(((rule, at) for at, rule in due), key=lambda found: found[1]) if due else None

    # --- writing

    def write(self, key: str, size: int, kind: int, now: float, extra: Extra | None = None) -> WriteResult:
        """Store a new current version, as versioning has it."""
        self._written += 1
        tag = made_tag(self.seed, self.name, key, self._written)
        if self.versioning == "Suspended":
            self._drop_null(key)
            kind |= NULL_VERSION
        elif not self.versioning:
            self._drop_all(key)
        row = Row(key, size, int(now), kind, tag)
        self.table.insert(row)
        if extra is not None:
            self.extras[tag] = extra
        return WriteResult(row, self.version_id(row))

    def erase(self, key: str, version_id: str | None, now: float) -> WriteResult | None:
        """Delete: a named version for good, otherwise what versioning asks for.

        Returns the removed version or the new delete marker; None when there was nothing to delete.
        """
        if version_id is not None:
            for spot, row in self.table.versions(key):
                if (self.version_id(row) or "null") == version_id:
                    self._drop(spot, row)
                    return WriteResult(row, version_id)
            return None
        if not self.versioning:
            gone = self._drop_all(key)
            return WriteResult(gone, None) if gone is not None else None
        return self.write(key, 0, MARKER, now)

    def set_versioning(self, status: str) -> None:
        """``Enabled`` or ``Suspended``; what was there before becomes the null version."""
        if not self.versioning and status:
            self.table.mark_all(NULL_VERSION)
        self.versioning = status

    def forget(self, spot: Spot, row: Row) -> None:
        """Remove one row and all that is known of it."""
        self._drop(spot, row)

    def current_objects(self) -> int:
        """How many keys a plain listing shows."""
        if not self.versioning:
            return len(self.table)
        count, previous = 0, None
        for row in self.table:
            count += row.key != previous and row.kind & MARKER != MARKER
            previous = row.key
        return count

    def rows(self) -> Iterator[Row]:
        """Every row, in order."""
        return iter(self.table)

    def _drop(self, spot: Spot, row: Row) -> None:
        self.table.remove(spot)
        self.restores.pop(row.tag, None)
        self.extras.pop(row.tag, None)

    def _drop_all(self, key: str) -> Row | None:
        gone: Row | None = None
        while (found := next(self.table.versions(key), None)) is not None:
            self._drop(*found)
            gone = found[1]
        return gone

    def _drop_null(self, key: str) -> None:
        for spot, row in self.table.versions(key):
            if row.kind & NULL_VERSION:
                self._drop(spot, row)
                return


def made_tag(*parts: object) -> int:
    """64 bits that depend on ``parts`` only."""
    return int.from_bytes(blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def made_version_id(tag: int) -> str:
    """32 characters as S3 uses them."""
    return b64encode(blake2b(tag.to_bytes(8, "big"), digest_size=24).digest(), b"._").decode()


def made_etag(tag: int) -> str:
    """An ETag for content that nobody hashed."""
    return f"{tag:016x}{tag ^ 0x9E3779B97F4A7C15:016x}-2"


def copied_etag(etag: str) -> str:
    """Of the copy that one request makes: what was uploaded in parts becomes one (FACTS-AFTER 10.1)."""
    return f"{made_tag('copy', etag):032x}" if "-" in etag else etag


def real_etag(body: bytes) -> str:
    """The ETag of content sent in one piece."""
    return md5(body, usedforsecurity=False).hexdigest()


def describe(kind: int) -> ObjectKind:
    """The storage class and access tier behind a number."""
    return KINDS[kind & ~NULL_VERSION] if kind & MARKER != MARKER else KINDS[STANDARD]
