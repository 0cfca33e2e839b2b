"""Messages of queues in every wrapping, names of queues, and configurations merged without losing what is there."""

import json
from typing import Any

import pytest

from restoretui.core.errors import InvalidRequest, UsageError
from restoretui.core.events.messages import FOREIGN, EventKind, RestoreEvent, read_message
from restoretui.core.events.queues import read_queue
from restoretui.core.events.subscription import (
    EventSubscription,
    difference,
    is_sent,
    may_send,
    same,
    with_rule,
    with_statement,
    without_rule,
    without_statement,
)

ENDS = 1_708_905_600.0  # 2024-02-26
RECORD: dict[str, Any] = {
    "eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": "2024-02-24T08:47:18.267Z",
    "eventName": "ObjectRestore:Completed",
    "s3": {"bucket": {"name": "b"}, "object": {"key": "a+b%2Bc/%C3%BC.jpg", "size": 1024, "eTag": "e"}},
    "glacierEventData": {"restoreEventData": {"lifecycleRestorationExpiryTime": "2024-02-26T00:00:00.000Z"}},
}  # fmt: skip
BRIDGE: dict[str, Any] = {
    "version": "0", "detail-type": "Object Restore Completed", "source": "aws.s3", "time": "2024-02-24T08:47:18Z",
    "detail": {"bucket": {"name": "b"}, "object": {"key": "k", "size": 5, "etag": "e", "version-id": "v"},
               "restore-expiry-time": "2024-02-26T00:00:00Z"},
}  # fmt: skip


def sns(message: object) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(message)})


def test_an_event_is_read_in_every_wrapping() -> None:
    direct = json.dumps({"Records": [RECORD]})
    wanted = RestoreEvent(EventKind.COMPLETED, "b", "a b+c/ü.jpg", None, 1_708_764_438.267, ENDS, 1024, "e")
    for body in (direct, sns({"Records": [RECORD]})):
        assert read_message(body).events == (wanted,)
    for body in (json.dumps(BRIDGE), sns(BRIDGE)):
        (event,) = read_message(body).events
        assert (event.key, event.version_id, event.expiry) == ("k", "v", ENDS)
    test = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}
    assert read_message(json.dumps(test)).is_test
    assert read_message(sns(test)).is_test


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "{}", '{"Records": []}', '{"Records": [5]}', '{"Records": {"a": 1}}', "no json", "[" * 5000,
     '{"Type": "Notification", "Message": 5}', '{"source": "aws.s3", "detail": {}}', "x" * 2_000_000,
     json.dumps({"Records": [{**RECORD, "eventName": "ObjectCreated:Put"}]}),
     json.dumps({"Records": [{**RECORD, "s3": {"bucket": {"name": 5}, "object": {"key": ["k"]}}}]})],
)  # fmt: skip
def test_what_is_no_event_of_a_restore_is_foreign(body: str) -> None:
    assert read_message(body) == FOREIGN


def test_a_message_that_holds_others_as_well_is_not_whole() -> None:
    mixed = read_message(json.dumps({"Records": [RECORD, {**RECORD, "eventName": "ObjectCreated:Put"}]}))
    assert (len(mixed.events), mixed.is_whole) == (1, False)
    absurd = {**RECORD, "eventTime": "soon", "glacierEventData": {"restoreEventData": []}}
    (event,) = read_message(json.dumps({"Records": [absurd]})).events
    assert (event.at, event.expiry) == (None, None)


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/q", "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "cn-north-1"),
        ("https://eu-west-1.queue.amazonaws.com/123456789012/q", "eu-west-1"),
        ("https://queue.amazonaws.com/123456789012/q", "us-east-1"),
        ("https://vpce-0a1-b2.sqs.us-east-2.vpce.amazonaws.com/123456789012/q", "us-east-2"),
        ("http://127.0.0.1:9000/123456789012/q", ""),
    ],
)
def test_a_queue_is_named_by_its_url(url: str, region: str) -> None:
    queue = read_queue(f"sqs:{url}")
    assert (queue.url, queue.region, queue.account, queue.name) == (url, region, "123456789012", "q")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/q", "is no queue"),
        ("sqs:https://sqs.eu-west-1.amazonaws.com/q", "is no URL of a queue"),
        ("sqs:https://key:secret@sqs.eu-west-1.amazonaws.com/123456789012/q", "holds no credentials"),
        ("sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo", "is a FIFO queue"),
        ("sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/q?x=1", "is no URL of a queue"),
        ("sqs:ftp://h/123456789012/q", "is no URL of a queue"),
        ("sqs:https://[::1/123456789012/q", "cannot be read"),
        ("mns:https://123.mns.cn-hangzhou.aliyuncs.com/q", "is no URL of a queue"),
        ("mns:https://key:secret@123.mns.cn-hangzhou.aliyuncs.com/queues/q", "holds no credentials"),
    ],
)
def test_what_can_be_no_queue_is_said_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        read_queue(text)
    assert "secret" not in str(caught.value)


OURS = EventSubscription("films", "2021/", "arn:aws:sqs:eu-west-1:123456789012:q", "aws", "123456789012")
TOPIC = {"Id": "t", "TopicArn": "arn:aws:sns:x", "Events": ["s3:ObjectCreated:*"]}
OTHER = {"Id": "o", "QueueArn": "arn:aws:sqs:eu-west-1:1:other", "Events": ["s3:ObjectRemoved:*"]}


def test_a_rule_is_added_beside_what_is_there_and_taken_out_again() -> None:
    there = {"TopicConfigurations": [TOPIC], "QueueConfigurations": [OTHER], "EventBridgeConfiguration": {}}
    merged = with_rule(there, OURS)
    assert merged == {**there, "QueueConfigurations": [OTHER, OURS.rule]}
    assert is_sent(merged, OURS)
    assert with_rule(merged, OURS) == merged, "twice is once"
    assert same(without_rule(merged, OURS), there)
    assert "+" + '      "Id": "restoretui 2021/",' in difference(there, merged, "x")
    assert difference(there, there, "x") == []
    assert without_rule(with_rule({}, OURS), OURS) == {}
    foreign = {"QueueConfigurations": [{**OURS.rule, "Id": "theirs"}]}
    assert with_rule(foreign, OURS) == foreign, "it is sent there already"
    assert without_rule(foreign, OURS) == foreign, "and what others wrote is not ours to take"
    assert may_send(merged, ":123456789012:q")
    assert not may_send({"QueueConfigurations": [OTHER]}, ":123456789012:q")
    assert may_send({"TopicConfigurations": [TOPIC]}, ":123456789012:q"), "a topic may lead anywhere"


def test_restore_events_that_go_elsewhere_are_not_taken_from_there() -> None:
    elsewhere: dict[str, Any] = {"QueueConfigurations": [{**OTHER, "Events": ["s3:ObjectRestore:Completed"]}]}
    with pytest.raises(InvalidRequest, match="one destination"):
        with_rule(elsewhere, OURS)
    other_keys = {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "2022/"}]}}
    elsewhere["QueueConfigurations"][0]["Filter"] = other_keys
    assert len(with_rule(elsewhere, OURS)["QueueConfigurations"]) == 2


def test_a_statement_is_added_to_a_policy_and_taken_out_again() -> None:
    theirs = {"Sid": "x", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = {"Version": "2008-10-17", "Id": "p", "Statement": theirs}
    merged = with_statement(policy, OURS)
    assert merged == {**policy, "Statement": [theirs, OURS.statement]}
    assert with_statement(merged, OURS) == merged
    assert without_statement(merged, OURS)["Statement"] == [theirs]
    assert without_statement(with_statement({}, OURS), OURS) == {}
