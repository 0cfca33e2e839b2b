"""Reads messages of a queue: S3's own, wrapped by SNS, EventBridge, or one in the other, and OSS's (FACTS 1.9, 4.5).

Whoever can write to the queue can write anything: what is no event of a restore is foreign, however it looks.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

DEEPEST = 4
"""Wrappings within each other that are taken off: SNS around EventBridge is two."""
LONGEST = 1 << 20
"""Characters of a message that are read at all: SQS holds no longer ones."""
MOST_RECORDS = 1000
"""Of one message."""


class EventKind(StrEnum):
    """What is told of an object."""

    STARTED = "started"
    COMPLETED = "completed"
    ENDED = "ended"
    """The copy is gone."""


_NAMES = {
    "ObjectRestore:Post": EventKind.STARTED, "ObjectRestore:Completed": EventKind.COMPLETED,
    "ObjectRestore:Delete": EventKind.ENDED, "Object Restore Initiated": EventKind.STARTED,
    "Object Restore Completed": EventKind.COMPLETED, "Object Restore Expired": EventKind.ENDED,
    "ObjectRestore:FinishRestore": EventKind.COMPLETED,
}  # fmt: skip
_TEST = "s3:TestEvent"


class RestoreEvent(NamedTuple):
    """One event. Instants are seconds since the epoch, the cloud's time."""

    kind: EventKind
    bucket: str
    key: str
    version_id: str | None = None
    at: float | None = None
    """When it happened; None where that cannot be read."""
    expiry: float | None = None
    """When the copy ends, where the event tells."""
    size: int | None = None
    etag: str = ""


class Message(NamedTuple):
    """What a message holds."""

    events: tuple[RestoreEvent, ...] = ()
    is_test: bool = False
    """S3 sends it once, when a queue is named for the first time; it tells of no object."""
    is_whole: bool = True
    """All of it was events of restores; else somebody else may want the rest."""


FOREIGN = Message(is_whole=False)


def read_message(body: str) -> Message:
    """What the message tells; never raises, whatever is in it."""
    if len(body) > LONGEST:
        return FOREIGN
    told: Any = body
    for _ in range(DEEPEST):
        if isinstance(told, str):
            try:
                told = json.loads(told)
            except (ValueError, RecursionError):
                return FOREIGN
        if not isinstance(told, Mapping):
            return FOREIGN
        if told.get("Type") == "Notification" and isinstance(told.get("Message"), str):
            told = told["Message"]
            continue
        if told.get("Event") == _TEST:
            return Message(is_test=True)
        if told.get("source") == "aws.s3" and isinstance(told.get("detail"), Mapping):
            event = _of_bridge(told)
            return FOREIGN if event is None else Message((event,))
        for name, read in (("Records", _of_record), ("events", _of_oss)):
            records = told.get(name)
            if not isinstance(records, list) or not 0 < len(records) <= MOST_RECORDS:
                continue
            found = [read(record) for record in records]
            events = tuple(event for event in found if event is not None)
            return Message(events, is_whole=len(events) == len(records))
        return FOREIGN
    return FOREIGN


def _of_record(record: object) -> RestoreEvent | None:
    """One of S3's own records; keys in them are encoded as in forms."""
    s3 = _in(record, "s3")
    found, kind = _in(s3, "object"), _NAMES.get(_text(record, "eventName").removeprefix("s3:"))
    bucket, key = _text(_in(s3, "bucket"), "name"), unquote_plus(_text(found, "key"))
    if kind is None or not bucket or not key:
        return None
    expiry = _text(_in(_in(record, "glacierEventData"), "restoreEventData"), "lifecycleRestorationExpiryTime")
    return RestoreEvent(
        kind, bucket, key, _text(found, "versionId") or None, _instant(_text(record, "eventTime")), _instant(expiry),
        _size(found), _text(found, "eTag").strip('"'),
    )  # fmt: skip


def _of_oss(record: object) -> RestoreEvent | None:
    """One of OSS's, which tells no end. Whether keys are encoded is not documented: they are taken as they are."""
    about, kind = _in(record, "oss"), _NAMES.get(_text(record, "eventName"))
    found = _in(about, "object")
    bucket, key = _text(_in(about, "bucket"), "name"), _text(found, "key")
    if kind is None or _text(record, "eventSource") != "acs:oss" or not bucket or not key:
        return None
    at, etag = _instant(_text(record, "eventTime")), _text(found, "eTag").strip('"')
    return RestoreEvent(kind, bucket, key, None, at, None, _size(found), etag)


def _of_bridge(told: Mapping[str, Any]) -> RestoreEvent | None:
    """EventBridge's form. Whether its keys are encoded is not documented: they are taken as they are."""
    detail = _in(told, "detail")
    found, kind = _in(detail, "object"), _NAMES.get(_text(told, "detail-type"))
    bucket, key = _text(_in(detail, "bucket"), "name"), _text(found, "key")
    if kind is None or not bucket or not key:
        return None
    return RestoreEvent(
        kind, bucket, key, _text(found, "version-id") or None, _instant(_text(told, "time")),
        _instant(_text(detail, "restore-expiry-time")), _size(found), _text(found, "etag").strip('"'),
    )  # fmt: skip


def _in(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _text(value: object, name: str) -> str:
    found = _in(value, name)
    return found if isinstance(found, str) else ""


def _size(value: object) -> int | None:
    found = _in(value, "size")
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _instant(text: str) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
