"""Simple Message Queue: what is signed by hand is what we sign, and what OSS puts there comes out as it was told."""

import asyncio
import base64
import hmac
import json
from email.utils import formatdate
from http.client import HTTPConnection

import pytest

from restoretui.core.errors import AccessDenied, CredentialsError, InvalidRequest, Unsupported
from restoretui.core.events.messages import EventKind, read_message
from restoretui.core.events.queues import QueueName, read_queue
from restoretui.providers.oss.key_sources import OssKeys
from restoretui.providers.oss.queues import signed
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.oss.signature import OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET
from tests.conftest import StartSandbox
from tests.providers.conftest import OpenOss

TOLD = {
    "eventName": "ObjectRestore:FinishRestore", "eventSource": "acs:oss", "eventTime": "2026-01-15T18:00:00.000Z",
    "oss": {"bucket": {"name": "films"}, "object": {"key": "a b+%41", "size": 1, "eTag": "0CC175B9"}},
}  # fmt: skip
"""As Alibaba Cloud's page on event notifications has it."""


@pytest.fixture
async def running(sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch) -> RunningSandbox:
    served = await sandbox(empty=True)
    for name, value in served.env.items():
        monkeypatch.setenv(name, value)
    return served


def name_of(running: RunningSandbox, name: str = "told") -> QueueName:
    return read_queue(f"mns:{running.url}/queues/{name}")


def by_hand(running: RunningSandbox, path: str, authorization: str, date: str) -> tuple[int, bytes]:
    """A request as a stranger's client would send it."""
    connection = HTTPConnection("127.0.0.1", running.port, timeout=20)
    try:
        headers = {"Authorization": authorization, "Date": date, "x-mns-version": "2015-06-06"}
        connection.request("GET", path, headers={**headers, "Content-Type": "text/xml"})
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


async def test_a_request_signed_by_the_page_is_taken_and_no_other(running: RunningSandbox) -> None:
    queue = running.cloud.queues.add("told", "1", "cn-hangzhou")
    queue.send("<plain> & text", running.cloud.now())
    path, date = "/queues/told/messages?numOfMessages=1&waitseconds=0", formatdate(usegmt=True)
    text = f"GET\n\ntext/xml\n{date}\nx-mns-version:2015-06-06\n{path}"
    digest = base64.b64encode(hmac.digest(OSS_ACCESS_KEY_SECRET.encode(), text.encode(), "sha1")).decode()
    wrong = await asyncio.to_thread(by_hand, running, path, f"MNS {OSS_ACCESS_KEY_ID}:{digest[::-1]}", date)
    assert (wrong[0], b"SignatureDoesNotMatch" in wrong[1]) == (403, True)
    status, body = await asyncio.to_thread(by_hand, running, path, f"MNS {OSS_ACCESS_KEY_ID}:{digest}", date)
    assert status == 200
    assert b"<MessageBody>&lt;plain&gt; &amp; text</MessageBody>" in body
    ours = signed(OssKeys(OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, "T"), "GET", path, date)
    assert ours["Content-Type"] == "text/xml;charset=utf-8"
    assert ours["security-token"] == "T"


async def test_messages_are_received_as_they_were_told_and_deleted(
    running: RunningSandbox, open_oss: OpenOss
) -> None:
    queue = running.cloud.queues.add("told", "1", "cn-hangzhou")
    events = (await open_oss(endpoint_url=running.url, region="cn-hangzhou")).events()
    assert await events.receive(name_of(running), 0) == []
    queue.send(base64.b64encode(json.dumps({"events": [TOLD]}).encode()).decode(), running.cloud.now())
    queue.send("no Base64 at all: ü & <", running.cloud.now())
    got = await events.receive(name_of(running), 1)
    assert {one.body for one in got} == {json.dumps({"events": [TOLD]}), "no Base64 at all: ü & <"}
    (told,) = [message for one in got if (message := read_message(one.body)).events]
    (event,) = told.events
    assert (event.kind, event.bucket, event.key, event.expiry) == (EventKind.COMPLETED, "films", "a b+%41", None)
    queue.twins.update(queue.messages)  # Delivered twice already, so that deleting takes them away.
    await events.delete(name_of(running), [one.receipt for one in got])
    assert not queue.messages


async def test_what_a_queue_refuses_is_said_in_a_sentence(
    running: RunningSandbox, open_oss: OpenOss, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = running.cloud.queues.add("told", "1", "cn-hangzhou")
    events = (await open_oss(endpoint_url=running.url, region="cn-hangzhou")).events()
    with pytest.raises(InvalidRequest, match="there is no queue 'elsewhere'"):
        await events.receive(name_of(running, "elsewhere"), 0)
    queue.denied = True
    with pytest.raises(AccessDenied, match="may not be read"):
        await events.receive(name_of(running), 0)
    with pytest.raises(Unsupported, match="in the console alone"):
        await events.notification("films")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "another")
    events = (await open_oss(endpoint_url=running.url, region="cn-hangzhou")).events()
    with pytest.raises(CredentialsError, match="does not take these credentials"):
        await events.receive(name_of(running), 0)
