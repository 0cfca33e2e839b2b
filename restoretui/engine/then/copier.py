"""Keeps objects for good: copies them into a class that needs no restore, in place or elsewhere (FACTS 1.11).

A copy may have been made by an attempt of which nobody heard, so each attempt looks first, and what is there already
is not made again. It is done when the cloud has named the copy's ETag, and a look has shown it as it shall be.
"""

from datetime import UTC, datetime, timedelta

from restoretui.core.batch.jobs import MOST_COPIED
from restoretui.core.errors import CloudError, ConnectionLost, MalformedAnswer, ServerFault
from restoretui.core.model import ObjectDetail, ObjectRef
from restoretui.core.then.contents import CopyTarget, Written
from restoretui.core.then.parts import LARGEST_COPY, MIB
from restoretui.core.then.steps import ThenStep
from restoretui.engine.submitter import NO_EFFECT
from restoretui.engine.then.multipart import PartsCopier
from restoretui.engine.then.work import GivenUp, ThenWork, TryLater, explained, found
from restoretui.ledger.batches.records import BatchJob
from restoretui.ledger.then_records import ThenTask

UNSURE = (ServerFault, ConnectionLost, MalformedAnswer)
"""After these nobody knows whether the copy was, or will be, made."""
SETTLES_S = 10.0
SLOWEST = 20 * MIB
"""Bytes a second at which a cloud copies at least: for so long an answerless copy may still appear."""
SKEW = timedelta(minutes=2)
"""By which the cloud's clock may differ from ours."""


class Copier:
    """Of one step."""

    def __init__(self, work: ThenWork, step: ThenStep) -> None:
        self._work = work
        self._step = step
        self._parts = PartsCopier(work)
        self._regions: dict[str, str] = {}

    async def do(self, task: ThenTask) -> str:
        """Copy one object; what was done, in words. ``GivenUp`` and ``TryLater`` as they say."""
        seen = await self._work.source(task)
        bucket, key = self._step.key_of(seen.ref.bucket, seen.ref.key)
        there = ObjectRef(bucket, key)
        in_place = there == (seen.ref.bucket, seen.ref.key, None)
        current = seen if in_place and seen.ref.version_id is None else await found(self._work, there)
        if current is not None and self._is_done(task, seen, current, in_place=in_place):
            if not in_place:
                await self._remember(task, seen)
            return f"is in {self._step.storage_class} {'already' if not task.is_again else 'now'}"
        if in_place and (current is None or current.version_id != seen.version_id):
            raise GivenUp(
                "this version is not the current one: a copy in place would lie above what is newer "
                "(--then copy:LOCATION puts it elsewhere)"
            )
        if current is not None and not in_place:
            raise GivenUp(f"another object is at {there.bucket}/{there.key}: it is not overwritten", "TargetExists")
        self._work.check_readable(seen)
        target = CopyTarget(
            bucket, key, self._step.storage_class, only_new=not in_place,
            only_over=seen.etag if in_place else "", same_region=await self._same_region(seen.ref.bucket, bucket),
        )  # fmt: skip
        await self._remember(task, seen)
        written = await self._written(task, seen, target)
        await self._verify(seen, target, written)
        return f"copied to {self._step.storage_class}"

    async def _remember(self, task: ThenTask, seen: ObjectDetail) -> None:
        """What the copy is made from, before it is made: that is what may be removed once it is verified."""
        memo = self._work.memo(task)
        if self._work.discards and not memo.get("upload"):
            await self._work.keep(task, {"etag": seen.etag, "version": seen.version_id or ""})

    async def abandon(self, task: ThenTask) -> None:
        """Nothing will come of it any more: what was begun is removed."""
        await self._parts.abandon(task)

    async def _written(self, task: ThenTask, seen: ObjectDetail, target: CopyTarget) -> Written:
        await self._work.turn()
        write = self._work.reads(target)
        try:
            if (seen.size or 0) > LARGEST_COPY:
                written = await self._parts.copy(task, seen, target)
            else:
                written = await write(lambda: self._work.contents.copy(seen, target), over=NO_EFFECT)
        except UNSURE as error:
            raise TryLater(
                f"no sure answer ({error}): looking before it is copied again", _settles(seen), error.code
            ) from error
        except CloudError as error:
            if error.code == "ConditionalRequestConflict":
                raise TryLater(f"{error}", SETTLES_S, error.code) from error
            raise explained(error) from error
        if not written.etag:
            raise TryLater("the cloud answered nothing: looking before it is copied again", _settles(seen))
        return written

    async def _verify(self, seen: ObjectDetail, target: CopyTarget, written: Written) -> None:
        made = await found(self._work, ObjectRef(target.bucket, target.key, written.version_id))
        if made is None:
            raise GivenUp("the copy was made and is gone: somebody, or a lifecycle rule, removed it", "CopyVanished")
        if made.size != seen.size or made.storage_class != target.storage_class or made.restore is not None:
            raise GivenUp(
                f"the copy is not what was asked for: {made.size} bytes in {made.storage_class}", "CopyDiffers"
            )

    def _is_done(self, task: ThenTask, seen: ObjectDetail, current: ObjectDetail, *, in_place: bool) -> bool:
        """What is there is the copy: made before, by us or by somebody else."""
        if current.storage_class != self._step.storage_class or current.restore is not None:
            return False
        if current.size != seen.size:
            return False
        if in_place and seen.ref.version_id is None:
            return True
        if not in_place and current.etag == seen.etag:
            return True
        begun_at, is_again = task.attempt_at, task.is_again
        if self._step.job and (seen.size or 0) <= MOST_COPIED:
            # A job has copied before us; what was uploaded in parts has another ETag since (FACTS-AFTER 10.1).
            jobs = self._work.context.ledger.batches.copying(task.run_id, task.step_id)
            begun_at, is_again = min([begun_at, *(job.planned_at for job in jobs)]), is_again or bool(jobs)
        is_newer = current.modified is not None and current.modified >= datetime.fromtimestamp(begun_at, UTC) - SKEW
        return is_again and is_newer and current.version_id != (seen.version_id or "")

    async def was_made(self, job: BatchJob) -> bool:
        """Whether a job that copied one object, to try it, has put the copy where it belongs."""
        if job.problem:
            return False
        since = datetime.fromtimestamp(job.planned_at, UTC) - SKEW
        async for rows in self._work.context.ledger.batches.rows(job):
            for key, _ in rows:
                try:
                    made = await found(self._work, ObjectRef(*self._step.key_of(job.bucket, key)))
                except CloudError as error:
                    return await self._not_made(job, str(error))
                is_new = made is not None and made.modified is not None and made.modified >= since
                if is_new and made is not None and made.storage_class == self._step.storage_class:
                    return True
        return await self._not_made(job, "no copy lies where it belongs")

    async def _not_made(self, job: BatchJob, why: str) -> bool:
        # On disk before anything is copied by us: what then lies where it belongs is no work of that job's.
        await self._work.context.ledger.batches.misplaced(
            job, f"tried a copy below {job.copies.prefix if job.copies else ''}: {why}; all are copied one by one"
        )
        return False

    async def _same_region(self, source: str, target: str) -> bool:
        if source == target:
            return True
        if self._step.profile:
            return False  # A key of the source's account encrypts nothing of another's.
        for bucket in (source, target):
            if bucket not in self._regions:
                read = self._work.context.of(bucket).reads()
                name = bucket
                self._regions[bucket] = await read(lambda: self._work.provider.bucket_region(name))  # noqa: B023
        return self._regions[source] == self._regions[target]


def _settles(seen: ObjectDetail) -> float:
    """Seconds after which a copy without an answer has appeared, if it ever does."""
    return max(SETTLES_S, (seen.size or 0) / SLOWEST)
