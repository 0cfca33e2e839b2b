"""Jobs as DescribeJob and ListJobs write them."""

from collections.abc import Iterable

from restoretui.sandbox.s3control.job import Job, ManifestSpec, OwnManifest
from restoretui.sandbox.wire.call_reply import elements, iso


def list_entry(job: Job) -> str:
    """A row of ListJobs."""
    texts = {"JobId": job.id, "Operation": job.order.operation, "Priority": str(job.priority)}
    if job.order.description:
        texts["Description"] = job.order.description
    return elements(texts | _course(job)) + f"<ProgressSummary>{_counts(job)}</ProgressSummary>"


def describe_job(job: Job, arn: str, now: float) -> str:
    """The whole job."""
    order = job.order
    texts = {
        "JobId": job.id,
        "JobArn": arn,
        "ConfirmationRequired": str(order.confirm).lower(),
        "Priority": str(job.priority),
        "RoleArn": order.role_arn,
    }
    if order.description:
        texts["Description"] = order.description
    if job.reason:
        texts["StatusUpdateReason"] = job.reason
    if job.suspended is not None and job.status == "Suspended":
        texts |= {"SuspendedDate": iso(job.suspended), "SuspendedCause": "AwaitingConfirmation"}
    active = job.active_s + (now - job.active_since if job.status == "Active" else 0.0)
    timers = f"<Timers>{elements({'ElapsedTimeInActiveSeconds': str(int(active))})}</Timers>"
    failures = "".join(
        f"<member>{elements({'FailureCode': code, 'FailureReason': reason})}</member>"
        for code, reason in job.failures
    )
    return (
        elements(texts | _course(job))
        + f"<ProgressSummary>{_counts(job)}{timers}</ProgressSummary>"
        + (f"<FailureReasons>{failures}</FailureReasons>" if failures else "")
        + f"<Operation><{order.operation}>{_restore(job)}</{order.operation}></Operation>"
        + _source(job)
        + _report(job)
    )


def _course(job: Job) -> dict[str, str]:
    texts = {"Status": job.status, "CreationTime": iso(job.created)}
    if job.ended is not None:
        texts["TerminationDate"] = iso(job.ended)
    return texts


def _counts(job: Job) -> str:
    return elements(
        {
            "TotalNumberOfTasks": str(job.total if job.status not in ("New", "Preparing") else 0),
            "NumberOfTasksSucceeded": str(job.succeeded),
            "NumberOfTasksFailed": str(job.failed),
        }
    )


def _restore(job: Job) -> str:
    if (copies := job.order.copies) is not None:
        return elements({"TargetResource": f"arn:aws:s3:::{copies.bucket}", "StorageClass": copies.storage_class})
    days = {} if job.order.days is None else {"ExpirationInDays": str(job.order.days)}
    return elements(days | {"GlacierJobTier": job.order.tier.upper()})


def _source(job: Job) -> str:
    order = job.order
    if isinstance(order.source, ManifestSpec):
        fields = "".join(f"<member>{field}</member>" for field in order.source.fields)
        spec = elements({"Format": order.source.format}) + (f"<Fields>{fields}</Fields>" if fields else "")
        return f"<Manifest><Spec>{spec}</Spec>{_location(order.source)}</Manifest>"
    text = f"<ManifestGenerator>{_generator(order.source)}</ManifestGenerator>"
    if job.made_manifest is not None:
        form = elements({"Format": job.made_manifest.format})
        text += f"<GeneratedManifestDescriptor>{form}{_location(job.made_manifest)}</GeneratedManifestDescriptor>"
    return text


def _generator(wanted: OwnManifest) -> str:
    """As it was asked for, so that whoever makes a job like this one filters alike."""
    names = {"Prefix": wanted.prefixes, "Suffix": wanted.suffixes, "Substring": wanted.substrings}
    keys = "".join(f"<MatchAny{name}>{_members(some)}</MatchAny{name}>" for name, some in names.items() if some)
    bounds: dict[str, str] = {}
    if wanted.created_after > float("-inf"):
        bounds["CreatedAfter"] = iso(wanted.created_after)
    if wanted.created_before < float("inf"):
        bounds["CreatedBefore"] = iso(wanted.created_before)
    if wanted.larger_than >= 0:
        bounds["ObjectSizeGreaterThanBytes"] = str(wanted.larger_than)
    if wanted.smaller_than < float("inf"):
        bounds["ObjectSizeLessThanBytes"] = str(int(wanted.smaller_than))
    classes = f"<MatchAnyStorageClass>{_members(sorted(wanted.classes))}</MatchAnyStorageClass>"
    output = elements(
        {
            "Bucket": f"arn:aws:s3:::{wanted.output_bucket}",
            "ManifestPrefix": wanted.output_prefix,
            "ManifestFormat": "S3InventoryReport_CSV_20211130",
        }
    )
    return (
        "<S3JobManifestGenerator>"
        + elements({"SourceBucket": f"arn:aws:s3:::{wanted.bucket}"})
        + (f"<ManifestOutputLocation>{output}</ManifestOutputLocation>" if wanted.output_bucket else "")
        + f"<Filter>{elements(bounds)}"
        + (f"<KeyNameConstraint>{keys}</KeyNameConstraint>" if keys else "")
        + (classes if wanted.classes else "")
        + "</Filter>"
        + elements({"EnableManifestOutput": str(bool(wanted.output_bucket)).lower()})
        + "</S3JobManifestGenerator>"
    )


def _members(values: Iterable[str]) -> str:
    return "".join(elements({"member": value}) for value in values)


def _location(spec: ManifestSpec) -> str:
    texts = {"ObjectArn": f"arn:aws:s3:::{spec.bucket}/{spec.key}", "ETag": spec.etag}
    if spec.version_id:
        texts["ObjectVersionId"] = spec.version_id
    return f"<Location>{elements(texts)}</Location>"


def _report(job: Job) -> str:
    report = job.order.report
    if report is None:
        return "<Report><Enabled>false</Enabled></Report>"
    texts = {
        "Bucket": f"arn:aws:s3:::{report.bucket}",
        "Format": "Report_CSV_20180820",
        "Enabled": "true",
        "Prefix": report.prefix,
        "ReportScope": "FailedTasksOnly" if report.failed_only else "AllTasks",
    }
    return f"<Report>{elements(texts)}</Report>"
