"""What the engine is doing now, for the header line and ``--json``: a frozen value, replaced when it changes."""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

Level = Literal["ok", "busy", "slow", "paused"]
Trouble = Literal["slow", "paused"]


class Health(NamedTuple):
    """``paused`` waits for credentials or the network and goes on by itself; ``slow`` is being throttled."""

    level: Level = "ok"
    text: str = ""
    hint: str = ""
    rate: float = 0.0
    """Restore requests a second we allow ourselves now."""
    throttled: int = 0
    """Refusals for our rate since the start."""
    list_calls: int = 0
    head_calls: int = 0
    """Status requests since the start."""
    next_look_at: datetime | None = None
    """Cloud time of the next look; None when nothing is awaited."""
    reason: str = ""
    """Why then."""


class Told(NamedTuple):
    """One trouble, as its source told of it."""

    level: Trouble
    text: str
    hint: str


class HealthBoard:
    """Holds the current ``Health`` and tells whoever listens when it changes.

    Troubles are kept by their source, so that one which is over never hides another that is not, and none stays on
    the screen when all are over.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.now = Health()
        self._changed = changed
        self._troubles: dict[Hashable, Told] = {}
        self.troubles: Mapping[Hashable, Told] = self._troubles
        """All that is in the way now, by its source; asked at each request, which is why it is no property."""
        self._is_busy = False

    def trouble(self, source: Hashable, level: Trouble, text: str, hint: str = "") -> None:
        """Something holds ``source`` up, until ``well``."""
        self._troubles[source] = Told(level, text, hint)
        self._judge()

    def well(self, source: Hashable) -> None:
        """Whatever held ``source`` up is over."""
        if self._troubles.pop(source, None) is not None:
            self._judge()

    def busy(self, is_busy: bool) -> None:
        """Whether runs are being pursued."""
        if is_busy is not self._is_busy:
            self._is_busy = is_busy
            self._judge()

    def paced(self, rate: float) -> None:
        """How many restore requests a second we allow ourselves from now on."""
        if rate != self.now.rate:
            self._take(self.now._replace(rate=rate))

    def refused(self) -> None:
        """The cloud refused one more request for our rate."""
        self._take(self.now._replace(throttled=self.now.throttled + 1))

    def looked(self, lists: int, heads: int) -> None:
        """So many status requests more."""
        self._take(self.now._replace(list_calls=self.now.list_calls + lists, head_calls=self.now.head_calls + heads))

    def expecting(self, at: datetime | None, reason: str) -> None:
        """When the next look is, and why then."""
        self._take(self.now._replace(next_look_at=at, reason=reason))

    def _judge(self) -> None:
        # The first that came of the worst kind: two that last do not take turns.
        worst = min(self._troubles.values(), key=lambda told: told.level, default=None)
        if worst is not None:
            self._take(self.now._replace(level=worst.level, text=worst.text, hint=worst.hint))
        else:
            self._take(self.now._replace(level="busy" if self._is_busy else "ok", text="", hint=""))

    def _take(self, new: Health) -> None:
        if new != self.now:
            self.now = new
            self._changed()
