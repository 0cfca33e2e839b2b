"""Events through the SDK's credentials and request building: messages of SQS, and where buckets send them.

SQS is asked in its Region by JSON 1.0, whose errors have their code in a header of the older protocol as well.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from restoretui.core.errors import AccessDenied, CloudError, InvalidRequest, Unsupported
from restoretui.core.events.queues import QueueName
from restoretui.core.events.service import MOST_MESSAGES, EventService, QueueMessage
from restoretui.providers.s3.client.request_builder import S3Request
from restoretui.providers.wire.listings.listing_xml import Unreadable
from restoretui.providers.wire.refusals import printable

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.s3.client.client import S3Client
    from restoretui.providers.s3.client.late_sdk import LateSdk
    from restoretui.providers.s3.client.transport import HttpResponse

_MISSING = frozenset(
    {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "QueueDeletedRecently", "InvalidAddress"}
)
_ACTIONS = {
    "ReceiveMessage": "sqs:ReceiveMessage", "DeleteMessageBatch": "sqs:DeleteMessage",
    "GetQueueAttributes": "sqs:GetQueueAttributes", "SetQueueAttributes": "sqs:SetQueueAttributes",
}  # fmt: skip
_SHAPES = {"Messages": list, "Attributes": dict}
"""Parts of answers that are read, as the API has them."""
_GET, _PUT = "GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration"


class S3Events:
    """See ``core.events.service.EventService``; made by ``S3Provider.events``."""

    def __init__(self, sdk: "LateSdk", calls: "S3Client") -> None:
        self._sdk = sdk
        self._calls = calls

    async def receive(self, queue: QueueName, wait_s: float) -> Sequence[QueueMessage]:
        """ReceiveMessage: long polling, of up to 20 s."""
        asked = {"MaxNumberOfMessages": MOST_MESSAGES, "WaitTimeSeconds": int(wait_s)}
        told = await self._ask("ReceiveMessage", queue, asked)
        return [
            QueueMessage(
                str(one.get("MessageId", "")), str(one.get("ReceiptHandle", "")), str(one.get("Body", ""))
            )
            for one in told.get("Messages") or ()
            if isinstance(one, dict) and one.get("ReceiptHandle")
        ]  # fmt: skip

    async def delete(self, queue: QueueName, receipts: Sequence[str]) -> None:
        """DeleteMessageBatch, ten at a time; what it could not delete is not said, and comes again."""
        for at in range(0, len(receipts), MOST_MESSAGES):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(receipts[at : at + MOST_MESSAGES])
            ]
            await self._ask("DeleteMessageBatch", queue, {"Entries": entries})

    async def queue(self, queue: QueueName) -> Mapping[str, str]:
        """GetQueueAttributes, all of them."""
        told = await self._ask("GetQueueAttributes", queue, {"AttributeNames": ["All"]})
        return {str(name): str(value) for name, value in (told.get("Attributes") or {}).items()}

    async def put_queue_policy(self, queue: QueueName, policy: str) -> None:
        """SetQueueAttributes of ``Policy`` alone."""
        await self._ask("SetQueueAttributes", queue, {"Attributes": {"Policy": policy}})

    async def notification(self, bucket: str) -> Mapping[str, Any]:
        told = await self._calls.read(S3Request(_GET, bucket), self._understand(_GET))
        return {name: value for name, value in told.items() if name != "ResponseMetadata"}

    async def put_notification(self, bucket: str, configuration: Mapping[str, Any]) -> None:
        """PutBucketNotificationConfiguration; ``InvalidRequest`` where S3 may not send to the queue."""
        fixed = {"NotificationConfiguration": dict(configuration)}
        try:
            await self._calls.read(S3Request(_PUT, bucket, fixed=fixed), lambda reply: None)
        except CloudError as error:
            if "destination configurations" not in str(error):
                raise
            raise InvalidRequest.of(
                error,
                f"S3 may not send to the queue that the configuration of {bucket!r} names: its policy or its "
                "KMS key does not let it, or it is in another Region",
                "is the queue in the bucket's Region? A key of your own has to let s3.amazonaws.com use it",
            ) from None

    def _understand(self, operation: str) -> "Callable[[HttpResponse], dict[str, Any]]":
        """As the SDK reads it; an empty configuration has no fields."""

        def read(reply: "HttpResponse") -> dict[str, Any]:
            try:
                return self._sdk.parse("s3", operation, reply)
            except ValueError as error:
                raise Unreadable(str(error)) from error

        return read

    async def _ask(self, operation: str, queue: QueueName, asked: Mapping[str, Any]) -> dict[str, Any]:
        region = queue.region or self._sdk.region
        fixed = {"QueueUrl": queue.url, **asked}
        try:
            return await self._calls.read(S3Request(operation, fixed=fixed, service="sqs", region=region), _read_json)
        except CloudError as error:
            raise _of_queue(error, queue, region) from None


def _read_json(reply: "HttpResponse") -> dict[str, Any]:
    if not reply.body.strip():
        return {}
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise Unreadable("it is no JSON") from None
    if not isinstance(told, dict):
        raise Unreadable("it is no JSON object")
    for name, kind in _SHAPES.items():
        if not isinstance(told.get(name) or kind(), kind):
            raise Unreadable(f"its {name} are of another kind")
    return told


def _of_queue(error: CloudError, queue: QueueName, region: str) -> CloudError:
    """The same in words of queues."""
    name = printable(queue.name)
    if error.code in _MISSING or "NonExistentQueue" in error.code:
        return InvalidRequest.of(
            error,
            f"there is no queue {name!r} of account {queue.account} in {region}",
            "check its URL: `aws sqs list-queues` shows those there are",
        )
    if isinstance(error, AccessDenied):
        action = _ACTIONS.get(error.operation, "sqs:*")
        return AccessDenied.of(
            error,
            f"the queue {name!r} of account {queue.account} may not be used: {action} is missing",
            f"allow {action}; of a queue in another account its own policy has to, as well",
        )
    if isinstance(error, Unsupported):
        return Unsupported.of(error, "this endpoint has no queues (SQS)", "leave --events out: it is polled then")
    return error


if TYPE_CHECKING:
    _: type[EventService] = S3Events
