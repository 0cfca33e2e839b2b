"""A bandwidth limiter: no more than so many bytes a second, of all that download together."""

from restoretui.core.clock import Clock


class Bandwidth:
    """A token bucket in machine time: what was taken too early is waited for."""

    def __init__(self, per_second: int | None, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._free_at = 0.0

    async def take(self, size: int) -> None:
        """Before ``size`` bytes are asked for: until they may come."""
        if not self._per_second:
            return
        now = self._clock.monotonic()
        begin = max(now, self._free_at)
        self._free_at = begin + size / self._per_second
        if begin > now:
            await self._clock.pause(begin - now)
