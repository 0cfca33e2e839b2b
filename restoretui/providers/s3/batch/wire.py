"""Serialises jobs for CreateJob, and parses them from DescribeJob and ListJobs (FACTS 2.1, 2.4)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from restoretui.core.batch.jobs import Generator, JobInfo, JobOrder, Manifest, Place, ReportScope
from restoretui.core.model import Tier
from restoretui.providers.s3.batch.manifest_reader import told_manifest
from restoretui.providers.wire.checked_values import believed_number
from restoretui.providers.wire.refusals import printable

_SCOPES = {"AllTasks": ReportScope.ALL, "FailedTasksOnly": ReportScope.FAILED}
_WIRE_SCOPES = {scope: name for name, scope in _SCOPES.items()}


def job_asked(order: JobOrder) -> dict[str, Any]:
    """CreateJob's parameters, but the account."""
    asked: dict[str, Any] = {
        "ConfirmationRequired": True,
        "ClientRequestToken": order.token,
        "Priority": order.priority,
        "RoleArn": order.role_arn,
        "Operation": _operation(order),
        "Report": _report(order),
    }
    if isinstance(order.manifest, Generator):
        asked["ManifestGenerator"] = _generator(order.manifest, _partition(order))
    else:
        asked["Manifest"] = _manifest(order.manifest, _partition(order))
    if order.description:
        asked["Description"] = order.description
    if order.tags:
        asked["Tags"] = [{"Key": key, "Value": value} for key, value in order.tags.items()]
    return asked


def _operation(order: JobOrder) -> dict[str, Any]:
    if (copies := order.copies) is not None:
        # A job knows no condition on ETags (FACTS-AFTER 10.2).
        asked: dict[str, Any] = {
            "TargetResource": f"arn:{_partition(order)}:s3:::{copies.bucket}",
            "StorageClass": copies.storage_class,
            "MetadataDirective": "COPY",
            "UnModifiedSinceConstraint": datetime.fromtimestamp(copies.since, UTC),
        }
        if copies.prefix:
            # "To copy into a folder named Folder1, set it to Folder1" (API S3CopyObjectOperation); older papers have
            # a slash there, so whoever makes such a job looks where its first copy came to lie.
            asked["TargetKeyPrefix"] = copies.prefix.removesuffix("/")
        return {"S3PutObjectCopy": asked}
    restore: dict[str, Any] = {"GlacierJobTier": order.tier.upper()}
    if order.days is not None:
        restore["ExpirationInDays"] = order.days
    return {"S3InitiateRestoreObject": restore}


def with_owner(asked: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """CreateJob's parameters, saying everywhere they can whose the buckets have to be (API CreateJob).

    A manifest that is there already has no such field: it is told by its ETag.
    """
    made = dict(asked)
    if not owner:
        return made
    if made.get("Report", {}).get("Enabled"):
        made["Report"] = made["Report"] | {"ExpectedBucketOwner": owner}
    generator = made.get("ManifestGenerator", {}).get("S3JobManifestGenerator")
    if generator:
        generator = generator | {"ExpectedBucketOwner": owner}
        if place := generator.get("ManifestOutputLocation"):
            generator["ManifestOutputLocation"] = place | {"ExpectedManifestBucketOwner": owner}
        made["ManifestGenerator"] = {"S3JobManifestGenerator": generator}
    return made


def _partition(order: JobOrder) -> str:
    """``aws``, ``aws-cn`` ...: the role's own."""
    return order.role_arn.split(":")[1]


def _manifest(manifest: Manifest, partition: str) -> dict[str, Any]:
    ours = ["Bucket", "Key", "VersionId"] if manifest.versions else ["Bucket", "Key"]
    spec: dict[str, Any] = {"Format": "S3BatchOperations_CSV_20180820", "Fields": list(manifest.fields) or ours}
    return {
        "Spec": {"Format": "S3InventoryReport_CSV_20161130"} if manifest.is_inventory else spec,
        "Location": {"ObjectArn": f"arn:{partition}:s3:::{manifest.bucket}/{manifest.key}", "ETag": manifest.etag},
    }


def _generator(wanted: Generator, partition: str) -> dict[str, Any]:
    chosen: dict[str, Any] = {"MatchAnyStorageClass": list(wanted.classes)}
    if wanted.prefix:
        chosen["KeyNameConstraint"] = {"MatchAnyPrefix": [wanted.prefix]}
    source = f"arn:{partition}:s3:::{wanted.bucket}"
    # What is not kept need not be cleaned up; the report tells the objects.
    kept = {"EnableManifestOutput": False, "SourceBucket": source, "Filter": chosen}
    return {"S3JobManifestGenerator": kept}


def _generated(job: Mapping[str, Any]) -> Generator | None:
    made = job.get("ManifestGenerator", {}).get("S3JobManifestGenerator", {})
    if not made:
        return None
    chosen = made.get("Filter", {})
    prefixes = chosen.get("KeyNameConstraint", {}).get("MatchAnyPrefix", ())
    return Generator(
        str(made.get("SourceBucket", "")).rpartition(":")[2],
        " or ".join(printable(str(prefix)) for prefix in prefixes),
        tuple(str(name) for name in chosen.get("MatchAnyStorageClass", ())),
    )


def _report(order: JobOrder) -> dict[str, Any]:
    if order.report is None or order.scope is ReportScope.NONE:
        return {"Enabled": False}
    return {
        "Enabled": True,
        "Bucket": f"arn:{_partition(order)}:s3:::{order.report.bucket}",
        "Format": "Report_CSV_20180820",
        "Prefix": order.report.prefix,
        "ReportScope": _WIRE_SCOPES[order.scope],
    }


def job_told(job: Mapping[str, Any], region: str) -> JobInfo:
    """A job as it was described or listed."""
    operation = job.get("Operation", {})
    restore = operation.get("S3InitiateRestoreObject", {}) if isinstance(operation, Mapping) else {}
    progress = job.get("ProgressSummary", {})
    report = job.get("Report", {})
    tier = str(restore.get("GlacierJobTier", "")).lower()
    location = job.get("Manifest", {}).get("Location", {}) or job.get("GeneratedManifestDescriptor", {}).get(
        "Location", {}
    )
    kind = operation if isinstance(operation, str) else next(iter(operation), "")
    return JobInfo(
        job_id=str(job.get("JobId", "")),
        region=region,
        status=str(job.get("Status", "")),
        priority=_count(job.get("Priority")),
        description=printable(str(job.get("Description", "")), 256),
        operation=kind,
        created=_moment(job.get("CreationTime")),
        ended=_moment(job.get("TerminationDate")),
        total=_count(progress.get("TotalNumberOfTasks")),
        succeeded=_count(progress.get("NumberOfTasksSucceeded")),
        failed=_count(progress.get("NumberOfTasksFailed")),
        elapsed_s=_count(progress.get("Timers", {}).get("ElapsedTimeInActiveSeconds")),
        role_arn=str(job.get("RoleArn", "")),
        tier=Tier(tier) if tier in list(Tier) else None,
        days=_count(days) if (days := restore.get("ExpirationInDays")) is not None else None,
        manifest=_location(str(location.get("ObjectArn", ""))),
        **told_manifest(job),
        generated=_generated(job),
        report=Place(str(report.get("Bucket", "")).rpartition(":")[2], str(report.get("Prefix") or ""))
        if report.get("Enabled")
        else None,
        scope=_SCOPES.get(str(report.get("ReportScope", "")), ReportScope.NONE),
        failures=tuple(
            (str(why.get("FailureCode", "")), printable(str(why.get("FailureReason", ""))))
            for why in job.get("FailureReasons", ())
        ),
        reason=printable(str(job.get("StatusUpdateReason", ""))),
    )


def _location(arn: str) -> str:
    return f"s3://{arn.split(':::', 1)[1]}" if ":::" in arn else arn


def unmarked(description: str) -> str:
    """Without the mark by which a job of ours is found again: a clone must not be taken for it."""
    return description.partition(" [rt:")[0] or "clone"


def _count(value: object) -> int:
    """0 for what cannot be meant, as for what is not told yet (FACTS 2.4)."""
    return believed_number(value) or 0 if isinstance(value, int) else 0


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None
