"""``?inventory``: where a bucket's inventories are written, as S3 tells it and as OSS does (botocore's model)."""

from xml.etree import ElementTree as ET

from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, malformed_xml
from restoretui.sandbox.wire.call_reply import XML, Call, Reply, document, parse_xml

_ROOT, _LIST = "InventoryConfiguration", "ListInventoryConfigurationsResult"


def inventory(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET`` of all or of one by its id, ``PUT`` and ``DELETE`` of one."""
    name = call.query.get("id", "")
    if call.method == "GET" and not name:
        return Reply(body=document(_LIST, _all(bucket)))
    if not name:
        raise ErrorAnswer(400, "InvalidArgument", "Missing id")
    if call.method == "PUT":
        tree = parse_xml(call.body, _ROOT)
        if tree.findtext("Id") != name or tree.find("Destination/S3BucketDestination/Bucket") is None:
            raise malformed_xml()
        bucket.inventory_rules[name] = "".join(ET.tostring(one, encoding="unicode") for one in tree)
        return Reply()
    if name not in bucket.inventory_rules:
        raise ErrorAnswer(404, "NoSuchConfiguration", "The specified configuration does not exist.")
    if call.method == "DELETE":
        del bucket.inventory_rules[name]
        return Reply(204)
    return Reply(body=document(_ROOT, bucket.inventory_rules[name]))


def oss_inventory(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET`` of all, in OSS's words."""
    if not bucket.inventory_rules:
        raise ErrorAnswer(404, "NoSuchInventory", "No Row found in Inventory Table.")
    told = _all(bucket).replace("S3BucketDestination", "OSSBucketDestination").replace("arn:aws:s3:::", "acs:oss:::")
    return Reply(body=f"{XML}<{_LIST}>{told}</{_LIST}>".encode())


def _all(bucket: BucketState) -> str:
    told = "".join(f"<{_ROOT}>{rule}</{_ROOT}>" for rule in bucket.inventory_rules.values())
    return f"{told}<IsTruncated>false</IsTruncated>"
