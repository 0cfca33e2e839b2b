"""The registry of clouds at run time: ``clouds["s3"]`` is all that reaches the cloud of that scheme.

Providers are opened once for each connection and shared by everybody in the process; their SDK is loaded when one is
first wanted, in a thread. Runs on the event loop.
"""

import asyncio
import gc
import importlib
from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from restoretui.config.settings import Settings
from restoretui.core.errors import RestoreTuiError, UsageError
from restoretui.core.provider import Connection, Limits, MfaPrompter, OpenProvider, Provider
from restoretui.core.rules.clouds import CLOUDS, cloud_with_jobs
from restoretui.core.rules.kind import CloudKind
from restoretui.core.rules.read_only import read_only
from restoretui.core.rules.rules import CloudRules
from restoretui.engine.traffic.channel import Channel, Channels, TrafficBounds
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.retrying_reads import Asking, OneRead
from restoretui.engine.traffic.speaker import Works
from restoretui.engine.traffic.waits import TimeLimit
from restoretui.ledger.records import CloudId

WHOSE_WITHIN_S = 3.0
"""Machine seconds in which it is told whose keys are, or nobody waits for it: not every network leads to an STS."""
SLOWEST_START = 60.0
"""Machine seconds in which an SDK is loaded on any machine that is not stuck."""
_LOADED: set[str] = set()
"""The schemes whose SDK this process has: another connection shares its tables."""


class CloudAccess:
    """One cloud as these settings reach it. Made by ``Clouds``."""

    def __init__(self, kind: CloudKind, place: str, channel: Channel, patience: float | None) -> None:
        self.kind = kind
        self.channel = channel
        self._place = place
        self._patience = patience
        self._others: dict[Channel, CloudAccess] = {}
        self.ledger_cloud = CloudId(kind.scheme, place)
        """The same as the ledger knows it."""
        self.read = channel.reads(bounded=True)
        """Retrying reads: until there is an answer, or patience is over."""
        # What a person asks for on a screen is asked once: he sees what came of it, and asks again.
        self.ask: Asking = OneRead(channel.breaker.watchdog) if patience is None else self.read
        """How a person's own question is put."""

    def of(self, bucket: str) -> "CloudAccess":
        """The same as whoever the bucket is reached as, whose keys and patience are their own."""
        channel = self.channel.of(bucket)
        if channel is self.channel:
            return self
        if channel not in self._others:
            self._others[channel] = CloudAccess(self.kind, self._place, channel, self._patience)
        return self._others[channel]

    @property
    def scheme(self) -> str:
        """How its locations begin."""
        return self.kind.scheme

    @property
    def connection(self) -> Connection:
        """How these settings reach it."""
        return self.channel.connection

    @property
    def rules(self) -> CloudRules:
        """Its tables: those of the store, where the settings name one."""
        return self.ledger_cloud.rules

    async def provider(self) -> Provider:
        """The provider; ``RestoreTuiError`` when its SDK cannot be loaded in time."""
        return await self.channel.provider()

    async def region(self, bucket: str) -> str:
        """The bucket's region, asked for once; raises early and clearly when there is no such bucket."""
        await self.provider()  # which has time of its own, not that of an answer
        return await self.of(bucket).ask(lambda: self.channel.region(bucket))


class Clouds(Channels):
    """Every known cloud by its scheme; and the channels of all connections, those of runs too."""

    def __init__(self, settings: Settings, health: HealthBoard, works: Works) -> None:
        """``works`` hears of what takes its time."""
        self.patience = None if settings.voice is None else settings.patience
        """Machine seconds after which looks without a usable answer end; None: never, as on a screen."""
        super().__init__(self._opened, settings.clock, health, TrafficBounds(settings.rate, self.patience))
        self.mfa: MfaPrompter | None = None
        """Asked for a code when a profile's role wants one; to be set before the first request."""
        self._settings = settings
        self._works = works
        self._opening: dict[Connection, asyncio.Task[Provider]] = {}
        self._clouds: dict[str, CloudAccess] = {}

    def __getitem__(self, scheme: str) -> CloudAccess:
        # What a person agrees to while the session lasts (that requesters pay) makes it another connection.
        connection, known = self._settings.connection_to(scheme), self._clouds.get(scheme)
        if known is None or known.connection != connection:
            known = CloudAccess(CLOUDS[scheme], self._settings.place_of(scheme), self.by(connection), self.patience)
            self._clouds[scheme] = known
        return known

    def reach_as_placed(self, scheme: str, bucket: str) -> None:
        """Reach a bucket that was named without an account, as in a set, as the one place of the config says it is.

        A profile that an option names, or a location, is what was said, and counts.
        """
        settings = self._settings
        flag = settings.sources.get(CLOUDS[scheme].settings.get("profile", ""), "")
        if not settings.places or flag.startswith("--") or bucket in settings.accounts.get(scheme, {}):
            return
        from restoretui.config.places import accounts_of

        told = accounts_of(settings.places, scheme, bucket)
        if len(told) == 1:
            with suppress(UsageError):  # Another endpoint's bucket of the same name.
                settings.reach_as(scheme, bucket, told[0])

    async def as_confirmed(self, connection: Connection) -> Connection:
        """The connection of a run that is being confirmed: with whose keys those of its profiles are.

        Of each that is told in time; where it is not, nobody asks later whether they are still the same.
        """
        usual = replace(connection, buckets=())
        asked = {one for one in (usual, *(one for _, one in connection.buckets)) if one.profile}
        told = dict(zip(asked, await asyncio.gather(*map(self._whose, asked)), strict=True))

        def noted(one: Connection) -> Connection:
            return replace(one, account=told.get(one) or None)

        return replace(noted(usual), buckets=tuple((bucket, noted(one)) for bucket, one in connection.buckets))

    async def _whose(self, connection: Connection) -> str:
        """The account of a connection's keys; empty where nobody says so in time."""
        with suppress(RestoreTuiError):
            async with TimeLimit(self._settings.clock, WHOSE_WITHIN_S, lambda: RestoreTuiError("it is not told")):
                return (await (await self._shared(connection)).identity()).account
        return ""

    def __iter__(self) -> Iterator[CloudAccess]:
        """In the order they are shown in."""
        return (self[scheme] for scheme in CLOUDS)

    @property
    def with_jobs(self) -> CloudAccess:
        """The one that may have S3 Batch Operations; its ``rules.has_jobs`` says whether it does."""
        return self[cloud_with_jobs().scheme]

    async def aclose(self) -> None:
        """Close every connection."""
        for opening in list(self._opening.values()):
            opening.cancel()
            provider = (await asyncio.gather(opening, return_exceptions=True))[0]
            if not isinstance(provider, BaseException):
                await provider.aclose()

    async def _opened(self, connection: Connection) -> Provider:
        """What is loaded is not waited for with the cloud's own time, and not for ever either."""
        name = connection.scheme.upper()
        longest = None if self.patience is None else max(self.patience, SLOWEST_START)

        def late() -> RestoreTuiError:
            hint = "is the home folder, with the cloud's configuration, on a disk that answers?"
            return RestoreTuiError(f"the SDK of {name} was not ready within {longest:g} s", hint)

        with self._works.telling(lambda: f"loading the SDK of {name} and its configuration"):
            async with TimeLimit(self._settings.clock, longest, late):
                return await self._shared(connection)

    async def _shared(self, connection: Connection) -> Provider:
        """One for all who ask; one that could not be opened is tried again."""
        task = self._opening.get(connection)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._open(connection))
            self._opening[connection] = task
        return await asyncio.shield(task)

    async def _open(self, connection: Connection) -> Provider:
        if connection.buckets:
            from restoretui.engine.traffic.by_account import by_account  # few have several

            first = await self._shared(replace(connection, buckets=()))
            return by_account(first, {bucket: await self._shared(one) for bucket, one in connection.buckets})
        if connection.account is not None:
            from restoretui.engine.traffic.late_provider import late_provider  # for runs

            of_profile = replace(connection, account=None)
            return late_provider(lambda: self._shared(of_profile), await self._shared(of_profile), connection.account)
        # The SDK's tables live as long as we do: the collector need not walk them, now or again and again.
        gc.disable()
        try:
            module = await asyncio.to_thread(importlib.import_module, CLOUDS[connection.scheme].provider)
            open_provider: OpenProvider = module.open_provider
            limits = Limits(self._settings.concurrency)
            provider = await open_provider(connection, limits, self._settings.clock, self.mfa)
        finally:
            gc.enable()
        if connection.scheme not in _LOADED:  # What is garbage when all is frozen stays for good: so but once.
            _LOADED.add(connection.scheme)
            gc.freeze()
        if self._settings.read_only:
            return read_only(provider, self._settings.why("read_only"))
        return provider
