"""Simple Message Queue (MNS), as far as OSS events need it: messages are received and deleted (FACTS 4.5)."""

import hmac
from base64 import b64encode

from restoretui.sandbox.oss.signature import OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.queues import Queue
from restoretui.sandbox.state.refusals import ErrorAnswer, not_built
from restoretui.sandbox.wire.call_reply import XML, Call, Reply, document, elements, parse_xml

NAMESPACE = "http://mns.aliyuncs.com/doc/v1/"
_MOST_MESSAGES, _LONGEST_WAIT_S = 16, 30.0
_GLANCE_S = 0.02
"""Machine seconds between two looks for a message that somebody waits for."""
_OPERATIONS = {"GET": "BatchReceiveMessage", "DELETE": "BatchDeleteMessage"}


class MnsAdapter:
    """Requests to ``/queues/NAME/messages`` that are signed as MNS signs."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def identify(self, call: Call) -> bool:
        """Told by ``Authorization: MNS``."""
        if not call.headers.get("authorization", "").startswith("MNS "):
            return False
        call.service, call.operation = "mns", _OPERATIONS.get(call.method, f"{call.method} queue")
        return True

    async def wait(self, call: Call) -> None:
        """Long polling: until there is a message, or the time is over that the request gives."""
        try:
            queue, seconds = self._queue(call), float(call.query.get("waitseconds", "0"))
        except (ErrorAnswer, ValueError):
            return  # said by the answer
        clock = self.cloud.clock
        end = clock.monotonic() + min(seconds, _LONGEST_WAIT_S)
        while call.operation == "BatchReceiveMessage" and clock.monotonic() < end:
            self.cloud.now()
            if any(message.visible_at <= clock.monotonic() for message in queue.messages.values()):
                return
            await clock.pause(_GLANCE_S)

    def answer(self, call: Call) -> Reply:
        _check_signature(call)
        queue = self._queue(call)
        self.cloud.now()
        match call.operation:
            case "BatchReceiveMessage":
                return self._receive(queue, call)
            case "BatchDeleteMessage":
                receipts = [one.text or "" for one in parse_xml(call.body, "ReceiptHandles")]
                if not 1 <= len(receipts) <= _MOST_MESSAGES:
                    raise ErrorAnswer(400, "InvalidArgument", "There have to be 1 to 16 receipt handles.")
                for receipt in receipts:
                    queue.delete(receipt)
                return Reply(204)
        raise not_built(call.operation)

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        told = {"Code": refusal.code, "Message": refusal.message, "RequestId": call.request_id, "HostId": "sandbox"}
        return Reply(refusal.status, f'{XML}<Error xmlns="{NAMESPACE}">{elements(told)}</Error>'.encode())

    def _queue(self, call: Call) -> Queue:
        _, _, name, last = [*call.path.split("/"), "", "", ""][:4]
        found = next((one for one in self.cloud.queues if one.name == name and one.region.startswith("cn-")), None)
        if found is None or last != "messages":
            raise ErrorAnswer(404, "QueueNotExist", "The queue name you provided is not exist.")
        if found.denied:
            raise ErrorAnswer(403, "AccessDenied", "The OwnerId that your Access Key Id associated to is forbidden.")
        return found

    def _receive(self, queue: Queue, call: Call) -> Reply:
        most = min(_MOST_MESSAGES, max(1, int(call.query.get("numOfMessages", "1"))))
        found = queue.receive(most, self.cloud.clock.monotonic())
        if not found:
            raise ErrorAnswer(404, "MessageNotExist", "Message not exist.")
        told = "".join(
            "<Message>"
            + elements({
                "MessageId": message.id, "ReceiptHandle": f"{message.id}#{message.received}",
                "MessageBody": message.body, "MessageBodyMD5": message.md5.upper(),
            })
            + "</Message>"
            for message in found
        )  # fmt: skip
        return Reply(body=document("Messages", told, NAMESPACE))


def _check_signature(call: Call) -> None:
    """Keys that this sandbox did not give out have secrets nobody here knows: they pass."""
    access_key, _, signature = call.headers["authorization"].removeprefix("MNS ").partition(":")
    if access_key != OSS_ACCESS_KEY_ID:
        return
    own = sorted((name.lower(), value) for name, value in call.headers.items() if name.lower().startswith("x-mns-"))
    lines = "".join(f"{name}:{value}\n" for name, value in own)
    resource = call.path + (f"?{call.query_string}" if call.query_string else "")
    given = [call.headers.get(name, "") for name in ("content-md5", "content-type", "date")]
    to_sign = "\n".join((call.method, *given, lines + resource))
    expected = b64encode(hmac.digest(OSS_ACCESS_KEY_SECRET.encode(), to_sign.encode(), "sha1")).decode()
    if not hmac.compare_digest(expected, signature):
        raise ErrorAnswer(403, "SignatureDoesNotMatch", "The request signature we calculated does not match yours.")
