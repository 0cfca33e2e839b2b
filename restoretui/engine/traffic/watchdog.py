"""A watchdog timer over one connection: since when it owes a usable answer, why, and when patience is over."""

import asyncio
import logging
from contextlib import suppress
from types import TracebackType

from restoretui.core.clock import Clock
from restoretui.core.doing import NOW, Doing
from restoretui.core.errors import CloudError, ConnectionLost, CredentialsError
from restoretui.engine.traffic.waits import Cut, first_of

log = logging.getLogger(__name__)

SLOWEST_ANSWER = 5.0
"""Machine seconds that an answer may take though patience is shorter: what is merely slow is no failure."""
SAME_WAIT = 1.0
"""Machine seconds between two requests of which the second still belongs to the trouble that the first met."""
LONGER = "--patience waits longer"


class Watchdog:
    """Every usable answer winds it up again: one that a request could be told by, be it a refusal.

    What waits *bounded* ends when ``patience`` (machine seconds; None: all there is) went by without one; everything
    else goes on for as long as it takes, and is only told of.
    """

    def __init__(self, clock: Clock, patience: float | None = None, name: str = "the cloud") -> None:
        self.patience = patience
        self.account = ""
        """As whom, where the same is asked as others, too."""
        self._name = name
        self.problem: CloudError | None = None
        """What came instead of the last usable answer."""
        self.answers = 0
        """Usable ones so far."""
        self._clock = clock
        self._since = 0.0
        self._left_at = 0.0
        self._waiting: dict[Doing, Cut | None] = {}
        self._bounded = 0
        self._timer: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()

    # --- what is told

    @property
    def name(self) -> str:
        """Of what is asked, for people, and as whom."""
        return f"{self._name} as {self.account}" if self.account else self._name

    def told(self, problem: str) -> str:
        """What is said of a problem: of whose account it is, where there are several."""
        return f"as {self.account}: {problem}" if self.account else problem

    @property
    def silent_for(self) -> float:
        """Machine seconds for which something has waited without a usable answer; 0 when nothing waits."""
        return self._clock.monotonic() - self._since if self._waiting else 0.0

    @property
    def is_waiting(self) -> bool:
        """Something waits now."""
        return bool(self._waiting)

    @property
    def doing(self) -> Doing | None:
        """What is waited for, of several the one that others depend on."""
        found = next((doing for doing in self._waiting if doing.for_credentials), None)
        return found or next((doing for doing in self._waiting if doing.text), None)

    @property
    def left(self) -> float | None:
        """Seconds until what waits is given up; None when nothing will be."""
        return self.patience_left if self._bounded else None

    @property
    def patience_left(self) -> float | None:
        """Seconds until whoever has sent nothing yet gives up, bounded or not."""
        return None if self.patience is None else max(0.0, self._limit - self.silent_for)

    @property
    def is_over(self) -> bool:
        """Patience has gone by, for those who have not sent anything yet."""
        return self.patience is not None and bool(self._waiting) and self.silent_for >= self._limit

    def verdict(self) -> CloudError:
        """Why it was given up, as an error of the kind that stood in the way."""
        after = f"given up after {self._limit:g} s"
        problem, doing = self.problem, self.doing
        if problem is None:
            if doing is not None and doing.for_credentials:
                return CredentialsError(
                    f"{doing.text} did not come: {after}", f"check what the profile gets them from; {LONGER}"
                )
            what = f" to {doing.text}" if doing is not None else ""
            return ConnectionLost(
                f"{self.name} gave no answer{what}: {after}", f"check the network and the endpoint; {LONGER}"
            )
        return type(problem).of(
            problem,
            f"{problem} ({after})",
            f"{problem.hint}; {LONGER}" if problem.hint else LONGER,
        )

    # --- what requests say

    def waiting(self, *, bounded: bool = False) -> "Waiting":
        """Something is waited for within this block. ``bounded`` cuts it short with ``verdict`` in the end."""
        return Waiting(self, Cut() if bounded and self.patience is not None else None)

    def enter(self, doing: Doing, cut: Cut | None) -> None:
        """``doing`` is waited for from now on, and cut short by ``cut`` if there is one."""
        if not self._waiting:
            now = self._clock.monotonic()
            if self.problem is None or now - self._left_at > SAME_WAIT:
                self._since = now
                self.problem = None
        self._waiting[doing] = cut
        if cut is not None:
            self._bounded += 1
            if self._timer is None or self._timer.done():
                self._timer = asyncio.create_task(self._run(), name="watchdog")

    def leave(self, doing: Doing) -> None:
        """It is not waited for any more."""
        if self._waiting.pop(doing) is not None:
            self._bounded -= 1
        if not self._waiting:
            self._left_at = self._clock.monotonic()

    def answered(self) -> None:
        """A usable answer came."""
        self.answers += 1
        self._since = self._clock.monotonic()
        self.problem = None

    def failed(self, problem: CloudError) -> None:
        """Something else came, or nothing."""
        log.info("%s: %s %s", self.name, problem, problem.code)
        self.problem = problem
        self._stirred.set()

    async def aclose(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            with suppress(asyncio.CancelledError):
                await self._timer

    @property
    def _limit(self) -> float:
        patience = self.patience or 0.0
        return patience if self.problem is not None else max(patience, SLOWEST_ANSWER)

    async def _run(self) -> None:
        """Goes on until it finds nobody waiting: to start it for each request would cost more."""
        while self._bounded:
            left = self._limit - self.silent_for
            if left <= 0:
                error = self.verdict()
                log.warning("%s", error)
                for cut in list(self._waiting.values()):
                    if cut is not None:
                        cut.now(error)
                break
            self._stirred.clear()
            await first_of(self._clock.pause(left), self._stirred.wait())
        self._timer = None


class Waiting:
    """The block of ``Watchdog.waiting``. Entered for each request: a generator would cost more than all else here."""

    __slots__ = ("_cut", "_dog", "_doing", "_token")

    def __init__(self, dog: Watchdog, cut: Cut | None) -> None:
        self._dog = dog
        self._cut = cut

    def __enter__(self) -> None:
        if self._cut is not None:
            self._cut.__enter__()
        self._doing = Doing()
        self._token = NOW.set(self._doing)
        self._dog.enter(self._doing, self._cut)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._dog.leave(self._doing)
        NOW.reset(self._token)
        if self._cut is not None:
            self._cut.__exit__(kind, error, at)
