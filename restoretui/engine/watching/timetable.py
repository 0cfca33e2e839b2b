"""When each part of a run is looked at next: the schedule of its groups, and what was looked at so far."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.model import State
from restoretui.core.rules.rules import RestoreWindow
from restoretui.engine.run_context import RunContext
from restoretui.engine.watching.interpret import SENT_WITHIN
from restoretui.engine.watching.schedule import Expectation, next_expiry_look, next_look, next_look_if_told
from restoretui.ledger.run_records import TrackedGroup
from restoretui.ledger.runs.watch_queries import TrackedPart

WAITING = frozenset({State.REQUESTED, State.RESTORING})
SAMPLE = 1000
"""Jobs of a part, its first, that are looked at while nothing of it is expected: where they lie dense, one page.

Always the same ones, so that how long a restore took is known of them also where all arrive before their time."""


class Unit(NamedTuple):
    """What one round looks at: a run's objects of one bucket, and in which states."""

    bucket: str
    versions: bool
    state: State
    """``RESTORING`` stands for both waiting states."""


class DueLook(Struct, frozen=True):
    """A unit's next look and why then."""

    unit: Unit
    at: datetime
    reason: str
    is_early: bool = False
    """Nothing of so many objects is expected yet: a look at some of them tells whether that is so."""


def unit_of(part: TrackedGroup | TrackedPart) -> Unit:
    """The unit that a group or part is looked at with."""
    return Unit(part.bucket, part.versions, State.RESTORING if part.state in WAITING else part.state)


class Timetable:
    """Of one run."""

    def __init__(self, context: RunContext, *, by_job: bool) -> None:
        """``by_job``: the restores are asked for by S3 Batch Operations, whose windows are others."""
        self._run = context.run
        self._rules = context.run.cloud.rules
        self._ledger = context.ledger
        self._clock = context.clock
        self._is_told = context.is_told
        self._by_job = by_job
        self._looked: dict[Unit, datetime] = {}
        """By any look, at all of it or at its sample."""
        self._whole: dict[Unit, datetime] = {}

    def look_begins(self, unit: Unit, *, whole: bool) -> datetime | None:
        """A look at the unit begins now, at all of it or at its sample; when that was looked at before."""
        before = (self._whole if whole else self._looked).get(unit)
        self._looked[unit] = self._clock.now()
        if whole:
            self._whole[unit] = self._looked[unit]
        return before

    def looked_at_all(self, units: Iterable[Unit]) -> datetime | None:
        """How old what is known of the units is: as old as the oldest look at all of one; None without one."""
        looks = [self._whole.get(unit) for unit in units]
        known = [look for look in looks if look is not None]
        return min(known) if known and len(known) == len(looks) else None

    def due(self, groups: Collection[TrackedGroup], *, is_sending: bool = False) -> list[DueLook]:
        """When each unit's next look is; the earliest of its groups decides.

        While requests still go out there is always one that has just been accepted: to look early at each of them
        would be to look all the time. One early look shows whether this store restores at once; unless it does, the
        next is when the first copy can be there.
        """
        now = self._clock.now()
        at_once = any(group.state is State.AVAILABLE and group.requested_first is not None for group in groups)
        jobs: dict[Unit, int] = {}
        nearest: dict[Unit, DueLook] = {}
        for group in groups:
            entry = self._due(group, now, may_wait=is_sending and not at_once)
            known = nearest.get(entry.unit, entry)
            first = min(known, entry, key=lambda look: look.at)
            nearest[entry.unit] = replace(first, is_early=known.is_early and entry.is_early)
            jobs[entry.unit] = jobs.get(entry.unit, 0) + group.jobs
        return [replace(look, is_early=look.is_early and jobs[unit] > SAMPLE) for unit, look in nearest.items()]

    def _due(self, group: TrackedGroup, now: datetime, *, may_wait: bool) -> DueLook:
        unit = unit_of(group)
        last = self._looked.get(unit)
        if last is not None and last > now:
            last = now  # The clock was set back meanwhile.
        if group.state is State.UNKNOWN:
            return DueLook(
                unit,
                now if last is None else last + timedelta(seconds=SENT_WITHIN),
                "settling requests without an answer",
            )
        if group.state is State.AVAILABLE:
            return DueLook(unit, self._next_at_copies(group, unit, now), "whether the copies are still there")
        window = self._window(group)
        # By a clock that was ahead of ours, it may have been asked for in our future.
        moments = (group.requested_first, group.requested_last)
        asked = [min(_instant(moment) or self._run.created_at, now) for moment in moments]
        if self._is_told(unit.bucket):
            at = min(next_look_if_told(Expectation(moment, window), last, now) for moment in asked)
            return DueLook(unit, at, "events are awaited")
        opens = Expectation(asked[0], window).opens
        if may_wait:
            at = next_look(Expectation(asked[0], window), last, now)
            at = at if last is None else max(at, opens)
        else:
            at = min(next_look(Expectation(moment, window), last, now) for moment in asked)
        is_early = max(at, now) < opens
        return DueLook(unit, at, "no copy is due yet" if now < opens else "copies are due", is_early)

    def _next_at_copies(self, group: TrackedGroup, unit: Unit, now: datetime) -> datetime:
        """A look that showed a restore arrive was one at its copy, too; so was that of an earlier process."""
        same = [at for seen, at in self._whole.items() if seen[:2] == unit[:2]]
        if not same:
            same = [self._ledger.runs.looked_at(self._run.id) or self._run.created_at]
        return next_expiry_look(_instant(group.expiry_first), min(now, max(same)), now)

    def _window(self, group: TrackedGroup) -> RestoreWindow | None:
        rule = self._rules.archive_named(group.archive or group.storage_class)
        if rule and self._by_job and group.tier and group.tier in rule.batch_windows:
            return rule.batch_windows[group.tier]
        return rule.window(group.tier) if rule else None


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
