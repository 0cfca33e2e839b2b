"""Streams a listing into the ledger, page by page, and notices servers that would make it loop or lie.

A flat listing whose first page is not its last goes on in several ranges at once (``engine.ranges``), so that the
time of a large bucket is the machine's and not the line's. What is left to list is written with every page: an
interrupted listing goes on where it stopped.
"""

import asyncio
import json
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable
from math import inf
from operator import le, lt
from typing import Protocol

from restoretui.core.errors import MalformedAnswer
from restoretui.core.model import Page
from restoretui.core.provider import Provider
from restoretui.core.rows import Rows
from restoretui.engine.listing.ranges import Alphabet, Range, split
from restoretui.ledger.records import Scope

Read = Callable[[Callable[[], Awaitable[Page]]], Awaitable[Page]]
AT_CAPACITY = 2.0
"""When pages take so many times as long as one by itself, they come as quickly as this machine takes them, and one
more stream would only wait with the others."""
USUAL_OVER = 8
"""Pages over which that is judged."""
LEARNED_FROM = 8
"""Keys of a page that teach the alphabet; the next pages bring what they lack."""


class PageSink(Protocol):
    """Where pages go."""

    async def put(self, page: Page, segment: int, left: str) -> None:
        """Store a page behind those of its ``segment``. ``left`` is what a resumed listing needs."""
        ...


class PageGuard:
    """Checks that pages go forward in key order, as both clouds promise.

    Python compares strings by code point, which is the order of their UTF-8 bytes.
    """

    def __init__(self, after: str = "", versions: bool = False) -> None:
        self._follows = le if versions else lt  # A key's versions may go on over the page's end.
        self._last = after
        self._token = ""

    def check(self, page: Page, *, by_token: bool = False) -> Page:
        """``page`` itself; ``MalformedAnswer`` when the server repeats itself or does not sort."""
        keys = Rows.of(page.entries).keys
        if not all(map(self._follows, keys, keys[1:])):
            raise MalformedAnswer("the server lists keys out of order", "this endpoint's listings cannot be trusted")
        ends = [*keys[:1], *page.prefixes[:1]]
        if ends and self._last and not self._follows(self._last, min(ends)):
            raise MalformedAnswer(
                "the server lists keys it has listed before: it ignores where to go on", "try a narrower prefix"
            )
        self._last = max([self._last, *keys[-1:], *page.prefixes[-1:]])
        if by_token and page.next_token is not None and page.next_token == self._token:
            raise MalformedAnswer("the server repeats its continuation token", "try a narrower prefix")
        self._token = page.next_token or ""
        return page


class Lister:
    """Lists one scope to its end into a sink; what was listed before an error stays there."""

    def __init__(
        self,
        provider: Provider,
        read: Read,
        scope: Scope,
        sink: PageSink,
        streams: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._read = read
        self._scope = scope
        self._sink = sink
        self._streams = streams
        self._alphabet = Alphabet(scope.prefix)
        self._ranges: list[Range] = []
        """Not yet listed to their end."""
        self._segments = 1
        self._helpers = 0
        self._monotonic = monotonic
        self._quickest = inf
        self._usual = 0.0
        """Seconds a page takes, and took at best."""
        self._moved = asyncio.Event()

    async def list_all(self, left: str | None = None) -> None:
        """List everything, or what is ``left`` of an earlier attempt."""
        if not self._scope.recursive:
            await self._list_level(left)
            return
        self._ranges = _resumed(left) or [Range("", None)]
        self._segments = len(self._ranges)
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for entry in self._ranges:
                    self._tasks.create_task(self._list_range(entry))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _help(self) -> None:
        """Take the upper half of what somebody else has left, again and again, until all is listed."""
        while self._ranges:
            upper = split(self._alphabet, self._ranges, self._segments)
            if upper is None:
                self._moved.clear()
                await self._moved.wait()
                continue
            self._segments += 1
            self._ranges.append(upper)
            await self._list_range(upper)

    async def _list_range(self, entry: Range) -> None:
        guard = PageGuard(entry.after, self._scope.versions)
        began = self._monotonic()
        while await self._next_page(entry, guard):
            # One more helper for every page that is not the last: they double with each round trip, so that a long
            # listing has all of them soon, and a short one is not split into more requests than it has pages.
            self._note(self._monotonic() - began)
            if self._helpers < self._streams - 1 and self._usual <= AT_CAPACITY * self._quickest:
                self._helpers += 1
                self._tasks.create_task(self._help())
            began = self._monotonic()

    def _note(self, took: float) -> None:
        self._quickest = min(self._quickest, took)
        self._usual = self._usual + (took - self._usual) / USUAL_OVER if self._usual else took

    async def _next_page(self, entry: Range, guard: PageGuard) -> bool:
        """List one page of the range; False when it was its last."""
        scope = self._scope
        after = entry.after
        page = guard.check(
            await self._read(
                lambda: self._provider.list_page(
                    scope.bucket, scope.prefix, start_after=after, versions=scope.versions
                )
            )
        )
        rows, more = self._inside(entry, page)
        if more:
            entry.after = rows[-1].key
        else:
            self._ranges.remove(entry)
        self._moved.set()
        self._alphabet.learn(row.key for row in rows[:: max(1, len(rows) // LEARNED_FROM)])
        entry.note(rows)
        await self._sink.put(Page(rows, (), None), entry.segment, self._left())
        return more

    def _inside(self, entry: Range, page: Page) -> tuple[Rows, bool]:
        """The page's rows that belong to the range, and whether the range goes on behind them."""
        rows = Rows.of(page.entries)
        if self._scope.single and rows and rows.keys[-1] > self._scope.prefix:
            # The key itself comes first of all that begin so; the others are none of ours.
            return rows[: bisect_right(rows.keys, self._scope.prefix)], False
        if entry.stop is not None and rows and rows.keys[-1] > entry.stop:
            return rows[: bisect_right(rows.keys, entry.stop)], False
        if page.next_token is None or not rows:
            return rows, False
        if self._scope.versions:
            rows = _whole_keys(rows)
        return rows, True

    async def _list_level(self, left: str | None) -> None:
        """One level of a bucket, by delimiter: one stream, since its size is a person's reading."""
        scope = self._scope
        guard = PageGuard(versions=scope.versions)
        token = left or None
        while True:
            page = guard.check(
                await self._read(
                    lambda token=token: self._provider.list_page(  # type: ignore[misc]
                        scope.bucket, scope.prefix, delimiter="/", token=token, versions=scope.versions
                    )
                ),
                by_token=True,
            )
            token = page.next_token
            await self._sink.put(page, 0, token or "")
            if token is None:
                return

    def _left(self) -> str:
        return json.dumps([[entry.after, entry.stop] for entry in self._ranges])


def _whole_keys(rows: Rows) -> Rows:
    """Without the last key, whose versions may go on behind the page: they are listed anew, all together."""
    last = rows.keys[-1]
    if rows.keys[0] == last:
        raise MalformedAnswer(f"{last!r} has more versions than a page holds", "list it by itself")
    return rows[: bisect_left(rows.keys, last)]


def _resumed(left: str | None) -> list[Range]:
    if not left:
        return []
    return [Range(after, stop, number) for number, (after, stop) in enumerate(json.loads(left))]
