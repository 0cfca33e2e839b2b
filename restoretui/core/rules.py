"""What each cloud allows and promises, as tables, and the verdict they give for one object.

Sources: FACTS 1.1 (days), 1.2 (refusals), 1.3 (state), 1.4 (tiers and typical times), 1.5 (upgrade, extend, expire).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectFacts, RestoreRequest, State, Tier


@dataclass(frozen=True, slots=True)
class Window:
    """How long a restore typically takes, from the documentation: a range, never a promise."""

    shortest: timedelta
    longest: timedelta

    def __or__(self, other: "Window") -> "Window":
        """The window that holds both."""
        return Window(min(self.shortest, other.shortest), max(self.longest, other.longest))


@dataclass(frozen=True, slots=True)
class ArchiveRule:
    """What one archive class, or one archive tier inside Intelligent-Tiering, takes."""

    archive: str
    """As the cloud spells it: ``GLACIER``, ``DEEP_ARCHIVE``, ``ARCHIVE_ACCESS``, ``DEEP_ARCHIVE_ACCESS``."""
    windows: Mapping[Tier, Window]
    """The tiers it takes, and their windows when asked for directly."""
    batch_windows: Mapping[Tier, Window] = field(default_factory=dict)
    """The same through S3 Batch Operations."""
    takes_days: bool = True
    """False: the restore has no end and ``Days`` must not be sent."""
    max_days: int | None = None


@dataclass(frozen=True, slots=True)
class CloudRules:
    """One cloud's tables."""

    scheme: str
    archives: Mapping[str, ArchiveRule]
    """By storage class, and by archive status for the tiered class."""
    tiered_class: str | None = None
    """The class whose listing does not tell whether an object is archived; HEAD does."""
    expiry_at_midnight: bool = True

    def archive_of(self, facts: ObjectFacts) -> ArchiveRule | None:
        """The rule that governs a restore of such an object; None when there is nothing to restore."""
        if facts.storage_class == self.tiered_class:
            return self.archives.get(facts.archive_status or "")
        return self.archives.get(facts.storage_class)

    def needs_look(self, facts: ObjectFacts) -> bool:
        """Only a HEAD can tell whether such an object is archived (FACTS 1.7)."""
        return facts.storage_class == self.tiered_class and not facts.looked and not facts.in_progress

    def state_of(self, facts: ObjectFacts, now: datetime) -> State:
        """What the cloud's own words mean (FACTS 1.3, the table of state derivation)."""
        if self.needs_look(facts):
            return State.UNKNOWN
        if facts.in_progress and (facts.storage_class == self.tiered_class or self.archive_of(facts)):
            return State.RESTORING
        if self.archive_of(facts) is None:
            return State.ONLINE
        if facts.in_progress is False and (facts.expiry is None or facts.expiry > now):
            return State.AVAILABLE
        return State.ARCHIVED

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


def _minutes(shortest: float, longest: float) -> Window:
    return Window(timedelta(minutes=shortest), timedelta(minutes=longest))


def _hours(shortest: float, longest: float) -> Window:
    return Window(timedelta(hours=shortest), timedelta(hours=longest))


# "Within 12 hours" gives no lower end; half of it is what we begin to look for in earnest.
_FLEXIBLE = {Tier.EXPEDITED: _minutes(1, 5), Tier.STANDARD: _hours(3, 5), Tier.BULK: _hours(5, 12)}
_FLEXIBLE_BATCH = {Tier.STANDARD: _hours(3, 5), Tier.BULK: _hours(5, 12)}
_DEEP = {Tier.STANDARD: _hours(6, 12), Tier.BULK: _hours(24, 48)}
_DEEP_BATCH = {Tier.STANDARD: _hours(9, 12), Tier.BULK: _hours(24, 48)}

S3 = CloudRules(
    scheme="s3",
    tiered_class="INTELLIGENT_TIERING",
    archives={
        "GLACIER": ArchiveRule("GLACIER", _FLEXIBLE, _FLEXIBLE_BATCH),
        "DEEP_ARCHIVE": ArchiveRule("DEEP_ARCHIVE", _DEEP, _DEEP_BATCH),
        "ARCHIVE_ACCESS": ArchiveRule("ARCHIVE_ACCESS", _FLEXIBLE, _FLEXIBLE_BATCH, takes_days=False),
        "DEEP_ARCHIVE_ACCESS": ArchiveRule("DEEP_ARCHIVE_ACCESS", _DEEP, _DEEP_BATCH, takes_days=False),
    },
)

RULES: Mapping[str, CloudRules] = {"s3": S3}

EXPEDITED_TYPICAL_BYTES = 250_000_000
"""Expedited times hold for objects below this size (FACTS 1.4)."""


class Purpose(StrEnum):
    """Why a request is made, which decides what is worth sending for an object that already restores."""

    RESTORE = "restore"
    EXTEND = "extend"
    UPGRADE = "upgrade"


class Action(StrEnum):
    """What a restore request would do to an object, known before it is sent (DESIGN 4)."""

    START = "start"
    UPGRADE = "upgrade"
    EXTEND = "extend"
    ALREADY = "already restoring"
    NOTHING = "nothing to do"
    REFUSED = "refused"
    LOOK = "look first"

    @property
    def sends(self) -> bool:
        """A request goes out for it."""
        return self in (Action.START, Action.UPGRADE, Action.EXTEND)

    @property
    def retrieves(self) -> bool:
        """Retrieval is charged for it; an extension costs its request only (FACTS 1.5)."""
        return self in (Action.START, Action.UPGRADE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The action, the rule behind it in one sentence, and how long it takes."""

    action: Action
    reason: str
    archive: str | None = None
    window: Window | None = None


def check_days(days: int) -> int:
    """``days`` itself; ``UsageError`` below one, which no cloud takes (FACTS 1.1)."""
    if days < 1:
        raise UsageError(f"a restored copy must last at least 1 day, not {days}", "choose --days 1 or more")
    return days


def judge(
    rules: CloudRules, facts: ObjectFacts, request: RestoreRequest, now: datetime, purpose: Purpose = Purpose.RESTORE
) -> Verdict:
    """What ``request`` would do to an object with these ``facts``."""
    if rules.needs_look(facts):
        return Verdict(Action.LOOK, "only a HEAD tells whether an Intelligent-Tiering object is archived")
    rule = rules.archive_of(facts)
    state = rules.state_of(facts, now)
    if rule is None:
        if state is State.RESTORING:
            return Verdict(Action.ALREADY, "a restore is in progress")
        return Verdict(Action.NOTHING, f"{facts.storage_class} can be read as it is")
    window = rule.windows.get(request.tier)
    if state is State.RESTORING:
        return _judge_restoring(rule, facts, request, window, purpose)
    if window is None:
        return Verdict(Action.REFUSED, f"{rule.archive} does not offer the {request.tier} tier", rule.archive)
    if rule.takes_days and rule.max_days is not None and request.days > rule.max_days:
        return Verdict(Action.REFUSED, f"{rule.archive} keeps a copy for at most {rule.max_days} days", rule.archive)
    if state is State.AVAILABLE:
        return _judge_available(rules, rule, facts, request, now, purpose)
    if purpose is not Purpose.RESTORE:
        return Verdict(Action.NOTHING, f"nothing to {purpose}: no restore is under way", rule.archive)
    return Verdict(Action.START, f"archived in {rule.archive}", rule.archive, window)


def _judge_restoring(
    rule: ArchiveRule, facts: ObjectFacts, request: RestoreRequest, window: Window | None, purpose: Purpose
) -> Verdict:
    def no(action: Action, reason: str) -> Verdict:
        return Verdict(action, reason, rule.archive)

    if purpose is Purpose.EXTEND:
        return no(Action.REFUSED, "its days cannot change while it is restoring")
    if window is None:
        return no(Action.REFUSED, f"{rule.archive} does not offer the {request.tier} tier")
    if facts.tier is None:
        # Asked for elsewhere: no API tells its tier or days, so only an explicit wish to speed it up is worth a try.
        if purpose is Purpose.UPGRADE:
            return Verdict(Action.UPGRADE, "restoring at a tier the cloud does not tell", rule.archive, window)
        return no(Action.ALREADY, "a restore asked for elsewhere is in progress")
    if not request.tier.faster_than(facts.tier):
        return no(Action.ALREADY, f"restoring at {facts.tier}; {request.tier} is not faster")
    if rule.takes_days and facts.days != request.days:
        return no(Action.REFUSED, f"speeding up must keep the {facts.days} days first asked for")
    return Verdict(Action.UPGRADE, f"restoring at {facts.tier}; {request.tier} is faster", rule.archive, window)


def _judge_available(
    rules: CloudRules, rule: ArchiveRule, facts: ObjectFacts, request: RestoreRequest, now: datetime, purpose: Purpose
) -> Verdict:
    if purpose is Purpose.UPGRADE:
        return Verdict(Action.NOTHING, "already available", rule.archive)
    if facts.expiry is None or not rule.takes_days:
        return Verdict(Action.NOTHING, "available without an end", rule.archive)
    new = rules.expiry_of(now, request.days)
    until = facts.expiry.strftime("%Y-%m-%d %H:%M")
    if new > facts.expiry:
        return Verdict(Action.EXTEND, f"available until {until}", rule.archive)
    if purpose is Purpose.EXTEND and new < facts.expiry:
        return Verdict(Action.EXTEND, f"available until {until}; this shortens it", rule.archive)
    return Verdict(Action.NOTHING, f"available until {until}, which is long enough", rule.archive)
