"""Makes a bucket send its restore events to a queue, and takes that back: read, merged, shown, written, verified.

Two documents are replaced as a whole by it, the bucket's notification configuration and the queue's policy: whatever
others have in them stays, and what changed since it was shown stops it.
"""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from restoretui.core.errors import InvalidRequest, MalformedAnswer, PlanChanged, UsageError
from restoretui.core.events import subscription as rules
from restoretui.core.events.queues import SQS, QueueName
from restoretui.core.events.service import EventService
from restoretui.core.events.subscription import EventSubscription
from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.network.endpoints import partition_of
from restoretui.core.plan.money import DOLLARS
from restoretui.core.plan.offers import Act, Consent, Offer
from restoretui.core.plan.pricing import ZERO
from restoretui.session.events.feeds import service_of
from restoretui.session.session import Session

Document = Mapping[str, Any]
_AWS_KEY = "alias/aws/sqs"
"""AWS's own key, whose policy nobody can change to let S3 in (FACTS 1.9)."""


class EventChange(Struct, frozen=True):
    """What would be written, and in place of what."""

    subscription: EventSubscription
    queue: QueueName
    notification: tuple[Document, Document]
    """Of the bucket, before and after; so is the queue's ``policy``."""
    policy: tuple[Document, Document]
    removes: bool

    @property
    def offer(self) -> Offer:
        """It costs nothing, and is agreed to like all that changes something."""
        verb = "remove" if self.removes else "set up"
        about = f"{verb} events of {self.subscription.bucket} to {self.queue.name}"
        return Offer(Act.EVENTS, about, 1, 0, ZERO, DOLLARS)

    @property
    def lines(self) -> list[str]:
        """The difference, as a unified diff of both documents; none where nothing is to be changed."""
        bucket, queue = f"notification of {self.subscription.bucket}", f"policy of {self.queue.name}"
        return rules.difference(*self.notification, bucket) + rules.difference(*self.policy, queue)


async def plan_change(session: Session, place: Location, queue: QueueName, *, removes: bool) -> EventChange:
    """What setting up, or taking back, would change; sends nothing but looks."""
    if place.scheme != DEFAULT_SCHEME or not place.bucket or place.key is not None:
        raise UsageError(f"{place} is no bucket that sends events to queues", "name a bucket, or a prefix in one")
    if queue.kind != SQS:
        raise UsageError(
            f"{queue} is no queue that S3 sends events to", "name one of SQS; rules of OSS are made in its console"
        )
    service, provider = await service_of(session.clouds), await session.provider()
    region = await session.region(place.bucket)
    wanted_region = queue.region or str(getattr(provider, "region", "") or "")
    if wanted_region and wanted_region != region:
        raise InvalidRequest(
            f"the queue {queue.name!r} is in {wanted_region}, and {place.bucket!r} in {region}: S3 sends events to "
            "queues of the bucket's Region alone",
            f"make a queue in {region}",
        )
    attributes = await session.clouds[DEFAULT_SCHEME].ask(lambda: service.queue(queue))
    if attributes.get("KmsMasterKeyId") == _AWS_KEY and not removes:
        raise InvalidRequest(
            f"the queue {queue.name!r} is encrypted with AWS's own key, which S3 may not use",
            "let SQS manage its key (SSE-SQS), or take a key of your own that lets s3.amazonaws.com use it",
        )
    account = session.settings.expected_bucket_owner or (await session.identity()).account
    arn = attributes.get("QueueArn", "")
    if not arn:
        raise MalformedAnswer("the queue does not say its ARN", operation="GetQueueAttributes")
    wanted = EventSubscription(place.bucket, place.prefix, arn, partition_of(region=region).name, account)
    told = await session.clouds[DEFAULT_SCHEME].ask(lambda: service.notification(place.bucket))
    policy = _policy_of(attributes)
    if removes:
        after = rules.without_rule(told, wanted)
        others = _sends_otherwise(after, wanted)
        changed = policy if others else rules.without_statement(policy, wanted)
        return EventChange(wanted, queue, (told, after), (policy, changed), removes=True)
    return EventChange(
        wanted, queue, (told, rules.with_rule(told, wanted)), (policy, rules.with_statement(policy, wanted)),
        removes=False,
    )  # fmt: skip


async def apply_change(session: Session, consent: Consent, change: EventChange) -> None:
    """Write what was agreed to, and read it again; ``PlanChanged`` where either document is another by now."""
    session.check_may_send()
    consent.require(change.offer)
    service = await service_of(session.clouds)
    bucket, queue = change.subscription.bucket, change.queue
    if not rules.same(await service.notification(bucket), change.notification[0]) or not rules.same(
        await _policy(service, queue), change.policy[0]
    ):
        raise PlanChanged("what stands there has changed since it was shown, so nothing was written", "look again")

    async def write_policy() -> None:
        if not rules.same(*change.policy):
            await service.put_queue_policy(queue, json.dumps(change.policy[1]) if change.policy[1] else "")

    async def write_notification() -> None:
        if not rules.same(*change.notification):
            await service.put_notification(bucket, change.notification[1])

    # S3 tries whether it may send before it takes the configuration.
    steps = (write_notification, write_policy) if change.removes else (write_policy, write_notification)
    for step in steps:
        await step()
    if not rules.same(await service.notification(bucket), change.notification[1]):
        raise MalformedAnswer(
            f"the notification configuration of {bucket!r} is not what was written just now",
            "look again: somebody else may write it, too",
        )
    if not rules.same(await _policy(service, queue), change.policy[1]):
        raise MalformedAnswer(
            f"the policy of the queue {queue.name!r} is not yet what was written",
            "SQS takes up to a minute: look again",
        )


def _sends_otherwise(configuration: Document, wanted: EventSubscription) -> bool:
    """Another rule of the bucket sends there as well, and needs the statement."""
    named = configuration.get("QueueConfigurations", ())
    return any(rule.get("QueueArn") == wanted.queue_arn for rule in named)


async def _policy(service: EventService, queue: QueueName) -> Document:
    return _policy_of(await service.queue(queue))


def _policy_of(attributes: Mapping[str, str]) -> Document:
    try:
        found = json.loads(attributes.get("Policy") or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("Statement", []), dict | list):
        raise MalformedAnswer("the queue's policy cannot be read", operation="GetQueueAttributes")
    return found
