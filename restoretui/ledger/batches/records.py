"""The record of one S3 Batch Operations job of ours, as the ledger keeps it."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from restoretui.core.batch.jobs import BatchOptions, CopyOrder, Generator, Manifest, Place, ReportScope
from restoretui.ledger.records import CloudId
from restoretui.ledger.store.decoding import Shape, decodes


class Phase(StrEnum):
    """How far we are with a job; its own status is the cloud's."""

    PLANNED = "planned"
    """Intended; perhaps its manifest is being written."""
    UPLOADED = "uploaded"
    """The manifest lies in its bucket."""
    CREATING = "creating"
    """CreateJob may have gone out: the job is looked for before it is asked for again."""
    CREATED = "created"
    """It has an id and is polled."""
    SETTLED = "settled"
    """It is over, or never came to be, and its objects know what became of them."""


class BatchJob(Struct, frozen=True):
    """One job of S3 Batch Operations. Instants are seconds since the epoch, cloud time."""

    id: int
    run_id: int
    cloud: CloudId
    bucket: str
    versions: bool
    days: int | None
    """None: Intelligent-Tiering, whose jobs send no days."""
    objects: int
    size_bytes: int
    token: str
    options: BatchOptions
    generator: Generator | None
    """What S3 looks for itself; None: the manifest is written by us."""
    phase: Phase
    planned_at: float
    confirmed_at: float | None
    """When it was decided that it shall run; the cloud may not know yet."""
    cancelled_at: float | None
    region: str
    manifest_bucket: str
    manifest_key: str
    manifest_etag: str
    sent_at: float | None
    """When CreateJob was first tried."""
    job_id: str
    status: str
    total: int
    succeeded: int
    failed: int
    elapsed_s: int
    problem: str
    """Why it failed as a whole, or why its report could not be read."""
    report: str
    """``read`` or ``missing`` once it was looked for."""
    ended_at: float | None
    cleaned_at: float | None
    copies: CopyOrder | None
    """It copies for a then-step; None: it restores."""

    @property
    def is_settled(self) -> bool:
        """Whether the job is over and its objects know what became of them."""
        return self.phase is Phase.SETTLED

    @property
    def is_held(self) -> bool:
        """Whether the job waits for a person to confirm it."""
        return self.status == "Suspended" and self.confirmed_at is None and self.cancelled_at is None

    @property
    def has_written(self) -> bool:
        """Whether we wrote, or had written, a manifest or report that lies in a bucket."""
        if self.options.followed:
            return False
        return bool(self.own_manifest_key or (self.job_id and self.report_place))

    @property
    def own_manifest_key(self) -> str:
        """Of the manifest that was written for it; empty where it runs from another's, or none was written."""
        return "" if self.options.existing is not None else self.manifest_key

    @property
    def told_bytes(self) -> int | None:
        """``size_bytes`` for people; None where nobody tells it, as no manifest that exists does."""
        options = self.options
        return None if options.followed or options.existing or options.file else self.size_bytes

    @property
    def mark(self) -> str:
        """What stands in the description of its job, and of no other's."""
        return f"[rt:{self.token[:16]}]"

    @property
    def manifest_place(self) -> Place:
        """Where its manifest goes."""
        return self.options.manifest_of(self.bucket)

    @property
    def report_place(self) -> Place | None:
        """Where its completion report goes; None for none."""
        return self.options.report_of(self.bucket)


COLUMNS = (
    "t.id, t.run_id, b.scheme, b.endpoint, b.name, t.versions, t.days, t.objects, t.size_bytes, t.token, t.options,"
    " t.phase, t.planned_at, t.confirmed_at, t.cancelled_at, t.region, t.manifest_bucket, t.manifest_key,"
    " t.manifest_etag, t.sent_at, t.job_id, t.status, t.total, t.succeeded, t.failed, t.elapsed_s, t.problem,"
    " t.report, t.ended_at, t.cleaned_at"
)


_SHAPE = Shape("a batch job", "iitttiDiitttsSSttttSttiiiittSS")


@decodes("a batch job")
def batch_of(row: tuple[Any, ...]) -> BatchJob:
    """A row of ``COLUMNS``."""
    _SHAPE.check([row])
    options = row[10]
    told: tuple[Any, ...] = (
        *row[:2], CloudId(row[2], row[3]), row[4], bool(row[5]), *row[6:10], options_of(options),
        generator_of(options), Phase(row[11]), *row[12:], copies_of(options),
    )  # fmt: skip
    return BatchJob(*told)


def options_text(options: BatchOptions, generator: Generator | None = None) -> str:
    """Options as they are stored, and with them what S3 is to look for."""
    return json.dumps(
        {
            "role_arn": options.role_arn,
            "manifest": options.manifest,
            "report": options.report,
            "scope": options.scope,
            "priority": options.priority,
            "description": options.description,
            "tags": dict(options.tags),
            "hold": options.hold,
            "generated": options.generated,
            "followed": options.followed,
            "existing": options.existing,
            "file": options.file,
            "generator": generator,
        }
    )


def options_of(text: str) -> BatchOptions:
    """What ``options_text`` wrote."""
    stored = json.loads(text)
    return BatchOptions(
        role_arn=stored["role_arn"],
        manifest=Place(*stored["manifest"]) if stored["manifest"] else None,
        report=Place(*stored["report"]) if stored["report"] else None,
        scope=ReportScope(stored["scope"]),
        priority=stored["priority"],
        description=stored["description"],
        tags=stored["tags"],
        hold=stored["hold"],
        generated=stored.get("generated", False),
        followed=stored.get("followed", False),
        existing=_manifest_of(stored.get("existing")),
        file=stored.get("file", ""),
    )


def _manifest_of(stored: list[Any] | None) -> Manifest | None:
    return None if stored is None else Manifest(*stored)._replace(fields=tuple(stored[-1]))


def generator_of(text: str) -> Generator | None:
    """The other half of what ``options_text`` wrote."""
    stored = json.loads(text).get("generator")
    return Generator(stored[0], stored[1], tuple(stored[2])) if stored else None


def copies_of(text: str) -> CopyOrder | None:
    """What a job copies, of what ``options_text`` wrote and a then-step added."""
    stored = json.loads(text).get("copies")
    return CopyOrder(*stored) if stored else None


def moment(seconds: float | None) -> datetime | None:
    """As an aware instant."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
