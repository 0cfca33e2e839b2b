"""A queue of the sandbox to which a bucket sends its restore events."""

from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.state.bucket import QueueRule
from restoretui.sandbox.state.queues import Queue

NAME = "restores"
ACCOUNT = "123456789012"


def queue_of(running: RunningSandbox) -> Queue:
    """The queue, made if it is not there."""
    return running.cloud.queues.add(NAME, ACCOUNT, "us-east-1")


def name_of(running: RunningSandbox, queue: Queue) -> str:
    """As ``--events`` takes it."""
    return f"sqs:{running.url}/{queue.account}/{queue.name}"


def subscribed(running: RunningSandbox, *buckets: str) -> str:
    """The queue's name; all restore events of these buckets go there."""
    queue = queue_of(running)
    for name in buckets:
        bucket = running.cloud.bucket(name)
        bucket.queue_rules = (QueueRule("r", queue.arn, ("s3:ObjectRestore:*",), "", ""),)
        bucket.notification = (
            f"<QueueConfiguration><Id>r</Id><Queue>{queue.arn}</Queue><Event>s3:ObjectRestore:*</Event>"
            "</QueueConfiguration>"
        )
        running.cloud.notifier.subscribed(bucket)
    return name_of(running, queue)
