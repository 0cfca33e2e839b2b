"""The SDK, loaded when something first needs it: at once, or for a plain configuration perhaps never.

In a plain configuration what lists, looks and restores is built without it. It is loaded for whatever else is asked,
and for answers that our own parsers cannot read.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from restoretui.core.clock import Clock
from restoretui.core.errors import InvalidRequest, UsageError
from restoretui.core.network.endpoints import aws_endpoint
from restoretui.core.network.http_client import HttpClient, http_client
from restoretui.core.provider import Connection, Limits, MfaPrompter
from restoretui.providers.http.proxies import Proxies
from restoretui.providers.http.tls import Tls, make_tls, names_none, trust_of, without_certificates
from restoretui.providers.s3.client.credentials import CredentialCache
from restoretui.providers.s3.client.signing import Signed
from restoretui.providers.s3.client.transport import HttpResponse, Ready, Transport
from restoretui.providers.s3.plain.refusals import plain_error, refusal_of
from restoretui.providers.s3.plain.requests import PlainAsk, plain_request
from restoretui.providers.s3.plain.settings import PlainSettings, plain_settings
from restoretui.providers.threads import run_in_thread
from restoretui.providers.wire.refusals import Caller, Refusal

if TYPE_CHECKING:
    from restoretui.providers.s3.client.sdk import Sdk


class SdkWanted(Exception):
    """An answer can only be read by the SDK, which is not loaded: ``LateSdk.load``, and read it again."""


class LateSdk:
    """One profile's access to S3."""

    def __init__(self, connection: Connection, limits: Limits, clock: Clock, mfa: MfaPrompter | None) -> None:
        """``start`` makes it."""
        self._connection = connection
        self._limits = limits
        self._clock = clock
        self._mfa = mfa
        self._sdk: Sdk | None = None
        self._plain: PlainSettings | None = None
        self._transports: dict[tuple[str, str], Transport] = {}
        self._proxies = Proxies()
        self._one_at_a_time: asyncio.Lock | None = None
        self._tls: Tls
        self.http = http_client(os.environ)
        self.region: str
        """Where requests go that are about no bucket."""
        self.caller: Caller
        self.vault: CredentialCache

    @classmethod
    async def start(cls, connection: Connection, limits: Limits, clock: Clock, mfa: MfaPrompter | None) -> "LateSdk":
        """Read a plain configuration, or else load the SDK. Called beside the event loop."""
        sdk = cls(connection, limits, clock, mfa)
        plain = plain_settings(connection, os.environ) if sdk.http is HttpClient.OWN else None
        if plain is not None:
            endpoint = plain.endpoint or aws_endpoint(plain.region)
            sdk._proxies.check(endpoint)
            if sdk._proxies.of(endpoint) is None:
                sdk._begin(plain)
        if sdk._plain is None:
            sdk._sdk = await sdk._made()
        return sdk

    def _begin(self, plain: PlainSettings) -> None:
        if plain.endpoint.startswith("http://") and names_none(os.environ):
            self._tls = without_certificates()
        else:
            try:
                from certifi import where  # which the SDK trusts, too
            except ImportError:
                return
            self._tls = make_tls(trust_of(os.environ, where()))
        self.region = plain.region
        self.caller = Caller(
            plain.profile,
            endpoint=self._connection.endpoint_url or "",
            requester_pays=self._connection.requester_pays,
            expected_owner=self._connection.expected_bucket_owner or "",
        )
        near_keys = partial(plain_settings, self._connection, os.environ)
        profile = self._connection.profile or None
        self.vault = CredentialCache(profile, self._far_keys, self.caller, self._clock, self._mfa, near_keys)
        self._plain = plain

    async def load(self) -> "Sdk":
        """The SDK, loaded beside the event loop where it is not; ``InvalidRequest`` where it cannot be."""
        if self._sdk is None:
            self._one_at_a_time = self._one_at_a_time or asyncio.Lock()
            async with self._one_at_a_time:
                if self._sdk is None:
                    try:
                        self._sdk = await run_in_thread(self._made, "restoretui-sdk")
                    except UsageError as error:
                        raise InvalidRequest(str(error), error.hint) from error
        return self._sdk

    async def _made(self) -> "Sdk":
        module = import_module("restoretui.providers.s3.client.sdk")
        start: Callable[..., Awaitable[Sdk]] = module.Sdk.start
        asked = self._connection, self._limits, self._clock, self._mfa
        if self._plain is not None:
            begun = module.Begun(self.caller, self.vault, self._proxies, self._transports)
            return await start(*asked, begun)
        sdk = await start(*asked)
        self.region, self.caller, self.vault = sdk.region, sdk.caller, sdk.vault
        return sdk

    async def _far_keys(self, roles: dict[str, Any], prompter: Callable[[str], str]) -> Any:
        """Called on the event loop of a thread that may wait for the keys; keys are no longer plain."""
        from restoretui.providers.s3.client.sdk import Sdk

        sdk = Sdk(self._connection, self._limits, self._clock, self._mfa)
        return await sdk.far_keys(roles, prompter)

    def plain(self, wanted: PlainAsk, region: str, *, has_token: bool) -> tuple[Signed, Transport] | None:
        """A request to learn from, and what it goes through; None where the SDK is to build it."""
        if self._plain is None or not self._plain.reaches(region):
            return None
        signed = plain_request(wanted, self._plain.endpoint, region, has_token=has_token)
        if signed is None:
            return None
        transport = self._transports.get((wanted.service, region))
        if transport is None:
            transport = Transport(self._limits, self._tls, self._proxies, self.http)
            self._transports[wanted.service, region] = transport
        return signed, transport

    async def prepare(
        self, service: str, region: str, operation: str, params: dict[str, Any], everywhere: Mapping[str, Any]
    ) -> Ready:
        """As ``Sdk.prepare``."""
        sdk = self._sdk or await self.load()
        return await sdk.prepare(service, region, operation, params, everywhere)

    async def shape(self, service: str, operation: str, member: str) -> Any:
        """As ``Sdk.shape``."""
        sdk = self._sdk or await self.load()
        return await sdk.shape(service, operation, member)

    def parse(self, service: str, operation: str, reply: HttpResponse) -> dict[str, Any]:
        """As ``Sdk.parse``; ``SdkWanted`` where it has to be loaded first."""
        if self._sdk is None:
            raise SdkWanted
        return self._sdk.parse(service, operation, reply)

    async def refusal(self, service: str, operation: str, reply: HttpResponse, bucket: str = "") -> Refusal:
        """As ``Sdk.refusal``."""
        if self._sdk is None and service == "s3" and (error := plain_error(reply)) is not None:
            return refusal_of(operation, reply, error, bucket=bucket)
        sdk = self._sdk or await self.load()
        await sdk.learn(service)
        return sdk.refusal(service, operation, reply, bucket)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._sdk is not None:
            await self._sdk.aclose()
        while self._transports:
            await self._transports.popitem()[1].aclose()
