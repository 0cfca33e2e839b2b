"""Turns the intents of one run into requests, once each.

A job is *claimed* (written down as being attempted) before its request leaves. A crash between the two, or between
the answer and its record, leaves a claimed job without an outcome: such a job is ``unknown`` and is looked at before
anything is sent for it again (``engine.unsure``).
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from restoretui.core.clock import Clock
from restoretui.core.errors import (
    CloudError,
    ConnectionLost,
    CredentialsError,
    MalformedAnswer,
    ServerFault,
    Throttled,
    Unreachable,
)
from restoretui.core.model import RestoreRequest, State, Tier
from restoretui.core.provider import Provider
from restoretui.engine.gate import Gate
from restoretui.engine.health import HealthBoard
from restoretui.engine.outcomes import settle
from restoretui.engine.pace import Pace
from restoretui.ledger import Ledger
from restoretui.ledger.activity import Kind
from restoretui.ledger.records import Job, JobChange, Run

CLAIM = 500
"""Jobs claimed at a time: what a crash can leave to be looked at."""
FLUSH_EVERY = 0.1
"""Machine seconds between records of outcomes."""
LONGEST_BACKOFF = 20.0
MOST_FAULTS = 5
"""Server faults on one object, each looked into and found without effect, before its job fails."""


class Submitter:
    """Sends for one run until nothing is planned any more."""

    def __init__(
        self, run: Run, ledger: Ledger, provider: Provider, clock: Clock, pace: Pace, gate: Gate, health: HealthBoard,
        concurrency: int,
    ) -> None:  # fmt: skip
        self._run = run
        self._ledger = ledger
        self._provider = provider
        self._clock = clock
        self._pace = pace
        self._gate = gate
        self._health = health
        self._concurrency = concurrency
        self._queue: asyncio.Queue[Job | None] = asyncio.Queue(CLAIM // 2)
        self._flushing = asyncio.Lock()
        self._outcomes: list[JobChange] = []
        self._released: list[int] = []
        self._faults: defaultdict[int, int] = defaultdict(int)
        self.on_sent: Callable[[], None] = lambda: None
        """Called after outcomes were recorded."""

    async def submit(self) -> None:
        """Send every planned job; returns when all have an outcome or are unknown."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed())
                workers = [tasks.create_task(self._work()) for _ in range(self._concurrency)]
                tasks.create_task(self._record(workers))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            # What never left can be sent later; what was being sent stays claimed, and so becomes unknown.
            while not self._queue.empty():
                job = self._queue.get_nowait()
                if job is not None:
                    self._released.append(job.id)
            await asyncio.shield(self._flush())

    async def _feed(self) -> None:
        while jobs := await self._ledger.runs.claim(self._run.id, CLAIM):
            for job in jobs:
                await self._queue.put(job)
        for _ in range(self._concurrency):
            await self._queue.put(None)

    async def _work(self) -> None:
        while (job := await self._queue.get()) is not None:
            change = await self._send(job)
            if change is not None:
                self._outcomes.append(change)

    async def _send(self, job: Job) -> JobChange | None:
        request = RestoreRequest(job.days or 1, job.tier or Tier.STANDARD)
        backoff = AsyncRetrying(
            retry=retry_if_exception_type((Throttled, Unreachable, CredentialsError)),
            wait=wait_random_exponential(multiplier=0.25, max=LONGEST_BACKOFF),
            sleep=self._clock.pause,
            reraise=True,
        )
        try:
            async for attempt in backoff:
                with attempt:
                    return await self._attempt(job, request)
        except (ServerFault, ConnectionLost, MalformedAnswer) as error:
            return self._unsure(job, error)
        except CloudError as error:
            # boundary of one object: whatever else the cloud says of it fails this job, never the run.
            return self._change(job, State.FAILED, str(error), error)
        return None

    async def _attempt(self, job: Job, request: RestoreRequest) -> JobChange:
        await self._gate.enter()
        try:
            await self._pace.turn()
            answer = await self._provider.restore_object(job.ref, request, job.storage_class)
        except Throttled:
            self._answered()
            self._pace.slow_down()
            self._health.set(
                level="slow", text="the cloud says SlowDown", rate=self._pace.rate, throttled=self._pace.throttled
            )
            raise
        except (CredentialsError, Unreachable) as error:
            if self._gate.shut(error):
                kind: Kind = "credentials" if isinstance(error, CredentialsError) else "network"
                await self._ledger.activity.add(kind, f"paused: {error}", run_id=self._run.id, code=error.code)
            self._health.set(level="paused", text=str(error), hint=error.hint)
            raise
        except asyncio.CancelledError:
            self._gate.left()
            raise
        except CloudError:
            self._answered()
            raise
        self._answered()
        state, reason = settle(answer)
        return JobChange(
            job.id,
            state,
            self._clock.now().timestamp(),
            reason=reason,
            outcome=answer.outcome.value,
            code=answer.code,
            message=answer.message,
            request_id=answer.request_id,
        )

    def _answered(self) -> None:
        if self._gate.opened():
            self._health.set(level="busy", text="", hint="")
        if not self._pace.is_slowed and self._health.now.level == "slow":
            self._health.set(level="busy", text="", rate=self._pace.rate)

    def _unsure(self, job: Job, error: CloudError) -> JobChange:
        self._faults[job.id] += 1
        if self._faults[job.id] > MOST_FAULTS:
            return self._change(job, State.FAILED, f"given up after {MOST_FAULTS} tries: {error}", error)
        return self._change(job, State.UNKNOWN, f"no sure answer ({error}): looking before sending again", error)

    def _change(self, job: Job, state: State, reason: str, error: CloudError) -> JobChange:
        return JobChange(
            job.id,
            state,
            self._clock.now().timestamp(),
            reason=reason,
            code=error.code,
            message=str(error),
            request_id=error.request_id,
        )

    async def _record(self, workers: list[asyncio.Task[None]]) -> None:
        while not all(worker.done() for worker in workers):
            await self._clock.pause(FLUSH_EVERY)
            await self._flush()

    async def _flush(self) -> None:
        async with self._flushing:
            outcomes, self._outcomes = self._outcomes, []
            released, self._released = self._released, []
            if outcomes:
                await self._ledger.runs.apply(outcomes)
                self.on_sent()
            if released:
                await self._ledger.runs.release(released)
