"""Instants of the past as people write them: how long ago, or when."""

from datetime import UTC, datetime

from restoretui.core.durations import read_duration
from restoretui.core.errors import UsageError


def read_when(text: str, now: datetime) -> datetime:
    """``5m`` and ``7d`` ago, ``2026-12-01`` (midnight) or ``2026-12-01T12:00Z``; UTC unless an offset is given.

    ``UsageError`` for what is neither, or not over yet.
    """
    said = text.strip()
    try:
        when = now - read_duration(said)
    except (ValueError, OverflowError):
        try:
            instant = datetime.fromisoformat(said)
            when = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise UsageError(f"{said!r} is no time", "write 5m, 7d, 2026-12-01 or 2026-12-01T12:00Z") from None
    if when > now:
        raise UsageError(f"{when:%Y-%m-%d %H:%M} UTC is not over yet", "name an instant of the past")
    return when
