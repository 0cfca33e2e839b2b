"""The queues of these settings, ready to be read."""

from collections.abc import Sequence
from typing import cast

from restoretui.config.settings import Settings
from restoretui.core.errors import Unsupported
from restoretui.core.events.queues import read_queue
from restoretui.core.events.service import EventService, HandlesEvents
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.engine.events.feed import EventFeed
from restoretui.engine.traffic.health import HealthBoard
from restoretui.ledger import Ledger
from restoretui.session.clouds import Clouds


def feeds_of(settings: Settings, clouds: Clouds, ledger: Ledger, health: HealthBoard) -> Sequence[EventFeed]:
    """One for each queue; ``UsageError`` for a name that can be none."""
    cloud = clouds[DEFAULT_SCHEME].ledger_cloud

    async def service() -> EventService:
        return await service_of(clouds)

    return [EventFeed(read_queue(text), service, cloud, ledger, settings.clock, health) for text in settings.events]


async def service_of(clouds: Clouds) -> EventService:
    """What reads queues and configures buckets; ``Unsupported`` where the cloud has no such thing."""
    provider = await clouds[DEFAULT_SCHEME].provider()
    if not provider.capabilities.events:
        raise Unsupported("this cloud has no queues that events come by", "leave --events out: it is polled then")
    return cast("HandlesEvents", provider).events()
