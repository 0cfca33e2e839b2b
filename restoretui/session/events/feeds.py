"""The queues of these settings, ready to be read."""

from collections.abc import Sequence
from typing import cast

from restoretui.config.settings import Settings
from restoretui.core.errors import Unsupported
from restoretui.core.events.queues import QueueName, read_queue
from restoretui.core.events.service import EventService, HandlesEvents
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.rules.clouds import CLOUDS
from restoretui.engine.events.feed import EventFeed
from restoretui.engine.traffic.health import HealthBoard
from restoretui.ledger import Ledger
from restoretui.session.clouds import Clouds


def feeds_of(settings: Settings, clouds: Clouds, ledger: Ledger, health: HealthBoard) -> Sequence[EventFeed]:
    """One for each queue; ``UsageError`` for a name that can be none."""

    def feed(queue: QueueName) -> EventFeed:
        kind = next(kind for kind in CLOUDS.values() if kind.queues == queue.kind)
        cloud = clouds[kind.scheme].ledger_cloud
        return EventFeed(queue, lambda: service_of(clouds, kind.scheme), cloud, ledger, settings.clock, health)

    return [feed(read_queue(text)) for text in settings.events]


async def service_of(clouds: Clouds, scheme: str = DEFAULT_SCHEME) -> EventService:
    """What reads queues and configures buckets; ``Unsupported`` where the cloud has no such thing."""
    provider = await clouds[scheme].provider()
    if not provider.capabilities.events:
        raise Unsupported("this cloud has no queues that events come by", "leave --events out: it is polled then")
    return cast("HandlesEvents", provider).events()
