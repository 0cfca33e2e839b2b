"""Lifecycle expirations as a plan needs them: what a rule deletes before its copy would end (FACTS 1.5)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from restoretui.core.rules.rules import END_OF_TIME

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


class ExpirationRule(Struct, frozen=True):
    """An enabled rule that deletes current objects."""

    name: str
    prefix: str = ""
    days: int | None = None
    """After the object was written; the end is the next midnight UTC. None: on ``date``."""
    date: datetime | None = None
    larger_than: int = -1
    smaller_than: int | None = None
    """Bytes; the objects it holds for are between these."""
    by_tags: bool = False
    """It holds only for objects with some tags, or without them, which no listing tells."""
    spares: tuple[str, ...] = ()
    """Prefixes of keys that it does not hold for, where a cloud has such (FACTS 4.1)."""
    created_before: datetime | None = None
    """What was written before that is deleted, from then on; in the place of ``days`` and ``date`` (FACTS 4.1)."""

    def written_by(self, before: datetime) -> datetime | None:
        """Objects written until then are deleted before that instant; None: no object is."""
        if self.created_before is not None:
            return self.created_before - SECOND if self.created_before < before else None
        if self.days is None:
            return before if self.date is not None and self.date < before else None
        midnight = _midnight_before(before)
        try:
            return midnight - self.days * DAY
        except OverflowError:
            return None

    def due(self, written: datetime) -> datetime:
        """When an object written then is deleted, at the earliest."""
        if self.days is None:
            return self.created_before or self.date or written
        try:
            end = written + self.days * DAY
            midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
            return midnight if midnight == end else midnight + DAY
        except OverflowError:  # Never, as far as calendars go.
            return END_OF_TIME


def _midnight_before(instant: datetime) -> datetime:
    midnight = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight < instant else midnight - DAY


class Expiring(Struct, frozen=True):
    """So many objects of a plan end by a rule before their copies would."""

    bucket: str
    rule: ExpirationRule | None
    """None: by whichever rule; HEAD told the date."""
    objects: int
    first: datetime
    """When the first of them does."""


def read_rules(rules: Iterable[Mapping[str, Any]]) -> tuple[ExpirationRule, ...]:
    """The expirations among the rules of ``GetBucketLifecycleConfiguration``, as the SDK parses them.

    ``Not`` in a filter, with its prefixes and whether tags are in it, and ``CreatedBefore`` are OSS's.
    """
    found = []
    for rule in rules:
        expiration = rule.get("Expiration") or {}
        days, date, before = expiration.get("Days"), expiration.get("Date"), expiration.get("CreatedBefore")
        told = isinstance(days, int) or isinstance(date, datetime) or isinstance(before, datetime)
        if rule.get("Status") != "Enabled" or not told:
            continue
        # The filter is one condition, or several in And; without one the prefix stands in the rule itself.
        given = rule.get("Filter") or {}
        parts = {**rule, **given, **(given.get("And") or {})}
        spared: Sequence[tuple[str, bool]] = parts.get("Not") or ()
        found.append(
            ExpirationRule(
                name=str(rule.get("ID", "")),
                prefix=str(parts.get("Prefix") or ""),
                days=days if isinstance(days, int) else None,
                date=date if isinstance(date, datetime) else None,
                larger_than=int(parts.get("ObjectSizeGreaterThan", -1)),
                smaller_than=parts.get("ObjectSizeLessThan"),
                by_tags=bool(parts.get("Tag") or parts.get("Tags")) or any(tagged for _, tagged in spared),
                spares=tuple(prefix for prefix, tagged in spared if not tagged),
                created_before=before if isinstance(before, datetime) else None,
            )
        )
    return tuple(found)
