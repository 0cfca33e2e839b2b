"""What a provider does for events: reads messages of queues, and says which bucket sends its events where."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from restoretui.core.events.queues import QueueName

MOST_MESSAGES = 10
"""Of one answer, and of one deletion."""
LONGEST_WAIT_S = 20.0
"""For which an answer may be waited for: long polling."""


class QueueMessage(NamedTuple):
    """One message, until it is deleted."""

    id: str
    receipt: str
    """By which it is deleted, of this delivery."""
    body: str


class EventService(Protocol):
    """Raises from the ``CloudError`` tree; a queue that is not there is ``InvalidRequest``."""

    async def receive(self, queue: QueueName, wait_s: float) -> Sequence[QueueMessage]:
        """Up to ``MOST_MESSAGES``, as soon as there is one; none after ``wait_s`` machine seconds."""
        ...

    async def delete(self, queue: QueueName, receipts: Sequence[str]) -> None:
        """Take messages out of the queue; those that could not be come again, which does no harm."""
        ...

    async def queue(self, queue: QueueName) -> Mapping[str, str]:
        """The queue's attributes: ``QueueArn``, ``Policy`` (JSON), ``KmsMasterKeyId``."""
        ...

    async def put_queue_policy(self, queue: QueueName, policy: str) -> None:
        """Replace the queue's policy; an empty one removes it."""
        ...

    async def notification(self, bucket: str) -> Mapping[str, Any]:
        """The bucket's notification configuration, in the API's words; empty where there is none."""
        ...

    async def put_notification(self, bucket: str, configuration: Mapping[str, Any]) -> None:
        """Replace it as a whole, as the API has it."""
        ...


class HandlesEvents(Protocol):
    """A provider whose buckets tell of restores (``capabilities.events``)."""

    def events(self) -> EventService:
        """The part of it that does."""
        ...
