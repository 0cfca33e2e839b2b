"""Turns of the event loop between two long answers that are parsed on it.

A page of 1,000 objects takes 2 ms to parse, and with 32 ranges of a bucket under way they come as quickly as that.
What else the loop has to do, a key most of all, goes from callback to callback, each of which waits for whatever was
ready before it: with a page parsed in every turn, a key of five callbacks would wait for five pages.
"""

import asyncio

LONG = 1 << 16
"""Bytes of an answer that take about a millisecond, or more, to parse."""
TURNS = 4
"""As many callbacks, one of which sets off the next, get through between two pages. Each costs 20 us."""


class ReadingTurns:
    """The turns of one client's answers."""

    def __init__(self) -> None:
        self._next = asyncio.Lock()

    async def wait(self, size: int) -> None:
        """Until an answer of ``size`` bytes may be parsed, which is to be done at once."""
        if size <= LONG:
            return
        async with self._next:
            for _ in range(TURNS):
                await asyncio.sleep(0)
