"""What is typed for how long copies shall last: days, or a date; and, in so many words, that they end sooner."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from restoretui.core.errors import UsageError
from restoretui.core.rules.rules import CloudRules, check_days

SHORTEN = "shorten"
"""Before days or a date: copies that last longer end then."""
HINT = "type days, 1 or more, or a date as 2026-12-24; 'shorten 3' also ends copies sooner that last longer"
LONGEST = len(f"{SHORTEN} 2026-12-24")


class Lasting(NamedTuple):
    """How many days are asked for from now on, and whether copies may be made to end sooner."""

    days: int
    shorten: bool = False
    until: datetime | None = None
    """What the days are counted for, where a date was typed."""


def read_lasting(text: str, rules: CloudRules, now: datetime) -> Lasting:
    """``30``, ``2026-12-24`` (its first minute, UTC), ``shorten 3``; ``UsageError`` for anything else."""
    words = text.lower().split()
    if not words:
        raise UsageError("it is not said how long copies shall last", HINT)
    shorten = words[:1] == [SHORTEN]
    amount = "".join(words[1:] if shorten else words) if len(words) == 1 + shorten else ""
    try:
        if amount.isascii() and amount.isdigit():
            return Lasting(check_days(int(amount)), shorten)
        end = datetime.fromisoformat(amount)
        end = end if end.tzinfo else end.replace(tzinfo=UTC)
        return Lasting(rules.days_until(end, now), shorten, end)
    except UsageError as error:
        raise UsageError(str(error), HINT) from None
    except (ValueError, OverflowError):
        raise UsageError(f"{text.strip()!r} says neither days nor a date", HINT) from None


def lengthened(text: str, days: int) -> str:
    """What is typed, so many days more or less, one at the least; the same where that says nothing one can add to."""
    start, space, last = text.strip().rpartition(" ")
    try:
        if last.isascii() and last.isdigit():
            return f"{start}{space}{max(1, int(last) + days)}"
        return f"{start}{space}{date.fromisoformat(last) + timedelta(days=days)}"
    except (ValueError, OverflowError):
        return text
