"""``?notification``: where a bucket sends its events. The whole configuration is replaced by each PUT (FACTS 1.9)."""

from xml.etree import ElementTree as ET

from restoretui.sandbox.state.bucket import BucketState, QueueRule
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.notifications import test_event
from restoretui.sandbox.state.refusals import ErrorAnswer, malformed_xml
from restoretui.sandbox.wire.call_reply import Call, Reply, document, parse_xml

_ROOT = "NotificationConfiguration"
_EVENTS = ("s3:ObjectRestore:*", "s3:ObjectRestore:Post", "s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete")
_OTHERS = (
    "s3:ObjectCreated:",
    "s3:ObjectRemoved:",
    "s3:LifecycleExpiration:",
    "s3:ObjectTagging:",
    "s3:Replication:",
)


def notification(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``GET`` and ``PUT``."""
    if call.method == "GET":
        return Reply(body=document(_ROOT, bucket.notification))
    tree = parse_xml(call.body, _ROOT)
    rules: list[QueueRule] = []
    for number, element in enumerate(tree):
        if element.tag == "EventBridgeConfiguration":
            continue
        if element.find("Id") is None:
            ET.SubElement(element, "Id").text = f"sandbox-{number}"
        rules.append(_rule(element))
    _check_overlaps(rules)
    queues = [rule for rule in rules if ":sqs:" in rule.arn]
    for rule in queues:
        queue = cloud.queues.by_arn(rule.arn)
        if queue is None or queue.region != bucket.region or not queue.lets_in(f"arn:aws:s3:::{bucket.name}"):
            text = "Unable to validate the following destination configurations"
            extra = {"ArgumentName1": rule.arn, "ArgumentValue1": "The destination queue does not allow it"}
            raise ErrorAnswer(400, "InvalidArgument", text, extra=extra)
    known = {rule.arn for rule in bucket.queue_rules}
    bucket.notification = "".join(ET.tostring(element, encoding="unicode") for element in tree)
    bucket.queue_rules = tuple(queues)
    for arn in sorted({rule.arn for rule in queues} - known):
        if (queue := cloud.queues.by_arn(arn)) is not None:
            queue.send(test_event(bucket.name, cloud.now()), cloud.now())
    cloud.notifier.subscribed(bucket)
    return Reply()


def _rule(element: ET.Element) -> QueueRule:
    arn = next((element.findtext(name) for name in ("Queue", "Topic", "CloudFunction") if element.findtext(name)), "")
    events = tuple(event.text or "" for event in element.findall("Event"))
    if not arn or not events:
        raise malformed_xml()
    for event in events:
        if event not in _EVENTS and not event.startswith(_OTHERS):
            raise ErrorAnswer(400, "InvalidArgument", "A specified event is not supported for notifications.")
    filters = {
        (rule.findtext("Name") or "").lower(): rule.findtext("Value") or ""
        for rule in element.findall("Filter/S3Key/FilterRule")
    }
    return QueueRule(
        element.findtext("Id") or "", str(arn), events, filters.get("prefix", ""), filters.get("suffix", "")
    )


def _check_overlaps(rules: list[QueueRule]) -> None:
    for at, one in enumerate(rules):
        for other in rules[at + 1 :]:
            if one.overlaps(other):
                text = "Configurations overlap. Configurations on the same bucket cannot share a common event type"
                raise ErrorAnswer(400, "InvalidArgument", text)
