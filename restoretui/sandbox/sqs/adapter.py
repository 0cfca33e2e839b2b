"""SQS, as far as events of restores need it: queues, their attributes, and messages; AWS JSON 1.0."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.queues import Queue
from restoretui.sandbox.state.refusals import ErrorAnswer, access_denied, not_built
from restoretui.sandbox.wire.call_reply import Call, Reply

_TARGET = "AmazonSQS."
_TYPE = "application/x-amz-json-1.0"
_MOST_MESSAGES, _LONGEST_WAIT_S = 10, 20.0
_GLANCE_S = 0.02
"""Machine seconds between two looks for a message that somebody waits for."""
_QUERY_CODES = {"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue"}
"""What the older protocol calls an error, which is told beside its name."""
_OWN = ("QueueArn", "CreatedTimestamp", "ApproximateNumberOfMessages")


class SqsAdapter:
    """Requests to ``/`` with a target."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._answers: dict[str, Callable[[Call, dict[str, Any]], Mapping[str, Any]]] = {
            "CreateQueue": self._create, "GetQueueUrl": self._url, "ListQueues": self._list,
            "GetQueueAttributes": self._attributes, "SetQueueAttributes": self._set_attributes,
            "SendMessage": self._send, "DeleteQueue": self._delete_queue, "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "DeleteMessageBatch": self._delete_several,
        }  # fmt: skip

    def identify(self, call: Call) -> bool:
        """JSON 1.0: told by ``x-amz-target``."""
        target = call.headers.get("x-amz-target", "")
        if not target.startswith(_TARGET):
            return False
        call.service, call.operation = "sqs", target.removeprefix(_TARGET)
        return True

    async def wait(self, call: Call) -> None:
        """Long polling: until there is a message, or the time is over that the request gives."""
        if call.operation != "ReceiveMessage":
            return
        try:
            asked = self._read(call)
            queue, seconds = self._queue(call, asked), float(asked.get("WaitTimeSeconds", 0))
        except (ErrorAnswer, ValueError, TypeError):
            return  # said by the answer
        clock = self.cloud.clock
        end = clock.monotonic() + min(seconds, _LONGEST_WAIT_S)
        while clock.monotonic() < end:
            self.cloud.now()
            if any(message.visible_at <= clock.monotonic() for message in queue.messages.values()):
                return
            await clock.pause(_GLANCE_S)

    def answer(self, call: Call) -> Reply:
        if not call.access_key:
            raise ErrorAnswer(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        handler = self._answers.get(call.operation)
        if handler is None:
            raise not_built(call.operation)
        self.cloud.now()
        body = handler(call, self._read(call))
        return Reply(body=json.dumps(body).encode(), content_type=_TYPE)

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        """JSON with ``__type``, and the code of the older query protocol in a header."""
        body = json.dumps({"__type": f"com.amazonaws.sqs#{refusal.code}", "message": refusal.message})
        code = _QUERY_CODES.get(refusal.code, refusal.code)
        return Reply(refusal.status, body.encode(), {"x-amzn-query-error": f"{code};Sender"}, content_type=_TYPE)

    def _read(self, call: Call) -> dict[str, Any]:
        try:
            asked = json.loads(call.body or b"{}")
        except ValueError:
            raise ErrorAnswer(400, "SerializationException", "The request is not JSON.") from None
        if not isinstance(asked, dict):
            raise ErrorAnswer(400, "SerializationException", "The request is no JSON object.")
        return asked

    def _queue(self, call: Call, asked: dict[str, Any]) -> Queue:
        queue = self.cloud.queues.by_url(str(asked.get("QueueUrl", "")), call.region)
        if queue.denied or queue.account != self.cloud.account:
            raise access_denied(
                f"User is not authorized to perform: sqs:{call.operation.lower()} on resource: {queue.arn} "
                "because no resource-based policy allows the action"
            )
        return queue

    def _address(self, call: Call, queue: Queue) -> str:
        return f"http://{call.headers.get('host', '127.0.0.1')}/{queue.account}/{queue.name}"

    def _create(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        name = str(asked.get("QueueName", ""))
        if not name:
            raise ErrorAnswer(400, "InvalidParameterValue", "A queue needs a name.")
        queue = self.cloud.queues.add(name, self.cloud.account, call.region, asked.get("Attributes"))
        return {"QueueUrl": self._address(call, queue)}

    def _url(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        account = str(asked.get("QueueOwnerAWSAccountId") or self.cloud.account)
        found = self.cloud.queues.by_url(f"/{account}/{asked.get('QueueName', '')}", call.region)
        return {"QueueUrl": self._address(call, found)}

    def _list(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        begins = str(asked.get("QueueNamePrefix", ""))
        return {
            "QueueUrls": [
                self._address(call, queue)
                for queue in self.cloud.queues
                if queue.name.startswith(begins) and queue.region == call.region
                and queue.account == self.cloud.account
            ]
        }  # fmt: skip

    def _attributes(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        queue = self._queue(call, asked)
        names = asked.get("AttributeNames", [])
        told = {"QueueArn": queue.arn, "ApproximateNumberOfMessages": str(len(queue.messages)), **queue.attributes}
        return {"Attributes": {name: value for name, value in told.items() if "All" in names or name in names}}

    def _set_attributes(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        queue = self._queue(call, asked)
        for name, value in asked.get("Attributes", {}).items():
            if name in _OWN:
                raise ErrorAnswer(400, "InvalidAttributeName", f"Unknown Attribute {name}.")
            if name == "Policy" and value:
                _check_policy(value)
            queue.attributes[name] = str(value)
            if not value:
                del queue.attributes[name]
        return {}

    def _send(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        message = self._queue(call, asked).send(str(asked.get("MessageBody", "")), self.cloud.now())
        return {"MessageId": message.id, "MD5OfMessageBody": message.md5}

    def _receive(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        queue = self._queue(call, asked)
        most = min(_MOST_MESSAGES, max(1, int(asked.get("MaxNumberOfMessages", 1))))
        hidden = asked.get("VisibilityTimeout")
        found = queue.receive(most, self.cloud.clock.monotonic(), None if hidden is None else float(hidden))
        told = [
            {
                "MessageId": message.id, "ReceiptHandle": f"{message.id}#{message.received}", "Body": message.body,
                "MD5OfBody": message.md5,
            }
            for message in found
        ]  # fmt: skip
        return {"Messages": told} if told else {}

    def _delete_queue(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        self.cloud.queues.remove(self._queue(call, asked))
        return {}

    def _delete(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        self._queue(call, asked).delete(str(asked.get("ReceiptHandle", "")))
        return {}

    def _delete_several(self, call: Call, asked: dict[str, Any]) -> Mapping[str, Any]:
        queue, entries = self._queue(call, asked), asked.get("Entries", [])
        if not 1 <= len(entries) <= _MOST_MESSAGES:
            raise ErrorAnswer(400, "TooManyEntriesInBatchRequest", "There have to be 1 to 10 entries.")
        for entry in entries:
            queue.delete(str(entry.get("ReceiptHandle", "")))
        return {"Successful": [{"Id": str(entry.get("Id", ""))} for entry in entries], "Failed": []}


def _check_policy(text: object) -> None:
    try:
        is_policy = isinstance(json.loads(str(text)), dict)
    except ValueError:
        is_policy = False
    if not is_policy:
        raise ErrorAnswer(400, "InvalidAttributeValue", "Invalid value for the parameter Policy.")
