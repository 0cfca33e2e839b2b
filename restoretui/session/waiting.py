"""What a session waits for, and why, in words for whoever waits along; and when its patience with a cloud is over.

Commands print it on stderr: ``engine.traffic.speaker`` decides when a line is due.
"""

from collections.abc import Callable, Iterable, Iterator

from restoretui.core.errors import AccountRefused, CloudError
from restoretui.core.provider import Connection
from restoretui.engine.engine import Engine
from restoretui.engine.traffic.circuit_breaker import COMMON, CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.engine.traffic.speaker import SILENCE_AFTER, TROUBLE_AFTER, Wait, Works
from restoretui.engine.traffic.watchdog import Watchdog
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import Run
from restoretui.session.clouds import Clouds

SLOW_AFTER = 3.0
"""Machine seconds after which a command says that it is made slower, and a screen that no answer comes."""


class WaitReasons:
    """Part of a session, as ``session.waiting``."""

    def __init__(self, ledger: Ledger, clouds: Clouds, board: HealthBoard, engine: Engine, works: Works) -> None:
        self._ledger = ledger
        self._clouds = clouds
        self._board = board
        self._engine = engine
        self._works = works
        self.time_left: Callable[[], float | None] = lambda: None
        """Seconds until the command itself ends, whatever it waits for then."""
        self.beside: list[WaitReasons] = []
        """Of sessions for other clouds, in the same command."""
        self.is_pressed = False
        """Nothing of the runs that are followed was sent yet, so that patience with their clouds ends, too."""

    def waits(self) -> Iterator[Wait]:
        """All that is waited for now, and why."""
        yield from self.of_clouds()
        for source, told in self._board.troubles.items():
            if not isinstance(source, CircuitBreaker | Watchdog | RetryingReads):  # whose connection was told of
                yield Wait(source, f"{told.level}: {told.text}{f' ({told.hint})' if told.hint else ''}",
                           after=TROUBLE_AFTER if told.level == "paused" else SLOW_AFTER)  # fmt: skip
        if locked_out := self._ledger.locked_out_for:
            yield Wait("ledger", "waiting for the ledger: another process writes to it", age=locked_out)
        if self._engine.only is not None:
            for run_id, why in self._engine.left_alone.items():
                yield Wait(("left alone", run_id), f"run {run_id}: {why}")
        yield from self._works.waits()
        for other in self.beside:
            yield from other.of_clouds()

    def of_clouds(self) -> Iterator[Wait]:
        """What is waited for of the clouds, and why."""
        for watchdog in self._clouds.watchdogs:
            if watchdog.silent_for:
                yield _wait_for(watchdog, self._gives_up_in(watchdog))

    @property
    def silence(self) -> tuple[str, float] | None:
        """What is awaited for longest (an answer from whom, credentials), and machine seconds since when.

        None where nothing is slow.
        """
        late = max(self._clouds.watchdogs, key=lambda watchdog: watchdog.silent_for, default=None)
        if late is None or late.silent_for < SLOW_AFTER:
            return None
        is_keys = late.doing is not None and late.doing.for_credentials
        return "credentials" if is_keys else f"answer from {late.name}", late.silent_for

    def _gives_up_in(self, watchdog: Watchdog) -> float | None:
        ends = [watchdog.patience_left if self.is_pressed else watchdog.left, self.time_left()]
        return min((end for end in ends if end is not None), default=None)

    def why_not_sent(self, runs: Iterable[Run]) -> CloudError | None:
        """Why nothing of these runs could be sent yet, once patience with that is over."""
        for run in runs:
            for breaker, _ in self._breakers_of(run):
                if breaker.watchdog.is_over:
                    return breaker.watchdog.verdict()
        return None

    async def why_shut_out(self, runs: Iterable[Run]) -> AccountRefused | None:
        """The refusal of a whole account that runs under way have met, and that nobody here can mend.

        None as long as anything is awaited by another account of the same run.
        """
        for run in runs:
            problems = {buckets: one.problem for one, buckets in self._breakers_of(run)}
            refused = [problem for problem in problems.values() if isinstance(problem, AccountRefused)]
            others = [buckets for buckets, one in problems.items() if not isinstance(one, AccountRefused)]
            if not run.is_open or not refused:
                continue
            if not any(
                [await self._ledger.runs.is_open_in(self._ledger.runs.spans(run.id, buckets)) for buckets in others]
            ):
                return refused[0]
        return None

    def _breakers_of(self, run: Run) -> list[tuple[CircuitBreaker, frozenset[str]]]:
        """Of each account that the run is reached as, with its buckets."""
        accounts = Connection.from_mapping(run.connection).accounts(run.buckets)
        return [(self._clouds.by(one).breaker, buckets) for one, buckets in accounts.items()]


def _wait_for(watchdog: Watchdog, ends_in: float | None) -> Wait:
    """What a connection is waited for, and why."""
    problem, doing, answers = watchdog.problem, watchdog.doing, watchdog.answers
    if problem is not None:
        reason = f"waiting for {watchdog.name}: {problem}{f' ({problem.hint})' if problem.hint else ''}"
    elif doing is not None and doing.for_credentials:
        reason = f"waiting for {doing.text}"
    else:
        reason = f"waiting for {watchdog.name} to answer{f' {doing.text}' if doing is not None else ''}"
    return Wait(
        watchdog,
        reason,
        "; it goes on by itself, for as long as it takes" if ends_in is None else f"; gives up in {ends_in:.0f} s",
        age=watchdog.silent_for,
        after=TROUBLE_AFTER if isinstance(problem, COMMON) else SILENCE_AFTER,
        goes_on=lambda: f"{watchdog.name} answers again: going on" if watchdog.answers > answers else "",
    )
