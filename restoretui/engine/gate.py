"""A gate for everything that talks to one cloud: shut while credentials or network are away, opened by one probe."""

import asyncio
from dataclasses import dataclass, field

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError
from restoretui.engine.waits import first_of

FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Machine seconds between probes; doubled at each failure."""


@dataclass(slots=True, eq=False)
class Gate:
    """Pauses every caller instead of failing them; when the wait is over, one goes ahead and finds out.

    ``enter`` hands out a ticket. A request that left before the gate was shut proves nothing about the time since:
    by its ticket what becomes of it is told from what becomes of the probe.
    """

    clock: Clock
    problem: CloudError | None = None
    _wait: float = field(default=FIRST_WAIT)
    _retry_at: float = 0.0
    _probing: bool = False
    _ticket: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def retry_in(self) -> float:
        """Machine seconds until the next probe; 0 when open."""
        return max(0.0, self._retry_at - self.clock.monotonic()) if self.problem else 0.0

    async def enter(self) -> int:
        """A ticket, once a request may be tried; then say ``opened`` or ``shut`` of it, and ``left`` in any case."""
        while self.problem is not None:
            if not self._probing and self.retry_in == 0:
                self._probing = True
                break
            changed = self._changed.wait()
            if self._probing:
                await changed
            else:
                await first_of(changed, self.clock.pause(self.retry_in))
        return self._ticket

    def shut(self, problem: CloudError, ticket: int | None = None) -> bool:
        """A request met a problem that every other would meet too. True when the gate was open until now."""
        if ticket is not None and ticket != self._ticket:
            return False
        first = self.problem is None
        if first or self._probing:
            self._wait = FIRST_WAIT if first else min(self._wait * 2, LONGEST_WAIT)
            self._retry_at = self.clock.monotonic() + self._wait
            self._probing = False
        self.problem = problem
        self._turn()
        return first

    def opened(self, ticket: int | None = None) -> bool:
        """A request got an answer. True when the gate was shut until now."""
        if self.problem is None or (ticket is not None and ticket != self._ticket):
            return False
        self.problem = None
        self._probing = False
        self._turn()
        return True

    def left(self, ticket: int | None = None) -> None:
        """The request is over. If it was the probe and ended without an answer either way, another may go."""
        if self._probing and (ticket is None or ticket == self._ticket):
            self._probing = False
            self._turn()

    def _turn(self) -> None:
        self._ticket += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
