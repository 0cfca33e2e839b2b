"""Queues of the simulated account: messages that come in any order and sometimes twice, as SQS promises no better.

Visibility counts in machine time, since clients wait for messages in that; what is told in them is cloud time.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from hashlib import md5
from typing import Any

from msgspec import Struct, field

from restoretui.sandbox.state.refusals import ErrorAnswer
from restoretui.sandbox.state.restore import chance

VISIBLE_AFTER_S = 30.0
"""A message that was received and not deleted is seen again after this, unless the queue says otherwise."""
TWICE = 1 / 16
"""So many messages are delivered a second time, deleted or not: at least once is all that is promised."""


class QueuedMessage(Struct):
    """One message; ``visible_at`` is machine time."""

    id: str
    body: str
    sent_at: float
    visible_at: float = 0.0
    received: int = 0

    @property
    def md5(self) -> str:
        """As ReceiveMessage tells it; the SDK checks it."""
        return md5(self.body.encode(), usedforsecurity=False).hexdigest()


class Queue(Struct):
    """One queue."""

    name: str
    account: str
    region: str
    attributes: dict[str, str] = field(default_factory=dict)
    """Those that were set: ``Policy``, ``VisibilityTimeout`` …"""
    messages: dict[str, QueuedMessage] = field(default_factory=dict)
    twins: set[str] = field(default_factory=set)
    """Messages that were delivered twice already."""
    denied: bool = False
    """Nobody but its owner may use it."""
    _sent: int = 0

    @property
    def arn(self) -> str:
        """As notifications and policies name it."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.name}"

    @property
    def policy(self) -> Mapping[str, Any]:
        """Its policy; empty where there is none."""
        found = json.loads(self.attributes.get("Policy") or "{}")
        return found if isinstance(found, dict) else {}

    def send(self, body: str, now: float) -> QueuedMessage:
        """Put a message in; ``now`` is cloud time."""
        self._sent += 1
        message = QueuedMessage(f"{self.name}-{self._sent:08d}", body, now)
        self.messages[message.id] = message
        return message

    def receive(self, most: int, machine: float, hidden_s: float | None = None) -> list[QueuedMessage]:
        """Up to ``most`` visible messages, in an order that is not the one they came in."""
        ready = [message for message in self.messages.values() if message.visible_at <= machine]
        ready.sort(key=lambda message: chance("order", message.id, message.received))
        hidden = float(self.attributes.get("VisibilityTimeout", VISIBLE_AFTER_S)) if hidden_s is None else hidden_s
        for message in ready[:most]:
            message.visible_at = machine + hidden
            message.received += 1
        return ready[:most]

    def delete(self, receipt: str) -> None:
        """Take a message away; some are there once more, as copies of them were kept elsewhere."""
        name = receipt.partition("#")[0]
        message = self.messages.get(name)
        if message is None:
            return
        if name not in self.twins and chance("twin", name) < TWICE:
            self.twins.add(name)
            message.visible_at = 0.0
            return
        del self.messages[name]

    def lets_in(self, bucket_arn: str) -> bool:
        """Its policy lets S3 send for that bucket."""
        return any(_allows(statement, self.arn, bucket_arn) for statement in _listed(self.policy.get("Statement")))


class Queues:
    """All queues, by region, account and name."""

    def __init__(self) -> None:
        self._queues: dict[str, Queue] = {}

    def add(self, name: str, account: str, region: str, attributes: Mapping[str, str] | None = None) -> Queue:
        """The queue of that name, made if it is not there."""
        made = Queue(name, account, region, dict(attributes or {}))
        return self._queues.setdefault(made.arn, made)

    def remove(self, queue: Queue) -> None:
        """It is gone, with its messages."""
        self._queues.pop(queue.arn, None)

    def by_arn(self, arn: str) -> Queue | None:
        """None where there is none."""
        return self._queues.get(arn)

    def by_url(self, url: str, region: str) -> Queue:
        """The queue of a URL, which ends in its account and name; an ``ErrorAnswer`` where there is none."""
        account, name = ["", "", *url.rstrip("/").split("/")][-2:]
        found = self._queues.get(f"arn:aws:sqs:{region}:{account}:{name}")
        if found is None:
            raise ErrorAnswer(400, "QueueDoesNotExist", "The specified queue does not exist.")
        return found

    def __iter__(self) -> Iterator[Queue]:
        return iter(self._queues.values())


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _allows(statement: object, queue_arn: str, bucket_arn: str) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, dict) else _listed(principal)
    if not {"s3.amazonaws.com", "*"} & set(services):
        return False
    actions = [str(action).lower() for action in _listed(statement.get("Action"))]
    if not any(fnmatchcase("sqs:sendmessage", action) for action in actions):
        return False
    if not any(fnmatchcase(queue_arn, str(name)) for name in _listed(statement.get("Resource"))):
        return False
    conditions = statement.get("Condition", {})
    sources = [
        str(pattern)
        for test in ("ArnLike", "ArnEquals", "StringEquals", "StringLike")
        for pattern in _listed(conditions.get(test, {}).get("aws:SourceArn"))
    ]
    return not sources or any(fnmatchcase(bucket_arn, pattern) for pattern in sources)
