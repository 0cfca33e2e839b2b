"""Expedited capacity: a run stops asking an account's Region for it that has refused often enough in a row.

Expedited is for some hundreds of objects, and what is refused is not queued by the cloud (FACTS 1.2, 1.4): to go on
asking for a million of them would only fail each.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from restoretui.core.provider import Outcome

MOST_IN_A_ROW = 20
"""Refusals for want of capacity, one after the other, after which a person has to decide."""


class CapacityGate:
    """Of one run in one pool. At most so many requests are under way as may still be refused before it closes."""

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

    @property
    def is_done(self) -> bool:
        """It is closed, and nothing that went through it is under way any more."""
        return self.is_closed and not self._under_way

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


class CapacityGates:
    """Of one run: a gate for each account and Region, since capacity of one says nothing of another's."""

    def __init__(self, on_closed: Callable[[str], None] = lambda where: None) -> None:
        """``on_closed`` is told where there is no capacity, and again once nothing else of the run is sent."""
        self._on_closed = on_closed
        self._gates: dict[tuple[Hashable, str], CapacityGate] = {}
        self._closed: dict[str, None] = {}
        self._sending = 0
        self._is_open_for_good = False

    @property
    def waits(self) -> bool:
        """All that is left to send waits for capacity, and all answers are written down: somebody can be asked."""
        return not self._sending and any(gate.waits for gate in self._gates.values())

    def of(self, account: Hashable, region: str, told: str = "") -> CapacityGate:
        """The gate of an account's Region; ``told``: how people are told of it, where there are others."""

        def closed() -> None:
            self._closed[told] = None
            self._on_closed(told)

        pool = account, region
        if pool not in self._gates:
            self._gates[pool] = CapacityGate(closed)
            self._gates[pool].reopen(for_good=self._is_open_for_good)
        return self._gates[pool]

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Within this block some of the run is being sent: nobody has to decide before that is over."""
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1
            if self.waits:
                for told in self._closed:
                    self._on_closed(told)

    def reopen(self, *, for_good: bool = False) -> None:
        """Somebody wants to try again, everywhere; ``for_good``: however often it is refused."""
        self._is_open_for_good = self._is_open_for_good or for_good
        self._closed.clear()
        for gate in self._gates.values():
            gate.reopen(for_good=for_good)
