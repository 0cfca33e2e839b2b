"""Multipart copies of objects above 5 GiB: begun once, resumed by its upload id, removed when it is given up."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime

from restoretui.core.errors import CloudError, ObjectNotFound
from restoretui.core.model import ObjectDetail
from restoretui.core.then.contents import CopyTarget, UploadPart, Written
from restoretui.core.then.parts import extents, part_size
from restoretui.engine.submitter import NO_EFFECT
from restoretui.engine.then.work import ThenWork
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.together import together
from restoretui.ledger.then_records import ThenTask

AT_ONCE = 8
"""Parts of all objects of a run that are copied side by side."""
_TAGS = "-tagging-count"
"""How the header ends that says how many tags an object has."""


class PartsCopier:
    """Of one run."""

    def __init__(self, work: ThenWork) -> None:
        self._work = work
        self._rooms: defaultdict[frozenset[str] | None, asyncio.Semaphore]
        self._rooms = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        """Of each account."""

    async def copy(self, task: ThenTask, seen: ObjectDetail, target: CopyTarget) -> Written:
        """One object. Raises what the cloud says; after a refusal the upload is removed."""
        upload_id, have = await self._begun(task, seen, target)
        try:
            if not upload_id:
                upload_id = await self._begin(task, seen, target)
            parts = await self._copied(seen, target, upload_id, have)
            await self._work.turn()
            write = self._work.reads(target)
            size = seen.size or 0
            return await write(lambda: self._work.contents.end_upload(target, upload_id, parts, size), over=NO_EFFECT)
        except NO_ANSWER:
            raise
        except CloudError:
            if upload_id:
                await self._abort(target, upload_id)
            raise

    async def abandon(self, task: ThenTask) -> None:
        """Remove what an attempt has begun and nobody will end."""
        memo = self._work.memo(task)
        if memo.get("upload"):
            target = CopyTarget(str(memo.get("bucket")), str(memo.get("key")), "")
            await self._abort(target, str(memo["upload"]))

    async def _begun(self, task: ThenTask, seen: ObjectDetail, target: CopyTarget) -> tuple[str, list[UploadPart]]:
        """The upload that an earlier attempt began, and its parts."""
        memo, read, contents = self._work.memo(task), self._work.reads(target), self._work.contents
        upload_id = str(memo.get("upload") or "")
        if upload_id and memo.get("etag") != seen.etag:
            await self._abort(target, upload_id)  # It was of another object.
            return "", []
        if not upload_id and task.is_again:
            # Begun, and killed before its id was written down: it has no parts then.
            begun_at = datetime.fromtimestamp(int(task.attempt_at), UTC)
            pending = await read(lambda: contents.uploads(target))
            ours = [one for one in pending if one.begun is not None and one.begun >= begun_at]
            if len(ours) == 1 and not await read(lambda: contents.parts(target, ours[0].upload_id)):
                upload_id = ours[0].upload_id
                await self._keep(task, seen, target, upload_id)
                return upload_id, []
        if not upload_id:
            return "", []
        try:
            return upload_id, list(await read(lambda: contents.parts(target, upload_id)))
        except ObjectNotFound:
            return "", []

    async def _begin(self, task: ThenTask, seen: ObjectDetail, target: CopyTarget) -> str:
        read, contents = self._work.reads(target), self._work.contents
        is_tagged = any(name.endswith(_TAGS) and value != "0" for name, value in seen.headers)
        tags = await read(lambda: contents.tags(seen.ref)) if is_tagged else {}
        await self._work.turn()
        upload_id = await read(lambda: contents.begin_upload(seen, target, tags), over=NO_EFFECT)
        await self._keep(task, seen, target, upload_id)
        return upload_id

    async def _keep(self, task: ThenTask, seen: ObjectDetail, target: CopyTarget, upload_id: str) -> None:
        await self._work.keep(
            task,
            {
                "upload": upload_id, "etag": seen.etag, "version": seen.version_id or "", "bucket": target.bucket,
                "key": target.key,
            },
        )  # fmt: skip

    async def _copied(
        self, seen: ObjectDetail, target: CopyTarget, upload_id: str, have: list[UploadPart]
    ) -> list[UploadPart]:
        size = seen.size or 0
        wanted = dict(enumerate(extents(size, part_size(size)), 1))
        known = {part.number: part for part in have}
        parts = {
            number: known[number]
            for number, (start, end) in wanted.items()
            if number in known and known[number].size == end - start
        }

        async def one(number: int, extent: tuple[int, int]) -> None:
            read = self._work.reads(target)
            async with self._rooms[self._work.context.of(target.bucket).buckets]:
                await self._work.turn()
                # The same part once more takes the place of the first: that can be repeated.
                parts[number] = await read(
                    lambda: self._work.contents.copy_part(seen, target, upload_id, number, extent)
                )

        async with together() as tasks:
            for number, extent in wanted.items():
                if number not in parts:
                    tasks.create_task(one(number, extent))
        return [parts[number] for number in wanted]

    async def _abort(self, target: CopyTarget, upload_id: str) -> None:
        read = self._work.reads(target)
        try:
            await read(lambda: self._work.contents.abort_upload(target, upload_id))
        except CloudError as error:
            if isinstance(error, NO_ANSWER):
                raise
            # Refused: it stays until a rule of the bucket ends it, and costs storage until then.
