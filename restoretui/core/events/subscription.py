"""How a bucket is told to send its restore events to a queue, merged into what is there, and taken out again. Pure.

Both documents are replaced as a whole by their APIs, so whatever else stands in them is carried along untouched.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from restoretui.core.errors import InvalidRequest

EVENTS = ("s3:ObjectRestore:*",)
OURS = "restoretui"
"""How our entries begin: the rule's Id, and the statement's Sid."""
LONGEST_ID = 255
"""Characters of a rule's Id (API reference of S3, QueueConfiguration)."""
_LISTS = {"QueueConfigurations": "QueueArn", "TopicConfigurations": "TopicArn",
          "LambdaFunctionConfigurations": "LambdaFunctionArn"}  # fmt: skip


class EventSubscription(Struct, frozen=True):
    """What is wanted."""

    bucket: str
    prefix: str
    """Of keys; empty for all."""
    queue_arn: str
    partition: str
    account: str
    """That owns the bucket."""

    @property
    def rule_id(self) -> str:
        """Of the rule in the bucket's configuration."""
        plain = f"{OURS} {self.prefix}".strip()
        if len(plain) <= LONGEST_ID:
            return plain
        return f"{OURS} {blake2b(self.prefix.encode(), digest_size=16).hexdigest()}"

    @property
    def sid(self) -> str:
        """Of the statement in the queue's policy: letters and digits alone, another for each bucket."""
        return f"{OURS}{blake2b(self.bucket.encode(), digest_size=6).hexdigest()}"

    @property
    def rule(self) -> dict[str, Any]:
        """As ``PutBucketNotificationConfiguration`` takes it."""
        made: dict[str, Any] = {"Id": self.rule_id, "QueueArn": self.queue_arn, "Events": list(EVENTS)}
        if self.prefix:
            made["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": self.prefix}]}}
        return made

    @property
    def statement(self) -> dict[str, Any]:
        """That lets S3 send for this bucket of this account alone (FACTS 1.9)."""
        return {
            "Sid": self.sid, "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": self.queue_arn,
            "Condition": {
                "ArnLike": {"aws:SourceArn": f"arn:{self.partition}:s3:::{self.bucket}"},
                "StringEquals": {"aws:SourceAccount": self.account},
            },
        }  # fmt: skip


def with_rule(configuration: Mapping[str, Any], wanted: EventSubscription) -> dict[str, Any]:
    """The bucket's configuration with the rule; itself where it sends there already.

    ``InvalidRequest`` where another rule takes the same events of the same keys elsewhere: S3 allows one destination.
    """
    if is_sent(configuration, wanted):
        return dict(configuration)
    for name, arn in _LISTS.items():
        for rule in configuration.get(name, ()):
            if rule.get("Id") == wanted.rule_id and name == "QueueConfigurations":
                continue  # an older one of ours, which is replaced
            if _takes_restores(rule) and _prefixes_meet(_prefix(rule), wanted.prefix):
                raise InvalidRequest(
                    f"the bucket {wanted.bucket!r} sends its restore events to {rule.get(arn)} already, and S3 takes"
                    " one destination for an event",
                    "let that one pass them on: an SNS topic may have several queues, and EventBridge several rules",
                )
    kept = [rule for rule in configuration.get("QueueConfigurations", ()) if rule.get("Id") != wanted.rule_id]
    return {**configuration, "QueueConfigurations": [*kept, wanted.rule]}


def without_rule(configuration: Mapping[str, Any], wanted: EventSubscription) -> dict[str, Any]:
    """The bucket's configuration without our rule for that queue; all else as it was."""
    kept = [rule for rule in configuration.get("QueueConfigurations", ()) if not _is_ours(rule, wanted)]
    left = {**configuration, "QueueConfigurations": kept}
    if not kept:
        del left["QueueConfigurations"]
    return left


def is_sent(configuration: Mapping[str, Any], wanted: EventSubscription) -> bool:
    """A rule, whoever's, sends all restore events of these keys to that queue."""
    return any(
        rule.get("QueueArn") == wanted.queue_arn
        and set(EVENTS) <= set(rule.get("Events", ()))
        and wanted.prefix.startswith(_prefix(rule))
        and not _suffix(rule)
        for rule in configuration.get("QueueConfigurations", ())
    )


def may_send(configuration: Mapping[str, Any], queue_ends: str) -> bool:
    """Events of restores may come by a queue whose ARN ends so: directly, or by what has an end that nobody knows."""
    if "EventBridgeConfiguration" in configuration or configuration.get("TopicConfigurations"):
        return True
    rules = configuration.get("QueueConfigurations", ())
    return any(str(rule.get("QueueArn")).endswith(queue_ends) and _takes_restores(rule) for rule in rules)


def with_statement(policy: Mapping[str, Any], wanted: EventSubscription) -> dict[str, Any]:
    """The queue's policy with our statement; itself where that stands there."""
    statements = _statements(policy)
    if wanted.statement in statements:
        return dict(policy)
    kept = [one for one in statements if one.get("Sid") != wanted.sid]
    begun = policy or {"Version": "2012-10-17"}
    return {**begun, "Statement": [*kept, wanted.statement]}


def without_statement(policy: Mapping[str, Any], wanted: EventSubscription) -> dict[str, Any]:
    """The queue's policy without it; empty where nothing else stands there."""
    kept = [one for one in _statements(policy) if one != wanted.statement]
    return {**policy, "Statement": kept} if kept else {}


def difference(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> list[str]:
    """As lines of a diff; none where both are the same."""
    old, new = (_lines(one) for one in (before, after))
    return list(unified_diff(old, new, f"{name} now", f"{name} then", lineterm="", n=2))


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Both say the same, in whatever order."""
    return bool(_sorted(one) == _sorted(other))


def _lines(document: Mapping[str, Any]) -> list[str]:
    return json.dumps(document, indent=2).splitlines() if document else []


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(part) for name, part in value.items() if part not in ([], {}) or name == EVENT_BRIDGE}
    if isinstance(value, list | tuple):
        return sorted((_sorted(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
    return value


EVENT_BRIDGE = "EventBridgeConfiguration"
"""Empty, and yet it says something."""


def _statements(policy: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    found = policy.get("Statement", [])
    return [found] if isinstance(found, dict) else [one for one in found if isinstance(one, dict)]


def _is_ours(rule: Mapping[str, Any], wanted: EventSubscription) -> bool:
    return rule.get("Id") == wanted.rule_id and rule.get("QueueArn") == wanted.queue_arn


def _takes_restores(rule: Mapping[str, Any]) -> bool:
    return any(str(event).startswith("s3:ObjectRestore:") for event in rule.get("Events", ()))


def _prefixes_meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _prefix(rule: Mapping[str, Any]) -> str:
    return _filter(rule, "prefix")


def _suffix(rule: Mapping[str, Any]) -> str:
    return _filter(rule, "suffix")


def _filter(rule: Mapping[str, Any], name: str) -> str:
    rules = rule.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    return next((str(one.get("Value", "")) for one in rules if str(one.get("Name", "")).lower() == name), "")
