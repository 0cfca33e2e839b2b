"""``events setup`` and ``remove``: shown as a diff, written once agreed to, taken back; and ``--events`` heard."""

import json
from typing import Any

import boto3
import pytest

from tests.cli.conftest import Run, Served

BUCKET, PLACE = "acme-media-archive", "s3://acme-media-archive"
REMOVED = "s3:ObjectRemoved:*"


def client(served: Served, service: str) -> Any:
    env = served.contract["env"]
    return boto3.client(
        service, endpoint_url=env["AWS_ENDPOINT_URL"], region_name="us-east-1",
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip


def policy_of(sqs: Any, url: str) -> Any:
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return json.loads(told.get("Policy", "{}"))


@pytest.mark.timeout(180)
def test_a_bucket_is_set_up_shown_heard_and_taken_back(run: Run, served: Served) -> None:
    s3, sqs = client(served, "s3"), client(served, "sqs")
    url = sqs.create_queue(QueueName="restores")["QueueUrl"]
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    arns = {name: f"arn:aws:sqs:us-east-1:123456789012:{name}" for name in ("restores", "other")}
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    for queue in (url, other):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [anybody]})})
    theirs = {"Id": "theirs", "QueueArn": arns["other"], "Events": [REMOVED]}
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [theirs]}
    )
    events = ["--events", f"sqs:{url}"]
    dry = run(served, "events", "setup", PLACE, *events, "--dry-run")
    assert dry.code == 0
    assert '+      "QueueArn": "arn:aws:sqs:us-east-1:123456789012:restores",' in dry.out
    assert '+        "Service": "s3.amazonaws.com"' in dry.out
    assert REMOVED not in [line for line in dry.out.splitlines() if line.startswith(("+", "-"))]
    assert run(served, "events", "setup", PLACE, *events).code == 5, "nobody is there to say yes"
    told = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert [rule["Id"] for rule in told["QueueConfigurations"]] == ["theirs"], "nothing was written yet"
    assert run(served, "events", "setup", PLACE, *events, "--yes", "--json").summary["written"] is True
    told = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert [rule["Id"] for rule in told["QueueConfigurations"]] == ["theirs", "restoretui"]
    assert policy_of(sqs, url)["Statement"][0] == anybody
    assert run(served, "events", "setup", PLACE, *events, "--yes").err.endswith("already: nothing was changed\n")

    few = ["--match", "*000.mov", "--days", "2", "--tier", "standard", "--yes", "--wait"]
    assert run(served, "restore", PLACE, *few, *events).code in (0, 1)
    assert served.stats["requests"]["ReceiveMessage"] > 0
    assert served.stats["requests"]["DeleteMessageBatch"] > 0

    assert run(served, "events", "remove", PLACE, *events, "--yes").code == 0
    told = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert told["QueueConfigurations"] == [theirs]
    assert policy_of(sqs, url) == {"Statement": [anybody]}
    assert "nothing of ours" in run(served, "events", "remove", PLACE, *events, "--yes").err


def test_what_cannot_be_set_up_is_said_in_a_sentence(run: Run, served: Served) -> None:
    def said(*more: str) -> tuple[int, str]:
        ran = run(served, "events", "setup", *more, "--yes")
        return ran.code, ran.err

    host = served.contract["sqs"]
    queue = ["--events", f"sqs:{host}/123456789012/nowhere"]
    assert said(PLACE) == (2, said(PLACE)[1])
    assert "no queue is named" in said(PLACE)[1]
    assert "there is no queue 'nowhere' of account 123456789012" in said(PLACE, *queue)[1]
    assert "is no bucket that sends events" in said("oss://acme-oss-films", *queue)[1]
    assert "is no queue that events come by" in said(PLACE, "--events", "nowhere")[1]
    far = ["--events", "sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/q"]
    assert "is in eu-west-1, and 'acme-media-archive' in us-east-1" in said(PLACE, *far)[1]
