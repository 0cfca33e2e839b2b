"""Looks at objects one by one, some at a time; what the cloud refuses stands in the place of what was found."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError, WrongPlace
from restoretui.core.model import ObjectRef, Page
from restoretui.engine.listing.lister import Left
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.retrying_reads import all_of
from restoretui.engine.traffic.speaker import Progress
from restoretui.engine.watching.observations import observed
from restoretui.ledger.records import Observation

LOOKS_AT_ONCE = 64
DENSE = 16
"""Named keys in a page of a listing from which on it costs less than their HEADs (``key_pages``)."""


class VersionsSeen:
    """Where the pages of one key's versions go: they become observations."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.found: list[Observation] = []

    async def put(self, page: Page, segment: int, left: Left) -> None:
        del segment, left
        seen_at = self._clock.now().timestamp()
        self.found += [observed(entry, seen_at) for entry in page.entries]

    async def restart(self) -> None:
        self.found.clear()


async def look_at_each(
    refs: Sequence[ObjectRef], look: Callable[[ObjectRef], Awaitable[list[Observation]]], tally: Progress
) -> list[tuple[ObjectRef, Observation | CloudError]]:
    """What ``look`` finds of each, some at a time; what the cloud refuses stands in the place of what was found.

    Where no answer can be had at all, that raises: it says nothing about the object.
    """
    room = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def one(ref: ObjectRef) -> list[tuple[ObjectRef, Observation | CloudError]]:
        async with room:
            try:
                return [(ref, seen) for seen in await look(ref)]
            except (*NO_ANSWER, WrongPlace):
                raise
            except CloudError as error:
                return [(ref, error)]
            finally:
                tally.number += 1

    return [found for several in await all_of([one(ref) for ref in refs]) for found in several]
