"""Streams a listing into the ledger, page by page, and notices servers that would make it loop or lie."""

from collections.abc import Awaitable, Callable
from operator import le, lt

from restoretui.core.errors import MalformedAnswer
from restoretui.core.model import Page
from restoretui.core.provider import Provider
from restoretui.engine.reads import Reader
from restoretui.ledger import Ledger
from restoretui.ledger.records import Listing

Read = Callable[[Callable[[], Awaitable[Page]]], Awaitable[Page]]


class PageGuard:
    """Checks that pages go forward in key order, as both clouds promise.

    Python compares strings by code point, which is the order of their UTF-8 bytes.
    """

    def __init__(self, versions: bool = False) -> None:
        self._follows = le if versions else lt  # A key's versions may go on over the page's end.
        self._last = ""
        self._token = ""

    def check(self, page: Page) -> Page:
        """``page`` itself; ``MalformedAnswer`` when the server repeats itself or does not sort."""
        keys = [entry.key for entry in page.entries]
        if not all(map(self._follows, keys, keys[1:])):
            raise MalformedAnswer("the server lists keys out of order", "this endpoint's listings cannot be trusted")
        ends = [*keys[:1], *page.prefixes[:1]]
        if ends and self._last and not self._follows(self._last, min(ends)):
            raise MalformedAnswer(
                "the server lists keys it has listed before: it ignores where to go on", "try a narrower prefix"
            )
        self._last = max([self._last, *keys[-1:], *page.prefixes[-1:]])
        if page.next_token is not None and page.next_token == self._token:
            raise MalformedAnswer("the server repeats its continuation token", "try a narrower prefix")
        self._token = page.next_token or ""
        return page


async def list_into(ledger: Ledger, provider: Provider, read: Reader | Read, listing: Listing) -> None:
    """List the listing's scope to its end; what was listed before an error stays."""
    scope = listing.scope
    guard = PageGuard(scope.versions)
    token: str | None = None
    while True:
        page = guard.check(
            await read(
                lambda token=token: provider.list_page(  # type: ignore[misc]
                    scope.bucket,
                    scope.prefix,
                    delimiter="" if scope.recursive else "/",
                    token=token,
                    versions=scope.versions,
                )
            )
        )
        ledger.catalog.append(listing.id, page)
        await ledger.catalog.room()
        token = page.next_token
        if token is None:
            return
