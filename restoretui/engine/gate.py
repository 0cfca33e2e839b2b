"""A gate for everything that talks to one cloud: shut while credentials or network are away, opened by one probe."""

from dataclasses import dataclass, field

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError

FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Machine seconds between probes; doubled at each failure."""


@dataclass(slots=True)
class Gate:
    """Pauses every caller instead of failing them; when the wait is over, one goes ahead and finds out."""

    clock: Clock
    problem: CloudError | None = None
    _wait: float = field(default=FIRST_WAIT)
    _retry_at: float = 0.0
    _probing: bool = False

    @property
    def retry_in(self) -> float:
        """Machine seconds until the next probe; 0 when open."""
        return max(0.0, self._retry_at - self.clock.monotonic()) if self.problem else 0.0

    async def enter(self) -> None:
        """Return when a request may be tried; then say ``opened`` or ``shut`` of it."""
        while self.problem is not None:
            if not self._probing and self.retry_in == 0:
                self._probing = True
                return
            await self.clock.pause(max(0.05, self.retry_in))

    def shut(self, problem: CloudError) -> bool:
        """A request met a problem that every other would meet too. True when the gate was open until now."""
        first = self.problem is None
        if first or self._probing:
            self._wait = FIRST_WAIT if first else min(self._wait * 2, LONGEST_WAIT)
            self._retry_at = self.clock.monotonic() + self._wait
            self._probing = False
        self.problem = problem
        return first

    def opened(self) -> bool:
        """A request got an answer. True when the gate was shut until now."""
        was_shut = self.problem is not None
        self.problem = None
        self._probing = False
        return was_shut

    def left(self) -> None:
        """The probe ended without an answer either way (it was cancelled); another may go."""
        self._probing = False
