"""Requests in S3's wire format: which operation is meant, who may do it, and how errors look."""

import ipaddress
from collections.abc import Callable
from functools import lru_cache

from restoretui.sandbox.s3 import buckets, inventory_rules, lists, multipart, notifications, objects
from restoretui.sandbox.s3.access import account_of, check_owner, check_payer
from restoretui.sandbox.s3.restores import restore_object
from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, access_denied, method_not_allowed, not_built
from restoretui.sandbox.wire.call_reply import XML, Call, Reply, address, elements

_Handler = Callable[[Cloud, BucketState, Call], Reply]

_BUCKET_QUERIES = {
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versioning"): "GetBucketVersioning",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("GET", "versions"): "ListObjectVersions",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "requestPayment"): "GetBucketRequestPayment",
    ("GET", "lifecycle"): "GetBucketLifecycleConfiguration",
    ("GET", "inventory"): "ListBucketInventoryConfigurations",
    ("PUT", "inventory"): "PutBucketInventoryConfiguration",
    ("DELETE", "inventory"): "DeleteBucketInventoryConfiguration",
    ("POST", "delete"): "DeleteObjects",
    ("GET", "notification"): "GetBucketNotificationConfiguration",
    ("PUT", "notification"): "PutBucketNotificationConfiguration",
}
_BUCKET_METHODS = {"HEAD": "HeadBucket", "GET": "ListObjects", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
_OBJECT_QUERIES = {
    ("POST", "restore"): "RestoreObject",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("GET", "uploadId"): "ListParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
}
_OBJECT_METHODS = {"HEAD": "HeadObject", "GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_UNBUILT = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "attributes",
        "cors",
        "encryption",
        "intelligent-tiering",
        "legal-hold",
        "logging",
        "metrics",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "retention",
        "select",
        "torrent",
        "website",
    }
)


def _now(lister: Callable[[BucketState, Call, float], Reply]) -> _Handler:
    return lambda cloud, bucket, call: lister(bucket, call, cloud.now())


_HANDLERS: dict[str, _Handler] = {
    "AbortMultipartUpload": multipart.abort_upload,
    "CompleteMultipartUpload": multipart.complete_upload,
    "CopyObject": objects.copy_object,
    "CreateMultipartUpload": multipart.create_upload,
    "DeleteBucket": buckets.delete_bucket,
    "DeleteObject": objects.delete_object,
    "DeleteObjectTagging": objects.tagging,
    "DeleteObjects": objects.delete_objects,
    "GetBucketLifecycleConfiguration": buckets.lifecycle,
    "GetBucketNotificationConfiguration": notifications.notification,
    "GetBucketLocation": buckets.get_location,
    "DeleteBucketInventoryConfiguration": inventory_rules.inventory,
    "GetBucketRequestPayment": buckets.request_payment,
    "GetBucketVersioning": buckets.versioning,
    "GetObject": objects.get_object,
    "GetObjectTagging": objects.tagging,
    "HeadBucket": buckets.head_bucket,
    "HeadObject": objects.get_object,
    "ListBucketInventoryConfigurations": inventory_rules.inventory,
    "ListMultipartUploads": multipart.list_uploads,
    "ListObjectVersions": _now(lists.list_object_versions),
    "ListObjects": _now(lists.list_objects),
    "ListObjectsV2": _now(lists.list_objects_v2),
    "ListParts": multipart.list_parts,
    "PutBucketInventoryConfiguration": inventory_rules.inventory,
    "PutBucketNotificationConfiguration": notifications.notification,
    "PutBucketVersioning": buckets.versioning,
    "PutObject": objects.put_object,
    "PutObjectTagging": objects.tagging,
    "RestoreObject": restore_object,
    "UploadPart": multipart.upload_part,
    "UploadPartCopy": multipart.upload_part_copy,
}


class S3Adapter:
    """Answers everything that no other adapter claims."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def identify(self, call: Call) -> bool:
        """Takes whatever no other adapter has taken; the bucket stands in the host or in the path."""
        call.service = "s3"
        address(call, self._hosted_bucket(call.headers.get("host", "")))
        call.operation = _operation(call)
        return True

    def answer(self, call: Call) -> Reply:
        """In the service's order: signature, bucket, Region, who pays, the expected owner, then the operation."""
        if not call.access_key:
            raise access_denied("Anonymous access is not allowed; sign the request")
        if call.operation == "ListBuckets":
            return buckets.list_buckets(self.cloud, call)
        if call.operation == "CreateBucket":
            return buckets.create_bucket(self.cloud, call)
        if not call.bucket:
            raise method_not_allowed(call.method)
        bucket = self.cloud.bucket(call.bucket, "s3")
        _check_region(bucket, call)
        if call.operation != "HeadBucket":
            check_payer(bucket, call.headers, account_of(call.access_key), call.operation)
        check_owner(bucket, call.headers.get("x-amz-expected-bucket-owner"))
        handler = _HANDLERS.get(call.operation)
        if handler is None:
            raise not_built(call.operation)
        reply = handler(self.cloud, bucket, call)
        if bucket.requester_pays:
            reply.headers["x-amz-request-charged"] = "requester"
        return reply

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        """S3's XML; of HEAD and 304 the status alone."""
        headers = refusal.headers
        if call.method == "HEAD" or refusal.status == 304:
            return Reply(refusal.status, headers=headers)
        content = elements(
            {
                "Code": refusal.code,
                "Message": refusal.message,
                **refusal.extra,
                "Resource": call.path,
                "RequestId": call.request_id,
                "HostId": "sandbox",
            }
        )
        return Reply(refusal.status, f"{XML}<Error>{content}</Error>".encode(), headers)

    def _hosted_bucket(self, host: str) -> str:
        """The bucket a virtual-host style request names in its host; empty for path style."""
        name = host.rpartition(":")[0] or host
        if name == "localhost" or "." not in name or _is_address(name):
            return ""
        known = [bucket for bucket in self.cloud.buckets if name.startswith(f"{bucket}.")]
        if known:
            return max(known, key=len)
        label, _, rest = name.partition(".")
        return label if rest == "localhost" and label != "s3" else ""


def _operation(call: Call) -> str:
    method, query = call.method, call.query
    if not call.bucket:
        return "ListBuckets" if method == "GET" else f"{method} service"
    table, methods = (_OBJECT_QUERIES, _OBJECT_METHODS) if call.key else (_BUCKET_QUERIES, _BUCKET_METHODS)
    for name in query:
        found = table.get((method, name))
        if found is not None:
            copies = found == "UploadPart" and "x-amz-copy-source" in call.headers
            return "UploadPartCopy" if copies else found
        if name in _UNBUILT:
            return f"{method} {name}"
    found = methods.get(method, f"{method} object" if call.key else f"{method} bucket")
    if found == "ListObjects" and query.get("list-type") == "2":
        return "ListObjectsV2"
    if found == "PutObject" and "x-amz-copy-source" in call.headers:
        return "CopyObject"
    return found


def _check_region(bucket: BucketState, call: Call) -> None:
    """A request signed for another region is sent on, in the two ways S3 has for it."""
    if not call.region or call.region == bucket.region:
        return
    headers = {"x-amz-bucket-region": bucket.region}
    if call.operation == "GetBucketLocation":
        return
    if call.region == "us-east-1":
        raise ErrorAnswer(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all "
            "future requests to this endpoint.",
            headers=headers,
            extra={"Endpoint": f"s3.{bucket.region}.amazonaws.com", "Bucket": bucket.name},
        )
    raise ErrorAnswer(
        400,
        "AuthorizationHeaderMalformed",
        f"The authorization header is malformed; the region '{call.region}' is wrong; expecting '{bucket.region}'",
        headers=headers,
        extra={"Region": bucket.region},
    )


@lru_cache(maxsize=64)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
