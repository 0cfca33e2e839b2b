"""Removes the archived version of what was kept for good, once the copy is verified: just the one that was copied.

The intent is on disk before anything is sent, and the copy has written down what it was made from. A removal of which
nobody heard is found out by looking: what is gone is done.
"""

from restoretui.core.errors import AccessDenied, ConnectionLost, MalformedAnswer, ServerFault
from restoretui.core.model import ObjectDetail, ObjectRef
from restoretui.engine.submitter import NO_EFFECT
from restoretui.engine.then.work import OVERWRITTEN, GivenUp, ThenWork, TryLater, found
from restoretui.ledger.then_records import StepCount, ThenTask

AGAIN_S = 10.0
WITHOUT_ID = "null"
"""What S3 calls the version of a key that was written while none were kept: there is one of it at a time."""
UNKNOWN_SOURCE = (
    "the copy was there before, so which archived version it was made from is not known: nothing is removed"
)


class Discarder:
    """Of one step; ``copies`` is the one before it."""

    def __init__(self, work: ThenWork, copies: StepCount) -> None:
        self._work = work
        self._copies = copies

    async def do(self, task: ThenTask) -> str:
        """Remove what one object was copied from. ``GivenUp`` and ``TryLater`` as they say."""
        ref = task.ref
        made = self._work.context.ledger.then.memo_of(self._copies.id, task.job_id)
        if ref is None or not made.get("etag"):
            raise GivenUp(UNKNOWN_SOURCE, "SourceUnknown")
        version = ref.version_id or str(made.get("version") or "") or None
        source = ObjectRef(ref.bucket, ref.key, version)
        target = ObjectRef(*self._copies.step.key_of(ref.bucket, ref.key))
        kept = await found(self._work, target)
        await self._check_kept(task, kept)
        is_replaced = version is None or (kept is not None and kept.version_id == version == WITHOUT_ID)
        if is_replaced and (target.bucket, target.key) == (source.bucket, source.key):
            return "the copy took its place: no archived version is left"
        there = await found(self._work, source)
        if there is None:
            return "the archived version is gone"
        self._check_source(there, kept, str(made["etag"]))
        await self._work.turn()
        send = self._work.reads(source)
        try:
            await send(lambda: self._work.contents.delete(source), over=NO_EFFECT)
        except AccessDenied as error:
            raise GivenUp(
                f"it stays, and is billed: Object Lock may keep it, or {self._right} is missing ({error})",
                error.code, error.request_id,
            ) from error  # fmt: skip
        except (ServerFault, ConnectionLost, MalformedAnswer) as error:
            raise TryLater(f"no sure answer ({error}): looking whether it is gone", AGAIN_S, error.code) from error
        if await found(self._work, source) is not None:
            raise TryLater("it is still there after it was removed: looking again", AGAIN_S)
        return "the archived version is removed"

    async def abandon(self, task: ThenTask) -> None:
        """Nothing is left behind."""

    @property
    def _right(self) -> str:
        return f"{self._work.provider.scheme}:DeleteObjectVersion"

    async def _check_kept(self, task: ThenTask, kept: ObjectDetail | None) -> None:
        step = self._copies.step
        is_whole = kept is not None and (task.size is None or kept.size == task.size)
        if kept is None or not is_whole or kept.storage_class != step.storage_class or kept.restore is not None:
            raise GivenUp(
                "the copy is not, or no longer, as it was verified: the archived version stays", "CopyDiffers"
            )

    def _check_source(self, there: ObjectDetail, kept: ObjectDetail | None, etag: str) -> None:
        rules = self._work.context.run.cloud.rules
        if there.etag != etag:
            raise GivenUp(f"{OVERWRITTEN}: what is there now stays")
        if rules.archive_named(there.archive_status or there.storage_class) is None:
            raise GivenUp("it is not archived any more: it stays", "NotArchived")
        if kept is not None and kept.ref.key == there.ref.key and kept.version_id == there.version_id is not None:
            raise GivenUp("it is the copy itself: it stays", "NotArchived")
        told = dict(there.headers)
        if told.get("x-amz-object-lock-legal-hold", "").upper() == "ON":
            raise GivenUp("a legal hold keeps it: it stays, and is billed", "ObjectLocked")
        until = told.get("x-amz-object-lock-retain-until-date", "")
        if until and until > f"{self._work.context.clock.now():%Y-%m-%dT%H:%M:%S}":
            raise GivenUp(f"Object Lock keeps it until {until}: it stays, and is billed", "ObjectLocked")
