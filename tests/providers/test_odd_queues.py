"""Answers of queues that are none: refused by a sentence, never believed and never a defect."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from restoretui.core.errors import MalformedAnswer
from restoretui.core.events.queues import read_queue
from restoretui.core.events.subscription import EventSubscription
from restoretui.providers.s3.events import S3Events
from restoretui.providers.wire.listings.listing_xml import Unreadable
from restoretui.session.events.setup import _policy_of

QUEUE = read_queue("sqs:https://sqs.us-east-1.amazonaws.com/123456789012/told")


def answering(body: str) -> S3Events:
    async def read(request: object, understand: Any) -> Any:
        return understand(SimpleNamespace(body=body.encode(), status=200))

    return S3Events(cast("Any", SimpleNamespace(region="us-east-1")), cast("Any", SimpleNamespace(read=read)))


@pytest.mark.parametrize("odd", ["5", "true", '"text"', '{"a": 1}', "[" * 9000])
async def test_what_has_another_shape_is_unreadable(odd: str) -> None:
    with pytest.raises(Unreadable):
        await answering(f'{{"Messages": {odd}}}').receive(QUEUE, 0)
    other = "[1]" if odd.startswith("{") else odd
    with pytest.raises(Unreadable):
        await answering(f'{{"Attributes": {other}}}').queue(QUEUE)


async def test_messages_that_are_none_are_left_out() -> None:
    told = {"Messages": [5, {}, {"ReceiptHandle": "r", "Body": 7}, None]}
    assert [one.receipt for one in await answering(json.dumps(told)).receive(QUEUE, 0)] == ["r"]
    assert await answering('{"Messages": null}').receive(QUEUE, 0) == []


@pytest.mark.parametrize("policy", ["[]", "5", '{"Statement": 5}', '{"Statement": "x"}', '{"a":' * 9000])
def test_a_policy_that_is_none_is_never_written_over(policy: str) -> None:
    with pytest.raises(MalformedAnswer, match="policy cannot be read"):
        _policy_of({"Policy": policy})


def test_a_rule_of_a_long_prefix_has_an_id_that_s3_takes() -> None:
    ids = {EventSubscription("b", "x" * length, "arn", "aws", "1").rule_id for length in (10, 300, 301, 1024)}
    assert len(ids) == 4
    assert all(len(one) <= 255 and one.startswith("restoretui ") for one in ids)
