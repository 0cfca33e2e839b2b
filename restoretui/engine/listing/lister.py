"""Streams a listing into the ledger, page by page, and notices servers that would make it loop or lie.

The end of a listing is a page without a token, and nothing else: pages without objects, of delete markers alone say,
go on. A flat listing whose first page is not its last goes on in several ranges at once (``engine.listing.ranges``),
so that the time of a large bucket is the machine's and not the line's; but only where the order of keys and
start-after are known to hold, or the server has shown them (``engine.traffic.listing_traits``). What is left to list
is written with every page: an interrupted listing goes on where it stopped.
"""

import asyncio
import json
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import Struct, field

from restoretui.core.errors import InvalidRequest, MalformedAnswer, Unsupported
from restoretui.core.model import GOES_ON, Page
from restoretui.core.provider import Provider
from restoretui.core.rows import Rows
from restoretui.engine.listing.page_guard import PageGuard
from restoretui.engine.listing.ranges import Alphabet, Range, split
from restoretui.engine.traffic.listing_traits import ListingTraits
from restoretui.ledger.records import Scope

Read = Callable[[Callable[[], Awaitable[Page]]], Awaitable[Page]]
AT_CAPACITY = 2.0
"""When pages take so many times as long as the first few, they come as quickly as this machine takes them, and one
more stream would only wait with the others."""
AT_FIRST = 4
"""Pages that count as the first."""
USUAL_OVER = 8
"""Pages over which it is judged how long they take."""
LEARNED_FROM = 8
"""Keys of a page that teach the alphabet; the next pages bring what they lack."""
_BEYOND = "\U0010ffff"
"""Behind a prefix: sorts after all below it."""


class PageSink(Protocol):
    """Where pages go."""

    async def put(self, page: Page, segment: int, left: "Left") -> None:
        """Store a page behind those of its ``segment``."""
        ...

    async def restart(self) -> None:
        """Forget all pages: the listing begins anew."""
        ...


class Left:
    """What is left to list once a page is stored."""

    __slots__ = ("_ranges", "_token")

    def __init__(self, ranges: Sequence[Range], token: str | None = None) -> None:
        """``token`` goes on with a listing of one level, which has no ranges."""
        self._ranges = ranges
        self._token = token

    def __str__(self) -> str:
        """What a resumed listing needs; to be asked for before the next page is listed."""
        if self._token is not None:
            return self._token
        return json.dumps([[entry.after, entry.stop, entry.token] for entry in self._ranges])

    @property
    def listed_to(self) -> str | None:
        """The key up to which all is listed, in a store that keeps the order; None when that is the end."""
        return min((entry.after for entry in self._ranges), default=None)


class Source(Struct, frozen=True):
    """Where pages come from: asked through ``read``; ``traits`` is what the endpoint has shown, and is added to."""

    provider: Provider
    read: Read
    traits: ListingTraits = field(default_factory=ListingTraits)


class _RangesUnfit(Exception):
    """Ranges were under way, and the server turns out not to keep what they rest on."""


class Lister:
    """Lists one scope to its end into a sink; what was listed before an error stays there."""

    def __init__(
        self,
        source: Source,
        scope: Scope,
        sink: PageSink,
        streams: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._provider = source.provider
        self._read = source.read
        self._scope = scope
        self._sink = sink
        self._streams = streams
        self._traits = source.traits
        self._monotonic = monotonic
        self._begin([Range("", None)])

    def _begin(self, ranges: list[Range]) -> None:
        self._alphabet = Alphabet(self._scope.prefix)
        self._ranges = ranges
        """Not yet listed to their end."""
        self._segments = len(ranges)
        self._helpers = 0
        self._pages = 0
        self._at_first = self._usual = 0.0
        """Seconds a page takes, and took on average at first, when few were under way.

        Not what it took at best: times of answers differ by more than ``AT_CAPACITY`` with no machine busy.
        """
        self._usual_ranges = 1.0
        """How many were under way meanwhile."""
        self._moved = asyncio.Event()

    async def list_all(self, left: str | None = None) -> None:
        """List everything, or what is ``left`` of an earlier attempt."""
        if not self._scope.recursive:
            await self._list_level(left)
            return
        self._begin(_resumed(left) or [Range("", None)])
        try:
            await self._list_ranges()
        except _RangesUnfit:
            await self._sink.restart()
            self._begin([Range("", None)])
            await self._list_ranges()

    async def _list_ranges(self) -> None:
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for entry in list(self._ranges):
                    self._tasks.create_task(self._list_range(entry))
        except BaseExceptionGroup as group:
            unfit = [error for error in group.exceptions if isinstance(error, _RangesUnfit)]
            raise (unfit or group.exceptions)[0] from None

    async def _help(self) -> None:
        """Take the upper half of what somebody else has left, again and again, as long as it is of use."""
        while self._ranges and not self._are_enough:
            upper = split(self._alphabet, self._ranges, self._segments)
            if upper is None:
                self._moved.clear()
                await self._moved.wait()
                continue
            self._segments += 1
            self._ranges.append(upper)
            await self._list_range(upper)
        self._helpers -= 1

    async def _list_range(self, entry: Range) -> None:
        guard = PageGuard(self._traits, entry.after, self._scope.versions)
        began = self._monotonic()
        while await self._next_page(entry, guard):
            # One more helper for every page that is not the last: they double with each round trip, so that a long
            # listing has all of them soon, and a short one is not split into more requests than it has pages.
            self._note(self._monotonic() - began)
            if self._helpers < self._streams - 1 and self._wants_help and not self._scope.single:
                self._helpers += 1
                self._tasks.create_task(self._help())
            began = self._monotonic()

    @property
    def _wants_help(self) -> bool:
        within = self._usual <= AT_CAPACITY * self._at_first
        return within and self._traits.takes_ranges(versions=self._scope.versions)

    @property
    def _are_enough(self) -> bool:
        """As many ranges as there are now keep the machine busy; each end of one costs a page that is cut off."""
        expected = self._usual * min(1.0, len(self._ranges) / self._usual_ranges)
        return expected > AT_CAPACITY * self._at_first

    def _note(self, took: float) -> None:
        self._pages += 1
        if self._pages <= AT_FIRST:
            self._at_first += (took - self._at_first) / self._pages
        self._usual = self._usual + (took - self._usual) / USUAL_OVER if self._usual else took
        self._usual_ranges += (len(self._ranges) - self._usual_ranges) / USUAL_OVER

    async def _next_page(self, entry: Range, guard: PageGuard) -> bool:
        """List one page of the range; False when it was its last."""
        page = await self._page_of(entry, guard)
        rows, _ = guard.check(page)
        if not self._traits.ordered and len(self._ranges) > 1:
            raise _RangesUnfit
        rows, more = self._inside(entry, rows, goes_on=page.next_token is not None and not guard.is_over)
        if guard.jumped:
            entry.segment, self._segments = self._segments, self._segments + 1
        if more:
            entry.after, entry.token = guard.last, page.next_token
        else:
            self._ranges.remove(entry)
        self._alphabet.learn(rows.keys[:: max(1, len(rows) // LEARNED_FROM)])
        entry.note(rows, self._alphabet)
        if entry.is_worth_sharing or not self._ranges:
            self._moved.set()
        await self._sink.put(Page(rows, (), None), entry.segment, Left(self._ranges))
        return more

    async def _page_of(self, entry: Range, guard: PageGuard) -> Page:
        """The range's next page: by the token of the one before, and by start-after at its beginning."""
        if entry.token is None:
            page = await self._page(start_after=entry.after)
            keys = Rows.of(page.entries).keys
            if entry.after and keys and min(keys) < entry.after:
                self._traits.distrust(versions=self._scope.versions)
                raise _RangesUnfit
            return page
        if self._worth_a_trial and (page_behind := await self._trial(guard)):
            return page_behind
        if entry.token == GOES_ON:
            return await self._behind_last(guard)
        try:
            return await self._page(token=entry.token)
        except InvalidRequest:
            if not entry.is_resumed:
                raise
            raise _RangesUnfit from None  # The token was good for a while only.
        finally:
            entry.is_resumed = False

    @property
    def _worth_a_trial(self) -> bool:
        """To try start-after costs nothing where it works, and is of use where it is needed, or makes ranges."""
        unknown = self._traits.starts_after(versions=self._scope.versions) is None
        return unknown and self._traits.ordered and not self._scope.single

    async def _trial(self, guard: PageGuard) -> Page | None:
        """The next page, asked for by a key between the last two: it must begin with the last one again.

        That shows all that ranges rest on, by one row that comes twice: a key that is none is taken for a place, and
        nothing before or behind it is left out. None where it fails, or where it cannot be tried.
        """
        last_two = guard.last_two
        if last_two is None or last_two[1] != guard.last:
            return None
        low, high = last_two
        between = f"{low}!" if f"{low}!" < high else low
        page: Page | None = None
        try:
            page = await self._page(start_after=between)
        except (InvalidRequest, Unsupported):
            keys: Sequence[str] = ()
        else:
            keys = Rows.of(page.entries).keys
        worked = bool(keys) and keys[0] == high and min(keys) == high
        self._traits.tried(versions=self._scope.versions, worked=worked)
        return page if worked else None

    async def _behind_last(self, guard: PageGuard) -> Page:
        """The page behind the last key, where the server says that it goes on, and not where."""
        if self._traits.ordered and self._traits.starts_after(versions=self._scope.versions) is True:
            page_behind = await self._trial(guard)
            if page_behind is not None:
                return page_behind
        if guard.last and not self._scope.versions:
            page = await self._page(start_after=guard.last)
            keys = Rows.of(page.entries).keys
            if self._traits.ordered and ((keys and min(keys) > guard.last) or page.next_token is None):
                return page
        raise _untold(guard.last)

    async def _page(self, *, start_after: str = "", token: str | None = None, delimiter: str = "") -> Page:
        scope = self._scope
        page = await self._read(
            lambda: self._provider.list_page(
                scope.bucket,
                scope.prefix,
                delimiter=delimiter,
                start_after=start_after,
                token=token,
                versions=scope.versions,
            )
        )
        return self._traits.classed(page)

    def _inside(self, entry: Range, rows: Rows, *, goes_on: bool) -> tuple[Rows, bool]:
        """The page's rows that belong to the range, and whether the range goes on behind them."""
        last = rows.keys[-1] if rows else ""
        if self._scope.single and last > self._scope.prefix:
            # The key itself comes first of all that begin so; the others are none of ours.
            start, stop = bisect_left(rows.keys, self._scope.prefix), bisect_right(rows.keys, self._scope.prefix)
            return rows[start:stop], goes_on and not self._traits.ordered
        if entry.stop is not None and last > entry.stop:
            return rows[: bisect_right(rows.keys, entry.stop)], False
        return rows, goes_on

    async def _list_level(self, left: str | None) -> None:
        """One level of a bucket, by delimiter: one stream, since its size is a person's reading."""
        guard = PageGuard(self._traits, versions=self._scope.versions)
        token = left or None
        segment, folder = 0, ""
        while True:
            page = await self._next_of_level(token, guard, folder)
            rows, prefixes = guard.check(page)
            segment += guard.jumped
            folder = max([folder, *prefixes])
            token = None if guard.is_over else page.next_token
            await self._sink.put(Page(rows, sorted(prefixes), token), segment, Left((), token or ""))
            if token is None:
                return

    async def _next_of_level(self, token: str | None, guard: PageGuard, folder: str) -> Page:
        """By the token; where the server names none, behind the last key, or all below the last ``folder``."""
        if token != GOES_ON:
            return await self._page(delimiter="/", token=token)
        last = max(guard.last, folder + _BEYOND if folder else "")
        if not last or self._scope.versions:
            raise _untold(guard.last)
        page = await self._page(delimiter="/", start_after=last)
        names = [*Rows.of(page.entries).keys, *page.prefixes]
        if names and min(names) <= max(guard.last, folder):
            raise _untold(guard.last or folder)
        return page


def _untold(last: str) -> MalformedAnswer:
    """One sentence for a listing that cannot be gone on with."""
    return MalformedAnswer(
        f"the listing goes on behind {last!r}, but the server names no token, and does not list on from a key",
        "try a narrower prefix",
        operation="ListObjectsV2",
    )


def _resumed(left: str | None) -> list[Range]:
    """Ranges of an earlier session; those of older versions have no token."""
    if not left:
        return []
    found = []
    for number, (after, stop, *token) in enumerate(json.loads(left)):
        known = token[0] if token else None
        found.append(Range(after, stop, number, token=known, is_resumed=bool(known)))
    return found
