"""A run's way to one account: opened at a request, and again at the next while that fails; for no other's keys.

A run over several accounts goes on with those that are there. What is asked of one that is not (its profile is in no
file any more, say) is refused as it is for keys that have expired: the account's circuit breaker tries again, and
what waits there goes on once it is back.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from restoretui.core.doing import signed_by
from restoretui.core.provider import Capabilities, Provider
from restoretui.engine.traffic.by_account import BY_BUCKET, BY_REF, OF_FIRST

FACTS = frozenset({"endpoint", "region", "profile", "scheme"})
"""Plain values of a provider."""
PARTS = frozenset({"contents", "batch", "events"})
"""What a provider hands out, with methods of its own."""
SILENT = frozenset({"asked", "manifest_rows"})
"""Methods of those that send nothing."""
TOLD_BY_PAGE = frozenset({"list_jobs", "read_manifest", "read_report"})
"""And those that are iterated over."""
REQUESTS = (BY_REF | BY_BUCKET | OF_FIRST | {"provisioned_capacity"}) - FACTS - PARTS


def late_provider(open_it: Callable[[], Awaitable[Provider]], known: Provider, account: str | None) -> Provider:
    """A provider that is opened by ``open_it``, which raises from the ``CloudError`` tree while that is not possible.

    ``known`` is that itself, or another of the same cloud: it says what can be done there. Keys of another
    ``account`` sign nothing of what is asked here.
    """
    return cast("Provider", _LateProvider(open_it, known, account or ""))


class _LateProvider:
    def __init__(self, open_it: Callable[[], Awaitable[Provider]], known: Provider, account: str) -> None:
        self._open_it = open_it
        self.known: Any = known
        self._account = account

    def __getattr__(self, name: str) -> Any:
        if name in FACTS:
            return getattr(self.known, name)
        if name in PARTS and hasattr(self.known, name):
            return lambda: _LatePart(self, name)
        if name in REQUESTS and hasattr(self.known, name):
            return lambda *args, **named: self.ask(lambda found: found, name, *args, **named)
        raise AttributeError(name)

    @property
    def capabilities(self) -> Capabilities:
        """As far as it is known; of one cloud, all accounts can do the same."""
        found: Capabilities = self.known.capabilities
        return found

    async def aclose(self) -> None:
        """Nothing: it is closed by whoever opened it."""

    async def ask(self, part_of: Callable[[Any], Any], name: str, *args: Any, **named: Any) -> Any:
        """One method of the provider, or of a part of it."""
        part = part_of(await self.opened())
        with signed_by(self._account):
            return await getattr(part, name)(*args, **named)

    async def pages(self, part_of: Callable[[Any], Any], name: str, *args: Any, **named: Any) -> AsyncIterator[Any]:
        """The same of what is iterated over."""
        pages = getattr(part_of(await self.opened()), name)(*args, **named)
        while True:
            with signed_by(self._account):
                try:
                    page = await anext(pages)
                except StopAsyncIteration:
                    return
            yield page

    async def opened(self) -> Provider:
        """The provider."""
        self.known = provider = await self._open_it()
        return provider


class _LatePart:
    """What a provider hands out, of one that may have to be opened first."""

    def __init__(self, late: _LateProvider, name: str) -> None:
        self._late = late
        self._of: Callable[[Any], Any] = lambda provider: getattr(provider, name)()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in SILENT:
            return cast("Callable[..., Any]", getattr(self._of(self._late.known), name))
        by = self._late.pages if name in TOLD_BY_PAGE else self._late.ask
        return lambda *args, **named: by(self._of, name, *args, **named)
