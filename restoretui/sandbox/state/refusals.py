"""What the simulated S3 says no with: code, status and the service's own words (FACTS 1.2)."""

from collections.abc import Mapping


class ErrorAnswer(Exception):
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


def no_such_bucket(bucket: str) -> ErrorAnswer:
    """The bucket is not there."""
    return ErrorAnswer(404, "NoSuchBucket", "The specified bucket does not exist", extra={"BucketName": bucket})


def no_such_key(key: str, *, marker_version: str | None = None) -> ErrorAnswer:
    """``marker_version``: the current version is this delete marker."""
    headers = {}
    if marker_version is not None:
        headers = {"x-amz-delete-marker": "true", "x-amz-version-id": marker_version}
    return ErrorAnswer(404, "NoSuchKey", "The specified key does not exist.", headers=headers, extra={"Key": key})


def no_such_version(key: str, version_id: str) -> ErrorAnswer:
    """The key is there, that version is not."""
    return ErrorAnswer(
        404, "NoSuchVersion", "The specified version does not exist.", extra={"Key": key, "VersionId": version_id}
    )


def no_such_upload(upload_id: str) -> ErrorAnswer:
    """The multipart upload is not there, or not any more."""
    return ErrorAnswer(
        404,
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
        "or completed.",
        extra={"UploadId": upload_id},
    )


def marker_not_allowed(method: str, version_id: str | None) -> ErrorAnswer:
    """A version of an object was meant, and it is a delete marker."""
    headers = {"x-amz-delete-marker": "true", "Allow": "DELETE"}
    if version_id is not None:
        headers["x-amz-version-id"] = version_id
    return ErrorAnswer(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        headers=headers,
        extra={"Method": method, "ResourceType": "DeleteMarker"},
    )


def method_not_allowed(method: str) -> ErrorAnswer:
    """No such operation on that kind of resource."""
    return ErrorAnswer(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        extra={"Method": method},
    )


def malformed_xml() -> ErrorAnswer:
    """The body is not XML, or not what the schema allows."""
    return ErrorAnswer(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def invalid_argument(message: str, name: str = "", value: str = "") -> ErrorAnswer:
    """An argument has a value that cannot be meant."""
    extra = {"ArgumentName": name, "ArgumentValue": value} if name else {}
    return ErrorAnswer(400, "InvalidArgument", message, extra=extra)


def access_denied(message: str = "Access Denied") -> ErrorAnswer:
    """The caller is known and may not do this."""
    return ErrorAnswer(403, "AccessDenied", message)


def still_archived(storage_class: str, access_tier: str | None) -> ErrorAnswer:
    """A read of an object that is archived, or still restoring: 403 InvalidObjectState (FACTS 1.2)."""
    extra = {"StorageClass": storage_class}
    if access_tier:
        extra["AccessTier"] = access_tier
    return ErrorAnswer(
        403, "InvalidObjectState", "The operation is not valid for the object's storage class", extra=extra
    )


def restore_not_allowed(storage_class: str) -> ErrorAnswer:
    """A restore of an object that is not archived: 403 InvalidObjectState (FACTS 1.2)."""
    return ErrorAnswer(
        403,
        "InvalidObjectState",
        "Restore is not allowed for the object's current storage class",
        extra={"StorageClass": storage_class},
    )


def already_active() -> ErrorAnswer:
    """A restore of an Intelligent-Tiering object that is not archived (FACTS 1.2)."""
    return ErrorAnswer(
        403, "ObjectAlreadyInActiveTierError", "Restore is not allowed, as this object is already in an active tier"
    )


def source_not_active() -> ErrorAnswer:
    """A copy of an object that is archived, or still restoring."""
    return ErrorAnswer(
        403,
        "ObjectNotInActiveTierError",
        "The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.",
    )


def already_restoring() -> ErrorAnswer:
    """A restore is under way, and this request does not speed it up."""
    return ErrorAnswer(409, "RestoreAlreadyInProgress", "Object restore is already in progress")


def no_expedited_capacity() -> ErrorAnswer:
    """Expedited only: try again later or choose another tier."""
    return ErrorAnswer(
        503,
        "GlacierExpeditedRetrievalNotAvailable",
        "Glacier expedited retrievals are currently not available, please try again later",
    )


def tier_not_supported() -> ErrorAnswer:
    """Expedited on a deep archive. The text is sure, code and status are not (FACTS 1.2)."""
    return ErrorAnswer(403, "InvalidTier", "Retrieval option is not supported by this storage class")


def not_built(what: str) -> ErrorAnswer:
    """The sandbox does not have this operation."""
    message = f"A header or operation you provided implies functionality that is not implemented: {what}"
    return ErrorAnswer(501, "NotImplemented", message)
