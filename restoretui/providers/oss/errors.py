"""Maps OSS error codes to our errors, and those of a refused restore request to its outcome (FACTS 4.1)."""

from restoretui.core.errors import (
    AccessDenied,
    AccountRefused,
    BucketNotFound,
    ClockAstray,
    CloudError,
    CredentialsError,
    InvalidRequest,
    MalformedAnswer,
    ObjectNotFound,
    ServerFault,
    Throttled,
    Unsupported,
)
from restoretui.core.provider import Answer, Outcome
from restoretui.providers.wire.accounts import OF_OSS
from restoretui.providers.wire.denials import Reason, is_requester_pays, kms_reason, object_reason
from restoretui.providers.wire.refusals import DELETED, Refusal, printable

ACTIONS = {
    "ListBuckets": "oss:ListBuckets",
    "GetBucketLocation": "oss:GetBucketLocation",
    "GetBucketArchiveDirectRead": "oss:GetBucketArchiveDirectRead",
    "ListObjectsV2": "oss:ListObjects",
    "ListObjectVersions": "oss:ListObjectVersions",
    "HeadObject": "oss:GetObject",
    "RestoreObject": "oss:RestoreObject",
    "CleanRestoredObject": "oss:CleanRestoredObject",
    "GetObject": "oss:GetObject",
    "GetObjectTagging": "oss:GetObjectTagging",
    "GetBucketVersioning": "oss:GetBucketVersioning",
    **dict.fromkeys(
        ("CopyObject", "InitiateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload"), "oss:PutObject"
    ),
    "DeleteObject": "oss:DeleteObject",
    "ListParts": "oss:ListParts",
    "ListMultipartUploads": "oss:ListMultipartUploads",
    "AbortMultipartUpload": "oss:AbortMultipartUpload",
}
"""The RAM action each operation needs."""

EXPIRED = frozenset({"SecurityTokenExpired", "InvalidSecurityToken", "InvalidAccessKeyId"})
"""Codes that fresh keys may cure, so that they are read again."""
_NOT_ACCEPTED = frozenset({"SignatureDoesNotMatch", "InvalidAuthorization", "InvalidAccessKeySecret"})
_CLOCK = frozenset({"RequestTimeTooSkewed"})
_THROTTLED = frozenset({"QpsLimitExceeded", "SlowDown", "Throttling", "TooManyRequests", "RequestLimitExceeded"})
_NO_OBJECT = frozenset({"NoSuchKey", "NoSuchVersion"})
_UNSUPPORTED = frozenset({"NotImplemented", "MethodNotAllowed"})
_OF_OBJECTS = frozenset({"HeadObject", "RestoreObject", "CleanRestoredObject", "GetObject"})


def is_credentials(refusal: Refusal) -> bool:
    """The keys, or the clock they are signed with, are at fault; no object is."""
    return refusal.status == 401 or refusal.code in EXPIRED | _NOT_ACCEPTED | _CLOCK


def is_account(refusal: Refusal) -> bool:
    """The account as a whole is shut out, or this endpoint is closed to it; no object is at fault."""
    return refusal.code in OF_OSS


def is_throttled(refusal: Refusal) -> bool:
    """Refused for its rate."""
    return refusal.code in _THROTTLED or refusal.code.endswith("RateLimitExceeded") or refusal.status == 429


def is_fault(refusal: Refusal) -> bool:
    """The service failed, or gave up; what it did before is unknown."""
    return (refusal.status >= 500 and refusal.status != 501) or refusal.code == "RequestTimeout"


def error_for(refusal: Refusal, endpoint: str = "") -> CloudError:
    """The error that says what the refusal means; wrong Regions and restore outcomes are the caller's business."""
    kind, message, hint = _explain(refusal, endpoint)
    error = kind.of(
        refusal,
        message,
        hint,
    )
    if isinstance(error, CredentialsError) and (
        refusal.code == "InvalidAccessKeyId" or refusal.code not in EXPIRED | _CLOCK
    ):
        error.as_wrong()
    return error


def _explain(refusal: Refusal, endpoint: str) -> tuple[type[CloudError], str, str]:
    code, status = refusal.code, refusal.status
    tail = f": {printable(refusal.message)}" if refusal.message else ""
    where = f"bucket {refusal.bucket!r}" if refusal.bucket else "the account"
    if code in _CLOCK:
        return ClockAstray, "this machine's clock is too far from the cloud's", "set the clock (NTP), then go on"
    if code in EXPIRED:
        what = "does not exist" if code == "InvalidAccessKeyId" else "has expired"
        hint = "renew the OSS_ variables or ossutil's config file; the file is read again by itself"
        return CredentialsError, f"the OSS access key {what} ({code})", hint
    if is_credentials(refusal):
        return (
            CredentialsError,
            f"the OSS access key is not accepted ({code or status})",
            "check key, secret and region",
        )
    if is_account(refusal):
        return AccountRefused, f"{OF_OSS[code].why} ({code}){tail}", OF_OSS[code].hint
    if _WRONG_REGION in refusal.message.lower():
        return (
            InvalidRequest,
            f"the request was signed for another Region than {where} is in{tail}",
            ("say which: OSS_REGION=REGION, such as cn-hangzhou"),
        )
    if code == "NoSuchBucket":
        return BucketNotFound, f"there is no {where}", "check the name; restoretui oss:// lists the buckets"
    if refusal.delete_marker:
        return ObjectNotFound, DELETED.why, DELETED.hint
    if code in _NO_OBJECT or (status == 404 and refusal.operation in _OF_OBJECTS):
        return ObjectNotFound, "the object does not exist", "list its prefix again; it may have been deleted"
    if is_throttled(refusal):
        return Throttled, f"the cloud asks for fewer requests ({code or status})", "the rate is lowered by itself"
    if refusal.region:
        return InvalidRequest, f"{where} lives in {refusal.region}", f"set OSS_REGION={refusal.region}"
    if status == 403:
        return AccessDenied, f"access to {where} is denied{tail}", _hint(refusal)
    if (found := kms_reason(code, refusal.message) or object_reason(code, refusal.message)) is not None:
        kind = AccessDenied if found.of_rights else InvalidRequest
        return kind, f"the cloud refuses {refusal.operation}: {found.why} ({code or status})", found.hint
    if code in _UNSUPPORTED or status in (405, 501):
        return Unsupported, f"{endpoint or 'this endpoint'} does not offer {refusal.operation}{tail}", "is it OSS?"
    if is_fault(refusal):
        hint = "it usually passes by itself; if not, give support the request id"
        return ServerFault, f"the service failed ({code or status}){tail}", hint
    if 400 <= status < 500:
        return InvalidRequest, f"the cloud refuses {refusal.operation} ({code or status}){tail}", ""
    return (
        MalformedAnswer,
        f"the answer to {refusal.operation} makes no sense (status {status})",
        "is OSS_ENDPOINT an OSS endpoint?",
    )


_WRONG_REGION = "invalid signing region"
_PAYS = frozenset({"0003-00000701", "0003-00000702", "0003-00000703"})
"""How OSS numbers it that a bucket's requester pays (https://help.aliyun.com/en/oss/user-guide/0003-00000703)."""
_OWNER = frozenset({"BucketNotBelongTo"})


def _reason(refusal: Refusal) -> Reason | None:
    """What OSS says of the reason; None where it says no more than no."""
    if refusal.detail_code in _PAYS or is_requester_pays(refusal.code, refusal.message):
        return Reason(
            "the bucket's requester pays, which has to be agreed to", "add --requester-pays", of_rights=True
        )
    if refusal.code in _OWNER:
        return Reason("the bucket is another account's", "ask its owner for access", of_rights=True)
    found = kms_reason(refusal.code, refusal.message) or object_reason(refusal.code, refusal.message)
    if found is None and refusal.denied_action:
        how = "forbidden by an explicit deny" if refusal.explicit_deny else "not allowed"
        policy = f" ({refusal.policy_kind})" if refusal.policy_kind else ""
        return Reason(f"{refusal.denied_action} is {how}{policy}", of_rights=True)
    return found


def _hint(refusal: Refusal) -> str:
    if (found := _reason(refusal)) is not None:
        return str(found)
    action = ACTIONS.get(refusal.operation, "")
    return f"the RAM action {action} is missing" if action else "permissions are missing"


_OUTCOMES = {
    "RestoreAlreadyInProgress": Outcome.ALREADY_RESTORING,
    "OperationNotSupported": Outcome.NOT_ARCHIVED,
    "NoSuchKey": Outcome.GONE,
    "NoSuchVersion": Outcome.GONE,
    "NoSuchBucket": Outcome.GONE,
}


def refused(refusal: Refusal) -> Answer:
    """The refusal of a restore as an outcome; raises what is about the moment and not about the object."""
    outcome = _OUTCOMES.get(refusal.code)
    if outcome is None:
        if refusal.status < 400 or is_account(refusal) or is_throttled(refusal) or is_fault(refusal):
            raise error_for(refusal)
        by_status = {404: Outcome.GONE, 405: Outcome.GONE, 403: Outcome.DENIED}
        found = _reason(refusal)
        outcome = by_status.get(refusal.status, Outcome.DENIED if found and found.of_rights else Outcome.REFUSED)
    return Answer(
        outcome, refusal.status, refusal.code, printable(refusal.message), refusal.request_id, _said(outcome, refusal)
    )


def _said(outcome: Outcome, refusal: Refusal) -> str:
    if outcome is Outcome.GONE:
        return str(DELETED) if refusal.delete_marker else ""
    if outcome is Outcome.DENIED:
        return f"not allowed: {_hint(refusal)}" + (f" ({printable(refusal.message, 120)})" if refusal.message else "")
    found = _reason(refusal) if outcome is Outcome.REFUSED else None
    return f"the cloud refused the request: {found}" if found else ""
