"""What the kill harness does to a process, what it does it to, and what it counts."""

import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

LIFE = 2.5
"""Machine seconds over which blind kills are spread: start, planning, sending and watching."""
SHORT_LIFE = 1.0
"""The same for what is done with a settled run."""
LATE = 0.15
"""Machine seconds by which a request may still be applied after its sender died."""
COPYING = ("CopyObject", "CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload")
WEATHER: Sequence[dict[str, Any]] = (
    {"kind": "latency", "operations": ["RestoreObject"], "seconds": 0.02, "jitter": LATE - 0.05},
    {"kind": "drop", "when": "after", "operations": ["RestoreObject"], "chance": 0.01},
    {"kind": "drop", "when": "before", "operations": ["RestoreObject"], "chance": 0.01},
    {"kind": "error", "operations": ["RestoreObject"], "chance": 0.01},
    {"kind": "drop", "when": "after", "operations": ["CreateJob", "PutObject"], "chance": 0.1},
    {"kind": "error", "operations": ["CreateJob", "CleanRestoredObject"], "chance": 0.05},
    {"kind": "latency", "operations": COPYING, "seconds": 0.02, "jitter": LATE - 0.05},
    {"kind": "drop", "when": "after", "operations": [*COPYING, "DeleteObject"], "chance": 0.02},
    {"kind": "error", "status": 200, "code": "SlowDown", "operations": COPYING, "chance": 0.02},
)
"""What goes wrong in the cloud meanwhile."""
SOFT = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@dataclass(frozen=True)
class Blow:
    """When and how a process ends: after ``seconds``, or when its n-th ``operation`` arrives."""

    sign: signal.Signals = signal.SIGKILL
    seconds: float = 0.0
    operation: str = ""
    nth: int = 1
    applied: bool = False
    """The request is applied although its sender is gone."""

    @classmethod
    def drawn(cls, dice: random.Random, operations: Sequence[str], unsent: int = 0, life: float = LIFE) -> "Blow":
        """At one of ``operations``, or blindly within ``life``; among ``unsent`` restore requests at any."""
        sign = dice.choice(SOFT) if dice.random() < 0.125 else signal.SIGKILL
        if not operations or (sign is signal.SIGKILL and dice.random() < 0.4):
            # Blind, it may come before anything of ours was loaded that could handle it.
            return cls(signal.SIGKILL, seconds=dice.uniform(0.05, life))
        operation = dice.choice(operations)
        nth = dice.randrange(1, unsent // 2 + 2) if operation in MANY else dice.randrange(1, 3)
        if operation in OF_CONTENTS:
            nth = dice.randrange(1, 25)
        return cls(sign, operation=operation, nth=nth, applied=dice.random() < 0.5)


MANY = frozenset({"RestoreObject", "CleanRestoredObject"})
"""What there is one of for every object."""
OF_CONTENTS = frozenset({"CopyObject", "UploadPartCopy", "GetObject", "HeadObject", "DeleteObject"})
"""What then-steps send many of."""


@dataclass(frozen=True)
class After:
    """Something done with a run that is settled; ``{run}``, ``{job}`` and ``{file}`` are filled in."""

    stage: str
    arguments: Sequence[str]
    operations: Sequence[str] = ()


@dataclass(frozen=True)
class Kind:
    """One way of restoring, and what can be done afterwards."""

    name: str
    scheme: str
    bucket: str
    classes: Sequence[dict[str, Any]]
    """Of the objects, in turn."""
    options: Sequence[str]
    operations: Sequence[str]
    """At whose arrival to strike while something is to be sent."""
    watching: Sequence[str]
    """And after that."""
    after: Sequence[After] = ()
    module: str = "restoretui"
    """What is started; another than the program takes the location and the options alone, whatever stands there."""
    sizes: Sequence[int] = (1000,)
    """Bytes of the objects, in turn."""
    then: str = ""
    """What is done with the objects once they can be read: ``copy`` or ``download``."""
    target: tuple[str, str] | None = None
    """Bucket and prefix of copies; None: in place."""
    told: Sequence[str] = ()
    """Whom somebody tells of them then: ``exec`` and ``webhook``."""
    foreign_days: int = 0
    """So long were the copies asked for by somebody else, just before: each is to be extended when it is there."""
    has_heir: bool = False
    """A second process looks on, and takes over from the one that is killed."""


GLACIER = {"storage_class": "GLACIER"}
TIERING = {"storage_class": "INTELLIGENT_TIERING", "archive_status": "ARCHIVE_ACCESS"}
EXPORT = After("exporting", ("export", "{run}", "-o", "{file}"))

KINDS = (
    Kind(
        "single requests", "s3", "cold", (*[GLACIER] * 9, TIERING), ("--days", "365", "--tier", "standard"),
        ("ListObjectsV2", "HeadBucket", "RestoreObject", "RestoreObject", "RestoreObject", "HeadObject"),
        ("ListObjectsV2",), (EXPORT,),
    ),
    Kind(
        "jobs", "s3", "cold", (*[GLACIER] * 9, TIERING),
        ("--days", "365", "--tier", "standard", "--engine", "batch"),
        ("ListObjectsV2", "HeadBucket", "PutObject", "CreateJob", "CreateJob", "DescribeJob", "ListJobs"),
        ("DescribeJob", "UpdateJobStatus", "GetObject", "ListObjectsV2"),
        (
            After("reading a report", ("batch", "report", "{job}", "--csv"), ("GetObject", "GetObject")),
            After("cleaning up a job", ("batch", "clean", "{job}"), ("DeleteObject", "ListObjectsV2")),
        ),
    ),
    Kind(
        "jobs whose objects S3 finds", "s3", "cold", (GLACIER,),
        ("--days", "365", "--tier", "standard", "--engine", "batch", "--manifest", "generated"),
        ("ListObjectsV2", "HeadBucket", "GetRole", "CreateJob", "CreateJob", "DescribeJob", "ListJobs"),
        ("DescribeJob", "UpdateJobStatus", "GetObject", "ListObjectsV2"),
        (After("cleaning up a job", ("batch", "clean", "{job}"), ("DeleteObject", "ListObjectsV2")),),
    ),
    Kind(
        "OSS copies", "oss", "films", ({"storage_class": "ColdArchive"},), ("--days", "365", "--tier", "expedited"),
        ("ListObjectsV2", "GetBucketInfo", "RestoreObject", "RestoreObject"), ("ListObjectsV2",),
        (After("ending copies", ("clean", "{run}", "--yes"), ("CleanRestoredObject", "HeadObject")), EXPORT),
    ),
    Kind(
        "extensions on arrival", "s3", "cold", (GLACIER,), ("--days", "365", "--tier", "bulk"),
        ("ListObjectsV2", "HeadObject"), ("RestoreObject", "RestoreObject", "ListObjectsV2"), (EXPORT,),
        foreign_days=300,
    ),
    Kind(
        "taken over", "s3", "cold", (GLACIER,), ("--days", "365", "--tier", "standard"),
        ("ListObjectsV2", "RestoreObject", "RestoreObject", "RestoreObject"), ("ListObjectsV2",), (EXPORT,),
        has_heir=True,
    ),
    Kind(
        "the screens", "s3", "cold", (*[GLACIER] * 9, TIERING), ("365",),
        ("ListObjectsV2", "RestoreObject", "RestoreObject", "RestoreObject", "HeadObject"), ("ListObjectsV2",),
        module="tests.bench.harness.screens",
    ),
)  # fmt: skip

_READING = ("HeadObject", "ListObjectsV2")
THEN_KINDS = (
    Kind(
        "kept in place", "s3", "cold", (GLACIER,), ("--days", "365", "--tier", "standard", "--then", "copy"),
        ("ListObjectsV2", "RestoreObject", "CopyObject"), ("CopyObject", "CopyObject", *_READING), then="copy",
    ),
    Kind(
        "kept in place as new versions", "s3", "kept", (GLACIER,),
        ("--days", "365", "--tier", "standard", "--then", "copy"),
        ("RestoreObject", "CopyObject"), ("CopyObject", "CopyObject", *_READING), then="copy",
    ),
    Kind(
        "kept as new versions, the archived ones removed", "s3", "kept", (GLACIER,),
        ("--days", "365", "--tier", "standard", "--then", "copy", "--delete-archived", "{objects}"),
        ("RestoreObject", "CopyObject"), ("CopyObject", "DeleteObject", "DeleteObject", *_READING), then="copy",
    ),
    Kind(
        "kept by a job", "s3", "cold", (GLACIER,),
        ("--days", "365", "--tier", "standard", "--then", "copy", "--copy-engine", "batch"),
        ("RestoreObject", "CreateJob"),
        ("PutObject", "CreateJob", "CreateJob", "DescribeJob", "UpdateJobStatus", "CopyObject", *_READING),
        (After("cleaning up a job", ("batch", "clean", "{job}"), ("DeleteObject", "ListObjectsV2")),), then="copy",
    ),
    Kind(
        "kept in parts", "s3", "kept", (GLACIER,), ("--days", "365", "--tier", "standard", "--then", "copy"),
        ("RestoreObject", "CreateMultipartUpload"),
        ("CreateMultipartUpload", "UploadPartCopy", "UploadPartCopy", "CompleteMultipartUpload", "ListParts"),
        sizes=(*[1000] * 9, 6 << 30), then="copy",
    ),
    Kind(
        "downloaded", "s3", "cold", (GLACIER,),
        ("--days", "365", "--tier", "standard", "--then", "download:{folder}"),
        ("RestoreObject", "GetObject"), ("GetObject", "GetObject", *_READING),
        sizes=(*[1000] * 9, 20 << 20), then="download",
    ),
    Kind(
        "kept, run for and told of", "s3", "cold", (GLACIER,),
        (
            "--days", "365", "--tier", "standard", "--then", "copy", "--then", "exec:{script}",
            "--then", "webhook:team",
        ),
        ("RestoreObject", "CopyObject"), ("CopyObject", "UploadPartCopy", "Webhook", "Webhook", *_READING),
        sizes=(*[1000] * 29, 6 << 30), then="copy", told=("exec", "webhook"),
    ),
    Kind(
        "downloaded, run for and told of", "s3", "cold", (GLACIER,),
        (
            "--days", "365", "--tier", "standard", "--then", "download:{folder}", "--then", "exec:{script}",
            "--then", "webhook:team",
        ),
        ("RestoreObject", "GetObject"), ("GetObject", "GetObject", "Webhook", "Webhook", *_READING),
        then="download", told=("exec", "webhook"),
    ),
)  # fmt: skip
"""Restores with then-steps."""
LONG_KINDS = (
    Kind(
        "kept below a prefix by jobs", "s3", "cold", (GLACIER,),
        ("--days", "365", "--tier", "standard", "--then", "copy:s3://warm/back/", "--copy-engine", "batch"),
        ("RestoreObject", "CreateJob"),
        ("PutObject", "CreateJob", "CreateJob", "DescribeJob", "UpdateJobStatus", "CopyObject", *_READING),
        (After("cleaning up a job", ("batch", "clean", "{job}"), ("DeleteObject", "ListObjectsV2")),), then="copy",
        target=("warm", "back/"),
    ),
)  # fmt: skip
"""The same, for the benchmark alone."""


@dataclass
class Tally:
    """What came of it."""

    starts: int = 0
    inherited: int = 0
    """Runs that a second process, which had looked on, took over from a killed one and brought to their end."""
    kills: int = 0
    soft: int = 0
    """Of the kills, signals the process may handle."""
    intents: int = 0
    jobs: int = 0
    """Of S3 Batch Operations."""
    tunnels: int = 0
    """Connections through a proxy."""
    told: int = 0
    """Commands that ran and webhooks that were called, each once by its id."""
    told_again: int = 0
    """Times one of them had to be told once more: its process died before it had written down that it was done."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    """Objects of which ledger and cloud do not say the same."""
    wrong: list[str] = field(default_factory=list)
    """Other broken promises, exit codes say."""
    by_stage: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(self)))

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.differing or self.wrong)
