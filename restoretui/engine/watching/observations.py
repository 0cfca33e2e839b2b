"""What a look at an object showed, as an observation for the ledger: of a LIST page's row, and of a HEAD's answer."""

from datetime import UTC, datetime

from restoretui.core.model import Entry, ObjectDetail, ObjectFacts, ObjectRef, State
from restoretui.core.rules.rules import CloudRules
from restoretui.ledger.records import JobRow, Observation


def observed(entry: Entry, seen_at: float) -> Observation:
    """A listing's row as an observation."""
    return Observation(
        entry.key, entry.version_id, entry.storage_class, entry.size, entry.modified, None, False,
        entry.in_progress, entry.expiry, seen_at, etag=entry.etag.strip('"'),
    )  # fmt: skip


def looked_at(detail: ObjectDetail, version_id: str | None, seen_at: float) -> Observation:
    """A HEAD's answer as an observation of the version that was asked for."""
    restore = detail.restore
    return Observation(
        detail.ref.key, version_id, detail.storage_class, detail.size,
        int(detail.modified.timestamp()) if detail.modified else None, detail.archive_status, True,
        restore.in_progress if restore else None,
        int(restore.expiry.timestamp()) if restore and restore.expiry else None, seen_at,
        etag=detail.etag.strip('"'),
        tier=restore.tier if restore else None,
        days=restore.days if restore else None,
        asked_at=restore.asked_at.timestamp() if restore and restore.asked_at else None,
        lapses=int(detail.lapses.timestamp()) if detail.lapses else None,
    )  # fmt: skip


def found_gone(ref: ObjectRef, seen_at: float) -> Observation:
    """That an object is not there."""
    return Observation(ref.key, ref.version_id, "", 0, None, None, True, None, None, seen_at, gone=True)


def facts_of(seen: Observation) -> ObjectFacts:
    """An observation's words for ``core.rules``."""
    return ObjectFacts(
        seen.storage_class,
        seen.archive_status,
        seen.looked,
        seen.in_progress,
        None if seen.expiry is None else datetime.fromtimestamp(seen.expiry, UTC),
        seen.tier,
        seen.days,
    )


def known_by_job(row: JobRow, rules: CloudRules) -> Observation:
    """What became of an object of a run, as if it had been looked at when that was last known."""
    tiered = row.storage_class == rules.tiered_class
    status = {State.RESTORING: True, State.REQUESTED: True, State.AVAILABLE: False}.get(row.state)
    archive = row.archive if tiered and row.state is not State.AVAILABLE else None
    ref = row.ref
    return Observation(
        ref.key, ref.version_id, row.storage_class, row.size, None, archive, tiered,
        status, row.expiry, row.changed_at,
    )  # fmt: skip
