"""CreateJob's document (FACTS 2.1): what it must hold, and what is refused at once."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from xml.etree import ElementTree as ET

from restoretui.core.model import Tier
from restoretui.sandbox.s3control.job import CopyOperation, ManifestSpec, Order, OwnManifest, Report
from restoretui.sandbox.s3control.roles import check_role
from restoretui.sandbox.state.refusals import ErrorAnswer, malformed_xml
from restoretui.sandbox.wire.call_reply import parse_xml

CSV = "S3BatchOperations_CSV_20180820"
INVENTORY = "S3InventoryReport_CSV_20161130"
_TIERS = {"STANDARD": Tier.STANDARD, "BULK": Tier.BULK}


def bad_request(message: str) -> ErrorAnswer:
    """The job cannot be made as it is asked for."""
    return ErrorAnswer(400, "InvalidRequest", message)


def parse_order(body: bytes, account: str) -> Order:
    """Read and check CreateJob's document, of somebody of that account."""
    tree = parse_xml(body, "CreateJobRequest")
    operation = tree.find("Operation")
    copies = None if operation is None else operation.find("S3PutObjectCopy")
    restore = None if operation is None else operation.find("S3InitiateRestoreObject")
    if operation is None or (restore is None and copies is None) or len(operation) != 1:
        raise bad_request(
            "Exactly one operation must be specified, and the sandbox runs S3InitiateRestoreObject and"
            " S3PutObjectCopy only"
        )
    restore = ET.Element("S3InitiateRestoreObject") if restore is None else restore
    tier = restore.findtext("GlacierJobTier") or "STANDARD"
    if tier not in _TIERS:
        raise bad_request(f"Invalid Glacier job tier: {tier}. Expected STANDARD or BULK")
    manifest, generator = tree.find("Manifest"), tree.find("ManifestGenerator/S3JobManifestGenerator")
    if manifest is not None and generator is None:
        source: ManifestSpec | OwnManifest = _manifest(manifest)
    elif generator is not None and manifest is None:
        source = _generator(generator)
    else:
        raise bad_request("Exactly one of Manifest and ManifestGenerator must be specified")
    days = restore.findtext("ExpirationInDays")
    description = tree.findtext("Description") or ""
    if len(description) > 256:
        raise bad_request("Description must have length less than or equal to 256")
    token = tree.findtext("ClientRequestToken") or ""
    if not 1 <= len(token) <= 64:
        raise bad_request("ClientRequestToken must have length between 1 and 64")
    role_arn = tree.findtext("RoleArn") or ""
    return Order(
        token=token,
        digest=sha256(body).hexdigest(),
        priority=read_priority(tree.findtext("Priority")),
        role_arn=role_arn,
        role=check_role(role_arn, account),
        account=account,
        days=None if days is None else _whole("ExpirationInDays", days),
        tier=_TIERS[tier],
        confirm=(tree.findtext("ConfirmationRequired") or "").lower() == "true",
        description=description,
        tags=read_tags(tree.find("Tags")),
        source=source,
        report=_report(tree.find("Report")),
        copies=None if copies is None else _copying(copies),
    )


def _copying(element: ET.Element) -> CopyOperation:
    return CopyOperation(
        _bucket(element.findtext("TargetResource") or ""),
        element.findtext("StorageClass") or "STANDARD",
        _moment(element.findtext("UnModifiedSinceConstraint"), float("inf")),
        element.findtext("TargetKeyPrefix") or "",
    )


def read_priority(text: str | None) -> int:
    """0 to 2,147,483,647."""
    priority = _whole("Priority", text or "")
    if not 0 <= priority <= 2147483647:
        raise bad_request("Priority must be between 0 and 2147483647")
    return priority


def read_tags(element: ET.Element | None) -> dict[str, str]:
    """A tag set: at most 50."""
    tags = {}
    for tag in element if element is not None else ():
        key, value = tag.findtext("Key") or "", tag.findtext("Value") or ""
        if not key or len(key) > 128 or len(value) > 256:
            raise bad_request("The tag key or value is invalid")
        tags[key] = value
    if len(tags) > 50:
        raise ErrorAnswer(400, "TooManyTagsException", "The number of tags exceeds the limit of 50 tags")
    return tags


def tags_of(body: bytes) -> Mapping[str, str]:
    """PutJobTagging's document."""
    return read_tags(parse_xml(body, "PutJobTaggingRequest").find("Tags"))


def _manifest(element: ET.Element) -> ManifestSpec:
    form = element.findtext("Spec/Format") or ""
    fields = tuple(field.text or "" for field in element.findall("Spec/Fields/member"))
    if form not in (CSV, INVENTORY):
        raise bad_request(f"Unknown manifest format: {form}")
    if form == CSV and (
        set(fields) - {"Bucket", "Key", "VersionId", "Ignore"} or not {"Bucket", "Key"} <= set(fields)
    ):
        raise bad_request("The fields of a CSV manifest must contain Bucket and Key")
    bucket, key = _object(element.findtext("Location/ObjectArn") or "")
    etag = element.findtext("Location/ETag") or ""
    if not etag:
        raise bad_request("The manifest's ETag must be specified")
    return ManifestSpec(form, fields, bucket, key, etag, element.findtext("Location/ObjectVersionId"))


def _generator(element: ET.Element) -> OwnManifest:
    chosen = element.find("Filter")
    chosen = ET.Element("Filter") if chosen is None else chosen
    output = element.find("ManifestOutputLocation")

    def strings(path: str) -> tuple[str, ...]:
        return tuple(item.text or "" for item in chosen.findall(f"{path}/member"))

    return OwnManifest(
        bucket=_bucket(element.findtext("SourceBucket") or ""),
        prefixes=strings("KeyNameConstraint/MatchAnyPrefix"),
        suffixes=strings("KeyNameConstraint/MatchAnySuffix"),
        substrings=strings("KeyNameConstraint/MatchAnySubstring"),
        classes=frozenset(strings("MatchAnyStorageClass")),
        created_after=_moment(chosen.findtext("CreatedAfter"), float("-inf")),
        created_before=_moment(chosen.findtext("CreatedBefore"), float("inf")),
        larger_than=_whole("ObjectSizeGreaterThanBytes", chosen.findtext("ObjectSizeGreaterThanBytes") or "-1"),
        smaller_than=float(chosen.findtext("ObjectSizeLessThanBytes") or "inf"),
        output_bucket="" if output is None else _bucket(output.findtext("Bucket") or ""),
        output_prefix="" if output is None else output.findtext("ManifestPrefix") or "",
    )


def _report(element: ET.Element | None) -> Report | None:
    if element is None:
        raise bad_request("Report must be specified")
    if (element.findtext("Enabled") or "").lower() != "true":
        return None
    scope = element.findtext("ReportScope")
    if element.findtext("Format") != "Report_CSV_20180820" or scope not in ("AllTasks", "FailedTasksOnly"):
        raise bad_request("The report's Format and ReportScope must be specified")
    return Report(
        _bucket(element.findtext("Bucket") or ""),
        element.findtext("Prefix") or "",
        scope == "FailedTasksOnly",
    )


def _object(arn: str) -> tuple[str, str]:
    bucket, _, key = _bucket(arn).partition("/")
    if not key:
        raise bad_request(f"Invalid manifest object ARN: {arn}")
    return bucket, key


def _bucket(arn: str) -> str:
    name = arn.removeprefix("arn:aws:s3:::")
    if name == arn or not name:
        raise bad_request(f"Invalid S3 ARN: {arn}")
    return name


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise bad_request(f"{name} must be a number") from None


def _moment(text: str | None, missing: float) -> float:
    if text is None:
        return missing
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise malformed_xml() from None
