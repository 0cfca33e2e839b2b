"""How copies are kept until what shall be done with them is done: when one is extended, and by how much. Pure."""

from datetime import UTC, datetime, timedelta

from restoretui.core.rules.rules import ArchiveRule, CloudRules

KEPT = "extended, since what shall be done with it is not done yet"
"""The reason of such an extension, by which a copy that had one is known."""
SENT_WITHIN = timedelta(hours=1)
"""From planning an extension to its arrival. Ends are rounded up to a midnight: one behind it gets another day."""


def is_due_at(expiry: float, came_at: float | None, within_s: float) -> float:
    """When a copy ends so soon that it is extended: ``within_s`` before its end, or half of its life if that is less.

    Else a copy of one day would be extended as soon as it is there.
    """
    if came_at is None or came_at >= expiry:
        return expiry - within_s
    return expiry - min(within_s, (expiry - came_at) / 2)


def days_to_keep(rules: CloudRules, rule: ArchiveRule, expiry: datetime, now: datetime, most: int) -> int:
    """The days to ask for so that the copy ends later, and by ``most`` days at most; 0 where none do that."""
    longest = rule.max_days
    if rules.extension_adds:
        return most if longest is None else min(most, longest)
    last = expiry + timedelta(days=most)
    days = (last - now) // timedelta(days=1)
    while days > 0 and rules.expiry_of(now + SENT_WITHIN, days) > last:
        days -= 1
    days = days if longest is None else min(days, longest)
    return days if days > 0 and rules.expiry_of(now, days) > expiry else 0


def instant(seconds: float) -> datetime:
    """Seconds since the epoch, as an aware instant."""
    return datetime.fromtimestamp(seconds, UTC)
