"""Builds and signs requests: from a cached template (a recipe) where one is proven, by the SDK everywhere else."""

import asyncio
from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from restoretui.core.clock import Clock
from restoretui.core.errors import InvalidRequest, Unsupported
from restoretui.core.provider import Connection
from restoretui.providers.s3.client.signing import PLAIN, Keys, Recipe, Signed, Unlearnable, hostile_values
from restoretui.providers.s3.plain.requests import PlainAsk

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.s3.client.late_sdk import LateSdk
    from restoretui.providers.s3.client.transport import Ready, Transport

_DIRECTORY_BUCKET = "--x-s3"
"""How S3 Express names end (FACTS 1.8); they are signed by sessions of their own."""


class S3Request(Struct, frozen=True):
    """What to ask of the cloud: an operation and its parameters as the SDK names them."""

    operation: str
    bucket: str = ""
    given: Mapping[str, str] = MappingProxyType({})
    """Parameters that differ from request to request, none empty: the slots of a recipe."""
    fixed: Mapping[str, Any] = MappingProxyType({})
    """Parameters that stay the same over many requests."""
    kind: Hashable = None
    """Stands for ``fixed`` when recipes are told apart."""
    service: str = "s3"
    region: str = ""
    """Where to ask; empty: where the bucket lives."""


class Outgoing(Struct, frozen=True):
    """A request, what it goes through, and whose keys signed it."""

    request: Signed
    transport: "Transport"
    keys: Keys


class _Known(NamedTuple):
    recipe: Recipe | None
    transport: "Transport"


class RequestBuilder:
    """Builds requests, and learns how from the SDK."""

    def __init__(self, sdk: "LateSdk", connection: Connection, clock: Clock, *, learns: bool = True) -> None:
        """``learns`` is false where the SDK is to build every request."""
        self._sdk = sdk
        self.pays = connection.requester_pays
        """The requester agreed to pay."""
        self._learns = learns
        self._clock = clock
        self._everywhere: dict[str, str] = {}
        """Parameters of every request whose operation takes them, as the SDK's model of the service says."""
        if connection.requester_pays:
            self._everywhere["RequestPayer"] = "requester"
        if connection.expected_bucket_owner:
            self._everywhere["ExpectedBucketOwner"] = connection.expected_bucket_owner
        self._known: dict[Hashable, _Known] = {}
        self._one_at_a_time = asyncio.Lock()

    async def build(self, ask: S3Request, region: str) -> Outgoing:
        """The request, signed for that region; raises ``InvalidRequest`` for what cannot be asked."""
        if ask.bucket.endswith(_DIRECTORY_BUCKET):
            raise Unsupported(f"{ask.bucket!r} is a directory bucket, which has no archive to restore from")
        if "" in ask.given.values():
            raise InvalidRequest(f"{ask.operation} cannot be asked about an empty name", operation=ask.operation)
        keys = await self._sdk.vault.keys()
        known = await self._recipe(ask, region, keys) if self._learns else None
        if known is None or known.recipe is None:
            ready = await self._by_sdk(ask, region, ask.given)
            return Outgoing(ready.request, ready.transport, keys)
        try:
            return Outgoing(known.recipe.build(ask.given, keys, self._clock.wall()), known.transport, keys)
        except UnicodeEncodeError:
            raise InvalidRequest(f"{ask.operation} cannot be asked: the name is not valid Unicode") from None

    async def _recipe(self, ask: S3Request, region: str, keys: Keys) -> _Known | None:
        if not ask.given and ask.fixed and ask.kind is None:
            return None  # It is asked once.
        label = region, ask.service, ask.operation, ask.bucket, ask.kind, *ask.given, keys.token is None
        known = self._known.get(label)
        if known is None and (known := self._plain(ask, region, keys)):
            self._known[label] = known
        if known is not None or not ask.given:
            return known
        async with self._one_at_a_time:
            known = self._known.get(label) or await self._learn(ask, region, keys)
            if await self._sdk.vault.keys() == keys:  # else it was measured against other credentials
                self._known[label] = known
        return known

    def _plain(self, ask: S3Request, region: str, keys: Keys) -> _Known | None:
        """What need not be learned; None: it has to be."""
        slots = {name: PLAIN.format(name) for name in ask.given}
        wanted = PlainAsk(ask.service, ask.operation, ask.bucket, {**ask.fixed, **slots}, self._everywhere)
        found = self._sdk.plain(wanted, region, has_token=keys.token is not None)
        return found and _Known(Recipe(found[0], slots), found[1])

    async def _learn(self, ask: S3Request, region: str, keys: Keys) -> _Known:
        slots = {name: PLAIN.format(name) for name in ask.given}
        learned = await self._by_sdk(ask, region, slots)
        recipe = await self._proven(ask, region, learned.request, slots, keys)
        return _Known(recipe, learned.transport)

    async def _proven(
        self, ask: S3Request, region: str, learned: Signed, slots: Mapping[str, str], keys: Keys
    ) -> Recipe | None:
        try:
            recipe = Recipe(learned, slots)
            for values in hostile_values(slots):
                expected = await self._by_sdk(ask, region, values)
                if not recipe.gives(expected.request, values, keys):
                    return None
        except (Unlearnable, InvalidRequest):
            return None
        return recipe

    async def _by_sdk(self, ask: S3Request, region: str, given: Mapping[str, str]) -> "Ready":
        params = {**ask.fixed, **given}
        if ask.bucket:
            params["Bucket"] = ask.bucket
        return await self._sdk.prepare(ask.service, region, ask.operation, params, self._everywhere)
