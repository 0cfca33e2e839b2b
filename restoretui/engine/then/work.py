"""What every then-step of one pursued run needs, and how a step says what came of it."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from restoretui.core.errors import CloudError, ObjectNotFound, RestoreTuiError
from restoretui.core.model import ObjectDetail, ObjectRef
from restoretui.core.os_errors import refused_by_system
from restoretui.core.provider import Provider
from restoretui.core.then.contents import Contents, CopyTarget
from restoretui.core.then.keeping import instant
from restoretui.core.then.steps import ThenEvent
from restoretui.engine.run_context import RunContext
from restoretui.engine.then_tools import ThenTools
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.ledger.then_records import ThenTask

EXPIRED_CODES = frozenset({"InvalidObjectState", "ObjectNotInActiveTierError"})
EXPIRED = "its restored copy is gone: it expired, or the object was replaced; restore it again, then try again"
OVERWRITTEN = "the object was overwritten since it was planned"


class GivenUp(RestoreTuiError):
    """This step cannot be done with this object; trying again by itself would not help."""

    def __init__(self, message: str, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class TryLater(RestoreTuiError):
    """It may work, or turn out to be done, in a while."""

    def __init__(self, message: str, seconds: float, code: str = "") -> None:
        super().__init__(message)
        self.seconds = seconds
        """Of cloud time."""
        self.code = code


class ThenWork(Struct, frozen=True):
    """Made for one pursuit."""

    context: RunContext
    handles: Contents | None
    """None where the cloud cannot be asked for what objects contain."""
    copies_in_place: bool = False
    """A step of this run writes the objects themselves anew."""
    discards: bool = False
    """What copies are made from is removed afterwards: each writes down what that was."""

    @property
    def tools(self) -> ThenTools:
        """What else there is."""
        return self.context.tools

    @property
    def contents(self) -> Contents:
        """What objects contain; ``GivenUp`` where it cannot be reached."""
        if self.handles is None:
            raise GivenUp(f"{self.provider.scheme}:// objects cannot be copied or read from here yet")
        return self.handles

    @property
    def provider(self) -> Provider:
        """The cloud."""
        return self.context.provider

    def reads(self, ref: ObjectRef | CopyTarget) -> RetryingReads:
        """Retrying reads of what is done with an object: of the account that its bucket is reached as."""
        return self.context.of(ref.bucket).reads()

    def memo(self, task: ThenTask) -> dict[str, Any]:
        """What an earlier attempt wrote down."""
        try:
            plain = json.loads(task.memo) if task.memo else {}
        except ValueError:
            plain = {}
        return plain if isinstance(plain, dict) else {}

    async def keep(self, task: ThenTask, memo: Mapping[str, object]) -> None:
        """Write it down, durably."""
        await self.context.ledger.then.memorise(task.id, memo)

    async def turn(self) -> None:
        """Until the run is surely ours: nothing is sent or written while it may be another process's."""
        while not self.context.is_ours():
            await self.context.clock.pause(0.25)

    async def told(self, event: ThenEvent | None) -> dict[str, object]:
        """What somebody is told of the run as it is now, for him to read and for programs."""
        ledger = self.context.ledger
        run = await ledger.runs.get(self.context.run.id)
        end = await ledger.then.first_end(run.id)
        steps = [
            {"step": str(count.step.kind), "done": count.done, "failed": count.failed}
            for count in run.then
            if not count.step.is_of_run
        ]
        return {
            "event": str(event or ThenEvent.DONE), "run": run.id,
            "created_at": f"{run.created_at:%Y-%m-%dT%H:%M:%SZ}", "tier": str(run.tier), "days": run.days,
            "objects": run.objects, "size": run.size_bytes, "requester": run.requester,
            "ticket": run.ticket, "note": run.note, "buckets": list(run.buckets),
            "counts": {str(state): jobs for state, jobs in run.counts.items() if jobs}, "then": steps,
            "first_expiry": None if end is None else f"{instant(end):%Y-%m-%dT%H:%M:%SZ}",
        }  # fmt: skip

    async def source(self, task: ThenTask) -> ObjectDetail:
        """The object as it is now, if it is the one that was planned; ``GivenUp`` otherwise."""
        ref = task.ref
        if ref is None:
            raise GivenUp("this step is about objects")
        read = self.reads(ref)
        try:
            seen = await read(lambda: self.contents.look(ref))
        except ObjectNotFound as error:
            raise GivenUp("the object was deleted since it was planned", error.code, error.request_id) from None
        changed = seen.size != task.size and None not in (seen.size, task.size)
        since = seen.modified is not None and seen.modified > self.context.run.created_at
        if changed or (since and ref.version_id is None and not self.copies_in_place):
            raise GivenUp(f"{OVERWRITTEN}: nothing was done with what is there now")
        return seen

    def check_readable(self, seen: ObjectDetail) -> None:
        """``GivenUp`` where the object is archived and has no copy that could be read."""
        rules = self.context.run.cloud.rules
        is_archived = rules.archive_named(seen.archive_status or seen.storage_class) is not None
        if is_archived and (seen.restore is None or seen.restore.in_progress):
            raise GivenUp(EXPIRED, "InvalidObjectState")


async def found(work: ThenWork, ref: ObjectRef) -> ObjectDetail | None:
    """An object that need not be there."""
    read = work.reads(ref)
    try:
        return await read(lambda: work.contents.look(ref))
    except ObjectNotFound:
        return None


def explained(error: CloudError) -> GivenUp:
    """A cloud's refusal as the end of a step."""
    if error.code in EXPIRED_CODES:
        return GivenUp(EXPIRED, error.code, error.request_id)
    if error.code in ("PreconditionFailed", "412", "FileAlreadyExists"):
        return GivenUp(f"{OVERWRITTEN}, or what it was to replace", error.code, error.request_id)
    hint = f" ({error.hint})" if error.hint else ""
    return GivenUp(f"{error}{hint}", error.code, error.request_id)


def of_system(error: OSError) -> GivenUp:
    """A refusal of this machine: a full disk, say."""
    said = refused_by_system(error)
    return GivenUp(f"{said}{f' ({said.hint})' if said.hint else ''}", error.__class__.__name__)
