"""Operations on buckets and on the account."""

import re

from restoretui.sandbox.s3.access import account_of
from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, malformed_xml
from restoretui.sandbox.wire.call_reply import Call, Reply, document, elements, iso, parse_xml

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def list_buckets(cloud: Cloud, call: Call) -> Reply:
    """``GET /``: the caller's own buckets; those of other accounts are not among them."""
    caller = account_of(call.access_key)
    names = sorted(name for name, one in cloud.buckets.items() if one.owner == caller and one.scheme == "s3")
    region, prefix = call.query.get("bucket-region"), call.query.get("prefix", "")
    rows = "".join(
        f"<Bucket>{elements(_summary(cloud.buckets[name]))}</Bucket>"
        for name in names
        if name.startswith(prefix) and region in (None, cloud.buckets[name].region)
    )
    owner = elements({"ID": caller, "DisplayName": "sandbox"})
    return Reply(body=document("ListAllMyBucketsResult", f"<Owner>{owner}</Owner><Buckets>{rows}</Buckets>"))


def create_bucket(cloud: Cloud, call: Call) -> Reply:
    """``PUT /bucket``."""
    if not _NAME.fullmatch(call.bucket):
        raise ErrorAnswer(400, "InvalidBucketName", "The specified bucket is not valid.")
    if call.bucket in cloud.buckets:
        raise ErrorAnswer(
            409,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )
    region = call.region or "us-east-1"
    if call.body:
        region = parse_xml(call.body, "CreateBucketConfiguration").findtext("LocationConstraint") or region
    locked = call.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true"
    owner = account_of(call.access_key)
    cloud.add_bucket(call.bucket, region=region, versioning=locked, object_lock=locked, owner=owner)
    return Reply(headers={"Location": f"/{call.bucket}"})


def head_bucket(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``HEAD /bucket``: whether it is there, and where."""
    return Reply(headers={"x-amz-bucket-region": bucket.region, "x-amz-access-point-alias": "false"})


def get_location(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?location``; us-east-1 is the empty one."""
    return Reply(body=document("LocationConstraint", "" if bucket.region == "us-east-1" else bucket.region))


def versioning(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET`` and ``PUT ?versioning``."""
    if call.method == "GET":
        status = elements({"Status": bucket.versioning}) if bucket.versioning else ""
        return Reply(body=document("VersioningConfiguration", status))
    wanted = parse_xml(call.body, "VersioningConfiguration").findtext("Status")
    if wanted not in ("Enabled", "Suspended"):
        raise malformed_xml()
    bucket.set_versioning(wanted)
    return Reply()


def request_payment(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?requestPayment``."""
    payer = "Requester" if bucket.requester_pays else "BucketOwner"
    return Reply(body=document("RequestPaymentConfiguration", elements({"Payer": payer})))


def lifecycle(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET ?lifecycle``: the rules the bucket has."""
    if not bucket.expirations and not bucket.transitions:
        raise ErrorAnswer(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
    told = [(rule.rule_id, rule.prefix, "Expiration", {"Days": str(rule.days)}) for rule in bucket.expirations]
    told += [
        (rule.rule_id, rule.prefix, "Transition", {"Days": str(rule.days), "StorageClass": rule.storage_class})
        for rule in bucket.transitions
    ]
    rules = "".join(
        f"<Rule>{elements({'ID': name})}<Filter>{elements({'Prefix': prefix})}</Filter><Status>Enabled</Status>"
        f"<{deed}>{elements(values)}</{deed}></Rule>"
        for name, prefix, deed, values in told
    )
    return Reply(body=document("LifecycleConfiguration", rules))


def delete_bucket(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``DELETE /bucket``: only when nothing is in it."""
    if len(bucket.table):
        raise ErrorAnswer(409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
    del cloud.buckets[bucket.name]
    return Reply(204)


def _summary(bucket: BucketState) -> dict[str, str]:
    return {"Name": bucket.name, "CreationDate": iso(bucket.created), "BucketRegion": bucket.region}
