"""Providers by connection, and where buckets are: opened once, shared by everybody in the process."""

import asyncio
import gc
import importlib
from collections.abc import Awaitable, Callable

from restoretui.config.settings import Settings
from restoretui.core.provider import Connection, Provider
from restoretui.core.rules.read_only import read_only

MfaPrompter = Callable[[str], str | Awaitable[str]]
"""Given the device's name, the code it shows; a plain function may block, it is called in a thread."""


class Reach:
    """Opens a provider when it is first wanted; its SDK is loaded then, in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.mfa: MfaPrompter | None = None
        self._settings = settings
        self._providers: dict[Connection, asyncio.Task[Provider]] = {}
        self._regions: dict[tuple[Connection, str], str] = {}

    async def provider_for(self, connection: Connection) -> Provider:
        """The provider for ``connection``; one that could not be opened is tried again."""
        task = self._providers.get(connection)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._open_provider(connection))
            self._providers[connection] = task
        return await asyncio.shield(task)

    async def _open_provider(self, connection: Connection) -> Provider:
        # The SDK's tables live as long as we do: the collector need not walk them, now or again and again.
        gc.disable()
        try:
            provider = await (self._open_oss(connection) if connection.scheme == "oss" else self._open_s3(connection))
        finally:
            gc.enable()
        gc.freeze()
        if self._settings.read_only:
            return read_only(provider, self._settings.why("read_only"))
        return provider

    async def _open_oss(self, connection: Connection) -> Provider:
        module = await asyncio.to_thread(importlib.import_module, "restoretui.providers.oss.provider")
        provider: Provider = await module.OssProvider.open(
            profile=connection.profile,
            region=connection.region,
            endpoint_url=connection.endpoint_url,
            internal=connection.internal,
            path_style=connection.path_style,
            max_connections=self._settings.concurrency,
            clock=self._settings.clock,
        )
        return provider

    async def _open_s3(self, connection: Connection) -> Provider:
        module = await asyncio.to_thread(importlib.import_module, "restoretui.providers.s3.provider")
        provider: Provider = await module.S3Provider.open(
            profile=connection.profile,
            region=connection.region,
            endpoint_url=connection.endpoint_url,
            requester_pays=connection.requester_pays,
            expected_bucket_owner=connection.expected_bucket_owner,
            path_style=connection.path_style,
            store=connection.store,
            max_connections=self._settings.concurrency,
            clock=self._settings.clock,
            mfa=self.mfa,
        )
        return provider

    async def region(self, connection: Connection, bucket: str) -> str:
        """The bucket's region, asked for once; raises early and clearly when there is no such bucket."""
        where = connection, bucket
        if where not in self._regions:
            self._regions[where] = await (await self.provider_for(connection)).bucket_region(bucket)
        return self._regions[where]

    async def aclose(self) -> None:
        """Close every connection."""
        for opening in self._providers.values():
            opening.cancel()
            provider = (await asyncio.gather(opening, return_exceptions=True))[0]
            if not isinstance(provider, BaseException):
                await provider.aclose()
