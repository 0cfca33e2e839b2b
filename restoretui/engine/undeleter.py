"""Takes away delete markers, so that what lies right beneath them is current again (FACTS 9)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import Struct

from restoretui.core.errors import AccessDenied, CloudError
from restoretui.core.model import ObjectRef, State
from restoretui.core.provider import TellsHistory
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.engine.traffic.together import together
from restoretui.ledger import Ledger
from restoretui.ledger.activity import SaidOfObject
from restoretui.ledger.records import CloudId

AT_ONCE = 32
BATCH = 500
"""Markers whose removal is written down before the first of them is asked for."""


class Covered(NamedTuple):
    """A version right beneath the delete marker that is current."""

    ref: ObjectRef
    marker_id: str
    storage_class: str = ""
    size: int | None = None
    state: State = State.UNKNOWN
    """As it was known when it was chosen."""


class Undeleted(Struct, frozen=True):
    """What became of one marker."""

    covered: Covered
    removed: bool = False
    """False without a problem: it was gone already."""
    problem: CloudError | None = None


class Undeleter:
    """One cloud's. Asking twice does no harm: the second time there is no such marker."""

    def __init__(self, ledger: Ledger, cloud: CloudId, provider: TellsHistory, read: RetryingReads) -> None:
        self._ledger = ledger
        self._cloud = cloud
        self._provider = provider
        self._read = read

    async def undelete(self, covered: Sequence[Covered], told: Callable[[Undeleted], None]) -> None:
        """Remove the markers; ``told`` hears of each as it is done. Raises where no answer comes at all."""
        for at in range(0, len(covered), BATCH):
            some = covered[at : at + BATCH]
            await self._note([(one, f"delete marker {one.marker_id} to be removed") for one in some])
            done: list[Undeleted] = []
            try:
                await self._remove(some, done.append)
            finally:
                await asyncio.shield(self._settle(done))
                for one in done:
                    told(one)

    async def _remove(self, some: Sequence[Covered], done: Callable[[Undeleted], None]) -> None:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(covered: Covered) -> None:
            async with room:
                done(await self._one(covered))

        async with together() as tasks:
            for covered in some:
                tasks.create_task(one(covered))

    async def _one(self, covered: Covered) -> Undeleted:
        marker = covered.ref._replace(version_id=covered.marker_id)
        try:
            removed = await self._read(lambda: self._provider.remove_marker(marker))
        except NO_ANSWER:
            raise
        except AccessDenied as error:
            error.hint = "it takes s3:DeleteObjectVersion, and where MFA Delete is on, the owner's MFA device"
            return Undeleted(covered, problem=error)
        except CloudError as error:
            return Undeleted(covered, problem=error)
        return Undeleted(covered, removed)

    async def _settle(self, done: Sequence[Undeleted]) -> None:
        lines = []
        for one in done:
            marker = one.covered.marker_id
            text = f"delete marker {marker} removed" if one.removed else f"delete marker {marker} was gone already"
            text = f"delete marker {marker} could not be removed: {one.problem}" if one.problem else text
            lines.append(
                (one.covered, text, one.problem.code, one.problem.request_id) if one.problem else (one.covered, text)
            )
        await self._note(lines)

    async def _note(self, lines: Sequence[tuple[Covered, str] | tuple[Covered, str, str, str]]) -> None:
        if lines:
            said = [SaidOfObject(covered.ref, *more) for covered, *more in lines]
            await self._ledger.activity.add_many("undelete", self._cloud, said)
