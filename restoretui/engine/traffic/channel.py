"""Everything that the requests through one connection share, in one object: provider, circuit breaker, rate limiter.

One channel for each connection of the process, whoever asks through it: a person, the background, a run that was
confirmed elsewhere. Whichever request gets through first closes the breaker for all; but what ails the keys of one
connection does not hold up another. A connection over several accounts is several: each bucket has the channel of its
account (``of``), and what is about no bucket goes by the first.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.clock import Clock
from restoretui.core.provider import Connection, Provider
from restoretui.core.rules.clouds import CLOUDS
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.listing_traits import ListingTraits
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.engine.traffic.watchdog import Watchdog

if TYPE_CHECKING:
    from restoretui.engine.traffic.rate_limiter import RateLimiter


NO_PROFILE = "no profile"
"""What the keys of the environment are called beside those of profiles."""


class TrafficBounds(Struct, frozen=True):
    """How fast requests may go, and how long to wait for an answer."""

    rate: float
    """Restore requests a second, unless the cloud takes fewer."""
    patience: float | None = None
    """Machine seconds without a usable answer after which bounded reads end; None: never."""


class Channel:
    """One connection's. Runs on the event loop; made by ``Channels.by``."""

    def __init__(
        self,
        connection: Connection,
        open_provider: Callable[[Connection], Awaitable[Provider]],
        clock: Clock,
        health: HealthBoard,
        bounds: TrafficBounds,
        by: "Callable[[Connection], Channel]",
    ) -> None:
        """``by`` gives the channel of each account of a connection over several."""
        self.connection = connection
        self.clock = clock
        self.health = health
        self._by = by
        self.breaker: CircuitBreaker = (
            self.of("").breaker
            if connection.buckets
            else CircuitBreaker(clock, Watchdog(clock, bounds.patience, connection.whereabouts))
        )
        self._open_provider = open_provider
        self._bounds = bounds
        self._limiter: RateLimiter | None = None
        self._regions: dict[str, str] = {}
        self._listing_traits: ListingTraits | None = None

    def of(self, bucket: str) -> "Channel":
        """The channel of the account that the bucket is reached as: this one where there are no others."""
        return self._by(self.connection.of(bucket)) if self.connection.buckets else self

    async def provider(self) -> Provider:
        """The provider, opened when it is first wanted."""
        return await self._open_provider(self.connection)

    async def region(self, bucket: str) -> str:
        """The bucket's region, asked for once; raises early and clearly when there is no such bucket."""
        region = self._regions[bucket] = await (await self.provider()).bucket_region(bucket)
        return region

    def known_region(self, bucket: str) -> str | None:
        """The same without asking: None until somebody did."""
        return self._regions.get(bucket)

    def listing_traits(self, provider: Provider) -> ListingTraits:
        """What the endpoint's listings have shown of themselves."""
        if self._listing_traits is None:
            self._listing_traits = ListingTraits(known=provider.capabilities.keys_in_order)
        return self._listing_traits

    def limiter(self, provider: Provider) -> "RateLimiter":
        """The one rate limiter for everything that is sent: by runs, and to end copies."""
        if self.connection.account is not None:
            # Whoever the keys have to be of: it is one profile, and its one pace.
            return self._by(replace(self.connection, account=None)).limiter(provider)
        if self._limiter is None:
            from restoretui.engine.traffic.rate_limiter import RateLimiter  # for those who send

            rate = min(self._bounds.rate, provider.capabilities.max_rate)
            archives = CLOUDS[self.connection.scheme].rules.archives
            lanes = {name: rule.quota.objects_per_second for name, rule in archives.items() if rule.quota}
            self._limiter = RateLimiter(rate, self.clock, lanes)
            self.health.paced(rate)
        return self._limiter

    def reads(self, *, bounded: bool = False) -> RetryingReads:
        """Retrying reads, with troubles of their own on the health board; ``bounded``: that end with patience."""
        return RetryingReads(self.clock, self.breaker, self.health, bounded=bounded)


class Channels:
    """The channels of a process, by connection."""

    def __init__(
        self,
        open_provider: Callable[[Connection], Awaitable[Provider]],
        clock: Clock,
        health: HealthBoard,
        bounds: TrafficBounds,
    ) -> None:
        self._open_provider = open_provider
        self._clock = clock
        self._health = health
        self._bounds = bounds
        self._channels: dict[Connection, Channel] = {}

    def by(self, connection: Connection) -> Channel:
        """The channel of a connection: that of the settings, or one that a run was confirmed with."""
        if connection not in self._channels:
            self._channels[connection] = Channel(
                connection, self._open_provider, self._clock, self._health, self._bounds, self.by
            )
            self._tell_apart()
        return self._channels[connection]

    def _tell_apart(self) -> None:
        """What is said of a connection names its account as soon as another one leads to the same place."""
        leading: dict[str, list[Channel]] = {}
        for connection, channel in self._channels.items():
            if not connection.buckets:
                leading.setdefault(connection.whereabouts, []).append(channel)
        for same in leading.values():
            if len({channel.connection.profile for channel in same}) > 1:
                for channel in same:
                    channel.breaker.watchdog.account = channel.connection.profile or NO_PROFILE

    @property
    def watchdogs(self) -> list[Watchdog]:
        """Of all channels so far: what each waits for."""
        return list(dict.fromkeys(channel.breaker.watchdog for channel in self._channels.values()))

    async def stop(self) -> None:
        """Stop the watchdogs' timers; nothing waits any more."""
        for watchdog in self.watchdogs:
            await watchdog.aclose()
