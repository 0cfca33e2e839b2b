"""One job of S3 Batch Operations: what was asked for, and how far it is (FACTS 2.1, 2.4)."""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct, field

from restoretui.core.model import Tier
from restoretui.sandbox.s3control.roles import Role

ENDED = frozenset({"Complete", "Failed", "Cancelled"})
STATUSES = frozenset(
    {
        "New", "Preparing", "Suspended", "Ready", "Active", "Pausing", "Paused", "Completing", "Complete",
        "Cancelling", "Cancelled", "Failing", "Failed",
    }
)  # fmt: skip


class Task(NamedTuple):
    """One row of a manifest."""

    bucket: str
    key: str
    version_id: str | None


class ManifestSpec(NamedTuple):
    """A manifest that was uploaded."""

    format: str
    fields: tuple[str, ...]
    bucket: str
    key: str
    etag: str
    version_id: str | None


class OwnManifest(NamedTuple):
    """A manifest that the service makes itself, from what it finds in a bucket."""

    bucket: str
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    substrings: tuple[str, ...] = ()
    classes: frozenset[str] = frozenset()
    created_after: float = float("-inf")
    created_before: float = float("inf")
    larger_than: int = -1
    smaller_than: float = float("inf")
    output_bucket: str = ""
    """Empty: the manifest is not kept."""
    output_prefix: str = ""


class Report(NamedTuple):
    """Where the completion report goes."""

    bucket: str
    prefix: str
    failed_only: bool


class CopyOperation(NamedTuple):
    """What ``S3PutObjectCopy`` was asked for."""

    bucket: str
    storage_class: str
    since: float
    """Objects written later are left alone; ``inf``: none are."""
    prefix: str = ""
    """As it was said, before it is joined to the keys."""


class Order(Struct, frozen=True):
    """CreateJob, checked."""

    token: str
    digest: str
    """Of the whole request: the same token with another one is refused."""
    priority: int
    role_arn: str
    role: Role
    account: str
    """Of whoever asked, and of the role."""
    days: int | None
    tier: Tier
    confirm: bool
    description: str
    tags: dict[str, str]
    source: ManifestSpec | OwnManifest
    report: Report | None
    copies: CopyOperation | None = None

    @property
    def operation(self) -> str:
        """As the API names it."""
        return "S3InitiateRestoreObject" if self.copies is None else "S3PutObjectCopy"


class Job(Struct):
    """A job and its course. Instants are seconds since the epoch on the virtual clock; ``inf`` for never."""

    id: str
    order: Order
    region: str
    created: float
    priority: int
    tags: dict[str, str]
    status: str = "New"
    due: float = float("inf")
    """When its status changes by itself."""
    next_task: float = float("inf")
    """While Active: when the next task runs."""
    tasks: Iterator[Task] | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    active_s: float = 0.0
    active_since: float = 0.0
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Failure codes and reasons of the whole job."""
    reason: str = ""
    """Given with UpdateJobStatus."""
    suspended: float | None = None
    ended: float | None = None
    made_manifest: ManifestSpec | None = None
    rows: dict[str, list[bytes]] = field(default_factory=lambda: {"succeeded": [], "failed": []})
    """Of the completion report."""

    @property
    def done(self) -> int:
        """Tasks that ran."""
        return self.succeeded + self.failed
