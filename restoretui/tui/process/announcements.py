"""What the app announces by itself: the background's health, the number of open runs, and that a run is done."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from restoretui.core.errors import RestoreTuiError
from restoretui.core.model import State, Tier
from restoretui.tui.process.alerts import Alert, Alerts, together
from restoretui.tui.process.finished_runs import FinishedRuns, verdict
from restoretui.tui.process.window_title import window_title

if TYPE_CHECKING:
    from restoretui.ledger.run_records import Run
    from restoretui.session.session import Session
    from restoretui.tui.widgets.notice import Level, Notice
    from restoretui.tui.widgets.place_bar import PlaceBar
    from restoretui.tui.widgets.tab_bar import TabBar


ENDS_EVERY_S = 60.0
"""At least so long between two looks at when copies end, which reads the objects of runs that changed."""


class Front(Protocol):
    """Where it is said."""

    @property
    def place_bar(self) -> "PlaceBar":
        """The header's second line."""
        ...

    @property
    def tab_bar(self) -> "TabBar":
        """Its first line."""
        ...

    @property
    def notice(self) -> "Notice":
        """The line above the keys."""
        ...

    def say(self, level: "Level", text: str, hint: str = "") -> None:
        """One sentence above the keys."""
        ...


class Announcements:
    """Reads the session when told what changed, and says what is news."""

    def __init__(
        self, front: Front, alerts: Alerts, ring: Callable[[str], object], set_title: Callable[[str], object]
    ) -> None:
        """``ring`` draws attention to a text, also of somebody who looks elsewhere; ``set_title`` is the window's."""
        self._front = front
        self._alerts = alerts
        self._ring = ring
        self._set_title = set_title
        self._finished_runs = FinishedRuns()
        self._ended: list[Run] = []
        self._copies: dict[int, int] = {}
        self._looked_at = float("-inf")

    def told(self, session: "Session", topics: frozenset[str]) -> bool:
        """These changed; tells whether anything was repainted."""
        painted, front = False, self._front
        if "health" in topics:
            painted = front.place_bar.tell(session.health, session.clock.now(), stopped=session.failure is not None)
        if "runs" in topics:
            runs = session.ledger.runs.peek_all()
            under_way = sum(run.is_open for run in runs)
            painted = front.tab_bar.note("restores", f"◑{under_way}" if under_way else "") or painted
            finished = self._finished_runs.finished(runs)
            self._ended += finished
            self.title(session)
            for run in finished:
                self._say_done(run)
            self._alarm(self._alerts.of_runs(runs, finished))
        if topics & {"health", "ledger"}:
            self.say_if_stopped(session)
        return painted

    def title(self, session: "Session") -> None:
        """Have the window's title say how far it is now."""
        self._set_title(window_title(session.ledger.runs.peek_all(), session.clock.now(), ended=self._ended))

    def tick(self, session: "Session", at: float) -> bool:
        """A second passed; tells whether it is time for ``look_at_ends``. ``at`` is the machine's time, in seconds.

        That is when copies came or went, or an end that is known comes near.
        """
        if not self._front.notice.text:
            self.say_if_stopped(session)
        self.title(session)
        self._front.place_bar.silent(session.waiting.silence)
        due = _copies(session) != self._copies or self._alerts.is_due(session.clock.now())
        if not due or at - self._looked_at < ENDS_EVERY_S:
            return False
        self._looked_at = at
        return True

    async def look_at_ends(self, session: "Session") -> None:
        """Read when copies end, which runs themselves do not hold, and tell of those that end soon."""
        self._copies = _copies(session)
        ends: dict[int, int] = {}
        try:
            for group in await session.ledger.runs.tracked(None):
                if group.state is State.AVAILABLE and group.expiry_first is not None:
                    ends[group.run_id] = min(ends.get(group.run_id, group.expiry_first), group.expiry_first)
        except RestoreTuiError as error:
            self._front.say("error", str(error), error.hint)
            return
        self._alarm(self._alerts.of_ends(ends, session.clock.now()))

    def _alarm(self, news: Sequence[Alert]) -> None:
        if news:
            self._ring(together(news))

    def say_if_stopped(self, session: "Session") -> None:
        """The background waits, or will never go on: that stays on screen for as long as it is so."""
        health, notice = session.health, self._front.notice
        if session.failure is not None:
            notice.tell("error", str(session.failure), session.failure.hint, stays=True)
            self._alarm(self._alerts.of_trouble(f"stopped: {session.failure}", session.clock.now()))
        elif health.level == "paused":
            hint = health.hint or "goes on by itself when that works again"
            notice.tell("warning", f"paused: {health.text}", hint, stays=True)
            self._alarm(self._alerts.of_trouble(f"paused: {health.text}", session.clock.now()))
        elif waits := session.waiting.for_ledger:
            notice.tell("warning", waits, "goes on by itself after that", stays=True)
        elif notice.stays:
            self._front.say("done", "going on")

    def _say_done(self, run: "Run") -> None:
        text, well = verdict(run)
        again = "t tries again, at another tier if need be" if run.tier is Tier.EXPEDITED else "t tries again"
        self._front.say("done" if well else "warning", text, "" if well else f"2 shows why, {again}")


def _copies(session: "Session") -> dict[int, int]:
    """How many each run has now."""
    return {run.id: run.counts.get(State.AVAILABLE, 0) for run in session.ledger.runs.peek_all()}
