"""What a session waits for, and why, in words for whoever waits along; and when its patience with a cloud is over.

Commands print it on stderr: ``engine.traffic.speaker`` decides when a line is due.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager

from restoretui.config.settings import Settings
from restoretui.core.errors import AccountRefused, CloudError
from restoretui.core.provider import Connection
from restoretui.engine.engine import Engine
from restoretui.engine.traffic.circuit_breaker import COMMON, CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.engine.traffic.speaker import SILENCE_AFTER, TROUBLE_AFTER, Speaker, Wait, Works
from restoretui.engine.traffic.watchdog import Watchdog
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import Run
from restoretui.session.clouds import Clouds

OPENING = "opening the ledger: another process may have it to itself"
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
        yield from of_ledger(self._ledger, self.time_left())
        if self._engine.only is not None:
            for run_id, why in self._engine.left_alone.items():
                yield Wait(("left alone", run_id), f"run {run_id}: {why}")
        yield from self._works.waits()
        for other in self.beside:
            yield from other.of_clouds()

    @property
    def for_ledger(self) -> str:
        """That another process writes to the ledger, and which, once that takes long; mostly nothing."""
        lock = self._ledger.lock
        return f"waiting for the ledger: {lock.locked_out_by}" if lock.is_long else ""

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


@asynccontextmanager
async def telling(settings: Settings, waits: Callable[[], Iterable[Wait]]) -> AsyncIterator[None]:
    """Say what is waited for within the block, where the settings have a voice."""
    if settings.voice is None:
        yield
        return
    speaking = asyncio.create_task(Speaker(settings.clock, settings.voice, waits).run(), name="speaker")
    try:
        yield
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


@asynccontextmanager
async def bare_ledger(settings: Settings) -> AsyncIterator[Ledger]:
    """The ledger without a session, for what asks no cloud; says what it waits for as a session does."""
    works = Works()
    waits: Callable[[], Iterable[Wait]] = works.waits
    async with telling(settings, lambda: waits()):
        with works.telling(lambda: OPENING):
            opened = await Ledger.open(settings.state_dir, settings.clock)
        waits = lambda: of_ledger(opened)  # noqa: E731 - another one from here on
        async with opened as ledger:
            yield ledger


def of_ledger(ledger: Ledger, ends_in: float | None = None) -> Iterator[Wait]:
    """The wait for another process that writes, if there is one.

    ``ends_in``: seconds until the command itself ends, whatever it waits for then.
    """
    lock = ledger.lock
    if not (locked_out := lock.locked_out_for):
        return
    if lock.gives_up_in is not None:
        reason = f"ending; a moment longer for the ledger: {lock.locked_out_by}"
        yield Wait("ledger, at last", reason, f"; gives up in {lock.gives_up_in:.0f} s", age=locked_out)
        return
    yield Wait(
        "ledger",
        f"waiting for the ledger: {lock.locked_out_by}",
        "; it goes on by itself" if ends_in is None else f"; gives up in {ends_in:.0f} s",
        age=locked_out,
        goes_on=lambda: "" if lock.locked_out_for else "the ledger is free again: going on",
    )


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
