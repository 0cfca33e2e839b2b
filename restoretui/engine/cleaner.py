"""Ends restored copies before their days are over, where the cloud can (FACTS 4.1), and looks at what came of it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError, ObjectNotFound
from restoretui.core.model import Look, ObjectRef, State
from restoretui.core.provider import Provider
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.rate_limiter import RateLimiter
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.engine.traffic.together import together
from restoretui.engine.watching.observations import facts_of, looked_at
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Observation
from restoretui.ledger.run_records import JobChange

AT_ONCE = 32
JOBS_AT_A_TIME = 1000
ENDED = "ended early, as asked"


class Cleaned(Struct, frozen=True):
    """What became of one copy."""

    ref: ObjectRef
    ended: bool = False
    """False: there was no copy to end."""
    state: State | None = None
    """As a HEAD showed it afterwards; None when it could not be seen."""
    problem: CloudError | None = None
    """Why it could not be ended."""

    @property
    def is_over(self) -> bool:
        """There is no copy any more: ended now, or before we could write that down."""
        return self.ended or self.state is State.ARCHIVED


class Cleaner:
    """One cloud's. Asking twice does no harm: the second time there is nothing to end."""

    def __init__(
        self,
        ledger: Ledger,
        cloud: CloudId,
        provider: Provider,
        clock: Clock,
        read: RetryingReads,
        limiter: RateLimiter,
    ) -> None:
        self._ledger = ledger
        self._cloud = cloud
        self._provider = provider
        self._clock = clock
        self._read = read
        self._limiter = limiter

    async def clean(self, refs: Iterable[ObjectRef], told: Callable[[Cleaned], None]) -> None:
        """End the copies of ``refs``; ``told`` hears of each as it is done. Raises where no answer comes at all."""
        room = asyncio.Semaphore(AT_ONCE)
        looks: dict[str, list[Observation]] = {}
        over: set[ObjectRef] = set()

        async def one(ref: ObjectRef) -> None:
            async with room:
                done, seen = await self._one(ref)
            if seen is not None:
                looks.setdefault(ref.bucket, []).append(seen)
            if done.is_over:
                over.add(ref)
            told(done)

        try:
            async with together() as tasks:
                for ref in refs:
                    tasks.create_task(one(ref))
        finally:
            await asyncio.shield(self._note(looks, over))

    async def _one(self, ref: ObjectRef) -> tuple[Cleaned, Observation | None]:
        async def end() -> bool:
            await self._limiter.turn()
            return await self._provider.clean_restored_object(ref)

        try:
            ended = await self._read(end)
        except NO_ANSWER:
            raise
        except CloudError as error:
            return Cleaned(ref, problem=error), None
        try:
            detail = await self._read(lambda: self._provider.head_object(ref))
        except ObjectNotFound as error:
            return Cleaned(ref, ended, problem=error), None
        except CloudError:
            return Cleaned(ref, ended), None
        now = self._clock.now()
        seen = looked_at(detail, ref.version_id, now.timestamp())
        return Cleaned(ref, ended, self._cloud.rules.state_of(facts_of(seen), now)), seen

    async def _note(self, looks: Mapping[str, list[Observation]], over: set[ObjectRef]) -> None:
        """What was seen goes to the catalog, whatever came of it; our own jobs on the ended copies are over."""
        for bucket, seen in looks.items():
            await self._ledger.catalog.observe(self._cloud, bucket, seen)
        for bucket, versions in {(ref.bucket, ref.version_id is not None) for ref in over}:
            await self._expire(bucket, versions, over)

    async def _expire(self, bucket: str, versions: bool, ended: set[ObjectRef]) -> None:
        after: tuple[str, str] | None = None
        available = frozenset({State.AVAILABLE})
        while ended:
            jobs = await self._ledger.runs.open_jobs(self._cloud, bucket, versions, available, after, JOBS_AT_A_TIME)
            if not jobs:
                return
            now = self._clock.now().timestamp()
            await self._ledger.runs.apply(
                [
                    JobChange(job.id, State.EXPIRED, now, reason=ENDED, look=Look.HEAD)
                    for job in jobs
                    if job.ref in ended
                ]
            )
            after = jobs[-1].ref.key, jobs[-1].ref.version_id or ""
