"""Queues and notifications through the provider, on the sandbox and on moto: neither knows what the other does."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import boto3
import pytest

from restoretui.core.errors import InvalidRequest
from restoretui.core.events.queues import QueueName, read_queue
from restoretui.core.events.service import EventService
from restoretui.core.events.subscription import EventSubscription, same, with_rule, with_statement, without_rule
from tests.providers.conftest import OpenS3, Served


class Place(NamedTuple):
    sqs: Any
    queue: QueueName
    events: EventService


@pytest.fixture
async def place(served: Served, open_s3: OpenS3) -> AsyncIterator[Place]:
    s3, sqs = (boto3.client(name, endpoint_url=served.url, region_name="us-east-1") for name in ("s3", "sqs"))
    await asyncio.to_thread(s3.create_bucket, Bucket="tells")
    made = await asyncio.to_thread(sqs.create_queue, QueueName="told")
    provider = await open_s3(endpoint_url=served.url, region="us-east-1")
    yield Place(sqs, read_queue(f"sqs:{made['QueueUrl']}"), provider.events())
    await asyncio.to_thread(sqs.delete_queue, QueueUrl=made["QueueUrl"])
    await asyncio.to_thread(s3.delete_bucket, Bucket="tells")


async def test_messages_are_received_and_deleted(place: Place) -> None:
    assert await place.events.receive(place.queue, 0) == []
    sent = {f"message {number} ü" for number in range(12)}
    for body in sent:
        await asyncio.to_thread(place.sqs.send_message, QueueUrl=place.queue.url, MessageBody=body)
    got = [*await place.events.receive(place.queue, 1), *await place.events.receive(place.queue, 1)]
    assert {one.body for one in got} == sent
    await place.events.delete(place.queue, [one.receipt for one in got])
    assert await place.events.receive(place.queue, 0) == [] or place.queue.name == "told"
    gone = place.queue._replace(url=f"{place.queue.url}-gone", name="told-gone")
    with pytest.raises(InvalidRequest, match="there is no queue 'told-gone'"):
        await place.events.receive(gone, 0)


async def test_a_bucket_is_made_to_send_and_not_to_and_keeps_its_other_rules(place: Place) -> None:
    events = place.events
    assert not await events.notification("tells")
    arn = (await events.queue(place.queue))["QueueArn"]
    wanted = EventSubscription("tells", "2021/ü&/", arn, "aws", place.queue.account)
    theirs = {"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectRemoved:*"]}
    there = {"QueueConfigurations": [theirs]}
    await events.put_queue_policy(place.queue, json.dumps(with_statement({}, wanted)))
    assert wanted.statement in json.loads((await events.queue(place.queue))["Policy"])["Statement"]
    await events.put_notification("tells", with_rule(there, wanted))
    told = await events.notification("tells")
    assert same(told, with_rule(there, wanted))
    await events.put_notification("tells", without_rule(told, wanted))
    assert same(await events.notification("tells"), there)
    await events.put_queue_policy(place.queue, "")
    assert not json.loads((await events.queue(place.queue)).get("Policy") or "{}")
