"""Alibaba Cloud's Simple Message Queue (MNS), by which OSS tells of restores (FACTS 4.5): two requests, signed by us.

Which bucket sends its events to a queue is said in the console alone.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from restoretui.core.errors import (
    AccessDenied,
    CloudError,
    CredentialsError,
    InvalidRequest,
    MalformedAnswer,
    ServerFault,
    Throttled,
    Unsupported,
)
from restoretui.core.events.queues import QueueName
from restoretui.core.events.service import MOST_MESSAGES, QueueMessage
from restoretui.providers.http.response import HttpResponse
from restoretui.providers.oss.credentials import KeyRing
from restoretui.providers.oss.key_sources import OssKeys
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.xml_trees import Unreadable, refuse_document_type, tree_of

_VERSION = "2015-06-06"
_TYPE = "text/xml;charset=utf-8"
_NONE = "MessageNotExist"
_MISSING = "QueueNotExist"
_KEYS = frozenset({"SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidSecurityToken", "SecurityTokenExpired"})
_IN_CONSOLE = "which buckets of OSS send events to a queue is said in the console alone"


class OssQueues:
    """See ``core.events.service.EventService``; made by ``OssProvider.events``."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def receive(self, queue: QueueName, wait_s: float) -> Sequence[QueueMessage]:
        """BatchReceiveMessage; 404 MessageNotExist is an empty queue (FACTS 4.5)."""
        query = f"?numOfMessages={MOST_MESSAGES}&waitseconds={int(wait_s)}"
        root = await self._ask("GET", queue, query, b"", "BatchReceiveMessage")
        found = [] if root is None else [one for one in root if _name(one) == "Message"]
        return [
            QueueMessage(told.get("MessageId", ""), told["ReceiptHandle"], _body(told.get("MessageBody", "")))
            for told in ({_name(part): part.text or "" for part in one} for one in found)
            if told.get("ReceiptHandle")
        ]

    async def delete(self, queue: QueueName, receipts: Sequence[str]) -> None:
        """BatchDeleteMessage, ``MOST_MESSAGES`` at a time."""
        for at in range(0, len(receipts), MOST_MESSAGES):
            some = "".join(
                f"<ReceiptHandle>{escape(receipt)}</ReceiptHandle>" for receipt in receipts[at : at + MOST_MESSAGES]
            )
            text = f'<ReceiptHandles xmlns="http://mns.aliyuncs.com/doc/v1/">{some}</ReceiptHandles>'
            await self._ask("DELETE", queue, "", text.encode(), "BatchDeleteMessage")

    async def queue(self, queue: QueueName) -> Mapping[str, str]:
        """``Unsupported``: queues are set up in the console."""
        raise Unsupported(_IN_CONSOLE)

    async def put_queue_policy(self, queue: QueueName, policy: str) -> None:
        """``Unsupported``: as ``queue``."""
        raise Unsupported(_IN_CONSOLE)

    async def notification(self, bucket: str) -> Mapping[str, Any]:
        """``Unsupported``: OSS's rules for events are made in the console (FACTS 4.5)."""
        raise Unsupported(_IN_CONSOLE)

    async def put_notification(self, bucket: str, configuration: Mapping[str, Any]) -> None:
        """``Unsupported``: as ``notification``."""
        raise Unsupported(_IN_CONSOLE)

    async def _ask(self, method: str, queue: QueueName, query: str, body: bytes, operation: str) -> ET.Element | None:
        """The root of the answer; None where it has none, or there is no message."""
        from restoretui.providers.http.single_request import send  # what talks to servers is loaded when one is asked

        keys = await self._ring.keys()
        resource = f"{urlsplit(queue.url).path}/messages{query}"
        headers = signed(keys, method, resource, formatdate(usegmt=True))
        reply = await send(
            method, f"{queue.url}/messages{query}", f"{operation} of queue {queue.name}", "--events", headers, body
        )
        if 200 <= reply.status < 300:
            return _root(reply, operation) if reply.body.strip() else None
        code, why = _refusal(reply)
        if code == _NONE:
            return None
        raise _error(queue, reply, operation, code, why)


def signed(keys: OssKeys, method: str, resource: str, date: str) -> dict[str, str]:
    """The headers of a request: HMAC-SHA1 over the method, type, date, own headers and resource (FACTS 4.5)."""
    to_sign = f"{method}\n\n{_TYPE}\n{date}\nx-mns-version:{_VERSION}\n{resource}"
    digest = base64.b64encode(hmac.digest(keys.secret.encode(), to_sign.encode(), "sha1")).decode()
    headers = {
        "Content-Type": _TYPE, "Date": date, "x-mns-version": _VERSION,
        "Authorization": f"MNS {keys.key_id}:{digest}",
    }  # fmt: skip
    return headers | ({"security-token": keys.token} if keys.token else {})


def _body(text: str) -> str:
    """What OSS sends is Base64; what anybody else has sent stays as it is."""
    try:
        return base64.b64decode(text.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return text


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _root(reply: HttpResponse, operation: str) -> ET.Element:
    try:
        refuse_document_type(reply.body)
        return tree_of(reply.body)
    except (Unreadable, ET.ParseError, ValueError, LookupError) as error:
        raise MalformedAnswer(
            f"the answer to {operation} cannot be read: {printable(str(error))}",
            "is it a queue of Simple Message Queue?", status=reply.status, operation=operation,
        ) from None  # fmt: skip


def _refusal(reply: HttpResponse) -> tuple[str, str]:
    """Code and message of an error, empty where it says none."""
    try:
        refuse_document_type(reply.body)
        told = {_name(part): printable(part.text or "", 300) for part in tree_of(reply.body)}
    except (Unreadable, ET.ParseError, ValueError, LookupError):
        return "", ""
    return told.get("Code", ""), told.get("Message", "")


def _error(queue: QueueName, reply: HttpResponse, operation: str, code: str, why: str) -> CloudError:
    kind, text, hint = _meaning(queue, reply.status, operation, code, why)
    return kind(text, hint, status=reply.status, code=code, operation=operation)


def _meaning(queue: QueueName, status: int, operation: str, code: str, why: str) -> tuple[type[CloudError], str, str]:
    """The kind of error, what is wrong, and what helps."""
    if code == _MISSING:
        return InvalidRequest, f"there is no queue {queue.name!r} at {queue.url}", "is its URL right?"
    if code in _KEYS:
        return CredentialsError, f"the queue does not take these credentials: {why or code}", "renew them"
    if status == 403:
        return AccessDenied, f"the queue {queue.name!r} may not be read", f"that takes mns:{operation} on it"
    if status in (429, 503):
        return Throttled, f"the queue asks for patience: {code or status}", ""
    if status >= 500:
        return ServerFault, f"the queue cannot answer now: {code or status}", ""
    return InvalidRequest, f"the queue refuses {operation}: {why or code or status}", "is its URL right?"
