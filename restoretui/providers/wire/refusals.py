"""Maps S3 error codes to our errors: what each means, in one sentence, and what to do next.

Codes: FACTS 1.2 and the S3 API reference's list of error responses. HEAD answers have no body, so their code is the
bare HTTP status (FACTS 1.2): such refusals are mapped by status alone.
"""

import re

from msgspec import Struct

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
    WrongPlace,
)
from restoretui.core.network.endpoints import PARTITIONS, partition_known
from restoretui.providers.wire.accounts import OF_S3
from restoretui.providers.wire.denials import (
    PAYER_CODES,
    Reason,
    is_requester_pays,
    kms_reason,
    named_action,
    object_reason,
    policy_reason,
)


class Caller(Struct, frozen=True):
    """Who asks and through what: it shapes the hints."""

    profile: str = ""
    sso: bool = False
    login: bool = False
    """Its profile was made by ``aws login``."""
    endpoint: str = ""
    """Of a compatible store; empty for AWS itself."""
    requester_pays: bool = False
    expected_owner: str = ""
    """The account that buckets are said to belong to; empty where nobody said so."""


class Refusal(Struct, frozen=True):
    """An error response, and the request that it answers."""

    operation: str
    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""
    bucket: str = ""
    region: str = ""
    """Where the answer says the bucket lives, if it says."""
    delete_marker: bool = False
    detail_code: str = ""
    """A finer number beside the code, where the cloud has one (OSS: its EC)."""
    denied_action: str = ""
    """What the caller may not do, where it stands in an element of its own and not in the message (OSS)."""
    explicit_deny: bool = False
    policy_kind: str = ""
    signed_for: str = ""
    """The region that the request was signed for."""


ACTIONS = {
    "ListBuckets": "s3:ListAllMyBuckets",
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "HeadObject": "s3:GetObject",
    "RestoreObject": "s3:RestoreObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "CopyObject": "s3:PutObject (or s3:GetObject on the source)",
    "UploadPartCopy": "s3:PutObject (or s3:GetObject on the source)",
    "ListParts": "s3:ListMultipartUploadParts",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "GetObjectTagging": "s3:GetObjectTagging",
    "GetBucketVersioning": "s3:GetBucketVersioning",
    "CreateJob": "s3:CreateJob",
    "DescribeJob": "s3:DescribeJob",
    "ListJobs": "s3:ListJobs",
    "UpdateJobStatus": "s3:UpdateJobStatus",
    "UpdateJobPriority": "s3:UpdateJobPriority",
    "GetCallerIdentity": "sts:GetCallerIdentity",
    "GetRole": "iam:GetRole",
}
"""The IAM action each operation needs."""

EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "TokenRefreshRequired",
        "RequestExpired",
        "InvalidToken",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
    }
)
"""Codes that fresh credentials may cure, so that the chain is asked again."""

_UNKNOWN_KEY = frozenset({"InvalidAccessKeyId", "InvalidClientTokenId"})
_NOT_ACCEPTED = frozenset(
    {
        "SignatureDoesNotMatch",
        "AuthorizationHeaderMalformed",
        "AuthFailure",
        "MissingSecurityHeader",
        "InvalidSecurity",
    }
)
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_CREDENTIALS = EXPIRED | _NOT_ACCEPTED | _CLOCK
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedAccess"})
_THROTTLED = frozenset(
    {
        "SlowDown",
        "SlowDownError",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequests",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
        "ServiceUnavailable",
        "SlowDownRead",
        "SlowDownWrite",
    }
)
_PASSING = frozenset(
    {
        "OperationAborted",
        "RequestTimeout",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "InternalServiceException",
    }
)
"""The service's own failures, whatever the status: the models of S3 Control declare none (botocore s3control)."""
_WRONG_REGION = frozenset(
    {"PermanentRedirect", "TemporaryRedirect", "Redirect", "IllegalLocationConstraintException"}
)
_NO_BUCKET = frozenset({"NoSuchBucket", "NoSuchAccessPoint"})
_NO_OBJECT = frozenset({"NoSuchKey", "NoSuchVersion"})
_UNSUPPORTED = frozenset({"NotImplemented", "UnsupportedOperation", "MethodNotAllowed", "UnsupportedAction"})
_REGION_ALONE = frozenset({"InvalidRegion", "InvalidRegionName", "InvalidLocationConstraint"})
_EXPECTED = re.compile(
    r"expect(?:ing|ed)(?: region| scope)?:? "
    r"['\"]?(?:[0-9]{8}/([a-z0-9-]+)/s3/aws4_request|(?<=['\"])([a-z0-9-]+)['\"])"
)
_OF_ENDPOINT = re.compile(r"\bs3[.-](?:dualstack\.|fips\.)*([a-z0-9-]+)\.")


def is_wrong_region(refusal: Refusal) -> bool:
    """The bucket lives elsewhere: the request was refused unread and belongs to ``refusal.region``, where known."""
    if refusal.status in (301, 307, 308) or refusal.code in _WRONG_REGION:
        return True
    # A HEAD signed for the wrong region is a bare 400 that names the right one.
    return bool(refusal.region) and (refusal.code in ("AuthorizationHeaderMalformed", "400"))


def named_region(message: str, endpoint: str) -> str:
    """The region that a refusal names in its words, or by the endpoint that it sends us to; empty for none.

    "… the region 'us-east-1' is wrong; expecting 'eu-central-1'", ``s3.eu-central-1.amazonaws.com`` (FACTS 1.2).
    """
    if told := _EXPECTED.search(message):
        return told[1] or told[2]
    sent = _OF_ENDPOINT.search(endpoint) or _OF_ENDPOINT.search(message)
    return sent[1] if sent and partition_known(sent[1]) else ""


def is_unfit_region(refusal: Refusal) -> bool:
    """Signed for a region that the server does not take; which one it does take, it does not say."""
    if refusal.code in _REGION_ALONE:
        return True
    message = refusal.message.lower()
    if "scoped to a valid region" in message:
        return True
    if refusal.code != "AuthorizationHeaderMalformed" or "mis-formed" in message:
        return False  # A key id that cannot be one is said to be mis-formed, with the place of a region beside it.
    return bool(refusal.region) or "region" in message or "scope" in message


def is_credentials(refusal: Refusal) -> bool:
    """The credentials, or the clock they are signed with, are at fault; no object is."""
    if is_unfit_region(refusal):
        return False
    return refusal.status == 401 or refusal.code in _CREDENTIALS


def is_account(refusal: Refusal) -> bool:
    """The account as a whole is shut out; no object is at fault, and no permission is missing."""
    return refusal.code in OF_S3


def is_throttled(refusal: Refusal) -> bool:
    """Refused for its rate, which the server says in so many words or by 429."""
    return refusal.code in _THROTTLED or refusal.status == 429


def is_fault(refusal: Refusal) -> bool:
    """The service failed, or gave up; what it did before is unknown."""
    return (refusal.status >= 500 and refusal.status != 501) or refusal.code in _PASSING


def error_for(refusal: Refusal, caller: Caller) -> CloudError:
    """The error that says what the refusal means; wrong regions and restore outcomes are the caller's business."""
    kind, message, hint = _explain(refusal, caller)
    error = kind.of(
        refusal,
        message,
        hint,
    )
    if isinstance(error, CredentialsError) and (refusal.code in _UNKNOWN_KEY or refusal.code not in EXPIRED | _CLOCK):
        error.as_wrong()
    return error


def printable(text: str, limit: int = 300) -> str:
    """A cloud's own words without anything a terminal could obey, and not endless."""
    line = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def sign_in_hint(caller: Caller) -> str:
    """How to get credentials that work again."""
    if caller.login:
        return f"run: aws login --profile {caller.profile}" if caller.profile else "run: aws login"
    if caller.sso:
        return f"run: aws sso login --profile {caller.profile}" if caller.profile else "run: aws sso login"
    if caller.profile:
        return f"renew the credentials of profile {caller.profile}; they are read again by themselves"
    return "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or choose a --profile"


def _explain(refusal: Refusal, caller: Caller) -> tuple[type[CloudError], str, str]:
    code, status = refusal.code, refusal.status
    said = printable(refusal.message)
    where = f"bucket {refusal.bucket!r}" if refusal.bucket else "the account"
    if code in _CLOCK:
        return ClockAstray, "this machine's clock is too far from the cloud's", "set the clock (NTP), then go on"
    if code in EXPIRED:
        what = "do not exist" if code in _UNKNOWN_KEY else "have expired"
        return CredentialsError, f"the credentials {what} ({code})", sign_in_hint(caller) + _elsewhere(code, caller)
    if is_unfit_region(refusal) and not refusal.region:
        signed = f"signed for region {refusal.signed_for}" if refusal.signed_for else "signed for a region"
        where_to = f": {said}" if said else ""
        return WrongPlace, f"{signed}, which this store does not take{where_to}", "name the right one by --region"
    if is_credentials(refusal):
        return CredentialsError, f"the credentials are not accepted ({code or status})", sign_in_hint(caller)
    if is_account(refusal):
        return AccountRefused, f"{OF_S3[code].why} ({code}){_tail(said)}", OF_S3[code].hint
    if code in _NO_BUCKET or (refusal.operation == "HeadBucket" and status == 404):
        return BucketNotFound, f"there is no {where}", "check the name; restoretui s3:// lists the buckets"
    if refusal.delete_marker:
        return ObjectNotFound, DELETED.why, DELETED.hint
    if code in _NO_OBJECT or (status == 404 and refusal.operation in ("HeadObject", "RestoreObject")):
        return ObjectNotFound, "the object does not exist", "list its prefix again; it may have been deleted"
    if is_throttled(refusal) or (status == 503 and refusal.operation in _READS):
        return Throttled, f"the cloud asks for fewer requests ({code or status})", "the rate is lowered by itself"
    if refusal.operation == "HeadObject" and status == 403 and code in ("403", "AccessDenied", ""):
        why = "" if said.lower() in ("", "forbidden") else said
        denied = f"its HEAD is denied: not allowed, or no such key{_tail(why)}"
        return AccessDenied, denied, _permission_hint(refusal, caller)
    if code in _DENIED or code in PAYER_CODES or status == 403:
        return AccessDenied, f"access to {where} is denied{_tail(said)}", _permission_hint(refusal, caller)
    if (found := kms_reason(code, refusal.message) or object_reason(code, refusal.message)) is not None:
        kind = AccessDenied if found.of_rights else InvalidRequest
        return kind, f"the cloud refuses {refusal.operation}: {found.why} ({code or status})", found.hint
    if code == "400" and refusal.operation == "HeadObject":
        return InvalidRequest, f"the cloud refuses HeadObject ({code or status})", _SSE_C_HINT
    if code != "400" and is_wrong_region(refusal):
        place = f" lives in {refusal.region}" if refusal.region else " lives elsewhere"
        return InvalidRequest, f"{where}{place}", f"name its region: --region {refusal.region or 'REGION'}"
    if code in _UNSUPPORTED or status in (405, 501):
        endpoint = caller.endpoint or "this endpoint"
        return Unsupported, f"{endpoint} does not offer {refusal.operation}{_tail(said)}", "is it S3?"
    if is_fault(refusal):
        hint = "it usually passes by itself; if not, give support the request id"
        return ServerFault, f"the service failed ({code or status}){_tail(said)}", hint
    if 400 <= status < 500:
        hint = "check --endpoint-url" if status == 404 else ""
        return InvalidRequest, f"the cloud refuses {refusal.operation} ({code or status}){_tail(said)}", hint
    return (
        MalformedAnswer,
        f"the answer to {refusal.operation} makes no sense (status {status})",
        "is the endpoint S3?",
    )


def _elsewhere(code: str, caller: Caller) -> str:
    """Keys of one partition are unknown in all others, and no answer says so."""
    if code not in _UNKNOWN_KEY or caller.endpoint:
        return ""
    others = [partition for partition in PARTITIONS if partition.name in ("aws-cn", "aws-us-gov", "aws-eusc")]
    regions = ", ".join(partition.region for partition in others)
    return f"; keys of another partition need a --region of it ({regions}, …)"


_READS = frozenset({"ListBuckets", "HeadBucket", "ListObjectsV2", "ListObjectVersions", "HeadObject"})


def _tail(said: str) -> str:
    return f": {said}" if said else ""


def reason_of(refusal: Refusal, caller: Caller) -> Reason | None:
    """What the cloud itself says of a refusal's reason; None where its words say no more than no."""
    code, message = refusal.code, refusal.message
    if is_requester_pays(code, message):
        agreed = "the account that pays is not accepted" if caller.requester_pays else "add --requester-pays"
        return Reason("the bucket's requester pays, which has to be agreed to", agreed, of_rights=True)
    return kms_reason(code, message) or object_reason(code, message) or policy_reason(message)


def denied_reason(refusal: Refusal, caller: Caller) -> Reason:
    """Why access is denied: as the cloud says it, or else what may be the reason."""
    return reason_of(refusal, caller) or Reason(_guessed(refusal, caller), of_rights=True)


def _permission_hint(refusal: Refusal, caller: Caller) -> str:
    found = reason_of(refusal, caller)
    action = named_action(refusal.message)
    if found is None:
        return _guessed(refusal, caller)
    if action and not found.hint:
        return f"the IAM action {action} is missing: {found.why}"
    return str(found)


def _guessed(refusal: Refusal, caller: Caller) -> str:
    action = ACTIONS.get(refusal.operation, "")
    hint = f"the IAM action {action} is missing" if action else "permissions are missing"
    if refusal.operation == "HeadObject":
        hint += " (or the object is: without s3:ListBucket the cloud does not tell)"
    if refusal.bucket and caller.expected_owner:
        hint += f", or the bucket is not that of account {caller.expected_owner} (--expected-bucket-owner)"
    if refusal.bucket and not caller.requester_pays:
        hint += "; for a requester-pays bucket add --requester-pays"
    return hint


DELETED = Reason("the object is deleted: its current version is a delete marker", "name an older version")
_SSE_C_HINT = (
    "objects encrypted with a customer's own key (SSE-C) answer so: name their prefix, so that a listing finds them"
)
