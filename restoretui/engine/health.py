"""What the engine is doing now, for the header line and ``--json``: a frozen value, replaced when it changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

Level = Literal["ok", "busy", "slow", "paused"]


@dataclass(frozen=True, slots=True)
class Health:
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


class HealthBoard:
    """Holds the current ``Health`` and tells whoever listens when it changes."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.now = Health()
        self._changed = changed

    def set(self, **fields: Any) -> None:
        """Replace the named fields."""
        new = replace(self.now, **fields)
        if new != self.now:
            self.now = new
            self._changed()
