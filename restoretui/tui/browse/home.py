"""What stands above the buckets when the screens were started without a location: what there is to come back to.

Runs under way and those of the last two days, copies that end soon, marks that ended sessions left, sets with a name,
bookmarks, places gone to before and those of the config. Nothing is asked of a cloud for it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from restoretui.config.places import LOCATION, Places, read
from restoretui.core.location import Location, parse_location
from restoretui.core.model import DEFAULT_SCHEME, State
from restoretui.tui.words import MARK, STATES
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.ledger.places import Visited
    from restoretui.ledger.run_records import Run
    from restoretui.ledger.selections.mark_sets import MarkSet
    from restoretui.session.session import Session

SINCE = timedelta(hours=48)
"""Runs begun since that long ago are told of."""
MOST_RUNS, MOST_SETS, MOST_PLACES, MOST_NAMED = 4, 3, 4, 8


class HomeRow(NamedTuple):
    """One thing to come back to; as a row of the list of buckets it stands in."""

    id: int
    """Below 0, since buckets count from 0."""
    name: str
    region: str
    """What it is, in a word or two."""
    created: int | None = None
    scheme: str = DEFAULT_SCHEME
    style: str = ""
    run_id: int | None = None
    place: Location | None = None
    named: str = ""
    """As it is typed, where that says more than the place: ``archive:`` of the config, ``s3+PROFILE://…``."""
    profile: str = ""
    """As whom it was reached."""
    left: "MarkSet | None" = None
    """Marks of a session that has ended; or a set, which has a name."""
    archived: str = ""


class Home:
    """Learns once where somebody was before; the runs are read whenever they are shown."""

    def __init__(self) -> None:
        self._places: Sequence[Visited] = ()
        self.ends: Mapping[int, int] = {}
        """By run, when its first copy ends; seconds since the epoch."""
        self._left: Sequence[MarkSet] = ()
        self._soon_s = 86_400.0
        """Copies that end within it are worth saying."""

    def begin(self, session: "Session") -> None:
        """Where somebody was until now."""
        self._places = session.ledger.places.visited()
        self._soon_s = session.settings.expiring_hours * 3600

    async def learn(self, session: "Session") -> None:
        """When copies end, which runs themselves do not hold, and what marks there are that are nobody's."""
        self._left = await session.ledger.mark_sets.left()
        ends: dict[int, int] = {}
        for group in await session.ledger.runs.tracked(None):
            if group.expiry_first is not None:
                ends[group.run_id] = min(ends.get(group.run_id, group.expiry_first), group.expiry_first)
        self.ends = ends

    def rows(self, session: "Session") -> list[HomeRow]:
        """As they are now."""
        now = session.clock.now()
        runs = sorted(session.ledger.runs.peek_all(), key=lambda run: (not run.is_open, -run.id))
        shown = [run for run in runs if self._is_worth_it(run, now)][:MOST_RUNS]
        rows = [self._run(run, now) for run in shown]
        kept = [one for one in self._places if one.is_bookmarked]
        recent = [one for one in self._places if not one.is_bookmarked][:MOST_PLACES]
        marks = [_marks(left, now) for left in self._left[:MOST_SETS]]
        newest = sorted(session.ledger.mark_sets.saved(), key=lambda one: one.at, reverse=True)[:MOST_SETS]
        sets = [_set(one) for one in newest]
        places = [_named(name, session.settings.places) for name in session.settings.places][:MOST_NAMED]
        places += [_place(one, session.settings.profile_of) for one in (*kept, *recent)]
        return [row._replace(id=-1 - at) for at, row in enumerate([*rows, *marks, *sets, *places])]

    def _is_worth_it(self, run: "Run", now: datetime) -> bool:
        return run.is_open or now - run.created_at < SINCE or self._ends_in(run, now) is not None

    def _ends_in(self, run: "Run", now: datetime) -> float | None:
        """Seconds until its first copy ends, where that is soon."""
        end = self.ends.get(run.id)
        if end is None or fmt.is_untold(end) or not run.counts.get(State.AVAILABLE):
            return None
        left = end - now.timestamp()
        return left if 0 < left < self._soon_s else None

    def _run(self, run: "Run", now: datetime) -> HomeRow:
        sent = run.objects - run.counts.get(State.SKIPPED, 0)
        ready, failed = run.counts.get(State.AVAILABLE, 0), run.counts.get(State.FAILED, 0)
        left = self._ends_in(run, now)
        parts = [f"run {run.id}"]  # What is cut where there is little room stands last.
        if run.is_open:
            parts += _eta(run, now)
        elif left is not None:
            parts.append(f"first ends in {fmt.duration(left)}")
        if failed:
            parts.append(f"{failed:,} failed")
        parts.append(f"{fmt.compact(ready)}/{fmt.compact(sent)} readable")
        state = State.RESTORING if run.is_open else State.FAILED if failed else State.AVAILABLE
        word = "under way" if run.is_open else "ends soon" if left is not None else "run"
        style = "warn" if left is not None else STATES[state][1]
        title = f"{STATES[state][0]} {' · '.join(parts)}"
        return HomeRow(0, title, word, int(run.created_at.timestamp()), run.cloud.scheme, style, run.id)


def _eta(run: "Run", now: datetime) -> list[str]:
    if run.window is None or run.first_requested_at is None:
        return []
    latest = (run.last_requested_at or run.first_requested_at) + timedelta(seconds=run.window[1])
    late = (now - latest).total_seconds()
    return [f"overdue by {fmt.duration(late)}" if late > 0 else f"within {fmt.duration(late)}"]


def _marks(left: "MarkSet", now: datetime) -> HomeRow:
    age = fmt.ago((now - left.at).total_seconds())
    title = f"{MARK} {fmt.plural(left.objects, 'mark')} left {age} · {fmt.size(left.size_bytes)}"
    return HomeRow(0, title, "marks", int(left.at.timestamp()), style="mark", left=left)


def _set(one: "MarkSet") -> HomeRow:
    title = f"{MARK} @{one.name} · {fmt.plural(one.objects, 'object')} · {fmt.size(one.size_bytes)}"
    return HomeRow(0, title, "set", int(one.at.timestamp()), style="mark", left=one)


def _named(name: str, places: Places) -> HomeRow:
    place = parse_location(read(f"{name}:", places)[0])
    title = f"⌂ {name}: {places[name][LOCATION]}"
    return HomeRow(0, title, "place", None, place.scheme, style="prefix", place=place, named=f"{name}:")


def _place(one: "Visited", whose: Callable[[str, str], str]) -> HomeRow:
    word, mark = ("bookmark", "★") if one.is_bookmarked else ("recent", "↺")
    named = one.as_said if one.profile not in ("", whose(one.place.scheme, one.place.bucket)) else ""
    return HomeRow(
        0, f"{mark} {named or one.place}", word, int(one.at.timestamp()), one.place.scheme, style="prefix",
        place=one.place, named=named, profile=one.profile,
    )  # fmt: skip
