"""Expedited capacity: a run stops asking for it once the cloud has refused often enough in a row.

Expedited is for some hundreds of objects, and what is refused is not queued by the cloud (FACTS 1.2, 1.4): to go on
asking for a million of them would only fail each.
"""

import asyncio
from collections.abc import Callable

from restoretui.core.provider import Outcome

MOST_IN_A_ROW = 20
"""Refusals for want of capacity, one after the other, after which a person has to decide."""


class CapacityGate:
    """Of one run. At most so many requests are under way as may still be refused before it closes."""

    def __init__(self, on_closed: Callable[[], None] = lambda: None) -> None:
        """``on_closed`` is told once it is closed and all that was answered is written down."""
        self._on_closed = on_closed
        self._is_settled = False
        self._refused = 0
        self._under_way = 0
        self._is_open_for_good = False
        self._moved = asyncio.Event()

    @property
    def is_closed(self) -> bool:
        """Nothing more is sent until somebody has decided."""
        return not self._is_open_for_good and self._refused >= MOST_IN_A_ROW

    @property
    def waits(self) -> bool:
        """It is closed, and all that was answered before is written down: somebody can be asked."""
        return self.is_closed and self._is_settled

    async def enter(self) -> bool:
        """Wait until one more may be asked for; False when it is closed. After True, ``leave`` must follow."""
        while not self._is_open_for_good and self._refused + self._under_way >= MOST_IN_A_ROW:
            if self.is_closed:
                return False
            self._moved.clear()
            await self._moved.wait()
        self._under_way += 1
        return True

    def leave(self, outcome: str | None) -> None:
        """What the cloud answered, as an ``Outcome``; without a sure answer (None, empty) the row goes on."""
        self._under_way -= 1
        if outcome == Outcome.NO_CAPACITY:
            self._refused += 1
        elif outcome:
            self._refused = 0
        self._is_settled = False
        self._moved.set()

    def settle(self) -> None:
        """What was answered is written down, and nothing is being sent."""
        if self.is_closed and not self._is_settled:
            self._is_settled = True
            self._on_closed()

    def reopen(self, *, for_good: bool = False) -> None:
        """Somebody wants to try again; ``for_good``: however often it is refused."""
        self._is_open_for_good = self._is_open_for_good or for_good
        self._refused = 0
        self._is_settled = False
        self._moved.set()
