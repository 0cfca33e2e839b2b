"""What buckets tell of restores: that one was asked for, is done, or that its copy is gone (FACTS 1.9).

Nothing runs by itself: what is due by now is sent whenever somebody looks at the clock.
"""

import heapq
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote_plus

from restoretui.sandbox.state.bucket import BucketState, QueueRule
from restoretui.sandbox.state.queues import Queues
from restoretui.sandbox.state.restore import Restore
from restoretui.sandbox.state.table import Row

TOLD_BY_OSS = ("ColdArchive", "DeepColdArchive")
POST, COMPLETED, DELETE = "ObjectRestore:Post", "ObjectRestore:Completed", "ObjectRestore:Delete"


class _Due(NamedTuple):
    at: float
    number: int
    name: str
    bucket: str
    row: Row
    asked: float


class Notifier:
    """Sends what is due to the queues that buckets name."""

    def __init__(
        self, queues: Queues, bucket: Callable[[str], BucketState | None], class_of: Callable[[int], str]
    ) -> None:
        """``bucket`` finds one by its name; ``class_of`` is the storage class of a row's kind."""
        self._queues = queues
        self._bucket = bucket
        self._class_of = class_of
        self._heap: list[_Due] = []
        self._numbers = 0

    @property
    def due(self) -> float:
        """When something is sent next; ``inf``: nothing will be."""
        return self._heap[0].at if self._heap else float("inf")

    def begun(self, bucket: BucketState, row: Row, restore: Restore, now: float) -> None:
        """A restore was asked for and accepted."""
        if bucket.queue_rules:
            self._send(bucket, row, POST, now, None)
            self._await(bucket, row, restore)

    def subscribed(self, bucket: BucketState) -> None:
        """The bucket tells of its restores from now on, of those under way as well."""
        self._heap = [due for due in self._heap if due.bucket != bucket.name]
        heapq.heapify(self._heap)
        if bucket.queue_rules and bucket.restores:
            for row in bucket.rows():
                if (restore := bucket.restores.get(row.tag)) is not None:
                    self._await(bucket, row, restore)

    def catch_up(self, now: float) -> None:
        """Send all that is due."""
        while self._heap and self._heap[0].at <= now:
            due = heapq.heappop(self._heap)
            bucket = self._bucket(due.bucket)
            if bucket is None:
                continue
            restore = bucket.restores.get(due.row.tag)
            if due.name == COMPLETED:
                if restore is None or restore.asked != due.asked or not restore.available(due.at):
                    continue  # cancelled, deleted, or asked for anew
                self._send(bucket, due.row, COMPLETED, due.at, restore.until)
                self._push(restore.until, DELETE, bucket, due.row, restore)
            elif restore is None or restore.until <= due.at:
                self._send(bucket, due.row, DELETE, due.at, None)
            elif restore.asked == due.asked:
                self._push(restore.until, DELETE, bucket, due.row, restore)

    def _await(self, bucket: BucketState, row: Row, restore: Restore) -> None:
        self._push(restore.ready, COMPLETED, bucket, row, restore)

    def _push(self, at: float, name: str, bucket: BucketState, row: Row, restore: Restore) -> None:
        if at < float("inf"):
            self._numbers += 1
            heapq.heappush(self._heap, _Due(at, self._numbers, name, bucket.name, row, restore.asked))

    def _send(self, bucket: BucketState, row: Row, name: str, at: float, until: float | None) -> None:
        if bucket.scheme == "oss":
            self._send_of_oss(bucket, row, name, at)
            return
        for rule in bucket.queue_rules:
            if rule.wants(name, row.key) and (queue := self._queues.by_arn(rule.arn)) is not None:
                queue.send(json.dumps({"Records": [self._record(bucket, row, rule, name, at, until)]}), at)

    def _send_of_oss(self, bucket: BucketState, row: Row, name: str, at: float) -> None:
        """OSS tells of the end of a restore alone, and of two classes, in Base64 (FACTS 4.5)."""
        if name != COMPLETED or self._class_of(row.kind) not in TOLD_BY_OSS:
            return
        about = {"deltaSize": 0, "eTag": bucket.etag(row.tag).upper(), "key": row.key, "size": row.size}
        for rule in bucket.queue_rules:
            queue = self._queues.by_arn(rule.arn)
            if queue is None or not row.key.startswith(rule.prefix):
                continue
            event = {
                "eventName": "ObjectRestore:FinishRestore", "eventSource": "acs:oss", "eventTime": _iso(at),
                "eventVersion": "1.0",
                "oss": {
                    "bucket": {"arn": f"acs:oss:{bucket.region}:1:{bucket.name}", "name": bucket.name},
                    "object": about,
                    "ossSchemaVersion": "1.0", "ruleId": rule.id, "region": bucket.region,
                },
            }  # fmt: skip
            queue.send(b64encode(json.dumps({"events": [event]}).encode()).decode(), at)

    def _record(
        self, bucket: BucketState, row: Row, rule: QueueRule, name: str, at: float, until: float | None
    ) -> dict[str, object]:
        version = bucket.version_id(row)
        about = {"key": quote_plus(row.key), "size": row.size, "eTag": bucket.etag(row.tag)}
        record: dict[str, object] = {
            "eventVersion": "2.3" if name == DELETE else "2.1", "eventSource": "aws:s3", "awsRegion": bucket.region,
            "eventTime": _iso(at), "eventName": name, "userIdentity": {"principalId": "AmazonCustomer:SANDBOX"},
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": rule.id,
                "bucket": {"name": bucket.name, "arn": f"arn:aws:s3:::{bucket.name}"},
                "object": about | ({} if version is None else {"versionId": version}),
            },
        }  # fmt: skip
        if until is not None and until < float("inf"):
            told = {"lifecycleRestorationExpiryTime": _iso(until)}
            told["lifecycleRestoreStorageClass"] = self._class_of(row.kind)
            record["glacierEventData"] = {"restoreEventData": told}
        return record


def test_event(bucket: str, at: float) -> str:
    """What S3 sends once a queue is named for the first time (FACTS 1.9)."""
    told = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": _iso(at), "Bucket": bucket}
    return json.dumps(told | {"RequestId": "SANDBOX", "HostId": "sandbox"})


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
