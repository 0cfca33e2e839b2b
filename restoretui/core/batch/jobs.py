"""S3 Batch Operations as values: what a job is asked for, and what is known of one. Source: FACTS 2."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.core.errors import UsageError
from restoretui.core.model import Tier

TERMINAL = frozenset({"Complete", "Failed", "Cancelled"})


MANIFESTS, REPORTS = "restoretui/manifests", "restoretui/reports"
"""Prefixes in the archived objects' own bucket, where no other place is named."""


class ReportScope(StrEnum):
    """What a completion report tells of."""

    ALL = "all"
    FAILED = "failed"
    NONE = "none"


class Place(NamedTuple):
    """Where something is written: a bucket, and a prefix without a slash at its end."""

    bucket: str
    prefix: str


class BatchOptions(Struct, frozen=True):
    """How a plan becomes jobs. Locations: None means the archived objects' own bucket."""

    role_arn: str
    """Or several, separated by commas: one for each account that objects are reached as."""
    manifest: Place | None = None
    report: Place | None = None
    scope: ReportScope = ReportScope.ALL
    priority: int = 10
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    generated: bool = False
    """S3 shall look for the objects itself, where they are all of their classes below a prefix."""
    hold: bool = False
    """Leave the jobs suspended until somebody confirms them."""
    followed: bool = False
    """It was made elsewhere: it is watched, and what was written for it is not ours."""
    existing: "Manifest | None" = None
    """A manifest that lies in a bucket and is not ours: the job runs from it."""
    file: str = ""
    """The file of this machine whose rows are written as the manifest."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """By bucket, the one of several roles that its jobs act as."""

    @property
    def role_arns(self) -> tuple[str, ...]:
        """The roles, each by itself."""
        return tuple(filter(None, (arn.strip() for arn in self.role_arn.split(","))))

    def for_bucket(self, bucket: str) -> "BatchOptions":
        """The options of a job on that bucket."""
        return replace(self, role_arn=self.roles.get(bucket, self.role_arn), roles={})

    @property
    def named(self) -> str:
        """As ``--manifest`` names it."""
        if self.existing is not None:
            return f"s3://{self.existing.bucket}/{self.existing.key}"
        return self.file or ("generated" if self.generated else "written")

    def manifest_of(self, bucket: str) -> Place:
        """Where the manifest of a job on ``bucket`` goes."""
        return self.manifest or Place(bucket, MANIFESTS)

    def report_of(self, bucket: str) -> Place | None:
        """Where its completion report goes; None for none."""
        return None if self.scope is ReportScope.NONE else self.report or Place(bucket, REPORTS)

    def checked(self) -> "BatchOptions":
        """Itself; ``UsageError`` for what CreateJob would refuse (FACTS 2.1)."""
        if not self.role_arns:
            raise UsageError(
                "S3 Batch Operations needs a role to act as",
                "name one by --role-arn, RESTORETUI_BATCH_ROLE_ARN or batch_role_arn in the config; "
                "`restoretui batch policy LOCATION` prints the policies it needs",
            )
        for arn in self.role_arns:
            parts = arn.split(":", 5)
            if len(parts) != 6 or parts[0] != "arn" or parts[2] != "iam" or not parts[5].startswith("role/"):
                raise UsageError(
                    f"{arn!r} is not a role's ARN",
                    "write arn:aws:iam::ACCOUNT:role/NAME (aws-cn, aws-us-gov or another partition where it is of"
                    " one), several with commas between",
                )
        if len({account_of(arn) for arn in self.role_arns}) < len(self.role_arns):
            raise UsageError(f"{self.role_arn} names two roles of one account", "leave out one of them")
        if not 0 <= self.priority <= 2_147_483_647:
            raise UsageError(f"a job's priority lies between 0 and 2147483647, not at {self.priority}")
        if len(self.description) > MOST_DESCRIPTION:
            raise UsageError(f"a job's description has at most {MOST_DESCRIPTION} characters here")
        if len(self.tags) > 50 or any(not 0 < len(k) <= 128 or len(v) > 256 for k, v in self.tags.items()):
            raise UsageError("a job takes at most 50 tags, with keys up to 128 and values up to 256 characters")
        return self


def account_of(role_arn: str) -> str:
    """The account that a role belongs to."""
    return role_arn.split(":")[4]


MOST_DESCRIPTION = 200
"""CreateJob takes 256; the rest is for the mark by which we find our jobs again."""


def as_tags(pairs: Iterable[str]) -> dict[str, str]:
    """``KEY=VALUE`` each; ``UsageError`` for what is none."""
    tags: dict[str, str] = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not found or not key:
            raise UsageError(f"{pair!r} is not a tag", "write KEY=VALUE")
        tags[key] = value
    return tags


class Manifest(NamedTuple):
    """A manifest that lies in a bucket."""

    bucket: str
    key: str
    etag: str
    versions: bool
    is_inventory: bool = False
    """It is an inventory's ``manifest.json``, and no CSV manifest."""
    fields: tuple[str, ...] = ()
    """The columns of a CSV manifest that is not ours."""


class ManifestRow(NamedTuple):
    """One object of a manifest that is there already."""

    bucket: str
    key: str
    version_id: str | None


class Generator(NamedTuple):
    """What S3 looks for itself while it prepares a job: all current objects of these classes below a prefix."""

    bucket: str
    prefix: str
    classes: tuple[str, ...]

    def __str__(self) -> str:
        """As a person would say it."""
        return f"s3://{self.bucket}/{self.prefix} ({', '.join(self.classes) or 'any class'})"


MOST_COPIED = 5_000_000_000
"""Bytes of the largest object that a job copies (FACTS-AFTER 10.2): what is larger is copied by us."""


class CopyOrder(NamedTuple):
    """What a job copies for a then-step: each object, unless it was written since, below a prefix or as it is."""

    step_id: int
    bucket: str
    storage_class: str
    since: float
    """When the run was made, in seconds since the epoch: what is newer is not what was restored."""
    prefix: str = ""
    """Stands before each key, with its slash at the end."""
    only: int = 0
    """The one job of the run whose object is copied, to see where the copy comes to lie; 0: all."""
    besides: int = 0
    """The one that was copied so before, and is left out; 0: none was."""


class JobOrder(Struct, frozen=True):
    """What CreateJob is given. ``days`` is None where they must not be sent."""

    region: str
    token: str
    role_arn: str
    tier: Tier
    days: int | None
    priority: int
    description: str
    tags: Mapping[str, str]
    manifest: Manifest | Generator
    report: Place | None
    scope: ReportScope
    copies: CopyOrder | None = None
    """It copies; None: it restores."""


class JobInfo(Struct, frozen=True):
    """A job as the cloud tells of it; ListJobs tells less than DescribeJob, whose fields are then empty."""

    job_id: str
    region: str
    status: str
    priority: int = 0
    description: str = ""
    operation: str = ""
    created: datetime | None = None
    ended: datetime | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    elapsed_s: int = 0
    """Seconds it was active."""
    role_arn: str = ""
    tier: Tier | None = None
    days: int | None = None
    manifest: str = ""
    """Location of the manifest."""
    manifest_etag: str = ""
    manifest_version: str = ""
    """Empty: whatever is there now, with that ETag."""
    manifest_fields: tuple[str, ...] = ()
    """Columns of a CSV manifest; empty for any other kind."""
    generated: Generator | None = None
    """What the manifest was generated from; filters that we never use are not told."""
    report: Place | None = None
    scope: ReportScope = ReportScope.NONE
    failures: Sequence[tuple[str, str]] = ()
    """Codes and reasons of the job as a whole."""
    reason: str = ""
    """Given by whoever changed its status last."""

    @property
    def is_over(self) -> bool:
        """Its status will not change any more."""
        return self.status in TERMINAL


class Tally(NamedTuple):
    """What a job counts of its tasks, and of which of them its completion report tells, and where."""

    report: Place | None
    scope: ReportScope
    succeeded: int
    failed: int


class ReportRow(NamedTuple):
    """One task in a completion report. ``key`` is as it was written: see ``core.batch.report_keys``."""

    bucket: str
    key: str
    version_id: str | None
    succeeded: bool
    status: int
    code: str
    message: str
    reason: str = ""
    """What its refusal means and what helps, in words that name no object; empty where the code says it."""
