"""Debounced HEAD requests for visible rows that a listing cannot judge: archived Intelligent-Tiering objects, say.

No listing tells whether such an object is archived (FACTS 1.7), nor does one that names no class, and a HEAD each
would cost a million requests for a million rows. So a row says "not seen" until it has been on screen for a moment.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from restoretui.core.errors import CloudError
from restoretui.core.model import UNTOLD_CLASS, ObjectRef, State

if TYPE_CHECKING:
    from restoretui.ledger.records import BrowseRow
    from restoretui.session.session import Session

SETTLE_S = 0.3
"""Debounce: seconds the screen stands still before anything is asked; scrolling past a row is no look at it."""
AT_ONCE = 8
TIERED = "INTELLIGENT_TIERING"


class VisibleHeads:
    """Remembers what it asked for, so that nothing is asked twice."""

    def __init__(self) -> None:
        self._asked: set[ObjectRef] = set()

    def forget(self) -> None:
        """Another listing: look again."""
        self._asked.clear()

    def wanted(self, rows: "Iterable[BrowseRow]") -> list[ObjectRef]:
        """Those among ``rows`` worth a look."""
        return [
            row.ref
            for row in rows
            if not row.is_prefix
            and row.state is State.UNKNOWN
            and row.storage_class in (TIERED, UNTOLD_CLASS)
            and row.ref not in self._asked
        ]

    async def look(self, session: "Session", refs: list[ObjectRef], scheme: str) -> None:
        """HEAD each of ``refs`` after a moment; cancelled when other rows come on screen."""
        self._asked.update(refs)
        left = set(refs)
        room = asyncio.Semaphore(AT_ONCE)

        async def one(ref: ObjectRef) -> None:
            async with room:
                # A row that cannot be looked at goes on saying that it was not seen; opening it says why.
                with suppress(CloudError):
                    await session.selecting.inspect(ref, scheme)
                left.discard(ref)

        try:
            await session.clock.pause(SETTLE_S)
            await asyncio.gather(*(one(ref) for ref in refs))
        finally:
            self._asked -= left
