"""Runs the then-steps of one pursued run, object by object as they can be read, each step so many at once.

A task is claimed before anything of it begins, and its end is written down after it; what a killed process has left
in between is begun again, and each kind of step looks first what the last attempt has done.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from restoretui.core.errors import CloudError, LedgerError, RestoreTuiError
from restoretui.core.model import State
from restoretui.core.provider import HandlesContents
from restoretui.core.then.steps import ThenKind
from restoretui.engine.run_context import RunContext
from restoretui.engine.then.work import GivenUp, ThenWork, TryLater, explained, of_system
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.store.change_feed import RUNS, run_topic
from restoretui.ledger.then_records import StepCount, TaskEnd, TaskState, ThenTask

if TYPE_CHECKING:
    from restoretui.engine.then.copier import Copier

log = logging.getLogger(__name__)

# Of each account's part of a run: what waits for the keys of one takes no place of another.
AT_ONCE = {
    ThenKind.COPY: 16,
    ThenKind.DOWNLOAD: 4,
    ThenKind.EXEC: 4,
    ThenKind.DISCARD: 8,
    ThenKind.PRESIGN: 1,
    ThenKind.WEBHOOK: 1,
    ThenKind.NOTIFY: 1,
}
MOST_TRIES = 6
"""Of one task, before it fails."""
UNHELD_S = 0.5
"""Machine seconds after which it is looked again whether the run is ours."""
GATHER_S = 0.05
"""Machine seconds for which ends are gathered: each write is a commit."""


class Deed(Protocol):
    """What one step does with one object."""

    async def do(self, task: ThenTask) -> str:
        """Do it; what was done, in words. ``GivenUp`` where it cannot be, ``TryLater`` where it may be."""
        ...

    async def abandon(self, task: ThenTask) -> None:
        """Nothing will come of this task any more."""
        ...


class _Begun(NamedTuple):
    """A task that is being done: of which step, and with whose keys."""

    step_id: int
    buckets: frozenset[str] | None
    task_id: int


class ThenRunner:
    """The then-steps of one run. Cancelling ``pursue`` at any point loses nothing."""

    def __init__(self, context: RunContext, jobs_made: Callable[[], None] = lambda: None) -> None:
        """``jobs_made`` is told of jobs that are to be created."""
        self._jobs_made = jobs_made
        self._without_jobs: set[int] = set()
        """Steps of which no job can do anything."""
        self._run_id = context.run.id
        self._context = context
        self._deeds: dict[int, Deed] = {}
        self._doing: dict[asyncio.Task[TaskEnd], _Begun] = {}
        self._ended: list[TaskEnd] = []
        self._kept: dict[int, int] = {}
        """By task: the jobs of objects that are copied in place."""
        self._idle = asyncio.Event()
        self._was_unheld = False
        """Something was not begun for want of the lease, which may have been renewed since."""

    async def pursue(self) -> None:
        """Do whatever can be done, for as long as nobody cancels it."""
        ledger, clock = self._context.ledger, self._context.clock
        await ledger.then.recover(self._run_id)
        topics = {RUNS, run_topic(self._run_id)}
        try:
            with ledger.changes.subscribe() as changed:
                while True:
                    await self._flush()
                    rests = await self._start()
                    if self._doing:
                        self._idle.clear()
                    waits = [] if rests is None else [clock.sleep(rests)]
                    if self._was_unheld or not self._context.is_ours():
                        waits.append(clock.pause(UNHELD_S))  # Nothing tells of a lease that is renewed.
                    await first_of(_any_of(changed, topics), *waits, beside=self._doing)
                    if any(task.done() for task in self._doing):
                        await clock.pause(GATHER_S)
        finally:
            begun = [begun.task_id for begun in self._doing.values()]
            for task in self._doing:
                task.cancel()
            await asyncio.gather(*self._doing, return_exceptions=True)
            self._take_ended()
            try:
                await asyncio.shield(self._record(self._ended))
            finally:
                ledger.then.disown(begun)

    async def idle(self) -> None:
        """Until nothing is left to do of what can be read."""
        await self._idle.wait()

    async def _start(self) -> float | None:
        """Begin what can be begun; seconds of cloud time until something that rests can be tried again."""
        ledger = self._context.ledger
        self._was_unheld = False
        steps = ledger.then.of_run(self._run_id)
        for count in steps:
            await self._begin(count)
            if count.tasks.get(TaskState.CANCELLED):
                await self._abandon(count)
        steps = ledger.then.of_run(self._run_id)
        if self._doing:
            return await self._rests()
        waits = any(
            count.tasks.get(TaskState.READY, 0) + (0 if count.step.is_of_run else count.open) for count in steps
        )
        if waits:
            return await self._rests()
        run = await ledger.runs.get(self._run_id)
        if not run.is_open:
            if await ledger.then.begin_of_run(self._run_id):
                return 0.0
            self._idle.set()
        return None

    async def _rests(self) -> float | None:
        due = await self._context.ledger.then.next_due(self._run_id)
        return None if due is None else max(0.0, due - self._context.clock.now().timestamp())

    async def _begin(self, count: StepCount) -> None:
        free = [
            (part, left)
            for part in ((self._context,) if count.step.is_of_run else self._context.parts or (self._context,))
            if (left := AT_ONCE[count.step.kind] - self._busy(count.id, part)) > 0
        ]
        if not free or not count.tasks.get(TaskState.READY):
            return
        if not self._context.is_ours():
            self._was_unheld = True
            return
        if count.step.job and not await self._is_job_over(count):
            return
        for part, left in free:
            await self._begin_some(count, part, left)

    def _busy(self, step_id: int, part: RunContext) -> int:
        """How many tasks of a step are being done with the keys of one account."""
        return sum(begun.step_id == step_id and begun.buckets == part.buckets for begun in self._doing.values())

    async def _begin_some(self, count: StepCount, part: RunContext, most: int) -> None:
        ledger = self._context.ledger
        spans = None if part.buckets is None else ledger.runs.spans(self._run_id, part.buckets)
        for task in await ledger.then.claim(count.id, most, spans):
            doing = asyncio.create_task(self._done(count, task), name=f"then {count.step.kind} {task.id}")
            self._doing[doing] = _Begun(count.id, part.buckets, task.id)
            if count.step.in_place:
                self._kept[task.id] = task.job_id

    async def _is_job_over(self, count: StepCount) -> bool:
        """Jobs have copied what they can of a step, once all of it can be read: what they have not, is left to us.

        Each object is looked at afterwards, as after a copy of ours, and so found done or copied.
        """
        batches = self._context.ledger.batches
        jobs, tried = batches.copying(self._run_id, count.id), 0
        if not all(job.is_settled for job in jobs):
            return False
        if count.id in self._without_jobs or any(job.copies and not job.copies.only for job in jobs):
            return True
        if (await self._context.ledger.runs.get(self._run_id)).is_open:
            return False
        if jobs and jobs[0].copies is not None:
            tried = jobs[0].copies.only
            if not await cast("Copier", await self._deed(count)).was_made(jobs[0]):
                self._without_jobs.add(count.id)
                return True
        is_first = count.step.is_tried_first and not jobs
        if await batches.assign_copies(self._run_id, count.id, tried=None if is_first else tried):
            self._jobs_made()
            return False
        self._without_jobs.add(count.id)
        return True

    async def _abandon(self, count: StepCount) -> None:
        """What was begun of tasks that were given up since is removed."""
        for task in await self._context.ledger.then.abandoned(count.id):
            try:
                await (await self._deed(count)).abandon(task)
            except (RestoreTuiError, OSError) as problem:
                log.info("run %s: what task %s had begun is not removed: %s", self._run_id, task.id, problem)
                continue
            await self._context.ledger.then.memorise(task.id, {})

    async def _done(self, count: StepCount, task: ThenTask) -> TaskEnd:
        now = self._context.clock.now
        try:
            deed = await self._deed(count)
            reason = await deed.do(task)
        except TryLater as later:
            if task.tries >= MOST_TRIES:
                return await self._failed(
                    count, task, GivenUp(f"given up after {task.tries} tries: {later}", later.code)
                )
            at = now().timestamp()
            return TaskEnd(task.id, TaskState.READY, at, str(later), later.code, due_at=at + later.seconds)
        except GivenUp as error:
            return await self._failed(count, task, error)
        except NO_ANSWER as error:
            at = now().timestamp()
            return TaskEnd(task.id, TaskState.READY, at, str(error), error.code, due_at=at + 30.0)
        except CloudError as error:
            # boundary of one object: whatever else the cloud says of it fails this step, never the run.
            return await self._failed(count, task, explained(error))
        except LedgerError:
            raise
        except RestoreTuiError as error:
            return await self._failed(count, task, GivenUp(f"{error}{f' ({error.hint})' if error.hint else ''}"))
        except OSError as error:
            return await self._failed(count, task, of_system(error))
        return TaskEnd(task.id, TaskState.DONE, now().timestamp(), reason, output=_said(deed, task))

    async def _failed(self, count: StepCount, task: ThenTask, error: GivenUp) -> TaskEnd:
        deed = self._deeds.get(count.id)
        if deed is not None:
            try:
                await deed.abandon(task)
            except (RestoreTuiError, OSError) as problem:
                log.info("run %s: what task %s had begun could not be removed: %s", self._run_id, task.id, problem)
        output = _said(deed, task)
        now = self._context.clock.now().timestamp()
        return TaskEnd(task.id, TaskState.FAILED, now, str(error), error.code, error.request_id, output=output)

    async def _deed(self, count: StepCount) -> Deed:
        if count.id not in self._deeds:
            provider = self._context.provider
            steps = self._context.ledger.then.of_run(self._run_id)
            work = ThenWork(
                self._context,
                cast("HandlesContents", provider).contents() if provider.capabilities.contents else None,
                copies_in_place=any(one.step.in_place for one in steps),
                discards=any(one.step.kind is ThenKind.DISCARD for one in steps),
            )
            self._deeds.setdefault(count.id, deed_of(work, count, steps))
        return self._deeds[count.id]

    async def _flush(self) -> None:
        self._take_ended()
        ended, self._ended = self._ended, []
        try:
            await self._record(ended)
        except BaseException:
            self._ended = ended + self._ended  # tried again at the end: recording twice does nothing
            raise

    async def _record(self, ended: Sequence[TaskEnd]) -> None:
        """The jobs first: a task that is done is not done again, so nothing would tell later that one was kept."""
        await self._note_kept(ended)
        await self._context.ledger.then.finish(ended)

    async def _note_kept(self, ended: Sequence[TaskEnd]) -> None:
        """What was copied in place can be read for good: the end of its restored copy is no end of it."""
        kept = [
            JobChange(self._kept[end.task_id], State.AVAILABLE, end.at, reason=end.reason, endless=True)
            for end in ended
            if end.state is TaskState.DONE and end.task_id in self._kept
        ]
        await self._context.ledger.runs.apply(kept)
        for end in ended:
            self._kept.pop(end.task_id, None)

    def _take_ended(self) -> None:
        for task in [task for task in self._doing if task.done()]:
            del self._doing[task]
            if not task.cancelled():
                self._ended.append(task.result())


def _said(deed: Deed | None, task: ThenTask) -> str:
    """The last a command said; nothing of what is none."""
    said: dict[int, str] = getattr(deed, "said", dict)()
    return said.pop(task.id, "")


async def _any_of(changed: AsyncIterator[frozenset[str]], topics: set[str]) -> None:
    async for told in changed:
        if told & topics:
            return


def deed_of(work: ThenWork, count: StepCount, steps: Sequence[StepCount]) -> Deed:
    """What does such a step, one of ``steps``; loaded only where one is done."""
    step = count.step
    match step.kind:
        case ThenKind.COPY:
            from restoretui.engine.then.copier import Copier

            return Copier(work, step)
        case ThenKind.DOWNLOAD:
            from restoretui.engine.then.downloader import Downloader

            return Downloader(work, count.id, step)
        case ThenKind.DISCARD:
            from restoretui.engine.then.discarder import Discarder

            return Discarder(work, next(one for one in steps if one.step.kind is ThenKind.COPY))
        case ThenKind.EXEC:
            from restoretui.engine.then.commands import Commands

            return Commands(work, step)
        case ThenKind.PRESIGN:
            from restoretui.engine.then.links import Links

            return Links(work, step)
    from restoretui.engine.then.webhooks import Notices, Webhooks

    return Notices(work, step) if step.kind is ThenKind.NOTIFY else Webhooks(work, step)
