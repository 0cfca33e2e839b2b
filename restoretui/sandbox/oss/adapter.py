"""Requests in OSS's wire format: which operation is meant, and how errors look (FACTS 4.1, 4.3)."""

from base64 import b64encode
from collections.abc import Callable

from restoretui.sandbox.oss import copies
from restoretui.sandbox.oss.lists import list_object_versions, list_objects_v2
from restoretui.sandbox.oss.objects import delete_object, get_object, put_object
from restoretui.sandbox.oss.restores import clean_restored_object, restore_object
from restoretui.sandbox.oss.signature import check_signature
from restoretui.sandbox.s3.inventory_rules import oss_inventory
from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, malformed_xml, not_built
from restoretui.sandbox.wire.call_reply import XML, Call, Reply, address, elements, iso, parse_xml

_Handler = Callable[[Cloud, BucketState, Call], Reply]

_QUERIES = {
    ("GET", "location"): "GetBucketLocation",
    ("GET", "bucketInfo"): "GetBucketInfo",
    ("GET", "versions"): "ListObjectVersions",
    ("GET", "lifecycle"): "GetBucketLifecycle",
    ("GET", "inventory"): "ListBucketInventory",
    ("GET", "bucketArchiveDirectRead"): "GetBucketArchiveDirectRead",
    ("PUT", "bucketArchiveDirectRead"): "PutBucketArchiveDirectRead",
    ("GET", "tagging"): "GetObjectTagging",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "uploadId"): "ListParts",
    ("POST", "uploads"): "InitiateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("PUT", "uploadId"): "UploadPartCopy",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("POST", "restore"): "RestoreObject",
    ("POST", "cleanRestoredObject"): "CleanRestoredObject",
}
_OBJECT_METHODS = {"HEAD": "HeadObject", "GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}

_EC = {
    "NoSuchBucket": "0015-00000101",
    "NoSuchKey": "0026-00000001",
    "NoSuchVersion": "0026-00000001",
    "AccessDenied": "0003-00000001",
    "InvalidAccessKeyId": "0002-00000902",
    "QpsLimitExceeded": "0004-00000302",
    "MalformedXML": "0016-00000704",
}
"""Error codes finer than ``Code``; others answer the catch-all."""
_OTHER_EC = "0010-00000001"


class OssAdapter:
    """Answers everything that is signed as OSS signs."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def identify(self, call: Call) -> bool:
        """Told by ``Authorization: OSS…``; the bucket stands in the host or in the path."""
        if not call.headers.get("authorization", "").startswith("OSS"):
            return False
        call.service = "oss"
        address(call, self._hosted_bucket(call.headers.get("host", "")))
        call.operation = _operation(call)
        return True

    def answer(self, call: Call) -> Reply:
        """Checks the signature first, then the bucket's Region."""
        check_signature(call)
        if call.operation == "ListBuckets":
            return _list_buckets(self.cloud, call)
        bucket = self.cloud.bucket(call.bucket, "oss")
        _check_region(bucket, call)
        handler = _HANDLERS.get(call.operation)
        if handler is None:
            raise not_built(call.operation)
        return handler(self.cloud, bucket, call)

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        """OSS's XML, with the ``EC`` that its documents name, and the link behind it."""
        status, code, message = _in_their_words(call, refusal)
        extra = dict(refusal.extra)
        ec = extra.pop("EC", _EC.get(code, _OTHER_EC))
        content = {
            "Code": code,
            "Message": message,
            "RequestId": call.request_id,
            "HostId": call.headers.get("host", "sandbox"),
            **extra,
            "EC": ec,
            "RecommendDoc": f"https://api.alibabacloud.com/troubleshoot?q={ec}",
        }
        document = f"{XML}<Error>{elements(content)}</Error>".encode()
        headers = {name.replace("x-amz-", "x-oss-"): value for name, value in refusal.headers.items()}
        headers["x-oss-ec"] = ec
        if call.method == "HEAD":
            headers["x-oss-err"] = b64encode(document).decode()
            return Reply(status, headers=headers)
        return Reply(status, document, headers)

    def _hosted_bucket(self, host: str) -> str:
        name = host.rpartition(":")[0] or host
        known = [bucket for bucket in self.cloud.buckets if name.startswith(f"{bucket}.")]
        return max(known, key=len, default="")


def _operation(call: Call) -> str:
    if not call.bucket:
        return "ListBuckets" if call.method == "GET" else f"{call.method} service"
    for name in call.query:
        if found := _QUERIES.get((call.method, name)):
            return found
    if call.method == "PUT" and "x-oss-copy-source" in call.headers:
        return "CopyObject"
    if call.key:
        return _OBJECT_METHODS.get(call.method, f"{call.method} object")
    if call.method == "GET" and call.query.get("list-type") == "2":
        return "ListObjectsV2"
    return f"{call.method} bucket"


def _in_their_words(call: Call, refusal: ErrorAnswer) -> tuple[int, str, str]:
    """What S3 and OSS call differently."""
    match refusal.code:
        case "SlowDown":
            return 503, "QpsLimitExceeded", "Please reduce your request rate."
        case "ExpiredToken":
            return 403, "SecurityTokenExpired", "The security token you provided has expired."
        case "InvalidAccessKeyId":
            return 403, refusal.code, "The OSS Access Key Id you provided does not exist in our records."
        case "AccessDenied" if "is not authorized to perform" in refusal.message:
            return 403, refusal.code, "You have no right to access this object because of bucket acl."
        case "MethodNotAllowed" if "versionId" not in call.query:
            return 404, "NoSuchKey", "The specified key does not exist."
    return refusal.status, refusal.code, refusal.message


def _check_region(bucket: BucketState, call: Call) -> None:
    """A request to another Region's endpoint is refused with the right one."""
    if call.region == bucket.region or call.operation == "GetBucketLocation":
        return
    raise ErrorAnswer(
        403,
        "AccessDenied",
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all "
        "future requests to this endpoint.",
        extra={"Endpoint": f"oss-{bucket.region}.aliyuncs.com", "Bucket": bucket.name, "EC": "0003-00001403"},
    )


def _list_buckets(cloud: Cloud, call: Call) -> Reply:
    """``GET /``: a hundred at a time, as OSS gives them."""
    marker = call.query.get("marker", "")
    limit = int(call.query.get("max-keys") or 100)
    names = sorted(name for name, bucket in cloud.buckets.items() if bucket.scheme == "oss" and name > marker)
    rows = "".join(f"<Bucket>{elements(_summary(cloud.buckets[name]))}</Bucket>" for name in names[:limit])
    more = len(names) > limit
    paging = elements(
        {"IsTruncated": "true" if more else "false"} | ({"NextMarker": names[limit - 1]} if more else {})
    )
    owner = elements({"ID": cloud.account, "DisplayName": cloud.account})
    content = f"<Owner>{owner}</Owner>{paging}<Buckets>{rows}</Buckets>"
    return Reply(body=f"{XML}<ListAllMyBucketsResult>{content}</ListAllMyBucketsResult>".encode())


def _location(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    return Reply(body=f"{XML}<LocationConstraint>oss-{bucket.region}</LocationConstraint>".encode())


def _info(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    content = elements(_summary(bucket))
    return Reply(body=f"{XML}<BucketInfo><Bucket>{content}</Bucket></BucketInfo>".encode())


def _direct_read(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    if call.method == "PUT":
        wanted = parse_xml(call.body, "ArchiveDirectReadConfiguration").findtext("Enabled")
        if wanted not in ("true", "false"):
            raise malformed_xml()
        bucket.direct_read = wanted == "true"
        return Reply()
    enabled = elements({"Enabled": "true" if bucket.direct_read else "false"})
    root = "ArchiveDirectReadConfiguration"
    return Reply(body=f"{XML}<{root}>{enabled}</{root}>".encode())


def _lifecycle(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    if not bucket.expirations:
        raise ErrorAnswer(404, "NoSuchLifecycle", "No Row found in Lifecycle Table.")
    rules = "".join(
        f"<Rule>{elements({'ID': rule.rule_id, 'Prefix': rule.prefix, 'Status': 'Enabled'})}"
        f"<Expiration><Days>{rule.days}</Days></Expiration></Rule>"
        for rule in bucket.expirations
    )
    return Reply(body=f"{XML}<LifecycleConfiguration>{rules}</LifecycleConfiguration>".encode())


def _summary(bucket: BucketState) -> dict[str, str]:
    return {
        "Name": bucket.name,
        "CreationDate": iso(bucket.created),
        "Location": f"oss-{bucket.region}",
        "Region": bucket.region,
        "StorageClass": "Standard",
        "ExtranetEndpoint": f"oss-{bucket.region}.aliyuncs.com",
        "IntranetEndpoint": f"oss-{bucket.region}-internal.aliyuncs.com",
    }


_HANDLERS: dict[str, _Handler] = {
    "AbortMultipartUpload": copies.abort_upload,
    "CleanRestoredObject": clean_restored_object,
    "CompleteMultipartUpload": copies.complete_upload,
    "CopyObject": copies.copy_object,
    "GetBucketVersioning": copies.versioning,
    "GetObjectTagging": copies.tagging,
    "InitiateMultipartUpload": copies.create_upload,
    "ListBucketInventory": oss_inventory,
    "ListMultipartUploads": copies.list_uploads,
    "ListParts": copies.list_parts,
    "UploadPartCopy": copies.copy_part,
    "DeleteObject": delete_object,
    "GetBucketArchiveDirectRead": _direct_read,
    "GetBucketInfo": _info,
    "GetBucketLifecycle": _lifecycle,
    "GetBucketLocation": _location,
    "GetObject": get_object,
    "HeadObject": get_object,
    "ListObjectVersions": list_object_versions,
    "ListObjectsV2": list_objects_v2,
    "PutBucketArchiveDirectRead": _direct_read,
    "PutObject": put_object,
    "RestoreObject": restore_object,
}
