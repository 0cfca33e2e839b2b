"""What a command of the user's is about, as its placeholders, its environment and its standard input have it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from restoretui.core.location import Location
from restoretui.core.model import ObjectRef

if TYPE_CHECKING:
    from restoretui.ledger.run_records import Run

Facts = Mapping[str, object]


def of_object(scheme: str, ref: ObjectRef, size: int | None, storage_class: str, state: str) -> Facts:
    """One object."""
    return {
        "scheme": scheme, "bucket": ref.bucket, "key": ref.key, "version_id": ref.version_id or "",
        "location": str(Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id)), "size": size,
        "storage_class": storage_class, "state": str(state),
    }  # fmt: skip


def of_marks(objects: int, size_bytes: int) -> Facts | None:
    """What is marked; its ``file`` is written when a command is run. None where nothing is."""
    return {"objects": objects, "size": size_bytes} if objects else None


def of_run(run: "Run") -> Facts:
    """One run."""
    return {
        "run": run.id, "scheme": run.cloud.scheme, "bucket": run.buckets[0] if len(run.buckets) == 1 else "",
        "tier": str(run.tier), "days": run.days, "objects": run.objects, "size": run.size_bytes,
        "requester": run.requester, "ticket": run.ticket, "note": run.note,
    }  # fmt: skip
