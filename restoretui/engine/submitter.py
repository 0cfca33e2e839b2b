"""Turns the intents of one run, or of one account's part of it, into requests, once each.

A job is *claimed* (written down as being attempted) before its request leaves. A crash between the two, or between
the answer and its record, leaves a claimed job without an outcome: such a job is ``unknown`` and is looked at before
anything is sent for it again (``engine.watching.watcher``).
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from restoretui.core.errors import (
    CloudError,
    ConnectionLost,
    MalformedAnswer,
    ServerFault,
    Throttled,
    Unreachable,
)
from restoretui.core.model import RestoreRequest, State, Tier
from restoretui.core.provider import Answer
from restoretui.engine.capacity import CapacityGate
from restoretui.engine.outcomes import settle
from restoretui.engine.refusals import is_ambiguous, judged
from restoretui.engine.run_context import RunContext
from restoretui.engine.traffic.backoff import persist_after
from restoretui.engine.traffic.circuit_breaker import COMMON
from restoretui.engine.traffic.together import together
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger.activity import Kind
from restoretui.ledger.run_records import JobChange, RestoreJob

log = logging.getLogger(__name__)
notices = logging.getLogger("restoretui.notices")

CLAIM = 500
"""Jobs claimed at a time: what a crash can leave to be looked at."""
FLUSH_EVERY = 0.25
"""Machine seconds between records of outcomes: a screen that follows needs no more, and each is a commit."""
NO_EFFECT = (Throttled, *COMMON)
"""What was answered so, or not sent at all, may be sent again."""
LONGEST_BACKOFF = 20.0
MOST_FAULTS = 5
"""Server faults on one object, each looked into and found without effect, before its job fails."""


class Submitter:
    """Sends for one run until nothing is planned any more."""

    def __init__(self, context: RunContext) -> None:
        self._run = context.run
        self._ledger = context.ledger
        self._provider = context.provider
        self._reads = context.reads()
        self._clock = context.clock
        self._limiter = context.limiter
        self._breaker = context.breaker
        self._health = context.health
        self._concurrency = context.concurrency
        self._is_ours = context.is_ours
        self._capacity = context.capacity
        self._pools: dict[str, CapacityGate] = {}
        """By bucket, the gate of Expedited capacity that its requests go through."""
        self._fail_fast = context.fail_fast
        self._buckets = context.buckets
        self._has_failed = False
        self._is_given_up = False
        self._queue: deque[RestoreJob] = deque()
        """Claimed, and taken by no worker yet."""
        self._is_fed = False
        """Nothing more comes into the queue."""
        self._filled, self._drained = asyncio.Event(), asyncio.Event()
        self._flushing = asyncio.Lock()
        self._outcomes: list[JobChange] = []
        self._released: list[int] = []
        self._claimed: set[int] = set()
        """Jobs of which nothing was recorded since they were claimed."""
        self._faults: defaultdict[int, int] = defaultdict(int)
        self.on_sent: Callable[[], None] = lambda: None
        """Called after outcomes were recorded."""

    async def submit(self) -> None:
        """Send every planned job; returns when all have an outcome or are unknown, or the run was given up."""
        self._is_given_up = self._ledger.runs.is_given_up(self._run.id)
        # The limit is the account's: a command that follows another one begins where that has left off.
        self._limiter.others_sent(self._ledger.runs.sent_since(self._clock.now().timestamp() - 1.0))
        self._is_fed = False
        with self._capacity.sending():
            await self._submit()

    async def _submit(self) -> None:
        try:
            async with together() as tasks:
                tasks.create_task(self._feed())
                workers = [tasks.create_task(self._work()) for _ in range(self._concurrency)]
                tasks.create_task(self._record(workers))
        finally:
            # What never left can be sent later; what was being sent stays claimed, and so becomes unknown.
            self._released += [job.id for job in self._queue]
            self._queue.clear()
            self._health.well(self._limiter)
            try:
                await asyncio.shield(self._flush())
                if self._is_given_up or self._ledger.runs.is_given_up(self._run.id):
                    await asyncio.shield(self._ledger.runs.set_cancelled(self._run.id))
                await asyncio.shield(self._hold(list(self._gates())))
            finally:
                if self._outcomes:
                    self._tell_of_loss(len(self._outcomes))
                self._ledger.runs.disown(self._claimed)
                self._claimed.clear()

    def _tell_of_loss(self, answers: int) -> None:
        told = f"{answers:,} answers" if answers > 1 else "1 answer"
        notices.warning(
            "run %s: %s of the cloud could not be written down: before anything is sent again it is looked for",
            self._run.id,
            told,
        )

    async def _feed(self) -> None:
        while not self._must_stop and (jobs := await self._claim()):
            self._claimed.update(job.id for job in jobs)
            self._queue.extend(jobs)
            self._filled.set()
            while len(self._queue) > CLAIM // 2:
                self._drained.clear()
                await self._drained.wait()
        self._is_fed = True
        self._filled.set()

    async def _claim(self) -> Sequence[RestoreJob]:
        buckets, shut = self._buckets, self._shut
        if shut:
            buckets = frozenset(self._run.buckets if buckets is None else buckets) - shut
            if not buckets:
                return ()
        return await self._ledger.runs.claim(self._run.id, CLAIM, buckets)

    @property
    def _shut(self) -> frozenset[str]:
        """Buckets for which nothing more is asked at Expedited before somebody has decided."""
        return frozenset(bucket for bucket, gate in self._pools.items() if gate.is_closed)

    def _gates(self) -> Iterator[CapacityGate]:
        return iter({id(gate): gate for gate in self._pools.values()}.values())

    async def _hold(self, gates: Sequence[CapacityGate]) -> None:
        """What waits for capacity may be planned anew in another run, once all that was answered is written down."""
        for gate in gates:
            if gate.is_closed:
                buckets = frozenset(bucket for bucket, of in self._pools.items() if of is gate)
                await self._ledger.runs.hold(self._run.id, buckets)
                gate.settle()

    @property
    def _must_stop(self) -> bool:
        return self._is_given_up or (self._fail_fast and self._has_failed)

    async def _work(self) -> None:
        while True:
            while not self._queue:
                if self._is_fed:
                    return
                self._filled.clear()
                await self._filled.wait()
            job = self._queue.popleft()
            if len(self._queue) == CLAIM // 2:
                self._drained.set()
            if self._must_stop:
                self._released.append(job.id)
                continue
            change = await (self._send_if_capable(job) if job.tier is Tier.EXPEDITED else self._send(job))
            if change is not None:
                self._has_failed = self._has_failed or change.state is State.FAILED
                self._outcomes.append(change)  # looked up only now: the list is another after every flush

    async def _send_if_capable(self, job: RestoreJob) -> JobChange | None:
        """Not once the cloud has said often enough that it has no capacity: then the job stays planned."""
        try:
            gate = await self._pool(job.ref.bucket)
            may_go = await gate.enter()
        except asyncio.CancelledError:
            self._released.append(job.id)
            raise
        if not may_go:
            self._released.append(job.id)
            return None
        change = None
        try:
            change = await self._send(job)
        finally:
            gate.leave(change.outcome if change is not None else None)
        return change

    async def _pool(self, bucket: str) -> CapacityGate:
        """That of the bucket's Region, which has to be known anyway before anything can be asked there."""
        if bucket not in self._pools:
            try:
                region = await self._provider.bucket_region(bucket)
            except CloudError:
                region = ""  # What is wrong there, the request itself meets, and waits for where that helps.
            several = self._buckets is not None or len(self._run.buckets) > 1
            told = self._breaker.watchdog.account
            told = f"in {region or bucket}{f' as {told}' if told else ''}" if several else ""
            self._pools[bucket] = self._capacity.of(self._buckets, region, told)
        return self._pools[bucket]

    async def _send(self, job: RestoreJob) -> JobChange | None:
        """What became of it; None where it was not sent after all, and was given back."""
        request = RestoreRequest(job.days or 1, job.tier or Tier.STANDARD, self._run.literal)
        try:
            answer = await self._persist(job, request)
        except (ServerFault, ConnectionLost, MalformedAnswer) as error:
            return self._unsure(job, error)
        except CloudError as error:
            # boundary of one object: whatever else the cloud says of it fails this job, never the run.
            return self._change(job, State.FAILED, str(error), error)
        return None if answer is None else await self._settled(job, answer)

    async def _persist(self, job: RestoreJob, request: RestoreRequest) -> Answer | None:
        """The answer, however often it takes to get one."""
        try:
            return await self._attempt(job, request)
        except NO_EFFECT as error:
            first = error
        attempt, rest = partial(self._attempt, job, request), partial(self._rest, job)
        return await persist_after(first, attempt, over=NO_EFFECT, longest=LONGEST_BACKOFF, rest=rest)

    async def _settled(self, job: RestoreJob, answer: Answer) -> JobChange:
        state, reason = settle(answer, job.action)
        if is_ambiguous(answer):
            rules = self._run.cloud.rules
            answer, state, reason = await judged(answer, job, rules, self._provider, self._reads, self._clock)
        return JobChange(
            job.id,
            state,
            self._clock.now().timestamp(),
            reason=reason,
            outcome=answer.outcome.value,
            code=answer.code,
            message=answer.message,
            request_id=answer.request_id,
            charged=answer.charged,
            output_path=answer.output_path,
        )

    async def _attempt(self, job: RestoreJob, request: RestoreRequest) -> Answer | None:
        is_out = False
        try:
            async with self._breaker.passing(self._health) as passage:
                await self._turn(job)
                if self._must_stop:
                    self._released.append(job.id)
                    return None
                is_out = True
                with self._breaker.watchdog.waiting():
                    return await self._ask(job, request)
        except asyncio.CancelledError:
            if not is_out:  # it surely had no effect
                self._released.append(job.id)
            raise
        except COMMON as error:
            if passage.has_tripped:
                kind: Kind = "network" if isinstance(error, Unreachable) else "credentials"
                said = self._breaker.watchdog.told(str(error))
                await self._ledger.activity.add(kind, f"paused: {said}", run_id=self._run.id, code=error.code)
            raise

    async def _turn(self, job: RestoreJob) -> None:
        """Until one more request may leave."""
        await self._limiter.turn(job.storage_class)
        while not self._is_ours():
            await self._clock.pause(FLUSH_EVERY)

    async def _ask(self, job: RestoreJob, request: RestoreRequest) -> Answer:
        try:
            answer = await self._provider.restore_object(job.ref, request, job.storage_class)
        except Throttled:
            self._limiter.slow_down()
            self._health.refused()
            self._health.paced(self._limiter.rate)
            said = self._breaker.watchdog.told("the cloud says SlowDown")
            self._health.trouble(self._limiter, "slow", said)
            raise
        except COMMON:
            raise
        except CloudError:
            self._paced()
            raise
        self._paced()
        return answer

    def _paced(self) -> None:
        self._health.paced(self._limiter.rate)
        if not self._limiter.is_slowed:
            self._health.well(self._limiter)

    async def _rest(self, job: RestoreJob, seconds: float) -> None:
        """Between two tries, of which the last surely had no effect."""
        try:
            with self._breaker.watchdog.waiting():
                log.debug("run %s: sent again in %.1f s", self._run.id, seconds)
                await self._clock.pause(seconds)
        except asyncio.CancelledError:
            self._released.append(job.id)
            raise

    def _unsure(self, job: RestoreJob, error: CloudError) -> JobChange:
        self._faults[job.id] += 1
        if self._faults[job.id] > MOST_FAULTS:
            return self._change(job, State.FAILED, f"given up after {self._faults[job.id]} tries: {error}", error)
        return self._change(job, State.UNKNOWN, f"no sure answer ({error}): looking before sending again", error)

    def _change(self, job: RestoreJob, state: State, reason: str, error: CloudError) -> JobChange:
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
            # Behind the last answer nothing else is to come: somebody waits for the record of it.
            await first_of(self._clock.pause(FLUSH_EVERY), asyncio.wait(workers))
            self._is_given_up = self._is_given_up or self._ledger.runs.is_given_up(self._run.id)
            ended = [gate for gate in self._gates() if gate.is_done and not gate.waits]
            await self._flush()
            await self._hold(ended)

    async def _flush(self) -> None:
        async with self._flushing:
            outcomes, self._outcomes = self._outcomes, []
            released, self._released = self._released, []
            try:
                if outcomes:
                    await self._ledger.runs.apply(outcomes)
                    self._claimed.difference_update(change.job_id for change in outcomes)
                    outcomes = []
                    self.on_sent()
                # Whoever took the run over while we were held up has settled our claims by looking.
                if released and self._is_ours():
                    await self._ledger.runs.release(released)
                    self._claimed.difference_update(released)
            except BaseException:
                # What could not be written (a full disk, say) is tried again at the end. Applying twice does nothing.
                self._outcomes = outcomes + self._outcomes
                self._released = released + self._released
                raise
