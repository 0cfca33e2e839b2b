"""What the app announces by itself: the background's health, the number of open runs, and that a run is done."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from restoretui.core.model import Tier
from restoretui.tui.process.finished_runs import FinishedRuns, verdict

if TYPE_CHECKING:
    from restoretui.ledger.run_records import Run
    from restoretui.session.session import Session
    from restoretui.tui.widgets.notice import Level, Notice
    from restoretui.tui.widgets.place_bar import PlaceBar
    from restoretui.tui.widgets.tab_bar import TabBar


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

    def __init__(self, front: Front, ring: Callable[[str], object], set_title: Callable[[str], object]) -> None:
        """``ring`` draws attention to a text, also of somebody who looks elsewhere; ``set_title`` is the window's."""
        self._front = front
        self._ring = ring
        self._set_title = set_title
        self._finished_runs = FinishedRuns()

    def told(self, session: "Session", topics: frozenset[str]) -> bool:
        """These changed; tells whether anything was repainted."""
        painted, front = False, self._front
        if "health" in topics:
            painted = front.place_bar.tell(session.health, stopped=session.failure is not None)
        if "runs" in topics:
            runs = session.ledger.runs.peek_all()
            under_way = sum(run.is_open for run in runs)
            painted = front.tab_bar.note("restores", f"◑{under_way}" if under_way else "") or painted
            self._set_title(f"restoretui · {under_way} restoring" if under_way else "restoretui")
            for run in self._finished_runs.finished(runs):
                self._say_done(run)
        if topics & {"health", "ledger"}:
            self.say_if_stopped(session)
        return painted

    def say_if_stopped(self, session: "Session") -> None:
        """The background waits, or will never go on: that stays on screen for as long as it is so."""
        health, notice = session.health, self._front.notice
        if session.failure is not None:
            notice.tell("error", str(session.failure), session.failure.hint, stays=True)
        elif health.level == "paused":
            hint = health.hint or "goes on by itself when that works again"
            notice.tell("warning", f"paused: {health.text}", hint, stays=True)
        elif notice.stays:
            self._front.say("done", "going on")

    def _say_done(self, run: "Run") -> None:
        text, well = verdict(run)
        again = "t tries again, at another tier if need be" if run.tier is Tier.EXPEDITED else "t tries again"
        self._front.say("done" if well else "warning", text, "" if well else f"2 shows why, {again}")
        self._ring(f"restoretui: {text}")
