"""What a cloud must be able to do for us, in its own terms."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import asdict, replace

from restoretui.core.clock import Clock
from restoretui.core.model import DEFAULT_SCHEME, Bucket, Identity, ObjectDetail, ObjectRef, Page, RestoreRequest
from restoretui.core.then.contents import Contents


class Connection(Struct, frozen=True):
    """How to reach a cloud as somebody: kept with every run, so that a restart watches it through the same door.

    Holds names only, never a secret: ``profile`` is looked up in the SDK's own files.
    """

    scheme: str = DEFAULT_SCHEME
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    path_style: bool | None = None
    requester_pays: bool = False
    expected_bucket_owner: str | None = None
    internal: bool | None = None
    """By the endpoint that only machines in the same Region reach, where the cloud has one."""
    cname: bool | None = None
    """The endpoint is a custom domain, which stands for one bucket, where the cloud has such."""
    store: str | None = None
    """A compatible store's rules (``core.stores``), as text."""
    account: str | None = None
    """Whose keys those of the profile were when a run was confirmed: no others sign anything for it. None: untold."""
    buckets: tuple[tuple[str, "Connection"], ...] = ()
    """Buckets that are reached otherwise, as somebody else say: each with its own, and in the order of their names.

    All of one cloud: what tells it from others is theirs, too.
    """

    def of(self, bucket: str) -> "Connection":
        """How that bucket is reached."""
        own = next((one for name, one in self.buckets if name == bucket), None)
        return own or (replace(self, buckets=()) if self.buckets else self)

    def only(self, buckets: Iterable[str]) -> "Connection":
        """As far as it is about these: that of one account, where all of them are reached so."""
        wanted = set(buckets)
        reached = {self.of(bucket) for bucket in wanted}
        if len(reached) == 1:
            return reached.pop()
        return replace(self, buckets=tuple(one for one in self.buckets if one[0] in wanted))

    def accounts(self, buckets: Iterable[str]) -> "dict[Connection, frozenset[str]]":
        """How these are reached, each way with the buckets that go by it; in the order of the buckets."""
        found: dict[Connection, set[str]] = {}
        for bucket in buckets:
            found.setdefault(self.of(bucket), set()).add(bucket)
        return {one: frozenset(names) for one, names in found.items()}

    def is_plain_for(self, buckets: Iterable[str]) -> bool:
        """Those are all reached as whatever is about no bucket."""
        own = {name for name, _ in self.buckets}
        return own.isdisjoint(buckets)

    @property
    def profiles(self) -> list[str]:
        """The profiles it takes keys from, each once and the first first; empty for none."""
        return list(dict.fromkeys(one.profile or "" for one in (self, *(one for _, one in self.buckets))))

    @property
    def whereabouts(self) -> str:
        """Where it leads, for people: the endpoint's host and nothing else of its URL, or the cloud's name."""
        if not self.endpoint_url:
            return self.scheme.upper()
        return urlsplit(self.endpoint_url).netloc.rpartition("@")[2] or self.endpoint_url.rpartition("@")[2]

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, for storing."""
        own = {name: value for name, value in asdict(self).items() if value is not None and name != "buckets"}
        return own | ({"buckets": {name: one.to_mapping() for name, one in self.buckets}} if self.buckets else {})

    @classmethod
    def from_mapping(cls, stored: Mapping[str, Any]) -> "Connection":
        """What ``to_mapping`` gave; names of a later version are left out."""
        buckets = tuple(sorted((name, cls.from_mapping(one)) for name, one in stored.get("buckets", {}).items()))
        known = {name: stored[name] for name in cls.__struct_fields__ if name in stored and name != "buckets"}
        return cls(**known, buckets=buckets)


MfaPrompter = Callable[[str], str | Awaitable[str]]
"""Gives the MFA code for the SDK's question. A coroutine function runs on the loop that opened the provider, so that
a screen can ask; a plain function runs in the credential chain's thread and may block."""


class Limits(Struct, frozen=True):
    """How many connections, and how long to wait for one and for its answers."""

    connections: int = 256
    connect_s: float = 10.0
    read_s: float = 60.0
    """Between two pieces of an answer."""


NO_CAPACITY_CODE = "GlacierExpeditedRetrievalNotAvailable"
"""How the cloud names ``Outcome.NO_CAPACITY``; jobs keep it."""


class Outcome(StrEnum):
    """What the cloud answered to a restore request. None of these is an error (FACTS 1.2)."""

    ACCEPTED = "accepted"
    """202: a restore was started, or sped up."""
    UPDATED = "updated"
    """200: a copy exists and its expiry was changed. Compatible stores answer so to a first request, too."""
    SELECTED = "selected"
    """202 to a request that makes no copy: its results are written to another place."""
    ALREADY_RESTORING = "already restoring"
    """409 RestoreAlreadyInProgress: same or faster tier, or other days, from whoever asked first."""
    NOT_ARCHIVED = "not archived"
    """403 InvalidObjectState or ObjectAlreadyInActiveTierError: it can be read as it is."""
    NO_CAPACITY = "no expedited capacity"
    """503 GlacierExpeditedRetrievalNotAvailable."""
    GONE = "gone"
    """404, or 405 for a delete marker."""
    DENIED = "denied"
    """403 AccessDenied for this object; others may still be allowed."""
    REFUSED = "refused"
    """400: the class, tier and days do not go together; repeating will not help."""


class Answer(Struct, frozen=True):
    """The cloud's answer to one restore request."""

    outcome: Outcome
    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""
    reason: str = ""
    """What the refusal means and what helps, in a sentence that names no object; empty where ``outcome`` says it."""
    charged: str = ""
    """Who is charged for the request, where the cloud says it: ``requester``."""
    output_path: str = ""
    """Where the results of a restore that makes no copy are written, where the cloud says it."""


class Capabilities(Struct, frozen=True):
    """What differs between clouds that no table in ``core.rules`` can say."""

    max_rate: float
    """Restore requests a second the cloud documents as its limit."""
    list_page: int = 1000
    """Most keys a listing page holds."""
    restore_status_in_list: bool = True
    says_vendor: bool = False
    """The endpoint, though not the vendor's, says that the vendor's own service answers: a proxy, or a sandbox."""
    versions: bool = True
    clean: bool = False
    """A restored copy can be ended early."""
    keys_in_order: bool = False
    """The cloud documents that listings are in the order of the keys' UTF-8 bytes and begin behind a given key."""
    expirations: bool = False
    """It is a ``TellsExpirations``, too."""
    inventory_rules: bool = False
    """It is a ``TellsInventories``, too (``core.inventory.rules``)."""
    capacity: bool = False
    """It is a ``TellsCapacity``, too."""
    presigns: bool = False
    """It is a ``Presigns``, too."""
    contents: bool = False
    """It is a ``HandlesContents``, too."""
    copies_between: bool = False
    """An object of another account can be copied by whoever owns the target, where its bucket lets him read it."""
    reads_files: bool = False
    """It is a ``ReadsFiles``, too."""
    history: bool = False
    """It is a ``TellsHistory``, too."""
    events: bool = False
    """It is a ``HandlesEvents``, too (``core.events.service``)."""
    literal: bool = False
    """It is a ``TakesLiterals``, too."""
    lists_restores: bool = False
    """It is a ``ListsRestores``, too."""


class Provider(Protocol):
    """One cloud, one set of credentials. Every method raises from the ``CloudError`` tree and nothing else."""

    scheme: str
    capabilities: Capabilities

    async def identity(self) -> Identity:
        """Who we are to the cloud."""
        ...

    async def list_buckets(self) -> list[Bucket]:
        """The account's buckets, in name order."""
        ...

    async def bucket_region(self, bucket: str) -> str:
        """The bucket's region; raises ``BucketNotFound`` early and clearly. Whether we may look in, a look tells."""
        ...

    async def list_page(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        token: str | None = None,
        versions: bool = False,
        max_keys: int = 1000,
    ) -> Page:
        """One page of keys, in UTF-8 binary order on clouds, with restore status where the cloud lists it.

        ``start_after`` begins strictly after that key and is ignored once ``token`` is given. With ``versions``,
        every version of a key comes newest first and delete markers are left out; a page may hold nothing and go on.
        """
        ...

    async def head_object(self, ref: ObjectRef) -> ObjectDetail:
        """All that is known of one object; ``ObjectNotFound`` when it is gone."""
        ...

    async def restore_object(self, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> Answer:
        """Send exactly one restore request, never repeated inside.

        Raises ``Throttled`` or ``Unreachable`` when it surely had no effect, ``ServerFault``, ``ConnectionLost``
        or ``MalformedAnswer`` when that is unknown, ``CredentialsError`` or ``AccountRefused`` when nothing can be
        sent at all.
        """
        ...

    async def clean_restored_object(self, ref: ObjectRef) -> bool:
        """End a restored copy early; False when there is none to end. Sent exactly once.

        ``Unsupported`` where the cloud (``capabilities.clean``) or the class has no such thing.
        """
        ...

    async def readable_archives(self, bucket: str) -> frozenset[str]:
        """The archive classes whose objects anybody may read without a restore, by a setting of the bucket."""
        ...

    async def aclose(self) -> None:
        """Close connections; the provider cannot be used afterwards."""
        ...


class TellsExpirations(Protocol):
    """A provider that can be asked for a bucket's lifecycle rules."""

    async def expirations(self, bucket: str) -> Sequence[Mapping[str, Any]]:
        """The rules as ``GetBucketLifecycleConfiguration`` has them; none where there is no configuration."""
        ...


class TellsCapacity(Protocol):
    """A provider whose account may own capacity for Expedited (FACTS 1.4)."""

    async def provisioned_capacity(self, region: str) -> Sequence[tuple[datetime | None, datetime | None]]:
        """From when until when each unit is owned, asked once; None where that is not told."""
        ...


class HandlesContents(Protocol):
    """A provider that can read and copy what objects contain."""

    def contents(self) -> Contents:
        """The part of it that does; refused by a read-only session."""
        ...


class Presigned(NamedTuple):
    """A link that reads one object without credentials. It is a secret: never logged, kept or shown unasked."""

    url: str
    seconds: float
    """How long it serves, at most: not longer than the credentials that signed it."""


class Presigns(Protocol):
    """A provider that can sign such a link."""

    async def presigned_get(self, ref: ObjectRef, longest_s: float) -> Presigned:
        """For GET alone. Sends nothing but what tells the bucket's Region; ``Unsupported`` where it is not known."""
        ...


class FilePiece(NamedTuple):
    """Some bytes of an object."""

    data: bytes
    size: int
    """Of the whole object."""
    etag: str


class ReadsFiles(Protocol):
    """A provider that reads objects, a piece at a time: inventories, say."""

    async def read_piece(self, bucket: str, key: str, at: int, etag: str) -> FilePiece:
        """Some megabytes from ``at`` on; ``ObjectNotFound``, or ``InvalidRequest`` once its ETag is another."""
        ...


class TellsHistory(Protocol):
    """A provider whose buckets keep versions, and mark what is deleted."""

    async def history_page(
        self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None, max_keys: int = 1000
    ) -> Page:
        """As ``list_page`` with versions, and with delete markers (``core.past``), as they lie in each other."""
        ...

    async def remove_marker(self, ref: ObjectRef) -> bool:
        """Delete the delete marker of that id; False where it was gone already. Asking twice does no harm."""
        ...


class ListsRestores(Protocol):
    """A provider that reads a page with less effort where only what is being restored matters."""

    async def restores_page(self, bucket: str, prefix: str, *, start_after: str) -> Page:
        """As ``list_page``; where all that the page shows is being restored, it tells no more than that and keys."""
        ...


class TakesLiterals(Protocol):
    """A provider that sends restore requests as they were said (``RestoreRequest.literal``)."""

    async def check_literal(self, body: Mapping[str, Any]) -> None:
        """``UsageError`` for a request that is not as the service's own model has it. Sends nothing."""
        ...


class OpenProvider(Protocol):
    """``open_provider`` of ``providers/SCHEME/provider.py``: loads the SDK beside the event loop, sends nothing."""

    async def __call__(
        self,
        connection: Connection,
        limits: Limits | None = ...,
        clock: Clock | None = ...,
        mfa: MfaPrompter | None = ...,
    ) -> Provider:
        """A provider for ``connection``, to be closed by ``aclose``.

        Raises ``UsageError`` for a profile, region or endpoint that cannot be meant. Credentials are first looked for
        by the first request; ``mfa`` is asked for codes, and without it a role that needs one is refused.
        """
        ...
