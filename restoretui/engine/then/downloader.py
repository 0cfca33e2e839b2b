"""Resumable downloads: in ranges side by side, verified by checksum, and renamed at last in one atomic step.

Each range is asked for by version and ETag, so that no file is made of two objects. What stands under the final name
is whole. A file that stood there before is never replaced.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Sequence

from restoretui.core.errors import CloudError
from restoretui.core.model import ObjectDetail
from restoretui.core.then.names import is_folder, safe_path
from restoretui.core.then.parts import MIB, READ_SIZE, extents
from restoretui.core.then.proofs import Proof, proof_of
from restoretui.core.then.steps import ThenStep
from restoretui.engine.then.bandwidth import Bandwidth
from restoretui.engine.then.folder import Folder
from restoretui.engine.then.name_list import NameList
from restoretui.engine.then.proving import is_proven
from restoretui.engine.then.work import GivenUp, ThenWork, TryLater, explained
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.together import together
from restoretui.ledger.run_records import Run
from restoretui.ledger.then_records import ThenTask

AT_ONCE = 8
"""Ranges of all files of a run, and account, that are read side by side: each is held in memory."""
NOTED_EVERY = 64 * MIB
"""Bytes after which it is written down which ranges are on disk."""


class Downloader:
    """Of one step."""

    def __init__(self, work: ThenWork, step_id: int, step: ThenStep) -> None:
        self._work = work
        self._step = step
        self._folder = Folder(step.target)
        self._names = NameList(work.context.ledger, step_id, self._folder)
        self._rooms: defaultdict[frozenset[str] | None, asyncio.Semaphore]
        self._rooms = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        """Of each account: what waits for the keys of one takes no room of another."""
        self._paths: dict[int, Sequence[str]] = {}
        self._bandwidth = Bandwidth(step.bandwidth, work.context.clock)

    async def do(self, task: ThenTask) -> str:
        """Download one object; what was done, in words."""
        seen = await self._work.source(task)
        self._work.check_readable(seen)
        if seen.size is None:
            raise GivenUp("the store does not tell its size, so whether it is whole could not be told")
        await asyncio.to_thread(self._folder.prepare)
        names = await self._path(task, seen)
        self._paths[task.id] = names
        if is_folder(seen.ref.key, seen.size):
            await asyncio.to_thread(self._folder.make, names[:-1])
            return "a folder"
        proof, why_not = proof_of(dict(seen.headers), seen.etag)
        there = await asyncio.to_thread(self._folder.find, names)
        if there is not None:
            return await self._there_already(task, seen, names, proof)
        part = part_of(self._work.context.run, task.job_id, names)
        descriptor = await asyncio.to_thread(lambda: self._folder.open(part, write=True))
        try:
            await self._fill(task, seen, descriptor)
            said = await self._proven(seen, descriptor, proof, why_not)
            if said is None:
                os.truncate(descriptor, 0)
                await self._work.keep(task, {})
                raise TryLater("the file does not have the checksum that the store keeps: read once more", 1.0)
            await asyncio.to_thread(_finish, descriptor, seen)
        finally:
            os.close(descriptor)
        await self._work.turn()
        if await asyncio.to_thread(self._folder.find, names) is not None:
            raise GivenUp(f"another file has come to stand at {'/'.join(names)}: it is not replaced", "FileExists")
        await asyncio.to_thread(self._folder.move, part, names[-1])
        await self._names.note(seen.ref.key, "/".join(names))
        del self._paths[task.id]
        return said

    async def abandon(self, task: ThenTask) -> None:
        """Remove the part of a file that nobody will end."""
        names = self._paths.pop(task.id, None) or (task.path.split("/") if task.path else None)
        if names is not None:
            await asyncio.to_thread(self._folder.remove, part_of(self._work.context.run, task.job_id, names))

    async def _path(self, task: ThenTask, seen: ObjectDetail) -> tuple[str, ...]:
        if task.path:
            return tuple(task.path.split("/"))
        names = safe_path(seen.ref.key)
        if self._step.several:
            names = (*safe_path(seen.ref.bucket), *names)
        if is_folder(seen.ref.key, seen.size):
            return names
        names = await asyncio.to_thread(self._folder.fit, names, seen.ref.key)
        path = await self._work.context.ledger.then.path(task, "/".join(names))
        return tuple(path.split("/"))

    async def _there_already(
        self, task: ThenTask, seen: ObjectDetail, names: Sequence[str], proof: Proof | None
    ) -> str:
        """A file stands there: by a killed attempt of ours, by an earlier run, or a stranger's."""
        path = "/".join(names)
        there = await asyncio.to_thread(self._folder.find, names)
        if there is None or not there.is_file or there.size != seen.size:
            raise GivenUp(f"another file is at {path}: it is not replaced", "FileExists")
        ours = seen.modified is not None and int(there.modified) == int(seen.modified.timestamp())
        if proof is not None:
            descriptor = await asyncio.to_thread(lambda: self._folder.open(names, write=False))
            try:
                said = await self._proven(seen, descriptor, proof, "")
            finally:
                os.close(descriptor)
            if said is None:
                raise GivenUp(f"another file is at {path}: it is not replaced", "FileExists")
        elif not ours:
            raise GivenUp(f"a file of unknown content is at {path}: it is not replaced", "FileExists")
        await self._names.note(seen.ref.key, path)
        return "downloaded" if task.is_again else "is there already"

    async def _fill(self, task: ThenTask, seen: ObjectDetail, descriptor: int) -> None:
        size = seen.size or 0
        memo = self._work.memo(task)
        known = memo.get("done") if memo.get("etag") == seen.etag and memo.get("size") == size else None
        done = {(int(start), int(end)) for start, end in known} if isinstance(known, list) else set()
        await asyncio.to_thread(self._reserve, descriptor, size, keeps=bool(done))
        noted = sum(end - start for start, end in done)

        async def one(extent: tuple[int, int]) -> None:
            nonlocal noted
            async with self._rooms[self._work.context.of(seen.ref.bucket).buckets]:
                await self._read(seen, descriptor, extent)
            done.add(extent)
            have = sum(end - start for start, end in done)
            if have - noted >= NOTED_EVERY and have < size:
                noted = have
                ranges = sorted(done)
                await asyncio.to_thread(os.fsync, descriptor)
                await self._work.keep(task, {"etag": seen.etag, "size": size, "done": ranges})

        try:
            async with together() as tasks:
                for extent in extents(size, READ_SIZE):
                    if extent not in done:
                        tasks.create_task(one(extent))
        except CloudError as error:
            if isinstance(error, NO_ANSWER):
                raise
            raise explained(error) from error

    async def _read(self, seen: ObjectDetail, descriptor: int, extent: tuple[int, int]) -> None:
        read = self._work.reads(seen.ref)
        start, end = extent
        await self._bandwidth.take(end - start)
        data = await read(lambda: self._work.contents.read(seen.ref, seen.etag, start, end))
        await asyncio.to_thread(_write, descriptor, data, start)

    def _reserve(self, descriptor: int, size: int, *, keeps: bool) -> None:
        """Take the room on the disk now, so that a full one is told before hours of reading."""
        if not keeps:
            os.truncate(descriptor, 0)
        held = os.fstat(descriptor).st_blocks * 512
        if size - held > self._folder.free_bytes():
            # Without numbers, so that all that find no room are one cause.
            raise GivenUp(f"no room in {self._folder.path}: the object is larger than what is free there", "NoRoom")
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)

    async def _proven(self, seen: ObjectDetail, descriptor: int, proof: Proof | None, why_not: str) -> str | None:
        """What can be said of the file; None where it is not what the store has."""
        if proof is None:
            return f"downloaded, not proven: {why_not}"
        part_bytes = 0
        if proof.parts:
            read = self._work.reads(seen.ref)
            first = await read(lambda: self._work.contents.look(seen.ref, 1))
            part_bytes = first.size or 0
        proven = await asyncio.to_thread(is_proven, descriptor, seen.size or 0, proof, part_bytes)
        if proven is None:
            return "downloaded, not proven: its parts' sizes are not told"
        return f"downloaded, {proof.algorithm.upper()} proven" if proven else None


def part_of(run: Run, job_id: int, names: Sequence[str]) -> tuple[str, ...]:
    """Where a file grows until it is whole: beside it, hidden, by a name that no key is given.

    Several people may download into one folder: in each one's ledger runs are numbered from 1.
    """
    return (*names[:-1], f".restoretui-{int(run.created_at.timestamp() * 1000):x}-{run.id}-{job_id}.part")


def _write(descriptor: int, data: bytes, start: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, start)
        start += written
        view = view[written:]


def _finish(descriptor: int, seen: ObjectDetail) -> None:
    if seen.modified is not None:
        at = seen.modified.timestamp()
        os.utime(descriptor, (at, at))
    os.fsync(descriptor)
