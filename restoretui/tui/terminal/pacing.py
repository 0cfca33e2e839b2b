"""Frame pacing with backpressure: changed data is repainted seldom, together, and no faster than the terminal draws.

Keys, scrolling and dialogs paint at once. Whatever changes by itself asks the pacer, which runs all callers together,
at most ten times a second. After such a frame it sends the terminal a question (DSR, ``ESC [ 6 n``) that every
terminal answers in order, after drawing what came before: until then no further data frame goes out, so that on a
slow line changes coalesce here instead of queueing up in front of the answer to a key (self-clocking).
What a frame took to draw also tells how much the next may hold, and a screen that changes all over is painted less
often, so that it never takes more than ``BYTES_PER_S``.
"""

import asyncio
from collections.abc import Callable
from functools import partial

Paint = Callable[[], bool]
"""Repaints what changed; tells whether anything had."""

INTERVAL_S = 0.1
LONGEST_INTERVAL_S = 2.0
"""A line gets at most half of its time filled with data frames, so that keys find it free; but never less often."""
BYTES_PER_S = 7_000.0
"""What data frames may take of the line, however much changes: a screen full of it is painted about each second."""
FRAME_S = 0.1
"""A frame should be drawn in this time, so that a key pressed behind it does not wait for long."""
SMALLEST_FRAME = 1_000.0
"""Bytes; a few rows."""
TELLING = 400
"""Bytes from which on a frame says something of the line's speed."""
PATIENCE_S = 10.0
"""Longest wait for an answer from a terminal that answered before."""
FIRST_PATIENCE_S = 3.0
"""Longest wait for the first answer."""
DRAWN_S = 2.0
"""Longest wait until a frame of which the terminal does not say that it has drawn it is taken for drawn."""
TRIALS = 2
"""Unanswered questions after which a terminal is taken to be unable to answer, until it does."""


class Pacer:
    """Coalesces paint callbacks into frames, self-clocked by the terminal's answers. Lives in the event loop."""

    def __init__(
        self,
        call: Callable[[Callable[[], None]], object],
        probe: Callable[[], bool],
        written: Callable[[], int] = lambda: 0,
    ) -> None:
        """``call`` runs something in the app's own turn, after the keys that wait already.

        ``probe`` asks the terminal once the frame being made has been written; False: there is none to ask.
        ``written`` is how many bytes have been written to the terminal so far.
        """
        self._written = written
        self._written_before = 0
        self._frame_room = float("inf")
        self.room = float("inf")
        """Bytes this frame may still hold; whoever paints much takes his part off."""
        self._call = call
        self._probe = probe
        self._due: dict[Paint, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._painted_at = float("-inf")
        self._asked_at: float | None = None
        self._unanswered = 0
        self._answers = 0
        self._drawn: list[tuple[int, Callable[[], object]]] = []
        self._questions = 0
        self.round_trip = 0.0
        """Seconds the terminal last took to draw a frame and answer."""

    def request(self, paint: Paint) -> None:
        """Have ``paint`` called once, soon. Cheap enough to be called for every single change."""
        if paint not in self._due:
            self._due[paint] = None
            self._schedule()

    def forget(self, paint: Paint) -> None:
        """The widget behind ``paint`` is gone."""
        self._due.pop(paint, None)

    def ask(self) -> None:
        """Ask the terminal now, to learn early whether it answers."""
        if self._asked_at is None and self._unanswered < TRIALS:
            self._asked_at = self._time()
            self._questions += 1
            if not self._probe():
                self._asked_at = None

    @property
    def is_answered(self) -> bool:
        """The terminal tells when it has drawn something."""
        return self._answers > 0 and self._unanswered < TRIALS

    def when_drawn(self, then: Callable[[], object]) -> None:
        """Call ``then`` once the terminal has drawn what it was sent; at once where it never told such a thing."""
        if not self.is_answered:
            then()
            return
        # A question that is under way was asked before the frame this is about.
        waits = (self._questions + 1, then)
        self._drawn.append(waits)
        asyncio.get_running_loop().call_later(DRAWN_S, self._call, partial(self._tell_drawn, waits))
        self.ask()

    def _tell_drawn(self, waits: tuple[int, Callable[[], object]]) -> None:
        if waits in self._drawn:
            self._drawn.remove(waits)
            waits[1]()

    def answered(self) -> None:
        """The terminal has drawn everything that was sent before the question."""
        self._answers += 1
        self._unanswered = 0
        if self._asked_at is None:
            return
        self.round_trip = self._time() - self._asked_at
        frame = self._frame
        if frame >= TELLING and self.round_trip > 0:
            self._frame_room = max(SMALLEST_FRAME, frame / self.round_trip * FRAME_S)
        self._asked_at = None
        for waits in [waits for waits in self._drawn if waits[0] <= self._questions]:
            self._tell_drawn(waits)
        if self._drawn:
            self.ask()
        if self._due:
            self._schedule()

    def stop(self) -> None:
        """The app is closing."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        rest = max(2 * self.round_trip, self._frame / BYTES_PER_S)
        due = self._painted_at + max(INTERVAL_S, min(rest, LONGEST_INTERVAL_S))
        if self._asked_at is not None:
            due = max(due, self._patient_until(self._asked_at))
        self._timer = asyncio.get_running_loop().call_at(max(due, self._time()), self._call, self._turn)

    @property
    def _frame(self) -> int:
        """Bytes written since the last frame began, it included."""
        return self._written() - self._written_before

    def _time(self) -> float:
        return asyncio.get_running_loop().time()

    def _patient_until(self, asked_at: float) -> float:
        return asked_at + (PATIENCE_S if self._answers else FIRST_PATIENCE_S)

    def _turn(self) -> None:
        if not self._due:
            return
        self._timer = None
        now = self._time()
        if self._asked_at is not None:
            if now < self._patient_until(self._asked_at):
                self._schedule()
                return
            self._asked_at = None
            self._unanswered += 1
        due, self._due = list(self._due), {}
        self._painted_at = now
        self._written_before = self._written()
        self.room = self._frame_room
        painted = False
        for paint in due:
            painted = paint() or painted
        if painted:
            self.ask()
