"""What a cloud allows and promises: the types of its tables. What follows for one object is ``core.rules.verdicts``.

The tables themselves are ``core.rules.s3`` and ``core.rules.oss``; ``core.rules.clouds`` is their registry.
Sources: FACTS 1.1 (days), 1.2 (refusals), 1.3 (state), 1.4 (tiers and typical times), 1.5 (upgrade, extend, expire);
for OSS, FACTS 4.1 and 4.2.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import ceil

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.core.errors import UsageError
from restoretui.core.model import UNTOLD_CLASS, ObjectFacts, State, Tier


class RestoreWindow(Struct, frozen=True):
    """How long a restore typically takes, from the documentation: a range, never a promise."""

    shortest: timedelta
    """When to begin to look in earnest; a number of the documentation's unless ``within``."""
    longest: timedelta
    within: bool = False
    """The documentation says only "within ``longest``": ``shortest`` is our guess and is not to be shown."""

    def __or__(self, other: "RestoreWindow") -> "RestoreWindow":
        """The window that holds both."""
        return RestoreWindow(
            min(self.shortest, other.shortest), max(self.longest, other.longest), self.within or other.within
        )

    def __str__(self) -> str:
        """``1–5 min``, ``3–5 h``, ``1 min–12 h``, ``within 12 h``."""
        longest, unit = _amount(self.longest)
        if self.within:
            return f"within {longest} {unit}"
        shortest, short_unit = _amount(self.shortest)
        return f"{shortest}–{longest} {unit}" if short_unit == unit else f"{shortest} {short_unit}–{longest} {unit}"


MAX_DAYS = 1_000_000
"""No cloud documents a limit for S3 (FACTS 1.1); beyond this, dates run out."""
END_OF_TIME = datetime.max.replace(tzinfo=UTC)
"""A store may name any instant up to it."""
CLOSE = timedelta(hours=1)
"""A copy that ends so little before it was to end lasts long enough: clocks differ, and stores cut off fractions."""


def _amount(duration: timedelta) -> tuple[str, str]:
    hours = duration / timedelta(hours=1)
    return (f"{hours:g}", "h") if hours >= 1 else (f"{hours * 60:g}", "min")


class Quota(Struct, frozen=True):
    """How much a cloud restores for one account and Region, all priorities together: documented, never promised."""

    objects_per_second: float
    bytes_per_day: int

    def time_for(self, objects: int, size_bytes: int) -> timedelta:
        """How long so much takes at the least."""
        days = max(size_bytes / self.bytes_per_day, objects / self.objects_per_second / 86_400)
        return timedelta(days=min(days, MAX_DAYS))


class ArchiveRule(Struct, frozen=True):
    """What one archive class, or one archive tier inside Intelligent-Tiering, takes."""

    archive: str
    """As the cloud spells it: ``GLACIER``, ``DEEP_ARCHIVE``, ``ARCHIVE_ACCESS``, ``DEEP_ARCHIVE_ACCESS``."""
    windows: Mapping[Tier, RestoreWindow]
    """The tiers it takes, and their windows when asked for directly."""
    batch_windows: Mapping[Tier, RestoreWindow] = field(default_factory=dict)
    """The same through S3 Batch Operations."""
    takes_days: bool = True
    """False: the restore has no end and ``Days`` must not be sent."""
    max_days: int | None = None
    """The longest a copy may last; None where no limit is documented or days do not apply."""
    takes_tier: bool = True
    """False: the class has one speed, which stands under every tier of ``windows``, and no tier must be sent."""
    cleanable: bool = False
    """The copy can be ended before its days are over."""
    quota: Quota | None = None
    """None where none is documented."""
    least_days: int | None = None
    """So many days at least are billed, however soon an object leaves it; None where that is not known."""
    direct: bool = False
    """A setting of the bucket may let anybody read it as it is, without a restore."""

    def window(self, tier: Tier | None) -> RestoreWindow | None:
        """How long a restore asked for at ``tier`` takes; None where that is not known."""
        if not self.takes_tier:
            return next(iter(self.windows.values()))
        return self.windows.get(tier) if tier is not None else None


class CloudRules(Struct, frozen=True):
    """One cloud's tables."""

    scheme: str
    archives: Mapping[str, ArchiveRule]
    """By storage class, and by archive status for the tiered class."""
    store: str = ""
    """The kind of compatible store (``core.stores``); empty for the vendor's own cloud."""
    other_archives: ArchiveRule | None = None
    """The rule of every class that is not named anywhere here: of stores whose operators name them freely."""
    tiered_class: str | None = None
    """The class whose listing does not tell whether an object is archived; HEAD does."""
    online_classes: frozenset[str] = frozenset()
    """The classes known to be readable at once; of any other we say only that we know no archive in it."""
    managed_classes: Mapping[str, str] = field(default_factory=dict)
    """Classes that another service manages, each with which and what that means."""
    expiry_at_midnight: bool = True
    midnight_is_sure: bool = True
    """Somebody documents that; else a copy may end exactly so many days after the request (FACTS 5)."""
    expedited_for: int | None = None
    """Expedited is meant for about so many objects at a time (FACTS 1.4); None where nothing is said."""
    extension_adds: bool = False
    """Asking for days while a copy exists adds them to its end, instead of counting them from now."""
    shortens: bool = True
    """Asking for fewer days while a copy exists lets it end sooner."""
    class_stays: bool = True
    """An object keeps its archive class while it has a copy; else it may be listed in an online class meanwhile."""
    lists_status: bool | None = True
    """Whether listings tell of restores; None where that has to be found out."""
    unnamed: str = "STANDARD"
    """The class that is meant where none is named, as AWS documents it."""
    lists_class: bool | None = True
    """A listing that names no class of an object means ``unnamed``; None where that has to be found out."""
    undated_for_good: bool | None = False
    """No restore in progress, and no date: restored for good. Else that says that it is archived (FACTS 1.3).

    None where it is not known: archived then, unless it was seen in progress before."""

    def archive_of(self, facts: ObjectFacts) -> ArchiveRule | None:
        """The rule that governs a restore of such an object; None when there is nothing to restore."""
        if facts.storage_class == self.tiered_class:
            return self.archives.get(facts.archive_status or "")
        rule = self.archive_named(facts.storage_class)
        if rule is None and not self.class_stays and facts.in_progress is False and facts.expiry is not None:
            # A copy with an end, in the class it has meanwhile: which archive it is of is no longer told.
            some = self.other_archives or next(iter(self.archives.values()), None)
            return some and replace(some, archive=facts.storage_class)
        return rule

    def archive_named(self, archive: str | None) -> ArchiveRule | None:
        """The rule of a class, or of an archive tier inside the tiered class, by its name."""
        rule = self.archives.get(archive or "")
        if rule is None and self.other_archives is not None and archive and archive not in self.online_classes:
            return replace(self.other_archives, archive=archive)
        return rule

    @property
    def ends_copies(self) -> bool:
        """Some restored copies can be ended before their days are over."""
        return any(rule.cleanable for rule in self.archives.values())

    @property
    def has_jobs(self) -> bool:
        """The cloud has S3 Batch Operations."""
        return any(rule.batch_windows for rule in self.archives.values())

    def needs_look(self, facts: ObjectFacts) -> bool:
        """Only a HEAD can tell whether such an object is archived (FACTS 1.7, 5)."""
        told = facts.looked or facts.archive_status or facts.in_progress
        return facts.storage_class in (self.tiered_class, UNTOLD_CLASS) and not told

    def state_of(self, facts: ObjectFacts, now: datetime) -> State:
        """What the cloud's own words mean (FACTS 1.3, the table of state derivation)."""
        tiered = facts.storage_class == self.tiered_class
        rule = self.archive_of(facts)
        is_copy = facts.in_progress is False and (
            self.undated_for_good if facts.expiry is None else facts.expiry > now
        )
        if self.needs_look(facts) and (tiered or not (is_copy and rule)):
            return State.UNKNOWN
        if facts.in_progress and (tiered or rule or facts.storage_class == UNTOLD_CLASS):
            return State.RESTORING
        if tiered:
            # Its restores end in plain readability, not in a copy: the archive status alone tells.
            return State.ARCHIVED if facts.archive_status else State.ONLINE
        if rule is None:
            return State.ONLINE
        if is_copy:
            return State.AVAILABLE
        return State.ARCHIVED if self.archive_named(facts.storage_class) else State.ONLINE

    @property
    def classes(self) -> frozenset[str]:
        """The storage classes that objects are known to be in."""
        inside = {name for name, rule in self.archives.items() if self.tiered_class and not rule.takes_days}
        tiered = {self.tiered_class} if self.tiered_class else set()
        return self.online_classes | tiered | self.managed_classes.keys() | (self.archives.keys() - inside)

    def class_named(self, text: str) -> str | None:
        """The storage class that is so called, in whatever case; None for none that is known.

        Where operators name classes as they like, any name may be one.
        """
        named = next((name for name in self.classes if name.casefold() == text.casefold()), None)
        return text if named is None and self.other_archives is not None else named

    def expiry_of(self, start: datetime, days: int) -> datetime:
        """When a copy asked for (or extended) at ``start`` ends, at the earliest.

        S3: the next midnight UTC after ``start`` plus ``days``. The guide's example: on 15 October 10:30, 3 days
        give 19 October 00:00 (FACTS 1.5).
        """
        end = start.astimezone(UTC) + timedelta(days=days)
        if not self.expiry_at_midnight:
            return end
        midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if midnight == end else midnight + timedelta(days=1)

    def lasts(self, expiry: datetime, start: datetime, days: int) -> bool:
        """Whether a copy that ends at ``expiry`` lasts the ``days`` that were asked for at ``start``.

        A server whose copies do not end at midnight counts exactly, whatever the rules say (moto, and stores that
        nobody named): there the midnight after is no measure. Where the end is a midnight both are the same.
        """
        if self.expiry_at_midnight and expiry.timestamp() % 86_400 == 0:
            return self.expiry_of(start, days) <= expiry
        return start + timedelta(days=days) - CLOSE <= expiry

    def nearly_lasts(self, expiry: datetime, start: datetime, days: int) -> bool:
        """Whether a copy lacks a day of that at the most, and no more than half of it.

        So whoever says the same once more, and counted from another midnight, is not taken to ask for a day more.
        """
        whole = timedelta(days=days)
        return start + whole - min(timedelta(days=1), whole / 2) <= expiry

    def days_until(self, end: datetime, now: datetime) -> int:
        """The fewest days that let a copy asked for ``now`` last until ``end``; ``UsageError`` if that is over.

        At least that long: S3 rounds up to the next midnight, and copies are counted in whole days everywhere. Where
        it is not sure that ends are rounded, they are taken not to be.
        """
        if end <= now:
            raise UsageError(f"copies cannot last until {as_minute(end)}: that is over", "choose a later date")
        days = max(1, ceil((end - now) / timedelta(days=1)))
        while self.midnight_is_sure and days > 1 and self.expiry_of(now, days - 1) >= end:
            days -= 1
        return check_days(days)

    def extended_to(self, rule: ArchiveRule, expiry: datetime, days: int, now: datetime) -> datetime:
        """When a copy that lasts until ``expiry`` ends once ``days`` are asked for again; never later than this.

        Where days are added, the class's longest counts from when the copy was made. Nothing tells that instant, so
        the latest it can be, now, is taken.
        """
        if not self.extension_adds:
            return self.expiry_of(now, days)
        added = expiry + min(timedelta(days=days), END_OF_TIME - expiry)
        if rule.max_days is None:
            return added
        return max(expiry, min(added, now + timedelta(days=rule.max_days)))


def minutes(shortest: float, longest: float) -> RestoreWindow:
    """A window in minutes, for a cloud's table."""
    return RestoreWindow(timedelta(minutes=shortest), timedelta(minutes=longest))


def hours(shortest: float, longest: float) -> RestoreWindow:
    """A window in hours, for a cloud's table."""
    return RestoreWindow(timedelta(hours=shortest), timedelta(hours=longest))


def within(hours: float, look_from: float) -> RestoreWindow:
    """Documented as "within ``hours``"; we look in earnest from ``look_from`` hours on."""
    return RestoreWindow(timedelta(hours=look_from), timedelta(hours=hours), within=True)


EXPEDITED_TYPICAL_BYTES = 250_000_000
"""Expedited times hold for objects below this size (FACTS 1.4)."""


def check_days(days: int) -> int:
    """``days`` itself; ``UsageError`` below one, which no cloud takes (FACTS 1.1), or beyond every calendar."""
    if days < 1:
        raise UsageError(f"a restored copy must last at least 1 day, not {days}", "choose --days 1 or more")
    if days > MAX_DAYS:
        raise UsageError(
            f"a restored copy cannot last {days} days; the most is {MAX_DAYS:,}",
            "to keep the data for good, restore it and copy it to another storage class",
        )
    return days


def as_minute(instant: datetime) -> str:
    """In a sentence: ``2026-01-23 00:00 UTC``."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
