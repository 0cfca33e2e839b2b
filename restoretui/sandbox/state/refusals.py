"""What the simulated S3 says no with: code, status and the service's own words (FACTS 1.2)."""

from collections.abc import Mapping


class Refusal(Exception):
    """An error answer. ``extra`` are more elements of the error document, ``headers`` more headers."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def no_such_bucket(bucket: str) -> Refusal:
    """The bucket is not there."""
    return Refusal(404, "NoSuchBucket", "The specified bucket does not exist", extra={"BucketName": bucket})


def no_such_key(key: str, *, marker_version: str | None = None) -> Refusal:
    """``marker_version``: the current version is this delete marker."""
    headers = {}
    if marker_version is not None:
        headers = {"x-amz-delete-marker": "true", "x-amz-version-id": marker_version}
    return Refusal(404, "NoSuchKey", "The specified key does not exist.", headers=headers, extra={"Key": key})


def no_such_version(key: str, version_id: str) -> Refusal:
    """The key is there, that version is not."""
    return Refusal(
        404, "NoSuchVersion", "The specified version does not exist.", extra={"Key": key, "VersionId": version_id}
    )


def no_such_upload(upload_id: str) -> Refusal:
    """The multipart upload is not there, or not any more."""
    return Refusal(
        404,
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
        "or completed.",
        extra={"UploadId": upload_id},
    )


def marker_not_allowed(method: str, version_id: str | None) -> Refusal:
    """A version of an object was meant, and it is a delete marker."""
    headers = {"x-amz-delete-marker": "true", "Allow": "DELETE"}
    if version_id is not None:
        headers["x-amz-version-id"] = version_id
    return Refusal(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        headers=headers,
        extra={"Method": method, "ResourceType": "DeleteMarker"},
    )


def method_not_allowed(method: str) -> Refusal:
    """No such operation on that kind of resource."""
    return Refusal(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        extra={"Method": method},
    )


def malformed_xml() -> Refusal:
    """The body is not XML, or not what the schema allows."""
    return Refusal(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def invalid_argument(message: str, name: str = "", value: str = "") -> Refusal:
    """An argument has a value that cannot be meant."""
    extra = {"ArgumentName": name, "ArgumentValue": value} if name else {}
    return Refusal(400, "InvalidArgument", message, extra=extra)


def access_denied(message: str = "Access Denied") -> Refusal:
    """The caller is known and may not do this."""
    return Refusal(403, "AccessDenied", message)


def still_archived(storage_class: str, access_tier: str | None) -> Refusal:
    """A read of an object that is archived, or still restoring: 403 InvalidObjectState (FACTS 1.2)."""
    extra = {"StorageClass": storage_class}
    if access_tier:
        extra["AccessTier"] = access_tier
    return Refusal(
        403, "InvalidObjectState", "The operation is not valid for the object's storage class", extra=extra
    )


def restore_not_allowed(storage_class: str) -> Refusal:
    """A restore of an object that is not archived: 403 InvalidObjectState (FACTS 1.2)."""
    return Refusal(
        403,
        "InvalidObjectState",
        "Restore is not allowed for the object's current storage class",
        extra={"StorageClass": storage_class},
    )


def already_active() -> Refusal:
    """A restore of an Intelligent-Tiering object that is not archived (FACTS 1.2)."""
    return Refusal(
        403, "ObjectAlreadyInActiveTierError", "Restore is not allowed, as this object is already in an active tier"
    )


def source_not_active() -> Refusal:
    """A copy of an object that is archived, or still restoring."""
    return Refusal(
        403,
        "ObjectNotInActiveTierError",
        "The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.",
    )


def already_restoring() -> Refusal:
    """A restore is under way, and this request does not speed it up."""
    return Refusal(409, "RestoreAlreadyInProgress", "Object restore is already in progress")


def no_expedited_capacity() -> Refusal:
    """Expedited only: try again later or choose another tier."""
    return Refusal(
        503,
        "GlacierExpeditedRetrievalNotAvailable",
        "Glacier expedited retrievals are currently not available, please try again later",
    )


def tier_not_supported() -> Refusal:
    """Expedited on a deep archive. The text is sure, code and status are not (FACTS 1.2)."""
    return Refusal(403, "InvalidTier", "Retrieval option is not supported by this storage class")


def not_built(what: str) -> Refusal:
    """The sandbox does not have this operation."""
    message = f"A header or operation you provided implies functionality that is not implemented: {what}"
    return Refusal(501, "NotImplemented", message)
