"""RestoreObject and CleanRestoredObject as OSS judges them (FACTS 4.1)."""

from restoretui.core.model import Tier
from restoretui.core.rules.rules import ArchiveRule
from restoretui.sandbox.state.bucket import DAY, AskLog, BucketState, describe
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER
from restoretui.sandbox.state.refusals import ErrorAnswer, malformed_xml, marker_not_allowed
from restoretui.sandbox.state.restore import Restore, start
from restoretui.sandbox.state.table import Row
from restoretui.sandbox.wire.call_reply import Call, Reply, parse_xml

_TIERS = {tier.wire: tier for tier in Tier}


def restore_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?restore[&versionId=]``: 202 started or raised, 200 days added."""
    days, tier = _parse_request(call.body)
    row = find_version(bucket, call)
    status = 0
    try:
        status = _judge(cloud, bucket, row, days, tier)
    except ErrorAnswer as no:
        status = no.status
        raise
    finally:
        asked = bucket.asks.get(row.tag) or AskLog(row.key, bucket.version_id(row))
        bucket.asks[row.tag] = asked.and_then(status, days, tier)
    if status == 202:
        cloud.notifier.begun(bucket, row, bucket.restores[row.tag], cloud.now())
    headers = {}
    rule = _rule(bucket, row)
    if rule.takes_tier:
        headers["x-oss-object-restore-priority"] = (tier or Tier.STANDARD).wire
    version_id = bucket.version_id(row)
    if version_id is not None:
        headers["x-oss-version-id"] = version_id
    return Reply(status, headers=headers)


def clean_restored_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?cleanRestoredObject``: the copy ends now."""
    now = cloud.now()
    row = find_version(bucket, call)
    rule = describe(row.kind).rule
    if rule is None or not rule.cleanable:
        raise _not_supported()
    restore = bucket.restore_of(row.tag, now)
    if restore is None or not restore.available(now):
        raise ErrorAnswer(409, "ArchiveRestoreFileStale", "The restored file is not there, or not there any more.")
    del bucket.restores[row.tag]
    return Reply()


def find_version(bucket: BucketState, call: Call) -> Row:
    """The version a request names; a delete marker is no object."""
    version_id = call.query.get("versionId")
    _, row = bucket.find(call.key, version_id)
    if row.kind & MARKER == MARKER:
        raise marker_not_allowed(call.method, version_id)
    return row


def _judge(cloud: Cloud, bucket: BucketState, row: Row, days: int | None, tier: Tier | None) -> int:
    now = cloud.now()
    rule = _rule(bucket, row)
    most = rule.max_days or 365
    asked = 1 if days is None else days
    if not 1 <= asked <= most:
        raise _malformed("0016-00000704", f"The Days element must be an integer from 1 to {most}.")
    if tier is not None and (not rule.takes_tier or tier not in rule.windows):
        raise _malformed("0016-00000703", "The Tier element is not valid for the object's storage class.")
    wanted = tier or Tier.STANDARD
    running = bucket.restore_of(row.tag, now)
    if running is not None and running.available(now):
        bucket.restores[row.tag] = _extended(running, asked, most)
        return 200
    if running is not None and not (rule.takes_tier and wanted.faster_than(running.tier)):
        slower = rule.takes_tier and running.tier.faster_than(wanted)
        raise ErrorAnswer(
            409,
            "RestoreAlreadyInProgress",
            "The restore operation is in progress.",
            extra={"EC": "0016-00000715"} if slower else None,
        )
    faster = cloud.begin_restore(bucket, row, wanted, asked, now)
    if running is not None:
        # Raising the priority never makes it later, and the days stay as first asked for.
        ready = min(running.ready, faster.ready)
        bucket.restores[row.tag] = start(rule, wanted, running.days, running.asked, ready)
    return 202


def _extended(running: Restore, days: int, most: int) -> Restore:
    """Days are added to the end of the copy; its whole life stays within the class's longest."""
    return running._replace(until=min(running.until + days * DAY, running.ready + most * DAY), days=days)


def _rule(bucket: BucketState, row: Row) -> ArchiveRule:
    rule = describe(row.kind).rule
    if rule is None:
        raise _not_supported()
    return rule


def _parse_request(body: bytes) -> tuple[int | None, Tier | None]:
    """Days and tier, each None where it is not said; no body says neither."""
    if not body.strip():
        return None, None
    days: int | None = None
    tier: Tier | None = None
    for element in parse_xml(body, "RestoreRequest"):
        if element.tag == "Days":
            text = element.text or ""
            if not text.strip().lstrip("-").isdecimal():
                raise _malformed("0016-00000704", "The Days element is not an integer.")
            days = int(text)
        elif element.tag == "JobParameters":
            text = element.findtext("Tier") or ""
            if text not in _TIERS:
                raise _malformed("0016-00000703", "The Tier element is not valid.")
            tier = _TIERS[text]
        else:
            raise malformed_xml()
    return days, tier


def _malformed(ec: str, message: str) -> ErrorAnswer:
    return ErrorAnswer(400, "MalformedXML", message, extra={"EC": ec})


def _not_supported() -> ErrorAnswer:
    return ErrorAnswer(400, "OperationNotSupported", "The operation is not supported for this resource")
