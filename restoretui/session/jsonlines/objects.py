"""Lines about objects: of a listing, of a run, changed, or not to be seen; and about buckets."""

from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from restoretui.core.errors import CloudError
from restoretui.core.location import Location
from restoretui.core.model import Bucket, ObjectRef, State
from restoretui.ledger.records import ActivityEntry, BrowseRow, JobRow
from restoretui.ledger.run_records import Run
from restoretui.session.jsonlines.line import SCHEMA, end_of, instant, json_line, named, where

NO_PROFILES: Mapping[str, str] = {}
"""Of a run that is reached as one."""


def row_fields(scheme: str, row: BrowseRow) -> dict[str, Any]:
    """A listing's row."""
    return {
        **where(scheme, row.ref), "size": row.size, "storage_class": row.storage_class or None, "state": row.state,
        "expiry": end_of(row.expiry), "tier": row.tier, "run": row.run_id, "modified_at": instant(row.modified),
        "archive_status": row.archive_status,
    }  # fmt: skip


def row_line(scheme: str, row: BrowseRow) -> str:
    """The line of ``row_fields``, without the way through them: of a large bucket there are millions."""
    ref = row.ref
    key = quoted(ref.key)
    head, bucket = _beginning(scheme, ref.bucket)
    if ref.version_id is None and key[-2] not in "/*" and "?" not in key:
        line = f'{head}{bucket}/{key[1:]}, "key": {key}'
    else:
        location = Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id)
        line = f'{head}{quoted(str(location))[1:]}, "key": {key}'
        if ref.version_id is not None:
            line += f', "version_id": {quoted(ref.version_id)}'
    if row.size is not None:
        line += f', "size": {row.size}'
    line += _standing(row.storage_class, row.state)
    if row.expiry is not None and (end := end_of(row.expiry)):
        line += f', "expiry": "{end}"'
    if row.tier is not None:
        line += f', "tier": "{row.tier.value}"'
    if row.run_id is not None:
        line += f', "run": {row.run_id}'
    if row.modified is not None:
        line += f', "modified_at": "{instant(row.modified)}"'
    if row.archive_status is not None:
        line += f', "archive_status": {quoted(row.archive_status)}'
    return line + "}"


def marker_line(scheme: str, row: BrowseRow) -> str:
    """A delete marker of a past listing."""
    return json_line("marker", {**where(scheme, row.ref), "modified_at": instant(row.modified)})


@lru_cache(64)
def _beginning(scheme: str, bucket: str) -> tuple[str, str]:
    """A line up to the opening quote of its location, and the location's own beginning."""
    start = f'{{"type": "object", "schema": {SCHEMA}, "scheme": {quoted(scheme)}, "bucket": {quoted(bucket)}'
    return f'{start}, "location": "', quoted(str(Location(scheme, bucket)))[1:-1]


@lru_cache(1024)
def _standing(storage_class: str, state: State) -> str:
    return (f', "storage_class": {quoted(storage_class)}' if storage_class else "") + f', "state": "{state.value}"'


def job_fields(scheme: str, run: Run, row: JobRow) -> dict[str, Any]:
    """An object of a run."""
    return {
        **where(scheme, row.ref), "size": row.size, "storage_class": row.storage_class or None, "state": row.state,
        "expiry": end_of(row.expiry), "tier": row.tier, "run": run.id, "reason": row.reason or None,
        "code": row.code or None, "request_id": row.request_id or None, "action": named(row.action),
        "requested_at": instant(row.requested_at), "available_at": instant(row.available_at),
        "changed_at": instant(row.changed_at), "then_stands": row.then or None,
        "request_charged": row.charged or None, "output_path": row.output_path or None,
        "profile": run.profiles.get(row.ref.bucket) or None,
    }  # fmt: skip


def trail_line(scheme: str, entry: ActivityEntry, profiles: Mapping[str, str] = NO_PROFILES) -> str:
    """An entry of the audit trail: a change, or what is about no object or no state."""
    is_change = entry.ref is not None and entry.to_state is not None
    return json_line("change" if is_change else "entry", change_fields(scheme, entry, profiles))


def change_fields(scheme: str, entry: ActivityEntry, profiles: Mapping[str, str] = NO_PROFILES) -> dict[str, Any]:
    """A change of state, as it arrives; ``profiles`` of its run (``Run.profiles``)."""
    profile = profiles.get(entry.ref.bucket) if entry.ref is not None else None
    return {
        **(where(scheme, entry.ref) if entry.ref else {"scheme": scheme}), "at": instant(entry.at),
        "from": entry.from_state, "state": entry.to_state, "size": entry.size,
        "storage_class": entry.storage_class or None, "tier": entry.tier, "expiry": end_of(entry.expiry),
        "run": entry.run_id, "reason": entry.text or None, "code": entry.code or None,
        "request_id": entry.request_id or None, "profile": profile or None,
    }  # fmt: skip


def missing_fields(scheme: str, ref: ObjectRef, error: CloudError, *, doubted: bool, asked: bool) -> dict[str, Any]:
    """An object that cannot be seen: not there, or ``doubted``; ``asked``: its request goes out all the same."""
    return {
        **where(scheme, ref), "state": State.UNKNOWN, "reason": str(error), "hint": error.hint or None,
        "code": error.code or None, "http_status": error.status or None, "request_id": error.request_id or None,
        "doubted": doubted, "asked": asked,
    }  # fmt: skip


def bucket_fields(scheme: str, bucket: Bucket) -> dict[str, Any]:
    """A bucket of the account."""
    return {
        "scheme": scheme, "bucket": bucket.name, "location": str(Location(scheme, bucket.name)),
        "region": bucket.region or None, "created_at": bucket.created,
    }  # fmt: skip
